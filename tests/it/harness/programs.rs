//! Go programs built for any platform, each once per run of the tests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, OnceLock};

use super::toolchains::Toolchain;

/// Needs nothing but the runtime, and has what the parsers look for: types with and without names, methods, an
/// interface, a generic function, a closure, strings, a variable with a pointer to another.
pub const SMALL: &str = r#"package main

type shape interface {
	area() int
	Name() string
}

type square struct {
	side int
	tags map[string][]*square
}

func (it *square) area() int    { return it.side * it.side }
func (it *square) Name() string { return "a square of " + names[it.side] }

var names = []string{"none", "one", "two"}
var shapes = map[string]shape{"one": &square{side: 1}}

//go:noinline
func largest[T int | uint](all ...T) (found T) {
	for _, it := range all {
		found = max(found, it)
	}
	return found
}

func main() {
	defer func() { println(recover() != nil) }()
	for key, it := range shapes {
		println(key, it.Name(), largest(it.area(), 7), largest[uint](1, 2))
	}
	var any interface{} = struct{ shape }{shapes["one"]}
	println(any.(interface{ area() int }).area())
}
"#;

/// How a program is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Build {
    /// `linux/amd64`
    pub target: &'static str,
    /// Linker flags: `-s -w`
    pub ldflags: &'static str,
    /// `pie`, or empty for the platform's default.
    pub mode: &'static str,
    /// Whether with C code.
    pub cgo: bool,
}

impl Build {
    pub const fn new(target: &'static str, ldflags: &'static str) -> Self {
        let (mode, cgo) = ("", false);
        Self {
            target,
            ldflags,
            mode,
            cgo,
        }
    }

    pub const fn pie(target: &'static str, ldflags: &'static str) -> Self {
        Self {
            mode: "pie",
            ..Self::new(target, ldflags)
        }
    }
}

/// The directory of the module `example.com/small` with [`SMALL`].
fn module() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("go.mod"),
            "module example.com/small\n\ngo 1.21\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("main.go"), SMALL).unwrap();
        dir
    })
    .path()
}

/// [`SMALL`] by the `go` in PATH.
pub fn small(build: Build) -> Arc<Vec<u8>> {
    type Once = Arc<OnceLock<Arc<Vec<u8>>>>;
    static BUILT: Mutex<Option<HashMap<Build, Once>>> = Mutex::new(None);
    let once = {
        let mut all = BUILT.lock().unwrap();
        let all = all.get_or_insert_default();
        all.entry(build).or_default().clone()
    };
    let bytes = once.get_or_init(|| Arc::new(package(None, build, module(), ".").0));
    bytes.clone()
}

/// The bytes of a package built by a toolchain, and what go printed.
pub fn package(
    toolchain: Option<&Toolchain>,
    build: Build,
    directory: &Path,
    package: &str,
) -> (Vec<u8>, String) {
    let output = tempfile::tempdir().unwrap();
    let path = output.path().join("program");
    let mut args = vec!["build", "-trimpath", "-buildvcs=false", "-o"];
    args.push(path.to_str().unwrap());
    let ldflags = format!("-ldflags={}", build.ldflags);
    let mode = format!("-buildmode={}", build.mode);
    args.push(&ldflags);
    if !build.mode.is_empty() {
        args.push(&mode);
    }
    args.push(package);
    let done = go_with(toolchain, build.target, build.cgo, directory, &args);
    let printed = String::from_utf8(done.stderr).unwrap();
    (std::fs::read(&path).unwrap(), printed)
}

/// Runs a go command for a platform, without cgo, and expects it to succeed.
pub fn go(toolchain: Option<&Toolchain>, target: &str, directory: &Path, args: &[&str]) -> Output {
    go_with(toolchain, target, false, directory, args)
}

/// The same, with cgo or without.
pub fn go_with(
    toolchain: Option<&Toolchain>,
    target: &str,
    cgo: bool,
    directory: &Path,
    args: &[&str],
) -> Output {
    let (os, arch) = target.split_once('/').unwrap();
    let place = super::Place::empty();
    let mut command: Command = place.command(command_of(toolchain));
    command
        .args(args)
        .current_dir(directory)
        .envs([
            ("GOOS", os),
            ("GOARCH", arch),
            ("CGO_ENABLED", if cgo { "1" } else { "0" }),
        ])
        .envs([("GOFLAGS", ""), ("GOWORK", "off")]);
    let done = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "go {args:?} for {target}: {stderr}");
    done
}

fn command_of(toolchain: Option<&Toolchain>) -> PathBuf {
    match toolchain.and_then(|it| it.bin.as_ref()) {
        Some(bin) => bin.join("go"),
        None => PathBuf::from("go"),
    }
}

/// Mach-O executables in one universal file, as `lipo` writes it.
pub fn universal(parts: &[Arc<Vec<u8>>]) -> Vec<u8> {
    const ALIGNMENT: usize = 1 << 14;
    let mut header = vec![0xcafe_babe, parts.len() as u32];
    let mut bytes = vec![0; ALIGNMENT];
    for part in parts {
        let word = |at: usize| u32::from_le_bytes(*part[at..].first_chunk().unwrap());
        let (start, length) = (bytes.len() as u32, part.len() as u32);
        header.extend([word(4), word(8), start, length, 14]);
        bytes.extend(part.iter());
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    }
    for (index, value) in header.into_iter().enumerate() {
        bytes[4 * index..4 * index + 4].copy_from_slice(&value.to_be_bytes());
    }
    bytes
}
