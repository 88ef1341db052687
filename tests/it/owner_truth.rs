//! Whose the data of an executable are, by what the toolchain itself knows: the symbol table of the twin, and the object
//! files for what has no symbol, strings, embedded files and the arrays behind literals.
//!
//! `tests/data/truth/main.go` reads the object files with Go's own reader. It is built as a command of the toolchain, since
//! only there may a program import that reader.
//!
//! What the linker does that helps a reader of stripped files (`dodataSect` in cmd/link/internal/ld/data.go): within a
//! section, symbols of one kind stand in the order of their sizes, and so do all strings below `go:string.*`, without gaps but
//! for alignment of large ones. Arrays behind slice literals (`pkg..stmp_3`) have no symbol even where there is a symbol
//! table; the slice header of a named variable points to them with their length.

#![allow(clippy::unwrap_used)]

mod files;
mod programs;
mod shared;
mod stability;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use gobuild_opt::binary::{DataObject, How};

use crate::harness::Place;
use crate::harness::programs::{self as build, Build};
use crate::harness::toolchains::Toolchain;

/// Data of an executable with its owners.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub address: u64,
    pub size: u64,
    pub kind: Kind,
    /// Import paths, in order. Several packages may share a string; `?` stands for one of several that the linker chose.
    pub owners: Vec<String>,
    /// The name of the symbol, or the first bytes of the string, quoted as in Go: for messages.
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Has a name in the symbol table.
    Symbol,
    /// Has a name in the objects only.
    Static,
    /// The contents of a string, or of an embedded file.
    String,
}

/// An executable, the same stripped, and whose its data are.
pub struct Truth {
    pub full: Vec<u8>,
    pub stripped: Vec<u8>,
    pub stretches: Vec<Stretch>,
    /// Bytes of strings that are alive and were not found.
    pub missing: u64,
}

/// Builds a package without cgo for a platform, and asks its object files.
pub fn truth(
    toolchain: Option<&Toolchain>,
    target: &'static str,
    directory: &Path,
    package: &str,
) -> Truth {
    truth_of(toolchain, Build::new(target, ""), directory, package)
}

/// The same for what is built in a certain way.
pub fn truth_of(
    toolchain: Option<&Toolchain>,
    how: Build,
    directory: &Path,
    package: &str,
) -> Truth {
    let twin = |ldflags| {
        let how = Build { ldflags, ..how };
        build::package(toolchain, how, directory, package).0
    };
    let (full, stripped) = (twin(""), twin("-s -w"));
    let format = "{{.ImportPath}}={{.Export}}";
    let args = [
        "list",
        "-trimpath",
        "-buildvcs=false",
        "-export",
        "-deps",
        "-f",
        format,
        package,
    ];
    let listed = build::go_with(toolchain, how.target, how.cgo, directory, &args);
    let place = tempfile::tempdir().unwrap();
    let (executable, list) = (place.path().join("full"), place.path().join("list"));
    std::fs::write(&executable, &full).unwrap();
    std::fs::write(&list, &listed.stdout).unwrap();
    let done = Command::new(reader(toolchain))
        .arg(executable)
        .arg(list)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let printed = String::from_utf8(done.stdout).unwrap();
    let (lines, last) = printed.trim_end().rsplit_once('\n').unwrap();
    Truth {
        full,
        stripped,
        stretches: lines.lines().map(stretch).collect(),
        missing: match last.split('\t').nth(4).unwrap().parse::<i64>().unwrap() {
            // In wasm nobody knows what is alive, and more may be found than is.
            missing if how.target.ends_with("/wasm") => missing.max(0).cast_unsigned(),
            missing => missing.try_into().unwrap(),
        },
    }
}

fn stretch(line: &str) -> Stretch {
    let mut fields = line.splitn(5, '\t');
    let mut next = || fields.next().unwrap();
    let (address, size) = (next().parse().unwrap(), next().parse().unwrap());
    let kind = match next() {
        "symbol" => Kind::Symbol,
        "static" => Kind::Static,
        _ => Kind::String,
    };
    let owners = next()
        .split(',')
        .filter(|owner| !owner.is_empty())
        .map(str::to_owned)
        .collect();
    let name = next().to_owned();
    Stretch {
        address,
        size,
        kind,
        owners,
        name,
    }
}

