//! `prove`: programs built, run side by side, and whether one is faster.

mod upgrade_question;

mod known_difference;

mod pairing;

mod made;

mod programs;

mod proof;

mod running;

mod same_program;

mod serving;

mod measured_pairs;

mod variant;

mod wish;

use std::path::Path;
use std::time::{Duration, Instant};

use super::present::{self, present};
use super::{Output, Session};
use crate::build::{Event, publish};
use crate::cli;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::number::{counted_of, grouped};
use crate::process::counted;
use crate::prove::decide::Rules;
use crate::prove::run::Metric;
use crate::render::{self, Format, Shows};
use crate::report::proof_report as report;
use crate::report::proof_report::{Machine, Report};
use crate::view;
use made::{Made, made};
use measured_pairs::{Measured, measure};
use programs::Program;
use running::Runner;
use same_program::Known;
pub use upgrade_question::{Contender, Question};
use wish::Wish;

/// Builds, runs, judges and reports.
pub fn run(args: &cli::Prove, session: &mut Session<'_>) -> Result<Output> {
    let start = Instant::now();
    present::check(Shows::COMPARISON, &args.output)?;
    for path in args.how.raw.iter().chain(&args.output.report) {
        publish::try_directory(&session.cwd.join(path))?;
    }
    let sources = args.settings.sources(&args.typed.cwd, session.text_env())?;
    let loaded = config::load(&sources)?;
    let wish = Wish::of(args, &loaded)?;
    let mut made = made(args, &wish, session)?;
    if args.how.accept && !made.is_profile {
        return Err(proof::not_a_profile());
    }
    if let (true, Some(lock)) = (args.how.accept, &made.lock) {
        proof::check(lock, &made.programs[1], session)?;
    }
    let mut report = blank(args, &wish, &made);
    let signal = compared(args, &wish, &mut made, &mut report, session)?;
    if signal.is_some() {
        // What was found is said before we end, so nobody may end us over it.
        session.interrupt = session.interrupt.beside();
    }
    report.total_ms = millis(start.elapsed());
    let mut output = finish(&report, args, session)?;
    output.signal = signal;
    match &made.lock {
        Some(lock) if args.how.accept && signal.is_none() => {
            accept(&report, lock, &made.programs[1], session)?;
        }
        _ => {}
    }
    Ok(output)
}

/// Writes the proof into the lock.
fn accept(report: &Report, lock: &Path, with: &Program, session: &mut Session<'_>) -> Result<()> {
    let written = proof::accept(report, lock, with, session);
    if written.is_err() {
        // What was measured is not lost over it.
        for it in &report.comparisons {
            (session.show)(Event::Talk(&it.sentence));
        }
    }
    (session.show)(Event::Talk(&written?));
    Ok(())
}

/// A report of programs that have not run yet.
fn blank(args: &cli::Prove, wish: &Wish, made: &Made) -> Report {
    let rules = Rules::new(wish.pairs, wish.threshold, made.programs.len() - 1);
    let mut report = Report::new(machine(wish), wish.seed, &rules);
    describe(&mut report, args, wish, made);
    report.notes.clone_from(&made.notes);
    report.trained = same_program::trained(&made.programs, &wish.workload);
    report
}

/// Runs the programs where anything can differ between them, and judges. The signal that ended it, where one did.
fn compared(
    args: &cli::Prove,
    wish: &Wish,
    made: &mut Made,
    report: &mut Report,
    session: &mut Session<'_>,
) -> Result<Option<i32>> {
    if let Some(outcome) = same(made, args.what.anyway, report) {
        let programs = report.programs.clone();
        let metric = wish.metric.clone().unwrap_or(Metric::Cpu);
        let others = programs[1..].iter();
        report.comparisons = others
            .map(|it| report::same(it, &programs[0], &metric, outcome))
            .collect();
        report.verdict = report::verdict(&report.comparisons, wish.require);
        return Ok(None);
    }
    let measured = measured(args, wish, made, session)?;
    judge(report, wish, made, &measured);
    Ok(measured.signal)
}

/// What runs, and where.
fn describe(report: &mut Report, args: &cli::Prove, wish: &Wish, made: &Made) {
    let shown = |words: &[String]| {
        // `{bin}` needs no quotes in a shell.
        shell_words::join(words).replace("'{bin}'", wish::BIN)
    };
    report.workload = match &args.what.bench {
        Some(pattern) => format!("benchmarks {pattern}, {} each", args.what.benchtime),
        None => shown(&wish.workload),
    };
    report.serve = wish.serve.as_ref().map(|(words, _)| shown(words));
    report.layouts = made
        .programs
        .iter()
        .map(|it| it.files.len())
        .max()
        .unwrap_or(1);
    report.require = wish.require.map(|it| it.to_string());
    report.programs = made.programs.iter().map(unmeasured).collect();
    let known = known_difference::facts(&made.programs);
    for (program, known) in report.programs.iter_mut().zip(known) {
        program.facts = known;
    }
}

