//! Profiles that Go takes without a word and that do nothing: what the report says of them is held against the decisions
//! that the compiler itself prints.

use gobuild_opt::profile::{self, encode, proto};
use serde_json::Value;

use super::{CONFIG, PROGRAM, profile_of};
use crate::harness::{Place, toolchains};

/// `profile_of` after a change.
fn changed(change: impl FnOnce(&mut proto::Profile)) -> Vec<u8> {
    let read = profile::read(&profile_of(2000, 100)).unwrap();
    let mut raw = read.raw().clone();
    change(&mut raw);
    encode(&raw)
}

fn without_lines() -> Vec<u8> {
    changed(|raw| {
        let lines = raw.location.iter_mut().flat_map(|it| &mut it.line);
        lines.for_each(|it| it.line = 0);
    })
}

/// The same calls in functions of another program.
fn of_another_program() -> Vec<u8> {
    changed(|raw| {
        for text in &mut raw.string_table {
            if let Some(rest) = text.strip_prefix(b"main.") {
                *text = [b"example.com/other.", rest].concat();
            }
        }
    })
}

/// Every call moved down by some lines, as if the functions had grown at their beginning.
fn moved() -> Vec<u8> {
    changed(|raw| raw.function.iter_mut().for_each(|it| it.start_line -= 2))
}

/// How many calls of `main` the compiler finds hot.
fn hot_decisions(place: &Place) -> usize {
    let args = [
        "build",
        "-o",
        "plain",
        "-pgo=default.pgo",
        "-gcflags=-d=pgodebug=1",
        ".",
    ];
    let done = place.command("go").args(args).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let said =
        String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    said.matches("hot-budget check allows").count()
}

struct Judged {
    hot: usize,
    status: String,
    message: String,
    pgo: Value,
    text: String,
}

fn judged(profile: Vec<u8>) -> Judged {
    let place = Place::module();
    place.write("main.go", PROGRAM);
    place.write("default.pgo", profile);
    place.write("gobuild-opt.toml", CONFIG.split("[budget]").next().unwrap());
    let report = place.release("");
    let target = &report["targets"][0];
    let check = target["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == "pgo-profile")
        .unwrap();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    Judged {
        hot: hot_decisions(&place),
        status: text(&check["status"]),
        message: text(&check["message"]),
        pgo: target["pgo"].clone(),
        text: place.run("release").stdout,
    }
}

#[test]
fn a_profile_that_fits_is_applied() {
    let it = judged(profile_of(2000, 100));
    assert!(it.hot > 0);
    assert_eq!(
        (&*it.status, &*it.message),
        (
            "warn",
            "`default.pgo` is applied, but it may be worth little: it has 2 stacks only"
        )
    );
    assert_eq!(
        (it.pgo["health"].as_f64(), it.pgo["lines"].as_f64()),
        (Some(100.0), Some(100.0))
    );
    assert!(
        it.text.contains("100.0 % fits, 100.0 % at its line"),
        "{}",
        it.text
    );
}

#[test]
fn a_profile_without_lines_does_nothing() {
    let it = judged(without_lines());
    assert_eq!(it.hot, 0);
    assert_eq!(it.status, "warn");
    assert!(
        it.message.starts_with(
            "built without a profile: `default.pgo`: no call in the profile has a line"
        ),
        "{}",
        it.message
    );
    assert_eq!(
        (it.pgo["applied"].as_bool(), it.pgo["fitness"].as_str()),
        (Some(false), Some("no-lines"))
    );
}

#[test]
fn a_profile_of_another_program_does_nothing() {
    let it = judged(of_another_program());
    assert_eq!(it.hot, 0);
    assert_eq!(
        (&*it.status, &*it.message),
        (
            "warn",
            "`default.pgo` has no effect: it is of another program"
        )
    );
    assert!(
        it.text
            .contains("profile default.pgo has no effect: it is of another program, 0.0 % fits"),
        "{}",
        it.text
    );
}

#[test]
fn a_profile_of_which_every_line_moved_does_nothing() {
    let it = judged(moved());
    assert_eq!(it.hot, 0);
    assert_eq!(
        (&*it.status, &*it.message),
        (
            "warn",
            "`default.pgo` has no effect: none of its calls stands at its line"
        )
    );
    assert_eq!(
        (it.pgo["health"].as_f64(), it.pgo["lines"].as_f64()),
        (Some(100.0), Some(0.0))
    );
}

#[test]
fn merging_names_the_file_whose_calls_are_lost() {
    let place = Place::module();
    let without = changed(|raw| raw.function.iter_mut().for_each(|it| it.start_line = 0));
    place.write("new.pgo", profile_of(2000, 100));
    place.write("old.pgo", without);
    place.write("bare.pgo", without_lines());
    let run = place.run("profile merge new.pgo old.pgo bare.pgo -o all.pgo");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let said = run.stdout.clone() + &run.stderr;
    for words in [
        "`old.pgo` has no function start lines: none of its calls has an effect",
        "`bare.pgo` has no lines: none of its calls has an effect",
    ] {
        assert!(said.contains(words), "{}", run.shown());
    }
    assert!(!said.contains("`new.pgo`"), "{}", run.shown());
    let run = place.run("profile show all.pgo");
    let words = "66.7 % of their weight is of calls without lines: the compiler places none";
    assert!(run.stdout.contains(words), "{}", run.shown());
    let run = place.run("profile show bare.pgo");
    assert!(
        run.stdout
            .contains("no use as -pgo: no call in the profile has a line"),
        "{}",
        run.shown()
    );
}

/// The cost of a function of the standard library is that of all it calls: its own frames are a few.
#[test]
fn doctor_names_what_became_slower_on_this_go() {
    let json = changed(|raw| {
        for text in &mut raw.string_table {
            if *text == b"runtime.chanrecv2" {
                *text = b"encoding/json.Unmarshal".to_vec();
            }
        }
        // `main.leaf`, called by `json.Unmarshal`: the profile's own frame of json is no leaf.
        raw.sample.truncate(1);
        raw.sample[0].location_id = vec![1, 4, 2];
    });
    for (version, profile, expected) in [
        ("1.27.3", json.clone(), true),
        ("1.26.6", json, false),
        ("1.27.3", profile_of(2000, 100), false),
    ] {
        let Some(toolchain) = toolchains::released(version) else {
            return;
        };
        let mut place = Place::empty();
        place.path_first(toolchain.bin.as_ref().unwrap());
        place.write("go.mod", "module example.com/hot\n\ngo 1.21\n");
        place.write("main.go", PROGRAM);
        place.write("default.pgo", profile);
        let run = place.run("doctor");
        let words = "on go1.27.3, 100.0 % of the profile is below";
        assert_eq!(run.stdout.contains(words), expected, "{}", run.shown());
    }
}
