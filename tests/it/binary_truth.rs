//! Anatomies of real programs against what the toolchain itself says: the symbol table, the list of packages that were
//! built, and the types and method tables that the linker kept.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gobuild_opt::binary;

/// Those of `GOBUILD_OPT_TOOLCHAINS`, separated as in PATH, else the one in PATH.
fn toolchains() -> Vec<PathBuf> {
    match std::env::var_os("GOBUILD_OPT_TOOLCHAINS") {
        Some(list) => std::env::split_paths(&list).collect(),
        None => vec![PathBuf::from("go")],
    }
}

fn go(go: &Path, args: &[&str]) -> Output {
    let done = Command::new(go)
        .args(args)
        .envs([("GOOS", "linux"), ("GOARCH", "amd64"), ("CGO_ENABLED", "0")])
        .envs([("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}: {stderr}", go.display());
    done
}

/// Builds gofmt, and gives back its bytes and what the linker printed.
fn build(command: &Path, dir: &Path, flags: &str) -> (Vec<u8>, String) {
    let output = dir.join("gofmt");
    let flags = format!("-ldflags={flags}");
    let path = output.to_str().unwrap();
    let args = ["build", "-trimpath", "-buildvcs=false", "-o", path, &flags];
    let done = go(command, &[&args[..], &["cmd/gofmt"]].concat());
    let printed = String::from_utf8(done.stderr).unwrap();
    (std::fs::read(&output).unwrap(), printed)
}

/// The types and the method tables among the symbols that `-dumpdep` names.
fn kept(printed: &str) -> [usize; 2] {
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for line in printed.lines() {
        for name in line.split(" -> ") {
            let name = name.split(" <").next().unwrap().trim();
            if name.starts_with("go:itab.") {
                found[1].insert(name);
            } else if name.starts_with("type:") && !name.starts_with("type:.") {
                found[0].insert(name);
            }
        }
    }
    found.map(|it| it.len())
}

/// The import path that a symbol's name begins with, the longest; without our reading of names.
fn package<'a>(name: &str, paths: &BTreeSet<&'a str>) -> Option<&'a str> {
    let name = name.replace("%2e", ".");
    let dots = name.match_indices('.').map(|it| it.0);
    let found = dots.filter_map(|it| paths.get(&name[..it]).copied());
    found.max_by_key(|it| it.len())
}

#[test]
fn packages_types_and_tables_are_those_of_the_toolchain() {
    for command in toolchains() {
        let dir = tempfile::tempdir().unwrap();
        let (full, _) = build(&command, dir.path(), "");
        let (stripped, printed) = build(&command, dir.path(), "-s -w -dumpdep");
        let anatomy = binary::anatomy(&stripped).unwrap();
        let listed = go(&command, &["list", "-deps", "cmd/gofmt"]).stdout;
        let listed = String::from_utf8(listed).unwrap();
        let mut paths: BTreeSet<&str> = listed.lines().collect();
        // What the command's package is called in symbols.
        paths.insert("main");
        check_packages(&full, &anatomy, &paths);
        let [types, itabs] = kept(&printed);
        assert_eq!(anatomy.itabs, itabs as u64, "{}", command.display());
        // Before Go 1.27 a few that nothing refers to cannot be told from what stands between types.
        let difference = anatomy.types.abs_diff(types as u64);
        assert!(
            difference <= 3,
            "{}: {} {types}",
            command.display(),
            anatomy.types
        );
    }
}

/// Functions one by one, their bytes to the alignment, their packages to 1 in 10,000 bytes.
fn check_packages(full: &[u8], anatomy: &binary::Anatomy<'_>, paths: &BTreeSet<&str>) {
    let elf = goblin::elf::Elf::parse(full).unwrap();
    let symbols: std::collections::BTreeMap<u64, (u64, &str)> = elf
        .syms
        .iter()
        .filter(|it| it.is_function() && it.st_size > 0)
        .map(|it| {
            (
                it.st_value,
                (it.st_size, elf.strtab.get_at(it.st_name).unwrap()),
            )
        })
        .filter(|it| it.1.1 != "go:buildid")
        .collect();
    assert_eq!(anatomy.functions.len(), symbols.len());
    let (mut all, mut known, mut agreed) = (0, 0, 0);
    for it in &anatomy.functions {
        let (size, name) = symbols[&it.address];
        assert!(
            u64::from(it.size) >= size && u64::from(it.size) < size + 64,
            "{name}"
        );
        all += size;
        let Some(expected) = package(name, paths) else {
            continue;
        };
        known += size;
        let ours = anatomy.package(it).map_or("", |it| it.path.as_str());
        let expected = if expected == "main" {
            "cmd/gofmt"
        } else {
            expected
        };
        agreed += if ours == expected { size } else { 0 };
    }
    assert!(known * 100 >= all * 95, "{known} of {all}");
    assert!(agreed * 10_000 >= known * 9_999, "{agreed} of {known}");
}
