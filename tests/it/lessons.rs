//! The twenty lessons: every place that the table names exists, and the README shows the table as it is.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;
use gobuild_opt::lesson::{self, Served};
use gobuild_opt::{advise, check, cli};

use crate::harness::Place;

#[test]
fn there_are_twenty_and_every_place_exists() {
    let numbers: Vec<u8> = lesson::ALL.iter().map(|it| it.number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<u8>>());
    for lesson in lesson::ALL {
        for place in lesson.served {
            let exists = match place {
                Served::Check(id) => check::find(id).is_some(),
                Served::Rule(id) => advise::find(id).is_some_and(|it| it.lesson == lesson.number),
                Served::Command(line) => parses(line),
                Served::NoEffect(why) => !why.is_empty(),
            };
            assert!(exists, "lesson {}: {place:?}", lesson.number);
        }
    }
}

/// What is no flag of ours goes through to go: so the flags are looked up, too.
fn parses(line: &str) -> bool {
    let words = || line.split(' ');
    let args = std::iter::once("gobuild-opt").chain(words());
    let args: Vec<OsString> = args.map(OsString::from).collect();
    let program = cli::Cli::command();
    let known = |flag: &str| {
        let mut found = program.find_subcommand(words().next().unwrap_or_default());
        for word in words().skip(1) {
            found = found.map(|it| it.find_subcommand(word).unwrap_or(it));
        }
        found.is_some_and(|it| it.get_arguments().any(|it| it.get_long() == Some(flag)))
    };
    let flags = || words().filter_map(|it| it.strip_prefix("--"));
    matches!(cli::parse(&args, Path::new("/")), Ok(Ok(_))) && flags().all(known)
}

#[test]
fn a_command_that_does_not_exist_would_be_found() {
    assert!(!parses("advertise"));
    assert!(!parses("escape --warmth"));
}

#[test]
fn the_readme_shows_the_table() {
    let run = Place::empty().run("explain --lessons --format markdown");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(
        readme.contains(run.stdout.trim()),
        "put this into README.md:\n{}",
        run.stdout
    );
}

#[test]
fn a_lesson_is_found_by_its_number() {
    let place = Place::empty();
    let run = place.run("explain 13");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.starts_with("lesson 13: "), "{}", run.stdout);
    assert!(
        run.stdout.contains("no effect on your Go"),
        "{}",
        run.stdout
    );
    for unknown in ["explain 21", "explain 0", "explain gomaxproc"] {
        let run = place.run(unknown);
        assert_eq!(run.code(), 2, "{}", run.shown());
    }
    let run = place.run("explain --lessons --format json");
    let all: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(all.as_array().map(Vec::len), Some(20));
    let run = place.run("explain --lessons");
    assert!(run.stdout.contains("Pointers or values"), "{}", run.stdout);
}
