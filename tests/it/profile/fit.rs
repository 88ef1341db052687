//! How much of a profile fits a program: by the names of functions and by the lines of calls, in executables of real
//! toolchains and in sources. The oracles are Go's own disassembler, fresh profiles, and figures measured once.

use super::*;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::{self, Place};

/// `go tool objdump` is prebuilt up to Go 1.24.
fn disassembler() -> Option<&'static Go> {
    let found = toolchains().iter().rfind(|it| it.minor <= 24);
    if found.is_none() {
        crate::harness::skipped("no Go up to 1.24 with a prebuilt objdump");
    }
    found
}

/// Addresses of the calls that Go's disassembler finds, and how many instructions it does not know.
fn disassembled(go: &Go, binary: &Path) -> (BTreeSet<u64>, usize) {
    let arguments = ["tool", "objdump", binary.to_str().unwrap()];
    let done = go.run(Path::new("."), &arguments);
    assert!(done.status.success(), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (mut calls, mut unknown) = (BTreeSet::new(), 0);
    for line in text.lines() {
        // `  file.go:12	0x46a1c0	e81b000000	CALL runtime.printlock(SB)`
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, address, _, operation, ..] = fields[..] else {
            continue;
        };
        let Some(address) = address.strip_prefix("0x") else {
            continue;
        };
        match operation {
            "CALL" => drop(calls.insert(u64::from_str_radix(address, 16).unwrap())),
            "?" => unknown += 1,
            _ => {}
        }
    }
    (calls, unknown)
}

#[test]
fn the_calls_in_code_are_those_of_the_disassembler() {
    let Some(go) = disassembler() else { return };
    for arch in ["amd64", "arm64", "386"] {
        let mut place = Place::module();
        place.env("GOOS", "linux");
        place.env("GOARCH", arch);
        place.env("CGO_ENABLED", "0");
        place.write(
            "main.go",
            "package main\n\nfunc main() { println(\"hi\") }\n",
        );
        place.tool("go", &["build", "-o", "tiny", "."]);
        let (theirs, unknown) = disassembled(go, &place.path("tiny"));
        let bytes = place.read("tiny");
        let mut ours = BTreeSet::new();
        let found = gobuild_opt::binary::calls_with(&bytes, |it| _ = ours.insert(it));
        assert!(found.unwrap().is_some(), "{arch}");
        let missed: Vec<_> = theirs.difference(&ours).collect();
        let more: Vec<_> = ours.difference(&theirs).collect();
        eprintln!(
            "{arch}: {} calls, {} missed, {} more, {unknown} unknown to the disassembler",
            theirs.len(),
            missed.len(),
            more.len()
        );
        assert!(theirs.len() > 1000, "{arch}: {}", theirs.len());
        // It does not know all vector instructions, and reads nonsense behind them.
        assert!(
            missed.len() <= unknown && more.len() <= unknown,
            "{arch}: {missed:x?} {more:x?}"
        );
    }
}

fn compiler(go: &Go) -> PathBuf {
    let tools = std::fs::read_dir(go.root.join("pkg/tool")).unwrap();
    let mut compilers = tools.map(|it| it.unwrap().path().join("compile"));
    compilers.find(|it| it.exists()).unwrap()
}

fn of_minor(minor: u32) -> Option<&'static Go> {
    toolchains().iter().find(|it| it.minor == minor)
}

fn share(health: &Value, name: &str) -> f64 {
    health["health"]["health"][name].as_f64().unwrap()
}

/// Measured with Go 1.27.3's profile of its compiler: it was collected from a compiler of June 2026.
#[test]
fn health_falls_with_the_age_of_the_program() {
    let Some(newest) = of_minor(27) else {
        return crate::harness::skipped("no Go 1.27");
    };
    let place = Place::empty();
    place.write("new.pgo", newest.compiler_profile());
    let mut seen = 0;
    for (minor, by_name, by_call) in [
        (21, 62.7, 46.7),
        (24, 79.9, 66.1),
        (26, 94.0, 88.5),
        (27, 99.8, 98.9),
    ] {
        let Some(go) = of_minor(minor) else { continue };
        seen += 1;
        let line = format!(
            "profile show new.pgo --format json --binary {}",
            compiler(go).display()
        );
        let shown = place.run(&line).json();
        let found = (share(&shown, "by_name"), share(&shown, "by_call"));
        let close = |a: f64, b: f64| (a - b).abs() < 0.5;
        assert!(
            close(found.0, by_name) && close(found.1, by_call),
            "Go 1.{minor}: {found:?}, not {by_name} and {by_call}"
        );
    }
    assert!(seen > 1, "only one of the toolchains is there");
}

#[test]
fn stripping_changes_no_figure() {
    let place = profiled(&[]);
    place.tool("go", &["build", "-ldflags=-s -w", "-o", "stripped", "."]);
    let of = |binary: &str| {
        let line = format!("profile show cpu.pgo --format json --binary {binary}");
        place.run(&line).json()["health"]["health"].clone()
    };
    assert_eq!(of("profiler"), of("stripped"));
    assert_eq!(of("profiler")["by_name"], 100.0);
}

/// The profiled program with changes to its source, built as `profiler`, and its profile `cpu.pgo` from before them.
fn profiled(changes: &[(&str, &str)]) -> Place {
    let place = Place::empty();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/profiler");
    let mut text = std::fs::read_to_string(source.join("main.go")).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    place.write("main.go", text);
    place.write("go.mod", std::fs::read(source.join("go.mod")).unwrap());
    place.write("cpu.pgo", bytes("cpu.pprof"));
    place.tool("go", &["build", "-o", "profiler", "."]);
    place
}

