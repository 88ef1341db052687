//! Reports the large stack frames of an executable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::analysis::Artifact;
use crate::analysis::frames::Start;
use crate::analysis::guard::{self, Limits, Over, Why};
use crate::config::Config;
use crate::lock::Lock;
use crate::plan::Facts;

/// A function with a large stack frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    let package = &artifact.executable.package;
    let limits = Limits {
        without_profile: artifact.effect.as_ref().map(|effect| &effect.grown),
        ..limits(inputs.config, inputs.lock, facts, package)
    };
    let over = guard::over(&artifact.large_frames, &limits);
    let frames = artifact.large_frames.iter();
    let frames = frames.map(|frame| {
        let failed = over.iter().find(|over| over.frame == frame);
        reported(frame, &limits, failed)
    });
    frames.collect()
}

/// A frame, and why it fails where it does.
fn reported(
    frame: &crate::analysis::frames::Frame,
    limits: &Limits<'_>,
    failed: Option<&Over<'_>>,
) -> Frame {
    let calls = frame.hot.iter();
    let mut hot: Vec<String> = calls.map(|call| call.callee.to_string()).collect();
    hot.sort();
    hot.dedup();
    let known = |all: Option<&BTreeMap<String, u64>>| all?.get(&frame.function).copied();
    Frame {
        function: frame.function.clone(),
        package: frame.package.clone(),
        bytes: frame.bytes,
        goroutine: frame.start,
        hot_inlined: hot,
        standard: frame.standard,
        accepted: known(limits.accepted),
        without_profile: known(limits.without_profile),
        over: failed.map(|over| why(over).to_owned()),
        limit: failed.map(|over| over.limit),
    }
}

fn why(over: &Over<'_>) -> &'static str {
    match over.why {
        Why::Limit => "limit",
        Why::Lock => "lock",
        Why::Profile => "profile",
    }
}
