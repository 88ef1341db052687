//! Each odd file is judged by us and given to each Go: both must say the same.

use super::*;

use gobuild_opt::profile::{encode, proto};
use prost::Message;

/// A name, a file, and what we call it.
fn odd_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let cpu = bytes("cpu.pprof");
    let raw = cpu_tables();
    let change = |change: &dyn Fn(&mut proto::Profile)| {
        let mut raw = raw.clone();
        change(&mut raw);
        encode(&raw)
    };
    let mut page = b"<!DOCTYPE html><html><body>404 not found</body></html>".to_vec();
    page.push(b'\n');
    vec![
        ("cpu", cpu.clone(), "usable"),
        ("plain", raw.encode_to_vec(), "usable"),
        ("two gzip members", members(&raw), "usable"),
        ("no bytes", Vec::new(), "empty"),
        ("gzip of no bytes", gzip(b""), "empty"),
        ("no samples", change(&|it| it.sample.clear()), "no-samples"),
        ("all zero", change(&|it| set_values(it, 0)), "no-samples"),
        ("no callers", change(&leafs_only), "no-calls"),
        ("no start lines", change(&no_start_lines), "no-start-lines"),
        ("no lines", change(&no_lines), "no-lines"),
        (
            "neither",
            change(&|it| {
                leafs_only(it);
                no_start_lines(it);
            }),
            "no-start-lines",
        ),
        ("heap", bytes("heap.pprof"), "not-cpu"),
        ("mutex", bytes("mutex.pprof"), "not-cpu"),
        ("goroutine", bytes("goroutine.pprof"), "not-cpu"),
        ("heap as text", bytes("heap.txt"), "unreadable"),
        ("page", page, "unreadable"),
        (
            "pointer",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n".to_vec(),
            "unreadable",
        ),
        (
            "busy",
            b"Could not enable CPU profiling: cpu profiling already in use\n".to_vec(),
            "unreadable",
        ),
        ("JSON", b"{\"error\": \"not found\"}".to_vec(), "unreadable"),
        ("garbage", b"\x01garbage\xff\xff".to_vec(), "unreadable"),
        ("cut gzip", cpu[..cpu.len() / 2].to_vec(), "unreadable"),
        (
            "bytes behind gzip",
            [&cpu[..], b"tail"].concat(),
            "unreadable",
        ),
        (
            "one value too few",
            change(&|it| {
                it.sample[0].value.pop();
            }),
            "unreadable",
        ),
        (
            "a function that is not there",
            change(&|it| it.location[0].line[0].function_id = 1 << 40),
            "unreadable",
        ),
        (
            "a location twice",
            change(&|it| it.location[1].id = it.location[0].id),
            "unreadable",
        ),
        (
            "a string outside the table",
            change(&|it| it.function[0].name = 1 << 40),
            "unreadable",
        ),
        (
            "preprofile",
            profile::read(&cpu)
                .map(|it| profile::edges::edges(&it, 0).preprofile())
                .unwrap()
                .into_bytes(),
            "preprofile",
        ),
    ]
}

