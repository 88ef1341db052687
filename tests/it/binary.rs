//! Real Go programs, read back: figures against other tools, and twins with and without symbols.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gobuild_opt::binary::{self, Format, Origin, Role};

const MAIN: &str =
    "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"hi\\n\") }\n";

/// A directory with one small main package, made once for all tests.
fn program() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("go.mod"),
            "module example.com/tiny\n\ngo 1.21\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("main.go"), MAIN).unwrap();
        dir
    })
    .path()
}

/// Builds the program for `os/arch`; `flags` are linker flags.
fn build(target: &str, flags: &str) -> PathBuf {
    let (os, arch) = target.split_once('/').unwrap();
    let output = program().join(format!("{os}-{arch}-{}", flags.replace(' ', "")));
    let done = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&output)
        .arg(format!("-ldflags={flags}"))
        .arg(".")
        .current_dir(program())
        .envs([("GOOS", os), ("GOARCH", arch), ("CGO_ENABLED", "0")])
        .envs([("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    output
}

/// What holds for every target; returns the stripped twin's comparison with the full one.
fn check(target: &str, format: Format) -> binary::LoadedDiff {
    let (os, arch) = target.split_once('/').unwrap();
    let paths = [build(target, ""), build(target, "-s -w")];
    let [full, stripped] = paths.each_ref().map(|it| binary::open(it).unwrap());
    for (bytes, path, is_stripped) in [(&full, &paths[0], false), (&stripped, &paths[1], true)] {
        let read = binary::read(bytes).unwrap();
        assert_eq!(read.format, format);
        assert_eq!(read.goos.as_deref(), Some(os));
        assert_eq!(read.goarch.as_deref(), Some(arch));
        assert_eq!(read.stripped(), is_stripped, "{target}");
        assert_eq!(read.notes, []);
        let sum: u64 = read.sections.iter().map(|it| it.file_size).sum();
        let on_disk = std::fs::metadata(path).unwrap().len();
        assert_eq!(read.headers + read.padding + sum, on_disk);
        let info = read.build_info.unwrap();
        assert_eq!(info.path, "example.com/tiny");
        assert_eq!(info.setting("GOARCH"), Some(arch));
        let printed = Command::new("go")
            .args(["tool", "buildid"])
            .arg(path)
            .output()
            .unwrap();
        let expected = String::from_utf8(printed.stdout).unwrap();
        assert_eq!(read.build_id.as_deref(), Some(expected.trim_end()));
    }
    check_anatomy(&stripped, target);
    binary::compare_loaded(&full, &stripped).unwrap()
}

/// Nothing unknown about the layout, and most of what is loaded has an owner; a tiny program is the hardest, for what the
/// file format adds weighs most in it. In wasm every stretch of data has a header of its own.
fn check_anatomy(stripped: &[u8], target: &str) {
    let found = binary::anatomy(stripped).unwrap();
    assert_eq!(found.notes, [], "{target}");
    assert!(
        found.types.len() > 100 && !found.itabs.is_empty(),
        "{target}: {} {}",
        found.types.len(),
        found.itabs.len()
    );
    let main = found
        .packages
        .iter()
        .find(|it| it.path == "example.com/tiny")
        .unwrap();
    assert_eq!(
        (main.module.as_deref(), main.origin),
        (Some("example.com/tiny"), Origin::Main)
    );
    let named = found
        .functions
        .iter()
        .find(|it| found.name(it) == "main.main")
        .unwrap();
    assert_eq!(found.package(named), Some(main));
    assert_eq!(found.paid_by(named), Some(main));
    assert_eq!(named.line, 5);
    let share = found.loaded.owned as f64 / found.loaded.bytes as f64;
    let least = if target == "js/wasm" { 0.9 } else { 0.995 };
    assert!(share >= least, "{target}: {share}");
}

#[test]
fn elf_is_read_as_readelf_reads_it() {
    let diff = check("linux/amd64", Format::Elf);
    assert!(diff.identical, "{diff:#?}");
    let names: Vec<&str> = diff.sections.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&".note.go.buildid"), "{names:?}");
    compare_with_readelf(&build("linux/amd64", ""));
}

/// Name, address, offset and size of each section; skipped where readelf is not installed.
fn compare_with_readelf(path: &Path) {
    let Ok(printed) = Command::new("readelf").arg("-SW").arg(path).output() else {
        return crate::harness::skipped("there is no readelf to compare with");
    };
    let text = String::from_utf8(printed.stdout).unwrap();
    let rows = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('[')?.split_once(']'));
    let expected: Vec<(String, u64, u64, u64)> = rows
        .filter(|(number, _)| number.trim().parse::<u32>().is_ok_and(|it| it > 0))
        .map(|(_, row)| {
            let columns: Vec<&str> = row.split_whitespace().collect();
            let hex = |index: usize| u64::from_str_radix(columns[index], 16).unwrap();
            let in_file = if columns[1] == "NOBITS" { 0 } else { hex(4) };
            (columns[0].to_owned(), hex(2), hex(3), in_file)
        })
        .collect();
    let bytes = binary::open(path).unwrap();
    let read = binary::read(&bytes).unwrap();
    let ours: Vec<(String, u64, u64, u64)> = read
        .sections
        .iter()
        .map(|it| (it.name.clone(), it.address, it.offset, it.file_size))
        .collect();
    assert_eq!(ours, expected);
    assert!(read.roles()[Role::Bss as usize].memory_size > 0);
    assert_eq!(read.roles()[Role::Bss as usize].file_size, 0);
}

#[test]
fn pe_is_read() {
    let diff = check("windows/amd64", Format::Pe);
    // Debug sections stand before the import table, which moves up when they go.
    assert!(diff.explained && !diff.identical, "{diff:#?}");
    assert!(diff.compared > 500_000, "{diff:#?}");
}

#[test]
fn macho_is_read() {
    let diff = check("darwin/arm64", Format::MachO);
    assert!(diff.identical, "{diff:#?}");
}

#[test]
fn wasm_is_read() {
    let diff = check("js/wasm", Format::Wasm);
    assert!(diff.identical, "{diff:#?}");
}
