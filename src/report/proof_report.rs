//! The report of `prove`: the JSON contract, and whether what was required came out.

mod comparison;

mod known_before;

mod raw_runs;

mod sentence;

use serde::Serialize;

use super::{SCHEMA_VERSION, Tool, Verdict};
use crate::config::prove_keys::Require;
use crate::prove::decide::Rules;
use crate::prove::looks;
use crate::prove::run::{Run, is_rate};
pub(crate) use comparison::{Inputs, comparisons, same};
pub(crate) use known_before::{Allocated, Facts, Hot};
pub(crate) use raw_runs::raw;

/// The report of `prove`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// Whether what was required came out.
    pub(crate) verdict: Verdict,
    /// What was run, `{bin}` being the program.
    pub(crate) workload: String,
    /// The server that was measured meanwhile; `null` where there was none.
    pub(crate) serve: Option<String>,
    /// What order and layouts were drawn from.
    pub(crate) seed: u64,
    /// The most pairs that there could be.
    pub(crate) most_pairs: usize,
    /// What difference matters, in percent.
    pub(crate) threshold: f64,
    /// The two-sided level of the last look; those before have lower ones, with which all looks together are wrong about equals in
    /// at most 5 of 100 sessions.
    pub(crate) level: f64,
    /// Layouts that each program was linked with; 1: that of the linker.
    pub(crate) layouts: usize,
    /// What has to come out; `null`: nothing.
    pub(crate) require: Option<String>,
    /// Whether the workload is what a profile of the programs was collected from, at least in part, as `profile collect` noted it.
    pub(crate) trained: bool,
    /// Whether somebody ended it: then this is what the pairs so far say.
    pub(crate) interrupted: bool,
    /// Where it ran.
    pub(crate) machine: Machine,
    /// The first is what the others are held against.
    pub(crate) programs: Vec<Program>,
    /// Of each program but the first, of each metric.
    pub(crate) comparisons: Vec<Comparison>,
    /// What the programs are, beside what they take.
    pub(crate) notes: Vec<String>,
    /// Wall time of the whole run, in milliseconds.
    pub(crate) total_ms: u64,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Machine {
    /// `linux/amd64`
    pub(crate) platform: String,
    /// The processor, as it names itself; `null` where nobody tells.
    pub(crate) processor: Option<String>,
    /// How many there are.
    pub(crate) processors: usize,
    /// On which of them it ran; `null`: on all.
    pub(crate) pinned: Option<String>,
}

/// A program and its runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Program {
    /// What it is called.
    pub(crate) name: String,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Its SHA-256.
    pub(crate) sha256: String,
    /// The Go that built it; `null` where it was there.
    pub(crate) go_version: Option<String>,
    /// SHA-256 of its profile.
    pub(crate) profile: Option<String>,
    /// What building it took, in milliseconds: once, with what was in the cache.
    pub(crate) build_ms: Option<u64>,
    /// What is known of it beside the first without running them; `null` for the first.
    pub(crate) facts: Option<Facts>,
    /// What its benchmarks allocate beside those of the first.
    pub(crate) allocated: Vec<Allocated>,
    /// Its runs, in rounds.
    pub(crate) runs: Vec<RunNumbers>,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunNumbers {
    /// CPU time in user space, in seconds.
    pub(crate) user: f64,
    /// CPU time in the kernel, in seconds.
    pub(crate) system: f64,
    /// Wall time, in seconds.
    pub(crate) wall: f64,
    /// Peak memory of a process, in bytes.
    pub(crate) peak: u64,
    /// Page faults.
    pub(crate) faults: u64,
    /// Instructions in user space; `null` where nobody counted.
    pub(crate) instructions: Option<u64>,
    /// What the workload printed.
    pub(crate) own: Vec<OwnNumber>,
}

/// A number that a workload printed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OwnNumber {
    /// Its name.
    pub(crate) name: String,
    /// The number.
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: String,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The machine code is the same: nothing was measured.
    Same,
    /// Machine code differs, and the profile has seen none of it run: nothing was measured.
    HotSame,
    /// It needs less.
    Faster,
    /// It needs more.
    Slower,
    /// A difference, if any, is smaller than the threshold.
    NoEffect,
    /// Not known.
    CannotTell,
}

