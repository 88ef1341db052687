//! The lock of a real module: edits that change nothing find nothing, one escape is one finding.

use crate::harness::{Place, Run};

const LIB: &str = "\
package lib

type Box struct{ n int }

func New(n int) *Box {
	return &Box{n: n}
}

func (b *Box) Get() any {
	return b.n
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

	\"example.com/locked/lib\"
)

var sink any

func main() {
	box := lib.New(len(os.Args))
	sink = box.Get()
	sink = lib.Sum([]int{1, len(os.Args)})
}
";

const SETTINGS: &str = "[escape]\ngate = \"new\"\n";

fn module() -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/locked\n\ngo 1.21\n");
    place.write("main.go", MAIN);
    place.write("lib/lib.go", LIB);
    place.write("gobuild-opt.toml", SETTINGS);
    place
}

/// A module with a lock.
fn locked() -> Place {
    let place = module();
    let run = place.run("accept");
    assert_eq!(run.code(), 0, "{}", run.shown());
    place
}

/// `new, fixed, moved` of the report, and the exit code.
fn counts(run: &Run) -> (usize, usize, u64, i32) {
    let report = run.json();
    let escapes = &report["targets"][0]["escapes"];
    let count = |key: &str| escapes[key].as_array().map_or(usize::MAX, Vec::len);
    let moved = escapes["moved"].as_u64().unwrap();
    (count("new"), count("fixed"), moved, run.code())
}

const ESCAPE: &str = "escape --format json";

