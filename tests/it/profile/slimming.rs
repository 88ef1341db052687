//! A slim profile and the full one are the same to Go: same `preprofile` text, same bytes of the program.

use super::*;

use gobuild_opt::profile::{Keep, Slim, slim};

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
fn what_has_no_calls_is_not_made_slim() {
    let heap = profile::read(&bytes("heap.pprof")).unwrap();
    assert!(slim(&heap, Keep::Calls).is_err());
}
