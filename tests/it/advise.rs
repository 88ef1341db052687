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
pub fn twin() -> Place {
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

/// A CPU profile that the planted program wrote of itself.
pub fn recorded(go: &str) -> String {
    let profiles = root().join("tests/data/planted/profiles");
    profiles
        .join(format!("go{go}.cpu.pprof"))
        .display()
        .to_string()
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

/// The lines of a file that end with the rule that must find them, as [`found`] has them.
fn planted_in(place: &Place, file: &str) -> BTreeSet<(String, u64, String)> {
    let text = place.text(file);
    let lines = (1..).zip(text.lines());
    let planted = lines.filter_map(|(number, line)| {
        let rule = line.split("// GBO").nth(1)?;
        Some((file.to_owned(), number, format!("GBO{rule}")))
    });
    planted.collect()
}

#[test]
fn rules_find_the_lines_planted_for_them_and_no_other() {
    let place = twin();
    profiled(&place, true);
    // Thirteen lines share the time of one program: each is a small part of it.
    place.write("gobuild-opt.toml", "[advise]\nmin-share = \"0.3%\"\n");
    let report = advice(&place);
    let found = found(&report);
    let planted = planted_in(&place, "internal/planted/planted.go");
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

/// What 14 real programs under load wasted, in small; each is found on its line, and nothing of what does it better.
#[test]
fn waste_that_real_programs_have_is_found_where_it_is_planted() {
    let place = twin();
    place.tool("go", &["build", "-o", "hotspots", "./cmd/hotspots"]);
    place.tool("mkdir", &["profiles"]);
    let program = place.dir().join("hotspots").display().to_string();
    place.tool(&program, &["profiles", "again"]);
    let line = "advise --profile profiles/cpu.pprof --profile profiles/heap.pprof --format json";
    let run = place.run(&format!("{line} ./cmd/hotspots"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = found(&run.json());
    let file = "internal/planted/again.go";
    assert_eq!(found, planted_in(&place, file), "{}", run.shown());
    assert_eq!(found.len(), 6);
}

/// The finding of examples/guide/advise.md, by a profile that the planted program wrote.
#[test]
fn the_guide_shows_a_finding_as_it_is_printed() {
    let guide = include_str!("../../examples/guide/advise.md");
    let sample = guide.split("```text\n").nth(1).unwrap();
    let sample = sample.split("```").next().unwrap();
    let place = twin();
    let line = "advise -trimpath --top 0 ./cmd/hotspots --profile";
    let run = place.run(&format!("{line} {}", recorded("1.27.3")));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(sample.contains("not when:"), "{sample}");
    assert!(
        words(&run.stdout).contains(&words(sample)),
        "{}",
        run.shown()
    );
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

/// A profile whose stacks are `depth` deep, of functions that all allocate; 100 samples a second.
pub fn synthetic(samples: usize, functions: usize, depth: usize, seconds: i64) -> Vec<u8> {
    use gobuild_opt::profile::proto;
    let text = |it: &str| it.as_bytes().to_vec();
    let mut made = proto::Profile {
        string_table: ["", "samples", "count", "cpu", "nanoseconds"]
            .map(text)
            .into(),
        period: 10_000_000,
        duration_nanos: seconds * 1_000_000_000,
        ..proto::Profile::default()
    };
    let value = |r#type, unit| proto::ValueType { r#type, unit };
    made.sample_type = vec![value(1, 2), value(3, 4)];
    made.period_type = Some(value(3, 4));
    for id in 1..=functions as u64 {
        let name = match id {
            1 => "runtime.growslice".to_owned(),
            it => format!("example.com/m/p{}.F{it}", it % 50),
        };
        made.string_table.push(name.into_bytes());
        made.string_table
            .push(format!("/m/p{}/f.go", id % 50).into_bytes());
        let name = made.string_table.len() as i64 - 2;
        made.function.push(proto::Function {
            id,
            name,
            system_name: name,
            filename: name + 1,
            start_line: 10,
        });
        made.location.push(proto::Location {
            id,
            line: vec![proto::Line {
                function_id: id,
                line: 10 + (id as i64 % 7),
                ..proto::Line::default()
            }],
            ..proto::Location::default()
        });
    }
    for sample in 0..samples {
        let frame = |it: usize| 2 + ((sample * 31 + it * 17) % (functions - 1)) as u64;
        let stack = std::iter::once(1).chain((0..depth).map(frame));
        made.sample.push(proto::Sample {
            location_id: stack.collect(),
            value: vec![1, 10_000_000],
            ..proto::Sample::default()
        });
    }
    profile::encode(&made)
}

/// A CPU profile in which a slice grows in each of some functions with a file and a line, as often as hides nothing.
fn cpu_profile_of(functions: &[(&str, &str, i64)]) -> Vec<u8> {
    let grows = ("runtime.growslice", "runtime/slice.go", 9, 10);
    let stacks: Vec<_> = functions
        .iter()
        .map(|(name, file, line)| (vec![grows, (*name, *file, *line, *line + 1)], 100))
        .collect();
    cpu_profile(&stacks)
}

/// A function with its file, the line of its declaration, and that of a sample.
type Frame<'f> = (&'f str, &'f str, i64, i64);

/// A CPU profile of stacks, leaf first, each as often as is said.
fn cpu_profile(stacks: &[(Vec<Frame<'_>>, usize)]) -> Vec<u8> {
    use gobuild_opt::profile::proto;
    let mut raw = profile::read(&synthetic(1, 2, 1, 10))
        .unwrap()
        .raw()
        .clone();
    raw.sample.clear();
    let mut text = |it: &str| {
        raw.string_table.push(it.as_bytes().to_vec());
        raw.string_table.len() as i64 - 1
    };
    let mut ids = 10..;
    for (stack, often) in stacks {
        let mut location_id = Vec::new();
        for ((name, file, start, line), id) in stack.iter().zip(&mut ids) {
            let (name, filename) = (text(name), text(file));
            raw.function.push(proto::Function {
                id,
                name,
                system_name: name,
                filename,
                start_line: *start,
            });
            let line = vec![proto::Line {
                function_id: id,
                line: *line,
                ..proto::Line::default()
            }];
            raw.location.push(proto::Location {
                id,
                line,
                ..proto::Location::default()
            });
            location_id.push(id);
        }
        let sample = proto::Sample {
            location_id,
            value: vec![1, 10_000_000],
            ..proto::Sample::default()
        };
        raw.sample.extend(std::iter::repeat_n(sample, *often));
    }
    profile::encode(&raw)
}

/// What the profile does not name is not compiled: it costs nothing, and may not even compile. Of several main packages the one that
/// has the file is meant.
#[test]
fn only_what_a_profile_names_is_compiled_for_advice() {
    let place = Place::empty();
    place.write("go.mod", "module ex.com/m\n\ngo 1.21\n");
    let grow = "func grow(to []int) []int {\n\treturn append(to, 1)\n}\n";
    let main = |more: &str| format!("package main\n\nfunc main() {{ grow(nil) }}\n{more}\n{grow}");
    place.write("cmd/a/main.go", main("\n// a has more\n"));
    place.write("cmd/b/main.go", main(""));
    place.write("lib/lib.go", format!("package lib\n\n{grow}"));
    place.write("cold/cold.go", "package cold\n\nvar Cold int = \"no\"\n");
    let functions = [
        ("main.grow", "/elsewhere/m/cmd/b/main.go", 5),
        ("ex.com/m/lib.grow", "/elsewhere/m/lib/lib.go", 3),
    ];
    place.write("cpu.pprof", cpu_profile_of(&functions));
    let run = place.run("advise --profile cpu.pprof --format json ./...");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let costs = run.json()["targets"][0]["costs"].clone();
    let places = |costs: &serde_json::Value| {
        let all = costs.as_array().unwrap().iter();
        let file = |it: &serde_json::Value| it["place"]["file"].as_str().unwrap().to_owned();
        all.map(file).collect::<BTreeSet<String>>()
    };
    let expected = ["cmd/b/main.go", "lib/lib.go"].map(str::to_owned);
    assert_eq!(places(&costs), BTreeSet::from(expected), "{costs:#}");
    // By -trimpath the file has the import path.
    let functions = [("main.grow", "ex.com/m/cmd/a/main.go", 8)];
    place.write("cpu.pprof", cpu_profile_of(&functions));
    let run = place.run("advise --profile cpu.pprof --format json ./...");
    let costs = run.json()["targets"][0]["costs"].clone();
    assert_eq!(places(&costs), BTreeSet::from(["cmd/a/main.go".to_owned()]));
    // The root of the module is meant where the directory is that of no other.
    place.write("main.go", main("\n\n\n// the root has most\n"));
    let functions = [("main.grow", "/app/main.go", 10)];
    place.write("cpu.pprof", cpu_profile_of(&functions));
    let run = place.run("advise --profile cpu.pprof --format json ./...");
    let costs = run.json()["targets"][0]["costs"].clone();
    assert_eq!(places(&costs), BTreeSet::from(["main.go".to_owned()]));
    // A package of one platform is not asked of another.
    place.write("here/here_linux.go", format!("package here\n\n{grow}"));
    place.write("here/doc.go", "//go:build linux\n\npackage here\n");
    let targets = "[[target]]\nos = \"linux\"\n[[target]]\nos = \"windows\"\n";
    place.write("gobuild-opt.toml", targets);
    let functions = [
        ("ex.com/m/here.grow", "/elsewhere/m/here/here_linux.go", 3),
        ("ex.com/m/lib.grow", "/elsewhere/m/lib/lib.go", 3),
    ];
    place.write("cpu.pprof", cpu_profile_of(&functions));
    let run = place.run("advise --profile cpu.pprof --format json ./...");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(run.json()["targets"].as_array().unwrap().len(), 2);
    place.write("gobuild-opt.toml", "");
    // What it names has to compile.
    let functions = [("ex.com/m/cold.Cold", "/elsewhere/m/cold/cold.go", 3)];
    place.write("cpu.pprof", cpu_profile_of(&functions));
    let run = place.run("advise --profile cpu.pprof --format json ./...");
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(run.stderr.contains("cold.go:3"), "{}", run.shown());
}

/// Many patterns of one function are one list to compile once, where each is little of the whole; a test compiles again what a program
/// compiles once.
#[test]
fn what_a_function_makes_on_many_lines_counts_together() {
    let place = Place::empty();
    place.write("go.mod", "module ex.com/m\n\ngo 1.21\n");
    let lines: String = ('a'..='h')
        .map(|letter| {
            format!("\tif regexp.MustCompile(`^{letter}+$`).MatchString(text) {{ n++ }}\n")
        })
        .collect();
    place.write(
        "lib.go",
        format!("package m\n\nimport \"regexp\"\n\nfunc Count(text string) (n int) {{\n{lines}\treturn n\n}}\n"),
    );
    let stacks = |test: bool, lines: i64| {
        let mut stacks = vec![(vec![("ex.com/m.Other", "/src/m/other.go", 3, 4)], 900)];
        for at in 0..lines {
            let mut stack = vec![
                ("regexp.MustCompile", "regexp/regexp.go", 3, 4),
                ("ex.com/m.Count", "/src/m/lib.go", 5, 6 + at),
            ];
            if test {
                stack.push(("testing.tRunner", "testing/testing.go", 9, 10));
            }
            stacks.push((stack, 5));
        }
        if test {
            stacks.push((
                vec![
                    ("ex.com/m.Other", "/src/m/other.go", 3, 4),
                    ("testing.tRunner", "testing/testing.go", 9, 10),
                ],
                1000,
            ));
        }
        cpu_profile(&stacks)
    };
    let found = |test: bool, lines: i64| {
        place.write("cpu.pprof", stacks(test, lines));
        let run = place.run("advise --profile cpu.pprof --format json ./...");
        assert_eq!(run.code(), 0, "{}", run.shown());
        let target = run.json()["targets"][0].clone();
        (target["findings"].clone(), target["notes"].to_string())
    };
    let (findings, notes) = found(false, 8);
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings:#}");
    let one = &findings[0];
    assert_eq!(one["rule"], "GBO314");
    assert_eq!(one["place"]["line"], 6, "the first: {one:#}");
    assert_eq!(one["share"]["samples"], 40, "{one:#}");
    assert_eq!(one["amount"], 400_000_000, "{one:#}");
    let percent = one["share"]["percent"].as_f64().unwrap();
    assert!((percent - 40.0 / 9.4).abs() < 0.01, "{percent}");
    let seen = one["seen"].as_str().unwrap();
    assert!(seen.contains("also on 7 more lines"), "{seen}");
    assert!(!notes.contains("is of tests"), "{notes}");
    // One of them alone is too little to say anything.
    let (findings, _) = found(false, 1);
    assert_eq!(findings.as_array().unwrap().len(), 0, "{findings:#}");
    let (findings, notes) = found(true, 8);
    assert_eq!(findings.as_array().unwrap().len(), 0, "{findings:#}");
    assert!(notes.contains("is of tests"), "{notes}");
}

/// CPU time of this thread: what others do on the machine does not count.
fn cpu() -> std::time::Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[test]
fn a_large_profile_is_joined_in_time() {
    let functions = 5_000;
    let bytes = synthetic(20_000, functions, 20, 200);
    let profile = profile::read(&bytes).unwrap();
    let names: Vec<(String, String)> = (0..30_000)
        .map(|it| it % functions + 1)
        .map(|it| (format!("example.com/m/p{}", it % 50), format!("F{it}")))
        .collect();
    let spots: Vec<advise::Spot<'_>> = (0..)
        .zip(&names)
        .map(|(index, (package, function))| advise::Spot {
            package,
            function,
            start: 30,
            line: 30 + index / functions as u32,
        })
        .collect();
    let before = cpu();
    let heat = advise::heat(&profile, 1, |_| 1, false);
    let joined = heat.join(&spots);
    let took = cpu() - before;
    println!("20,000 samples with 30,000 sites: {took:?}");
    assert!(joined.found.weight > 0 && joined.found.weight < heat.allocating.weight);
    // Three times the goal: tests are compiled without optimisation.
    assert!(took.as_millis() < 900, "{took:?}");
}

#[test]
fn an_idle_program_is_no_profile_to_build_by() {
    let place = Place::empty();
    place.write("idle.pprof", synthetic(10, 40, 3, 60));
    let run = place.run("profile show idle.pprof");
    assert!(
        run.stdout.contains("the program was idle"),
        "{}",
        run.shown()
    );
    place.write("busy.pprof", synthetic(5_000, 400, 3, 60));
    let run = place.run("profile show busy.pprof --format json");
    let shown: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let worth = &shown["worth"];
    assert!(
        (worth["busy"].as_f64().unwrap() - 0.833).abs() < 0.01,
        "{worth}"
    );
}

/// A profile names files and lines as it likes.
#[test]
fn a_profile_leads_to_no_file_that_go_does_not_list() {
    use gobuild_opt::profile::proto;
    let mut hostile = profile::read(&synthetic(4_000, 3, 1, 60))
        .unwrap()
        .raw()
        .clone();
    let names = [("main.init", "/x/.env"), ("main.main", "/x/main.go")];
    for (function, (name, file)) in hostile.function.iter_mut().skip(1).zip(names) {
        let next = hostile.string_table.len() as i64;
        hostile
            .string_table
            .extend([name, file].map(|it| it.as_bytes().to_vec()));
        (function.name, function.system_name, function.filename) = (next, next, next + 1);
        function.start_line = i64::MIN;
    }
    let at = |line: i64, id: u64| proto::Line {
        function_id: id,
        line,
        ..proto::Line::default()
    };
    hostile.location[1].line = vec![at(1, 2)];
    hostile.location[2].line = vec![at(i64::MAX, 3)];
    let place = Place::module();
    place.write(".env", "SECRET = append(SECRET, 1)\n");
    place.write("hostile.pprof", profile::encode(&hostile));
    for format in ["text", "json"] {
        let run = place.run(&format!("advise --profile hostile.pprof --format {format}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(run.stdout.contains("/x/.env"), "{}", run.shown());
        assert!(!run.shown().contains("SECRET"), "{}", run.shown());
    }
}

#[test]
fn a_missing_heap_profile_fails_no_build() {
    let place = Place::module();
    place.write(
        "gobuild-opt.toml",
        "[advise]\nprofiles.heap = \"none.pprof\"\n",
    );
    for (line, code, told) in [
        (
            "release --baseline off",
            0,
            "`none.pprof` does not exist: no site",
        ),
        ("escape", 0, "`none.pprof` does not exist: no site"),
        ("advise", 2, "the profile `none.pprof` does not exist"),
        (
            "advise --profile cpu",
            2,
            "the profile `cpu` does not exist",
        ),
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), code, "{line}: {}", run.shown());
        assert!(run.stderr.contains(told), "{line}: {}", run.shown());
    }
    place.write("none.pprof", "text");
    let run = place.run("release --baseline off");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("is no heap profile"), "{}", run.shown());
}

#[test]
fn doctor_says_once_what_executables_have_in_common() {
    let place = Place::module();
    place.write("cmd/a/main.go", "package main\n\nfunc main() {}\n");
    let network =
        "package main\n\nimport \"net\"\n\nfunc main() { _, _ = net.Dial(\"tcp\", \"\") }\n";
    place.write("cmd/b/main.go", network);
    let run = place.run("doctor ./cmd/...");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "What 2 executables have in common",
        "{}",
        run.shown()
    );
    assert!(
        lines[1].contains("/cmd/a") && lines[2].contains("/cmd/b"),
        "{}",
        run.shown()
    );
    assert_eq!(
        run.stdout.matches("lesson 1:").count(),
        1,
        "{}",
        run.shown()
    );
    let own = run.stdout.rfind("/cmd/b").unwrap();
    assert!(
        run.stdout.find("build with CGO_ENABLED=0").unwrap() > own,
        "{}",
        run.shown()
    );
    let json = place.run("doctor --format json ./cmd/...").stdout;
    assert_eq!(json.matches("\"lesson\": 1,").count(), 2, "{json}");
}

#[test]
fn what_doctor_warns_of_is_a_result_for_code_scanning() {
    let place = Place::module();
    place.write(
        "deploy/api.yaml",
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: tiny\n        image: registry.example.com/acme/tiny:1.2\n        resources: {limits: {memory: 256Mi}}\n",
    );
    let run = place.run("doctor --set checks.go-version=deny --format sarif");
    let all = run.json();
    let driver = &all["runs"][0]["tool"]["driver"];
    let results = all["runs"][0]["results"].as_array().unwrap().clone();
    let of = |rule: &str| -> Vec<&serde_json::Value> {
        results.iter().filter(|it| it["ruleId"] == rule).collect()
    };
    // Every result stands at the rule that it names, and at a file that exists.
    for result in &results {
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(driver["rules"][index]["id"], result["ruleId"], "{result}");
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, "go.mod", "{result}");
    }
    let memory = of("lesson-8");
    assert_eq!(memory.len(), 1, "{results:?}");
    let text = memory[0]["message"]["text"].as_str().unwrap();
    assert!(
        text.contains("limits memory to 256Mi") && text.contains("set GOMEMLIMIT"),
        "{text}"
    );
    assert_eq!(of("lesson-1")[0]["level"], "warning");
    // What is fine, and what is only a fact, is no result.
    assert!(
        of("lesson-16").is_empty() && of("lesson-18").is_empty(),
        "{results:?}"
    );
    let failed = of("check-go-version");
    let plain = place.run("doctor --set checks.go-version=deny --format json");
    let checks = plain.json()[0]["checks"].as_array().unwrap().clone();
    let fails = checks
        .iter()
        .any(|it| it["id"] == "go-version" && it["status"] == "fail");
    assert_eq!(failed.len(), usize::from(fails), "{}", plain.shown());
    assert_eq!(run.code(), plain.code());
    // The same as annotations and for GitLab.
    let run = place.run("doctor --format github");
    assert!(
        run.stdout
            .contains("::warning file=go.mod,title=gobuild-opt%3A lesson-8::"),
        "{}",
        run.shown()
    );
    let all = place.run("doctor --format codequality").json();
    let names: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["check_name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"lesson-8"), "{names:?}");
    // A lesson is found by the name of its rule.
    assert!(
        place
            .run("explain lesson-8")
            .stdout
            .starts_with("lesson 8:")
    );
    // Nothing is new in a manual: explain has no such format, and does not offer one.
    assert_eq!(place.run("explain --format sarif").code(), 2);
    assert!(!place.run("explain --help").stdout.contains("sarif"));
}

/// What stripping saves, by a report and by an executable, beside what the linker leaves out when go is asked to.
#[test]
fn doctor_says_what_stripping_saves() {
    let place = Place::module();
    let size = |flags: &str| {
        place.tool("go", &["build", "-trimpath", flags, "-o", "plain", "."]);
        std::fs::metadata(place.path("plain")).unwrap().len() as f64
    };
    let whole = size("-ldflags=");
    let saved = whole - size("-ldflags=-s -w");
    let row = |line: &str| {
        let run = place.run(line);
        let rows = run.json()[0]["lessons"].as_array().unwrap().clone();
        let row = rows.iter().find(|row| row["lesson"] == 16).unwrap().clone();
        row["message"].as_str().unwrap().to_owned()
    };
    let doctor = "doctor --format json --out-dir dist";
    assert!(
        row(doctor).starts_with("stripped: "),
        "nothing tells it: {}",
        row(doctor)
    );
    let check = |message: &str, by: &str| {
        let number = |before: &str| -> f64 {
            let text = message.split(before).next().unwrap();
            let word = text.split_whitespace().next_back().unwrap();
            word.replace(',', "").parse().unwrap()
        };
        let told = number(" B of DWARF") + number(" B of symbols");
        // Headers of sections and padding go with them.
        assert!(
            (told / saved - 1.0).abs() < 0.01,
            "{told} {saved}: {message}"
        );
        let percent = number(" % of the file");
        assert!(
            (percent - told * 100.0 / whole).abs() < 0.5,
            "{percent} {message}"
        );
        assert!(message.contains(by), "{message}");
    };
    place.release("--out-dir dist --report dist/report.json");
    check(&row(doctor), "by dist/report.json");
    place.release("--out-dir dist --strip none");
    let message = row(&format!("{doctor} --strip none"));
    assert!(message.starts_with("not stripped: "), "{message}");
    check(&message, "by dist/tiny");
}

#[test]
fn doctor_has_rows_for_the_lessons() {
    let place = Place::module();
    let run = place.run("doctor");
    assert!(
        run.stdout
            .contains("warn  lesson 1: there is no way to a profile"),
        "{}",
        run.shown()
    );
    assert!(run.stdout.contains("warn  lesson 2:"), "{}", run.shown());
    assert!(!run.stdout.contains("lesson 13:"), "{}", run.shown());
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"net/http\"\n\t_ \"net/http/pprof\"\n)\n\nfunc main() { _ = http.ListenAndServe(\"127.0.0.1:0\", nil) }\n",
    );
    place.write(
        "main_test.go",
        "package main\n\nimport \"testing\"\n\nfunc BenchmarkA(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t}\n}\n",
    );
    let run = place.run("doctor --format json");
    let all: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = all[0]["lessons"].as_array().unwrap();
    let row = |lesson: u64| rows.iter().find(|it| it["lesson"] == lesson).unwrap();
    assert_eq!(row(1)["status"], "pass");
    assert!(
        row(2)["message"]
            .as_str()
            .unwrap()
            .starts_with("1 benchmark"),
        "{rows:?}"
    );
    // What works with cgo alone is not advised to do without.
    let uses = |text: &str| {
        place.write("main.go", text);
        place.run("doctor").stdout
    };
    let advice = "build with CGO_ENABLED=0";
    let network =
        "package main\n\nimport \"net\"\n\nfunc main() { _, _ = net.Dial(\"tcp\", \"\") }\n";
    assert!(uses(network).contains(advice));
    let race = place.run("doctor -race");
    assert!(!race.stdout.contains(advice), "{}", race.shown());
    let plugin =
        uses("package main\n\nimport \"plugin\"\n\nfunc main() { _, _ = plugin.Open(\"\") }\n");
    assert!(!plugin.contains(advice), "{plugin}");
    // Limits of containers stand in manifests.
    place.write(
        "deploy/api.yaml",
        "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: api\n        image: registry.example.com/acme/tiny:1.2\n        resources: {limits: {cpu: 500m, memory: 256Mi}}\n",
    );
    let run = place.run("doctor");
    for wanted in [
        "deploy/api.yaml limits memory to 256Mi, and nothing sets GOMEMLIMIT",
        "deploy/api.yaml limits processors to 0.5",
    ] {
        let words: Vec<&str> = run.stdout.split_whitespace().collect();
        assert!(
            words.join(" ").contains(wanted),
            "{wanted}: {}",
            run.shown()
        );
    }
    // A release shows no such row.
    let run = place.run("release");
    assert!(!run.stdout.contains("lesson"), "{}", run.shown());
}

/// CPU profiles that the planted program wrote of itself, built by older and newer Go.
#[test]
fn profiles_of_every_go_are_classified() {
    let place = twin();
    // Thirteen lines share what these programs did.
    place.write("gobuild-opt.toml", "[advise]\nmin-share = \"0.3%\"\n");
    for go in ["1.21.13", "1.24.11", "1.27.3"] {
        let run = place.run(&format!(
            "advise -trimpath --format json --profile {} ./cmd/hotspots",
            recorded(go)
        ));
        assert_eq!(run.code(), 0, "{}", run.shown());
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let found = found(&report);
        let rules: BTreeSet<&str> = found.iter().map(|it| it.2.as_str()).collect();
        println!("go{go}: {rules:?}");
        assert!(rules.len() >= 5, "go{go}: {found:#?}");
        let clean = found.iter().filter(|it| it.0.contains("clean"));
        assert_eq!(clean.count(), 0, "go{go}: {found:#?}");
        let classes = report["targets"][0]["classes"].as_array().unwrap();
        for wanted in [
            "append", "new", "make", "boxing", "concat", "channel", "map-grow",
        ] {
            let share = classes.iter().find(|it| it["class"] == wanted);
            let share = share.map(|it| it["own"].as_f64().unwrap());
            assert!(
                share.is_some_and(|it| it > 0.5),
                "go{go}: {wanted} {classes:?}"
            );
        }
    }
}

/// What the compiler's own profile, of an older source, charges to allocation lies on lines of which the compiler of today says that
/// they allocate. Package ssa alone: the whole compiler takes minutes.
#[test]
#[ignore = "compiles the largest package of the compiler twice: minutes"]
fn lines_that_have_moved_are_found_where_they_allocate_today() {
    const PACKAGE: &str = "cmd/compile/internal/ssa";
    let place = Place::empty();
    place.write("go.mod", "module ex.com/m\n\ngo 1.21\n");
    let file = goroot(&place).join("src/cmd/compile/default.pgo");
    let file = file.display().to_string();
    let run = place.run(&format!(
        "advise --format json --set advise.min-samples=1 --profile {file} {PACKAGE}"
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let mut command = place.command("go");
    let flag = format!("-gcflags={PACKAGE}=-m");
    let told = command.args(["build", &flag, PACKAGE]).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    let told = String::from_utf8(told.stderr).unwrap();
    // `.../rewriteAMD64.go:12:3: new(Block) escapes to heap`, and of appends that they may.
    let diagnosed: BTreeSet<(&str, &str)> = told
        .lines()
        .filter(|line| line.contains("escapes to heap") || line.contains("moved to heap"))
        .filter_map(|line| {
            let mut parts = line.split(':');
            Some((parts.next()?.rsplit('/').next()?, parts.next()?))
        })
        .collect();
    assert!(diagnosed.len() > 500, "{told}");
    let is_diagnosed = |file: &str, line: i64| {
        let name = file.rsplit('/').next().unwrap();
        diagnosed.contains(&(name, line.to_string().as_str()))
    };
    // Maps allocate in the runtime: the compiler has no word for a write that makes one grow.
    const ALLOCATE: &[&str] = &["append", "new", "make", "boxing", "concat", "conversion"];
    let (mut whole, mut found) = (0, 0);
    let report = run.json();
    for cost in report["targets"][0]["costs"].as_array().unwrap() {
        let own = cost["via"] == "" && ALLOCATE.contains(&cost["class"].as_str().unwrap());
        let amount = cost["amount"].as_i64().unwrap();
        let at = &cost["place"];
        if own {
            whole += amount;
            let line = at["line"].as_i64().unwrap();
            found += amount * i64::from(is_diagnosed(at["file"].as_str().unwrap(), line));
        }
    }
    // The source is not that of the profile: functions begin elsewhere today.
    let profile = profile::read(&std::fs::read(&file).unwrap()).unwrap();
    let directory = goroot(&place).join("src").join(PACKAGE);
    let text = |index: i64| {
        let bytes = &profile.raw().string_table[usize::try_from(index).unwrap()];
        String::from_utf8_lossy(bytes).into_owned()
    };
    let (mut begun, mut moved) = (0, 0);
    for function in &profile.raw().function {
        let name = text(function.name);
        let plain = name
            .strip_prefix(PACKAGE)
            .is_some_and(|rest| !rest.contains("func"));
        let file = text(function.filename);
        let source = std::fs::read_to_string(directory.join(file.rsplit('/').next().unwrap()));
        if let (true, Ok(source)) = (plain, source) {
            let line = source
                .lines()
                .nth(usize::try_from(function.start_line).unwrap() - 1);
            begun += 1;
            moved += u32::from(!line.is_some_and(|line| line.starts_with("func ")));
        }
    }
    let share = found as f64 * 100.0 / whole as f64;
    println!(
        "{share:.1} % of the CPU of allocation on a diagnosed line; {moved} of {begun} functions have moved"
    );
    assert!(share >= 75.0, "{share}");
    assert!(moved * 10 > begun, "{moved} {begun}");
}

/// Lines of the compiler by bytes, as `go tool pprof -lines` has them: what stands below them counts for what allocates.
#[test]
fn the_lines_that_allocate_most_are_those_of_pprof() {
    let place = Place::empty();
    place.tool("mkdir", &["heap"]);
    let directory = place.dir().join("heap").display().to_string();
    let flag = format!("-gcflags=go/types=-memprofile={directory} -memprofilerate=4096 -c=1");
    place.tool("go", &["build", &flag, "go/types"]);
    let mut files = std::fs::read_dir(&directory).unwrap();
    let file = files
        .next()
        .expect("the compiler wrote a profile")
        .unwrap()
        .path();
    let profile = profile::read(&std::fs::read(&file).unwrap()).unwrap();
    let value = profile.value_index("alloc_space", "bytes").unwrap();
    let is_own = |it: &str| it.starts_with("cmd/compile/internal/");
    let charged = advise::charge(&profile, value, |_| 1, is_own);
    let mut direct: BTreeMap<String, i64> = BTreeMap::new();
    for it in &charged.spent {
        let line = &charged.lines[it.line];
        let name = line.file.rsplit('/').next().unwrap();
        *direct.entry(format!("{name}:{}", line.line)).or_default() += it.direct.weight;
    }
    let mut ours: Vec<(i64, String)> = direct.into_iter().map(|it| (it.1, it.0)).collect();
    ours.sort_by(|a, b| b.cmp(a));

    let text = place.tool(
        "go",
        &[
            "tool",
            "pprof",
            "-sample_index=alloc_space",
            "-lines",
            "-top",
            "-unit=B",
            "-nodecount=100000",
            "-nodefraction=0",
            "-edgefraction=0",
            &file.display().to_string(),
        ],
    );
    let mut theirs: BTreeMap<String, i64> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let own = cells
            .get(5)
            .is_some_and(|it| it.starts_with("cmd/compile/internal/"));
        let flat = cells
            .first()
            .and_then(|it| it.strip_suffix('B')?.parse::<i64>().ok());
        if let (true, Some(flat), Some(place)) = (own, flat, cells.get(6)) {
            let name = place.rsplit('/').next().unwrap();
            *theirs.entry(name.to_owned()).or_default() += flat;
        }
    }
    let mut theirs: Vec<(i64, String)> = theirs.into_iter().map(|it| (it.1, it.0)).collect();
    theirs.sort_by(|a, b| b.cmp(a));
    assert!(theirs.len() > 100, "{text}");
    println!("{:#?}", &ours[..10]);
    assert_eq!(ours[..10], theirs[..10]);
}

/// A loop that calls C, and a variable whose address goes to C: built, run and profiled here.
#[test]
fn calls_of_c_in_a_loop_are_found() {
    let place = Place::empty();
    place.write("go.mod", "module ex.com/c\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main

/*
static int add(int a, int b) { return a + b; }
static void fill(int *p) { *p = 7; }
*/
import \"C\"

import (
	\"os\"
	\"runtime/pprof\"
	\"syscall\"
)

//go:noinline
func sum(n int) int {
	all := C.int(0)
	for i := 0; i < n; i++ {
		all = C.add(all, C.int(i)) // GBO318
	}
	return int(all)
}

//go:noinline
func seven() int {
	var value C.int // GBO318
	C.fill(&value)
	return int(value)
}

func cpu() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	file, _ := os.Create(os.Args[1])
	pprof.StartCPUProfile(file)
	for end := cpu() + 1e9; cpu() < end; {
		sum(20000)
		for i := 0; i < 20000; i++ {
			seven()
		}
	}
	pprof.StopCPUProfile()
	file.Close()
}
",
    );
    place.tool("go", &["build", "-trimpath", "-o", "calls", "."]);
    let program = place.dir().join("calls").display().to_string();
    place.tool(&program, &["cpu.pprof"]);
    let run = place.run("advise -trimpath --profile cpu.pprof --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = found(&run.json());
    let text = place.text("main.go");
    let lines: Vec<&str> = text.lines().collect();
    assert!(!found.is_empty(), "{}", run.shown());
    for (file, line, rule) in &found {
        let at = lines[usize::try_from(*line).unwrap() - 1];
        assert!(
            at.ends_with(&format!("// {rule}")),
            "{file}:{line} {rule}: {at}"
        );
    }
    let loops = found
        .iter()
        .any(|it| lines[it.1 as usize - 1].contains("C.add"));
    assert!(loops, "{found:?}");
}

#[test]
fn vet_and_fix_are_weighed() {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfor i := 0; i < 3; i++ {\n\t\tfmt.Printf(\"%d\\n\", \"x\")\n\t}\n}\n",
    );
    let plain = place.run("doctor --format json");
    assert!(!plain.stdout.contains("go vet"), "{}", plain.shown());
    let run = place.run("doctor --vet --format json");
    assert_eq!(run.code(), plain.code(), "{}", run.shown());
    let rows = run.json()[0]["lessons"].clone();
    let message = |word: &str| {
        let mut rows = rows.as_array().unwrap().iter();
        let row = rows.find(|it| it["message"].as_str().unwrap().starts_with(word));
        row.unwrap_or_else(|| panic!("{word}: {rows:?}"))["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        message("go vet"),
        "go vet: 1 place, unweighted without a profile: main.go:7 (printf)"
    );
    // Before Go 1.26 there is nothing to ask, and that is said.
    let fix = message("go fix");
    let known = fix == "go fix: 1 place, unweighted without a profile: main.go:6 (rangeint)"
        || fix.contains("has no newer form");
    assert!(known, "{fix}");
}
