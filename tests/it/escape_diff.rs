//! `escape --diff REV`, counts and weights: on a real repository, which stays as it is.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Place, Run};

const LIB: &str = "\
package lib

type Box struct{ n int }

func New(n int) *Box {
	return &Box{n: n}
}

func Sum(all []int) *int {
	sum := 0
	for _, it := range all {
		sum += it
	}
	return &sum
}
";

const MAIN: &str = "\
package main

import (
	\"os\"

	\"example.com/repo/lib\"
)

var Sink any

func main() {
	Sink = lib.New(len(os.Args))
	Sink = lib.Sum([]int{1, len(os.Args)})
}
";

fn git(place: &Place, args: &[&str]) -> String {
    let settings = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
    ];
    place.tool("git", &[&settings, args].concat())
}

/// A repository with a module in `sub/`, committed once.
fn repository() -> Place {
    let place = Place::empty();
    place.write("README", "not go\n");
    place.write("sub/go.mod", "module example.com/repo\n\ngo 1.21\n");
    place.write("sub/main.go", MAIN);
    place.write("sub/lib/lib.go", LIB);
    git(&place, &["init", "-q", "-b", "main"]);
    git(&place, &["add", "."]);
    git(&place, &["commit", "-q", "-m", "first"]);
    place
}

/// What must not change: files, state of the index, references, worktrees.
fn state(place: &Place) -> String {
    let without = |it: &&str| !it.starts_with(".git/");
    let files = place.files();
    [
        files.lines().filter(without).collect::<Vec<_>>().join("\n"),
        git(place, &["status", "--porcelain=v2", "--branch"]),
        git(place, &["for-each-ref"]),
        git(place, &["worktree", "list", "--porcelain"]),
        git(place, &["ls-files", "--stage"]),
        git(place, &["config", "--local", "--list"]),
    ]
    .join("\n--\n")
}

/// `new, fixed, moved` and the exit code.
fn counts(run: &Run) -> (usize, usize, u64, i32) {
    let report = run.json();
    let escapes = &report["targets"][0]["escapes"];
    let count = |key: &str| escapes[key].as_array().map_or(usize::MAX, Vec::len);
    (
        count("new"),
        count("fixed"),
        escapes["moved"].as_u64().unwrap(),
        run.code(),
    )
}

const DIFF: &str = "escape --format json --diff";

#[test]
fn files_that_are_typed_are_those_of_now() {
    let place = repository();
    // An overlay lies over both, whatever git holds of it.
    let kept = "\nfunc More() *Box { return &Box{n: 2} }\n";
    place.write("sub/mine/lib.txt", format!("{LIB}{kept}"));
    let full = place.path("sub/lib/lib.go").display().to_string();
    for name in ["lib/lib.go", &full] {
        let overlay = serde_json::json!({"Replace": {name: "mine/lib.txt"}});
        place.write("sub/mine.json", overlay.to_string());
        let alone = place.run_in("sub", "escape --format json -overlay=mine.json");
        assert_eq!(more(&alone), 1, "{}", alone.shown());
        let run = place.run_in("sub", &format!("{DIFF} HEAD -overlay=mine.json"));
        assert_eq!(counts(&run), (0, 0, 0, 0), "{}", run.shown());
        assert_eq!(more(&run), 1, "{}", run.shown());
    }
    place.write("sub/cpu.pprof", crate::pgo::profile_of(2000, 100));
    let run = place.run_in("sub", &format!("{DIFF} HEAD -pgo=cpu.pprof"));
    assert_eq!(counts(&run), (0, 0, 0, 0), "{}", run.shown());
    // A module file is the revision's own where it has one: there it cannot be read.
    let command = format!("{DIFF} HEAD -modfile=alt.mod");
    place.write("sub/alt.mod", "module example.com/repo\n\ngo 1.21\n");
    assert_eq!(counts(&place.run_in("sub", &command)), (0, 0, 0, 0));
    let module = String::from_utf8(place.read("sub/alt.mod")).unwrap();
    place.write("sub/alt.mod", "nonsense\n");
    git(&place, &["add", "."]);
    git(&place, &["commit", "-q", "-m", "second"]);
    place.write("sub/alt.mod", module);
    let run = place.run_in("sub", &command);
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(
        run.stderr.contains("`HEAD` does not build"),
        "{}",
        run.shown()
    );
}

/// How many sites of the library more than the file has that git holds.
fn more(run: &Run) -> u64 {
    let report = run.json();
    let packages = report["targets"][0]["escapes"]["packages"]
        .as_array()
        .unwrap();
    let lib = packages
        .iter()
        .find(|it| it["path"] == "example.com/repo/lib");
    lib.unwrap()["sites"].as_u64().unwrap() - 2
}

