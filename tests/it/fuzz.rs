//! Damaged executables: every parser, with damage where it looks.
//!
//! An input is made from a small real program by changing numbers at their edges, rows, lengths and ends. For each the
//! parsers must give an anatomy whose sums equal the file, or one clear error: without a panic (one that is caught
//! counts, too), within 2 s of CPU time, and with no more memory at a time than 4 times the file.
//!
//! `GOBUILD_OPT_FUZZ=200000 cargo test --release --test it fuzz:: -- --nocapture` runs that many inputs, the same share
//! for each parser, and prints what it saw; by default it is a thousand. `GOBUILD_OPT_FUZZ_SEED` is the seed of the
//! run, which a failure names together with the file that it leaves for `inspect`.

pub mod memory;
mod mutate;
mod oracle;
pub mod random;
mod sites;

use std::io::Write;
use std::sync::Arc;

use crate::harness::programs::{self, Build, SMALL};
use crate::harness::toolchains;
use oracle::Seen;
use random::Random;
use sites::{File, Seed, Table};

/// How many parsers share the inputs of a run.
const TARGETS: u64 = 10;
const DEFAULT: u64 = 1000;
const DEFAULT_SEED: u64 = 0x60_b11d;

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |it| it.parse().expect(name))
}

type Judge = fn(&[u8], &Seed) -> Seen;

/// Runs the share of one parser.
fn run(target: &str, seeds: &[Seed], judge: Judge) {
    let count = setting("GOBUILD_OPT_FUZZ", DEFAULT).div_ceil(TARGETS);
    let start = setting("GOBUILD_OPT_FUZZ_SEED", DEFAULT_SEED);
    let mut total = oracle::Total::default();
    for seed in seeds {
        let case = format!("{target}: {} as it is", seed.name);
        total.add(&oracle::watched(&case, &seed.bytes, || {
            judge(&seed.bytes, seed)
        }));
    }
    for index in 0..count {
        let mut random = Random::of(start, target, index);
        let seed = random.pick(seeds);
        let bytes = mutate::mutated(seed, seeds, &mut random);
        let case = format!(
            "{target}: input {index} of seed {start}, from {}",
            seed.name
        );
        total.add(&oracle::watched(&case, &bytes, || judge(&bytes, seed)));
    }
    let line = format!("fuzz {target}: {total}\n");
    let _ = std::io::stdout().write_all(line.as_bytes());
}

fn seeds(builds: &[Build], find: fn(&File<'_>) -> Vec<Table>) -> Vec<Seed> {
    let seed = |it: &Build| Seed::new(format!("{it:?}"), &programs::small(*it), find);
    builds.iter().map(seed).collect()
}

/// The same program by the oldest and the newest toolchain, whose tables are laid out differently.
fn of_other_versions(find: fn(&File<'_>) -> Vec<Table>) -> Vec<Seed> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("main.go"), SMALL).unwrap();
    std::fs::write(directory.path().join("go.mod"), "module m\n\ngo 1.21\n").unwrap();
    let build = Build::new("linux/amd64", "-s -w");
    let seed = |version: &&str| {
        let toolchain = toolchains::released(version)?;
        let (bytes, _) = programs::package(Some(&toolchain), build, directory.path(), ".");
        Some(Seed::new(format!("Go {version}"), &Arc::new(bytes), find))
    };
    ["1.21.13", "1.24.11", "1.27.3"]
        .iter()
        .filter_map(seed)
        .collect()
}

const ELF: &[Build] = &[
    Build::new("linux/amd64", "-s -w"),
    Build::new("linux/amd64", ""),
    Build::pie("linux/amd64", "-s -w"),
    Build::new("linux/386", "-s -w"),
    Build::new("linux/s390x", "-s -w"),
];
const PE: &[Build] = &[
    Build::new("windows/amd64", "-s -w"),
    Build::new("windows/amd64", ""),
];
const MACH_O: &[Build] = &[
    Build::new("darwin/arm64", "-s -w"),
    Build::new("darwin/arm64", ""),
];
const WASM: &[Build] = &[
    Build::new("js/wasm", "-s -w"),
    Build::new("wasip1/wasm", ""),
];
/// One of each format.
const EACH: &[Build] = &[ELF[0], ELF[4], PE[0], MACH_O[0], WASM[0]];
/// One of each format whose memory stands in the file in one piece, and of each width and byte order.
const PLAIN: &[Build] = &[ELF[0], ELF[3], ELF[4], PE[0], MACH_O[0]];

#[test]
fn elf() {
    run("elf", &seeds(ELF, sites::elf), oracle::anatomy);
}

#[test]
fn pe() {
    run("pe", &seeds(PE, sites::pe), oracle::anatomy);
}

#[test]
fn mach_o() {
    run("mach-o", &seeds(MACH_O, sites::mach_o), oracle::anatomy);
}

#[test]
fn universal() {
    let parts = [MACH_O[0], MACH_O[1]].map(programs::small);
    let bytes = programs::universal(&parts);
    let tables = vec![
        sites::table(0, 8, &[4]),
        sites::table(8, 40, &[4; 5]),
        sites::table(8, 40, &[4; 5]),
    ];
    let seed = Seed {
        name: "universal".into(),
        bytes,
        big_endian: true,
        tables,
    };
    run("universal", &[seed], oracle::slices);
}

#[test]
fn wasm() {
    run("wasm", &seeds(WASM, sites::wasm), oracle::anatomy);
}

#[test]
fn build_information() {
    run(
        "build info",
        &seeds(EACH, sites::build_info),
        oracle::anatomy,
    );
}

#[test]
fn line_table() {
    let mut all = seeds(EACH, sites::line_table);
    all.extend(of_other_versions(sites::line_table));
    run("line table", &all, oracle::anatomy);
}

#[test]
fn table_of_contents() {
    let mut all = seeds(PLAIN, sites::contents);
    all.extend(of_other_versions(sites::contents));
    run("contents", &all, oracle::anatomy);
}

#[test]
fn types() {
    let mut all = seeds(PLAIN, sites::types);
    all.extend(of_other_versions(sites::types));
    run("types", &all, oracle::anatomy);
}

/// What a user does with a file: every format of the report, and the comparison with the undamaged file.
#[test]
fn reports() {
    let everywhere = |file: &File<'_>| {
        let mut found = sites::line_table(file);
        found.extend(sites::build_info(file));
        found.extend(sites::types(file));
        found
    };
    run("reports", &seeds(EACH, everywhere), oracle::report);
}

/// A file that a failure left, judged again by everything: `GOBUILD_OPT_FUZZ_FILE=FILE cargo test --test it fuzz::file -- --ignored`.
#[test]
#[ignore = "for the file that GOBUILD_OPT_FUZZ_FILE names"]
fn file() {
    let Some(path) = std::env::var_os("GOBUILD_OPT_FUZZ_FILE") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    let seed = Seed {
        name: "itself".into(),
        bytes: programs::small(ELF[0]).to_vec(),
        big_endian: false,
        tables: Vec::new(),
    };
    for (name, judge) in [
        ("anatomy", oracle::anatomy as Judge),
        ("slices", oracle::slices),
        ("report", oracle::report),
    ] {
        oracle::watched(name, &bytes, || judge(&bytes, &seed));
    }
}
