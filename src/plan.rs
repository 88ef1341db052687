//! Draws the plan of a run from what the user wants and what go says: every command, as data.

mod arg;

pub mod asked;

mod baseline_step;

pub mod escape_steps;

pub mod exports;

pub mod build_flags;

pub mod lost;

pub mod result_store;

pub mod output;

pub mod overlay;

mod parts;

mod passes;

pub mod pgo;

mod preprofile;

mod require;

pub mod scope;

mod step;

pub mod stamp;

mod target_steps;

pub mod toolexec;

pub(crate) mod twins;

pub(crate) mod undone;

pub mod verbose;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::config::{Config, Origins, Target};
use crate::error::Result;
use crate::go::flags::Flag;
use crate::go::outside_settings::Ambient;
use crate::go::vendored::{self, Compared, Vendored};
use crate::go::{Go, Other, Package, Toolchain};
pub(crate) use arg::Reason;
use asked::Asked;
use baseline_step::baseline;
use build_flags::{BuildKind, Inputs};
use escape_steps::{Collection, Source};
use output::Executable;
pub(crate) use preprofile::preprofile;
pub(crate) use require::require_main;
use result_store::Memory;
use stamp::Stamp;
pub(crate) use step::Step;
pub use step::StepKind;
use target_steps::steps;

/// What go says about one target.
#[derive(Debug)]
pub struct Facts {
    /// The platform, with `os` and `arch` filled in.
    pub(crate) target: Target,
    /// How go is called for it.
    pub(crate) go: Go,
    /// Its settings.
    pub(crate) toolchain: Toolchain,
    /// GOFLAGS, read.
    pub(crate) goflags: Vec<Flag>,
    /// What of the given flags has no effect.
    pub(crate) lost: Vec<lost::Lost>,
    /// What the flags ask of the run as a whole.
    pub(crate) asked: Asked,
    /// The `go` line of go.work or go.mod, which decides about GODEBUG defaults.
    pub(crate) go_line: Option<(String, &'static str)>,
    /// Settings from outside that change the binary.
    pub(crate) ambient: Vec<Ambient>,
    /// How vendor/ stands to the modules that it holds.
    pub(crate) vendor: Vendor,
    /// Whether go leaves out the stamp of the repository because it finds no git.
    pub(crate) unstamped: bool,
    /// Named packages and everything they need.
    pub(crate) packages: Vec<Package>,
    /// What is compiled in the place of the named packages, where that is less; empty: those.
    pub(crate) only: Vec<String>,
    /// The profile.
    pub(crate) pgo: pgo::Choice,
}

/// How vendor/ stands to its modules: found out where a check asks, for every file of it is read.
#[derive(Debug, Default)]
pub(crate) struct Vendor {
    /// What the targets of this run share.
    pub(crate) compared: Arc<Compared>,
    found: OnceLock<Vendored>,
}

impl Facts {
    /// The import paths of the build.
    pub(crate) fn import_paths(&self) -> HashSet<&[u8]> {
        let packages = self.packages.iter();
        packages
            .map(|package| package.import_path.as_bytes())
            .collect()
    }

    /// How vendor/ stands to the modules that it holds.
    pub(crate) fn vendored(&self) -> &Vendored {
        let cache = Path::new(&self.toolchain.gomodcache);
        let compare = || vendored::compare(&self.packages, cache, &self.vendor.compared);
        self.vendor.found.get_or_init(compare)
    }

    /// What the lock calls the platform: `linux/amd64`, with the level and the tags of a `[[target]]` behind.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("{}/{}", self.toolchain.goos, self.toolchain.goarch);
        if let Some(level) = &self.target.level {
            key.push_str(&format!("/{level}"));
        }
        if !self.target.tags.is_empty() {
            key.push_str(&format!("+{}", self.target.tags.join(",")));
        }
        key
    }
}

/// What was asked for on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// Go's flags, in order.
    pub(crate) flags: Vec<Flag>,
    /// Packages; empty: the configuration decides.
    pub(crate) packages: Vec<OsString>,
    /// The working directory, with `-C` followed.
    pub(crate) cwd: PathBuf,
    /// A go that was typed, to be used in place of the configured one.
    pub(crate) go: Option<Other>,
}

impl Typed {
    /// The packages to build: those typed, those configured, or the working directory.
    pub(crate) fn packages(&self, config: &Config) -> Vec<OsString> {
        if !self.packages.is_empty() {
            return self.packages.clone();
        }
        match config.build.packages.as_slice() {
            [] => vec![".".into()],
            configured => configured.iter().map(OsString::from).collect(),
        }
    }
}

/// Every command of a run, and where its outputs go.
#[derive(Debug)]
pub(crate) struct Plan {
    /// One entry per target, in order.
    pub(crate) targets: Vec<TargetPlan>,
    /// The checksum file, if one is written.
    pub(crate) checksums: Option<PathBuf>,
    /// Where the commands write; on the file system of the outputs.
    pub(crate) stage: PathBuf,
    /// Stack frames have a budget.
    pub(crate) guard: bool,
}

