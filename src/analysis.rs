//! Reads the built files, before they are published, with the readers of `binary`, `escape` and `profile`.

mod artifact;

pub mod asserted;

mod baseline_file;

mod dissected;

pub mod profile_effects;

pub mod frames;

pub mod guard;

pub mod own;

pub mod recall;

mod same;

use std::path::PathBuf;

use crate::binary::{
    Anatomy, Binary, Callers, LoadedDiff, Methods, ModuleBytes, Owners, PackageBytes,
};
use crate::build::Built;
use crate::error::Result;
use crate::lock;
use crate::order::Ordered;
use crate::plan::output::Executable;
use crate::plan::{Facts, Plan};
use crate::process::Interrupt;
use crate::profile::Health;
pub(crate) use artifact::{grown_frames, large_frames};
pub(crate) use asserted::Frames;
use frames::Frame;
use profile_effects::Effect;

/// One executable as it was built.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// Which target of the plan it belongs to.
    pub(crate) target: usize,
    /// Its name, main package and place.
    pub(crate) executable: Executable,
    /// Where it waits to be published.
    pub(crate) staged: PathBuf,
    /// SHA-256 in hex.
    pub(crate) sha256: String,
    /// Its sections and build information; `None` for an archive.
    pub(crate) binary: Option<Binary>,
    /// Whose its bytes are; `None` for an archive and where its layout is not known.
    pub(crate) sizes: Option<Sizes>,
    /// Functions with large stack frames, the largest first.
    pub(crate) large_frames: Vec<Frame>,
    /// What the profile did, where that was asked for and can be determined.
    pub(crate) effect: Option<Effect>,
    /// What the linker did with methods that nothing calls; `None` where no types could be read.
    pub(crate) methods: Option<Methods>,
    /// How much of the profile that was used fits it; `None` without one, and where no function can be determined.
    pub(crate) health: Option<Health>,
    /// Stack frames of the functions that assertions name.
    pub(crate) frames: Frames,
    /// Bytes in the file.
    pub(crate) size: u64,
    /// What it is compared with, or why with nothing.
    pub(crate) baseline: Result<Before, String>,
    /// What became of the values that the linker was to set in it.
    pub(crate) stamps: Vec<Stamped>,
    /// Who calls `runtime.GOMAXPROCS`.
    pub(crate) gomaxprocs: Callers,
}

/// A value of `-X`, looked for in the finished executable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Stamped {
    /// `main.version`
    pub(crate) name: String,
    /// Whether it is there.
    pub(crate) arrived: bool,
}

/// The name of what belongs to no package.
pub(crate) const UNOWNED: &str = "unowned";

impl Artifact {
    /// Whether go linked the package into it; `true` where the file does not say.
    pub(crate) fn holds(&self, package: &str) -> bool {
        let packages = self.sizes.as_ref().map(|sizes| &sizes.packages);
        packages.is_none_or(|packages| packages.iter().any(|it| it.path == package))
    }

    /// Its GODEBUG defaults.
    pub(crate) fn godebug(&self) -> impl Iterator<Item = (&str, &str)> {
        let info = self
            .binary
            .as_ref()
            .and_then(|binary| binary.build_info.as_ref());
        let text = info.and_then(|info| info.setting("DefaultGODEBUG"));
        let pairs = text.unwrap_or_default().split(',');
        pairs.filter_map(|pair| pair.split_once('='))
    }

    /// What the lock says of it when it is accepted as it is.
    pub(crate) fn entry(&self, facts: &Facts) -> lock::Executable {
        let owned = |name: &str, bytes: u64| (name.to_owned(), bytes);
        let roles = self.binary.iter().flat_map(Binary::roles);
        let roles = roles.filter(|role| role.file_size > 0);
        let cgo = facts
            .packages
            .iter()
            .filter(|package| !package.cgo_files.is_empty());
        let godebug = self.godebug();
        let own = self.large_frames.iter().filter(|frame| frame.is_own());
        let mut entry = lock::Executable {
            size: self.size,
            dead_code_elimination: self.methods.and_then(|methods| methods.elimination()),
            profile_health: self
                .health
                .as_ref()
                .map(|health| health.by_name.floor() as u8),
            cgo: cgo
                .filter(|package| self.holds(&package.import_path))
                .map(|package| package.import_path.clone())
                .ordered(),
            godebug: godebug
                .map(|godebug| (godebug.0.to_owned(), godebug.1.to_owned()))
                .ordered(),
            sections: roles
                .map(|role| owned(role.role.name(), role.file_size))
                .ordered(),
            frames: own
                .map(|frame| owned(&frame.function, frame.bytes))
                .ordered(),
            ..lock::Executable::default()
        };
        if let Some(sizes) = &self.sizes {
            let modules = sizes.modules.iter();
            entry.modules = modules
                .map(|module| owned(&module.path, module.bytes))
                .ordered();
            let rest = self.size.saturating_sub(entry.modules.values().sum());
            entry.modules.insert(UNOWNED.to_owned(), rest);
            entry.owners = Some(sizes.owners);
            let large = sizes
                .packages
                .iter()
                .filter(|package| package.bytes >= lock::FLOOR);
            entry.packages = large
                .map(|package| owned(&package.path, package.bytes))
                .ordered();
        }
        entry
    }
}

/// Bytes of an executable by owner, the largest first.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Sizes {
    /// By package.
    pub(crate) packages: Vec<PackageBytes>,
    /// By module.
    pub modules: Vec<ModuleBytes>,
    /// Machine code that is not Go's: no package has it.
    pub(crate) c_code: u64,
    /// What several packages use, of one module or of several.
    pub(crate) shared: u64,
    /// How it is known whose the data are.
    pub(crate) owners: Owners,
}

impl Sizes {
    /// `None` where no package could be determined.
    fn of(anatomy: &Anatomy<'_>) -> Option<Self> {
        (!anatomy.packages.is_empty()).then(|| Self {
            packages: anatomy.packages.clone(),
            modules: anatomy.modules(),
            c_code: anatomy.c_code(),
            shared: anatomy.shared_bytes(),
            owners: anatomy.owners,
        })
    }
}

/// The baseline of an executable.
#[derive(Debug)]
pub(crate) struct Before {
    /// `unstripped`, `symbols`, `plain` or `file`.
    pub(crate) kind: &'static str,
    /// Its sections.
    pub(crate) binary: Binary,
    /// Whose its bytes are.
    pub(crate) sizes: Option<Sizes>,
    /// What differs in the loaded sections, for a twin that differs only by `-s -w`.
    pub(crate) loaded: Option<LoadedDiff>,
}

/// Reads every staged executable of the plan.
///
/// Fails with [`Kind::Go`](crate::error::Kind::Go) when go said it built something that is not there or that is no executable.
pub(crate) fn analyze(
    plan: &Plan,
    built: &[Built],
    interrupt: &Interrupt,
) -> Result<Vec<Artifact>> {
    let mut artifacts = Vec::new();
    for (index, (target, built)) in plan.targets.iter().zip(built).enumerate() {
        for executable in &target.executables {
            interrupt.check()?;
            artifacts.push(match recall::recalled(target, built, executable) {
                Some(found) => {
                    artifact::again(index, (target, plan.guard), built, executable, found)
                }
                None => artifact::artifact(index, (target, plan.guard), built, executable)?,
            });
        }
    }
    Ok(artifacts)
}
