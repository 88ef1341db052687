//! Runs programs in rounds, each once, until every question about their pairs has its answer.

use super::programs::Program;
use super::running::Runner;
use crate::build::Event;
use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::number::counted_of;
use crate::process::counted;
use crate::prove::decide::{Answer, Found, Rules, decide};
use crate::prove::run::{Metric, Run};
use crate::prove::run_order::order;

/// What was measured.
pub struct Measured {
    /// How it was judged.
    pub rules: Rules,
    /// What was judged.
    pub metrics: Vec<Metric>,
    /// The runs of each program, in rounds. A program that was decided has no more of them.
    pub runs: Vec<Vec<Run>>,
    /// What was found, of each program but the first, of each metric.
    pub found: Vec<Vec<Found>>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// Runs the programs in rounds, each once, until every question has its answer.
///
/// Fails where a run fails: nothing is judged by runs that fail.
pub fn measure(
    runner: &Runner<'_>,
    programs: &[Program],
    metric: Option<&Metric>,
    bench: bool,
    session: &mut Session<'_>,
) -> Result<Measured> {
    let wish = runner.wish;
    let rounds = wish.warm_up.max(u32::from(metric.is_none() && bench));
    let first = warmed_up(runner, programs, rounds)?;
    let metrics = metrics(metric, bench, &first)?;
    let questions = metrics.len() * (programs.len() - 1);
    let mut rules = Rules::new(wish.pairs, wish.threshold, questions);
    let layouts = programs.iter().map(|program| program.files.len());
    rules.layouts = layouts.max().unwrap_or(1);
    rules.demand = wish.demand();
    let mut measured = Measured {
        metrics,
        runs: vec![Vec::new(); programs.len()],
        found: Vec::new(),
        signal: None,
        rules,
    };
    for look in measured.rules.looks.clone() {
        measured.run_until(look, runner, programs)?;
        measured.judge(programs, measured.signal.is_some())?;
        if measured.signal.is_some() || measured.open().len() < 2 {
            break;
        }
        let pairs = counted_of(look, "pair");
        (session.show)(Event::Talk(&format!("{pairs}: nothing certain yet")));
    }
    Ok(measured)
}

/// Runs every file of every program in so many rounds. Returns the runs of the last round.
fn warmed_up<'a>(
    runner: &Runner<'_>,
    programs: &'a [Program],
    rounds: u32,
) -> Result<Vec<(&'a Program, Run)>> {
    let mut last = Vec::new();
    for _ in 0..rounds {
        last.clear();
        for program in programs {
            for file in &program.files {
                last.push((program, runner.run(program.subject(file))?));
            }
        }
    }
    Ok(last)
}

/// One run of each program that is still open. Two rounds, one the other from behind, have the same layout.
fn round(
    runner: &Runner<'_>,
    programs: &[Program],
    open: &[usize],
    runs: &[Vec<Run>],
) -> Result<Vec<(usize, Run)>> {
    let number = runs[0].len();
    let mut done = Vec::new();
    for place in order(number, open.len(), runner.wish.seed) {
        let at = open[place];
        let program = &programs[at];
        let file = &program.files[number / 2 % program.files.len()];
        let run = runner.run(program.subject(file)).map_err(|error| {
            let before = runs[0].len() + usize::from(runner.wish.warm_up > 0);
            said_of(error, before)
        })?;
        done.push((at, run));
    }
    Ok(done)
}

/// Adds to an error how many rounds went well before: that shows that the workload is not as steady as it has to be.
fn said_of(mut error: Error, before: usize) -> Error {
    if error.kind == Kind::Usage && before > 0 {
        let rounds = counted_of(before, "round");
        error.message = format!("{}, after {rounds} that went well", error.message);
    }
    error
}

/// What is judged: what was named, of benchmarks the time of each, otherwise CPU time.
fn metrics(named: Option<&Metric>, bench: bool, first: &[(&Program, Run)]) -> Result<Vec<Metric>> {
    let all = match named {
        Some(metric) => vec![metric.clone()],
        None if !bench => vec![Metric::Cpu],
        None => {
            let names = first.iter().flat_map(|(_, run)| run.own.keys());
            let times = names.filter(|it| it.ends_with(":ns/op"));
            let mut all: Vec<Metric> = times.map(|it| Metric::Own(it.clone())).collect();
            all.sort();
            all.dedup();
            all
        }
    };
    if all.is_empty() {
        return Err(Error::new(Kind::Usage, "no benchmark matches")
            .hint("`go test -list Benchmark ./...` lists them"));
    }
    let refusal = counted::refusal();
    for metric in &all {
        let mut without = first.iter().filter(|(_, run)| run.cost(metric).is_none());
        if let Some((program, run)) = without.next() {
            return Err(lacking(metric, program, run, refusal));
        }
    }
    Ok(all)
}

