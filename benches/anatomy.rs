//! Speed of the anatomy, in bytes of the executable: `cargo bench --bench anatomy`.
//!
//! The input is a Go command that everybody has: the `go` in PATH, 13 to 23 MB.

use std::path::Path;
use std::process::Command;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use gobuild_opt::binary::{self, Mapped};
use gobuild_opt::report::inspection::{Source, View, inspection};
use gobuild_opt::view::inspected::outline;

fn main() {
    divan::main();
}

fn mapped() -> Mapped {
    let root = Command::new("go").args(["env", "GOROOT"]).output();
    let root = String::from_utf8(root.expect("a go in PATH").stdout).expect("a path in UTF-8");
    let name = format!("bin/go{}", std::env::consts::EXE_SUFFIX);
    binary::open(&Path::new(root.trim()).join(name)).expect("the go command")
}

#[divan::bench]
fn headers(bencher: Bencher<'_, '_>) {
    let bytes = mapped();
    bencher.bench_local(|| binary::read(black_box(&bytes)));
}

#[divan::bench]
fn anatomy(bencher: Bencher<'_, '_>) {
    let bytes = mapped();
    let bencher = bencher.counter(BytesCount::new(bytes.len()));
    bencher.bench_local(|| binary::anatomy(black_box(&bytes)));
}

/// What comes after the anatomy: the report, and the blocks of its text.
#[divan::bench]
fn report(bencher: Bencher<'_, '_>) {
    let bytes = mapped();
    let anatomy = binary::anatomy(&bytes).expect("a Go program");
    let source = Source {
        path: "go".to_owned(),
        sha256: None,
        gomaxprocs: binary::Callers::default(),
    };
    bencher.bench_local(|| {
        let found =
            inspection(black_box(&anatomy), source.clone(), usize::MAX).expect("a Go program");
        outline(&found, View::default(), None)
    });
}
