//! Stack frames with a budget: what a profile makes too large is found in the stripped binary, and taken back.

use super::{frame, module};
use crate::harness::Run;
use crate::harness::toolchains::released;

/// The oldest that is supported, one with `gowrap`, the newest.
const VERSIONS: &[&str] = &["1.21.13", "1.24.11", "1.27.3"];

/// The failures of a JSON report.
fn failures(run: &Run) -> Vec<String> {
    let report = run.json();
    let failures = report["verdict"]["failures"].as_array().unwrap().iter();
    failures.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_frame_that_a_profile_made_large_is_found_and_repaired() {
    for go in VERSIONS.iter().filter_map(|it| released(it)) {
        let version = format!("Go {:?}", go.minor);
        let place = module(go.bin.as_deref(), "");
        let run = place.run("release --format json");
        assert_eq!(run.code(), 1, "{version} {}", run.shown());
        assert!(frame(&place, "main.loop").unwrap() > 16 << 10, "{version}");
        let told = failures(&run);
        assert_eq!(told.len(), 1, "{version} {told:?}");
        let expected = "the stack frame of main.loop has 16.";
        assert!(told[0].contains(expected), "{version} {told:?}");
        for words in ["a goroutine starts in it", "the profile inlined main.leaf"] {
            assert!(told[0].contains(words), "{version} {told:?}");
        }

        let place = module(go.bin.as_deref(), "[pgo]\nrepair = \"auto\"\n");
        let run = place.run("release --format json");
        assert_eq!(run.code(), 0, "{version} {}", run.shown());
        assert!(frame(&place, "main.loop").unwrap() < 1024, "{version}");
        let pgo = &run.json()["targets"][0]["pgo"];
        let repair = &pgo["repairs"][0];
        assert_eq!(repair["function"], "main.loop", "{version}");
        assert_eq!(repair["repaired"], true, "{version}");
        assert_eq!(repair["no_inline"][0], "main.leaf", "{version}");
        assert_eq!(pgo["no_inline"]["main.leaf"], 1, "{version}");
    }
}

#[test]
fn what_is_named_is_not_inlined_for_being_hot() {
    for name in ["main.leaf", "example.com/tiny.leaf"] {
        let place = module(None, &format!("[pgo]\nno-inline = [\"{name}\"]\n"));
        let run = place.run("release --format json");
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(frame(&place, "main.loop").unwrap() < 1024);
        let pgo = &run.json()["targets"][0]["pgo"];
        assert_eq!(pgo["applied"], true);
        assert_eq!(pgo["no_inline"], serde_json::json!({"main.leaf": 1}));
    }
    let place = module(None, "[pgo]\nno-inline = [\"main.loaf\"]\n");
    let run = place.run("release");
    assert_eq!(run.code(), 1, "{}", run.shown());
    let warning = "`[pgo] no-inline` names `main.loaf`, which no profile calls";
    let text = run.stdout.replace("\n      ", " ");
    assert!(text.contains(warning), "{}", run.shown());
}

#[test]
fn growth_over_the_build_without_the_profile_is_repaired() {
    let place = module(
        None,
        "frame-growth = \"1 KiB\"\n[pgo]\neffect = \"report\"\nrepair = \"auto\"\n",
    );
    let run = place.run("release --format json --set budget.frame=1MiB");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(frame(&place, "main.loop").unwrap() < 1024);
    let pgo = &run.json()["targets"][0]["pgo"];
    assert_eq!(pgo["repairs"][0]["function"], "main.loop");
    assert_eq!(pgo["repairs"][0]["repaired"], true);
    // The effect is that of the profile which was used in the end.
    assert_eq!(pgo["effect"]["hot_inlined_with"]["calls"], 0);
    assert_eq!(pgo["effect"]["frames_grown"], serde_json::json!({}));
    // Each side was compiled once, or both came from the cache: only then they can be compared. Another test, or an earlier
    // run, may have left one side of them in a cache that is shared: then there is no price.
    let price = &pgo["effect"]["price"];
    let same = price["compiled_with"] == price["compiled_without"];
    assert!(same || price["percent"].is_null(), "{price}");
}
