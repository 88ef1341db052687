//! Profiles written by Go itself, and what Go makes of them: the oracle is the toolchain, never our own expectation.
//!
//! The released toolchains that all tests share take part, and the `go` in PATH; `GOBUILD_OPT_TOOLCHAINS` names a directory with
//! more of them, as `go1.N.P/go`.

// Helpers of tests are tests, too.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::harness::toolchains::{RELEASED, released};
use gobuild_opt::profile::fitness::Verdict;
use gobuild_opt::profile::{self, Fitness, Judgement, Kind, Profile, ReadError};

mod acceptance;

mod collecting;

mod fit;

mod hiding;

mod hostile;

mod merging;

mod reading;

mod slimming;

mod wire;

/// A Go toolchain.
struct Go {
    root: PathBuf,
    minor: u32,
}

impl Go {
    fn at(root: &Path) -> Option<Self> {
        let version = std::fs::read_to_string(root.join("VERSION")).ok()?;
        let minor = version.strip_prefix("go1.")?;
        let minor = minor.split(['.', '\n', 'r', 'b']).next()?.parse().ok()?;
        Some(Self {
            root: root.into(),
            minor,
        })
    }

    fn run(&self, directory: &Path, arguments: &[&str]) -> Output {
        Command::new(self.root.join("bin/go"))
            .args(arguments)
            .current_dir(directory)
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "")
            .env("GOWORK", "off")
            .output()
            .unwrap()
    }

    /// Output of `go tool preprofile`, or Go's complaint.
    fn preprofile(&self, file: &Path) -> Result<String, String> {
        let file = file.to_str().unwrap();
        let output = self.run(Path::new("."), &["tool", "preprofile", "-i", file]);
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn compiler_profile(&self) -> Vec<u8> {
        std::fs::read(self.root.join("src/cmd/compile/default.pgo")).unwrap()
    }
}

/// The toolchains at hand, oldest first: the one in PATH, the released ones that all tests share, and those of
/// `GOBUILD_OPT_TOOLCHAINS`.
fn toolchains() -> &'static [Go] {
    static FOUND: OnceLock<Vec<Go>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let released = RELEASED.iter().filter_map(|it| released(it)?.bin);
        let mut roots: Vec<PathBuf> = released
            .filter_map(|it| it.parent().map(Path::to_path_buf))
            .collect();
        roots.push(in_path().root);
        if let Some(directory) = std::env::var_os("GOBUILD_OPT_TOOLCHAINS") {
            let entries = std::fs::read_dir(directory).unwrap();
            roots.extend(entries.map(|it| it.unwrap().path().join("go")));
        }
        let mut found: Vec<_> = roots.iter().filter_map(|it| Go::at(it)).collect();
        found.sort_by_key(|it| it.minor);
        found
    })
}

/// The `go` in PATH: what it builds is in the build cache.
fn in_path() -> Go {
    let root = Command::new("go").args(["env", "GOROOT"]).output();
    let root = String::from_utf8(root.expect("a go in PATH").stdout).unwrap();
    Go::at(Path::new(root.trim())).expect("a released Go in PATH")
}

/// Those that have `go tool preprofile` (1.23 and later).
fn with_preprofile() -> impl Iterator<Item = &'static Go> {
    toolchains().iter().filter(|it| it.minor >= 23)
}

fn newest() -> &'static Go {
    toolchains().last().unwrap()
}

/// Profiles of every kind, written once by a small program built with the Go in PATH.
fn written() -> &'static Path {
    static WRITTEN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = WRITTEN.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/profiler");
        let target = directory.path().to_str().unwrap();
        let output = in_path().run(&source, &["run", ".", target]);
        assert!(output.status.success(), "{output:?}");
        directory
    });
    directory.path()
}

pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(written().join(name)).unwrap()
}

fn cpu() -> Profile {
    profile::read(&bytes("cpu.pprof")).unwrap()
}

#[test]
fn kinds_are_told_apart() {
    let kind = |name: &str| profile::read(&bytes(name)).unwrap().kind();
    assert_eq!(kind("cpu.pprof"), Kind::Cpu);
    assert_eq!(kind("heap.pprof"), Kind::Heap);
    assert_eq!(kind("allocs.pprof"), Kind::Heap);
    assert_eq!(kind("mutex.pprof"), Kind::Mutex);
    assert_eq!(kind("block.pprof"), Kind::Block);
    assert_eq!(kind("goroutine.pprof"), Kind::Goroutine);
    assert_eq!(kind("threadcreate.pprof"), Kind::Threadcreate);
}