/// The commands of one target.
#[derive(Debug)]
pub(crate) struct TargetPlan {
    /// What go says.
    pub(crate) facts: Facts,
    /// The executables to come.
    pub(crate) executables: Vec<Executable>,
    /// The commands, in order.
    pub(crate) steps: Vec<Step>,
    /// Where the release binaries are written.
    pub(crate) release_dir: PathBuf,
    /// What they are compared with.
    pub(crate) baseline: Baseline,
    /// How the escapes are collected.
    pub(crate) collection: Collection,
    /// Where the same executables are written without a profile, where that was asked for and there is one.
    pub(crate) effect_dir: Option<PathBuf>,
    /// What the linker is to set in them.
    pub(crate) stamps: Vec<Stamp>,
    /// Where go's links are recorded.
    pub(crate) links_dir: PathBuf,
    /// What is kept from run to run.
    pub(crate) memory: Memory,
}

impl TargetPlan {
    /// Whether go starts its compilers and linkers through us, so that we see what they take.
    pub(crate) fn is_measured(&self) -> bool {
        matches!(self.collection.source, Source::Capture { .. })
    }

    /// The commands of a kind.
    pub(crate) fn steps_of(&self, kind: StepKind) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.kind == kind)
    }
}

/// What a release binary is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Baseline {
    /// Nothing, and why.
    None(&'static str),
    /// Executables that a step of the plan builds into this directory.
    Built {
        /// `unstripped`, `symbols` or `plain`.
        kind: &'static str,
        /// Where they are written.
        directory: PathBuf,
    },
    /// A file that is there already; the path may hold {name}, {os} and {arch}.
    File(String),
}

/// Draws the plan. `stage` is a directory on the file system of the outputs, `program` this very program, which go is to
/// start for the capture.
///
/// Fails with [`Kind::Usage`](crate::error::Kind::Usage) for outputs that would overwrite each other and for flags that
/// cannot be read.
pub(crate) fn draw(
    config: &Config,
    origins: &Origins,
    typed: &Typed,
    facts: Vec<Facts>,
    outputs: output::Outputs,
    stage: &Path,
    program: Option<&Path>,
) -> Result<Plan> {
    let mut targets = Vec::new();
    for (index, (facts, executables)) in facts.into_iter().zip(outputs.targets).enumerate() {
        let place = stage.join(index.to_string());
        let settings = (config, origins, typed);
        targets.push(draw_target(settings, facts, executables, &place, program)?);
    }
    Ok(Plan {
        targets,
        checksums: outputs.checksums,
        stage: stage.to_path_buf(),
        guard: config.budget.frame.is_some() || config.budget.frame_growth.is_some(),
    })
}

/// The plan of one platform, which is staged in `place`.
fn draw_target(
    (config, origins, typed): (&Config, &Origins, &Typed),
    facts: Facts,
    executables: Vec<output::Executable>,
    place: &Path,
    program: Option<&Path>,
) -> Result<TargetPlan> {
    let inputs = Inputs {
        config,
        origins,
        target: &facts.target,
        goflags: &facts.goflags,
        typed: &typed.flags,
        pgo: None,
    };
    let baseline = baseline(config, place, &facts)?;
    let release = build_flags::compose(&inputs, BuildKind::Release)?;
    let stamps = stamp::verify(stamp::stamps(&release.ldflags()?)?, &facts)?;
    let links_dir = place.join("links");
    let collection = escape_steps::collection(&inputs, &facts, &links_dir, program)?;
    let packages = typed.packages(config);
    let context = Context {
        inputs: &inputs,
        facts: &facts,
        packages: &packages,
        collection: &collection,
    };
    let mut steps = steps(&context, &executables, &baseline, place)?;
    let effect_dir = place.join("effect");
    let effect = passes::effect(&inputs, &facts, typed, &executables, &effect_dir)?;
    let effect_dir = (!effect.is_empty()).then_some(effect_dir);
    insert(effect, &mut steps);
    // Before anything is run, or printed for somebody to run.
    for step in &steps {
        step.invocation.reviewed()?;
    }
    Ok(TargetPlan {
        collection,
        executables,
        steps,
        release_dir: place.join("release"),
        baseline,
        effect_dir,
        stamps,
        links_dir,
        memory: Memory::of(config, &facts.toolchain.gocache, program),
        facts,
    })
}

/// Puts the steps of the profile's effect before those that collect escapes, which then find their packages compiled.
fn insert(effect: Vec<Step>, steps: &mut Vec<Step>) {
    let collects = |step: &Step| matches!(step.kind, StepKind::Captures | StepKind::Escape);
    let at = steps.iter().position(collects).unwrap_or(steps.len());
    steps.splice(at..at, effect);
}

/// What the steps of a target are drawn from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) inputs: &'a Inputs<'a>,
    pub(crate) facts: &'a Facts,
    pub(crate) packages: &'a [OsString],
    pub(crate) collection: &'a Collection,
}
