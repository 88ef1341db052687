//! Speed of reading a profile, in bytes of its decompressed form: `cargo bench --bench profile`.
//!
//! The input is the profile that Go's own compiler is built with, from the `go` in PATH.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use gobuild_opt::profile::{self, Input, Keep, Limits, Normalize, Profile};

fn main() {
    divan::main();
}

fn packed() -> Vec<u8> {
    let root = std::process::Command::new("go")
        .args(["env", "GOROOT"])
        .output();
    let root = String::from_utf8(root.expect("a go in PATH").stdout).expect("a path in UTF-8");
    let file = std::path::Path::new(root.trim()).join("src/cmd/compile/default.pgo");
    std::fs::read(file).expect("the compiler's profile")
}

fn plain() -> Vec<u8> {
    profile::decompress(&packed(), &Limits::DEFAULT).expect("gzip")
}

fn tables() -> Profile {
    profile::read(&packed()).expect("a profile")
}

#[divan::bench]
fn read_plain(bencher: Bencher<'_, '_>) {
    let bytes = plain();
    let bencher = bencher.counter(BytesCount::new(bytes.len()));
    bencher.bench_local(|| profile::read(black_box(&bytes)));
}

#[divan::bench]
fn read_gzip(bencher: Bencher<'_, '_>) {
    let bytes = packed();
    let bencher = bencher.counter(BytesCount::new(plain().len()));
    bencher.bench_local(|| profile::read(black_box(&bytes)));
}

#[divan::bench]
fn judge_gzip(bencher: Bencher<'_, '_>) {
    let bytes = packed();
    let bencher = bencher.counter(BytesCount::new(plain().len()));
    bencher.bench_local(|| profile::judge(black_box(&bytes)));
}

#[divan::bench]
fn edges(bencher: Bencher<'_, '_>) {
    let profile = tables();
    bencher.bench_local(|| profile::edges(black_box(&profile), 0));
}

#[divan::bench]
fn slim(bencher: Bencher<'_, '_>) {
    let profile = tables();
    bencher.bench_local(|| profile::slim(black_box(&profile), Keep::Calls));
}

#[divan::bench]
fn merge_two(bencher: Bencher<'_, '_>) {
    let profiles = [tables(), tables()];
    let inputs = profiles.each_ref().map(|profile| Input {
        profile,
        weight: 1.0,
    });
    bencher.bench_local(|| profile::merge(black_box(&inputs), Normalize::Off));
}
