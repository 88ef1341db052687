//! The checks: each asks one question about a build, and gives at most one finding.
//!
//! A check is a file of `check/`, named as its ID, with a `CHECK` whose `manual` is what `explain ID` prints; its `mod` line here,
//! and its line in [`ALL`]. What it looks at comes from [`Context`].

mod context;

mod ambient;

mod baseline;

mod debug_build;

mod escapes;

mod go_version;

mod goflags;

pub mod gomaxprocs;

pub(crate) mod linkage;

mod lock;

mod lock_cgo;

mod lock_dead_code;

mod lock_godebug;

mod lock_health;

mod lock_modules;

mod loosened;

mod not_judged;

mod pgo_health;

mod pgo_profile;

mod pgo_proof;

mod plugins;

mod stamps;

mod vendor;

use serde::{Deserialize, Serialize};

use crate::config::{AmbientPolicy, Config, Severity};
use crate::gate::{Cause, Change, Judgement, Outcome, unjudged};
use crate::lock::FactChange;
use crate::order::Order;
pub(crate) use context::{Context, Seen};

/// Every check, in the order of the report.
pub const ALL: &[Check] = &[
    gomaxprocs::CHECK,
    go_version::CHECK,
    pgo_profile::CHECK,
    pgo_health::CHECK,
    pgo_proof::CHECK,
    goflags::CHECK,
    ambient::CHECK,
    baseline::CHECK,
    escapes::CHECK,
    stamps::CHECK,
    debug_build::CHECK,
    plugins::CHECK,
    linkage::CHECK,
    vendor::CHECK,
    lock::CHECK,
    lock_modules::CHECK,
    lock_cgo::CHECK,
    lock_dead_code::CHECK,
    lock_godebug::CHECK,
    lock_health::CHECK,
    not_judged::CHECK,
    loosened::CHECK,
];

/// The check that compares the gates of two revisions.
pub(crate) const LOOSENED: &str = loosened::CHECK.id;

/// The check of the profile that a build asks for.
pub(crate) const PROFILE: &str = pgo_profile::CHECK.id;

/// The check that names the gates that had nothing to look at.
pub(crate) const NOT_JUDGED: &str = not_judged::CHECK.id;

/// Checks that say what became of the other gates: they look last.
const LAST: &[&str] = &[lock::CHECK.id, not_judged::CHECK.id];

/// A check.
#[derive(Debug)]
pub struct Check {
    /// Its key in `[checks]`.
    pub id: &'static str,
    /// What it sees, in one line.
    pub(crate) summary: &'static str,
    /// What it sees, why it matters, what to do, and the source.
    pub manual: &'static str,
    /// Looks. `None`: it has nothing to look at.
    pub(crate) run: fn(&Context<'_>) -> Option<Seen>,
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Finding {
    /// The check's ID; `gobuild-opt explain ID` is its manual.
    pub(crate) id: String,
    /// What became of it.
    pub(crate) status: Status,
    /// What it sees.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// What all checks saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// One per check that has something to say.
    pub(crate) findings: Vec<Finding>,
    /// What became of the denied ones.
    pub(crate) gates: Vec<Judgement>,
    /// A sentence for each cause by which gates were not judged, where that does not fail.
    pub(crate) unjudged: Vec<String>,
}

/// Runs every check that is not switched off.
pub(crate) fn run(config: &Config, context: &Context<'_>) -> Checked {
    let mut checked = Checked::default();
    let severity = |check: &'static Check| severity_in(config, check.id, context.change);
    let asked = ALL.iter().map(|check| (check, severity(check)));
    let asked = asked.filter(|pair| pair.1 != Severity::Off);
    let is_last = |pair: &(&Check, Severity)| LAST.contains(&pair.0.id);
    let (last, first): (Vec<_>, Vec<_>) = asked.partition(is_last);
    for (check, severity) in first {
        checked.judge(check, severity, context);
    }
    let all = context.gates.iter().chain(&checked.gates);
    let open: Vec<Judgement> = all.filter(|gate| gate.cause().is_some()).cloned().collect();
    for (check, severity) in last {
        let gates = about(check, config, &open);
        let severity = match gates.is_empty() {
            true => severity,
            false => stricter(severity, self::severity(config, not_judged::CHECK.id)),
        };
        let context = Context {
            gates: &gates,
            ..*context
        };
        let seen = (check.run)(&context);
        checked
            .findings
            .extend(seen.and_then(|seen| finding(check, severity, seen)));
    }
    let open = self::open(config, open.iter());
    let warned = open.into_iter().filter(|pair| pair.0 == Severity::Warn);
    checked.unjudged = warned.map(|warned| warned.1).collect();
    let place = |finding: &Finding| ALL.iter().position(|check| check.id == finding.id);
    checked.findings.order_by_key(place);
    checked
}

impl Checked {
    /// Runs a check, and keeps what it says.
    fn judge(&mut self, check: &Check, severity: Severity, context: &Context<'_>) {
        let Some(seen) = (check.run)(context) else {
            return;
        };
        if severity == Severity::Deny {
            let gate = format!("[checks] {}", check.id);
            let outcome = outcome(&seen);
            self.gates
                .extend(outcome.map(|outcome| Judgement { gate, outcome }));
        }
        self.findings.extend(finding(check, severity, seen));
    }
}

/// The gates that were not judged and that one of the last checks is about: those that the lock is silent on belong to `lock`,
/// as long as it is on.
fn about(check: &Check, config: &Config, open: &[Judgement]) -> Vec<Judgement> {
    let is_lock = check.id == lock::CHECK.id;
    let lock_is_off = severity(config, lock::CHECK.id) == Severity::Off;
    let mine = |judgement: &&Judgement| {
        let by_lock = judgement.cause().is_some_and(Cause::is_lock);
        by_lock == is_lock || (lock_is_off && !is_lock)
    };
    open.iter().filter(mine).cloned().collect()
}

/// What was not judged, as one sentence for each cause, and what that does.
pub(crate) fn open<'a>(
    config: &Config,
    gates: impl Iterator<Item = &'a Judgement> + Clone,
) -> Vec<(Severity, String)> {
    let own = severity(config, not_judged::CHECK.id);
    let lock = severity(config, lock::CHECK.id);
    let what = |cause: &Cause| match cause.is_lock() && lock != Severity::Off {
        true => stricter(lock, own),
        false => own,
    };
    let open = unjudged(gates).into_iter();
    open.map(|(cause, sentence)| (what(&cause), sentence))
        .collect()
}

/// What a change does to its gates, for a command that builds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Loosens {
    /// Nothing, or nobody wants to know.
    Nothing,
    /// It is not known, or something else judges otherwise; a sentence that fails no run.
    Said(String),
    /// It is not known, and has to be.
    NotJudged(Judgement),
    /// A sentence for each gate that is loosened.
    Warned(Vec<String>),
    /// One sentence about all of them: it fails the run.
    Denied(String),
}

