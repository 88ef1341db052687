//! An executable in the report.

use serde::{Deserialize, Serialize};

use super::against::AgainstLock;
use super::applied_profile::Pgo;
use super::assertions::Assertion;
use super::built_file::{BaselineFile, File, Overhead, Runtime, Section};
use super::large_frames::{Frame, FrameLimits};
use super::platform_escapes::Escapes;
use super::sizes::{ModuleSize, PackageSize};
use super::{
    Inputs, against, applied_profile, assertions, built_file, growth, large_frames,
    platform_escapes, sizes,
};
use crate::analysis::Artifact;
use crate::check::{Context, Finding, Status};
use crate::gate::Judgement;
use crate::go::outside_settings::Ambient;
use crate::lock::{self, Proof, Standing};

/// One executable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Whether what packages keep alive alone holds no C code: the linker of the system adds it.
    #[serde(default)]
    pub(crate) uncounted_c: bool,
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

/// `api linux/amd64`
pub(crate) fn label(target: &Target) -> String {
    format!("{} {}/{}", target.name, target.goos, target.goarch)
}

impl Target {
    /// The main module: that of the main package.
    pub(crate) fn main_module(&self) -> Option<&str> {
        let mut packages = self.packages.iter();
        let main = packages.find(|package| package.path == self.package)?;
        main.module.as_deref()
    }

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

/// Why it is not as large as in the lock.
pub(super) fn since_lock(
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
pub(super) fn standing(inputs: &Inputs<'_>, artifact: &Artifact) -> Standing {
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
pub(super) fn proof<'a>(inputs: &'a Inputs<'_>, artifact: &Artifact) -> Option<&'a Proof> {
    let key = inputs.plan.targets[artifact.target].facts.key();
    let target = inputs.lock?.targets.get(&key)?;
    target.proofs.get(&artifact.executable.package)
}

/// What the checks look at.
pub(super) fn context<'a>(
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

pub(super) fn target(inputs: &Inputs<'_>, artifact: &Artifact) -> Target {
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
        artifact: built_file::file(artifact, inputs.cwd),
        baseline: built_file::baseline(artifact, facts),
        sections: built_file::sections(artifact),
        overhead: built_file::overhead(artifact),
        owners: artifact.sizes.as_ref().map(|sizes| sizes.owners),
        packages: sizes::packages(
            artifact,
            facts,
            retained.and_then(|found| found.as_ref().ok()),
        ),
        modules: sizes::modules(artifact, retained.and_then(|found| found.as_ref().ok())),
        not_retained: retained.and_then(|found| found.as_ref().err().cloned()),
        uncounted_c: retained.is_some_and(|found| matches!(found, Ok(found) if found.uncounted_c)),
        packages_compiled: built.compiled,
        packages_cached: (facts.packages.len() as u64).saturating_sub(built.compiled),
        ambient: facts.ambient.clone(),
        escapes: built.escapes.as_ref().map(|collected| {
            platform_escapes::report(
                collected,
                &platform_escapes::Against {
                    facts,
                    config: inputs.config,
                    lock: inputs.lock,
                    before: None,
                    cwd: inputs.cwd,
                },
            )
        }),
        assertions: assertions::assertions(&built.asserted, Some(&artifact.frames), inputs.cwd),
        pgo: applied_profile::pgo(inputs, artifact),
        frames: large_frames::frames(inputs, artifact),
        frame_limits: large_frames::shown_limits(inputs.config),
        runtime: built_file::runtime(&context),
        lock: against::report(
            &standing,
            &facts.toolchain.version,
            since_lock(inputs, artifact, facts),
        ),
        // Once all gates are judged.
        checks: Vec::new(),
    }
}
