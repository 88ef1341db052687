//! `try` and `advise --try`: what they predict is what is measured once the change is made. `bench`: exact facts in the lock.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::advise::{recorded, twin};
use crate::harness::{Place, Run};

/// Benchmarks of two lines that are planted for rules.
const BENCHMARKS: &str = "package planted

import (
	\"strings\"
	\"testing\"
)

func BenchmarkGrowth(b *testing.B) {
	for i := 0; i < b.N; i++ {
		Growth(20000)
	}
}

func BenchmarkJoin(b *testing.B) {
	parts := strings.Fields(strings.Repeat(\"word \", 400))
	for i := 0; i < b.N; i++ {
		Join(parts)
	}
}
";

/// What is printed, however its lines are broken.
fn words(run: &Run) -> String {
    let all: Vec<&str> = run.stdout.split_whitespace().collect();
    all.join(" ")
}

fn json(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.shown()))
}

/// allocs/op and B/op by go itself, the least of five runs.
fn measured(place: &Place, name: &str) -> (u64, u64) {
    let bench = format!("-bench=^{name}$");
    let args = [
        "test",
        "-run=^$",
        &bench,
        "-benchmem",
        "-benchtime=100x",
        "-count=5",
        "-cpu=1",
    ];
    let mut args = args.to_vec();
    args.push("./internal/planted");
    let text = place.tool("go", &args);
    let value = |line: &str, unit: &str| -> u64 {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|it| *it == unit).unwrap();
        words[at - 1].parse().unwrap()
    };
    let lines: Vec<&str> = text.lines().filter(|it| it.starts_with(name)).collect();
    assert_eq!(lines.len(), 5, "{text}");
    let least = |unit: &str| lines.iter().map(|it| value(it, unit)).min().unwrap();
    (least("allocs/op"), least("B/op"))
}

fn sites(place: &Place) -> u64 {
    let run = place.run("escape -trimpath --format json ./cmd/hotspots");
    json(&run)["targets"][0]["escapes"]["sites"]
        .as_u64()
        .unwrap()
}

