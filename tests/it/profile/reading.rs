//! Health, summary and diff on the profiles and binaries of real toolchains.

use super::*;

use gobuild_opt::profile::{Edges, Keep, Owner, Refreshed, diff, edges, refresh, slim, summary};

fn edges_of(bytes: &[u8]) -> Edges {
    let profile = profile::read(bytes).unwrap();
    edges(&profile, profile.pgo_value_index().unwrap())
}

#[test]
fn the_summary_equals_what_pprof_shows() {
    let Some(go) = toolchains().iter().rfind(|it| it.minor <= 24) else {
        return eprintln!("skipped: no Go up to 1.24 with a prebuilt pprof");
    };
    let file = newest().root.join("src/cmd/compile/default.pgo");
    let arguments = [
        "tool",
        "pprof",
        "-symbolize=none",
        "-top",
        "-unit=ms",
        "-nodefraction=0",
        file.to_str().unwrap(),
    ];
    let output = go.run(Path::new("."), &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let profile = profile::read(&std::fs::read(&file).unwrap()).unwrap();
    let shown = summary(&profile, profile.shown_value_index(), 40, |_| {
        Owner::Unknown
    });
    assert_eq!(
        (shown.measure.as_str(), shown.unit.as_str()),
        ("cpu", "nanoseconds")
    );
    for hot in &shown.functions {
        // Names can hold spaces.
        let line = text.lines().find(|line| {
            let line = line.strip_suffix(" (inline)").unwrap_or(line);
            line.ends_with(&format!("%  {}", hot.function))
        });
        let line = line.unwrap_or_else(|| panic!("{} is not in {text}", hot.function));
        let fields: Vec<_> = line.split_whitespace().collect();
        let ms = |text: &str| text.trim_end_matches("ms").parse::<i64>().unwrap() * 1_000_000;
        assert_eq!(
            (hot.flat, hot.cum),
            (ms(fields[0]), ms(fields[3])),
            "{line}"
        );
    }
}

#[test]
fn the_shares_of_owners_add_up() {
    let profile = cpu();
    let owner = |path: &str| profile::summary::owner_by_path(path, "profiler");
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
        assert!(found.to_string().lines().count() > 10);
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
