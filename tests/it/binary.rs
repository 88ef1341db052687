//! Real Go programs, read back: figures against other tools, and twins with and without symbols.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

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
        return;
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

/// The `go` commands to test with: those of `GOBUILD_OPT_TOOLCHAINS`, separated as in PATH, else the one in PATH.
fn toolchains() -> Vec<PathBuf> {
    match std::env::var_os("GOBUILD_OPT_TOOLCHAINS") {
        Some(list) => std::env::split_paths(&list).collect(),
        None => vec![PathBuf::from("go")],
    }
}

/// Builds `package` with a certain `go`.
fn build_with(go: &Path, package: &str, flags: &str) -> Vec<u8> {
    let output = program().join("other");
    let done = Command::new(go)
        .args(["build", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&output)
        .arg(format!("-ldflags={flags}"))
        .arg(package)
        .current_dir(program())
        .envs([("GOOS", "linux"), ("GOARCH", "amd64"), ("CGO_ENABLED", "0")])
        .envs([("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    std::fs::read(output).unwrap()
}

/// The functions of the symbol table: address, size, name.
fn symbols(bytes: &[u8]) -> Vec<(u64, u64, String)> {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let functions = elf
        .syms
        .iter()
        .filter(|it| it.is_function() && it.st_size > 0);
    let mut found: Vec<(u64, u64, String)> = functions
        .map(|it| {
            (
                it.st_value,
                it.st_size,
                elf.strtab.get_at(it.st_name).unwrap().to_owned(),
            )
        })
        .filter(|it| it.2 != "go:buildid")
        .collect();
    found.sort();
    found.dedup_by_key(|it| it.0);
    found
}

#[test]
fn the_functions_of_a_stripped_file_are_those_of_the_symbol_table() {
    let several = std::env::var_os("GOBUILD_OPT_TOOLCHAINS").is_some();
    let package = if several { "cmd/gofmt" } else { "." };
    for go in toolchains() {
        let full = build_with(&go, package, "");
        let stripped = build_with(&go, package, "-s -w");
        let anatomy = binary::anatomy(&stripped).unwrap();
        assert_eq!(anatomy.notes, [], "{}", go.display());
        let expected = symbols(&full);
        assert_eq!(anatomy.functions.len(), expected.len(), "{}", go.display());
        for (ours, (address, size, name)) in anatomy.functions.iter().zip(&expected) {
            // Only the symbol table tells the two calling conventions apart, and it shortens lists of types.
            let plain = |it: &str| {
                it.split('[')
                    .next()
                    .unwrap()
                    .replace(".abi0", "")
                    .replace('·', ".")
            };
            let ours_name = anatomy.name(ours);
            assert_eq!(ours.address, *address, "{name} {ours_name}");
            let alignment = u64::from(ours.size) - size;
            assert!(alignment < 64, "{name}: {} against {size}", ours.size);
            assert_eq!(plain(&ours_name), plain(name));
        }
        let share = anatomy.loaded.owned as f64 / anatomy.loaded.bytes as f64;
        assert!(share > 0.995, "{share}");
    }
}

/// The sums of an anatomy equal the file, whatever the file.
fn check_sums(bytes: &[u8]) {
    let Ok(found) = binary::anatomy(bytes) else {
        return;
    };
    let length = bytes.len() as u64;
    assert_eq!(found.kinds.iter().map(|it| it.bytes).sum::<u64>(), length);
    let packages: u64 = found.packages.iter().map(|it| it.bytes).sum();
    let unowned: u64 = found.unowned.iter().map(|it| it.bytes).sum();
    assert_eq!(
        packages + unowned + found.binary.headers + found.binary.padding,
        length
    );
    let modules: u64 = found.modules().iter().map(|it| it.bytes).sum();
    assert_eq!(modules, packages);
    for it in &found.packages {
        assert_eq!(it.by_kind.iter().sum::<u64>(), it.bytes);
    }
}

/// Changes some bytes: more often near the beginning, where headers are, and to numbers that are edges.
fn mutate(bytes: &mut Vec<u8>, random: &mut impl FnMut(usize) -> usize) {
    for _ in 0..1 + random(5) {
        let reach = [512, 4096, bytes.len()][random(3)].min(bytes.len());
        let at = random(reach.max(1)) & !3;
        let edge = [
            0,
            1,
            u32::MAX,
            0x7fff_ffff,
            bytes.len() as u32,
            random(usize::MAX) as u32,
        ][random(6)];
        if let Some(word) = bytes.get_mut(at..at + 4) {
            word.copy_from_slice(&edge.to_le_bytes());
        }
    }
    if random(20) == 0 {
        bytes.truncate(random(bytes.len()));
    }
}

/// `GOBUILD_OPT_MUTATIONS` says how many per format; a few hundred thousand take an hour.
#[test]
fn damaged_files_are_read_or_refused() {
    let count = std::env::var("GOBUILD_OPT_MUTATIONS").map_or(25, |it| it.parse().unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit.max(1) as u64) as usize
    };
    for target in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"] {
        let whole = std::fs::read(build(target, "-s -w")).unwrap();
        check_sums(&whole);
        for _ in 0..count {
            let mut bytes = whole.clone();
            mutate(&mut bytes, &mut random);
            let start = Instant::now();
            check_sums(&bytes);
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{target}: a hang"
            );
        }
    }
}