/// The reader of object files for that toolchain, built once.
fn reader(toolchain: Option<&Toolchain>) -> PathBuf {
    static BUILT: Mutex<BTreeMap<(u32, u32), PathBuf>> = Mutex::new(BTreeMap::new());
    static DIRECTORY: OnceLock<tempfile::TempDir> = OnceLock::new();
    let directory = DIRECTORY
        .get_or_init(|| tempfile::tempdir().unwrap())
        .path();
    let minor = toolchain.map_or((0, 0), |it| it.minor);
    let mut built = BUILT.lock().unwrap();
    if let Some(path) = built.get(&minor) {
        return path.clone();
    }
    let host = format!("{}/{}", std::env::consts::OS, go_arch());
    let root = build::go(toolchain, &host, directory, &["env", "GOROOT"]).stdout;
    let root = String::from_utf8(root).unwrap();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/truth/main.go");
    let inside = format!("{}/src/cmd/truth/main.go", root.trim());
    let overlay = directory.join("overlay.json");
    let replace = serde_json::json!({ "Replace": { inside: source } });
    std::fs::write(&overlay, replace.to_string()).unwrap();
    let path = directory.join(format!("truth{}.{}", minor.0, minor.1));
    let overlay = format!("-overlay={}", overlay.display());
    let args = ["build", &overlay, "-o", path.to_str().unwrap(), "cmd/truth"];
    build::go(toolchain, &host, directory, &args);
    built.insert(minor, path.clone());
    path
}

fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// A program with what goes wrong easily: a large embedded string, embedded bytes and files, a package that does nothing
/// but embed, a generated table as array and as slice, time zones, and words of data that look like addresses.
pub fn program(embedded: usize) -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/data\n\ngo 1.21\n");
    place.write(
        "main.go",
        r#"package main

import (
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	_ "time/tzdata"

	"example.com/data/files"
	"example.com/data/only"
	"example.com/data/table"
)

//go:embed large.txt
var text string

//go:embed bytes.bin
var bytes []byte

func main() {
	fmt.Println(len(text), text[3:7], len(bytes), bytes[len(os.Args)])
	name, _ := files.Files.ReadFile("some/one.txt")
	slog.Info("files", "one", string(name), "only", only.Text[len(os.Args)])
	fmt.Println(table.Array[len(os.Args)], table.Slice[len(os.Args)], table.Names[len(os.Args)])
}
"#,
    );
    place.write("large.txt", letters(embedded, 1));
    place.write("bytes.bin", letters(70_000, 2));
    place.write(
        "files/files.go",
        "package files\n\nimport \"embed\"\n\n//go:embed some\nvar Files embed.FS\n",
    );
    place.write("files/some/one.txt", letters(30_000, 3));
    place.write("files/some/two.txt", letters(300, 4));
    place.write(
        "only/only.go",
        "package only\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar Text string\n",
    );
    place.write("only/text.txt", letters(50_000, 5));
    // Half of the words look like addresses of code, half like addresses of data.
    let row = |it: u64| format!("0x{:x},", 0x0040_1000 + it * 64 + (it % 2) * 0x10_0000);
    let rows = |count: u64| (0..count).map(row).collect::<Vec<_>>().join("\n");
    let names = (0..2_000)
        .map(|it| format!("\"a name of number {it}\",\n"))
        .collect::<String>();
    place.write(
        "table/table.go",
        format!(
            "package table\n\nvar Array = [...]uint64{{\n{}\n}}\n\nvar Slice = []uint64{{\n{}\n}}\n\nvar Names = []string{{\n{names}}}\n",
            rows(20_000),
            rows(10_000),
        ),
    );
    place
}

