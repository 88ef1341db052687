//! `why --since` and `why init`: causes that add up, and what stays only for what is done before `main`.

use serde_json::Value;

use super::{SHAPES, place};
use crate::harness::Place;

const SMALL: &str = r#"package main

import "example.com/app/shapes"

var table = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10}

func init() { println(len(table)) }

func main() { println(shapes.Sum([]int{1, 2})) }
"#;

pub(super) fn git(place: &Place, words: &[&str]) {
    let identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"];
    place.tool("git", &[&identity[..], words].concat());
}

pub(super) fn commit(place: &Place) {
    git(place, &["add", "-A"]);
    git(place, &["commit", "-q", "-m", "next"]);
}

/// A repository whose first commit is a small program, and whose files are those of [`place`].
pub(super) fn grown() -> Place {
    let place = place();
    let now = place.text("main.go");
    place.write("main.go", SMALL);
    git(&place, &["init", "-q", "-b", "main"]);
    commit(&place);
    place.write("main.go", now);
    place
}

fn bytes(cause: &Value) -> i64 {
    cause["bytes"].as_i64().unwrap()
}

/// git knows nothing of the directory of a revision, and nothing is linked.
#[test]
fn a_stamp_of_git_does_not_stand_in_the_way() {
    let place = grown();
    place.write("version.go", "package main\n\nvar version string\n");
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={git.describe}\"]\n",
    );
    commit(&place);
    let run = place.run("why --since HEAD");
    assert_eq!(run.code(), 0, "{}", run.shown());
}

