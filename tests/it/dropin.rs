//! A table of command lines, each run twice in one tree: `go build ARGS` and `gobuild-opt release
//! ARGS`. What a user would notice has to be the same: how it ends, which files there are, what
//! their build information says, and what the programs print.

mod in_place;

mod seen;

mod table;

mod talk;

mod workspace;

use std::fs::File;
use std::io::Write;

use crate::harness::toolchains::{self, Toolchain};
use crate::harness::{PROGRAM, Place};
use seen::Seen;
use table::{Expected, Row};

/// Which lines of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// Those with a star: each flag of `go help build`, each kind of output, each kind of mistake.
    Starred,
    /// Minutes per version of Go: `cargo test --test it dropin::complete -- --ignored`.
    All,
}

#[test]
fn go_1_21() {
    table("1.21.13", Lines::Starred);
}

#[test]
fn go_1_24() {
    table("1.24.11", Lines::Starred);
}

#[test]
fn go_1_26() {
    table("1.26.6", Lines::Starred);
}

#[test]
fn go_1_27() {
    table("1.27.3", Lines::Starred);
}

#[test]
#[ignore = "minutes per Go version: cargo test --test it dropin::complete -- --ignored"]
fn complete_1_21() {
    table("1.21.13", Lines::All);
}

#[test]
#[ignore = "minutes per Go version: cargo test --test it dropin::complete -- --ignored"]
fn complete_1_24() {
    table("1.24.11", Lines::All);
}

#[test]
#[ignore = "minutes per Go version: cargo test --test it dropin::complete -- --ignored"]
fn complete_1_26() {
    table("1.26.6", Lines::All);
}

#[test]
#[ignore = "minutes per Go version: cargo test --test it dropin::complete -- --ignored"]
fn complete_1_27() {
    table("1.27.3", Lines::All);
}

/// Runs the table. `DROPIN_ROWS=text` picks the lines that hold the text, `DROPIN_TIMES=FILE` adds how long
/// each took to a file.
fn table(version: &str, lines: Lines) {
    let Some(toolchain) = toolchains::released(version) else {
        return;
    };
    let place = place(&toolchain);
    let has_cgo = has_c_compiler(&place);
    let wanted = std::env::var("DROPIN_ROWS").unwrap_or_default();
    let mut rows = table::rows(&place.dir().display().to_string());
    rows.retain(|it| it.line.contains(&wanted) && (it.since..it.before).contains(&toolchain.minor));
    rows.retain(|it| it.always || lines == Lines::All);
    assert!(!wanted.is_empty() || rows.len() >= 80, "{}", rows.len());
    let different: Vec<String> = rows
        .iter()
        .filter(|it| has_cgo || !it.needs_cgo)
        .filter_map(|it| timed(version, it, || difference(&place, it)))
        .collect();
    assert!(
        different.is_empty(),
        "Go {version}: {} of {} command lines differ\n\n{}",
        different.len(),
        rows.len(),
        different.join("\n\n")
    );
}

fn timed<T>(version: &str, row: &Row, act: impl FnOnce() -> T) -> T {
    let start = std::time::Instant::now();
    let done = act();
    if let Some(path) = std::env::var_os("DROPIN_TIMES") {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        let seconds = start.elapsed().as_secs_f64();
        writeln!(file, "{seconds:.2} {version} {}", row.line).unwrap();
    }
    done
}

/// The tree, with that toolchain first in PATH.
fn place(toolchain: &Toolchain) -> Place {
    let mut place = Place::empty();
    place.path_first(toolchain.bin.as_ref().unwrap());
    place.env("GOPROXY", "off");
    workspace::write(&place);
    place
}

fn has_c_compiler(place: &Place) -> bool {
    let asked = place.command("gcc").arg("--version").output();
    asked.is_ok_and(|it| it.status.success())
}

/// What differs on that line, if anything does.
fn difference(place: &Place, row: &Row) -> Option<String> {
    let go = seen::run(place, row, "go", "build");
    let ours = seen::run(place, row, PROGRAM, "release");
    let why = judge(&go, &ours, &row.expected)?;
    let line = &row.line;
    Some(format!(
        "--- {line}\n{why}\n{}\n{}",
        go.shown("go build"),
        ours.shown("release")
    ))
}

fn judge(go: &Seen, ours: &Seen, expected: &Expected) -> Option<&'static str> {
    match expected {
        Expected::Same if go.facts() == ours.facts() => None,
        Expected::Same => Some("is not the same"),
        Expected::Refused if !go.success || ours.success => Some("go takes it, release refuses"),
        Expected::Refused if !ours.files.is_empty() => Some("what is refused leaves nothing"),
        Expected::Taken if go.success || !ours.success => Some("go refuses it, release takes it"),
        Expected::Prints(text) if !go.success || !ours.prints(text) || go.prints(text) => {
            Some("release prints something else than go, and that")
        }
        _ => None,
    }
}
