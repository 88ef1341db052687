//! Decides whether a run passes, and keeps with each sentence what it stands on. A failed budget is a result, not an error.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gate::Judged;
use super::{Assertion, Budget, Target, assertions, frames, gate};
use crate::check::{self, Finding, Status};
use crate::config::size::human;
use crate::gate::Change;
use crate::lock::FILE;
use crate::number::grouped;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Verdict {
    /// Exit code 0 or 1.
    pub(crate) pass: bool,
    /// A sentence for each budget and denied check that failed.
    #[schemars(with = "Vec<String>")]
    pub(crate) failures: Vec<Reason>,
    /// A sentence for each cause by which gates were not judged, where that does not fail.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) not_judged: Vec<Reason>,
    /// A sentence for each gate that the change loosens, where that does not fail.
    #[serde(default)]
    pub(crate) loosened: Vec<String>,
}

impl Verdict {
    /// Fails where there is a failure.
    pub(crate) fn of(failures: Vec<Reason>) -> Self {
        Self {
            pass: failures.is_empty(),
            failures,
            not_judged: Vec::new(),
            loosened: Vec::new(),
        }
    }

    /// Fails the run.
    pub(crate) fn fail(&mut self, reason: impl Into<Reason>) {
        self.pass = false;
        self.failures.push(reason.into());
    }

    /// Says that a gate was not judged.
    pub(crate) fn leave_open(&mut self, reason: impl Into<Reason>) {
        self.not_judged.push(reason.into());
    }

    /// The sentences of what fails the run.
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.failures.iter().map(Reason::to_string).collect()
    }
}

/// A sentence of the verdict. In JSON it is the sentence alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Reason {
    /// What the sentence is about.
    pub(crate) ground: Ground,
    sentence: String,
}

/// What a sentence of the verdict is about: the report shows some of these in a place of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ground {
    /// A site that is new.
    Site,
    /// An assertion.
    Assertion,
    /// A check of an executable.
    Check {
        /// The ID of the check.
        id: String,
        /// The executable: `api linux/amd64`.
        of: String,
    },
    /// Gates that were not judged, which a check says, too.
    SaidByCheck,
    /// Something else, or a report that was read from a file.
    Other,
}

impl Ground {
    /// A sentence that stands on this.
    pub(crate) fn says(self, sentence: String) -> Reason {
        Reason {
            ground: self,
            sentence,
        }
    }
}

impl From<String> for Reason {
    fn from(sentence: String) -> Self {
        Ground::Other.says(sentence)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.sentence
    }
}

impl AsRef<str> for Reason {
    fn as_ref(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// `api linux/amd64`
pub(crate) fn label(target: &Target) -> String {
    format!("{} {}/{}", target.name, target.goos, target.goarch)
}

impl Target {
    /// Whether a check, an assertion, a new site or a stack frame of it fails the run.
    pub(crate) fn fails(&self) -> bool {
        let mut checks = self.checks.iter();
        let mut escapes = self.escapes.iter();
        checks.any(|finding| finding.status == Status::Fail)
            || self.assertions.iter().any(Assertion::failed)
            || self.frames.iter().any(|frame| frame.over.is_some())
            || escapes.any(|all| all.new.iter().any(|site| all.fails(site)))
    }
}

pub(crate) fn verdict(targets: &[Target], judged: &Judged, change: Option<&Change>) -> Verdict {
    let over = judged
        .budgets
        .iter()
        .filter(|budget| budget.status == Status::Fail && !budget.item.starts_with("frame"))
        .map(|budget| over(budget).into());
    let denied = targets.iter().flat_map(|target| {
        let failed = target
            .checks
            .iter()
            .filter(|finding| finding.status == Status::Fail);
        failed.map(|finding| denied(finding, &label(target)))
    });
    let escapes = targets.iter().filter_map(|target| target.escapes.as_ref());
    let frames = targets.iter().flat_map(frames::failures);
    let asserted = assertions::failures(targets.iter().flat_map(|target| &target.assertions));
    let failures: Vec<Reason> = over
        .chain(frames)
        .chain(denied)
        .chain(asserted)
        .chain(gate::failures(escapes))
        .chain(judged.failures.iter().cloned())
        .collect();
    Verdict {
        not_judged: judged.not_judged.clone(),
        loosened: loosened(targets, change),
        ..Verdict::of(failures)
    }
}

/// What the change loosens, where a check says so and nobody denies it.
fn loosened(targets: &[Target], change: Option<&Change>) -> Vec<String> {
    let warned =
        |finding: &Finding| finding.id == check::LOOSENED && finding.status == Status::Warn;
    let said = targets.iter().flat_map(|target| &target.checks).any(warned);
    match change {
        Some(it) if said => it.loosened.clone(),
        _ => Vec::new(),
    }
}

/// A check that is denied, of the executable that has this label.
pub(crate) fn denied(finding: &Finding, label: &str) -> Reason {
    let ground = Ground::Check {
        id: finding.id.clone(),
        of: label.to_owned(),
    };
    ground.says(format!("{} ({label}): {}", finding.id, finding.message))
}

fn over(budget: &Budget) -> String {
    let item = &budget.item;
    let actual = budget.actual.unwrap_or_default();
    let note = budget.note.iter().map(|text| format!(" ({text})"));
    let note: String = note.collect();
    if item.starts_with("size-growth") {
        let limit = budget.limit;
        return format!("{item}: {actual:.2} % is over the budget of {limit} %{note}");
    }
    let (actual, limit) = (actual as u64, budget.limit as u64);
    if limit == 0 && !note.is_empty() {
        let size = human(actual);
        return format!(
            "{item}: {size} ({} B) that {FILE} does not hold{note}",
            grouped(actual)
        );
    }
    format!(
        "{item}: {} ({} B) is over the budget of {} by {} B{note}",
        human(actual),
        grouped(actual),
        human(limit),
        grouped(actual - limit)
    )
}
