//! `release` in place of `go build`: the same outputs, the same failures, and what the user says wins.

use super::turn;
use crate::harness::Place;

fn program() -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/tiny\n\ngo 1.21\n");
    place.write("main.go", include_str!("../../data/program/main.go.txt"));
    place.write(
        "greet/greet.go",
        include_str!("../../data/program/greet.go.txt"),
    );
    place.write(
        "cmd/one/main.go",
        "package main\n\nfunc main() { println(1) }\n",
    );
    place.write(
        "cmd/two/v2/main.go",
        "package main\n\nfunc main() { println(2) }\n",
    );
    place.write(
        "cmd/one/tagged.go",
        "//go:build tagged\n\npackage main\n\nfunc init() { println(0) }\n",
    );
    place
}

/// The files that a command line leaves, or that it failed.
fn left_by(place: &Place, program: &str, command: &str, line: &str) -> String {
    let mut run = place.command(program);
    run.arg(command).args(shell_words::split(line).unwrap());
    let done = run.output().unwrap();
    if done.status.success() {
        place.files()
    } else {
        format!("failed\n{}", place.files())
    }
}

#[test]
fn outputs_are_where_go_build_puts_them() {
    let _turn = turn();
    for line in [
        "",
        ".",
        "./cmd/one",
        "./cmd/two/v2",
        "main.go",
        "./...",
        "./greet",
        "./cmd/one ./cmd/two/v2",
        "-o out ./cmd/one",
        "-o out/ ./cmd/one",
        "-o greet ./cmd/one",
        "-o bin/ ./...",
        "-o deep/er/out ./cmd/one",
        "-o /dev/null ./...",
        "-o out ./cmd/one ./cmd/two/v2",
        "-C cmd/one",
        "-C cmd/one -o ../../out .",
        "--tags tagged -o out ./cmd/one",
        "-tags=tagged -v -x -a=false ./cmd/one",
        "-n .",
        "-mod=mod -p 1 -trimpath=false .",
        "-buildmode=pie -o out ./cmd/one",
        "./nope",
        "-o out/ ./greet",
        "-nosuchflag .",
        "-ldflags",
    ] {
        let (ours, theirs) = (program(), program());
        let by_us = left_by(&ours, crate::harness::PROGRAM, "release", line);
        let by_go = left_by(&theirs, "go", "build", line);
        assert_eq!(by_us, by_go, "release {line}");
    }
}

#[test]
fn linker_flags_of_every_layer_come_through() {
    let _turn = turn();
    let mut place = program();
    let said = |place: &Place| {
        place
            .tool(place.path("tiny"), &[])
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let report = place.release("--escapes off");
    assert_eq!(said(&place), "dev");
    assert_eq!(report["targets"][0]["artifact"]["stripped"], true);
    let file = "[build]\nldflags = [\"-X main.version=from-file\"]\n";
    place.write("gobuild-opt.toml", file);
    place.release("--escapes off");
    assert_eq!(said(&place), "from-file");
    place.env("GOFLAGS", "'-ldflags=-X=main.version=from-goflags'");
    let report = place.release("--escapes off");
    assert_eq!(said(&place), "from-goflags");
    assert_eq!(report["targets"][0]["artifact"]["stripped"], true);
    let report = place.release("--escapes off -ldflags '-s=false -w=0 -X main.version=typed'");
    assert_eq!(said(&place), "typed");
    assert_eq!(
        report["targets"][0]["artifact"]["stripped"], false,
        "what is typed wins"
    );
}

#[test]
fn a_device_stays_a_device() {
    let _turn = turn();
    use std::os::unix::fs::FileTypeExt;
    let place = program();
    let run = place.run("release -q -o /dev/null .");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let null = std::fs::metadata("/dev/null").unwrap();
    assert!(null.file_type().is_char_device());
}

/// What `plan` prints is a script that builds the very same bytes.
#[test]
fn the_plan_can_be_pasted() {
    let _turn = turn();
    let place = program();
    let flags = "--out-dir 'my dist' -ldflags \"-X 'main.version=v1.2 beta'\"";
    let plan = place.run(&format!("plan {flags}"));
    assert_eq!(plan.code(), 0, "{}", plan.shown());
    place.tool("sh", &["-c", &plan.stdout]);
    assert!(
        !place.files().contains(".gobuild-opt-"),
        "{}",
        place.files()
    );
    let by_hand = place.read("my dist/tiny");
    std::fs::remove_file(place.path("my dist/tiny")).unwrap();
    place.release(flags);
    assert!(place.read("my dist/tiny") == by_hand);
    let json = place.run(&format!("plan --format json {flags}")).json();
    let kinds: Vec<&str> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["release", "baseline", "captures", "escape"]);
}

/// Runs that write to one directory take turns: each report tells of a file that was there.
#[test]
fn runs_at_once_do_not_mix() {
    let _turn = turn();
    let place = program();
    let start = |version: usize| {
        let mut command = place.command(crate::harness::PROGRAM);
        let line = format!(
            "release --format json --escapes off --baseline off --out-dir dist -ldflags=-X=main.version=v{version}"
        );
        command.args(line.split(' '));
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let running: Vec<_> = (0..8).map(start).collect();
    let mut digests = Vec::new();
    for child in running {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success());
        let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
        let digest = report["targets"][0]["artifact"]["sha256"].as_str().unwrap();
        digests.push(digest.to_owned());
    }
    let mut different = digests.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 8, "eight versions, eight binaries");
    let line = place.text("dist/SHA256SUMS");
    let last = line.split(' ').next().unwrap();
    assert!(digests.iter().any(|it| it == last));
    let digest = place.tool("sha256sum", &["dist/tiny"]);
    assert!(
        digest.starts_with(last),
        "the last report, the sums and the file agree"
    );
}
