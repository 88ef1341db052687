//! An executable as it was staged: read anew, or known from the run before.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::asserted::Frames;
use super::baseline_file;
use super::dissected::{Dissected, dissect_by};
use super::frames::{self, Frame};
use super::profile_effects::{self, Effect};
use super::recall::Recalled;
use super::{Artifact, Before, Sizes, Stamped};
use crate::binary::texts::{self, Found};
use crate::binary::{self, Binary, Callers, Mapped, Note};
use crate::build::Built;
use crate::error::{Error, Kind, Result};
use crate::number::hex;
use crate::plan::TargetPlan;
use crate::plan::output::{Executable, NO_READER};
use crate::plan::stamp::Stamp;

/// Reads an executable that go has just linked.
///
/// Fails with [`Kind::Go`] when it is not there, is no executable, or ends too early.
pub(super) fn artifact(
    index: usize,
    (target, guard): (&TargetPlan, bool),
    built: &Built,
    executable: &Executable,
) -> Result<Artifact> {
    let staged = target.release_dir.join(&executable.name);
    let refused = |error: Error| unusable(executable, &error);
    if !staged.exists() {
        return Err(refused(Error::new(Kind::Go, "it wrote no such file")));
    }
    let bytes = binary::open(&staged).map_err(refused)?;
    let (baseline, read) = read((target, guard), built, executable, &bytes).map_err(refused)?;
    if let Some(cut) = read.as_ref().and_then(|read| cut_off(&read.binary)) {
        return Err(refused(cut));
    }
    let (sizes, binary) = (
        read.as_ref().and_then(|read| read.sizes.as_ref()),
        read.as_ref().map(|read| &read.binary),
    );
    let stamps = binary.map(|binary| stamped(target, executable, sizes, &bytes, binary));
    let mut artifact = Artifact {
        target: index,
        executable: executable.clone(),
        sha256: match built.digests.get(&executable.name) {
            Some(known) => known.clone(),
            None => hex(&Sha256::digest(&bytes[..])),
        },
        size: bytes.len() as u64,
        effect: effect(target, built, executable, &bytes),
        frames: Frames::of(&built.asserted, &executable.package, &bytes),
        baseline,
        staged,
        stamps: stamps.unwrap_or_default(),
        binary: None,
        sizes: None,
        methods: None,
        gomaxprocs: Callers::Unknown,
        health: None,
        large_frames: Vec::new(),
    };
    if let Some(read) = read {
        artifact.binary = Some(read.binary);
        artifact.sizes = read.sizes;
        artifact.methods = read.methods;
        artifact.gomaxprocs = read.gomaxprocs;
        artifact.health = read.health;
        artifact.large_frames = read.large_frames;
    }
    Ok(artifact)
}

fn unusable(executable: &Executable, error: &Error) -> Error {
    let message = format!("go built no usable `{}`: {error}", executable.name);
    Error::new(Kind::Go, message)
        .hint("the outputs are as they were; build again, and check the disk when it happens again")
}

/// What it is compared with, and what was read of it; `None` for an archive and for a platform without a reader.
type Readings = (Result<Before, String>, Option<Dissected>);

fn read(
    (target, guard): (&TargetPlan, bool),
    built: &Built,
    executable: &Executable,
    bytes: &Mapped,
) -> Result<Readings> {
    if bytes.starts_with(b"!<arch>\n") {
        let why = "an archive has no sections of its own".to_owned();
        return Ok((Err(why), None));
    }
    let goos = target.facts.toolchain.goos.as_str();
    if NO_READER.contains(&goos) {
        return Ok((Err(format!("executables for {goos} cannot be read")), None));
    }
    let used = target.facts.pgo.applied(&executable.package);
    let calls = used.and_then(|profile| profile.calls.as_deref());
    let baseline = baseline_file::open(target, built, executable, bytes);
    let twin = baseline.as_ref().ok().and_then(|opened| opened.twin());
    let read = dissect_by(bytes, twin, calls, Some((&target.facts, guard)))?;
    bytes.forget();
    if let Ok(opened) = &baseline {
        opened.forget();
    }
    let before = baseline.and_then(|opened| opened.read(Some(&read)));
    Ok((before, Some(read)))
}

/// An executable that go found up to date: only what its bytes do not decide is looked at.
pub(super) fn again(
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

/// Only what can be determined: a package without functions may be linked or not, and memory that cannot be laid out hides all.
fn stamped(
    target: &TargetPlan,
    executable: &Executable,
    sizes: Option<&Sizes>,
    bytes: &[u8],
    binary: &Binary,
) -> Vec<Stamped> {
    let linked = |stamp: &&Stamp| match stamp.package.as_str() {
        "main" => stamp.packages.contains(&executable.package),
        path => {
            sizes.is_some_and(|sizes| sizes.packages.iter().any(|package| package.path == path))
        }
    };
    let stamps = target.stamps.iter().filter(|stamp| !stamp.value.is_empty());
    let look = |stamp: &Stamp| {
        let arrived = match texts::find(bytes, binary, stamp.value.as_bytes()) {
            Found::Referenced | Found::Present => true,
            Found::Absent => false,
            Found::Unknown => return None,
        };
        let name = format!("{}.{}", stamp.package, stamp.name);
        Some(Stamped { name, arrived })
    };
    stamps.filter(linked).filter_map(look).collect()
}

/// The program linked from what was compiled without the profile, where that was asked for.
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
    profile_effects::effect(bytes, &without, used.calls.as_deref()?)
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
    let calls = used.and_then(|used| used.calls.as_deref());
    frames::frames(bytes, &anatomy, calls, &target.facts, guard)
}

/// A disk that was full, or a go that was killed, leaves the first part of a file.
fn cut_off(binary: &Binary) -> Option<Error> {
    let outside = |note: &&Note| matches!(note, Note::OutOfFile { .. });
    let note = binary.notes.iter().find(outside)?;
    Some(Error::new(Kind::Machine, note.to_string()))
}
