//! `why`: the symbols that it says are kept are those of Go's linker, and what it says goes does go.

#![allow(clippy::print_stdout)] // what a run of the tests is asked for

mod cgo;

mod damage;

mod exact;

mod growth;

mod retained;

mod store;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use gobuild_opt::linker::{Archives, Program};

use crate::harness::Place;
use crate::harness::programs::{self, Build};
use crate::harness::toolchains::{self, Toolchain};

/// Methods by interface, by name and by reflection, types in interfaces, maps that only init fills, generics, linknames.
const MAIN: &str = r#"package main

import (
    "encoding/json"
    "fmt"
    "os"
    "reflect"
    "text/template"

    "example.com/app/shapes"
)

var unused = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10}

func main() {
    var all []fmt.Stringer
    all = append(all, shapes.Square(2), shapes.Pair[string]{"a", "b"})
    json.NewEncoder(os.Stdout).Encode(all)
    if len(os.Args) > 1 {
        template.Must(template.New("").Parse(os.Args[1])).Execute(os.Stdout, all)
    }
    fmt.Println(reflect.ValueOf(all[0]).MethodByName("Area").IsValid(), shapes.Sum([]int{1, 2}))
}
"#;

const SHAPES: &str = r#"package shapes

import (
    "crypto/sha256"
    "fmt"
)

type Square int

func (s Square) String() string { return fmt.Sprint("square ", int(s)) }

func (s Square) Area() int { return int(s * s) }

func (s Square) Digest() [32]byte { return sha256.Sum256([]byte(s.String())) }

type Pair[T any] struct{ A, B T }

func (p Pair[T]) String() string { return fmt.Sprint(p.A, p.B) }

func Sum[T int | float64](all []T) (sum T) {
    for _, one := range all {
        sum += one
    }
    return sum
}
"#;

fn module(main: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("go.mod", "module example.com/app\n\ngo 1.21\n");
    write("main.go", main);
    write("shapes/shapes.go", SHAPES);
    directory
}

/// The flag for the linker of the system.
const EXTERNAL: &str = "-linkmode=external";

/// How most programs here are built.
const PLAIN: Build = Build::new("linux/amd64", "-s -w");

fn go(toolchain: &Toolchain, build: Build, directory: &Path, args: &[&str]) -> String {
    let done = programs::go_with(Some(toolchain), build.target, build.cgo, directory, args);
    String::from_utf8(done.stdout).unwrap()
}

/// The archives of a program in the build cache, and the directory of the toolchain.
fn archives(toolchain: &Toolchain, directory: &Path, package: &str) -> (Archives, PathBuf) {
    archives_of(toolchain, PLAIN, directory, package)
}

fn archives_of(
    toolchain: &Toolchain,
    build: Build,
    directory: &Path,
    package: &str,
) -> (Archives, PathBuf) {
    let (main, files) = listed(toolchain, build, directory, package);
    let goroot = go(toolchain, build, directory, &["env", "GOROOT"]);
    (Archives::open(&main, &files).unwrap(), goroot.trim().into())
}

/// Where the archives lie: the main one, and all by import path.
fn listed(
    toolchain: &Toolchain,
    build: Build,
    directory: &Path,
    package: &str,
) -> (PathBuf, HashMap<String, PathBuf>) {
    let mode = format!("-buildmode={}", build.mode);
    let ldflags = format!("-ldflags={}", build.ldflags);
    let format = "-f={{.ImportPath}}\t{{.Export}}";
    let list = [
        "list",
        "-deps",
        "-export",
        "-trimpath",
        "-buildvcs=false",
        &ldflags,
        if build.mode.is_empty() {
            "-buildmode=default"
        } else {
            &mode
        },
        format,
        package,
    ];
    let listed = go(toolchain, build, directory, &list);
    let pairs = listed.lines().filter_map(|line| line.split_once('\t'));
    let pairs: Vec<(&str, &str)> = pairs.filter(|(_, file)| !file.is_empty()).collect();
    let main = pairs.last().unwrap().1;
    let bare = |path: &str| path.split(' ').next().unwrap().to_owned();
    let files: HashMap<String, PathBuf> = pairs
        .iter()
        .map(|(path, file)| (bare(path), file.into()))
        .collect();
    (main.into(), files)
}

/// The names behind the last arrow of each line of `-dumpdep`; where a name holds an arrow itself, `ours` decides.
fn printed<'a>(dump: &'a str, ours: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    let flags = [
        " <UsedInIface>",
        " <ReflectMethod>",
        " <UsedInIface><ReflectMethod>",
    ];
    let name = |line: &'a str| {
        let line = flags
            .iter()
            .find_map(|flag| line.strip_suffix(flag))
            .unwrap_or(line);
        let all: Vec<usize> = line.match_indices(" -> ").map(|(at, _)| at + 4).collect();
        let known = all.iter().find(|at| ours.contains(&line[**at..]));
        known.or(all.last()).map(|at| &line[*at..])
    };
    dump.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(name)
        .collect()
}

/// What is kept is what the linker keeps, none more and none fewer.
fn check_set(toolchain: &Toolchain, directory: &Path, package: &str) {
    check_set_of(toolchain, PLAIN, directory, package);
}