/// Text that does not repeat.
fn letters(count: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state % 26) as u8)
    };
    (0..count).map(|_| next()).collect()
}

/// The program with 3 MB of text, for a platform.
fn three_megabytes(target: &'static str) -> Truth {
    static PROGRAM: OnceLock<Place> = OnceLock::new();
    let place = PROGRAM.get_or_init(|| program(3_000_000));
    truth(None, target, place.dir(), ".")
}

/// Bytes by package of what only that package uses.
pub fn exclusive(stretches: &[Stretch]) -> BTreeMap<&str, u64> {
    let mut sums = BTreeMap::new();
    for it in stretches {
        if let [owner] = &it.owners[..] {
            *sums.entry(owner.as_str()).or_default() += it.size;
        }
    }
    sums
}

/// The measure must itself be measured: what is known of the program by hand.
#[test]
fn the_objects_say_whose_strings_embedded_files_and_tables_are() {
    for target in [
        "linux/amd64",
        "linux/arm64",
        "linux/386",
        "linux/s390x",
        "windows/amd64",
        "darwin/arm64",
        "js/wasm",
    ] {
        let truth = three_megabytes(target);
        let mut end = 0;
        for it in &truth.stretches {
            assert!(
                it.address >= end,
                "{target}: {} at {:#x} begins before {end:#x}",
                it.name,
                it.address
            );
            end = it.address + it.size;
        }
        let strings: u64 = truth
            .stretches
            .iter()
            .filter(|it| it.kind == Kind::String)
            .map(|it| it.size)
            .sum();
        // Without a symbol table, nobody knows what is alive.
        let allowed = if target == "js/wasm" {
            strings / 50
        } else {
            strings / 1000
        };
        assert!(
            truth.missing <= allowed,
            "{target}: {} bytes of strings were not found",
            truth.missing
        );
        let sums = exclusive(&truth.stretches);
        let of = |package: &str| sums.get(package).copied().unwrap_or_default();
        assert!(
            (50_000..51_000).contains(&of("example.com/data/only")),
            "{target}: {sums:?}"
        );
        assert!(
            (30_300..31_000).contains(&of("example.com/data/files")),
            "{target}: {sums:?}"
        );
        assert!(
            (3_000_000..3_071_000).contains(&of("example.com/data")),
            "{target}: {sums:?}"
        );
        assert!(of("time/tzdata") > 400_000, "{target}: {sums:?}");
    }
}

/// What is said of the bytes that one package alone uses.
#[derive(Debug, Default)]
pub struct Verdicts {
    pub total: u64,
    /// They have that package.
    pub right: u64,
    /// They have another.
    pub wrong: u64,
    /// And that is called proven.
    pub proven_wrong: u64,
    /// Texts by how their ends are known, and how many of these end elsewhere.
    pub ends: BTreeMap<How, (u64, u64)>,
    /// The largest that are not right.
    pub worst: Vec<(u64, String)>,
}

impl Verdicts {
    pub fn share(&self) -> f64 {
        100.0 * self.right as f64 / self.total as f64
    }
}

/// The objects between two addresses, each with how many of these bytes it has. In wasm a stretch of zeros is not in the file:
/// an object reaches to the next.
fn within(
    objects: &[DataObject],
    start: u64,
    end: u64,
) -> impl Iterator<Item = (&DataObject, u64)> {
    let first = objects.partition_point(|object| object.address <= start);
    let here = &objects[first.saturating_sub(1)..];
    let begun = here.iter().take_while(move |object| object.address < end);
    begun.enumerate().map(move |(index, object)| {
        let next = here.get(index + 1).map_or(u64::MAX, |next| next.address);
        let common = next.min(end).saturating_sub(object.address.max(start));
        (object, common)
    })
}