#[test]
fn edits_without_allocations_find_nothing() {
    let place = locked();
    let lock = place.text("gobuild-opt.lock");
    assert_eq!(counts(&place.run(ESCAPE)), (0, 0, 0, 0));
    // Lines, white space, another order of functions, another file name.
    let parts: Vec<&str> = LIB.split("\n\n").collect();
    let [package, kind, new, get, sum] = parts.as_slice() else {
        panic!("{parts:?}");
    };
    let spaced = sum.replace('\t', "    ").replace(":= 0", ":=  0");
    let edited = format!(
        "// Package lib.\n\n{package}\n\n{spaced}\n\n// A comment.\n\n{get}\n\n{kind}\n\n{new}\n"
    );
    std::fs::remove_file(place.path("lib/lib.go")).unwrap();
    place.write("lib/box.go", edited);
    assert_eq!(counts(&place.run(ESCAPE)), (0, 0, 0, 0));
    let run = place.run("release --format json");
    assert_eq!(counts(&run), (0, 0, 0, 0), "{}", run.shown());
    // Accepting again changes no line about sites.
    assert_eq!(place.run("accept").code(), 0);
    let sites = |it: &str| {
        it.lines()
            .filter(|it| it.contains("class = "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(sites(&place.text("gobuild-opt.lock")), sites(&lock));
}

#[test]
fn a_renamed_function_is_moved() {
    let place = locked();
    place.write("lib/lib.go", LIB.replace("Sum(", "Total("));
    place.write("main.go", MAIN.replace("Sum(", "Total("));
    let (new, fixed, moved, code) = counts(&place.run(ESCAPE));
    assert_eq!((new, fixed, code), (0, 0, 0));
    assert!(moved > 0);
}

#[test]
fn one_escape_is_one_finding_until_it_is_accepted() {
    let place = locked();
    let added = "\tleak := lib.New(len(os.Args) + 1)\n\tsink = leak\n}\n";
    place.write(
        "main.go",
        MAIN.trim_end().trim_end_matches('}').to_owned() + added,
    );
    let run = place.run(ESCAPE);
    assert_eq!(counts(&run), (1, 0, 0, 1), "{}", run.shown());
    let site = run.json()["targets"][0]["escapes"]["new"][0].clone();
    assert_eq!(site["source"], "leak := lib.New(len(os.Args) + 1)");
    assert_eq!(
        (&site["file"], &site["line"]),
        (&"main.go".into(), &15.into())
    );
    let id = site["id"].as_str().unwrap();

    let run = place.run("escape");
    assert_eq!(run.code(), 1);
    for words in [
        "leak := lib.New(len(os.Args) + 1)",
        "main.go:15",
        &format!("gobuild-opt accept {id}"),
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.shown());
    }
    let run = place.run("release -q");
    assert_eq!(run.code(), 1);
    assert!(run.stderr.contains(id), "{}", run.shown());
    assert!(place.path("locked").is_file(), "the binary is written");

    assert_eq!(
        place.run(&format!("accept {id}")).code(),
        2,
        "a reason is required"
    );
    assert_eq!(place.run("accept 0123456789 --reason x").code(), 2);
    let run = place.run("accept");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let run = place.run(&format!("accept {id} --reason 'once per process'"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let lock = place.text("gobuild-opt.lock");
    let line = lock.lines().find(|it| it.starts_with(id)).unwrap();
    assert!(line.contains("reason = \"once per process\""), "{line}");
    assert_eq!(counts(&place.run(ESCAPE)), (0, 0, 0, 0));
    assert_eq!(counts(&place.run("release --format json")), (0, 0, 0, 0));
}

#[test]
fn what_is_ignored_needs_a_reason() {
    let place = locked();
    let with = |comment: &str| {
        let added = format!("\t{comment}\n\tsink = lib.New(len(os.Args) + 1)\n}}\n");
        place.write(
            "main.go",
            MAIN.trim_end().trim_end_matches('}').to_owned() + &added,
        );
        place.run(ESCAPE)
    };
    assert_eq!(with("//gobuild-opt:ignore new").code(), 1);
    assert_eq!(
        with("//gobuild-opt:ignore boxing it is no boxing").code(),
        1
    );
    let run = with("//gobuild-opt:ignore new once per process");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let ignored = &run.json()["targets"][0]["escapes"]["ignored"];
    assert_eq!(ignored[0]["reason"], "once per process");
    with("// nothing");
    let ignore = format!("{SETTINGS}ignore = [\"example.com/locked.main\"]\n");
    place.write("gobuild-opt.toml", ignore);
    assert_eq!(counts(&place.run(ESCAPE)), (0, 0, 0, 0));
}

#[test]
fn a_bad_lock_is_named_and_left_alone() {
    let place = locked();
    let good = place.text("gobuild-opt.lock");
    for (bad, words) in [
        (
            format!("{good}<<<<<<< HEAD\n"),
            format!(
                "gobuild-opt.lock:{}` holds a merge conflict",
                good.lines().count() + 1
            ),
        ),
        (
            good.replace("version = 4", "version = 7"),
            "gobuild-opt.lock:2` is of version 7".to_owned(),
        ),
        (
            good.replace("scope =", "scpoe ="),
            "unknown field `scpoe`".to_owned(),
        ),
    ] {
        place.write("gobuild-opt.lock", &bad);
        for command in ["escape", "release", "accept"] {
            let run = place.run(command);
            assert_eq!(run.code(), 2, "{}", run.shown());
            assert!(run.stderr.contains(&words), "{words}\n{}", run.shown());
            assert_eq!(place.text("gobuild-opt.lock"), bad);
        }
    }
}

#[test]
fn another_go_is_a_sentence_and_no_failure() {
    let place = locked();
    let lock = place.text("gobuild-opt.lock");
    let version = place.tool("go", &["env", "GOVERSION"]);
    place.write("gobuild-opt.lock", lock.replace(version.trim(), "go1.20.1"));
    place.write("lib/lib.go", LIB.replace("return b.n", "return b.n + 1"));
    let run = place.run("escape");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("the lock is from go1.20.1"),
        "{}",
        run.shown()
    );
    assert!(run.stdout.contains("sites by class: "), "{}", run.shown());
}

#[test]
fn a_size_ratchet_holds_and_follows() {
    let mut place = locked();
    place.write("gobuild-opt.toml", "[budget]\nsize = \"ratchet\"\n");
    let lock = place.text("gobuild-opt.lock");
    let size = lock.lines().find(|it| it.starts_with("size = ")).unwrap();
    place.write("gobuild-opt.lock", lock.replace(size, "size = 1000"));
    assert_eq!(place.run("release").code(), 1);
    let run = place.run("accept size --reason 'a new feature'");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        place
            .text("gobuild-opt.lock")
            .contains("reason = \"a new feature\" }")
    );
    let accepted = place.text("gobuild-opt.lock");
    let run = place.run("accept size --reason 'nothing is looser'");
    assert!(run.shown().contains("says all of that already"));
    assert_eq!(place.text("gobuild-opt.lock"), accepted);
    assert_eq!(place.run("release").code(), 0);
    let loose = lock.replace(size, "size = 900000000");
    place.write("gobuild-opt.lock", &loose);
    assert_eq!(place.run("release").code(), 0);
    assert_eq!(place.text("gobuild-opt.lock"), lock, "the lock follows");
    place.env("CI", "true");
    place.write("gobuild-opt.lock", &loose);
    assert_eq!(place.run("release").code(), 0);
    assert_eq!(place.text("gobuild-opt.lock"), loose, "not in CI");
}

#[test]
fn broken_code_is_no_clean_report() {
    let place = locked();
    let lock = place.text("gobuild-opt.lock");
    place.write("lib/lib.go", LIB.replace("return &sum", "return &summ"));
    for command in [
        "escape",
        "escape --format json",
        "escape --report out.sarif",
        "accept --reason x",
        "accept size --reason x",
        "accept 0123456789 --reason x",
        "accept ./lib --reason x",
    ] {
        let run = place.run(command);
        assert_eq!(run.code(), 3, "{}", run.shown());
        assert!(run.stderr.contains("undefined: summ"), "{}", run.shown());
        assert_eq!(run.stdout, "");
        assert_eq!(place.text("gobuild-opt.lock"), lock);
        assert!(!place.path("out.sarif").exists());
    }
}

#[test]
fn new_findings_alone_are_annotated() {
    let place = locked();
    assert_eq!(place.run("escape --format github").stdout, "");
    let sarif = place.run("escape --format sarif").json();
    assert_eq!(sarif["runs"][0]["results"], serde_json::json!([]));
    follows_the_schema(&sarif);
    let added = "\tsink = lib.New(len(os.Args) + 1)\n}\n";
    place.write(
        "main.go",
        MAIN.trim_end().trim_end_matches('}').to_owned() + added,
    );
    let run = place.run("escape --format github --report out.sarif");
    assert_eq!(run.code(), 1);
    assert_eq!(run.stdout.lines().count(), 1);
    assert!(
        run.stdout.starts_with("::error file=main.go,line=15,"),
        "{}",
        run.shown()
    );
    let run = place.run("escape --format github --set escape.gate=off");
    assert_eq!(run.code(), 0);
    assert!(run.stdout.starts_with("::warning "), "{}", run.shown());
    let log = serde_json::from_slice(&place.read("out.sarif")).unwrap();
    follows_the_schema(&log);
    valid(&log);
    // The same of `release`, and of sources with what JSON and URIs escape.
    place.write("odd name%.go", "package main\n\nfunc init() {\n\tsink = \"é\\\\\" + string(make([]byte, len(os.Args))) // \"quoted\"\n}\n".replace("package main\n", "package main\n\nimport \"os\"\n"));
    let log = place.run("release --format sarif").json();
    follows_the_schema(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() > 1, "{log}");
    let odd = "odd%20name%25.go";
    let of = |it: &serde_json::Value| it["locations"][0]["physicalLocation"].clone();
    let found = results
        .iter()
        .map(of)
        .find(|it| it["artifactLocation"]["uri"] == odd);
    assert!(
        found.unwrap()["region"]["snippet"]["text"]
            .as_str()
            .unwrap()
            .contains("\"quoted\"")
    );
}

const LOGS: &str = "package main

import (
\t\"errors\"
\t\"log/slog\"
)

func main() {
\terr := errors.New(\"x\")
\tslog.Error(\"failed\", \"err\", err.Error())
}
";

/// The new sites of `escape`: line, source, and the lines of which one is new.
fn added(place: &Place) -> Vec<(u64, String, Vec<u64>)> {
    let report = place.run(ESCAPE).json();
    let new = report["targets"][0]["escapes"]["new"].as_array().unwrap();
    let among = |it: &serde_json::Value| {
        let all = it["among"].as_array().unwrap();
        all.iter().map(|it| it["line"].as_u64().unwrap()).collect()
    };
    let told = |it: &serde_json::Value| {
        let source = it["source"].as_str().unwrap().to_owned();
        (it["line"].as_u64().unwrap(), source, among(it))
    };
    new.iter().map(told).collect()
}

/// Both calls box the same expression: by its turn, the one that was there would be the new one.
#[test]
fn the_line_that_was_added_is_blamed_and_no_other() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/logs\n\ngo 1.21\n");
    place.write("main.go", LOGS);
    place.write("gobuild-opt.toml", "[escape]\ngate = \"new\"\n");
    assert_eq!(place.run("accept").code(), 0);
    let with = |line: &str| LOGS.replace("\tslog.Error", &format!("{line}\n\tslog.Error"));
    place.write(
        "main.go",
        with("\tslog.Info(\"starts\", \"err\", err.Error())"),
    );
    let found = added(&place);
    assert!(!found.is_empty());
    for (line, source, among) in &found {
        assert_eq!(*line, 10, "{found:?}");
        assert!(source.starts_with("slog.Info"), "{found:?}");
        assert!(among.is_empty(), "{found:?}");
    }
    let run = place.run("escape");
    assert_eq!(run.code(), 1);
    assert!(run.stdout.contains("main.go:10"), "{}", run.shown());
    assert!(!run.stdout.contains("main.go:11"), "{}", run.shown());
    // Each finding stands once.
    let id = place.run(ESCAPE).json()["targets"][0]["escapes"]["new"][0]["id"].clone();
    assert_eq!(
        run.stdout
            .matches(&format!("new  {}", id.as_str().unwrap()))
            .count(),
        1
    );
    assert_eq!(run.stdout.matches("FAIL").count(), 1, "{}", run.shown());
    // What is accepted one by one is known from then on, and the line that was there still is.
    let ids = place.run(ESCAPE).json();
    let ids = ids["targets"][0]["escapes"]["new"]
        .as_array()
        .unwrap()
        .clone();
    for it in ids {
        let id = it["id"].as_str().unwrap();
        assert_eq!(place.run(&format!("accept {id} --reason x")).code(), 0);
    }
    assert_eq!(added(&place), []);
    // The same line twice: either may be the new one, and no line is blamed alone.
    let twice = with("\tslog.Error(\"failed\", \"err\", err.Error())");
    place.write("main.go", LOGS);
    assert_eq!(place.run("accept").code(), 0);
    place.write("main.go", &twice);
    let found = added(&place);
    assert!(!found.is_empty());
    for (line, source, among) in &found {
        assert_eq!((*line, source.as_str()), (0, ""), "{found:?}");
        assert_eq!(*among, [10, 11], "{found:?}");
    }
    let run = place.run("escape");
    assert!(
        run.stdout.contains("one of main.go:10, 11"),
        "{}",
        run.shown()
    );
}

/// A lock without the text of lines is read, and says what it knows: how many there were.
#[test]
fn a_lock_of_version_2_is_compared_without_lines() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/logs\n\ngo 1.21\n");
    place.write("main.go", LOGS);
    assert_eq!(place.run("accept").code(), 0);
    let lock = place.text("gobuild-opt.lock");
    assert!(
        lock.contains("version = 4\n") && lock.contains(", line = \""),
        "{lock}"
    );
    let old: String = lock
        .replace("version = 4", "version = 2")
        .lines()
        .map(|line| match line.split_once(", line = \"") {
            Some((before, after)) => before.to_owned() + &after[9..] + "\n",
            None => line.to_owned() + "\n",
        })
        .collect();
    place.write("gobuild-opt.lock", &old);
    assert_eq!(added(&place), []);
    let more = LOGS.replace(
        "\tslog.Error",
        "\tslog.Info(\"starts\", \"err\", err.Error())\n\tslog.Error",
    );
    place.write("main.go", more);
    let found = added(&place);
    assert!(!found.is_empty());
    for it in &found {
        assert_eq!(it.2, [10, 11], "{found:?}");
    }
    // `accept` without an item writes it anew.
    assert_eq!(place.run("accept --reason x").code(), 0);
    assert!(place.text("gobuild-opt.lock").contains("version = 4"));
}

/// Version 3 took `S{}` in an interface for read-only data.
#[test]
fn what_a_lock_of_version_3_overlooked_is_not_new() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/logs\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\ntype S []string\n\nvar Kept any\n\nfunc main() { Kept = S{} }\n",
    );
    assert_eq!(place.run("accept").code(), 0);
    let lock = place.text("gobuild-opt.lock");
    assert!(lock.contains("expression = \"S{}\""), "{lock}");
    let without: String = lock
        .lines()
        .filter(|it| !it.contains("expression = \"S{}\""))
        .map(|it| it.to_owned() + "\n")
        .collect();
    place.write("gobuild-opt.lock", &without);
    assert_eq!(added(&place).len(), 1);
    place.write(
        "gobuild-opt.lock",
        without.replace("version = 4", "version = 3"),
    );
    assert_eq!(added(&place), []);
}