#[test]
fn a_revision_is_compared_and_the_repository_stays_as_it_is() {
    let place = repository();
    let run = place.run_in("sub", &format!("{DIFF} HEAD"));
    assert_eq!(counts(&run), (0, 0, 0, 0), "{}", run.shown());
    // Edits that change nothing, a rename, one new and one fixed site; uncommitted, staged and not.
    let edited = LIB
        .replace("func Sum", "// A comment.\n\nfunc Total")
        .replace(
            "return &Box{n: n}",
            "b := &Box{n: n}\n\tkeep = append(keep, b, &Box{})\n\treturn b",
        );
    place.write("sub/lib/lib.go", edited + "\nvar keep []*Box\n");
    place.write("sub/main.go", MAIN.replace("lib.Sum", "lib.Total"));
    git(&place, &["add", "sub/main.go"]);
    place.write("sub/untracked.txt", "mine\n");
    let before = state(&place);
    let run = place.run_in("sub", &format!("{DIFF} main"));
    let (new, fixed, moved, code) = counts(&run);
    assert!(new >= 1 && moved >= 1, "{}", run.shown());
    assert_eq!((fixed, code), (0, 0), "{}", run.shown());
    let escapes = &run.json()["targets"][0]["escapes"];
    assert_eq!(escapes["revision"]["name"], "main");
    assert_eq!(state(&place), before);
    let has = |key: &str| {
        let sites = escapes_of(&run, key);
        let here = |it: &serde_json::Value| {
            it["file"] == "lib/lib.go" && it["message"] == "&Box{} escapes to heap"
        };
        sites.iter().any(here)
    };
    assert!(has("new"), "{}", run.shown());
    // The other way round: what is new there is fixed here, with its place then.
    git(&place, &["commit", "-q", "-am", "second"]);
    git(
        &place,
        &[
            "checkout",
            "-q",
            "HEAD~1",
            "--",
            "sub/main.go",
            "sub/lib/lib.go",
        ],
    );
    let run = place.run_in("sub", &format!("{DIFF} HEAD"));
    assert_eq!(counts(&run), (0, new, moved, 0), "{}", run.shown());
    let fixed = escapes_of(&run, "fixed");
    let there = |it: &&serde_json::Value| it["file"] == "lib/lib.go";
    let source = fixed.iter().find(there).map(|it| it["source"].to_string());
    assert!(source.unwrap().contains("&Box{}"), "{}", run.shown());
}

fn escapes_of(run: &Run, key: &str) -> Vec<serde_json::Value> {
    run.json()["targets"][0]["escapes"][key]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn the_gate_compares_with_the_revision() {
    let place = repository();
    place.write("sub/gobuild-opt.toml", "[escape]\ngate = \"new\"\n");
    place.write(
        "sub/lib/more.go",
        "package lib\n\nfunc More() *Box { return &Box{n: 1} }\n",
    );
    let run = place.run_in("sub", "escape --quiet --diff HEAD");
    assert_eq!(run.code(), 1, "{}", run.shown());
    let text = run.shown();
    assert!(
        text.contains("new(T) in example.com/repo/lib.More, at lib/more.go:3"),
        "{text}"
    );
    assert!(
        text.contains("(not in HEAD)") && !text.contains("accept"),
        "{text}"
    );
    for format in ["github", "sarif"] {
        let run = place.run_in("sub", &format!("escape --diff HEAD --format {format}"));
        let text = &run.stdout;
        assert!(text.contains("not in HEAD"), "{text}");
        assert!(!text.contains("accept"), "{text}");
    }
}

#[test]
fn what_cannot_be_compared_is_one_clear_error() {
    let place = repository();
    for (directory, rev, words, code) in [
        (
            "sub",
            "no-such-branch",
            "`no-such-branch` is no revision of this repository",
            2,
        ),
        ("sub", "HEAD~5", "`HEAD~5` is no revision", 2),
        ("sub", "--all", "`--all` is no revision", 2),
        ("sub", "HEAD:README", "`HEAD:README` is no revision", 2),
    ] {
        let run = place.run_in(directory, &format!("escape --diff={rev}"));
        assert_eq!(run.code(), code, "{rev}: {}", run.shown());
        assert!(run.stderr.contains(words), "{rev}: {}", run.shown());
    }
    // A module that did not exist then, and a revision that does not compile.
    place.write("later/go.mod", "module example.com/later\n\ngo 1.21\n");
    place.write("later/main.go", "package main\n\nfunc main() {}\n");
    let run = place.run_in("later", "escape --diff HEAD");
    assert_eq!(run.code(), 2);
    assert!(
        run.stderr.contains("`later/` does not exist in `HEAD`"),
        "{}",
        run.shown()
    );
    place.write("sub/lib/lib.go", "package lib\n\nfunc New() { broken }\n");
    git(&place, &["commit", "-q", "-am", "broken"]);
    place.write("sub/lib/lib.go", LIB);
    let run = place.run_in("sub", "escape --diff HEAD");
    assert_eq!(run.code(), 3);
    assert!(
        run.stderr.contains("`HEAD` does not build") && run.stderr.contains("undefined: broken"),
        "{}",
        run.shown()
    );
    let outside = Place::module();
    let run = outside.run("escape --diff HEAD");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("a comparison with a revision needs a git repository"),
        "{}",
        run.shown()
    );
}

