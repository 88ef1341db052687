//! What a run found, as one value: the JSON contract, and the source of every other rendering.

pub mod advise;

pub mod allocating;

pub mod allocations;

mod against;
mod artifact;
mod assertions;
mod budgets;

pub mod compare;

mod cost;

pub mod difference;

mod effect;

pub mod escape;

mod escapes;

mod filter;

mod findings;

pub mod flat;

pub mod foreseen;

mod frames;

pub(crate) mod gate;

pub mod growth;

pub mod heat;

pub mod inspect;

pub mod measures;

pub mod outline;

mod pgo;

pub mod picture;

pub mod profile;

pub mod prove;

pub mod reasons;

mod resources;

pub mod revision;

mod sizes;

mod spent;

pub mod upgrade;

mod verdict;

mod weighing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Artifact;
use crate::build::Built;
use crate::check::{self, Context, Finding};
use crate::config::{Config, Origins};
use crate::gate::{Cause, Change, Gate, Judgement};
use crate::go::ambient::Ambient;
use crate::lock::{self, Lock, Proof, Standing};
use crate::plan::Plan;

pub(crate) use against::{AgainstLock, LockFact, LockSize};
pub(crate) use artifact::shown;
pub use artifact::{BaselineFile, File, Overhead, Runtime, Section};
pub(crate) use assertions::Assertion;
pub(crate) use budgets::module_limit;
pub(crate) use cost::Time;
pub(crate) use effect::{Calls, Effect, Pair, Price};
pub use escapes::{
    Against, ClassChange, Collection, EscapePackage, Escapes, LockState, Site, profiles,
};
pub(crate) use filter::Filter;
pub(crate) use findings::{Checked, Findings, Heavier};
pub use frames::{Frame, FrameLimits, limits as frame_limits};
pub(crate) use pgo::{Pgo, Repair};
pub(crate) use resources::Resources;
pub(crate) use sizes::{ModuleSize, PackageSize, Retained};
pub(crate) use spent::{collection, hit_rate, spent, time as time_line};
pub(crate) use verdict::{Ground, Reason, Verdict, label};

/// Raised when a field changes its meaning or goes; additions are free.
pub(crate) const SCHEMA_VERSION: u32 = 2;

/// The report of `release`. Sizes are bytes, times milliseconds, unknown is `null`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Toolchain {
    /// `go1.27.3`
    pub(crate) version: String,
    /// `linux`
    pub(crate) goos: String,
    /// `amd64`
    pub(crate) goarch: String,
}

/// One executable.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Target {
    /// The file name that go gives it.
    pub(crate) name: String,
    /// The import path of its main package.
    pub(crate) package: String,
    /// `linux`
    pub(crate) goos: String,
    /// `amd64`
    pub(crate) goarch: String,
    /// GOAMD64 and the like, where the configuration sets it.
    pub(crate) level: Option<String>,
    /// What gobuild-opt.lock calls the platform.
    #[serde(default)]
    pub(crate) key: String,
    /// The file.
    pub(crate) artifact: File,
    /// What it is compared with.
    pub(crate) baseline: Option<BaselineFile>,
    /// By role, in a fixed order; roles that neither file has are left out.
    pub(crate) sections: Vec<Section>,
    /// Bytes of headers and tables, and between sections.
    pub(crate) overhead: Overhead,
    /// By `symbols` of the build before stripping, or by `references` without one (`baseline = "off"`); `null`: not known.
    #[serde(default)]
    pub(crate) owners: Option<crate::binary::Owners>,
    /// By package, the largest first; with `shared` (of several) and `unowned` the sum is the file. Empty: not known.
    #[serde(default)]
    pub(crate) packages: Vec<PackageSize>,
    /// By module, likewise; here `shared` is what several modules use.
    #[serde(default)]
    pub modules: Vec<ModuleSize>,
    /// Why it is not known what packages keep alive alone; `null` where it is, or where nobody asked.
    #[serde(default)]
    pub not_retained: Option<String>,
    /// Go packages of the build that were compiled, for the platform rather than this executable alone.
    pub(crate) packages_compiled: u64,
    /// Those from the build cache.
    pub(crate) packages_cached: u64,
    /// Settings of the environment and of `go env -w` that change the binary and stand in no configuration.
    pub(crate) ambient: Vec<Ambient>,
    /// Heap escapes in the scope, for the platform; the same for each executable of one platform.
    pub(crate) escapes: Option<Escapes>,
    /// What must hold of functions, and whether it does.
    #[serde(default)]
    pub(crate) assertions: Vec<Assertion>,
    /// The profile.
    pub(crate) pgo: Pgo,
    /// Functions with a stack frame of 1 KiB or more, the largest first.
    #[serde(default)]
    pub(crate) frames: Vec<Frame>,
    /// What they are held against; `null` without a budget for them.
    #[serde(default)]
    pub(crate) frame_limits: Option<FrameLimits>,
    /// What the binary does at run time.
    pub(crate) runtime: Runtime,
    /// Against its entry of gobuild-opt.lock; `null` where there is none.
    #[serde(default)]
    pub(crate) lock: Option<AgainstLock>,
    /// What the checks see.
    pub(crate) checks: Vec<Finding>,
}