#[test]
fn a_cpu_profile_tells_its_origin() {
    let profile = cpu();
    let origin = profile.origin();
    let age = profile
        .time()
        .unwrap()
        .duration_until(jiff::Timestamp::now());
    assert!(age.as_hours() < 1, "{age:?}");
    assert!(origin.duration_ms.unwrap() > 1000, "{origin:?}");
    assert!(origin.program.unwrap().contains("profiler"));
    let judgement = profile::judge(&bytes("cpu.pprof"));
    assert_eq!(judgement.fitness, Fitness::Usable);
    // 100 Hz: each sample stands for 10 ms.
    assert_eq!(judgement.total, judgement.samples.unwrap() * 10_000_000);
    assert!(judgement.samples.unwrap() > 20 && judgement.edges > 3);
}

#[test]
fn frames_are_leaf_first_and_name_inlined_calls() {
    let profile = cpu();
    let stacks: Vec<Vec<String>> = profile
        .raw()
        .sample
        .iter()
        .map(|it| {
            profile
                .frames(it)
                .map(|it| it.name().into_owned())
                .collect()
        })
        .collect();
    let under_work = stacks.iter().filter(|it| {
        let leaf = it.iter().position(|it| it == "main.leaf");
        let work = it.iter().position(|it| it == "main.work");
        matches!((leaf, work), (Some(leaf), Some(work)) if leaf < work)
    });
    assert!(under_work.count() > 0, "{stacks:?}");
    let mut frames = profile
        .raw()
        .sample
        .iter()
        .flat_map(|it| profile.frames(it));
    assert!(frames.any(|it| it.inlined && it.name == b"main.leaf" && it.start_line > 0));
}

#[test]
fn a_cut_file_is_an_error_at_every_length() {
    let whole = bytes("cpu.pprof");
    for length in 1..whole.len() {
        let error = profile::read(&whole[..length]).unwrap_err();
        let cut = matches!(error, ReadError::TruncatedGzip | ReadError::NotPprof { .. });
        assert!(cut, "{length}: {error}");
    }
}

/// `go tool pprof`, which is prebuilt up to Go 1.24.
fn pprof(options: &[&str], files: &[&Path]) -> Option<String> {
    let go = toolchains().iter().rfind(|it| it.minor <= 24)?;
    let mut arguments = vec!["tool", "pprof", "-symbolize=none"];
    arguments.extend(options);
    arguments.extend(files.iter().map(|it| it.to_str().unwrap()));
    let done = go.run(Path::new("."), &arguments);
    assert!(done.status.success(), "{done:?}");
    Some(String::from_utf8(done.stdout).unwrap())
}

#[test]
fn go_reads_the_same_from_what_we_write() {
    let directory = tempfile::tempdir().unwrap();
    let [theirs, ours] = ["theirs", "ours"].map(|it| directory.path().join(it));
    let kinds = [
        "cpu",
        "heap",
        "allocs",
        "mutex",
        "block",
        "goroutine",
        "threadcreate",
    ];
    let written = kinds.map(|it| bytes(&format!("{it}.pprof")));
    let compilers = toolchains().iter().map(Go::compiler_profile);
    for (at, bytes) in compilers.chain(written).enumerate() {
        let again = profile::encode(profile::read(&bytes).unwrap().raw());
        std::fs::write(&theirs, &bytes).unwrap();
        std::fs::write(&ours, &again).unwrap();
        let Some(expected) = pprof(&["-raw"], &[&theirs]) else {
            return crate::harness::skipped("no Go up to 1.24 with a prebuilt pprof");
        };
        assert!(expected.lines().count() > 10, "{at}: {expected}");
        assert!(
            expected == pprof(&["-raw"], &[&ours]).unwrap(),
            "profile {at}"
        );
    }
}

#[test]
fn tables_survive_writing_and_reading() {
    let kinds = [
        "cpu",
        "heap",
        "allocs",
        "mutex",
        "block",
        "goroutine",
        "threadcreate",
    ];
    let written = kinds.map(|it| bytes(&format!("{it}.pprof")));
    for bytes in toolchains().iter().map(Go::compiler_profile).chain(written) {
        let profile = profile::read(&bytes).unwrap();
        let again = profile::encode(profile.raw());
        assert!(profile::read(&again).unwrap().raw() == profile.raw());
    }
}
