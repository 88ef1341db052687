//! Reports the large stack frames of an executable, and those that fail the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budgets::{Accepted, skipped};
use super::verdict::{Reason, label};
use super::{Budget, Inputs, Target};
use crate::analysis::Artifact;
use crate::analysis::frames::Start;
use crate::analysis::guard::{self, Limits, Over, Why};
use crate::check::Status;
use crate::config::Config;
use crate::config::size::human;
use crate::gate::Cause;
use crate::lock::{Item, Lock};
use crate::number::counted_of;
use crate::order::Order;
use crate::plan::Facts;

/// A function with a large stack frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Frame {
    /// Its symbol.
    pub(crate) function: String,
    /// The import path of its package; empty where it is not known.
    pub(crate) package: String,
    /// Bytes.
    pub(crate) bytes: u64,
    /// How goroutines start in it; `null` where none is known to.
    pub(crate) goroutine: Option<Start>,
    /// Functions that were inlined into it by a call that the profile has among its hot ones.
    pub(crate) hot_inlined: Vec<String>,
    /// Of the standard library.
    pub(crate) standard: bool,
    /// What gobuild-opt.lock accepts; `null` where it is not in there.
    pub(crate) accepted: Option<u64>,
    /// What it is without the profile, where that is smaller and was asked for.
    pub(crate) without_profile: Option<u64>,
    /// Why it fails: `limit`, `lock` or `profile`; `null` where it does not.
    pub(crate) over: Option<String>,
    /// The most it may be, where it fails.
    pub(crate) limit: Option<u64>,
}

impl Frame {
    /// Whether the user can do something about it: of the standard library only where the profile inlined into it.
    pub(crate) fn is_own(&self) -> bool {
        !self.standard || !self.hot_inlined.is_empty()
    }

    /// Whether `[budget] frame` is about it: goroutines start in it, or the profile inlined into it.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_own() && (self.goroutine.is_some() || !self.hot_inlined.is_empty())
    }
}

/// What stack frames are held against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrameLimits {
    /// `[budget] frame`, in bytes.
    pub(crate) frame: Option<u64>,
    /// `[budget] frame-growth`, as it is written.
    pub(crate) growth: Option<String>,
}

/// The limits of an executable: those of the configuration, and what the lock accepts of the same Go version.
pub fn limits<'a>(
    config: &Config,
    lock: Option<&'a Lock>,
    facts: &Facts,
    package: &str,
) -> Limits<'a> {
    let target = lock.and_then(|lock| lock.targets.get(&facts.key()));
    let same = target.filter(|target| target.go == facts.toolchain.version);
    let executable = same.and_then(|target| target.executables.get(package));
    Limits {
        frame: config.budget.frame.map(|limit| limit.0),
        growth: config.budget.frame_growth,
        accepted: executable
            .filter(|executable| executable.knows_frames())
            .map(|executable| &executable.frames),
        without_profile: None,
    }
}

pub(crate) fn shown_limits(config: &Config) -> Option<FrameLimits> {
    let budget = &config.budget;
    (budget.frame.is_some() || budget.frame_growth.is_some()).then(|| FrameLimits {
        frame: budget.frame.map(|limit| limit.0),
        growth: budget
            .frame_growth
            .map(|frame_growth| frame_growth.to_string()),
    })
}

pub(crate) fn frames(inputs: &Inputs<'_>, artifact: &Artifact) -> Vec<Frame> {
    let facts = &inputs.plan.targets[artifact.target].facts;
    let grown = artifact.effect.as_ref().map(|effect| &effect.grown);
    let limits = Limits {
        without_profile: grown,
        ..limits(
            inputs.config,
            inputs.lock,
            facts,
            &artifact.executable.package,
        )
    };
    let over = guard::over(&artifact.large_frames, &limits);
    let frame = |frame: &crate::analysis::frames::Frame| {
        let failed = over.iter().find(|over| over.frame == frame);
        let mut hot: Vec<String> = frame
            .hot
            .iter()
            .map(|call| call.callee.to_string())
            .collect();
        hot.sort();
        hot.dedup();
        Frame {
            function: frame.function.clone(),
            package: frame.package.clone(),
            bytes: frame.bytes,
            goroutine: frame.start,
            hot_inlined: hot,
            standard: frame.standard,
            accepted: limits
                .accepted
                .and_then(|all| all.get(&frame.function))
                .copied(),
            without_profile: grown.and_then(|all| all.get(&frame.function)).copied(),
            over: failed.map(|over| why(over).to_owned()),
            limit: failed.map(|over| over.limit),
        }
    };
    artifact.large_frames.iter().map(frame).collect()
}

