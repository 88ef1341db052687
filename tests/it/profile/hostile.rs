//! Broken and hostile files: an error or a profile, but never a panic, a hang, or memory without bound.
//!
//! `GOBUILD_OPT_FUZZ=200000 cargo test --release --test it profile::hostile -- --nocapture` mutates that many files (400 by
//! default) and prints what it saw; `GOBUILD_OPT_FUZZ_GO=2000` is how many of them Go judges too (none by default). They are
//! read in a process of its own, so that its memory is theirs alone.

use super::*;

use std::time::Duration;

use gobuild_opt::profile::fitness::judge_profile;
use gobuild_opt::profile::{
    Input, Keep, Limits, Normalize, Owner, edges, encode, merge, proto, read_within, slim, summary,
};
use prost::Message;

/// Small, fast and the same everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn odd_number(&mut self) -> u64 {
        let odd = [
            0,
            1,
            2,
            u64::MAX,
            i64::MAX as u64,
            i64::MIN as u64,
            1 << 32,
            127,
            128,
        ];
        match self.below(odd.len() + 1) {
            at if at < odd.len() => odd[at],
            _ => self.next(),
        }
    }
}

fn number(name: &str, default: usize) -> usize {
    let value = std::env::var(name).ok();
    value.map_or(default, |it| it.parse().expect("a number"))
}

/// Changes bytes without regard to what they mean.
fn mutate_bytes(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        let end = (at + dice.below(40)).min(bytes.len());
        match dice.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            1 if at < bytes.len() => bytes[at] = dice.next() as u8,
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let copy = bytes[at..end].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            5 => {
                let mut varint = Vec::new();
                prost::encoding::encode_varint(dice.odd_number(), &mut varint);
                bytes.splice(at..end.min(at + 2), varint);
            }
            _ => bytes.extend_from_slice(&dice.next().to_le_bytes()),
        }
    }
}

/// Changes numbers in the tables, so that the file stays well-formed and reaches deeper.
fn mutate_tables(dice: &mut Dice, raw: &mut proto::Profile) {
    for _ in 0..=dice.below(4) {
        let odd = dice.odd_number();
        let signed = odd as i64;
        let at = |dice: &mut Dice, len: usize| dice.below(len);
        match dice.below(13) {
            0 => raw.time_nanos = signed,
            1 => raw.duration_nanos = signed,
            2 => raw.period = signed,
            3 => raw.sample_type.reverse(),
            4 => raw.default_sample_type = signed,
            5 => {
                let it = at(dice, raw.sample.len());
                raw.sample[it].value.iter_mut().for_each(|it| *it = signed);
            }
            6 => {
                let it = at(dice, raw.sample.len());
                raw.sample[it].location_id.insert(0, odd % 9);
            }
            7 => {
                let it = at(dice, raw.function.len());
                raw.function[it].start_line = signed;
            }
            8 => {
                let it = at(dice, raw.function.len());
                raw.function[it].name = signed % raw.string_table.len() as i64;
            }
            9 => {
                let it = at(dice, raw.location.len());
                raw.location[it].address = odd;
                raw.location[it].mapping_id = odd % 4;
            }
            10 => {
                let it = at(dice, raw.location.len());
                let line = proto::Line {
                    function_id: odd % 9,
                    line: signed,
                    column: 0,
                };
                raw.location[it].line.push(line);
            }
            11 => {
                let it = at(dice, raw.mapping.len());
                raw.mapping
                    .iter_mut()
                    .skip(it)
                    .for_each(|it| it.memory_start = odd);
            }
            _ => {
                let it = 1 + at(dice, raw.string_table.len() - 1);
                raw.string_table[it] = odd.to_le_bytes().to_vec();
            }
        }
    }
}

