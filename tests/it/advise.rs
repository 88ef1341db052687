//! `advise`: costs against `go tool pprof`, rules against lines planted for them in a twin of the example service.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gobuild_opt::advise::{self, Charged, Class};
use gobuild_opt::profile::{self, Profile};

use crate::harness::{Place, Run};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn goroot(place: &Place) -> PathBuf {
    place.tool("go", &["env", "GOROOT"]).trim().into()
}

fn charged(profile: &Profile, is_own: impl Fn(&str) -> bool) -> Charged {
    let value = profile.value_index("cpu", "nanoseconds").unwrap();
    let count = profile.value_index("samples", "count").unwrap();
    let count = |it: &profile::proto::Sample| it.value[count].unsigned_abs();
    advise::charge(profile, value, count, is_own)
}

/// Percent by function, as `go tool pprof -top -cum` prints it.
fn pprof(place: &Place, file: &Path, ignore: &str) -> BTreeMap<String, f64> {
    let ignore = format!("-ignore={ignore}");
    let file = file.display().to_string();
    let args = ["tool", "pprof", "-top", "-cum", "-nodecount=100000"];
    let mut args: Vec<&str> = args.to_vec();
    args.extend(["-nodefraction=0", "-edgefraction=0"]);
    if ignore != "-ignore=" {
        args.push(&ignore);
    }
    args.push(&file);
    let text = place.tool("go", &args);
    let row = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let percent: f64 = cells.get(4)?.strip_suffix('%')?.parse().ok()?;
        Some((cells[5..].join(" ").replace(" (inline)", ""), percent))
    };
    text.lines().filter_map(row).collect()
}

/// The six costs of the compiler's own profile, held against pprof's sums over the same functions.
#[test]
fn costs_are_those_of_pprof() {
    let place = Place::empty();
    let file = goroot(&place).join("src/cmd/compile/default.pgo");
    let profile = profile::read(&std::fs::read(&file).unwrap()).unwrap();
    let charged = charged(&profile, |it| it == "main" || it.starts_with("cmd/"));
    let total = charged.total.weight as f64;
    let ours = |prefix: &str| {
        let mine = charged.entries.iter().filter(|it| it.0.starts_with(prefix));
        mine.map(|it| it.1.weight as f64).sum::<f64>() * 100.0 / total
    };
    let maps = "runtime.mapassign|runtime.makemap|internal/runtime/maps";
    for (prefix, ignore) in [
        ("runtime.growslice", ""),
        ("runtime.makeslice", ""),
        // What a growing map allocates is the map's cost here, and counts twice in pprof.
        ("runtime.newobject", maps),
        ("runtime.concatstring", ""),
        ("runtime.mapassign", ""),
        ("runtime.gcBgMarkWorker", ""),
    ] {
        let theirs = pprof(&place, &file, ignore);
        // One calls another: concatstring3 calls concatstrings, and the worker has a function literal.
        let theirs: f64 = match prefix {
            "runtime.concatstring" => theirs["runtime.concatstrings"],
            "runtime.gcBgMarkWorker" => theirs[prefix],
            _ => theirs
                .iter()
                .filter(|it| it.0.starts_with(prefix) && !it.0.contains("func"))
                .map(|it| it.1)
                .sum(),
        };
        let ours = ours(prefix);
        println!("{prefix}: pprof {theirs:.2} %, ours {ours:.2} %");
        assert!((ours - theirs).abs() <= 0.3, "{prefix}: {ours} {theirs}");
        assert!(theirs > 0.3, "{prefix} has too few samples to tell");
    }
    // Each sample has one class at most.
    let classes: i64 = charged.classes.values().map(|it| it.weight).sum();
    assert!(classes < charged.total.weight);
    assert!(charged.own[&Class::Append].weight > 0);
}

/// The example service with the packages of tests/data/planted, built and run under its own load.
fn twin() -> Place {
    let place = Place::empty();
    let into = place.dir().display().to_string();
    for it in ["go.mod", "go.sum", "cmd", "internal"] {
        let from = root().join("examples/service").join(it);
        place.tool("cp", &["-r", &from.display().to_string(), &into]);
    }
    for (from, to) in [
        ("planted", "internal/planted"),
        ("clean", "internal/clean"),
        ("hotspots", "cmd/hotspots"),
    ] {
        let from = root().join("tests/data/planted").join(from);
        let to = place.dir().join(to).display().to_string();
        place.tool("cp", &["-r", &from.display().to_string(), &to]);
    }
    place
}