fn check_set_of(toolchain: &Toolchain, build: Build, directory: &Path, package: &str) {
    let external = build.ldflags.contains(EXTERNAL);
    let dumping = Build {
        ldflags: match external {
            true => "-s -w -dumpdep -linkmode=external",
            false => "-s -w -dumpdep",
        },
        ..build
    };
    let (_, dump) = programs::package(Some(toolchain), dumping, directory, package);
    let (archives, goroot) = archives_of(toolchain, build, directory, package);
    let read = archives.read(&goroot, 0, external.then_some(true)).unwrap();
    let program = Program::link(&read).unwrap();
    let ours: BTreeSet<&str> = program
        .kept()
        .map(|name| std::str::from_utf8(name).unwrap())
        .collect();
    let theirs = printed(&dump, &ours);
    // The linker keeps these two without a step that leads to them, so that it does not print them.
    let silent = ["runtime.mapinitnoop", "go:fipsinfo"];
    let more: Vec<&&str> = ours
        .difference(&theirs)
        .filter(|name| !silent.contains(name))
        .collect();
    let fewer: Vec<&&str> = theirs.difference(&ours).collect();
    let version = toolchain.minor.1;
    let (cgo, kept) = (build.cgo, ours.len());
    println!("{package} of Go 1.{version}, cgo {cgo}: {kept} symbols");
    assert!(
        ours.len() > 2000,
        "{package} of Go 1.{version}: {} symbols",
        ours.len()
    );
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{package} of Go 1.{version}: {more:?} {fewer:?}"
    );
}

#[test]
fn what_is_kept_is_what_the_linker_keeps() {
    let directory = module(MAIN);
    check_set(&toolchains::in_path(), directory.path(), ".");
    for version in toolchains::RELEASED {
        if let Some(toolchain) = toolchains::released(version) {
            check_set(&toolchain, directory.path(), ".");
        }
    }
}

#[test]
#[ignore = "builds commands of every released toolchain; run with --ignored"]
fn what_is_kept_of_commands_is_what_the_linker_keeps() {
    let directory = module(MAIN);
    for version in toolchains::RELEASED.iter().chain(toolchains::BETWEEN) {
        if let Some(toolchain) = toolchains::released(version) {
            for package in ["cmd/gofmt", "cmd/go", "cmd/compile"] {
                check_set(&toolchain, directory.path(), package);
            }
        }
    }
}

/// Main packages of modules with more than 400 packages each: their versions are those that were looked at.
const PROGRAMS: [&str; 2] = [
    "github.com/goreleaser/goreleaser/v2@v2.15.1",
    "github.com/gohugoio/hugo@v0.149.1",
];

/// The directory of another one, built where it is.
const PROGRAM: &str = "GOBUILD_OPT_PROGRAM";

#[test]
#[ignore = "fetches and builds large programs; run with --ignored"]
fn what_is_kept_of_large_programs_is_what_the_linker_keeps() {
    let toolchain = toolchains::in_path();
    if let Some(directory) = std::env::var_os(PROGRAM) {
        return check_set(&toolchain, Path::new(&directory), ".");
    }
    for program in PROGRAMS {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("go.mod");
        std::fs::write(path, "module example.com/app\n\ngo 1.21\n").unwrap();
        let package = program.split('@').next().unwrap();
        programs::go(
            Some(&toolchain),
            "linux/amd64",
            directory.path(),
            &["get", program],
        );
        check_set(&toolchain, directory.path(), package);
        let cgo = Build { cgo: true, ..PLAIN };
        check_set_of(&toolchain, cgo, directory.path(), package);
    }
}

/// What a file of the stripped program has in bytes, and what is said of its cut.
fn bytes(main: &str) -> u64 {
    let directory = module(main);
    let build = Build::new("linux/amd64", "-s -w");
    let (file, _) = programs::package(Some(&toolchains::in_path()), build, directory.path(), ".");
    file.len() as u64
}

#[test]
fn what_is_said_to_go_goes() {
    let directory = module(MAIN);
    let (archives, goroot) = archives(&toolchains::in_path(), directory.path(), ".");
    let read = archives.read(&goroot, 0, None).unwrap();
    let program = Program::link(&read).unwrap();
    let whole = bytes(MAIN);
    let template = MAIN.replace("    \"text/template\"\n", "").replace(
        "        template.Must(template.New(\"\").Parse(os.Args[1])).Execute(os.Stdout, all)\n",
        "",
    );
    let json = MAIN
        .replace("    \"encoding/json\"\n", "")
        .replace("    json.NewEncoder(os.Stdout).Encode(all)\n", "");
    for (package, without) in [("text/template", template), ("encoding/json", json)] {
        let removal = program
            .packages_where(|path| path == package)
            .unwrap()
            .removal;
        let said = program.freed(&removal).total();
        let is = whole - bytes(&without);
        // The call itself goes too, and the linker rounds to pages.
        let off = said.abs_diff(is);
        assert!(
            off <= (is / 200).max(2 * 4096),
            "{package}: said {said}, is {is}"
        );
    }
}