/// A mutated file from a small real profile.
fn mutated(dice: &mut Dice, raw: &proto::Profile, packed: &[u8]) -> Vec<u8> {
    let mut bytes = match dice.below(20) {
        0..2 => packed.to_vec(),
        2..6 => raw.encode_to_vec(),
        6..13 => return wire::damaged_message(dice, &raw.encode_to_vec()),
        13..15 => return wire::damaged_gzip(dice, &raw.encode_to_vec()),
        _ => {
            let mut raw = raw.clone();
            mutate_tables(dice, &mut raw);
            return raw.encode_to_vec();
        }
    };
    mutate_bytes(dice, &mut bytes);
    bytes
}

/// A profile small enough to be mutated often.
fn small() -> proto::Profile {
    small_of(&bytes("cpu.pprof"))
}

fn small_of(bytes: &[u8]) -> proto::Profile {
    let mut raw = profile::read(bytes).unwrap().raw().clone();
    raw.sample.truncate(30);
    let small = profile::check(raw).unwrap();
    let input = Input {
        profile: &small,
        weight: 1.0,
    };
    merge(&[input], Normalize::Off).unwrap().raw().clone()
}

/// Everything that reads a profile.
fn use_all_of_it(profile: &Profile) {
    let _ = judge_profile(profile);
    for value in 0..profile.raw().sample_type.len() {
        let edges = edges(profile, value);
        assert!(edges.hot(99.0).len() <= edges.edges.len());
        let _ = profile::diff(&edges, &edges, 50.0);
        let _ = profile::health(&edges, &profile::Program::default(), 3, |_| None);
        let mut sources = profile::Sources::default();
        sources.go(
            "main",
            "main.go",
            b"package main\n\nfunc main() { work() }\n",
        );
        let _ = profile::health(&edges, &sources.program(&edges), 3, |_| None);
        let mut weights = profile::weights(profile, value);
        weights.add(&weights.clone());
        let _ = summary(profile, value, 3, |_| Owner::Std);
    }
    for keep in [Keep::Calls, Keep::Lines] {
        if let Ok(slim) = slim(profile, keep) {
            assert!(profile::read(&slim.bytes).is_ok());
        }
    }
    let less = profile::without(profile, |caller, callee, _| {
        caller.len() % 2 == callee.len() % 2
    });
    assert!(less.is_ok());
    let input = |weight| Input { profile, weight };
    for normalize in [Normalize::Off, Normalize::Samples, Normalize::Duration] {
        if let Ok(merged) = merge(&[input(0.3), input(7.0)], normalize) {
            assert!(profile::read(&encode(merged.raw())).is_ok());
        }
    }
}

/// CPU time of this thread: on a busy machine wall time says nothing.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The most memory that this process ever had, in MiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
    let kibibytes = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kibibytes.parse::<u64>().unwrap() >> 10
}

/// No file here is larger than 16 MiB when read, and two merged ones are in memory with it.
const MOST_MEMORY: u64 = 320;

#[test]
fn mutated_files_do_no_harm() {
    let done = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "profile::hostile::worker",
            "--ignored",
            "--nocapture",
        ])
        .env("GOBUILD_OPT_FUZZ_INPUT", written().join("cpu.pprof"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    let figures = said.lines().find(|it| it.contains("files read"));
    assert!(done.status.success() && figures.is_some(), "{said}");
    eprintln!("{}", figures.unwrap_or_default());
}

/// Run by the test above, in a process of its own.
#[test]
#[ignore = "a part of mutated_files_do_no_harm"]
fn worker() {
    let Some(input) = std::env::var_os("GOBUILD_OPT_FUZZ_INPUT") else {
        return;
    };
    let raw = small_of(&std::fs::read(input).unwrap());
    let packed = encode(&raw);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut read, mut slowest, mut bytes_read) = (0, Duration::ZERO, 0);
    let count = number("GOBUILD_OPT_FUZZ", 400);
    let last = Path::new(env!("CARGO_TARGET_TMPDIR")).join("last-mutated.pprof");
    for at in 0..count {
        let bytes = mutated(&mut dice, &raw, &packed);
        bytes_read += bytes.len();
        // The profile is a new one in each run, so a file that does harm must not get lost.
        std::fs::write(&last, &bytes).unwrap();
        let start = cpu_time();
        match profile::read(&bytes) {
            Ok(profile) => {
                read += 1;
                use_all_of_it(&profile);
            }
            Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
        }
        let took = cpu_time() - start;
        slowest = slowest.max(took);
        assert!(took < Duration::from_secs(2), "file {at} took {took:?}");
        assert!(
            peak_memory() < MOST_MEMORY,
            "file {at}: {} MiB",
            peak_memory()
        );
    }
    println!(
        "{read} of {count} files read, {} MiB, slowest {slowest:?} of CPU time, at most {} MiB of memory",
        bytes_read >> 20,
        peak_memory()
    );
    assert!(
        read > count / 20,
        "too few files got through: {read} of {count}"
    );
}

