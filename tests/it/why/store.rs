//! A program that is kept answers as the one that was read from archives, and a damaged one is refused or answers something.

use std::collections::HashMap;
use std::path::PathBuf;

use gobuild_opt::linker::Program;

use super::{MAIN, archives, listed, module, place};
use crate::fuzz::random::Random;
use crate::harness::toolchains;

/// Everything that is asked.
fn answers(program: &Program<'_>) -> String {
    let mut out = String::new();
    let mut say = |what: &dyn std::fmt::Debug| out.push_str(&format!("{what:?}\n"));
    say(&program.kept().collect::<Vec<_>>());
    say(&program.bytes());
    say(&program.by_package());
    say(&program.retained(|path| path.starts_with("encoding").then_some("encoding")));
    let callers = program.reflecting();
    say(&program.freed_without_marks(&callers));
    let alone = callers
        .iter()
        .map(|caller| program.freed_without_marks(&[*caller]));
    let alone: Vec<u64> = alone.map(|freed| freed.total()).collect();
    assert_eq!(program.freed_by_each(&callers), alone);
    for name in ["text/template", "encoding/json", "crypto/sha256", "os"] {
        let target = program.packages_where(|path| path == name).unwrap();
        say(&program.chains_to(&target, 5));
        say(&program.freed(&target.removal));
    }
    let target = program.symbol("example.com/app/shapes.Square.String");
    say(&program.chains_to(&target.unwrap(), 3));
    say(&program.init_work(5, |_| true));
    out
}

#[test]
fn a_program_that_is_kept_answers_as_the_one_that_was_read() {
    let directory = module(MAIN);
    let toolchain = toolchains::in_path();
    let (archives, goroot) = archives(&toolchain, directory.path(), ".");
    let read = archives.read(&goroot, 0).unwrap();
    let program = Program::link(&read).unwrap();
    let stored = program.stored();
    let (main, files): (PathBuf, HashMap<String, PathBuf>) =
        listed(&toolchain, directory.path(), ".");
    let file = |path: &str| match path {
        "main" => Some(main.clone()),
        path => files.get(path).cloned(),
    };
    let restored = Program::restored(&stored, file).unwrap();
    let (before, after) = (answers(&program), answers(&restored));
    let differs = before.lines().zip(after.lines()).find(|(a, b)| a != b);
    assert_eq!(differs, None);
    // The places of calls come from the archives.
    assert!(
        after.contains("main.go"),
        "{}",
        &after[after.len() - 2000..]
    );

    assert!(Program::restored(&stored, |_| None).is_none());
    for length in [0, 7, stored.len() / 2, stored.len() - 1] {
        assert!(Program::restored(&stored[..length], file).is_none());
    }
    for index in 0..40 {
        let mut random = Random::of(17, "stored", index);
        let mut damaged = stored.clone();
        for _ in 0..3 {
            let at = random.below(damaged.len());
            damaged[at] ^= 1 << random.below(8);
        }
        if let Some(program) = Program::restored(&damaged, file) {
            let target = program.packages_where(|path| path == "os");
            let _ = target.map(|target| {
                (
                    program.chains_to(&target, 2),
                    program.freed(&target.removal),
                )
            });
        }
    }
}

#[test]
fn a_second_question_has_the_answer_of_the_first() {
    let mut place = place();
    let ask = |place: &crate::harness::Place| place.run("why --format json dce").json();
    let (first, second) = (ask(&place), ask(&place));
    assert_eq!(first, second);
    assert!(place.aside("state").join("gobuild-opt/key").is_file());
    let run = place.run("why --format json text/template.nothing");
    assert_eq!(run.code(), 2, "{}", run.shown());
    place.env("GOBUILD_OPT_CACHE", "off");
    assert_eq!(ask(&place), first);
}