/// A program held against the first. Changes are in percent of what the first needs; negative: less. Those of a rate (`req/s`) are
/// changes of the rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Comparison {
    /// The program.
    pub(crate) program: String,
    /// What it is held against.
    pub(crate) base: String,
    /// `cpu`, `wall`, `peak`, `faults`, `instructions`, or a name of the workload.
    pub(crate) metric: String,
    /// What came out.
    pub(crate) outcome: Outcome,
    /// The verdict in a line.
    pub(crate) sentence: String,
    /// Pairs of runs.
    pub(crate) pairs: usize,
    /// The estimate of Hodges and Lehmann.
    pub(crate) change: f64,
    /// The lower end of the interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// By how much worse it is at most, by the one-sided test of a look; `null`: not known.
    pub(crate) at_most: Option<f64>,
    /// How sure the interval is: it belongs to the level of a look.
    pub(crate) confidence: f64,
    /// The two-sided probability of such pairs between equals (Wilcoxon's signed-rank test, exact).
    pub(crate) p: f64,
    /// The interval of 95 % by resampling the pairs.
    pub(crate) resampled: [f64; 2],
    /// How far apart the same program comes out.
    pub(crate) floor: f64,
    /// How far apart layouts of the same code come out; `null` where there is one.
    pub(crate) layout_spread: Option<f64>,
    /// Pairs that would be needed to tell a difference as large as the threshold.
    pub(crate) needed_pairs: usize,
    /// Each pair.
    pub(crate) points: Vec<f64>,
    /// The middle of what the first program needs, and of what this one does.
    pub(crate) middles: [f64; 2],
    /// The unit of these.
    pub(crate) unit: String,
    /// Of how much its file is larger, in percent of the first.
    pub(crate) size_change: f64,
    /// What else changes: not judged.
    pub(crate) others: Vec<Other>,
}

/// What else changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Other {
    /// The metric.
    pub(crate) metric: String,
    /// The estimate, in percent.
    pub(crate) change: f64,
    /// The interval of 95 %, or as near to it as so few pairs allow.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
}

/// The change and its interval so that less is better.
fn cost(it: &Comparison) -> (f64, f64, f64) {
    match is_rate(&it.unit) {
        true => (-it.change, -it.high, -it.low),
        false => (it.change, it.low, it.high),
    }
}

/// Whether what was required came out. `None` where nothing is known, which fails nothing but is said.
fn required(it: &Comparison, require: Require) -> Option<bool> {
    match (require, it.outcome) {
        (Require::Faster(_), Outcome::CannotTell) => None,
        (Require::Faster(_), Outcome::Same | Outcome::HotSame) => Some(false),
        (Require::NotSlower(_), Outcome::Same | Outcome::HotSame) => Some(true),
        (Require::Faster(share), outcome) => {
            Some(outcome == Outcome::Faster && -cost(it).2 >= share.0)
        }
        // What ended the session refuses the share too, see `decide::Demand`.
        (Require::NotSlower(share), Outcome::NoEffect) if share.0 > 0.0 => Some(true),
        (Require::NotSlower(share), outcome) => match it.at_most {
            Some(most) if most < share.0 => Some(true),
            _ if outcome == Outcome::CannotTell => None,
            _ => Some(false),
        },
    }
}

/// The verdict over all comparisons.
pub(crate) fn verdict(comparisons: &[Comparison], require: Option<Require>) -> Verdict {
    let mut verdict = Verdict::of(Vec::new());
    for it in comparisons {
        let Some(wanted) = require else {
            continue;
        };
        let said = format!("{} ({}): {}", it.program, it.metric, it.sentence);
        match required(it, wanted) {
            Some(true) => {}
            Some(false) => verdict.fail(format!("`{wanted}` is required; {said}")),
            // What is required has to be shown.
            None => verdict.fail(format!("`{wanted}` is required and not shown; {said}")),
        }
    }
    verdict
}

/// Adds the runs of each program, and what its benchmarks allocate.
pub(crate) fn add_runs(programs: &mut [Program], runs: &[Vec<Run>]) {
    let Some(first) = runs.first() else { return };
    for (at, (program, own)) in programs.iter_mut().zip(runs).enumerate() {
        program.runs = numbers(own);
        if at > 0 {
            program.allocated = known_before::allocated(first, own);
        }
    }
}