/// We may refuse what Go takes, but never call a file fit that Go refuses, and never read other calls from it.
#[test]
fn go_agrees_on_mutated_files() {
    let raw = small();
    let packed = encode(&raw);
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let file = written().join("mutated.pprof");
    let mut stricter = 0;
    let count = number("GOBUILD_OPT_FUZZ_GO", 0);
    for at in 0..count {
        let bytes = mutated(&mut dice, &raw, &packed);
        std::fs::write(&file, &bytes).unwrap();
        let go = newest();
        let verdict = profile::judge(&bytes).verdict(go.minor);
        match go.preprofile(&file) {
            Err(said) => assert_eq!(verdict, Verdict::Refuses, "file {at}: {said}"),
            Ok(_) if verdict == Verdict::Refuses => stricter += 1,
            Ok(text) => {
                let profile = profile::read(&bytes).ok();
                let value = profile.as_ref().and_then(Profile::pgo_value_index);
                let ours = profile
                    .zip(value)
                    .map(|(it, value)| edges(&it, value).preprofile());
                let ours = ours.unwrap_or_else(|| "GO PREPROFILE V1\n".into());
                assert!(ours == text, "file {at}: other calls");
            }
        }
    }
    eprintln!("{count} files, we refuse {stricter} that Go takes");
}

#[test]
fn a_bomb_is_too_large() {
    let bomb = encode_bytes(&vec![0u8; 16 << 20]);
    assert!(bomb.len() < 100_000);
    let error = profile::read(&bomb).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}

/// Two bytes for a sample without anything take 64 in memory.
#[test]
fn rows_of_nothing_are_too_large() {
    let limits = Limits {
        memory: 1 << 20,
        ..Limits::DEFAULT
    };
    let rows = [0x12, 0x00].repeat(50_000);
    let error = read_within(&rows, &limits).unwrap_err();
    assert_eq!(error, ReadError::TooLarge { limit: 1 << 20 });
    let one_row = [
        vec![0x12, 0x80, 0x80, 0x80, 0x01],
        [0x1a, 0x00].repeat(1 << 20),
    ]
    .concat();
    let error = profile::read(&one_row).unwrap_err();
    assert_eq!(
        error,
        ReadError::TooLarge {
            limit: Limits::DEFAULT.row
        }
    );
}

/// A few long locations that many samples share: little to read, much to walk.
#[test]
fn stacks_that_never_end_are_too_deep() {
    let mut raw = small();
    let line = raw.location[0].line[0];
    raw.location[0].line = vec![line; 10_000];
    let first = raw.location[0].id;
    raw.sample[0].location_id = vec![first; 10_000];
    let sample = raw.sample[0].clone();
    raw.sample.extend(vec![sample; 10]);
    let start = cpu_time();
    let error = profile::read(&raw.encode_to_vec()).unwrap_err();
    assert!(matches!(error, ReadError::TooDeep { .. }), "{error}");
    assert!(cpu_time() - start < Duration::from_secs(5));
}

fn encode_bytes(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}
