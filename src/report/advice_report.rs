//! Makes the report of `advise` from charged profiles and the sites of a build: what costs on which line, and what to
//! try.

mod for_tests;

pub mod gather;

pub mod locate;

mod values;

use serde::{Deserialize, Serialize};

use super::{SCHEMA_VERSION, Tool, Verdict};
use crate::advise::rule::Measure;
use crate::advise::{Class, Interval};
use crate::config::AdviseGate;
use crate::lock::{FILE, Lock};
use crate::number::counted_of;

/// The report of `advise`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// Advice fails no run.
    pub(crate) verdict: Verdict,
    /// One entry per platform.
    pub(crate) targets: Vec<Target>,
}

impl Report {
    /// The report of all platforms.
    pub(crate) fn of(targets: Vec<Target>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: Verdict::of(Vec::new()),
            targets,
        }
    }
}

impl Report {
    /// Says which findings a lock does not hold, and fails where the gate is closed to them.
    pub(crate) fn hold_against(&mut self, lock: Option<&Lock>, gate: AdviseGate) {
        let mut new = 0;
        for target in &mut self.targets {
            let entry = lock.and_then(|lock| lock.targets.get(&target.key));
            let held = entry.filter(|target| !target.advice.is_empty() || gate == AdviseGate::New);
            let Some(held) = held else {
                if gate == AdviseGate::New {
                    let key = &target.key;
                    self.verdict.leave_open(format!(
                        "advise gate: {FILE} holds nothing of {key}: run `gobuild-opt accept`, then `gobuild-opt advise --accept`"
                    ));
                }
                continue;
            };
            for it in &mut target.findings {
                let is_new = !held.advice.contains_key(&it.id);
                it.new = Some(is_new);
                new += usize::from(is_new);
            }
        }
        if new > 0 && gate == AdviseGate::New {
            let count = counted_of(new, "new finding");
            self.verdict.fail(format!(
                "{count} of advise: follow the advice, or accept with `gobuild-opt advise --accept`"
            ));
        }
    }
}

/// What is advised for a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Target {
    /// What gobuild-opt.lock calls it.
    pub(crate) key: String,
    /// The Go that compiles.
    pub(crate) go_version: String,
    /// Whether there is a profile: without one nothing is known to cost anything.
    pub(crate) weighted: bool,
    /// The profiles, in the order in which they were given.
    pub(crate) profiles: Vec<Used>,
    /// What a CPU profile spends in the runtime, by class, heaviest first.
    pub(crate) classes: Vec<ClassShare>,
    /// Percent of the CPU profile that is spent in the runtime for lines of the scope; `null` without one.
    pub(crate) own: Option<f64>,
    /// Percent of the CPU profile that is spent on lines of the scope and in what they call; `null` without one.
    pub(crate) below: Option<f64>,
    /// What to try, by what is certain, most first.
    pub(crate) findings: Vec<Finding>,
    /// What costs on which line, by what is certain, most first; with or without advice.
    pub(crate) costs: Vec<LineCost>,
    /// Lines with a cost that has too few samples to say anything.
    pub(crate) hidden: u64,
    /// Findings that a comment or the configuration takes out.
    pub(crate) ignored: u64,
    /// Places that allocate by what the compiler says, for a program without a profile.
    pub(crate) sites: u64,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
}

/// A profile that was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Used {
    /// The file.
    pub(crate) file: String,
    /// What it measures.
    pub(crate) measure: Measure,
    /// Its samples.
    pub(crate) samples: u64,
    /// Sum of its weights: nanoseconds, bytes, goroutines.
    pub(crate) total: i64,
    /// When it was collected, RFC 3339; `null` where it does not tell.
    pub(crate) collected: Option<String>,
}

/// What a class costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ClassShare {
    /// The class.
    pub(crate) class: Class,
    /// Of the whole profile.
    pub(crate) share: Interval,
    /// Percent of the profile that has a line in the scope.
    pub(crate) own: f64,
}

/// A line of today's source, or of the profile's where it is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Place {
    /// The import path.
    pub(crate) package: String,
    /// The declaration, `T.Get` or `Get`.
    pub(crate) function: String,
    /// The file, relative to the working directory where it lies below.
    pub(crate) file: String,
    /// Counted from 1; 0 where it is unknown.
    pub(crate) line: u32,
    /// The line of source; empty where the function is gone.
    pub(crate) source: String,
}

/// Something to try.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finding {
    /// Its name in the lock, the same after edits elsewhere.
    #[serde(default)]
    pub(crate) id: String,
    /// Whether the lock does not hold it; `null` where that holds no finding of the platform.
    #[serde(default)]
    pub(crate) new: Option<bool>,
    /// The rule: `gobuild-opt explain ID` is its manual.
    pub(crate) rule: String,
    /// The lesson that it serves.
    pub(crate) lesson: u8,
    /// What the share is of.
    pub(crate) measure: Measure,
    /// How much.
    pub(crate) share: Interval,
    /// Nanoseconds, bytes, goroutines.
    pub(crate) amount: i64,
    /// Where.
    pub(crate) place: Place,
    /// What was seen.
    pub(crate) seen: String,
    /// What to try.
    pub(crate) attempt: String,
    /// When not to.
    pub(crate) unless: String,
    /// How to see whether it helped.
    pub(crate) verify: String,
    /// The change, where the rule can write it; `advise --try N` measures it.
    #[serde(default)]
    pub(crate) patch: Option<Patch>,
    /// It says something only where more lines of the function do the same.
    #[serde(skip)]
    pub(crate) needs_others: bool,
}

/// A change of the sources that follows a piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Patch {
    /// A unified diff, its paths as those of the finding.
    pub(crate) diff: String,
    /// What is no longer the same with it; empty: nothing.
    pub(crate) caution: String,
}

/// What a line costs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LineCost {
    /// What the share is of.
    pub(crate) measure: Measure,
    /// For what; `null` where the profile does not tell.
    pub(crate) class: Option<Class>,
    /// How much.
    pub(crate) share: Interval,
    /// Nanoseconds, bytes.
    pub(crate) amount: i64,
    /// Where.
    pub(crate) place: Place,
    /// What the line calls that calls the runtime; empty where it does itself.
    pub(crate) via: String,
    /// The rule that has advice for it.
    pub(crate) rule: Option<String>,
}

impl Finding {
    /// What stands for it in code scanning, the same after edits elsewhere.
    pub(crate) fn fingerprint(&self) -> String {
        let place = &self.place;
        format!(
            "{}/{}.{}/{}",
            self.rule, place.package, place.function, place.source
        )
    }

    /// In one sentence.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} ({:.2} % ±{:.2} of {}, {}). Try: {}. Not when: {}.",
            self.seen,
            self.share.percent,
            self.share.margin,
            self.measure.words(),
            crate::number::counted(self.share.samples, "sample"),
            self.attempt,
            self.unless
        )
    }
}