fn cpu_tables() -> proto::Profile {
    cpu().raw().clone()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn members(raw: &proto::Profile) -> Vec<u8> {
    let plain = raw.encode_to_vec();
    let (one, two) = plain.split_at(plain.len() / 3);
    [gzip(one), gzip(two)].concat()
}

fn set_values(raw: &mut proto::Profile, value: i64) {
    raw.sample.iter_mut().for_each(|it| it.value.fill(value));
}

fn leafs_only(raw: &mut proto::Profile) {
    raw.location.iter_mut().for_each(|it| it.line.truncate(1));
    raw.sample
        .iter_mut()
        .for_each(|it| it.location_id.truncate(1));
}

fn no_start_lines(raw: &mut proto::Profile) {
    raw.function.iter_mut().for_each(|it| it.start_line = 0);
}

pub fn no_lines(raw: &mut proto::Profile) {
    let lines = raw.location.iter_mut().flat_map(|it| &mut it.line);
    lines.for_each(|it| it.line = 0);
}

#[test]
fn odd_files_are_named() {
    for (name, bytes, expected) in odd_files() {
        let judgement = profile::judge(&bytes);
        assert_eq!(judgement.fitness.id(), expected, "{name}: {judgement:?}");
        assert!(!judgement.fitness.message().is_empty() && !judgement.fitness.hint().is_empty());
    }
}

/// What a tool took out of a good profile is not blamed on the program.
#[test]
fn what_a_tool_took_out_is_said() {
    let words = |change: &dyn Fn(&mut proto::Profile)| {
        let mut raw = cpu_tables();
        change(&mut raw);
        let fitness = profile::judge(&encode(&raw)).fitness;
        format!(
            "{}: {}; {}",
            fitness.id(),
            fitness.message(),
            fitness.hint()
        )
    };
    let told = words(&no_start_lines);
    assert!(told.starts_with("no-start-lines: "), "{told}");
    assert!(told.contains("Go 1.20 or later; if it was"), "{told}");
    assert!(told.contains("`pprof -proto` dropped them"), "{told}");
    // One value for each sample: nanoseconds of another unit.
    let told = words(&|it| {
        it.sample_type.remove(0);
        for it in &mut it.sample {
            it.value.remove(0);
        }
        let unit = i64::try_from(it.string_table.len()).unwrap();
        it.string_table.push("microseconds".into());
        it.sample_type[0].unit = unit;
    });
    assert!(told.starts_with("not-cpu: "), "{told}");
    assert!(!told.contains("Go takes only CPU profiles"), "{told}");
    assert!(!told.contains("fetch /debug/pprof/profile"), "{told}");
    assert!(told.contains("a tool changed its sample types"), "{told}");
}

#[test]
fn go_says_the_same_of_odd_files() {
    let directory = tempfile::tempdir().unwrap();
    for go in with_preprofile() {
        for (name, bytes, _) in odd_files() {
            let file = directory.path().join("file.pprof");
            std::fs::write(&file, &bytes).unwrap();
            let judgement = profile::judge(&bytes);
            let said = match go.preprofile(&file) {
                Err(_) => Verdict::Refuses,
                Ok(text) if text == "GO PREPROFILE V1\n" => Verdict::Ignores,
                // It passes them on, and the compiler places none: `pgo::worth`.
                Ok(_) if name == "no lines" => Verdict::Ignores,
                Ok(_) => Verdict::Applies,
            };
            assert_eq!(
                judgement.verdict(go.minor),
                said,
                "{name}, Go 1.{}: {judgement:?}",
                go.minor
            );
        }
    }
}

/// Up to 1.22 the compiler itself reads the profile, for every package: a program of one package shows what it says.
#[test]
fn old_compilers_say_the_same_of_odd_files() {
    for go in toolchains().iter().filter(|it| it.minor < 23) {
        for (name, bytes, _) in odd_files() {
            let said = compile_with(go, &bytes);
            let judgement = profile::judge(&bytes);
            assert!(
                agrees(&judgement, go.minor, said.is_ok(), name),
                "{name}, Go 1.{}: {judgement:?}, {said:?}",
                go.minor
            );
        }
    }
}

fn compile_with(go: &Go, profile: &[u8]) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("p.go"), "package p\n\nfunc F() {}\n").unwrap();
    std::fs::write(directory.path().join("file.pprof"), profile).unwrap();
    let arguments = [
        "tool",
        "compile",
        "-p",
        "p",
        "-o",
        "p.a",
        "-pgoprofile",
        "file.pprof",
        "p.go",
    ];
    let output = go.run(directory.path(), &arguments);
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

/// Where we are stricter: old compilers read text forms and strings outside the table without complaint.
fn agrees(judgement: &Judgement, minor: u32, accepted: bool, name: &str) -> bool {
    let stricter = name == "heap as text" || (minor == 21 && name == "a string outside the table");
    stricter || accepted == (judgement.verdict(minor) != Verdict::Refuses)
}

#[test]
fn our_edges_are_those_of_preprofile() {
    let directory = tempfile::tempdir().unwrap();
    let compilers = toolchains().iter().map(Go::compiler_profile);
    for bytes in compilers.chain([bytes("cpu.pprof")]) {
        let file = directory.path().join("file.pprof");
        std::fs::write(&file, &bytes).unwrap();
        let profile = profile::read(&bytes).unwrap();
        let value = profile.pgo_value_index().unwrap();
        let ours = profile::edges::edges(&profile, value).preprofile();
        for go in with_preprofile() {
            let theirs = go.preprofile(&file).unwrap();
            assert!(ours == theirs, "Go 1.{}: preprofile differs", go.minor);
        }
    }
}