/// Code scanning sees what fails the run, and what warns: not only what has a line of source.
#[test]
fn budgets_and_checks_are_results_of_sarif() {
    let place = module();
    place.write("gobuild-opt.toml", "[budget]\nsize = \"1 KiB\"\nmodules = { \"...\" = \"1 B\" }\n[checks]\nlock = \"deny\"\ngomaxprocs = \"deny\"\n");
    let run = place.run("release --escapes off --format sarif");
    assert_eq!(run.code(), 1, "{}", run.shown());
    let log = run.json();
    follows_the_schema(&log);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    for it in results {
        let index = usize::try_from(it["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], it["ruleId"]);
        assert_eq!(
            it["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "gobuild-opt.toml"
        );
    }
    let report = place.run("release --escapes off --format json").json();
    let count = |status: &str| {
        let checks = report["targets"][0]["checks"].as_array().unwrap();
        checks.iter().filter(|it| it["status"] == status).count()
    };
    let level = |level: &str| results.iter().filter(|it| it["level"] == level).count();
    let failures = report["verdict"]["failures"].as_array().unwrap();
    assert!(failures.len() > 2, "{failures:?}");
    assert_eq!(level("error"), failures.len());
    assert_eq!(level("warning"), count("warn"));
    assert!(results.iter().any(|it| it["ruleId"] == "budget-size"));
    assert!(results.iter().any(|it| it["ruleId"] == "budget-module"));
    assert!(results.iter().any(|it| it["ruleId"] == "check-gomaxprocs"));
    let text = |it: &serde_json::Value| it["message"]["text"].as_str().unwrap().to_owned();
    let size = results
        .iter()
        .find(|it| it["ruleId"] == "budget-size")
        .unwrap();
    assert!(text(size).contains("is over the budget of 1.00 KiB"));
}

/// The types of `serde-sarif` are generated from the schema: what it does not name would be lost on the way.
fn follows_the_schema(log: &serde_json::Value) {
    let read: serde_sarif::sarif::Sarif = serde_json::from_value(log.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *log);
    let mut wrong = log.clone();
    wrong["runs"][0]["resluts"] = serde_json::json!([]);
    let read: Result<serde_sarif::sarif::Sarif, _> = serde_json::from_value(wrong.clone());
    assert!(read.is_err() || serde_json::to_value(read.unwrap()).unwrap() != wrong);
}

/// The rules of SARIF 2.1.0 that our logs can break: required properties, enumerations, indices, URIs.
fn valid(log: &serde_json::Value) {
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(run["tool"]["driver"]["name"].is_string());
    for rule in rules {
        assert!(
            rule["shortDescription"]["text"]
                .as_str()
                .unwrap()
                .ends_with('.')
        );
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(result["message"]["text"].is_string());
        let physical = &result["locations"][0]["physicalLocation"];
        let artifact = &physical["artifactLocation"];
        assert_eq!(artifact["uri"], "main.go");
        assert!(run["originalUriBaseIds"][artifact["uriBaseId"].as_str().unwrap()].is_object());
        assert!(physical["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(physical["region"]["startColumn"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn the_compilers_reasons_are_shown() {
    let place = module();
    for site in ["lib/lib.go:14", "lib.go:14:2"] {
        let run = place.run(&format!("escape --why {site}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(run.stdout.contains("moved to heap: sum"), "{}", run.shown());
        assert!(run.stdout.contains("flow: "), "{}", run.shown());
    }
    assert_eq!(place.run("escape --why lib.go:1").code(), 2);
    // What is no allocation is not counted, and that is said.
    place.write(
        "lib/constant.go",
        "package lib\n\nvar Any any\n\nfunc Constant() { Any = \"text\" }\n",
    );
    let run = place.run("escape --why lib/constant.go:5");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let why = "not counted: nothing is allocated, it is read-only data or has no size";
    assert!(run.stdout.contains(why), "{}", run.shown());
}
