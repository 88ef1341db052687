//! Health, summary and diff on the profiles and binaries of real toolchains.

use super::*;

use gobuild_opt::profile::{Edges, Keep, Owner, Refreshed, diff, edges, refresh, slim, summary};

fn edges_of(bytes: &[u8]) -> Edges {
    let profile = profile::read(bytes).unwrap();
    edges(&profile, profile.pgo_value_index().unwrap())
}

/// The lines of `go tool pprof -top`: flat, cum and name.
fn top(file: &Path, measure: &str, unit: &str) -> Option<Vec<(i64, i64, String)>> {
    let index = format!("-sample_index={measure}");
    let unit = format!("-unit={unit}");
    let options = [
        "-top",
        "-nodefraction=0",
        "-nodecount=100000",
        &index,
        &unit,
    ];
    let text = pprof(&options, &[file])?;
    let number = |it: &str| -> i64 {
        let end = it
            .find(|it: char| it.is_ascii_alphabetic())
            .unwrap_or(it.len());
        it[..end]
            .parse()
            .unwrap_or_else(|_| panic!("{it} in {text}"))
    };
    let rows = text.lines().skip_while(|it| !it.contains("flat%")).skip(1);
    let row = |line: &str| {
        // Names can hold spaces.
        let fields: Vec<&str> = line.split_whitespace().collect();
        let end = fields[4].as_ptr() as usize - line.as_ptr() as usize + fields[4].len();
        let name = line[end..].trim();
        let name = [" (inline)", " (partial-inline)"]
            .iter()
            .find_map(|it| name.strip_suffix(it))
            .unwrap_or(name);
        (number(fields[0]), number(fields[3]), name.to_owned())
    };
    Some(rows.map(row).collect())
}

#[test]
fn the_summary_equals_what_pprof_shows() {
    let compiler = newest().root.join("src/cmd/compile/default.pgo");
    let of = |name: &str| written().join(name);
    for (file, measure, unit, scale) in [
        (compiler, "cpu", "ms", 1_000_000),
        (of("cpu.pprof"), "samples", "count", 1),
        (of("heap.pprof"), "inuse_space", "B", 1),
        (of("heap.pprof"), "alloc_space", "B", 1),
        (of("allocs.pprof"), "alloc_objects", "count", 1),
        (of("mutex.pprof"), "delay", "ns", 1),
        (of("mutex.pprof"), "contentions", "count", 1),
        (of("block.pprof"), "delay", "ns", 1),
        (of("goroutine.pprof"), "goroutine", "count", 1),
    ] {
        let Some(theirs) = top(&file, measure, unit) else {
            return crate::harness::skipped("no Go up to 1.24 with a prebuilt pprof");
        };
        let profile = profile::read(&std::fs::read(&file).unwrap()).unwrap();
        let types = &profile.raw().sample_type;
        let value = types
            .iter()
            .position(|it| profile.text(it.r#type) == measure);
        let shown = summary(&profile, value.unwrap(), 100_000, |_| Owner::Unknown);
        let name = format!("{measure} of {}", file.display());
        assert!(!theirs.is_empty() || shown.functions.is_empty(), "{name}");
        let mut compared = 0;
        for hot in &shown.functions {
            let same = |it: &&(i64, i64, String)| it.2 == hot.function;
            let row = theirs.iter().find(same);
            let row =
                row.unwrap_or_else(|| panic!("{name}: {} is not in {theirs:?}", hot.function));
            assert_eq!(
                (hot.flat, hot.cum),
                (row.0 * scale, row.1 * scale),
                "{name}: {row:?}"
            );
            compared += 1;
        }
        assert_eq!(compared, theirs.len(), "{name}");
    }
}

#[test]
fn the_shares_of_owners_add_up() {
    let profile = cpu();
    let owner = |path: &str| profile::hot_summary::owner_by_path(path, "profiler");
    let shown = summary(&profile, profile.shown_value_index(), 10, owner);
    let sum: i64 = shown.owners.iter().map(|it| it.weight).sum();
    assert_eq!(sum, shown.total);
    let main = shown
        .owners
        .iter()
        .find(|it| it.owner == Owner::Main)
        .unwrap();
    assert!(main.percent > 20.0, "{shown:?}");
}

#[test]
fn a_diff_with_itself_is_empty_and_with_another_release_is_not() {
    let new = edges_of(&newest().compiler_profile());
    let old = edges_of(&toolchains()[0].compiler_profile());
    assert!(diff(&new, &new, 99.0).is_empty());
    if toolchains().len() > 1 {
        let found = diff(&old, &new, 99.0);
        assert_eq!(
            found.same + found.moved.len() + found.entering.len(),
            found.after
        );
        assert_eq!(
            found.same + found.moved.len() + found.leaving.len(),
            found.before
        );
        assert!(found.changed_percent > 1.0);
        assert!(found.text(usize::MAX).lines().count() > 10);
    }
}

#[test]
fn bytes_stay_while_the_hot_calls_stay() {
    let full = cpu();
    let first = slim(&full, Keep::Calls).unwrap();
    let mut again = full.raw().clone();
    again.time_nanos += 86_400_000_000_000;
    again
        .sample
        .iter_mut()
        .for_each(|it| it.value.iter_mut().for_each(|it| *it *= 2));
    let second = slim(&profile::check(again).unwrap(), Keep::Calls).unwrap();
    assert_ne!(first.bytes, second.bytes);
    let kept = refresh(&first.bytes, second.clone(), 0.0);
    assert!(matches!(kept, Refreshed::Kept(bytes) if bytes == first.bytes));
    let other = slim(
        &profile::read(&newest().compiler_profile()).unwrap(),
        Keep::Calls,
    )
    .unwrap();
    let replaced = refresh(&first.bytes, other, 0.0);
    assert!(matches!(replaced, Refreshed::Replaced(_, Some(diff)) if !diff.is_empty()));
    assert!(matches!(
        refresh(b"junk", second, 0.0),
        Refreshed::Replaced(_, None)
    ));
}
