//! Damaged archives: each is read, or refused with one error; nothing panics, every question is answered, and none takes
//! long or much memory.
//!
//! `GOBUILD_OPT_FUZZ=200000 cargo test --release --test it why::damage -- --nocapture` runs that many.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gobuild_opt::linker::{Archives, Program};

use crate::fuzz::memory::peak;
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

/// An object of a C compiler in the package, and what calls it.
const C: &str = "static int table[] = {1, 2};\nconst char words[] = \"beside\";\n
int outside(int);\nint beside(void) { return outside(table[0]) + words[table[1]]; }\nint other(void) { return beside(); }\n";
const CALL: &str =
    "#include \"textflag.h\"\n\nTEXT ·call(SB),NOSPLIT,$0\n\tCALL beside(SB)\n\tRET\n";
/// With what is told to the linker as cgo tells it.
const CALLER: &str = "\n//go:cgo_import_dynamic outside outside \"libc.so.6\"\n\nfunc call()\n\nfunc init() { call() }\n";

/// The archives of both packages; the runtime is left out, so that one input takes little time.
fn seeds(with_c: bool) -> (Vec<Vec<u8>>, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir(directory.path().join("part")).unwrap();
    write("go.mod", "module example.com/app\n\ngo 1.21\n");
    write("main.go", MAIN);
    write("part/part.go", PART);
    if with_c {
        write("part/caller.go", &format!("package part\n{CALLER}"));
        write("part/call_amd64.s", CALL);
        std::fs::create_dir(directory.path().join("c")).unwrap();
        write("c/beside.c", C);
        let place = crate::harness::Place::empty();
        let from = directory.path().join("c/beside.c");
        let to = directory.path().join("part/beside_amd64.syso");
        place.tool(
            "cc",
            &["-c", "-o", to.to_str().unwrap(), from.to_str().unwrap()],
        );
    }
    let toolchain = toolchains::in_path();
    let go = |args: &[&str]| {
        let done = programs::go(Some(&toolchain), "linux/amd64", directory.path(), args);
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let files = go(&[
        "list",
        "-export",
        "-trimpath",
        "-f={{.Export}}",
        ".",
        "./part",
    ]);
    let read = |file: &str| std::fs::read(file).unwrap();
    (
        files.lines().map(read).collect(),
        go(&["env", "GOROOT"]).into(),
    )
}

/// Numbers at their edges, bytes from elsewhere, and a file that ends early, in a part of it.
fn damage(bytes: &mut Vec<u8>, part: &Range<usize>, random: &mut Random) {
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
        let end = part.end.min(bytes.len());
        let start = part.start.min(end);
        let at = start + random.below((end - start).saturating_sub(4).max(1));
        let at = at.min(bytes.len().saturating_sub(4));
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

/// So much is enough for each, in bytes.
const MEMORY: usize = 16 << 20;

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
    if let Some(target) = program.packages_where(|path| path.ends_with("part")) {
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
    check(false);
}

#[test]
fn a_damaged_archive_with_c_code_is_read_or_refused() {
    check(true);
}

fn check(with_c: bool) {
    let (seeds, goroot) = seeds(with_c);
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["main.a", "part.a"]
        .iter()
        .map(|it| directory.path().join(it))
        .collect();
    for (path, bytes) in paths.iter().zip(&seeds) {
        std::fs::write(path, bytes).unwrap();
    }
    let files = HashMap::from([("example.com/app/part".to_owned(), paths[1].clone())]);
    assert!(ask(&paths[0], &files, &goroot), "the seeds are read");
    let set = std::env::var("GOBUILD_OPT_FUZZ").ok();
    let count: u64 = set.map_or(1000, |it| it.parse().unwrap());
    let (mut read, mut most, mut longest) = (0, 0, Duration::ZERO);
    for index in 0..count {
        let mut random = Random::of(0x60_b11d, "objects", index);
        let which = random.below(2);
        let mut bytes = seeds[which].clone();
        // A half of what is damaged of the second is the C object in it.
        let object = memchr::memmem::find(&bytes, b"\x7fELF").filter(|_| index % 2 == 0);
        let part = object.unwrap_or_default()..bytes.len();
        damage(&mut bytes, &part, &mut random);
        std::fs::write(&paths[which], &bytes).unwrap();
        let start = Instant::now();
        let (was_read, memory) = peak(|| ask(&paths[0], &files, &goroot));
        (most, longest) = (most.max(memory), longest.max(start.elapsed()));
        read += u64::from(was_read);
        std::fs::write(&paths[which], &seeds[which]).unwrap();
    }
    println!("{count} inputs: {read} read, {most} bytes at most, {longest:?} at most");
    assert!(read > count / 4 && read < count, "{read} of {count}");
    // The inputs have 20 KB; what goroot holds of the toolchain is read for each.
    assert!(most < MEMORY, "{most} bytes");
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}
