//! Every format and processor that Go writes, cross-compiled: the stripped file is read, its books close, its functions
//! are those of the twin's symbol table, and what has no owner is named. Then files that are none of it.

mod linkage;

mod refused;

mod symbols;

use std::collections::BTreeMap;

use gobuild_opt::binary::{self, Anatomy, Format, Kind, LayoutNote};

use crate::harness::Place;
use crate::harness::programs::{self, Build, SMALL};

/// A platform, and the least share of its loaded bytes that has a package, in thousandths, for a program of a megabyte:
/// the smaller a program, the more weighs what the format adds.
struct Row {
    build: Build,
    least: u64,
    /// Code of these processors is not searched for mentions of data: said, and less has an owner.
    searched: bool,
}

const fn row(target: &'static str, least: u64) -> Row {
    Row {
        build: Build::new(target, "-s -w"),
        least,
        searched: true,
    }
}

const fn pie(target: &'static str, least: u64) -> Row {
    Row {
        build: Build::pie(target, "-s -w"),
        ..row(target, least)
    }
}

const fn unsearched(target: &'static str, least: u64) -> Row {
    Row {
        searched: false,
        ..row(target, least)
    }
}

const ROWS: &[Row] = &[
    row("linux/amd64", 998),
    row("linux/arm64", 998),
    pie("linux/amd64", 990),
    pie("linux/arm64", 990),
    row("linux/386", 980),
    row("linux/arm", 980),
    row("linux/s390x", 980),
    row("linux/riscv64", 980),
    unsearched("linux/mips", 900),
    unsearched("linux/ppc64le", 900),
    row("windows/amd64", 990),
    row("darwin/arm64", 995),
    row("darwin/amd64", 995),
    row("js/wasm", 900),
    row("wasip1/wasm", 900),
];

/// The sums, from the smallest parts up.
fn check_books(found: &Anatomy<'_>, size: usize) {
    let packages: u64 = found.packages.iter().flat_map(|it| it.by_kind).sum();
    let unowned: u64 = found.unowned.iter().map(|it| it.bytes).sum();
    let outside = found.binary.headers + found.binary.padding;
    assert_eq!(
        packages + found.shared_bytes() + unowned + outside,
        size as u64
    );
    let sections: u64 = found.binary.sections.iter().map(|it| it.file_size).sum();
    assert_eq!(sections + outside, size as u64);
    assert!(found.unowned.iter().all(|it| !it.section.is_empty()));
}

/// Names as the symbol table and the line table both have them.
fn plain(name: &str) -> String {
    let before = name.split('[').next().unwrap_or_default();
    before.replace(".abi0", "").replace('·', ".")
}

/// Addresses and names on both sides; sizes where the format has them.
fn check_functions(found: &Anatomy<'_>, symbols: &BTreeMap<u64, (u64, String)>, target: &str) {
    for it in &found.functions {
        let name = found.name(it);
        let Some((size, expected)) = symbols.get(&it.address) else {
            panic!("{target}: `{name}` at {:#x} is no symbol", it.address);
        };
        assert_eq!(plain(&name), plain(expected), "{target}");
        let alignment = u64::from(it.size) - size;
        assert!(*size == 0 || alignment < 64, "{target}: {name}");
    }
    let ours: BTreeMap<u64, ()> = found.functions.iter().map(|it| (it.address, ())).collect();
    // In ELF the build ID is a note and yet a symbol.
    let missing: Vec<_> = symbols
        .iter()
        .filter(|(address, it)| !ours.contains_key(address) && it.1 != "go:buildid")
        .collect();
    assert!(missing.is_empty(), "{target}: {missing:?}");
}

fn check(row: &Row) {
    let target = row.build.target;
    let bytes = programs::small(row.build);
    let found = binary::anatomy(&bytes).unwrap();
    let expected: &[LayoutNote] = if row.searched {
        &[]
    } else {
        &[LayoutNote::NoReferences]
    };
    assert_eq!(found.notes, expected, "{target}");
    check_books(&found, bytes.len());
    let (os, arch) = target.split_once('/').unwrap();
    assert_eq!(found.binary.goos.as_deref(), Some(os));
    assert_eq!(found.binary.goarch.as_deref(), Some(arch));
    let main = found
        .packages
        .iter()
        .find(|it| it.path == "example.com/small");
    let main = main.unwrap_or_else(|| panic!("{target}: no main package"));
    let line = |name: &str| {
        let mut all = found.functions.iter();
        let it = all.find(|it| found.name(it) == name);
        it.unwrap_or_else(|| panic!("{target}: no {name}")).line
    };
    for (name, text) in [
        ("main.main", "func main()"),
        ("main.(*square).Name", ") Name()"),
    ] {
        let place = SMALL
            .lines()
            .position(|it| it.contains(text) && it.starts_with("func"));
        assert_eq!(line(name) as usize, place.unwrap() + 1, "{target}: {name}");
    }
    let kinds = [Kind::Code, Kind::Types, Kind::LineTables, Kind::Data];
    for kind in kinds {
        assert!(main.by_kind[kind as usize] > 0, "{target}: {kind:?}");
    }
    let twin = programs::small(Build {
        ldflags: "",
        ..row.build
    });
    match found.binary.format {
        Format::Wasm => {
            let names: Vec<String> = found
                .functions
                .iter()
                .map(|it| found.name(it).into())
                .collect();
            symbols::check_wasm(&twin, &names, target);
        }
        _ => check_functions(&found, &symbols::of(&twin), target),
    }
    let share = found.loaded.owned * 1000 / found.loaded.bytes;
    assert!(
        share >= row.least,
        "{target}: {share} of 1000, {:?}",
        found.unowned
    );
}