/// Compares each byte. A file without symbols names no packages without functions: their bytes are left out there.
pub fn judge(bytes: &[u8], stretches: &[Stretch], has_symbols: bool) -> Verdicts {
    use gobuild_opt::binary::{Request, Whose, anatomy_with};
    let request = Request {
        objects: true,
        ..Request::default()
    };
    let anatomy = anatomy_with(bytes, &request).unwrap();
    let named = |path: &str| {
        let mut all = anatomy.packages.iter();
        has_symbols || all.any(|it| it.path == path && it.functions > 0)
    };
    let mut found = Verdicts::default();
    let objects = &anatomy.objects;
    for it in stretches {
        let [owner] = &it.owners[..] else { continue };
        if owner == "?" || !named(owner) {
            continue;
        }
        found.total += it.size;
        let (end, mut right) = (it.address + it.size, 0);
        let first = objects.partition_point(|object| object.address <= it.address);
        let same = first.checked_sub(1).map(|at| &objects[at]);
        if let Some(object) = same.filter(|object| object.address == it.address)
            && it.kind == Kind::String
        {
            let ends = found.ends.entry(object.how).or_default();
            ends.0 += 1;
            ends.1 += u64::from(object.size != it.size);
        }
        for (object, common) in within(objects, it.address, end) {
            match &object.owner {
                Whose::Package(place) if anatomy.packages[*place as usize].path == *owner => {
                    right += common;
                }
                Whose::Package(_) => {
                    found.wrong += common;
                    found.proven_wrong += if object.proven { common } else { 0 };
                }
                _ => {}
            }
        }
        found.right += right;
        if right < it.size {
            let line = format!("{owner} at {:#x}: {}", it.address, it.name);
            found.worst.push((it.size - right, line));
        }
    }
    found.worst.sort_unstable_by(|a, b| b.cmp(a));
    found.worst.truncate(10);
    found
}

/// Holds both files of a program to a share of right bytes in percent, and to what may be wrong though it is called proven.
#[allow(clippy::print_stdout)] // what a run of the tests is asked for
pub fn hold(what: &str, truth: &Truth, with_symbols: f64, stripped: f64) {
    // Texts of small packages whose functions were inlined, so that no code of their own mentions them.
    const PROVEN_WRONG: f64 = 0.2;
    for (bytes, has_symbols, least) in [
        (&truth.full, true, with_symbols),
        (&truth.stripped, false, stripped),
    ] {
        let has_symbols = has_symbols && !bytes.starts_with(b"\0asm");
        let found = judge(bytes, &truth.stretches, has_symbols);
        let percent = |it: u64| 100.0 * it as f64 / found.total as f64;
        let line = format!(
            "{what}, symbols {has_symbols}: {:.2} % of {} right, {:.2} wrong, {:.2} of them proven",
            found.share(),
            found.total,
            percent(found.wrong),
            percent(found.proven_wrong)
        );
        println!("{line}; ends of texts: {:?}", found.ends);
        // Data alone has the lengths of less than a half; the rest stands in code.
        let ends = |how| found.ends.get(&how).copied().unwrap_or_default();
        let all: u64 = found.ends.values().map(|ends| ends.0).sum();
        let beside = ends(How::Length);
        assert!(10 * beside.0 >= 7 * all, "{line}: {:?}", found.ends);
        assert!(
            beside.1 == 0 && ends(How::Next).0 <= 5,
            "{line}: {:?}",
            found.ends
        );
        assert!(found.share() >= least, "{line}\n{:#?}", found.worst);
        assert!(percent(found.proven_wrong) <= PROVEN_WRONG, "{line}");
    }
}

/// The least shares of right bytes, with symbols and stripped.
const RIGHT: &[(&str, f64, f64)] = &[
    ("linux/amd64", 99.9, 99.5),
    ("linux/arm64", 99.9, 99.5),
    ("linux/386", 99.9, 99.5),
    ("linux/riscv64", 99.9, 99.5),
    ("linux/s390x", 99.9, 99.5),
    ("windows/amd64", 99.9, 99.5),
    ("darwin/arm64", 99.9, 99.5),
    ("js/wasm", 99.5, 99.5), // it never has symbols
];

#[test]
fn data_belong_to_the_package_that_the_objects_name() {
    for (target, with_symbols, stripped) in RIGHT {
        let truth = three_megabytes(target);
        hold(target, &truth, *with_symbols, *stripped);
    }
}