/// Both ways to look at the program: its executable, and its sources.
const WAYS: [&str; 2] = ["--binary profiler", "--packages ."];

fn health_of(place: &Place, way: &str) -> Value {
    let run = place.run(&format!("profile show cpu.pgo --format json {way}"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    run.json()["health"]["health"].clone()
}

fn number(health: &Value, name: &str) -> f64 {
    health[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name}: {health}"))
}

#[test]
fn the_program_itself_fits_whole() {
    let place = profiled(&[]);
    for way in WAYS {
        let health = health_of(&place, way);
        assert!(number(&health, "by_name") > 99.9, "{way}: {health}");
        assert!(number(&health, "by_call") > 97.0, "{way}: {health}");
        assert!(number(&health, "own") > 99.9, "{way}: {health}");
    }
}

#[test]
fn lines_that_moved_within_a_function_are_seen() {
    // The calls in `work` stand one line further down; `deep` only moves as a whole.
    let place = profiled(&[(
        "(total int) {\n",
        "(total int) {\n\t// A comment is enough.\n",
    )]);
    let whole = profiled(&[]);
    for way in WAYS {
        let (before, after) = (health_of(&whole, way), health_of(&place, way));
        assert!(number(&after, "by_name") > 99.9, "{way}: {after}");
        let lost = number(&before, "by_call") - number(&after, "by_call");
        assert!(lost > 10.0, "{way}: {before} {after}");
        assert!(number(&after, "by_call") > 5.0, "{way}: {after}");
    }
}

#[test]
fn renamed_functions_are_told_by_name() {
    let similar = profiled(&[("deep(", "deeper(")]);
    let other = profiled(&[("deep(", "recurse(")]);
    for way in WAYS {
        for (place, now) in [(&similar, "main.deeper"), (&other, "main.recurse")] {
            let health = health_of(place, way);
            let gone = &health["vanished"][0];
            assert_eq!(gone["function"], "main.deep", "{way}: {health}");
            assert_eq!(gone["now"], now, "{way}: {health}");
            assert!(number(&health, "by_name") < 99.0, "{way}: {health}");
        }
        let text = other.run(&format!("profile show cpu.pgo {way}"));
        assert!(text.stdout.contains("perhaps now"), "{}", text.shown());
    }
}

#[test]
fn a_profile_of_another_program_is_called_so() {
    let place = Place::module();
    place.write("compile.pgo", newest().compiler_profile());
    place.write("tiny", harness::executable());
    for way in ["--binary tiny", "--packages ./..."] {
        let run = place.run(&format!("profile show compile.pgo {way}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(
            run.stdout.contains("it is of another program"),
            "{}",
            run.shown()
        );
    }
}

#[test]
fn what_has_no_decoder_is_unknown() {
    let place = profiled(&[]);
    let mut bytes = place.read("profiler");
    // `e_machine` of RISC-V: nobody looks into the code.
    bytes[18] = 243;
    place.write("profiler", bytes);
    let health = health_of(&place, WAYS[0]);
    assert_eq!(health["by_call"], Value::Null);
    let text = place.run("profile show cpu.pgo --binary profiler");
    assert!(
        text.stdout.contains("unknown for this architecture"),
        "{}",
        text.shown()
    );
}

#[test]
fn gates_of_show_fail_with_exit_code_1() {
    let place = profiled(&[]);
    place.write("heap.pgo", bytes("heap.pprof"));
    place.write("compile.pgo", newest().compiler_profile());
    for (line, code, words) in [
        (
            "cpu.pgo --max-age 1d --min-samples 20 --min-health 90 --binary profiler",
            0,
            "",
        ),
        ("cpu.pgo --min-health 90 --packages .", 0, ""),
        ("compile.pgo --max-age 1d", 1, "days old (--max-age 1 day)"),
        (
            "cpu.pgo --min-samples 100000000",
            1,
            "samples (--min-samples 100000000)",
        ),
        (
            "compile.pgo --min-health 90 --binary profiler",
            1,
            "fits the program (--min-health 90)",
        ),
        ("heap.pgo --min-samples 1", 1, "is a heap profile"),
        ("cpu.pgo --min-health 90", 2, "needs a program"),
        ("cpu.pgo --min-health 900 --packages .", 2, "from 0 to 100"),
        ("cpu.pgo --max-age soon", 2, "`soon` is no age"),
        (
            "cpu.pgo --binary profiler --packages .",
            2,
            "cannot be used with",
        ),
        ("cpu.pgo --packages ./missing", 3, ""),
        ("cpu.pgo --binary .", 4, "is a directory"),
        ("cpu.pgo --binary missing", 4, "missing"),
        ("cpu.pgo --binary cpu.pgo", 4, "cpu.pgo"),
    ] {
        let run = place.run(&format!("profile show {line}"));
        assert_eq!(run.code(), code, "{line}: {}", run.shown());
        assert!(run.stderr.contains(words), "{line}: {}", run.shown());
    }
    let json = place
        .run("profile show compile.pgo --max-age 1d --min-samples 2 --format json")
        .json();
    let status = |at: usize| json["gates"][at]["status"].clone();
    assert_eq!((status(0), status(1)), ("pass".into(), "fail".into()));
}
