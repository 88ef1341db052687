//! Merging against `go tool pprof -proto`, which is in the toolchains up to Go 1.24.

use super::*;

use gobuild_opt::profile::{Input, Keep, MergeError, Normalize, encode, merge};

/// What Go's pprof makes of these files, or nothing where no toolchain at hand has it prebuilt.
fn merged_by_go(files: &[&Path]) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    pprof(&["-proto", &format!("-output={}", output.display())], files)?;
    Some(std::fs::read(output).unwrap())
}

fn inputs(profiles: &[Profile]) -> Vec<Input<'_>> {
    let each = profiles.iter();
    each.map(|profile| Input {
        profile,
        weight: 1.0,
    })
    .collect()
}

#[track_caller]
fn check(files: &[&Path]) {
    let Some(theirs) = merged_by_go(files) else {
        crate::harness::skipped("no Go up to 1.24 with a prebuilt pprof");
        return;
    };
    let profiles: Vec<_> = files
        .iter()
        .map(|it| profile::read(&std::fs::read(it).unwrap()).unwrap())
        .collect();
    let ours = merge(&inputs(&profiles), Normalize::Off).unwrap();
    let theirs = profile::read(&theirs).unwrap();
    assert_eq!(ours.raw().sample.len(), theirs.raw().sample.len());
    assert!(ours.raw() == theirs.raw(), "{files:?}: tables differ");
    assert!(profile::read(&encode(ours.raw())).unwrap().raw() == ours.raw());
}

#[test]
fn merging_equals_that_of_go() {
    let directory = tempfile::tempdir().unwrap();
    let compilers: Vec<_> = toolchains()
        .iter()
        .map(|it| it.root.join("src/cmd/compile/default.pgo"))
        .collect();
    let written = |name: &str| written().join(name);
    let again = directory.path().join("again");
    std::fs::copy(written("cpu.pprof"), &again).unwrap();
    check(&[&written("cpu.pprof"), &again]);
    check(&compilers.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    check(&[&compilers[0], &written("cpu.pprof")]);
    let slim = directory.path().join("slim");
    std::fs::write(&slim, profile::slim(&cpu(), Keep::Lines).unwrap().bytes).unwrap();
    check(&[&slim, &written("cpu.pprof")]);
    check(&[&written("cpu.pprof"), &slim]);
    for kind in ["heap", "allocs", "mutex", "block", "goroutine"] {
        let file = written(&format!("{kind}.pprof"));
        check(&[&file, &file]);
    }
}

#[test]
fn weights_move_weight_and_keep_the_number_of_samples() {
    let old = profile::read(&newest().compiler_profile()).unwrap();
    let profiles = [old, cpu()];
    let mut inputs = inputs(&profiles);
    let totals = profiles.each_ref().map(|it| it.total(0));
    let all = totals[0] + totals[1];
    inputs[1].weight = 9.0;
    let merged = merge(&inputs, Normalize::Samples).unwrap();
    assert!(
        (merged.total(0) - all).abs() <= 2,
        "{} of {all}",
        merged.total(0)
    );
    let of_main = edge_weight(&merged, "main.");
    let before = edge_weight(&profiles[1], "main.") as f64 / totals[1] as f64;
    let after = of_main as f64 / merged.total(0) as f64;
    assert!(
        (after / before / 0.9 - 1.0).abs() < 0.03,
        "{before} {after}"
    );
}

#[test]
fn a_slim_profile_merges_with_a_full_one_call_by_call() {
    let slim = profile::slim(&cpu(), Keep::Calls).unwrap();
    let profiles = [profile::read(&slim.bytes).unwrap(), cpu()];
    let merged = merge(&inputs(&profiles), Normalize::Off).unwrap();
    let twice = slim
        .edges
        .edges
        .iter()
        .map(|it| (&it.caller, &it.callee, it.offset, it.weight * 2));
    let both = profile::edges(&merged, 0).edges;
    assert!(
        twice.eq(both
            .iter()
            .map(|it| (&it.caller, &it.callee, it.offset, it.weight)))
    );
}

fn edge_weight(profile: &Profile, prefix: &str) -> i64 {
    let edges = profile::edges::edges(profile, 0).edges;
    let of_main = edges.iter().filter(|it| it.caller.starts_with(prefix));
    of_main.map(|it| it.weight).sum()
}

#[test]
fn by_duration_a_minute_counts_as_a_minute() {
    let profiles = [cpu(), cpu()];
    let merged = merge(&inputs(&profiles), Normalize::Duration).unwrap();
    assert_eq!(merged.total(0), 2 * profiles[0].total(0));
    assert_eq!(merged.total(1), merged.total(0) * 10_000_000);
}

#[test]
fn what_cannot_be_merged_is_said() {
    let profiles = [cpu(), profile::read(&bytes("heap.pprof")).unwrap()];
    let both = inputs(&profiles);
    let error = merge(&both, Normalize::Off).unwrap_err();
    assert!(matches!(error, MergeError::Kinds { at: 1, .. }), "{error}");
    assert_eq!(merge(&[], Normalize::Off).unwrap_err(), MergeError::Nothing);
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let input = Input { weight, ..both[0] };
        let error = merge(&[input], Normalize::Off).unwrap_err();
        assert!(matches!(error, MergeError::Weight { at: 0, .. }), "{error}");
    }
    let error = merge(&both[1..], Normalize::Duration).unwrap_err();
    assert!(matches!(error, MergeError::NoDuration { at: 0 }), "{error}");
}