/// A program that has not run yet.
fn unmeasured(program: &Program) -> report::Program {
    report::Program {
        name: program.name.clone(),
        size: program.size,
        sha256: program.sha256.clone(),
        go_version: program.go_version.clone(),
        profile: program.profile.clone(),
        build_ms: program.built.map(millis),
        facts: None,
        allocated: Vec::new(),
        runs: Vec::new(),
    }
}

/// What is known so that nothing is to be measured; the words for it stand in the report.
fn same(made: &Made, anyway: bool, report: &mut Report) -> Option<report::Outcome> {
    let (known, words) = match same_program::known(&made.programs, made.is_profile) {
        Known::Equal(None) if anyway => {
            let words = "the programs are the same but for build IDs: what differs is the machine";
            (None, Some(words.to_owned()))
        }
        Known::Equal(words) => (Some(report::Outcome::Same), words),
        Known::HotEqual(words) => (Some(report::Outcome::HotSame), Some(words)),
        Known::Differs(words) => (None, words),
    };
    report.notes.extend(words);
    known.filter(|_| !anyway)
}

fn measured(
    args: &cli::Prove,
    wish: &Wish,
    made: &mut Made,
    session: &mut Session<'_>,
) -> Result<Measured> {
    let own = session.program.clone().ok_or_else(|| {
        let message =
            "the file of this program is gone: it measures by a second process of its own";
        Error::new(Kind::Machine, message)
    })?;
    let mut wish = wish.clone();
    let bench = args.what.bench.as_deref();
    if let Some(pattern) = bench {
        wish.workload = benchmarks(pattern, &args.what.benchtime);
    }
    let interrupt = session.interrupt.clone();
    let runner = Runner {
        wish: &wish,
        own,
        scratch: made.place.stage.path().to_path_buf(),
        interrupt: &interrupt,
    };
    let (programs, metric) = (&made.programs, wish.metric.as_ref());
    measure(&runner, programs, metric, bench.is_some(), session)
}

/// What runs the benchmarks of a test binary.
fn benchmarks(pattern: &str, time: &str) -> wish::Words {
    let words = [
        wish::BIN,
        "-test.run=^$",
        "-test.benchmem",
        "-test.count=1",
        &format!("-test.bench={pattern}"),
        &format!("-test.benchtime={time}"),
    ];
    words.map(str::to_owned).to_vec()
}

fn judge(report: &mut Report, wish: &Wish, made: &Made, measured: &Measured) {
    report::add_runs(&mut report.programs, &measured.runs);
    let counts = || measured.runs.iter().flatten();
    let lacks = counts()
        .filter(|run| run.taken.instructions.is_none())
        .count();
    report.notes.extend(match counted::refusal() {
        Some(why) => Some(format!("instructions are not counted: {why}")),
        None if lacks > 0 => Some(format!(
            "instructions are not compared: {} of {} were not counted all the time, since others use the counter too",
            grouped(lacks as u64),
            counted_of(counts().count(), "run")
        )),
        None => None,
    });
    report.level = measured.rules.level(measured.rules.most());
    report.interrupted = measured.signal.is_some();
    report.comparisons = report::comparisons(&report::Inputs {
        programs: report.programs.clone(),
        runs: &measured.runs,
        metrics: &measured.metrics,
        found: &measured.found,
        is_profile: made.is_profile,
        seed: wish.seed,
    });
    report.verdict = report::verdict(&report.comparisons, wish.require);
}

/// Writes the raw runs, and shows the report.
fn finish(report: &Report, args: &cli::Prove, session: &Session<'_>) -> Result<Output> {
    if let Some(path) = &args.how.raw {
        publish::text(
            &report::raw(report),
            &session.cwd.join(path),
            &session.interrupt,
        )?;
    }
    let render = |format, _, style| match format {
        Format::Json => render::json(report),
        _ => render::blocks(&view::speed::proved(report), format, style),
    };
    present(render, &args.output, usize::MAX, &report.verdict, session)
}

fn machine(wish: &Wish) -> Machine {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = cpuinfo.lines();
    let model = lines.find_map(|it| it.strip_prefix("model name")?.split_once(':'));
    Machine {
        platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        processor: model.map(|it| it.1.trim().to_owned()),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        pinned: wish.cpus.clone(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
