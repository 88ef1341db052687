//! What a run found, as one value: the JSON contract, and the source of every other rendering.

mod target;

pub mod advice_report;

pub mod allocations;

mod against;
mod assertions;
mod built_file;
pub mod comparison;

mod cost;

pub mod difference;

mod effect;

pub mod escape_report;

pub(crate) mod platform_escapes;

mod filter;

mod findings;

pub mod flat;

pub mod foreseen;

mod large_frames;

pub(crate) mod judge;

pub mod growth;

mod homes;

pub mod heat;

pub mod inspection;

pub mod exact_numbers;

pub(crate) mod applied_profile;

pub mod picture;

pub mod shown_profile;

pub mod proof_report;

pub mod reasons;

mod resources;

pub(crate) mod sizes;

mod spent;

pub(crate) mod owner_tiles;

pub mod upgrade_report;

mod verdict;

mod weighing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::analysis::Artifact;
use crate::build::Built;
use crate::check::{self};
use crate::config::{Config, Origins};
use crate::gate::{Cause, Change, Gate};
use crate::lock::Lock;
use crate::plan::Plan;

pub(crate) use against::{AgainstLock, LockFact, LockSize};
pub(crate) use applied_profile::Repair;
pub(crate) use assertions::Assertion;
pub(crate) use built_file::shown;
pub use built_file::{BaselineFile, File, Overhead, Runtime, Section};
pub(crate) use cost::Time;
pub(crate) use effect::{Calls, Effect, Pair, Price};
pub(crate) use filter::Filter;
pub(crate) use findings::{Checked, Findings, Heavier, Learned};
pub(crate) use judge::{denied, module_limit};
pub use large_frames::{Frame, FrameLimits, limits as frame_limits};
pub(crate) use platform_escapes::spelled;
pub use platform_escapes::{
    Against, ClassChange, Collection, EscapePackage, Escapes, LockState, Site, profiles,
};
pub(crate) use resources::Resources;
pub(crate) use sizes::Retained;
pub(crate) use spent::{collection, hit_rate, spent, time as time_line};
use target::target;
pub(crate) use target::{Target, label};
pub(crate) use verdict::{About, Reason, Verdict};

/// What is said of programs with C code that Go does not link.
pub(crate) const UNCOUNTED_C: &str =
    "bytes are those of Go: C code is added by the linker of the system, and not counted";

/// Raised when a field changes its meaning or goes; additions are free.
pub(crate) const SCHEMA_VERSION: u32 = 2;

/// The report of `release`. Sizes are bytes, times milliseconds, unknown is `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// The Go toolchain of the first target.
    pub(crate) toolchain: Toolchain,
    /// Whether everything is within its limits.
    pub(crate) verdict: Verdict,
    /// One entry per executable.
    pub(crate) targets: Vec<Target>,
    /// Every limit and what it was held against.
    pub(crate) budgets: Vec<Budget>,
    /// Every gate that was asked for, and what became of it.
    #[serde(default)]
    pub(crate) gates: Vec<Gate>,
    /// What the change does to its gates; `null` where nobody says what it started from.
    #[serde(default)]
    pub(crate) change: Option<Change>,
    /// The checksum file, if one was written.
    pub(crate) checksums: Option<String>,
    /// What each compile and each link took, with `[report] resources`; it differs from run to run.
    #[serde(default)]
    pub(crate) resources: Option<Resources>,
    /// Where the time went and what was reused. Two runs of the same input differ here, and nowhere else.
    #[serde(default)]
    pub(crate) time: Time,
}

/// The program that wrote the report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Tool {
    /// `gobuild-opt`
    pub(crate) name: String,
    /// `0.1.0`
    pub(crate) version: String,
}

impl Tool {
    /// This program.
    pub(crate) fn this() -> Self {
        Self {
            name: "gobuild-opt".into(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

/// A Go toolchain and the platform it builds for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Toolchain {
    /// `go1.27.3`
    pub(crate) version: String,
    /// `linux`
    pub(crate) goos: String,
    /// `amd64`
    pub(crate) goarch: String,
}

/// A limit and what it was held against.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Budget {
    /// `size dist/api`
    pub(crate) item: String,
    /// Bytes, or percent for a growth.
    pub(crate) limit: f64,
    /// The same of the release; `null` where it is unknown.
    pub(crate) actual: Option<f64>,
    /// `pass`, `fail` or `skip`.
    pub(crate) status: check::Status,
    /// Why it was not judged, or how to accept what failed.
    #[serde(default)]
    pub(crate) note: Option<String>,
    /// Why it was not judged.
    #[serde(skip)]
    cause: Option<Cause>,
}

impl Budget {
    /// A budget that was not judged.
    pub(crate) fn skipped(item: String, actual: Option<u64>, cause: Cause) -> Self {
        Self {
            item,
            limit: 0.0,
            actual: actual.map(|actual| actual as f64),
            status: check::Status::Skip,
            note: Some(cause.to_string()),
            cause: Some(cause),
        }
    }
}

/// Everything a report is made of.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// What the user wants.
    pub(crate) config: &'a Config,
    /// Which layer set what.
    pub(crate) origins: &'a Origins,
    /// The commands.
    pub(crate) plan: &'a Plan,
    /// How they went.
    pub(crate) built: &'a [Built],
    /// What they left.
    pub(crate) artifacts: &'a [Artifact],
    /// The working directory: paths below it are shown relative to it.
    pub(crate) cwd: &'a Path,
    /// Wall time so far.
    pub(crate) total: Duration,
    /// What was accepted; `None` without a lock.
    pub(crate) lock: Option<&'a Lock>,
    /// What the change does to its gates, where it is known to be one.
    pub(crate) change: Option<&'a Change>,
    /// What was taken out of profiles, by target and main package.
    pub(crate) repairs: &'a [(usize, String, Repair)],
    /// What packages keep alive alone, by target and main package, or why that is not known; empty where nobody asked.
    pub(crate) retained: &'a BTreeMap<(usize, String), Result<Retained, String>>,
    /// Now, for ages.
    pub(crate) now: jiff::Timestamp,
}

/// Says what it all means.
pub(crate) fn report(inputs: &Inputs<'_>) -> Report {
    let artifacts = inputs.artifacts.iter();
    let mut targets: Vec<Target> = artifacts.map(|artifact| target(inputs, artifact)).collect();
    let asserted = targets.iter_mut().map(|target| &mut target.assertions);
    assertions::settle(&mut asserted.collect::<Vec<_>>());
    let judged = judge::judge(inputs, &mut targets);
    let checksums = inputs.plan.checksums.as_deref();
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        toolchain: toolchain(inputs.plan),
        verdict: judge::verdict(&targets, &judged, inputs.change),
        targets,
        budgets: judged.budgets,
        gates: judged.gates,
        change: inputs.change.cloned(),
        checksums: checksums.map(|path| built_file::shown(path, inputs.cwd)),
        resources: resources::resources(inputs),
        time: cost::time(inputs),
    }
}

/// That of the first target.
fn toolchain(plan: &Plan) -> Toolchain {
    let first = plan.targets.first();
    first.map_or_else(Toolchain::default, |target| {
        let toolchain = &target.facts.toolchain;
        Toolchain {
            version: toolchain.version.clone(),
            goos: toolchain.goos.clone(),
            goarch: toolchain.goarch.clone(),
        }
    })
}
