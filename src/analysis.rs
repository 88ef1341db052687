//! Staged files in, what they say out: calls the readers and adds nothing.

pub mod asserted;

mod baseline;

pub mod effect;

pub mod frames;

pub mod guard;

pub mod own;

pub mod recall;

mod same;

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::binary::texts::{self, Found};
use crate::binary::{
    self, Anatomy, Binary, Callers, LoadedDiff, Mapped, Methods, ModuleBytes, Note, Owners,
    PackageBytes, Request,
};
use crate::build::Built;
use crate::error::{Error, Kind, Result};
use crate::lock;
use crate::order::Ordered;
use crate::plan::output::{Executable, NO_READER};
use crate::plan::pgo::hex;
use crate::plan::stamp::Stamp;
use crate::plan::{Facts, Plan, TargetPlan};
use crate::process::Interrupt;
use crate::profile::{self, Calls, Edges, Health, Program};
pub(crate) use asserted::Frames;
use effect::Effect;
use frames::Frame;
use recall::Recalled;

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
    /// What the profile did, where that was asked for and can be told.
    pub(crate) effect: Option<Effect>,
    /// What the linker did with methods that nothing calls; `None` where no types could be read.
    pub(crate) methods: Option<Methods>,
    /// How much of the profile that was used fits it; `None` without one, and where no function can be told.
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
    /// Whether go linked the package into it; `true` where the file does not tell.
    pub(crate) fn holds(&self, package: &str) -> bool {
        let packages = self.sizes.as_ref().map(|it| &it.packages);
        packages.is_none_or(|it| it.iter().any(|it| it.path == package))
    }

    /// Its GODEBUG defaults.
    pub(crate) fn godebug(&self) -> impl Iterator<Item = (&str, &str)> {
        let info = self.binary.as_ref().and_then(|it| it.build_info.as_ref());
        let text = info.and_then(|it| it.setting("DefaultGODEBUG"));
        let pairs = text.unwrap_or_default().split(',');
        pairs.filter_map(|it| it.split_once('='))
    }

    /// What the lock says of it when it is accepted as it is.
    pub(crate) fn entry(&self, facts: &Facts) -> lock::Executable {
        let owned = |name: &str, bytes: u64| (name.to_owned(), bytes);
        let roles = self.binary.iter().flat_map(Binary::roles);
        let roles = roles.filter(|it| it.file_size > 0);
        let cgo = facts.packages.iter().filter(|it| !it.cgo_files.is_empty());
        let godebug = self.godebug();
        let own = self.large_frames.iter().filter(|it| it.is_own());
        let mut entry = lock::Executable {
            size: self.size,
            dead_code_elimination: self.methods.and_then(|it| it.elimination()),
            profile_health: self.health.as_ref().map(|it| it.by_name.floor() as u8),
            cgo: cgo
                .filter(|it| self.holds(&it.import_path))
                .map(|it| it.import_path.clone())
                .ordered(),
            godebug: godebug
                .map(|it| (it.0.to_owned(), it.1.to_owned()))
                .ordered(),
            sections: roles
                .map(|it| owned(it.role.name(), it.file_size))
                .ordered(),
            frames: own.map(|it| owned(&it.function, it.bytes)).ordered(),
            ..lock::Executable::default()
        };
        if let Some(sizes) = &self.sizes {
            let modules = sizes.modules.iter();
            entry.modules = modules.map(|it| owned(&it.path, it.bytes)).ordered();
            let rest = self.size.saturating_sub(entry.modules.values().sum());
            entry.modules.insert(UNOWNED.to_owned(), rest);
            entry.owners = Some(sizes.owners);
            let large = sizes.packages.iter().filter(|it| it.bytes >= lock::FLOOR);
            entry.packages = large.map(|it| owned(&it.path, it.bytes)).ordered();
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
    /// `None` where no package could be told.
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
    /// `unstripped`, `plain` or `file`.
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
/// Fails with [`Kind::Go`] when go said it built something that is not there or that is no executable.
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
                Some(found) => again(index, (target, plan.guard), built, executable, found),
                None => artifact(index, (target, plan.guard), built, executable)?,
            });
        }
    }
    Ok(artifacts)
}

