//! What go is asked to print comes through where it would be without us.

use crate::harness::toolchains;
use crate::harness::{Place, Run};

fn run(args: &str) -> Option<(Place, Run)> {
    let toolchain = toolchains::released("1.27.3")?;
    let mut place = Place::module();
    place.path_first(toolchain.bin.as_ref().unwrap());
    place.env("GOBUILD_OPT_COMPARE_BASELINE", "off");
    place.env("GOBUILD_OPT_ESCAPE_COLLECT", "off");
    let run = place.run(&format!("release {args}"));
    Some((place, run))
}

#[test]
fn commands_are_on_standard_error_even_when_nothing_else_is_said() {
    for line in ["-x --quiet", "-n", "-n -o x ."] {
        let Some((place, run)) = run(line) else {
            return;
        };
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(run.stderr.contains("mkdir -p $WORK"), "{}", run.shown());
        assert!(!run.stderr.contains(".gobuild-opt-0"), "{}", run.shown());
        assert_eq!(place.path("tiny").exists(), line.contains("-x"));
    }
}

#[test]
fn what_work_keeps_is_kept() {
    let Some((_place, run)) = run("-work") else {
        return;
    };
    let named = run.stderr.lines().find_map(|it| it.strip_prefix("WORK="));
    let kept = std::path::Path::new(named.unwrap());
    assert!(kept.is_dir(), "{}", run.shown());
    std::fs::remove_dir_all(kept).unwrap();
}

#[test]
fn with_json_standard_output_is_that_of_the_compiler() {
    let toolchain = toolchains::released("1.27.3");
    let Some(toolchain) = toolchain else {
        return;
    };
    let mut place = Place::module();
    place.path_first(toolchain.bin.as_ref().unwrap());
    place.write(
        "main.go",
        "package main\n\nfunc main() { var x int = \"\" }\n",
    );
    let run = place.run("release -json");
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(run.stdout.contains("\"build-fail\""), "{}", run.shown());
    for line in run.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    place.write("main.go", crate::harness::MAIN);
    let run = place.run("release -json");
    assert_eq!((run.code(), run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("Result"), "{}", run.shown());
}