/// A limit and what it was held against.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
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
    let mut targets: Vec<Target> = inputs
        .artifacts
        .iter()
        .map(|artifact| target(inputs, artifact))
        .collect();
    let mut asserted: Vec<_> = targets
        .iter_mut()
        .map(|target| &mut target.assertions)
        .collect();
    assertions::settle(&mut asserted);
    let judged = gate::judge(inputs, &mut targets);
    let first = inputs
        .plan
        .targets
        .first()
        .map(|target| &target.facts.toolchain);
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        toolchain: Toolchain {
            version: first
                .map(|toolchain| toolchain.version.clone())
                .unwrap_or_default(),
            goos: first
                .map(|toolchain| toolchain.goos.clone())
                .unwrap_or_default(),
            goarch: first
                .map(|toolchain| toolchain.goarch.clone())
                .unwrap_or_default(),
        },
        verdict: verdict::verdict(&targets, &judged, inputs.change),
        targets,
        budgets: judged.budgets,
        gates: judged.gates,
        change: inputs.change.cloned(),
        checksums: inputs
            .plan
            .checksums
            .as_deref()
            .map(|path| artifact::shown(path, inputs.cwd)),
        resources: resources::resources(inputs),
        time: cost::time(inputs),
    }
}

/// Why it is not as large as in the lock.
fn since_lock(
    inputs: &Inputs<'_>,
    artifact: &Artifact,
    facts: &crate::plan::Facts,
) -> Option<growth::Growth> {
    let package = &artifact.executable.package;
    let target = inputs.lock?.targets.get(&facts.key())?;
    let entry = target.executables.get(package)?;
    let asked = (artifact.target, package.clone());
    let looked = inputs
        .retained
        .get(&asked)
        .and_then(|found| found.as_ref().ok());
    let imports = looked.map(|found| &found.imports);
    growth::since_lock(artifact, facts, (target, entry), imports)
}

/// How an executable stands to the lock.
fn standing(inputs: &Inputs<'_>, artifact: &Artifact) -> Standing {
    let facts = &inputs.plan.targets[artifact.target].facts;
    lock::standing(
        inputs.lock,
        &facts.key(),
        &artifact.executable.package,
        &facts.toolchain.version,
        &artifact.entry(facts),
    )
}

/// What the lock says that `prove` found.
fn proof<'a>(inputs: &'a Inputs<'_>, artifact: &Artifact) -> Option<&'a Proof> {
    let key = inputs.plan.targets[artifact.target].facts.key();
    let target = inputs.lock?.targets.get(&key)?;
    target.proofs.get(&artifact.executable.package)
}

/// What the checks look at.
fn context<'a>(
    inputs: &'a Inputs<'_>,
    artifact: &'a Artifact,
    standing: &'a Standing,
    gates: &'a [Judgement],
) -> Context<'a> {
    Context {
        facts: &inputs.plan.targets[artifact.target].facts,
        package: &artifact.executable.package,
        artifact: Some(artifact),
        built: Some(&inputs.built[artifact.target]),
        pgo: &inputs.config.pgo,
        linkage: inputs.config.build.linkage,
        lock: Some(standing),
        proof: proof(inputs, artifact),
        origins: inputs.origins,
        gates,
        change: inputs.change,
        now: inputs.now,
    }
}

fn target(inputs: &Inputs<'_>, artifact: &Artifact) -> Target {
    let plan = &inputs.plan.targets[artifact.target];
    let built = &inputs.built[artifact.target];
    let standing = standing(inputs, artifact);
    let context = context(inputs, artifact, &standing, &[]);
    let facts = &plan.facts;
    let asked = (artifact.target, artifact.executable.package.clone());
    let retained = inputs.retained.get(&asked);
    Target {
        name: artifact.executable.name.clone(),
        package: artifact.executable.package.clone(),
        goos: facts.toolchain.goos.clone(),
        goarch: facts.toolchain.goarch.clone(),
        level: facts.target.level.clone(),
        key: facts.key(),
        artifact: artifact::file(artifact, inputs.cwd),
        baseline: artifact::baseline(artifact, facts),
        sections: artifact::sections(artifact),
        overhead: artifact::overhead(artifact),
        owners: artifact.sizes.as_ref().map(|sizes| sizes.owners),
        packages: sizes::packages(
            artifact,
            facts,
            retained.and_then(|found| found.as_ref().ok()),
        ),
        modules: sizes::modules(artifact, retained.and_then(|found| found.as_ref().ok())),
        not_retained: retained.and_then(|found| found.as_ref().err().cloned()),
        packages_compiled: built.compiled,
        packages_cached: (facts.packages.len() as u64).saturating_sub(built.compiled),
        ambient: facts.ambient.clone(),
        escapes: built.escapes.as_ref().map(|collected| {
            escapes::report(
                collected,
                &escapes::Against {
                    facts,
                    config: inputs.config,
                    lock: inputs.lock,
                    before: None,
                    cwd: inputs.cwd,
                },
            )
        }),
        assertions: assertions::assertions(&built.asserted, Some(&artifact.frames), inputs.cwd),
        pgo: pgo::pgo(inputs, artifact),
        frames: frames::frames(inputs, artifact),
        frame_limits: frames::shown_limits(inputs.config),
        runtime: artifact::runtime(&context),
        lock: against::report(
            &standing,
            &facts.toolchain.version,
            since_lock(inputs, artifact, facts),
        ),
        // Once all gates are judged.
        checks: Vec::new(),
    }
}