fn artifact(
    index: usize,
    (target, guard): (&TargetPlan, bool),
    built: &Built,
    executable: &Executable,
) -> Result<Artifact> {
    let staged = target.release_dir.join(&executable.name);
    let refused = |error: Error| {
        Error::new(
            Kind::Go,
            format!("go built no usable `{}`: {error}", executable.name),
        )
        .hint("the outputs are as they were; build again, and check the disk when it happens again")
    };
    if !staged.exists() {
        return Err(refused(Error::new(Kind::Go, "it wrote no such file")));
    }
    let bytes = binary::open(&staged).map_err(refused)?;
    let is_archive = bytes.starts_with(b"!<arch>\n");
    let goos = target.facts.toolchain.goos.as_str();
    let used = target.facts.pgo.applied(&executable.package);
    let calls = used.and_then(|it| it.calls.as_deref());
    let (baseline, read) = if is_archive {
        (
            Err("an archive has no sections of its own".to_owned()),
            None,
        )
    } else if NO_READER.contains(&goos) {
        (Err(format!("executables for {goos} cannot be read")), None)
    } else {
        let packages = Some((&target.facts, guard));
        let baseline = baseline::open(target, built, executable, &bytes);
        let twin = baseline.as_ref().ok().and_then(|it| it.twin());
        let read = dissect_by(&bytes, twin, calls, packages).map_err(refused)?;
        bytes.forget();
        if let Ok(it) = &baseline {
            it.forget();
        }
        (baseline.and_then(|it| it.read(Some(&read))), Some(read))
    };
    if let Some(cut) = read.as_ref().and_then(|it| cut_off(&it.binary)) {
        return Err(refused(cut));
    }
    let (binary, sizes, methods, gomaxprocs, health, large_frames) = match read {
        Some(it) => (
            Some(it.binary),
            it.sizes,
            it.methods,
            it.gomaxprocs,
            it.health,
            it.large_frames,
        ),
        None => (None, None, None, Callers::Unknown, None, Vec::new()),
    };
    let stamps = binary
        .as_ref()
        .map(|it| stamped(target, executable, sizes.as_ref(), &bytes, it));
    Ok(Artifact {
        target: index,
        executable: executable.clone(),
        sha256: match built.digests.get(&executable.name) {
            Some(known) => known.clone(),
            None => hex(&Sha256::digest(&bytes[..])),
        },
        size: bytes.len() as u64,
        effect: effect(target, built, executable, &bytes),
        large_frames,
        frames: Frames::of(&built.asserted, &executable.package, &bytes),
        baseline,
        staged,
        binary,
        sizes,
        methods,
        health,
        stamps: stamps.unwrap_or_default(),
        gomaxprocs,
    })
}

/// An executable that go found up to date: only what its bytes do not decide is looked at.
fn again(
    index: usize,
    (target, guard): (&TargetPlan, bool),
    built: &Built,
    executable: &Executable,
    (known, sha256): (Recalled, String),
) -> Artifact {
    let staged = target.release_dir.join(&executable.name);
    let bytes = binary::open(&staged).ok();
    let bytes = bytes.as_deref().unwrap_or_default();
    Artifact {
        target: index,
        executable: executable.clone(),
        sha256,
        size: known.size,
        effect: None,
        // Which functions goroutines start in stands in the sources.
        large_frames: match guard {
            true => large_frames(target, executable, bytes, guard),
            false => known.large_frames,
        },
        frames: Frames::of(&built.asserted, &executable.package, bytes),
        baseline: Recalled::before(known.twin, &target.baseline),
        staged,
        binary: known.binary,
        sizes: known.sizes,
        methods: known.methods,
        health: known.health,
        stamps: known.stamps,
        gomaxprocs: known.gomaxprocs,
    }
}

/// Only what can be told: a package without functions may be linked or not, and memory that cannot be laid out hides all.
fn stamped(
    target: &TargetPlan,
    executable: &Executable,
    sizes: Option<&Sizes>,
    bytes: &[u8],
    binary: &Binary,
) -> Vec<Stamped> {
    let linked = |it: &&Stamp| match it.package.as_str() {
        "main" => it.packages.contains(&executable.package),
        path => sizes.is_some_and(|it| it.packages.iter().any(|it| it.path == path)),
    };
    let stamps = target.stamps.iter().filter(|it| !it.value.is_empty());
    let look = |it: &Stamp| {
        let arrived = match texts::find(bytes, binary, it.value.as_bytes()) {
            Found::Referenced | Found::Present => true,
            Found::Absent => false,
            Found::Unknown => return None,
        };
        let name = format!("{}.{}", it.package, it.name);
        Some(Stamped { name, arrived })
    };
    stamps.filter(linked).filter_map(look).collect()
}

/// The function whose callers say whether a program keeps to the container's limit.
const GOMAXPROCS: &str = "runtime.GOMAXPROCS";

/// What one pass over an executable gives.
struct Dissected {
    binary: Binary,
    sizes: Option<Sizes>,
    methods: Option<Methods>,
    gomaxprocs: Callers,
    health: Option<Health>,
    large_frames: Vec<Frame>,
}

