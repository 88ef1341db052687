//! What is kept of a program gives the answers that its archives gave. Damaged bytes are refused, or give some answer: they
//! never end the run.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gobuild_opt::linker::Program;

use super::{MAIN, archives, listed, module};
use crate::fuzz::random::Random;
use crate::harness::{Place, toolchains};

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
    let together = program.freed_without_marks(&callers);
    assert_eq!(program.freed_by_each(&callers), (together, alone));
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
    let read = archives.read(&goroot, 0, None).unwrap();
    let program = Program::link(&read).unwrap();
    let stored = program.stored();
    assert_eq!(program.stored_length(), stored.len());
    let (main, files): (PathBuf, HashMap<String, PathBuf>) =
        listed(&toolchain, super::PLAIN, directory.path(), ".");
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

/// Calls a method by a name that the linker cannot know, and needs few packages.
const DYNAMIC: &str = r#"package main

import "reflect"

type square int

func (s square) Area() int { return int(s * s) }

var name = "Area"

func main() { println(reflect.ValueOf(square(2)).MethodByName(name).IsValid()) }
"#;

/// Files below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => below(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn a_second_question_reads_no_archive_not_even_an_hour_later() {
    let mut place = Place::empty();
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("main.go", DYNAMIC);
    place.env("CGO_ENABLED", "0");
    let cache = place.aside("cache");
    place.env("GOCACHE", &cache);
    let first = place.run("why --format json dce").json();
    assert_eq!(first["program"]["keeps_every_method"], true);
    assert!(place.aside("state").join("gobuild-opt/key").is_file());
    let graphs = || below(&cache.join("gobuild-opt/graphs"));
    let kept = graphs();
    assert_eq!(kept.len(), 1, "{kept:?}");

    // Go sets the time of what is used to now, if it is more than an hour back.
    let args = "list -trimpath -export -f {{.Export}} runtime";
    let args: Vec<&str> = args.split(' ').collect();
    let runtime = PathBuf::from(place.tool("go", &args).trim());
    let content = std::fs::read(&runtime).unwrap();
    let (head, _) = content.split_at(1024);
    let damaged = [head, &vec![0; content.len() - head.len()]].concat();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).open(&runtime).unwrap();
    file.write_all(&damaged).unwrap();
    let past = SystemTime::now() - Duration::from_secs(2 * 3600);
    for path in below(&cache).iter().filter(|path| !kept.contains(path)) {
        let file = options.open(path).unwrap();
        file.set_modified(past).unwrap();
    }
    let second = place.run("why --format json dce").json();
    assert!(runtime.metadata().unwrap().modified().unwrap() > past);
    assert_eq!(first, second);
    assert_eq!(graphs(), kept);

    let run = place.run("why --format json nosuch.nothing");
    assert_eq!(run.code(), 2, "{}", run.shown());
    // Without it the archives are read, and the damage is told.
    place.env("GOBUILD_OPT_CACHE", "off");
    let run = place.run("why --format json dce");
    assert_eq!(run.code(), 4, "{}", run.shown());
    let mut restored = options.open(&runtime).unwrap();
    restored.write_all(&content).unwrap();
    assert_eq!(place.run("why --format json dce").json(), first);
}

/// The main package of [`super::PROGRAM`], where it is not that of its directory.
const PACKAGE: &str = "GOBUILD_OPT_PACKAGE";

#[test]
#[ignore = "measures time on a large program; run alone with --release --ignored"]
fn a_question_takes_a_tenth_of_a_second() {
    let directory = std::env::var_os(super::PROGRAM).expect(super::PROGRAM);
    let package = std::env::var(PACKAGE).unwrap_or_else(|_| ".".into());
    let toolchain = toolchains::in_path();
    let (main, files) = listed(&toolchain, super::PLAIN, Path::new(&directory), &package);
    let goroot = super::go(
        &toolchain,
        super::PLAIN,
        Path::new(&directory),
        &["env", "GOROOT"],
    );
    let archives = gobuild_opt::linker::Archives::open(&main, &files).unwrap();
    let timed = |what: &str, run: &mut dyn FnMut()| {
        // The least is what other work on the machine disturbs least.
        let once = |_| {
            let start = std::time::Instant::now();
            run();
            start.elapsed()
        };
        let least = (0..5).map(once).min().unwrap();
        println!("{what}: {:.1} ms", least.as_secs_f64() * 1e3);
        least
    };
    let mut stored = Vec::new();
    timed("read, link and store", &mut || {
        let read = archives.read(Path::new(goroot.trim()), 0, None).unwrap();
        stored = Program::link(&read).unwrap().stored();
    });
    let file = |path: &str| match path {
        "main" => Some(main.clone()),
        path => files.get(path).cloned(),
    };
    timed("restore", &mut || {
        drop(Program::restored(&stored, file).unwrap())
    });
    let program = Program::restored(&stored, file).unwrap();
    let all: Vec<&str> = program.packages().collect();
    println!("{} packages, {} bytes kept", all.len(), stored.len());
    for path in ["encoding/json", "net/http", "google.golang.org/grpc"] {
        let target = program.packages_where(|other| other == path).unwrap();
        let took = timed(&format!("why {path}"), &mut || {
            let _ = program.chains_to(&target, 1);
            let _ = program.freed(&target.removal);
        });
        assert!(took < Duration::from_millis(100), "{path}: {took:?}");
    }
    timed("what each package keeps alone", &mut || {
        drop(program.retained(|_| None))
    });
    timed("why dce", &mut || {
        drop(program.freed_by_each(&program.reflecting()))
    });
}
