//! What a build says about itself: facts in, one finding per check out.
//!
//! A check is a file of `check/` and a line of [`ALL`]; its doc comment is its manual.

mod ambient;

mod baseline;

mod escapes;

mod go_version;

mod goflags;

pub mod gomaxprocs;

mod lock;

mod lock_cgo;

mod lock_dead_code;

mod lock_godebug;

mod lock_health;

mod lock_modules;

mod pgo_health;

mod pgo_profile;

mod stamps;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Artifact;
use crate::build::Built;
use crate::config::{AmbientPolicy, Config, Pgo, Severity};
use crate::lock::{FactChange, Item, Standing};
use crate::plan::Facts;

/// Every check, in the order of the report.
pub const ALL: &[Check] = &[
    gomaxprocs::CHECK,
    go_version::CHECK,
    pgo_profile::CHECK,
    pgo_health::CHECK,
    goflags::CHECK,
    ambient::CHECK,
    baseline::CHECK,
    escapes::CHECK,
    stamps::CHECK,
    lock::CHECK,
    lock_modules::CHECK,
    lock_cgo::CHECK,
    lock_dead_code::CHECK,
    lock_godebug::CHECK,
    lock_health::CHECK,
];

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its key in `[checks]`.
    pub id: &'static str,
    /// What it sees, in one line.
    pub summary: &'static str,
    /// What it sees, why it matters, what to do, and the source.
    pub manual: &'static str,
    /// Looks. `None`: it has nothing to look at.
    pub run: fn(&Context<'_>) -> Option<Seen>,
}

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What go says about the target.
    pub facts: &'a Facts,
    /// The main package.
    pub package: &'a str,
    /// The finished executable; `None` before a build.
    pub artifact: Option<&'a Artifact>,
    /// How the build went; `None` before a build.
    pub built: Option<&'a Built>,
    /// What the user asks of a profile.
    pub pgo: &'a Pgo,
    /// How the executable stands to the lock; `None` before a build.
    pub lock: Option<&'a Standing>,
    /// The key of a gate that holds nothing back without a lock.
    pub gate_on_lock: Option<&'static str>,
    /// Now, for ages.
    pub now: jiff::Timestamp,
}

impl<'a> Context<'a> {
    /// What got worse than the lock says, of one kind.
    fn worse(&self, kind: fn(&Item) -> bool) -> Vec<&'a FactChange> {
        let changes = self.lock.and_then(Standing::compared);
        let worse = changes.into_iter().flat_map(|it| it.worse());
        worse.filter(|it| kind(&it.item)).collect()
    }
}

/// What a check sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// All is well, and why.
    Good(String),
    /// What is wrong, and what to do.
    Bad(String, String),
    /// Nothing to judge, and why.
    Skipped(String),
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Pass,
    /// Worth a look.
    Warn,
    /// Denied: exit code 1.
    Fail,
    /// Nothing to judge.
    Skip,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check's ID; `gobuild-opt explain ID` is its manual.
    pub id: String,
    /// What became of it.
    pub status: Status,
    /// What it sees.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Runs every check that is not switched off.
pub fn run(config: &Config, context: &Context<'_>) -> Vec<Finding> {
    let finding = |check: &Check| {
        let severity = severity(config, check.id);
        if severity == Severity::Off {
            return None;
        }
        let (status, message, hint) = match (check.run)(context)? {
            Seen::Good(message) => (Status::Pass, message, None),
            Seen::Skipped(message) => (Status::Skip, message, None),
            Seen::Bad(message, hint) => {
                let status = if severity == Severity::Deny {
                    Status::Fail
                } else {
                    Status::Warn
                };
                (status, message, Some(hint))
            }
        };
        Some(Finding {
            id: check.id.to_owned(),
            status,
            message,
            hint,
        })
    };
    ALL.iter().filter_map(finding).collect()
}

/// What a finding of the check does. `ambient` has a key of its own in `[build]`, which can only
/// be made milder by `[checks]`.
fn severity(config: &Config, id: &str) -> Severity {
    let configured = config.checks.get(id).copied().unwrap_or(Severity::Warn);
    match config.build.ambient {
        _ if id != "ambient" || configured == Severity::Off => configured,
        AmbientPolicy::Deny => Severity::Deny,
        AmbientPolicy::Warn => configured,
        AmbientPolicy::Allow => Severity::Off,
    }
}

/// The items as `accept` takes them.
fn accepted(worse: &[&FactChange]) -> String {
    let items: Vec<String> = worse.iter().map(|it| it.item.to_string()).collect();
    items.join(" ")
}

/// The check of that ID.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|it| it.id == id)
}