#[test]
fn growth_is_charged_to_what_changed() {
    let place = grown();
    let run = place.run("why --since HEAD --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let since = &run.json()["since"];
    let causes = since["causes"].as_array().unwrap();
    let all: i64 = causes.iter().map(bytes).sum();
    let difference = since["after"].as_i64().unwrap() - since["before"].as_i64().unwrap();
    assert_eq!(all, difference, "{since:#}");
    // All of the standard library that it uses now came in by the main package, but for what templates keep.
    let kinds: Vec<&str> = causes
        .iter()
        .map(|cause| cause["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds[0], "own", "{since:#}");
    assert!(kinds.contains(&"dead_code_elimination"), "{since:#}");
    assert_eq!(causes[0]["name"], "example.com/app");
    assert!(bytes(&causes[0]) * 10 > difference * 5, "{since:#}");
    let text = place.run("why --since HEAD").stdout;
    assert!(text.contains("own package example.com/app"), "{text}");
    assert!(
        text.contains("methods are called by names that are not known"),
        "{text}"
    );
}

#[test]
fn an_embedded_file_and_a_flag_are_causes() {
    let place = grown();
    place.write("main.go", SMALL);
    place.write("shapes/big.txt", "x".repeat(300_000));
    let embedding = SHAPES.replace("import (\n", "import (\n    _ \"embed\"\n")
        + "\n//go:embed big.txt\nvar big string\n\nfunc init() { println(big) }\n";
    place.write("shapes/shapes.go", embedding);
    let found = place.run("why --since HEAD --format json").json();
    let first = &found["since"]["causes"][0];
    assert_eq!(first["name"], "example.com/app/shapes", "{found:#}");
    assert!(bytes(first) > 300_000);
    // Only what is compiled in another way differs now.
    commit(&place);
    place.write("gobuild-opt.toml", "[build]\ngcflags = [\"all=-l\"]\n");
    let run = place.run("why --since HEAD --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = run.json();
    let causes = found["since"]["causes"].as_array().unwrap();
    assert_eq!(causes.len(), 1, "{found:#}");
    assert_eq!(causes[0]["kind"], "settings");
    assert_eq!(causes[0]["name"], "-gcflags");
}

#[test]
fn what_stays_only_for_work_before_main_is_listed() {
    let mut place = grown();
    place.write("main.go", SMALL);
    let run = place.run("why init --format json --top 0");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = run.json();
    let inits = &found["inits"];
    let list = inits["list"].as_array().unwrap();
    let own = list
        .iter()
        .find(|init| init["package"] == "example.com/app")
        .unwrap();
    let largest = own["largest"].as_array().unwrap();
    assert!(own["bytes"].as_u64().unwrap() > 100, "{inits:#}");
    assert!(
        largest
            .iter()
            .any(|of| of["symbol"].as_str().unwrap().starts_with("main."))
    );
    assert!(inits["bytes"].as_u64() >= own["bytes"].as_u64());
    assert_eq!(own["microseconds"], Value::Null);
    place.release("-o app .");
    let runtime = |init: &Value| init["package"] == "runtime";
    assert!(!list.iter().any(runtime), "{inits:#}");
    place.env("GODEBUG", "gctrace=0");
    let run = place.run("why init --run ./app");
    assert!(
        run.code() == 0 && run.stdout.contains("µs"),
        "{}",
        run.shown()
    );
    let run = place.run("why init --run true");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("did not print what it does before"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_function_without_code_is_told_from_one_that_is_not_there() {
    let place = place();
    let asked = |name: &str| {
        let run = place.run(&format!("why {name}"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        run.stderr
    };
    let inlined = asked("text/template.New");
    assert!(
        inlined.contains("no code of its own") && inlined.contains("`main.main`"),
        "{inlined}"
    );
    let removed = asked("encoding/json.Indent");
    assert!(
        removed.contains("is compiled, but not in the executable"),
        "{removed}"
    );
    let slip = asked("example.com/app/shapes.Square.Strng");
    assert!(
        slip.contains("did you mean `example.com/app/shapes.Square.String`?"),
        "{slip}"
    );
    // As people call what the linker calls `main.main`.
    assert_eq!(place.run("why example.com/app.main").code(), 0);
}

/// A file says which versions and flags it was built with, the lock how many bytes each module had.
#[test]
fn two_files_and_the_lock_are_explained_too() {
    let place = grown();
    let now = place.text("main.go");
    place.write("main.go", SMALL);
    assert_eq!(place.run("accept --reason first").code(), 0);
    place.release("-o old .");
    place.write("main.go", now);
    let report = place.release("-o new .");
    let growth = &report["targets"][0]["lock"]["growth"];
    let sum = |growth: &Value| -> i64 {
        let causes = growth["causes"].as_array().unwrap();
        let all: i64 = causes.iter().map(bytes).sum();
        let number = |name: &str| growth[name].as_i64().unwrap();
        assert_eq!(all, number("after") - number("before"), "{growth:#}");
        all
    };
    let by_lock = sum(growth);
    // The package is too small for an entry of its own in the lock.
    let own = |cause: &&Value| cause["kind"] == "own" && cause["name"] == "example.com/app/...";
    let causes = growth["causes"].as_array().unwrap();
    let own = causes.iter().find(own);
    assert!(own.is_some_and(|cause| bytes(cause) > 0), "{growth:#}");
    let named = |cause: &Value| !cause["kind"].as_str().unwrap().contains("module");
    assert!(causes.iter().all(named), "{growth:#}");
    let run = place.run("compare --why --format json old new");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let pair = &run.json()["pairs"][0];
    assert_eq!(sum(&pair["growth"]), by_lock);
    let kinds: Vec<&str> = pair["growth"]["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["kind"].as_str().unwrap())
        .collect();
    assert!(kinds[..2].contains(&"own"), "{kinds:?}");
    let run = place.run("compare --why --by package old new");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let short = place.run_short("release -o new .");
    assert!(short.stdout.contains("why: "), "{}", short.shown());
}

/// A module in a directory, and a package whose bytes cross what the lock has entries for.
#[test]
fn what_the_lock_does_not_say_makes_no_cause() {
    let place = place();
    let library = "package lib\n\n//go:noinline\nfunc A() string { return \"a\" }\n\nvar table = [30_000]byte{1: 1, 29_999: 2}\n\n"
        .to_owned()
        + "func B(at int) string { return string(table[at%len(table):]) }\n";
    let main = |call: &str| {
        format!(
            "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/app/big\"\n\t\"example.com/lib\"\n)\n\n\
             func main() {{ println(big.Table[len(os.Args)], {call}) }}\n"
        )
    };
    let big = |bytes: u64| {
        format!(
            "package big\n\nvar Table = [{bytes}]byte{{1: 1, {}: 2}}\n",
            bytes - 1
        )
    };
    place.write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n",
    );
    place.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write("lib/lib.go", &library);
    place.write("main.go", main("lib.A()"));
    place.write("big/big.go", big(64_000));
    git(&place, &["init", "-q", "-b", "main"]);
    commit(&place);
    assert_eq!(place.run("accept --reason first").code(), 0);
    place.write("main.go", main("lib.A(), lib.B(len(os.Args))"));
    place.write("big/big.go", big(70_000));
    let report = place.release("-o app .");
    let growth = &report["targets"][0]["lock"]["growth"];
    let causes = growth["causes"].as_array().unwrap();
    let large = |cause: &Value| bytes(cause).abs() > 40_000;
    assert!(!causes.iter().any(large), "{growth:#}");
    let of = |kind: &str, name: &str| {
        let mut all = causes.iter();
        all.find(|cause| cause["kind"] == kind && cause["name"] == name)
            .map_or(0, bytes)
    };
    assert!(of("own", "example.com/app/...") >= 5_000, "{growth:#}");
    assert!(of("unchanged", "") >= 29_000, "{growth:#}");
    assert_eq!(of("module_version", "example.com/lib"), 0, "{growth:#}");
    // The version of what a directory stands in for is the same, however it was edited.
    commit(&place);
    place.write(
        "lib/lib.go",
        library
            .replace("30_000", "40_000")
            .replace("29_999", "39_999"),
    );
    let run = place.run("why --since HEAD --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let first = run.json()["since"]["causes"][0].clone();
    let named = first["kind"] == "module_version" && first["name"] == "example.com/lib";
    assert!(named && bytes(&first) >= 9_000, "{first:#}");
}

#[test]
fn what_changed_is_asked_of_a_whole_executable() {
    let place = grown();
    for (line, message) in [
        ("why --since HEAD dce", "not `dce`"),
        ("why --since HEAD init", "not `init`"),
        ("why --since HEAD fmt .", "not `fmt`"),
        ("why --since HEAD --run ./app", "--run"),
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}