/// `refusal`: why instructions are not counted.
fn lacking(metric: &Metric, program: &Program, run: &Run, refusal: Option<String>) -> Error {
    let (name, program) = (metric.name(), &program.name);
    let others = "judge cpu, wall, peak or faults, or what the workload prints";
    if *metric == Metric::Instructions && run.taken.instructions.is_none() {
        return match refusal {
            Some(why) => {
                let message = format!("instructions cannot be counted: {why}");
                Error::new(Kind::Usage, message).hint(others)
            }
            None => {
                let message = format!(
                    "instructions of a run of `{program}` were not counted all the time: others use the processor's counter too"
                );
                Error::new(Kind::Machine, message)
                    .hint(format!("end what else counts, such as perf; or {others}"))
            }
        };
    }
    let message = format!("a run of `{program}` has no `{name}` above 0");
    let names: Vec<&str> = run.own.keys().map(String::as_str).collect();
    let hint = match names.is_empty() {
        true => "print it as `name value unit`, or judge cpu, wall, peak or faults".to_owned(),
        false => format!("it printed {}", names.join(", ")),
    };
    Error::new(Kind::Usage, message).hint(hint)
}

impl Measured {
    /// The programs that are still run: the first, and those with an open question.
    fn open(&self) -> Vec<usize> {
        let programs = self.runs.len();
        let is_open = |at: &usize| {
            let found = self.found.get(at - 1);
            found.is_none_or(|all| all.iter().any(|it| it.answer == Answer::Open))
        };
        [0].into_iter()
            .chain((1..programs).filter(is_open))
            .collect()
    }

    /// Adds rounds until there are `look`. A signal ends it, where there is something to judge; before that it is an error.
    fn run_until(&mut self, look: usize, runner: &Runner<'_>, programs: &[Program]) -> Result<()> {
        let open = self.open();
        while self.runs[0].len() < look {
            match round(runner, programs, &open, &self.runs) {
                Ok(runs) => {
                    for (program, run) in runs {
                        self.runs[program].push(run);
                    }
                }
                Err(error) => match (error.kind, self.runs[0].len()) {
                    (Kind::Signal(signal), 1..) => {
                        self.signal = Some(signal);
                        return Ok(());
                    }
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// The cost of each run of a program.
    pub fn costs(&self, program: usize, metric: &Metric) -> Option<Vec<f64>> {
        let runs = self.runs[program].iter();
        runs.map(|it| it.cost(metric)).collect()
    }

    fn judge(&mut self, programs: &[Program], last: bool) -> Result<()> {
        let mut found = Vec::new();
        for at in 1..programs.len() {
            let mut of_program = Vec::new();
            for (place, metric) in self.metrics.iter().enumerate() {
                let lacks = |at: usize| {
                    let mut runs = self.runs[at].iter();
                    let run = runs.find(|it| it.cost(metric).is_none());
                    let run = run.cloned().unwrap_or_default();
                    lacking(metric, &programs[at], &run, counted::refusal())
                };
                let base = self.costs(0, metric).ok_or_else(|| lacks(0))?;
                let other = self.costs(at, metric).ok_or_else(|| lacks(at))?;
                let before = self.found.get(at - 1).map(|it| it[place]);
                let decided = before.filter(|it| it.answer != Answer::Open);
                let pairs = other.len().min(base.len());
                of_program.push(match decided {
                    Some(known) => known,
                    None => decide(&base[..pairs], &other[..pairs], &self.rules, last),
                });
            }
            found.push(of_program);
        }
        self.found = found;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::programs::tests::program;
    use super::*;
    use crate::prove::run::Taken;

    fn counted(instructions: Option<u64>) -> Run {
        let taken = Taken {
            instructions,
            user: 1000,
            ..Taken::default()
        };
        Run {
            taken,
            ..Run::default()
        }
    }

    #[test]
    fn instructions_are_judged_where_all_of_them_were_counted() {
        let subject = program("api", 1);
        let judged = |all: &[Option<u64>]| {
            let runs: Vec<(&Program, Run)> = all
                .iter()
                .map(|number| (&subject, counted(*number)))
                .collect();
            metrics(Some(&Metric::Instructions), false, &runs)
        };
        assert_eq!(judged(&[Some(5), Some(6)]).unwrap(), [Metric::Instructions]);
        assert!(judged(&[Some(5), None]).is_err());
        let why = |refusal: Option<&str>| {
            let refusal = refusal.map(str::to_owned);
            lacking(&Metric::Instructions, &subject, &counted(None), refusal).message
        };
        assert!(why(None).contains("of `api` were not counted all the time"));
        assert_eq!(
            why(Some("no counter")),
            "instructions cannot be counted: no counter"
        );
    }

    #[test]
    fn instructions_decide() {
        let runs =
            |number: u64| -> Vec<Run> { (0..8).map(|at| counted(Some(number + at))).collect() };
        let mut measured = Measured {
            rules: Rules::new(8, 0.01, 1),
            metrics: vec![Metric::Instructions],
            runs: vec![runs(1_000_000), runs(900_000)],
            found: Vec::new(),
            signal: None,
        };
        let programs = [program("base", 1), program("api", 1)];
        measured.judge(&programs, true).unwrap();
        assert_eq!(measured.found[0][0].answer, Answer::Less);
        measured.runs[1][3] = counted(None);
        let error = measured.judge(&programs, true).unwrap_err();
        assert!(error.message.starts_with("instructions "));
    }
}