#[test]
fn every_platform_is_read() {
    // Two at a time: each link uses one processor.
    let failed = |half: usize| {
        let rows = ROWS.iter().skip(half).step_by(2);
        let failed = rows.filter(|row| std::panic::catch_unwind(|| check(row)).is_err());
        failed.map(|row| row.build).collect::<Vec<_>>()
    };
    let failed = std::thread::scope(|scope| {
        let other = scope.spawn(|| failed(1));
        [failed(0), other.join().unwrap()].concat()
    });
    assert!(failed.is_empty(), "{failed:?}");
}

/// A C function beside Go ones, linked by the system's linker.
#[test]
fn c_code_is_told_from_go_code() {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "1");
    place.write("go.mod", "module example.com/mixed\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\n/*\n#include <stdio.h>\n\
         static int __attribute__((noinline)) twice(int it) { printf(\"%d\\n\", it); return 2 * it; }\n\
         */\nimport \"C\"\n\nfunc main() { println(C.twice(21)) }\n",
    );
    for (name, flags) in [("full", ""), ("stripped", "-s -w")] {
        let flags = format!("-ldflags=-linkmode=external {flags}");
        place.tool("go", &["build", "-trimpath", "-o", name, &flags, "."]);
    }
    let (full, stripped) = (place.read("full"), place.read("stripped"));
    let found = binary::anatomy(&stripped).unwrap();
    assert_eq!(found.notes, []);
    check_books(&found, stripped.len());
    let symbols = symbols::of(&full);
    let (mut go, mut c) = (0, Vec::new());
    let ours: BTreeMap<u64, String> = found
        .functions
        .iter()
        .map(|it| (it.address, found.name(it).into_owned()))
        .collect();
    let (first, last) = (ours.keys().next().unwrap(), ours.keys().last().unwrap());
    for (address, (_, name)) in &symbols {
        match ours.get(address) {
            Some(it) => {
                assert_eq!(plain(it), plain(name));
                go += 1;
            }
            None if name == "go:buildid" => {}
            None => c.push((*address, name.as_str())),
        }
    }
    let nameless: Vec<&String> = ours
        .iter()
        .filter(|it| !symbols.contains_key(it.0))
        .map(|it| it.1)
        .collect();
    assert_eq!(go, found.functions.len(), "{nameless:?}");
    let names: Vec<&str> = c.iter().map(|it| it.1).collect();
    assert!(
        names.contains(&"twice") && names.contains(&"_start"),
        "{names:?}"
    );
    for (address, name) in &c {
        assert!(
            address < first || address > last,
            "{name} is within Go's code"
        );
    }
    let c_code = found
        .kinds
        .iter()
        .find(|it| it.kind == Kind::CCode)
        .unwrap();
    assert!((100..100_000).contains(&c_code.bytes), "{c_code:?}");

    let report = place.run("inspect --format json stripped").json();
    assert_eq!(report["cgo"]["linked"], true);
    assert_eq!(report["cgo"]["packages"][0], "example.com/mixed");
    assert_eq!(report["cgo"]["code"], c_code.bytes);
    let text = place.run("inspect stripped");
    assert!(text.stdout.contains("cgo"), "{}", text.shown());
}

/// Two processors in one file: each part is read as the file it was.
#[test]
fn parts_of_a_universal_file_are_files() {
    let targets = ["darwin/amd64", "darwin/arm64"];
    let parts = targets.map(|it| programs::small(Build::new(it, "-s -w")));
    let place = Place::empty();
    place.write("both", programs::universal(&parts));
    for (target, part) in targets.iter().zip(&parts) {
        place.write("one", &**part);
        let arch = target.split_once('/').unwrap().1;
        let of_both = place.run(&format!("inspect --format json --arch {arch} both"));
        let of_one = place.run("inspect --format json one").json();
        let mut of_both = of_both.json();
        of_both["file"]["path"] = "one".into();
        assert_eq!(of_both, of_one, "{target}");
    }
    let run = place.run("inspect both");
    assert_eq!(run.code(), 2);
    assert!(run.stderr.contains("amd64, arm64"), "{}", run.shown());
    let run = place.run("inspect --arch 386 both");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let run = place.run("compare --arch arm64 both one");
    assert_eq!(run.code(), 0, "{}", run.shown());
}