#[test]
fn neither_hooks_nor_fsmonitor_run_and_submodules_are_there() {
    let other = Place::empty();
    other.write("go.mod", "module example.com/third\n\ngo 1.21\n");
    other.write(
        "third.go",
        "package third\n\nfunc New() *int { return new(int) }\n",
    );
    git(&other, &["init", "-q"]);
    git(&other, &["add", "."]);
    git(&other, &["commit", "-q", "-m", "first"]);
    let place = repository();
    let url = other.dir().display().to_string();
    git(
        &place,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            &url,
            "third",
        ],
    );
    place.write("sub/go.mod", "module example.com/repo\n\ngo 1.21\n\nrequire example.com/third v0.0.0\n\nreplace example.com/third => ../third\n");
    place.write(
        "sub/lib/third.go",
        "package lib\n\nimport \"example.com/third\"\n\nvar Third = third.New()\n",
    );
    git(&place, &["add", "."]);
    git(&place, &["commit", "-q", "-m", "third"]);
    let canary = place.aside("ran").display().to_string();
    let script = format!("#!/bin/sh\necho $0 >> {canary}\n");
    for name in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "fsmonitor-watchman",
    ] {
        place.write(&format!(".git/hooks/{name}"), &script);
        place.tool("chmod", &["+x", &format!(".git/hooks/{name}")]);
    }
    git(
        &place,
        &["config", "core.fsmonitor", ".git/hooks/fsmonitor-watchman"],
    );
    let run = place.run_in("sub", &format!("{DIFF} HEAD"));
    assert_eq!(counts(&run), (0, 0, 0, 0), "{}", run.shown());
    assert!(
        !place.aside("ran").exists(),
        "{}",
        std::fs::read_to_string(canary).unwrap()
    );
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let mut place = repository();
    let tmp = place.aside("tmp");
    std::fs::create_dir(&tmp).unwrap();
    place.env("TMPDIR", &tmp);
    let before = state(&place);
    let left = || {
        let entries = std::fs::read_dir(&tmp).unwrap().flatten();
        let ours = entries.filter(|it| {
            it.file_name()
                .to_string_lossy()
                .starts_with(".gobuild-opt-")
        });
        ours.count()
    };
    let mut command = place.command(crate::harness::PROGRAM);
    command
        .args(["escape", "--diff", "HEAD"])
        .current_dir(place.path("sub"));
    // A cold cache, so that there is time to interrupt it in.
    command.env("GOCACHE", tmp.join("cache"));
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while left() == 0 && start.elapsed() < Duration::from_secs(240) {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before it could be interrupted"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    for entry in std::fs::read_dir(&tmp).unwrap().flatten() {
        let is_ours = entry
            .file_name()
            .to_string_lossy()
            .starts_with(".gobuild-opt-");
        if let Some(about) = entry.metadata().ok().filter(|_| is_ours) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
            assert_eq!(mode & 0o077, 0, "the sources are for nobody else to read");
        }
    }
    place.tool("kill", &["-TERM", &child.id().to_string()]);
    let code = child.wait().unwrap().code();
    assert_eq!((code, left()), (Some(143), 0));
    assert_eq!(state(&place), before);
}

#[test]
fn inlining_and_bounds_checks_are_counted() {
    let place = repository();
    place.write("sub/lib/at.go", "package lib\n\nfunc At(a []int, i int) int { return a[i] }\n\nfunc Two(a []int) int { return At(a, 1) + len(a[5:]) }\n");
    let run = place.run_in("sub", "escape --format json");
    let report = run.json();
    let packages = report["targets"][0]["escapes"]["packages"]
        .as_array()
        .unwrap();
    let lib = packages
        .iter()
        .find(|it| it["path"] == "example.com/repo/lib")
        .unwrap();
    // New, Sum, At and Two can be inlined; Two inlines At. Three checks: in At, in its copy in Two, and the slice.
    let counted =
        serde_json::json!({"inlinable": 4, "inlined": 1, "devirtualized": 0, "bounds_checks": 3});
    assert_eq!(lib["optimizations"], counted);
    let text = place.run_in("sub", "escape --inlining").stdout;
    assert!(text.contains("bounds checks left"), "{text}");
}

