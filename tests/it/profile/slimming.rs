//! A slim profile and the full one are the same to Go: same `preprofile` text, same bytes of the program.

use super::*;

use gobuild_opt::profile::{Keep, Slim, encode, slim};

fn profiles() -> Vec<(String, Vec<u8>)> {
    let name = |it: &Go| format!("cmd/compile of Go 1.{}", it.minor);
    let compilers = toolchains()
        .iter()
        .map(|it| (name(it), it.compiler_profile()));
    compilers
        .chain([("a small program".to_string(), bytes("cpu.pprof"))])
        .collect()
}

fn slimmed(bytes: &[u8], keep: Keep) -> Slim {
    slim(&profile::read(bytes).unwrap(), keep).unwrap()
}

#[test]
fn every_go_reads_the_same_from_slim_and_full() {
    let directory = tempfile::tempdir().unwrap();
    let [full, small] = ["full", "slim"].map(|it| directory.path().join(it));
    for (name, bytes) in profiles() {
        std::fs::write(&full, &bytes).unwrap();
        let theirs: Vec<_> = with_preprofile()
            .map(|go| go.preprofile(&full).unwrap())
            .collect();
        for keep in [Keep::Calls, Keep::Lines] {
            let slim = slimmed(&bytes, keep);
            eprintln!(
                "{name}: {} -> {} bytes ({keep:?})",
                bytes.len(),
                slim.bytes.len()
            );
            std::fs::write(&small, &slim.bytes).unwrap();
            for (go, theirs) in with_preprofile().zip(&theirs) {
                assert!(
                    go.preprofile(&small).unwrap() == *theirs,
                    "{name}, Go 1.{}",
                    go.minor
                );
            }
        }
    }
}

#[test]
fn the_profile_of_the_compiler_shrinks_at_least_four_times() {
    for go in toolchains() {
        let full = go.compiler_profile();
        let slim = slimmed(&full, Keep::Calls);
        assert!(
            slim.bytes.len() * 4 <= full.len(),
            "Go 1.{}: {} of {}",
            go.minor,
            slim.bytes.len(),
            full.len()
        );
    }
}

#[test]
fn slim_again_is_the_same_and_the_order_of_samples_does_not_matter() {
    let full = profile::read(&bytes("cpu.pprof")).unwrap();
    let once = slim(&full, Keep::Calls).unwrap();
    assert_eq!(slimmed(&once.bytes, Keep::Calls).bytes, once.bytes);
    let mut shuffled = full.raw().clone();
    shuffled.sample.reverse();
    shuffled.location.rotate_left(7);
    let shuffled = profile::check(shuffled).unwrap();
    assert_eq!(slim(&shuffled, Keep::Calls).unwrap().bytes, once.bytes);
}

#[test]
fn a_slim_profile_is_judged_like_the_full_one() {
    let full = profile::judge(&bytes("cpu.pprof"));
    let slim = profile::judge(&slimmed(&bytes("cpu.pprof"), Keep::Calls).bytes);
    assert_eq!(
        (slim.fitness, slim.kind),
        (Fitness::Usable, Some(Kind::Cpu))
    );
    assert_eq!((slim.samples, slim.total), (full.samples, full.total));
    assert_eq!(
        (slim.edges, slim.edge_weight),
        (full.edges, full.edge_weight)
    );
    assert_eq!(
        slim.origin.and_then(|it| it.build_id),
        full.origin.and_then(|it| it.build_id)
    );
}

#[test]
fn what_has_no_calls_is_not_made_slim() {
    let heap = profile::read(&bytes("heap.pprof")).unwrap();
    assert!(slim(&heap, Keep::Calls).is_err());
}

/// Builds a program twice and once without a profile. The first of these builds compiles the runtime.
fn check_same_program(go: &Go, name: &str, source: &str, full: &[u8]) {
    let slim = slimmed(full, Keep::Calls).bytes;
    assert!(slim != full, "{name} is slim already");
    let [with_full, with_slim] = [full, &slim].map(|it| built(go, source, it));
    assert!(with_full == with_slim, "{name}, Go 1.{}", go.minor);
    let without = built(go, source, b"");
    assert!(
        without != with_full,
        "{name}, Go 1.{}: the profile had no effect",
        go.minor
    );
}

/// The oldest has no `preprofile`: there the program is all the proof there is.
#[test]
fn a_small_program_built_with_slim_and_full_is_the_same_bytes() {
    let full = encode(super::hiding::of_medium().raw());
    for go in toolchains()
        .iter()
        .filter(|it| [21, 24, 27].contains(&it.minor))
    {
        check_same_program(go, "medium", super::hiding::PROGRAM, &full);
    }
}

/// With a collected profile, and more of the standard library.
#[test]
fn programs_built_with_slim_and_full_are_the_same_bytes() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/profiler/main.go");
    let source = std::fs::read_to_string(source).unwrap();
    for go in toolchains()
        .iter()
        .filter(|it| [21, 24, 27].contains(&it.minor))
    {
        check_same_program(go, "profiler", &source, &bytes("cpu.pprof"));
    }
}

/// A program of one file, built with this profile as its default.
fn built(go: &Go, source: &str, profile: &[u8]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(directory.path().join(name), bytes).unwrap();
    };
    write("go.mod", b"module profiler\n\ngo 1.21\n");
    write("main.go", source.as_bytes());
    write("default.pgo", profile);
    // The build ID holds a hash of the profile's file up to Go 1.22, and of what it says since 1.23.
    let arguments = [
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags=-buildid=",
        "-o",
        "out",
        ".",
    ];
    let output = go.run(directory.path(), &arguments);
    assert!(output.status.success(), "{output:?}");
    std::fs::read(directory.path().join("out")).unwrap()
}
