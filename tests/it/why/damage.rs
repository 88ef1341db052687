//! Damaged archives: each is read, or refused with one error; nothing panics, and every question is answered.
//!
//! `GOBUILD_OPT_FUZZ=200000 cargo test --release --test it why::damage -- --nocapture` runs that many.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gobuild_opt::linker::{Archives, Program};

use crate::fuzz::random::Random;
use crate::harness::programs;
use crate::harness::toolchains;

const MAIN: &str = r#"package main

import "example.com/app/part"

type named interface{ Name() string }

var table = map[string]named{"a": part.A{}, "b": part.B[int]{}}

func main() {
    for _, one := range table {
        println(one.Name(), part.Name(one))
    }
}
"#;

const PART: &str = r#"package part

type A struct{}

func (A) Name() string { return "a" }

func (A) Other() string { return "other" }

type B[T any] struct{ t T }

func (b B[T]) Name() string { return "b" }

var names = map[int]string{1: "a", 2: "b"}

func Name(one interface{ Name() string }) string {
    defer func() { names[3] = one.Name() }()
    return names[len(one.Name())]
}
"#;

/// The main package and the other one, in what module file they stand, and the package that is damaged beside it.
struct Seeds {
    main: &'static str,
    package: &'static str,
    cgo: bool,
}

/// Only Go.
const GO: Seeds = Seeds {
    main: MAIN,
    package: "example.com/app/part",
    cgo: false,
};

/// The objects of a C compiler, what they may call, and what shared libraries define for them.
const C: Seeds = Seeds {
    main: "package main\n\nimport _ \"runtime/cgo\"\n\nfunc main() {}\n",
    package: "runtime/cgo",
    cgo: true,
};

impl Seeds {
    /// The archives of both packages; the runtime is left out, so that one input takes little time.
    fn archives(&self) -> (Vec<Vec<u8>>, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        std::fs::create_dir(directory.path().join("part")).unwrap();
        write("go.mod", "module example.com/app\n\ngo 1.21\n");
        write("main.go", self.main);
        write("part/part.go", PART);
        let toolchain = toolchains::in_path();
        let go = |args: &[&str]| {
            let target = "linux/amd64";
            let done =
                programs::go_with(Some(&toolchain), target, self.cgo, directory.path(), args);
            String::from_utf8(done.stdout).unwrap().trim().to_owned()
        };
        let read = |package: &str| {
            let file = go(&["list", "-export", "-trimpath", "-f={{.Export}}", package]);
            std::fs::read(file).unwrap()
        };
        let both = vec![read("."), read(self.package)];
        (both, go(&["env", "GOROOT"]).into())
    }
}

/// Numbers at their edges, bytes from elsewhere, and a file that ends early.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    const EDGES: [u32; 8] = [
        0,
        1,
        0x7f,
        0xff,
        0xffff,
        i32::MAX as u32 - 4,
        i32::MAX as u32,
        u32::MAX,
    ];
    for _ in 0..1 + random.below(6) {
        let at = random.below(bytes.len().saturating_sub(4));
        match random.below(4) {
            0 => bytes[at..at + 4].copy_from_slice(&random.pick(&EDGES).to_le_bytes()),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => {
                let from = random.below(bytes.len().saturating_sub(4));
                bytes.copy_within(from..from + 4, at);
            }
            _ if random.one_in(8) => bytes.truncate(at.max(8)),
            _ => bytes[at] = random.next() as u8,
        }
    }
}

/// Every question about the program; whether there was one.
fn ask(main: &Path, files: &HashMap<String, PathBuf>, goroot: &Path) -> bool {
    let Ok(archives) = Archives::open(main, files) else {
        return false;
    };
    let Ok(read) = archives.read(goroot, 0, None) else {
        return false;
    };
    let Ok(program) = Program::link(&read) else {
        return false;
    };
    if let Some(target) = program.packages_where(|path| path != "main") {
        let _ = program.chains_to(&target, 3);
        assert!(program.freed(&target.removal).total() <= program.bytes().total());
    }
    let _ = program
        .symbol("example.com/app/part.Name")
        .map(|target| program.chains_to(&target, 2));
    let _ = program.freed_without_marks(&program.reflecting());
    program.similar("main", 3).len() < 4
}

#[test]
fn a_damaged_archive_is_read_or_refused() {
    check(&GO);
}

#[test]
fn a_damaged_archive_with_c_code_is_read_or_refused() {
    check(&C);
}

fn check(of: &Seeds) {
    let (seeds, goroot) = of.archives();
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["main.a", "part.a"]
        .iter()
        .map(|it| directory.path().join(it))
        .collect();
    for (path, bytes) in paths.iter().zip(&seeds) {
        std::fs::write(path, bytes).unwrap();
    }
    let files = HashMap::from([(of.package.to_owned(), paths[1].clone())]);
    assert!(ask(&paths[0], &files, &goroot), "the seeds are read");
    let set = std::env::var("GOBUILD_OPT_FUZZ").ok();
    let count: u64 = set.map_or(1000, |it| it.parse().unwrap());
    let mut read = 0;
    for index in 0..count {
        let mut random = Random::of(0x60_b11d, of.package, index);
        let which = random.below(2);
        let mut bytes = seeds[which].clone();
        damage(&mut bytes, &mut random);
        std::fs::write(&paths[which], &bytes).unwrap();
        read += u64::from(ask(&paths[0], &files, &goroot));
        std::fs::write(&paths[which], &seeds[which]).unwrap();
    }
    println!("{read} of {count} damaged archives were read, the others refused");
    assert!(read > count / 4 && read < count, "{read} of {count}");
}
