//! Anatomies of stripped programs against what the toolchain itself says of them: the symbol table and the debug
//! information of the twin, the list of packages that were built, and the types and method tables that the linker kept.
//!
//! gofmt and cmd/go of seven toolchains, and a program with hundreds of packages of others. `cargo test --test it binary_truth
//! -- --nocapture` prints the figures; `GOBUILD_OPT_LARGE=path@version` names another program.

#![allow(clippy::unwrap_used)]

mod debug_info;

mod spelling;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use gobuild_opt::binary::{self, Anatomy};

use crate::harness::programs::{self, Build};
use crate::harness::toolchains::{self, Toolchain};
use spelling::{Program, plain};

const TARGET: &str = "linux/amd64";

/// A program with everything about it, and the same as it ships.
struct Twins {
    name: String,
    full: Vec<u8>,
    stripped: Vec<u8>,
    /// What `-dumpdep` printed.
    kept: String,
    /// Import paths.
    packages: Vec<String>,
    /// The path of the main package.
    main: String,
    minor: u32,
}

fn build(toolchain: &Toolchain, directory: &Path, package: &str) -> Twins {
    let twin = |flags| {
        let build = Build::new(TARGET, flags);
        programs::package(Some(toolchain), build, directory, package)
    };
    let (full, _) = twin("-compressdwarf=false");
    let (stripped, kept) = twin("-s -w -dumpdep");
    let list = |args: &[&str]| {
        let done = programs::go(Some(toolchain), TARGET, directory, args);
        let text = String::from_utf8(done.stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    Twins {
        name: format!("{package} of Go 1.{}", toolchain.minor.1),
        full,
        stripped,
        kept,
        packages: list(&["list", "-deps", package]),
        main: list(&["list", package]).remove(0),
        minor: toolchain.minor.1,
    }
}

/// Every claim about one program; prints its figures.
fn check(twins: &Twins) {
    let anatomy = binary::anatomy(&twins.stripped).unwrap();
    let name = &twins.name;
    assert_eq!(anatomy.notes, [], "{name}");
    let functions = check_functions(twins, &anatomy);
    let by_name = check_packages(twins, &anatomy);
    let by_unit = check_units(twins, &anatomy);
    let (types, itabs) = check_types(twins, &anatomy);
    let share = anatomy.loaded.owned as f64 / anatomy.loaded.bytes as f64;
    // A variable that the linker's order takes from its seeming owner, and that fits several, is nobody's.
    assert!(share >= 0.995, "{name}: {share}");
    let line = format!(
        "{name}: {} packages; {functions} functions as in the symbol table; of their bytes {:.4} % have the package of \
         their name, {:.4} % that of their compile unit; {types} types and {itabs} method tables as the linker kept \
         them; {:.2} % of {} loaded bytes have a package\n",
        anatomy.packages.len(),
        by_name * 100.0,
        by_unit * 100.0,
        share * 100.0,
        anatomy.loaded.bytes
    );
    let _ = std::io::stdout().write_all(line.as_bytes());
}

/// The functions of a symbol table: address, size, name.
fn symbols(bytes: &[u8]) -> BTreeMap<u64, (u64, String)> {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let functions = elf
        .syms
        .iter()
        .filter(|it| it.is_function() && it.st_size > 0);
    functions
        .map(|it| {
            let name = elf.strtab.get_at(it.st_name).unwrap();
            (it.st_value, (it.st_size, name.to_owned()))
        })
        .filter(|it| it.1.1 != "go:buildid")
        .collect()
}

/// Every function of the symbol table and no other; sizes to the alignment.
fn check_functions(twins: &Twins, anatomy: &Anatomy<'_>) -> usize {
    let expected = symbols(&twins.full);
    assert_eq!(anatomy.functions.len(), expected.len(), "{}", twins.name);
    for (ours, (address, (size, name))) in anatomy.functions.iter().zip(&expected) {
        // Only the symbol table tells the two calling conventions apart, and the line table shortens lists of types.
        let plain = |it: &str| {
            let before = it.split('[').next().unwrap();
            before.replace(".abi0", "").replace('·', ".")
        };
        assert_eq!(ours.address, *address, "{}: {name}", twins.name);
        let alignment = u64::from(ours.size) - size;
        assert!(alignment < 64, "{name}: {} against {size}", ours.size);
        assert_eq!(plain(&anatomy.name(ours)), plain(name), "{}", twins.name);
    }
    expected.len()
}

/// The import path that a symbol's name begins with, the longest; without our reading of names.
fn package<'a>(name: &str, paths: &BTreeSet<&'a str>) -> Option<&'a str> {
    let name = name.replace("%2e", ".");
    let end = name.find(['[', '(']).unwrap_or(name.len());
    let dots = name[..end].match_indices('.').map(|it| it.0);
    let found = dots.filter_map(|it| paths.get(&name[..it]).copied());
    found.max_by_key(|it| it.len())
}