fn place() -> Place {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "0");
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("main.go", MAIN);
    place.write("shapes/shapes.go", SHAPES);
    place
}

#[test]
fn a_chain_leads_from_main_to_what_was_asked_about() {
    let place = place();
    let run = place.run("why --format json text/template");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = run.json();
    assert_eq!(found["by"], "linker");
    let steps = found["asked"]["chains"][0]["steps"].as_array().unwrap();
    assert_eq!(steps[0]["symbol"], "main.main");
    assert_eq!(steps.last().unwrap()["package"], "text/template");
    // `template.New` is inlined: the place is that of the call in main.go.
    assert_eq!(steps[1]["line"], 20, "{}", run.stdout);
    let without = &found["asked"]["without"];
    assert!(without["bytes"].as_u64().unwrap() > 50_000);
    assert!(without["file"].as_u64().unwrap().is_multiple_of(4096));
    assert_eq!(found["asked"]["imported_by"][0], "example.com/app");
    let shown = place.run("why text/template").stdout;
    assert!(shown.contains("imported by example.com/app\n"), "{shown}");
    // The main module comes first.
    let shown = place.run("why fmt").stdout;
    assert!(
        shown.contains("imported by example.com/app and "),
        "{shown}"
    );
}

#[test]
fn the_call_that_keeps_every_method_is_named_with_its_price() {
    let place = place();
    let found = place.run("why --format json dce").json();
    assert_eq!(found["program"]["keeps_every_method"], true);
    let callers = found["asked"]["callers"].as_array().unwrap();
    let names: Vec<&str> = callers
        .iter()
        .map(|it| it["symbol"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"text/template.(*state).evalField"),
        "{names:?}"
    );
    assert!(found["asked"]["without"]["bytes"].as_u64().unwrap() > 1000);
}

#[test]
fn cuts_are_listed_by_what_they_free() {
    let place = place();
    let found = place.run("why --format json --biggest-cuts 3").json();
    let biggest = found["biggest"].as_array().unwrap();
    assert_eq!(biggest.len(), 3);
    let bytes: Vec<u64> = biggest
        .iter()
        .map(|it| it["bytes"].as_u64().unwrap())
        .collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "{bytes:?}");
    let one = place.run("why --format json --cut 'main.main -> encoding/json.(*Encoder).Encode'");
    assert_eq!(one.code(), 0, "{}", one.shown());
}

/// The names and the steps of a chain are what `--cut` reads.
#[test]
fn each_step_that_is_shown_can_be_cut() {
    let place = place();
    let found = place
        .run("why --format json 'example.com/app/shapes.Square.String'")
        .json();
    let steps = found["asked"]["chains"][0]["steps"].as_array().unwrap();
    let kinds: Vec<&str> = steps
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"interface method"), "{steps:?}");
    for pair in steps.windows(2) {
        let [from, to] = [0, 1].map(|at| pair[at]["symbol"].as_str().unwrap());
        let run = place.run(&format!("why --format json --cut '{from} -> {to}'"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert_eq!(place.run(&format!("why '{to}'")).code(), 0, "{to}");
    }
    let run = place.run("why --cut 'main.main -> example.com/app/shapes.Square.Digest'");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

#[test]
fn what_every_program_needs_cannot_be_left_out() {
    let place = place();
    for name in [
        "example.com/app",
        "main",
        "runtime",
        "internal/abi",
        "main.main",
        "runtime.mallocgc",
    ] {
        let found = place.run(&format!("why --format json {name}")).json();
        assert!(
            found["asked"]["symbols"].as_u64().unwrap() > 0,
            "{name}: {found}"
        );
        assert!(
            !found["asked"]["chains"].as_array().unwrap().is_empty(),
            "{name}"
        );
        assert!(found["asked"]["without"].is_null(), "{name}: {found}");
        let run = place.run(&format!("why --cut {name}"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(run.stderr.contains("cannot be left out"), "{}", run.stderr);
    }
    assert!(
        place
            .run("why runtime")
            .stdout
            .contains("cannot be left out")
    );
    // What only some programs call goes without them.
    let cut = place
        .run("why --format json --cut example.com/app/shapes")
        .json();
    assert!(
        cut["cut"]["freed"]["bytes"].as_u64().unwrap() > 100,
        "{cut}"
    );
}

#[test]
fn what_is_not_there_is_an_error_that_says_what_is_near() {
    let place = place();
    let run = place.run("why template");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("no package, module or symbol `template`"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("text/template"), "{}", run.stderr);
    assert_eq!(place.run("why").code(), 2);
}

#[test]
fn a_mode_that_is_not_covered_is_answered_by_imports_and_says_so() {
    let place = place();
    let run = place.run("why --format json text/template -buildmode=c-archive");
    let found = match run.code() {
        0 => run.json(),
        // Without a C compiler go refuses the mode.
        _ => {
            return assert!(
                run.stderr.contains("c-archive") || run.stderr.contains("cgo"),
                "{}",
                run.shown()
            );
        }
    };
    assert_eq!(found["by"], "imports");
    assert_eq!(found["asked"]["chains"][0]["steps"][1]["kind"], "import");
}