/// A program that embeds a text of so many bytes.
fn embedding(size: usize) -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/pic\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n)\n\n//go:embed a.bin\nvar text string\n\n\
         func main() { fmt.Println(len(text), text[3:7]) }\n",
    );
    place.write("a.bin", letters(size, 9));
    place
}

/// The module that embeds is over its budget, and the standard library is not.
#[test]
fn an_embedded_text_counts_for_the_budget_of_who_embeds_it() {
    let place = embedding(3_000_000);
    place.write(
        "gobuild-opt.toml",
        "[budget.modules]\n\"std\" = \"2 MiB\"\n\"example.com/pic\" = \"1 MiB\"\n",
    );
    for baseline in ["off", "unstripped"] {
        let line = format!("release --escapes off --baseline {baseline} --format json");
        let run = place.run(&line);
        assert_eq!(run.code(), 1, "{}", run.shown());
        let failed: Vec<String> = run.json()["budgets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["status"] == "fail")
            .map(|it| it["item"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert!(failed[0].contains("example.com/pic"), "{failed:?}");
    }
}

/// The bytes of an embedded text are the main package's, stripped or not, whatever its size.
#[test]
fn an_embedded_text_belongs_to_who_embeds_it() {
    for size in [100_000, 300_000, 3_000_000] {
        let place = embedding(size);
        for target in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"] {
            for flags in ["", "-s -w"] {
                let build = Build::new(target, flags);
                let bytes = build::package(None, build, place.dir(), ".").0;
                let anatomy = gobuild_opt::binary::anatomy(&bytes).unwrap();
                let main = anatomy.packages.iter();
                let main = main
                    .filter(|it| it.path == "example.com/pic")
                    .map(|it| it.bytes);
                let main: u64 = main.sum();
                let size = size as u64;
                assert!(
                    (size..size + 1_500).contains(&main),
                    "{target} {flags:?}: {main} of {size}"
                );
                // Without symbols the variable may be of a package that has no functions, and so no name.
                if flags.is_empty() && target != "js/wasm" {
                    let proven = anatomy.loaded.proven * 100 / anatomy.loaded.bytes;
                    assert!(proven >= 80, "{target}: {proven} % proven");
                }
            }
        }
    }
}

/// Tables of numbers that reach over 0x800000: what functions say of themselves, and names of types, have such numbers, which
/// are no addresses and cut nothing.
#[test]
fn numbers_that_look_like_addresses_cut_no_table() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/big\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n\t\"example.com/big/tables\"\n)\n\n\
         func main() { fmt.Println(tables.Sum(len(os.Args))) }\n",
    );
    let lengths: Vec<u64> = (60..68).map(|it| it * 1000).collect();
    let mut source = String::from("package tables\n");
    for (index, length) in lengths.iter().enumerate() {
        source += &format!("\nvar table{index} = []int{{{}: 1}}\n", length - 1);
    }
    let terms = (0..lengths.len()).map(|it| format!("table{it}[at]"));
    let sum = terms.collect::<Vec<_>>().join(" + ");
    source += &format!("\n//go:noinline\nfunc Sum(at int) int {{ return {sum} }}\n");
    place.write("tables/tables.go", source);
    let size = 8 * lengths.iter().sum::<u64>();
    for target in ["linux/amd64", "linux/arm64", "windows/amd64"] {
        for flags in ["", "-s -w"] {
            let build = Build::new(target, flags);
            let bytes = build::package(None, build, place.dir(), ".").0;
            let anatomy = gobuild_opt::binary::anatomy(&bytes).unwrap();
            let tables = anatomy.packages.iter();
            let tables = tables.filter(|it| it.path == "example.com/big/tables");
            let tables: u64 = tables.map(|it| it.bytes).sum();
            assert!(
                (size..size + 4_000).contains(&tables),
                "{target} {flags:?}: {tables} of {size}"
            );
        }
    }
}