fn profiled(place: &Place, strip: bool) {
    let flags = if strip { "-ldflags=-s" } else { "-ldflags=" };
    let args = [
        "build",
        "-trimpath",
        flags,
        "-o",
        "hotspots",
        "./cmd/hotspots",
    ];
    place.tool("go", &args);
    place.tool("mkdir", &["-p", "profiles"]);
    let program = place.dir().join("hotspots").display().to_string();
    place.tool(&program, &["profiles"]);
}

fn advice(place: &Place) -> serde_json::Value {
    let profiles = ["cpu", "heap", "mutex", "block"];
    let profiles = profiles.map(|it| format!("--profile profiles/{it}.pprof"));
    let line = format!(
        "advise {} -trimpath --format json ./cmd/hotspots",
        profiles.join(" ")
    );
    let run: Run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    serde_json::from_str(&run.stdout).unwrap()
}

/// Rules by the file and the line that they find.
fn found(report: &serde_json::Value) -> BTreeSet<(String, u64, String)> {
    let findings = report["targets"][0]["findings"].as_array().unwrap();
    let finding = |it: &serde_json::Value| {
        let place = &it["place"];
        (
            place["file"].as_str().unwrap().to_owned(),
            place["line"].as_u64().unwrap(),
            it["rule"].as_str().unwrap().to_owned(),
        )
    };
    findings.iter().map(finding).collect()
}

#[test]
fn rules_find_the_lines_planted_for_them_and_no_other() {
    let place = twin();
    profiled(&place, true);
    let report = advice(&place);
    let found = found(&report);
    let text = place.text("internal/planted/planted.go");
    let planted: BTreeSet<(String, u64, String)> = (1..)
        .zip(text.lines())
        .filter_map(|(number, line)| {
            let rule = line.split("// GBO").nth(1)?;
            let file = "internal/planted/planted.go".to_owned();
            Some((file, number, format!("GBO{rule}")))
        })
        .collect();
    let wrong: Vec<_> = found.difference(&planted).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let hit: BTreeSet<&str> = found.iter().map(|it| it.2.as_str()).collect();
    println!("{} of {} lines, {hit:?}", found.len(), planted.len());
    assert!(hit.len() >= 8, "{found:#?}");
    // Each says what to do, when not to, and how to see whether it helped.
    for it in report["targets"][0]["findings"].as_array().unwrap() {
        for key in ["seen", "attempt", "unless", "verify"] {
            assert!(!it[key].as_str().unwrap().is_empty(), "{key}: {it}");
        }
        assert!(!it["place"]["source"].as_str().unwrap().is_empty(), "{it}");
    }
}

#[test]
fn other_formats_and_comments() {
    let place = twin();
    profiled(&place, false);
    let text = place.text("internal/planted/planted.go");
    let text = text.replace("// GBO305", "//gobuild-opt:ignore GBO305 two rounds");
    place.write("internal/planted/planted.go", text);
    let line = "advise --profile profiles/cpu.pprof ./cmd/hotspots";
    let run = place.run(&format!("{line} --format sarif"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let log: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    assert!(!results.is_empty());
    for it in results {
        let index = usize::try_from(it["ruleIndex"].as_i64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], it["ruleId"]);
        assert!(
            rules[index]["help"]["text"]
                .as_str()
                .unwrap()
                .contains("When not to")
        );
        assert_ne!(it["ruleId"], "GBO305");
    }
    let run = place.run(line);
    assert!(run.stdout.contains("1 finding ignored"), "{}", run.shown());
    assert!(!run.stdout.contains("GBO305"), "{}", run.shown());
    let run = place.run(&format!("{line} --format github"));
    assert!(run.stdout.starts_with("::notice file="), "{}", run.shown());
    // The same profile gives the same text.
    assert_eq!(place.run(line).stdout, place.run(line).stdout);
}

#[test]
fn without_a_profile_nothing_is_hot() {
    let place = Place::module();
    let run = place.run("advise");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("unweighted"), "{}", run.shown());
    assert!(!run.stdout.contains("hot"), "{}", run.shown());
    place.write("no.pprof", "nothing");
    let run = place.run("advise --profile no.pprof");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let run = place.run("advise --profile missing.pprof");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

#[test]
fn every_rule_is_documented() {
    for rule in advise::RULES {
        assert_eq!(rule.id, format!("GBO3{:02}", rule.lesson));
        for word in [
            "What it sees: ",
            "Why it matters: ",
            "What to do: ",
            "When not to: ",
        ] {
            assert!(rule.manual.contains(word), "{} has no `{word}`", rule.id);
        }
        let run = Place::empty().run(&format!("explain {}", rule.id));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
}