/// Sections, owners, and how well the calls of a profile fit, where that can be told: a release does not fail for what
/// only the report wants.
/// `facts` are those of the build where large frames are wanted, and whether these have a budget.
fn dissect(
    bytes: &Mapped,
    calls: Option<&Edges>,
    facts: Option<(&Facts, bool)>,
) -> Result<Dissected> {
    let request = Request {
        callers_of: Some(GOMAXPROCS),
        ..Request::default()
    };
    match binary::anatomy_of(bytes, &request) {
        Ok(anatomy) => Ok(Dissected {
            sizes: Sizes::of(&anatomy),
            methods: anatomy.methods,
            gomaxprocs: anatomy.callers.clone(),
            health: calls.and_then(|it| health(it, &anatomy, bytes)),
            large_frames: facts.map_or(Vec::new(), |(facts, guard)| {
                frames::frames(bytes, &anatomy, calls, facts, guard)
            }),
            binary: anatomy.binary,
        }),
        Err(_) => Ok(Dissected {
            binary: binary::read(bytes)?,
            sizes: None,
            methods: None,
            gomaxprocs: binary::callers(bytes, GOMAXPROCS).unwrap_or_default(),
            health: None,
            large_frames: Vec::new(),
        }),
    }
}

/// The same for an executable whose twin has symbols: that names what the executable does not, and their loaded bytes are
/// equal.
fn dissect_by(
    bytes: &Mapped,
    twin: Option<&Mapped>,
    calls: Option<&Edges>,
    facts: Option<(&Facts, bool)>,
) -> Result<Dissected> {
    let found = dissect(twin.unwrap_or(bytes), calls, facts)?;
    Ok(match twin {
        Some(_) => Dissected {
            binary: binary::read(bytes)?,
            ..found
        },
        None => found,
    })
}

/// The same program, linked from what was compiled without the profile, where that was asked for.
fn without_profile(target: &TargetPlan, executable: &Executable) -> Option<binary::Mapped> {
    let directory = target.effect_dir.as_ref()?;
    binary::open(&directory.join(&executable.name)).ok()
}

/// Frames without the profile of functions whose frame is larger with it; `None` where that build is not there or cannot be
/// read.
pub(crate) fn grown_frames(
    target: &TargetPlan,
    executable: &Executable,
    bytes: &[u8],
) -> Option<BTreeMap<String, u64>> {
    let without = without_profile(target, executable)?;
    let (with, without) = (
        binary::anatomy(bytes).ok()?,
        binary::anatomy(&without).ok()?,
    );
    Some(frames::grown(&with, &without))
}

fn effect(
    target: &TargetPlan,
    built: &Built,
    executable: &Executable,
    bytes: &[u8],
) -> Option<Effect> {
    built.effect.as_ref()?;
    let without = without_profile(target, executable)?;
    let used = target.facts.pgo.applied(&executable.package)?;
    effect::effect(bytes, &without, used.calls.as_deref()?)
}

/// The large stack frames of an executable, staged or published; none for a file that cannot be read.
pub(crate) fn large_frames(
    target: &TargetPlan,
    executable: &Executable,
    bytes: &[u8],
    guard: bool,
) -> Vec<Frame> {
    let Ok(anatomy) = binary::anatomy(bytes) else {
        return Vec::new();
    };
    let used = target.facts.pgo.applied(&executable.package);
    let calls = used.and_then(|it| it.calls.as_deref());
    frames::frames(bytes, &anatomy, calls, &target.facts, guard)
}

/// Functions that the report names.
const VANISHED: usize = 10;

/// By lines too, as `profile show --binary` judges, where the calls of this architecture can be read.
fn health(edges: &Edges, anatomy: &Anatomy<'_>, bytes: &[u8]) -> Option<Health> {
    let calls = binary::calls(bytes).ok().flatten();
    let program = Program {
        functions: anatomy.function_names().collect(),
        calls: (calls.as_ref()).map_or(Calls::Unknown, |it| Calls::Lines(it.sites().collect())),
        ..Program::default()
    };
    (!program.functions.is_empty()).then(|| profile::health(edges, &program, VANISHED, |_| None))
}

/// A disk that was full, or a go that was killed, leaves the first part of a file.
fn cut_off(binary: &Binary) -> Option<Error> {
    let outside = |it: &&Note| matches!(it, Note::OutOfFile { .. });
    let note = binary.notes.iter().find(outside)?;
    Some(Error::new(Kind::Machine, note.to_string()))
}