#[test]
fn the_gain_that_was_predicted_is_the_measured_one() {
    let place = twin();
    place.write("internal/planted/planted_test.go", BENCHMARKS);
    // A patch is written only where the bound is certain; the line of the profile stays where it was.
    let planted = place.text("internal/planted/planted.go");
    let certain = planted.replacen("i < n; i++", "i < 20000; i++", 1);
    assert_ne!(planted, certain);
    place.write("internal/planted/planted.go", certain);
    // The recorded profile has thirteen planted lines and the server's own work: each is a small part.
    place.write("gobuild-opt.toml", "[advise]\nmin-share = \"0.3%\"\n");
    let source = || place.text("internal/planted/planted.go");
    let line = format!(
        "advise -trimpath --profile {} ./cmd/hotspots",
        recorded("1.27.3")
    );
    for (rule, function) in [("GBO303", "Growth"), ("GBO305", "Join")] {
        let report = json(&place.run(&format!("{line} --format json")));
        let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
        let is_it = |it: &Value| it["rule"] == rule && it["place"]["function"] == function;
        let at = findings.iter().position(is_it).unwrap() + 1;
        assert!(findings[at - 1]["patch"]["diff"].is_string(), "{rule}");
        let name = format!("Benchmark{function}");
        let trial = format!(
            "{line} --try {at} --bench ^{name}$ --bench-package ./internal/planted --format json"
        );
        let (untouched, before) = (source(), measured(&place, &name));
        let sites_before = sites(&place);
        let predicted = json(&place.run(&trial));
        assert_eq!(source(), untouched, "a trial touches no source");
        assert_eq!(predicted["written"], false);
        let run = place.run(&format!("{trial} --write"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert_ne!(source(), untouched);
        let after = measured(&place, &name);
        let benchmark = &predicted["benchmarks"][0];
        let pair = |key: &str| {
            let side = |it: &str| benchmark[key][it].as_u64().unwrap();
            (side("before"), side("after"))
        };
        println!("{rule}: {before:?} -> {after:?}, predicted {benchmark}");
        assert_eq!(
            (pair("allocs"), pair("bytes")),
            ((before.0, after.0), (before.1, after.1))
        );
        assert!(after.0 < before.0 && after.1 < before.1, "{rule} gains");
        let escapes = &predicted["targets"][0]["escapes"];
        let sides = [&escapes["before"], &escapes["after"]].map(|it| it.as_u64().unwrap());
        assert_eq!(sides, [sites_before, sites(&place)], "{predicted}");
    }
    // What is left to do has no patch of the rule any more, and a number that is none is said.
    let run = place.run(&format!("{line} --try 99"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("there is no finding 99"),
        "{}",
        run.shown()
    );
}

/// A program whose variable escapes.
const PROGRAM: &str = "package main

var kept *int

func main() {
	value := 7
	kept = &value
	println(*kept)
}
";

const PATCH: &str = "--- a/main.go
+++ b/main.go
@@ -3,7 +3,5 @@
 var kept *int
 
 func main() {
-	value := 7
-	kept = &value
-	println(*kept)
+	println(7, kept)
 }
";

/// What is not certainly the user's own source, as it was read, is not written over.
#[test]
fn write_refuses_what_it_may_not_write() {
    let place = twin();
    let planted = "internal/planted/planted.go";
    let certain = place
        .text(planted)
        .replacen("i < n; i++", "i < 20000; i++", 1);
    place.write(planted, &certain);
    // A benchmark that edits the source: somebody does, while the trial runs.
    let meddling = "package planted\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc BenchmarkEdit(b *testing.B) {\n\tfile, err := os.OpenFile(os.Getenv(\"PLANTED\"), os.O_APPEND|os.O_WRONLY, 0)\n\tif err != nil {\n\t\tb.Fatal(err)\n\t}\n\t_, _ = file.WriteString(\"// edited\\n\")\n\tfile.Close()\n}\n";
    place.write("internal/planted/edit_test.go", meddling);
    let mut place = place;
    let full = place.path(planted);
    place.env("PLANTED", &full);
    place.write("other.go", &certain);
    let overlay = serde_json::json!({ "Replace": { planted: "other.go" } });
    place.write("overlay.json", overlay.to_string());
    let line = format!(
        "advise -trimpath --profile {} ./cmd/hotspots",
        recorded("1.27.3")
    );
    let report = json(&place.run(&format!("{line} --format json")));
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let has_patch = |it: &Value| it["rule"] == "GBO303" && it["patch"]["diff"].is_string();
    let at = findings.iter().position(has_patch).unwrap() + 1;
    let refused = |more: &str, words: &str| {
        let run = place.run(&format!("{line} --try {at} --write {more}"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        let error = format!("error: `{planted}` {words}");
        assert!(run.stderr.contains(&error), "{}", run.shown());
    };
    let mode = |bits| std::fs::set_permissions(&full, PermissionsExt::from_mode(bits)).unwrap();
    mode(0o444);
    refused("", "is not writable");
    mode(0o644);
    refused(
        "-overlay overlay.json",
        "is replaced by the `-overlay` of the build",
    );
    assert_eq!(place.text(planted), certain);
    refused(
        "--bench ^BenchmarkEdit$ --bench-package ./internal/planted",
        "was changed meanwhile; nothing was written",
    );
    let edited = place.text(planted);
    assert!(edited.starts_with(&certain) && edited.ends_with("// edited\n"));
    std::fs::rename(&full, place.path("aside.go")).unwrap();
    std::os::unix::fs::symlink(place.path("aside.go"), &full).unwrap();
    refused("", "is a link");
    assert_eq!(place.text("aside.go"), edited);
}

#[test]
fn a_patch_and_an_overlay_are_tried_without_a_touch() {
    let place = Place::module();
    place.write("main.go", PROGRAM);
    place.write("idea.patch", PATCH);
    let run = place.run("try --patch idea.patch --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let by_patch = json(&run);
    let target = &by_patch["targets"][0];
    assert_eq!(target["gone"].as_array().unwrap().len(), 1, "{target}");
    assert_eq!(target["gone"][0]["message"], "moved to heap: value");
    assert_eq!(target["escapes"]["before"], 1);
    assert_eq!(target["escapes"]["after"], 0);
    let functions = target["executables"][0]["functions"].as_array().unwrap();
    assert!(
        functions.iter().any(|it| it["name"] == "main.main"),
        "{functions:?}"
    );
    assert_eq!(place.text("main.go"), PROGRAM);

    let changed = PROGRAM.replace(
        "\tvalue := 7\n\tkept = &value\n\tprintln(*kept)\n",
        "\tprintln(7, kept)\n",
    );
    place.write("aside/main.go.txt", changed);
    place.write(
        "overlay.json",
        "{\"Replace\": {\"main.go\": \"aside/main.go.txt\"}}",
    );
    let by_overlay = json(&place.run("try --overlay overlay.json --format json"));
    assert_eq!(by_overlay["targets"], by_patch["targets"]);
    let text = place.run("try --overlay overlay.json");
    for wanted in [
        "escapes: 1 -> 0 (-1), 1 gone, 0 new",
        "gone main.go:6",
        "main.main",
    ] {
        assert!(words(&text).contains(wanted), "{wanted}: {}", text.shown());
    }
}

#[test]
fn what_cannot_be_tried_is_one_clear_error() {
    let place = Place::module();
    place.write("main.go", PROGRAM);
    place.write(
        "broken.patch",
        PATCH.replace("println(7, kept)", "println(seven)"),
    );
    place.write("other.patch", PATCH.replace("value := 7", "value := 8"));
    place.write("away.patch", PATCH.replace("main.go", "away.go"));
    place.write("text.patch", "no patch\n");
    place.write(
        "overlay.json",
        "{\"Replace\": {\"main.go\": \"missing.go\"}}",
    );
    place.write("list.json", "[1]");
    for (line, code, told) in [
        ("try", 2, "--overlay"),
        ("try --patch broken.patch", 3, "with the change: "),
        (
            "try --patch other.patch",
            2,
            "`other.patch` does not fit `a/main.go`",
        ),
        (
            "try --patch away.patch",
            2,
            "the patch is of `a/away.go`, which is not there",
        ),
        ("try --patch text.patch", 2, "`text.patch` is no patch"),
        ("try --patch none.patch", 2, "none.patch"),
        ("try --overlay overlay.json", 2, "missing.go"),
        ("try --overlay list.json", 2, "`list.json` is no overlay"),
        ("try --patch away.patch --write", 2, "--write"),
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), code, "{line}: {}", run.shown());
        assert!(run.stderr.contains(told), "{line}: {}", run.shown());
    }
    assert_eq!(place.text("main.go"), PROGRAM);
}

fn counting(allocations: usize) -> String {
    let more = "\n\tkept = append(kept, new([64]byte))".repeat(allocations);
    format!(
        "package main\n\nvar kept []*[64]byte\n\nfunc work() {{\n\tkept = kept[:0]{more}\n}}\n\nfunc main() {{ work() }}\n"
    )
}

#[test]
fn allocations_of_benchmarks_are_facts_of_the_lock() {
    let place = Place::module();
    let test = "package main\n\nimport \"testing\"\n\nfunc BenchmarkWork(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\twork()\n\t}\n}\n";
    place.write("main_test.go", test);
    place.write("main.go", counting(3));
    let run = place.run("bench");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("no benchmark is named"),
        "{}",
        run.shown()
    );
    // A directory without `./` is a package of the standard library to go.
    place.write("greet/greet.go", "package greet\n");
    place.write("gobuild-opt.toml", "[bench]\npackages = [\"greet\"]\n");
    let run = place.run("bench");
    assert_ne!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stderr.contains("the directory is `./greet`"),
        "{}",
        run.shown()
    );
    place.write("gobuild-opt.toml", "[bench]\npackages = [\".\"]\n");
    let run = place.run("bench");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        words(&run).contains("does not hold 1 benchmark"),
        "{}",
        run.shown()
    );
    assert_eq!(place.run("bench --accept").code(), 2);
    assert_eq!(place.run("accept").code(), 0);
    let run = place.run("bench --accept");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let fact = |allocs: u32| {
        format!(
            "BenchmarkWork\" = {{ allocs = {allocs}, bytes = {} }}",
            allocs * 64
        )
    };
    let lock = || place.text("gobuild-opt.lock");
    assert!(lock().contains(&fact(3)), "{}", lock());
    // All of the lock keeps it.
    assert_eq!(place.run("accept").code(), 0);
    assert!(lock().contains(&fact(3)), "{}", lock());

    place.write("main.go", counting(5));
    let run = place.run("bench");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(
        words(&run).contains("allocates 320 B in 5 allocs/op; gobuild-opt.lock says 192 B in 3"),
        "{}",
        run.shown()
    );
    let run = place.run("bench --accept");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let run = place.run("bench --accept --reason 'two more'");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        lock().contains("allocs = 5, bytes = 320, reason = \"two more\""),
        "{}",
        lock()
    );

    // The lock follows what allocates less.
    place.write("main.go", counting(1));
    let run = place.run("bench --format json");
    assert_eq!(json(&run)["verdict"]["pass"], true);
    assert!(lock().contains(&fact(1)), "{}", lock());

    // One that is gone is not held to anything any more: that is a change of the lock, too.
    place.write(
        "main_test.go",
        test.replace("BenchmarkWork", "BenchmarkOther"),
    );
    let run = place.run("bench --accept");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("example.com/tiny.BenchmarkWork: did not run"),
        "{}",
        run.shown()
    );
    assert!(lock().contains(&fact(1)), "{}", lock());
    let run = place.run("bench --accept --reason 'renamed'");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(!lock().contains("BenchmarkWork"), "{}", lock());
    assert!(lock().contains("BenchmarkOther"), "{}", lock());

    // Another Go may allocate otherwise.
    let own = lock();
    let go = own.lines().find(|it| it.starts_with("go = ")).unwrap();
    place.write("gobuild-opt.lock", own.replace(go, "go = \"go1.20.1\""));
    place.write("main.go", counting(4));
    let run = place.run("bench");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(words(&run).contains("is from go1.20.1"), "{}", run.shown());
}

