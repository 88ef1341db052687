//! Outcomes of the gates that a user asked for, and how the gates of two revisions differ. `report/judge/` judges
//! them.
//!
//! A gate is whatever fails a run: the escape gate, a budget, a denied check, an assertion. A gate that looked at
//! nothing must not look like one that found nothing, so an [`Outcome`] is pass, fail or not judged, and [`unjudged`]
//! turns what was not judged into one sentence for each cause.

mod accepted;

mod changes;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Severity;
use crate::lock::FILE;

pub(crate) use changes::{Side, loosened, noted};

/// What became of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was looked at and holds.
    Pass,
    /// It was looked at and does not hold.
    Fail,
    /// It was not looked at.
    NotJudged(Cause),
}

impl Outcome {
    /// Of a gate that was looked at.
    pub(crate) fn judged(holds: bool) -> Self {
        if holds { Self::Pass } else { Self::Fail }
    }
}

/// A gate and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// What was asked for: `[escape] gate`, `[budget] size`, `[checks] lock-cgo`, `[[assert]] no-escape of p.F`.
    pub(crate) gate: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

impl Judgement {
    /// Why it was not judged.
    pub(crate) fn cause(&self) -> Option<&Cause> {
        match &self.outcome {
            Outcome::NotJudged(cause) => Some(cause),
            Outcome::Pass | Outcome::Fail => None,
        }
    }
}

/// Why a gate was not judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// There is no lock.
    NoLock,
    /// The lock does not know the platform, or the executable on it.
    NoEntry {
        /// `example.com/app on linux/amd64`
        what: String,
    },
    /// The lock is of another Go version.
    OtherGo {
        /// The lock's.
        lock: String,
        /// Of this run.
        this: String,
    },
    /// The lock is for another `[escape] scope`.
    OtherScope {
        /// The lock's.
        lock: String,
        /// Of this run.
        this: String,
    },
    /// The lock has nothing to hold it against, such as `modules`.
    LockLacks(&'static str),
    /// `[escape] collect` is off, and the layer that says so.
    NotCollected(String),
    /// Something else: a reason, and what to do.
    Other(String, &'static str),
}

impl Cause {
    /// Whether a lock that is written anew takes it away.
    pub(crate) fn is_lock(&self) -> bool {
        matches!(
            self,
            Self::NoLock
                | Self::NoEntry { .. }
                | Self::OtherGo { .. }
                | Self::OtherScope { .. }
                | Self::LockLacks(_)
        )
    }

    /// A gate on hot functions, and no profile.
    pub(crate) fn nothing_is_hot() -> Self {
        let why =
            "`[escape] gate = \"hot\"` and no profile is applied: no function is known to be hot";
        let hint = "name a profile in `[pgo] profile`, or write gate = \"new\"";
        Self::Other(why.into(), hint)
    }

    /// What to do.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NotCollected(_) => {
                "set `[escape] collect = \"auto\"`, or take back what needs the escapes"
            }
            Self::Other(_, hint) => hint,
            _ => "run `gobuild-opt accept`, and commit the file",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLock => write!(f, "there is no {FILE}"),
            Self::NoEntry { what } => write!(f, "{FILE} has no entry for {what}"),
            Self::OtherGo { lock, this } => write!(
                f,
                "{FILE} is from {lock} and this is {this}, whose sizes and escapes differ by themselves"
            ),
            Self::OtherScope { lock, this } => write!(
                f,
                "{FILE} is for the escape scope `{lock}` and this is `{this}`"
            ),
            Self::LockLacks(what) => write!(f, "{FILE} has no {what}"),
            Self::NotCollected(layer) => write!(f, "`[escape] collect` is off ({layer})"),
            Self::Other(why, _) => f.write_str(why),
        }
    }
}

