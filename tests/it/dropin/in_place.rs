//! The same table with this program under the name of go: there nothing that go takes is refused, and the reverse.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::seen::{self, Seen};
use super::table::{self, Expected, Row};
use super::{Lines, has_c_compiler, place, timed};
use crate::harness::toolchains::{self, Toolchain};
use crate::harness::{PROGRAM, Place};

/// Every third line with a star, and each where `release` differs from `go build`.
#[test]
fn under_the_name_of_go() {
    table(Lines::Starred);
}

#[test]
#[ignore = "minutes: cargo test --test it dropin::in_place -- --ignored"]
fn under_the_name_of_go_complete() {
    table(Lines::All);
}

fn table(lines: Lines) {
    let Some(toolchain) = toolchains::released("1.27.3") else {
        return;
    };
    let place = place(&toolchain);
    let link = place.aside("go");
    symlink(PROGRAM, &link).unwrap();
    let wanted = std::env::var("DROPIN_ROWS").unwrap_or_default();
    let has_cgo = has_c_compiler(&place);
    let mut rows = table::rows(&place.dir().display().to_string());
    rows.retain(|it| it.line.contains(&wanted) && (it.since..it.before).contains(&toolchain.minor));
    rows.retain(|it| has_cgo || !it.needs_cgo);
    if lines == Lines::Starred {
        let mut stars = 0;
        rows.retain(|it| {
            stars += u32::from(it.always);
            !matches!(it.expected, Expected::Same) || (it.always && stars % 3 == 0)
        });
    }
    assert!(!wanted.is_empty() || rows.len() >= 30, "{}", rows.len());
    let differs = |it: &Row| timed("as go", it, || difference(&place, &toolchain, &link, it));
    let different: Vec<String> = rows.iter().filter_map(differs).collect();
    let count = different.len();
    assert!(
        different.is_empty(),
        "{count} of {} differ\n\n{}",
        rows.len(),
        different.join("\n\n")
    );
}

fn difference(place: &Place, toolchain: &Toolchain, link: &Path, row: &Row) -> Option<String> {
    let real: PathBuf = toolchain.bin.as_ref().unwrap().join("go");
    let go = seen::run(place, row, real.to_str().unwrap(), "build");
    let ours = seen::run(place, row, link.to_str().unwrap(), "build");
    let why = judge(&go, &ours, &row.expected)?;
    let (go, ours) = (go.shown("go build"), ours.shown("under the name of go"));
    Some(format!("--- {}\n{why}\n{go}\n{ours}", row.line))
}

fn judge(go: &Seen, ours: &Seen, expected: &Expected) -> Option<&'static str> {
    if let Expected::Prints(text) = expected {
        let merged = ours.prints(text) && !go.prints(text);
        return (!merged).then_some("flags of GOFLAGS are not merged");
    }
    if go.code != ours.code {
        return Some("ends with another exit code");
    }
    // Which of two that are one file is written last, go leaves to chance.
    let by_chance = ours.talk.contains("would both be written to");
    if go.facts() != ours.facts() && !by_chance {
        return Some("leaves something else");
    }
    // What we would refuse, too, is said before. A random number is in the name of the work directory.
    let own = |it: &&str| !it.starts_with("gobuild-opt: ");
    let said: Vec<&str> = ours.talk.lines().filter(own).collect();
    let differs = said != go.talk.lines().collect::<Vec<_>>() && !go.talk.contains("WORK=");
    (!go.success && differs).then_some("does not say it in go's own words")
}
