//! What a profile did, against a build without it.

use super::{frame, module, profile_of};

#[test]
fn what_the_profile_did_is_told_against_a_build_without_it() {
    let place = module(
        None,
        "frame-growth = \"1 KiB\"\n[pgo]\neffect = \"report\"\n",
    );
    let run = place.run("release --format json --set budget.frame=1MiB");
    assert_eq!(run.code(), 1, "{}", run.shown());
    let report = run.json();
    let target = &report["targets"][0];
    let effect = &target["pgo"]["effect"];
    assert_eq!(effect["worth"], true);
    assert_eq!(effect["hot"]["calls"], 2);
    assert_eq!(effect["hot_inlined_without"]["calls"], 0);
    assert_eq!(effect["hot_inlined_with"]["calls"], 1);
    let inlined = &effect["newly_inlined"][0];
    assert_eq!(inlined["caller"], "main.loop");
    assert_eq!(inlined["callee"], "main.leaf");
    assert_eq!(inlined["offset"], 2);
    assert_eq!(effect["inlined_gained"], 1);
    assert_eq!(effect["inlined_by_callee"][0]["callee"], "leaf");
    // The binary without the profile is read, not guessed.
    let with = u64::from(frame(&place, "main.loop").unwrap());
    let without = effect["frames_grown"]["main.loop"].as_u64().unwrap();
    assert!(with > 16 << 10 && without < 1024, "{with} {without}");
    // Names that two functions have, as a wrapper for assembly does, are not joined: no other function grew.
    assert_eq!(effect["frames_grown"].as_object().unwrap().len(), 1);
    // Packages are told by their code alone: data that several use may have another owner on either side.
    let grown =
        |it: &serde_json::Value| it["with"].as_i64().unwrap() - it["without"].as_i64().unwrap();
    let packages = effect["packages"].as_array().unwrap();
    assert!(!packages.is_empty());
    let sum: i64 = packages.iter().map(grown).sum();
    assert_eq!(sum, grown(&effect["code"]), "{packages:?}");
    let failure = report["verdict"]["failures"][0].as_str().unwrap();
    assert!(failure.contains("main.loop has "), "{failure}");
    assert!(failure.contains("without the profile"), "{failure}");

    let text = place.run("release --set budget.frame=1MiB").stdout;
    assert!(text.contains("main.loop -> main.leaf"), "{text}");
}

#[test]
fn a_profile_of_another_program_is_not_worth_its_build_time() {
    let place = module(None, "[pgo]\neffect = \"report\"\n");
    let bytes = profile_of(2000, 100);
    let mut other = gobuild_opt::profile::read(&bytes).unwrap().raw().clone();
    for name in other
        .string_table
        .iter_mut()
        .filter(|it| it.contains(&b'.'))
    {
        name.extend_from_slice(b"OfAnother");
    }
    place.write("default.pgo", gobuild_opt::profile::encode(&other));
    let report = place.release("");
    let effect = &report["targets"][0]["pgo"]["effect"];
    assert_eq!(effect["worth"], false);
    let summary = effect["summary"].as_str().unwrap();
    assert!(summary.starts_with("no effect"), "{summary}");
    assert_eq!(effect["code"]["with"], effect["code"]["without"]);
}