/// The runs of a program, as they stand in the report.
fn numbers(runs: &[Run]) -> Vec<RunNumbers> {
    let seconds = |micros: u64| micros as f64 / 1e6;
    let numbers = |run: &Run| RunNumbers {
        user: seconds(run.taken.user),
        system: seconds(run.taken.system),
        wall: run.taken.wall as f64 / 1e9,
        peak: run.taken.peak,
        faults: run.taken.faults,
        instructions: run.taken.instructions,
        own: run
            .own
            .iter()
            .map(|(name, value)| OwnNumber {
                name: name.clone(),
                value: value.number,
                unit: value.unit.clone(),
            })
            .collect(),
    };
    runs.iter().map(numbers).collect()
}

impl Report {
    /// Of a session without anything in it yet.
    pub(crate) fn new(machine: Machine, seed: u64, rules: &Rules) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: verdict(&[], None),
            workload: String::new(),
            serve: None,
            seed,
            most_pairs: rules.looks.last().copied().unwrap_or(looks::MOST),
            threshold: rules.threshold * 100.0,
            level: rules.level(rules.most()),
            layouts: 1,
            require: None,
            trained: false,
            interrupted: false,
            machine,
            programs: Vec::new(),
            comparisons: Vec::new(),
            notes: Vec::new(),
            total_ms: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sentence::sentence;
    use super::*;
    use crate::config::size::Percent;
    use crate::prove::run::Metric;

    fn comparison(outcome: Outcome, change: f64) -> Comparison {
        let program = Program {
            name: "with".into(),
            size: 1008,
            sha256: String::new(),
            go_version: None,
            profile: None,
            build_ms: None,
            facts: None,
            allocated: Vec::new(),
            runs: Vec::new(),
        };
        let base = Program {
            size: 1000,
            ..program.clone()
        };
        let mut it = Comparison {
            outcome,
            pairs: 12,
            change,
            low: change - 1.0,
            high: change + 1.0,
            at_most: Some(change + 0.8),
            floor: 0.5,
            needed_pairs: 60,
            ..same(&program, &base, &Metric::Cpu, outcome)
        };
        it.sentence = sentence(&it, true);
        it
    }

    #[test]
    fn the_verdict_is_a_sentence() {
        let say = |outcome, change| comparison(outcome, change).sentence;
        insta::assert_snapshot!(say(Outcome::Faster, -3.1), @"faster 3.1 % [2.1, 4.1] in 12 pairs, floor 0.5 % -> keep the profile; +0.8 % size");
        insta::assert_snapshot!(say(Outcome::NoEffect, 0.1), @"no effect (-0.9 to +1.1 %) in 12 pairs -> not worth its build time; +0.8 % size");
        insta::assert_snapshot!(say(Outcome::CannotTell, 0.1), @"cannot tell on this machine: -0.9 to +1.1 % in 12 pairs, floor 0.5 %; about 60 pairs would be needed; +0.8 % size");
        assert_eq!(
            say(Outcome::Same, 0.0),
            "the same machine code: nothing to measure"
        );
    }

    #[test]
    fn less_of_a_rate_is_worse() {
        let mut it = comparison(Outcome::Slower, -50.0);
        it.unit = "req/s".into();
        it.metric = "throughput".into();
        assert!(
            sentence(&it, false).starts_with("worse 50.0 % [49.0, 51.0] in 12 pairs"),
            "{}",
            sentence(&it, false)
        );
    }

    #[test]
    fn what_is_required_has_to_be_shown() {
        let passes =
            |outcome, change, require| verdict(&[comparison(outcome, change)], Some(require)).pass;
        let faster = Require::Faster(Percent(1.0));
        let not_slower = Require::NotSlower(Percent(1.0));
        assert!(passes(Outcome::Faster, -3.0, faster));
        // The interval ends within the share.
        assert!(!passes(Outcome::Faster, -1.5, faster));
        assert!(!passes(Outcome::CannotTell, -3.0, faster));
        assert!(!passes(Outcome::Same, 0.0, faster));
        assert!(passes(Outcome::Same, 0.0, not_slower));
        // One side is asked, not two.
        assert!(passes(Outcome::CannotTell, 0.1, not_slower));
        assert!(!passes(Outcome::CannotTell, 0.3, not_slower));
        assert!(passes(Outcome::NoEffect, -0.2, not_slower));
        assert!(passes(Outcome::Slower, -0.1, not_slower));
        assert!(!passes(Outcome::Slower, 2.0, not_slower));
        assert!(verdict(&[comparison(Outcome::Slower, 9.0)], None).pass);
    }
}