#[test]
fn what_is_almost_inlined_is_listed_by_what_it_costs() {
    let place = repository();
    let body = |calls: usize| "\tg(a)\n".repeat(calls);
    let source = format!(
        "package lib\n\nfunc Far(a int) {{\n{}}}\n\nfunc Near(a int) {{\n{}}}\n\nfunc Small(a int) {{\n{}}}\n\n//go:noinline\nfunc g(a int) {{}}\n",
        body(9),
        body(2),
        body(1)
    );
    place.write("sub/lib/almost.go", source);
    let run = place.run_in("sub", "escape --format json --almost 45");
    let report = run.json();
    let almost = report["targets"][0]["almost"].as_array().unwrap();
    let names: Vec<&str> = almost
        .iter()
        .map(|it| it["function"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Near"], "{}", run.shown());
    assert_eq!(almost[0]["file"], "lib/almost.go");
    assert_eq!(almost[0]["budget"], 80);
    let all = place
        .run_in("sub", "escape --format json --almost 100000")
        .json();
    assert_eq!(all["targets"][0]["almost"][1]["function"], "Far");
}

/// 1000 samples in `runtime.mallocgc` below `lib.Hot`, 3 in `lib.Cold`.
fn profile() -> Vec<u8> {
    use gobuild_opt::profile::proto::{Function, Line, Location, Profile, Sample, ValueType};
    let names = [
        "",
        "samples",
        "count",
        "runtime.mallocgc",
        "example.com/repo/lib.Hot",
        "example.com/repo/lib.Cold",
        "main.main",
    ];
    let mut profile = Profile {
        string_table: names.map(|it| it.as_bytes().to_vec()).into(),
        sample_type: vec![ValueType { r#type: 1, unit: 2 }],
        ..Profile::default()
    };
    for id in 1..=4u64 {
        profile.function.push(Function {
            id,
            name: id as i64 + 2,
            start_line: 3,
            ..Function::default()
        });
        profile.location.push(Location {
            id,
            address: id * 64,
            line: vec![Line {
                function_id: id,
                line: 4,
                column: 0,
            }],
            ..Location::default()
        });
    }
    let sample = |location_id, value| Sample {
        location_id,
        value: vec![value],
        label: Vec::new(),
    };
    profile.sample = vec![sample(vec![1, 2, 4], 1000), sample(vec![3, 4], 3)];
    gobuild_opt::profile::encode(gobuild_opt::profile::check(profile).unwrap().raw())
}

const HEAT: &str = "package lib\n\nfunc Hot() *int {\n\treturn new(int)\n}\n\nfunc Cold() *int {\n\treturn new(int)\n}\n";

#[test]
fn the_hot_gate_looks_at_hot_functions_alone() {
    let place = repository();
    place.write(
        "sub/main.go",
        MAIN.replace(
            "Sink = lib.Sum",
            "Sink = lib.Hot()\n\tSink = lib.Cold()\n\tSink = lib.Sum",
        ),
    );
    place.write("sub/lib/heat.go", HEAT);
    place.write("sub/default.pgo", profile());
    place.write("sub/gobuild-opt.toml", "[escape]\ngate = \"hot\"\n");
    let run = place.run_in("sub", "accept");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let more = |function: &str| {
        let from = format!("{function}() *int {{\n");
        place.write(
            "sub/lib/heat.go",
            HEAT.replace(&from, &format!("{from}\tkept = append(kept, new(int))\n"))
                + "\nvar kept []*int\n",
        );
        place.run_in("sub", "escape --format json")
    };
    let run = more("Cold");
    assert_eq!(
        (counts(&run).0 > 0, run.code()),
        (true, 0),
        "{}",
        run.shown()
    );
    let run = more("Hot");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(
        run.stderr.contains("lib.Hot, 99.7 % of the profile"),
        "{}",
        run.shown()
    );
    // Time of the runtime counts for who calls it, and what is hot comes first.
    let text = place.run_in("sub", "escape --by function").stdout;
    let first = text
        .lines()
        .find(|it| it.contains("example.com/repo"))
        .unwrap();
    assert!(
        first.contains("lib.Hot") && first.contains("99.7"),
        "{text}"
    );
    // Without a profile nobody is known to be hot, and that is said.
    std::fs::remove_file(place.path("sub/default.pgo")).unwrap();
    let run = place.run_in("sub", "escape");
    assert_eq!(run.code(), 0);
    assert!(
        run.stdout
            .replace('\n', " ")
            .contains("no profile is applied"),
        "{}",
        run.shown()
    );
    assert!(!run.stdout.contains("cpu %"));
}
