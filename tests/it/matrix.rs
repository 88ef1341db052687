//! Several targets at the same time: the same files and reports as one after another, within the memory that there is.

use crate::harness::Place;

const TARGETS: &str = "--target linux/amd64 --target linux/arm64 --target windows/amd64";

fn run(place: &Place, more: &str) -> (String, String, Vec<Vec<u8>>) {
    let run = place.run(&format!("release --out-dir dist {TARGETS} {more}"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let files = [
        "tiny-linux-amd64",
        "tiny-linux-arm64",
        "tiny-windows-amd64.exe",
        "SHA256SUMS",
    ];
    let files = files.map(|it| place.read(&format!("dist/{it}"))).to_vec();
    // Only which steps there were, not how long they took.
    let steps = run.stderr.lines().filter(|it| it.ends_with("..."));
    (
        run.stdout.clone(),
        steps.collect::<Vec<_>>().join("\n"),
        files,
    )
}

#[test]
fn targets_at_the_same_time_give_what_they_give_one_after_another() {
    let place = Place::module();
    run(&place, "--jobs 1");
    // Nothing is known of the run before: go links again.
    std::fs::remove_dir_all(place.path("dist")).unwrap();
    let one = run(&place, "--jobs 1");
    std::fs::remove_dir_all(place.path("dist")).unwrap();
    let three = run(&place, "--jobs 3");
    assert_eq!(three.0, one.0);
    assert_eq!(three.2, one.2);
    assert_eq!(three.1, one.1);
    let wrong = place.run("release --jobs 0");
    assert_eq!(wrong.code(), 2, "{}", wrong.shown());
    assert!(
        wrong.stderr.contains("`0` is no number of jobs"),
        "{}",
        wrong.shown()
    );
}

#[test]
fn an_error_is_that_of_the_first_target_that_fails() {
    let place = Place::module();
    place.write(
        "a_arm64.go",
        "package main\n\nfunc init() { undefined1() }\n",
    );
    place.write(
        "a_windows.go",
        "package main\n\nfunc init() { undefined2() }\n",
    );
    let run = place.run(&format!("release --out-dir dist {TARGETS} --jobs 3"));
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(run.stderr.contains("undefined1"), "{}", run.shown());
    assert!(!run.stderr.contains("undefined2"), "{}", run.shown());
    assert!(!place.path("dist/tiny-linux-amd64").exists());
}

#[test]
fn resources_tell_what_each_tool_took() {
    let place = Place::module();
    let report = place.release("--resources -o tiny -a");
    let tools = report["resources"]["tools"].as_array().unwrap();
    let of = |name: &str| tools.iter().filter(|it| it["tool"] == name).count();
    assert!(of("compile") > 20, "{report:#}");
    assert_eq!((of("link"), of("twin")), (1, 1));
    for tool in tools {
        assert!(tool["peak"].as_u64().unwrap() > 1 << 20, "{tool}");
    }
    let link = tools.iter().find(|it| it["tool"] == "link").unwrap();
    assert_eq!(link["package"], "example.com/tiny");
    assert!(link["cpu_ms"].as_u64().unwrap() > 0, "{link}");
    let text = place.run("release --resources -o tiny");
    assert!(text.stdout.contains("Resources"), "{}", text.shown());
    let without = place.release("-o tiny");
    assert!(without["resources"].is_null());
}

#[test]
fn a_run_that_compiles_more_says_why() {
    let mut place = Place::module();
    let cache = place.path("cache");
    place.env("GOCACHE", &cache);
    place.env("CI", "1");
    let first = place.run("release --set build.trimpath=false -o tiny");
    assert_eq!(first.code(), 0, "{}", first.shown());
    assert!(
        first.stderr.contains("build cache: 0 of "),
        "{}",
        first.shown()
    );
    let second = place.run("release -o tiny");
    assert!(
        second
            .stderr
            .contains(" compiled again: -trimpath was not set in the run that filled this cache"),
        "{}",
        second.shown()
    );
    let third = place.run("release -o tiny");
    assert!(
        !third.stderr.contains("compiled again"),
        "{}",
        third.shown()
    );
    assert!(third.stderr.contains("(100.0 %)"), "{}", third.shown());
    assert!(
        third
            .stderr
            .contains("; reused: anatomy and proof of 1 of 1 executable"),
        "{}",
        third.shown()
    );
    place.tool("go", &["clean", "-cache"]);
    let fourth = place.run("release -o tiny");
    assert!(
        fourth
            .stderr
            .contains("the build cache was emptied or trimmed: nothing differs"),
        "{}",
        fourth.shown()
    );
}
