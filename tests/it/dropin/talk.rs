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
        // What is only printed is not staged.
        let staged = |it: &str| it.starts_with("mv ") && it.contains(".gobuild-opt-");
        let printed = line.starts_with("-n") && run.stderr.lines().any(staged);
        assert!(!printed, "{}", run.shown());
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

/// As with git and make: behind -C everything is relative to its directory, our own flags too.
#[test]
fn with_another_directory_every_path_is_relative_to_it() {
    let mut place = Place::empty();
    place.write("sub/go.mod", "module example.com/tiny\n\ngo 1.21\n");
    place.write("sub/main.go", crate::harness::MAIN);
    place.write("sub/my.toml", "[build]\nldflags = []\n");
    std::fs::write(place.aside("good"), crate::harness::executable()).unwrap();
    place.fake_go(&format!(
        "build: output copy {}",
        place.aside("good").display()
    ));
    let run = place.run(
        "release --report r.json -C sub --config my.toml --out-dir dist --baseline off --escapes off",
    );
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("\n  dist/tiny "), "{}", run.shown());
    let report: serde_json::Value = serde_json::from_slice(&place.read("sub/r.json")).unwrap();
    assert_eq!(report["targets"][0]["artifact"]["path"], "dist/tiny");
    let files =
        "sub/dist/SHA256SUMS\nsub/dist/tiny\nsub/go.mod\nsub/main.go\nsub/my.toml\nsub/r.json";
    assert_eq!(place.files(), files);
    let run = place.run("release -C sub -o bin/ --baseline off --escapes off");
    assert!(run.stdout.contains("\n  bin/tiny "), "{}", run.shown());
    let run = place.run("plan -C sub --config ../sub/my.toml");
    assert_eq!(run.code(), 0, "{}", run.shown());
}