fn why(over: &Over<'_>) -> &'static str {
    match over.why {
        Why::Limit => "limit",
        Why::Lock => "lock",
        Why::Profile => "profile",
    }
}

/// One budget per limit and executable.
pub(crate) fn budgets(target: &Target, config: &Config, accepted: &Accepted<'_>) -> Vec<Budget> {
    let name = label(target);
    let unread = || {
        let why = "the file does not tell its stack frames".to_owned();
        Cause::Other(why, "see `gobuild-opt inspect` of the file")
    };
    let known = !target.sections.is_empty();
    let own = || target.frames.iter().filter(|frame| frame.is_own());
    let mut budgets = Vec::new();
    if let Some(limit) = config.budget.frame {
        let failed = own().any(|frame| frame.over.as_deref() == Some("limit"));
        let compared = target.pgo.effect.is_some();
        let grown = |frame: &&Frame| {
            !compared || frame.goroutine.is_some() || frame.without_profile.is_some()
        };
        let kept = own().filter(|frame| frame.is_kept()).filter(grown);
        let largest = kept.map(|frame| frame.bytes).max().unwrap_or(0);
        let item = format!("frame {name}");
        budgets.push(match known {
            true => judged(item, limit.0, largest, failed),
            false => Budget {
                limit: limit.0 as f64,
                ..skipped(item, None, unread())
            },
        });
    }
    if config.budget.frame_growth.is_some() {
        let grown = |frame: &&Frame| matches!(frame.over.as_deref(), Some("lock" | "profile"));
        let failed = own().filter(grown).count() as u64;
        let by_profile = target.pgo.effect.is_some();
        let by_lock = match accepted {
            Ok(it) if it.knows_frames() => Ok(()),
            Ok(_) => Err(Cause::LockLacks("stack frames")),
            Err(cause) => Err(cause.clone()),
        };
        let cause = match by_lock {
            _ if !known => Some(unread()),
            Err(cause) if !by_profile && failed == 0 => Some(cause),
            _ => None,
        };
        let item = format!("frame-growth {name}");
        budgets.push(match cause {
            None => judged(item, 0, failed, failed > 0),
            Some(cause) => skipped(item, None, cause),
        });
    }
    budgets
}

fn judged(item: String, limit: u64, actual: u64, failed: bool) -> Budget {
    Budget {
        item,
        limit: limit as f64,
        actual: Some(actual as f64),
        status: if failed { Status::Fail } else { Status::Pass },
        note: None,
        cause: None,
    }
}

/// Functions that are told one by one.
const TOLD: usize = 10;

/// A sentence for each frame that is too large: those that goroutines start in first.
pub(crate) fn failures(target: &Target) -> Vec<Reason> {
    let mut failed: Vec<&Frame> = target
        .frames
        .iter()
        .filter(|frame| frame.over.is_some())
        .collect();
    failed.order_by_key(|frame| {
        (
            frame.goroutine.is_none(),
            frame.goroutine,
            std::cmp::Reverse(frame.bytes),
        )
    });
    let name = label(target);
    let mut told: Vec<String> = failed
        .iter()
        .take(TOLD)
        .map(|frame| failure(frame, &name))
        .collect();
    if failed.len() > TOLD {
        told.push(format!(
            "frame {name}: and {}",
            counted_of(failed.len() - TOLD, "more function")
        ));
    }
    told.into_iter().map(Reason::from).collect()
}

fn failure(frame: &Frame, name: &str) -> String {
    let limit = frame.limit.unwrap_or_default();
    let over = match frame.over.as_deref() {
        Some("lock") => format!(
            "grew from {} to {}, and may have {}",
            frame.accepted.map_or("less than 1 KiB".into(), human),
            human(frame.bytes),
            human(limit)
        ),
        Some("profile") => format!(
            "has {} without the profile and {} with it, and may have {}",
            frame.without_profile.map_or("less".into(), human),
            human(frame.bytes),
            human(limit)
        ),
        _ => format!(
            "has {}, over the budget of {}",
            human(frame.bytes),
            human(limit)
        ),
    };
    let goroutine = match frame.goroutine {
        Some(Start::Made | Start::Named) => "; a goroutine starts in it",
        Some(Start::Perhaps) => "; a goroutine may start in it",
        None => "",
    };
    let cause = match frame.hot_inlined.as_slice() {
        [] => String::new(),
        hot => {
            let names: Vec<String> = hot.iter().map(|text| format!("\"{text}\"")).collect();
            format!(
                "; the profile inlined {} (keep it out: `[pgo] no-inline = [{}]`, or `repair = \"auto\"`)",
                hot.join(", "),
                names.join(", ")
            )
        }
    };
    format!(
        "frame {name}: the stack frame of {} {over}{goroutine}{cause} (accept it: gobuild-opt accept {} --reason TEXT)",
        frame.function,
        Item::Frame(frame.function.clone())
    )
}
