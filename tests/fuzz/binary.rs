//! Damaged executables of every format: no panic, no hang, no memory beyond four times the file.
//!
//! `GOBUILD_OPT_MUTATIONS` says how many per format (a few in CI; 50000 make 200,000 in all), `GOBUILD_OPT_SEED` with
//! which numbers to begin, so that several runs do not repeat each other.

#![allow(clippy::unwrap_used)]
#![allow(unsafe_code)] // The allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use gobuild_opt::binary;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with what is live and the most that was.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TARGETS: [&str; 4] = ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"];

/// A stripped program that does nothing, for `os/arch`.
fn build(dir: &Path, target: &str) -> PathBuf {
    let (os, arch) = target.split_once('/').unwrap();
    let output = dir.join(format!("{os}-{arch}"));
    let done = Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"])
        .arg("-o")
        .arg(&output)
        .arg(".")
        .current_dir(dir)
        .envs([("GOOS", os), ("GOARCH", arch), ("CGO_ENABLED", "0")])
        .envs([("GOFLAGS", ""), ("GOTOOLCHAIN", "local"), ("GOWORK", "off")])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    output
}

/// The same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Where the tables are that lead to others: headers, the line table, and the words that point to it.
fn hot(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![0, 512];
    let line_table = memchr::memmem::find(bytes, &[0xf1, 0xff, 0xff, 0xff, 0, 0]);
    places.extend(line_table);
    places.extend(memchr::memmem::find(bytes, b"\xff Go buildinf:"));
    // The table of contents repeats the number of functions, as length and capacity of its index.
    if let Some(at) = line_table
        && let Some(count) = bytes.get(at + 8..at + 16)
        && let Ok(count) = <[u8; 8]>::try_from(count)
    {
        let length = (u64::from_le_bytes(count) + 1).to_le_bytes();
        places.extend(memchr::memmem::find_iter(bytes, &length).take(8));
    }
    places
}

/// Changes some words and gives back what was there.
fn mutate(bytes: &mut [u8], hot: &[usize], random: &mut Random) -> Vec<(usize, [u8; 4])> {
    let mut old = Vec::new();
    for _ in 0..1 + random.below(5) {
        let at = match random.below(3) {
            0 => random.below(bytes.len()),
            1 => hot[random.below(hot.len())] + random.below(512),
            _ => random.below(4096),
        } & !3;
        let edges = [0, 1, u32::MAX, 0x7fff_ffff, bytes.len() as u32];
        let edge = match random.below(7) {
            5 => random.below(usize::MAX) as u32,
            6 => 1 << random.below(32),
            known => edges[known],
        };
        if let Some(word) = bytes.get_mut(at..).and_then(|it| it.first_chunk_mut::<4>()) {
            old.push((at, *word));
            *word = edge.to_le_bytes();
        }
    }
    old
}

/// What one run costs at most.
#[derive(Debug, Default)]
struct Worst {
    read: u64,
    time: Duration,
    memory: f64,
}

/// Anatomy and its sums, with the time and memory they took.
fn run(bytes: &[u8], worst: &mut Worst) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let start = Instant::now();
    if let Ok(found) = binary::anatomy(bytes) {
        let length = bytes.len() as u64;
        assert_eq!(found.kinds.iter().map(|it| it.bytes).sum::<u64>(), length);
        worst.read += 1;
    }
    let used = PEAK.load(Relaxed).saturating_sub(before);
    worst.time = worst.time.max(start.elapsed());
    worst.memory = worst.memory.max(used as f64 / bytes.len() as f64);
}

#[test]
fn damaged_executables() {
    let number = |key: &str, fallback: u64| {
        let value = std::env::var(key);
        value.map_or(fallback, |it| it.parse().unwrap())
    };
    let count = number("GOBUILD_OPT_MUTATIONS", 50);
    let mut random = Random(number("GOBUILD_OPT_SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module a.b/c\n\ngo 1.21\n").unwrap();
    std::fs::write(dir.path().join("a.go"), "package main\n\nfunc main() {}\n").unwrap();
    for target in TARGETS {
        let mut bytes = std::fs::read(build(dir.path(), target)).unwrap();
        let places = hot(&bytes);
        let mut worst = Worst::default();
        for _ in 0..count {
            let old = mutate(&mut bytes, &places, &mut random);
            let length = match random.below(30) {
                0 => random.below(bytes.len()).max(1),
                _ => bytes.len(),
            };
            if length == bytes.len() {
                run(&bytes, &mut worst);
            } else {
                // Of a beginning only, what is allowed is still measured by the whole.
                let mut ignored = Worst::default();
                run(&bytes[..length], &mut ignored);
                worst.time = worst.time.max(ignored.time);
            }
            for (at, word) in old.into_iter().rev() {
                bytes[at..at + 4].copy_from_slice(&word);
            }
        }
        println!(
            "{target}: {count} inputs of {} bytes: {worst:?}",
            bytes.len()
        );
        assert!(worst.memory <= 4.0, "{target}: {worst:?}");
        let limit = if cfg!(debug_assertions) && count < 1000 {
            20
        } else {
            2
        };
        assert!(
            worst.time < Duration::from_secs(limit),
            "{target}: {worst:?}"
        );
    }
}