/// What a change does to its gates, against the revision that it started from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Change {
    /// `origin/main (1a2b3c4d5e6f)`
    pub(crate) since: String,
    /// Whether the gates are those of that revision.
    pub(crate) judged_by: bool,
    /// A sentence for each gate that is loosened.
    pub(crate) loosened: Vec<String>,
    /// What else judges otherwise, and may be stricter or looser: a sentence for each.
    #[serde(default)]
    pub(crate) noted: Vec<String>,
    /// Why that is not known; `null` where it is.
    pub(crate) unknown: Option<String>,
    /// What the check `loosened` did there.
    #[serde(skip)]
    pub(crate) severity: Option<Severity>,
}

/// A gate of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Gate {
    /// What was asked for: `[escape] gate`, `[budget] size`, `[checks] lock-cgo`, `[[assert]] no-escape of p.F`.
    pub(crate) gate: String,
    /// Whose: `api linux/amd64`.
    pub(crate) target: String,
    /// What became of it.
    pub(crate) outcome: Word,
    /// Why it was not judged; `null` where it was.
    pub(crate) reason: Option<String>,
}

/// What became of a gate, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// It was looked at and holds.
    Pass,
    /// It was looked at and does not hold.
    Fail,
    /// It was not looked at.
    NotJudged,
}

impl Gate {
    /// The gate as it is reported.
    pub(crate) fn new(judgement: &Judgement, target: &str) -> Self {
        let outcome = match judgement.outcome {
            Outcome::Pass => Word::Pass,
            Outcome::Fail => Word::Fail,
            Outcome::NotJudged(_) => Word::NotJudged,
        };
        Self {
            gate: judgement.gate.clone(),
            target: target.to_owned(),
            outcome,
            reason: judgement.cause().map(ToString::to_string),
        }
    }
}

/// Gates that a sentence names.
const NAMED: usize = 6;

/// Names in a row, the first ones at most.
pub(crate) fn names<'a>(gates: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for gate in gates {
        if !all.contains(&gate) {
            all.push(gate);
        }
    }
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let mut text = all
        .iter()
        .map(|text| format!("`{text}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// What was not judged, as one sentence for each cause: `not judged, because CAUSE: GATES`.
pub(crate) fn unjudged<'a>(
    judgements: impl Iterator<Item = &'a Judgement> + Clone,
) -> Vec<(Cause, String)> {
    let mut causes: Vec<&Cause> = Vec::new();
    for cause in judgements.clone().filter_map(Judgement::cause) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let sentence = |cause: &Cause| {
        let mine = judgements
            .clone()
            .filter(|judgement| judgement.cause() == Some(cause));
        let gates = names(mine.map(|judgement| judgement.gate.as_str()));
        (
            cause.clone(),
            format!("not judged, because {cause}: {gates}"),
        )
    };
    causes.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cause_is_one_sentence() {
        let not = |gate: &str, cause: Cause| Judgement {
            gate: gate.into(),
            outcome: Outcome::NotJudged(cause),
        };
        let all = [
            not("[escape] gate", Cause::NoLock),
            not("[budget] size", Cause::NoLock),
            not("[escape] gate", Cause::NoLock),
            not(
                "[[assert]] no-escape of p.F",
                Cause::NotCollected("flags".into()),
            ),
            Judgement {
                gate: "[budget] frame".into(),
                outcome: Outcome::judged(true),
            },
        ];
        let told: Vec<String> = unjudged(all.iter())
            .into_iter()
            .map(|entry| entry.1)
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        not judged, because there is no gobuild-opt.lock: `[escape] gate`, `[budget] size`
        not judged, because `[escape] collect` is off (flags): `[[assert]] no-escape of p.F`
        ");
    }

    #[test]
    fn many_gates_are_counted() {
        let all: Vec<String> = (0..9).map(|it| format!("g{it}")).collect();
        let text = names(all.iter().map(String::as_str));
        assert_eq!(text, "`g0`, `g1`, `g2`, `g3`, `g4`, `g5` and 3 more");
    }
}