#[test]
fn benchmarks_run_for_this_machine_and_may_print() {
    let place = Place::module();
    let test = "package main\n\nimport (\n\t\"fmt\"\n\t\"testing\"\n)\n\nfunc BenchmarkWork(b *testing.B) {\n\tfmt.Println(\"hello\")\n\tfor i := 0; i < b.N; i++ {\n\t\twork()\n\t}\n}\n";
    place.write("main_test.go", test);
    place.write("main.go", counting(3));
    let here = place.tool("go", &["env", "GOOS", "GOARCH"]);
    let here: Vec<&str> = here.split_whitespace().collect();
    let other = if here[1] == "s390x" {
        "linux/amd64"
    } else {
        "linux/s390x"
    };
    let line = format!(
        "bench --format json --target {other} --target {} .",
        here.join("/")
    );
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = json(&run);
    assert_eq!(found["benchmarks"][0]["allocs"]["after"], 3, "{found:#}");
}

#[test]
fn advice_has_a_ratchet() {
    let place = twin();
    let line = format!(
        "advise -trimpath --profile {} ./cmd/hotspots",
        recorded("1.27.3")
    );
    place.write(
        "gobuild-opt.toml",
        "[advise]\ngate = \"new\"\nmin-share = \"0.3%\"\n",
    );
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(words(&run).contains("holds nothing of"), "{}", run.shown());
    assert_eq!(place.run(&format!("{line} --accept")).code(), 2);
    assert_eq!(place.run("accept ./cmd/hotspots").code(), 0);
    let run = place.run(&format!("{line} --accept"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    // The line is another one now, and the advice new.
    let text = place.text("internal/planted/planted.go");
    let text = text.replace("out = append(out, i*2)", "out = append(out, i*3)");
    place.write("internal/planted/planted.go", text);
    let run = place.run(&line);
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(
        words(&run).contains("1 new finding of advise"),
        "{}",
        run.shown()
    );
    let report = json(&place.run(&format!("{line} --format json")));
    let findings = report["targets"][0]["findings"].as_array().unwrap().clone();
    let new: Vec<&Value> = findings.iter().filter(|it| it["new"] == true).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(new[0]["rule"], "GBO303");
}