/// What the check `loosened` says of a change.
pub(crate) fn loosens(config: &Config, change: &Change) -> Loosens {
    let severity = severity_in(config, LOOSENED, Some(change));
    let denied = severity == Severity::Deny;
    match loosened::seen(change) {
        _ if severity == Severity::Off => Loosens::Nothing,
        Seen::NotJudged { cause, .. } if denied => Loosens::NotJudged(Judgement {
            gate: format!("[checks] {LOOSENED}"),
            outcome: Outcome::NotJudged(cause),
        }),
        Seen::NotJudged { cause, .. } => Loosens::Said(cause.to_string()),
        Seen::Bad(sentence, _) if denied => Loosens::Denied(format!("{LOOSENED}: {sentence}")),
        Seen::Bad(..) => Loosens::Warned(change.loosened.clone()),
        Seen::Good(sentence) if !change.noted.is_empty() => Loosens::Said(sentence),
        Seen::Good(_) | Seen::Skipped(_) => Loosens::Nothing,
    }
}

/// What became of a denied check; `None` where it has no meaning.
fn outcome(seen: &Seen) -> Option<Outcome> {
    match seen {
        Seen::Good(_) => Some(Outcome::Pass),
        Seen::Bad(..) => Some(Outcome::Fail),
        Seen::Skipped(_) => None,
        Seen::NotJudged { cause, .. } => Some(Outcome::NotJudged(cause.clone())),
    }
}

fn finding(check: &Check, severity: Severity, seen: Seen) -> Option<Finding> {
    let (status, message, hint) = match seen {
        Seen::Good(message) => (Status::Pass, message, None),
        Seen::Skipped(message) => (Status::Skip, message, None),
        // The check `not-judged` tells what is denied.
        Seen::NotJudged { cause, shown } if shown && severity != Severity::Deny => {
            (Status::Skip, cause.to_string(), None)
        }
        Seen::NotJudged { .. } => return None,
        Seen::Bad(message, hint) => {
            let status = match severity {
                Severity::Deny => Status::Fail,
                Severity::Warn | Severity::Off => Status::Warn,
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
}

fn stricter(a: Severity, b: Severity) -> Severity {
    match (a, b) {
        (Severity::Deny, _) | (_, Severity::Deny) => Severity::Deny,
        _ => a,
    }
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

/// The same; of what compares two revisions, the stricter of both.
fn severity_in(config: &Config, id: &str, change: Option<&Change>) -> Severity {
    let own = severity(config, id);
    let before = change
        .filter(|_| id == LOOSENED)
        .and_then(|change| change.severity);
    match (own, before) {
        (Severity::Off, Some(before)) => before,
        (own, Some(before)) => stricter(own, before),
        (own, None) => own,
    }
}

/// The items as `accept` takes them.
fn accepted(worse: &[&FactChange]) -> String {
    let items: Vec<String> = worse.iter().map(|change| change.item.to_string()).collect();
    items.join(" ")
}

/// The check of that ID.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.id == id)
}