/// Each function whose name says it has the package of its name; gives back the share of bytes.
fn check_packages(twins: &Twins, anatomy: &Anatomy<'_>) -> f64 {
    let mut paths: BTreeSet<&str> = twins.packages.iter().map(String::as_str).collect();
    // What the main package is called in symbols.
    paths.insert("main");
    let symbols = symbols(&twins.full);
    let (mut all, mut known, mut agreed) = (0, 0, 0);
    for it in &anatomy.functions {
        let (size, name) = &symbols[&it.address];
        all += size;
        let Some(expected) = package(name, &paths) else {
            continue;
        };
        known += size;
        let expected = if expected == "main" {
            twins.main.as_str()
        } else {
            expected
        };
        let ours = anatomy.package(it).map_or("", |it| it.path.as_str());
        agreed += if ours == expected { *size } else { 0 };
    }
    assert!(known * 100 >= all * 95, "{}: {known} of {all}", twins.name);
    assert!(
        agreed * 10_000 >= known * 9_999,
        "{}: {agreed} of {known}",
        twins.name
    );
    agreed as f64 / known as f64
}

/// Each function was compiled for the package whose compile unit has it; gives back the share of bytes.
fn check_units(twins: &Twins, anatomy: &Anatomy<'_>) -> f64 {
    let units = debug_info::units(&twins.full);
    let (mut all, mut agreed) = (0, 0);
    let mut wrong = BTreeMap::new();
    for it in &anatomy.functions {
        let Some(expected) = units.get(&it.address) else {
            continue;
        };
        let expected = if expected == "main" {
            twins.main.as_str()
        } else {
            expected
        };
        let size = u64::from(it.size);
        all += size;
        let ours = anatomy.paid_by(it).map_or("", |it| it.path.as_str());
        if ours == expected {
            agreed += size;
        } else {
            *wrong.entry((ours, expected)).or_insert(0) += size;
        }
    }
    let total: u64 = anatomy.functions.iter().map(|it| u64::from(it.size)).sum();
    assert!(all * 100 >= total * 97, "{}: {all} of {total}", twins.name);
    assert!(
        agreed * 10_000 >= all * 9_995,
        "{}: {agreed} of {all}: {wrong:?}",
        twins.name
    );
    agreed as f64 / all as f64
}

/// The types and the method tables among the symbols that `-dumpdep` names.
fn kept(printed: &str) -> [BTreeSet<String>; 2] {
    const FLAGS: [&str; 3] = [" <UsedInIface>", " <ReflectMethod>", " <GenericMethod>"];
    let mut found = [BTreeSet::new(), BTreeSet::new()];
    for line in printed.lines() {
        for name in line.split(" -> ") {
            let mut name = name;
            for _ in FLAGS {
                for flag in FLAGS {
                    name = name.strip_suffix(flag).unwrap_or(name);
                }
            }
            if let Some(name) = name.strip_prefix("go:itab.") {
                found[1].insert(plain(name));
            } else if let Some(name) = name.strip_prefix("type:").filter(|it| !it.starts_with('.'))
            {
                found[0].insert(plain(name));
            }
        }
    }
    found
}

/// The same names on both sides, none more and none fewer.
fn check_types(twins: &Twins, anatomy: &Anatomy<'_>) -> (usize, usize) {
    let [types, itabs] = kept(&twins.kept);
    let program = Program::new(&twins.stripped, twins.minor);
    let ours: BTreeSet<String> = anatomy
        .types
        .iter()
        .map(|it| plain(&program.spelled(*it)))
        .collect();
    same(&twins.name, &ours, &types);
    let ours = anatomy.itabs.iter().map(|it| plain(&program.itab(*it)));
    same(&twins.name, &ours.collect(), &itabs);
    (types.len(), itabs.len())
}

fn same(name: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) {
    let more: Vec<&String> = ours.difference(theirs).take(40).collect();
    let fewer: Vec<&String> = theirs.difference(ours).take(40).collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{name}: {} and {}\nonly ours: {more:#?}\nonly the linker's: {fewer:#?}",
        ours.len(),
        theirs.len()
    );
}

fn on(version: &str, package: &str) {
    let toolchain = match version {
        "PATH" => Some(toolchains::in_path()),
        version => toolchains::released(version),
    };
    if let Some(toolchain) = toolchain {
        check(&build(&toolchain, &std::env::temp_dir(), package));
    }
}

#[test]
fn gofmt_is_read_as_the_toolchain_wrote_it() {
    on("PATH", "cmd/gofmt");
}

#[test]
fn every_version_is_read_as_the_toolchain_wrote_it() {
    let mut all = [toolchains::RELEASED, toolchains::BETWEEN].concat();
    all.sort_unstable();
    for version in all {
        on(version, "cmd/gofmt");
        on(version, "cmd/go");
    }
}

#[test]
fn a_large_program_is_read_as_the_toolchain_wrote_it() {
    let named = std::env::var("GOBUILD_OPT_LARGE");
    let named = named.unwrap_or_else(|_| "github.com/go-task/task/v3/cmd/task@v3.45.4".into());
    let package = named.split('@').next().unwrap();
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("go.mod"), "module large\n").unwrap();
    programs::go(None, TARGET, directory.path(), &["get", &named]);
    let twins = build(&toolchains::in_path(), directory.path(), package);
    assert!(
        twins.packages.len() > 400,
        "{named}: {}",
        twins.packages.len()
    );
    check(&twins);
}
