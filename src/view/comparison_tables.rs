//! The readable renderings of a comparison.

use super::growth_causes;
use crate::config::size::human;
use crate::number::{change, counted, counted_of, grouped, percent};
use crate::report::comparison::{Brief, Change, Changes, Comparison, Pair, State};
use crate::report::inspection::{By, View};
use crate::view::{Block, Table, Tone, number, optional, text};

/// What is shown, in order.
pub fn outline(comparison: &Comparison, view: View) -> Vec<Block> {
    let mut blocks = Vec::new();
    for pair in &comparison.pairs {
        blocks.extend(head(pair));
        if pair.before.is(&pair.after) {
            blocks.push(Block::Line(
                Tone::Good,
                "the files are identical, byte by byte".into(),
            ));
            continue;
        }
        blocks.extend(pair.picture.clone().map(Block::Picture));
        if let Some(growth) = &pair.growth {
            blocks.extend(growth_causes::outline(growth, view.lines()));
        }
        let listings = [
            (By::Section, "section role", Some(&pair.roles)),
            (By::Kind, "kind", pair.kinds.as_ref()),
            (By::Module, "module", pair.modules.as_ref()),
            (By::Package, "package", pair.packages.as_ref()),
            (By::Function, "function", pair.functions.as_ref()),
        ];
        for (by, title, changes) in listings {
            // Roles move between Go versions; kinds stay what they are.
            let by_kind = pair.before.go_version != pair.after.go_version && pair.kinds.is_some();
            let wanted = view.by == Some(by) || (view.by.is_none() && (by != By::Kind || by_kind));
            if wanted {
                blocks.extend(listing(pair, title, changes, view, comparison.floor));
            }
        }
    }
    for (words, list) in [
        ("only before", &comparison.gone),
        ("only after", &comparison.new),
    ] {
        if !list.is_empty() {
            blocks.push(Block::Line(
                Tone::Warn,
                format!("{words}: {}", list.join(", ")),
            ));
        }
    }
    let failures = &comparison.verdict.failures;
    if !failures.is_empty() {
        blocks.push(Block::Title("Result".into()));
    }
    blocks.extend(
        failures
            .iter()
            .map(|failure| Block::Line(Tone::Bad, format!("FAIL  {failure}"))),
    );
    blocks
}

fn head(pair: &Pair) -> Vec<Block> {
    let (old, new) = (&pair.before, &pair.after);
    let difference = match old.size == new.size {
        true => "the same size".to_owned(),
        false => format!(
            "{} B, {}",
            change(old.size, new.size),
            percent(old.size, new.size)
        ),
    };
    let title = format!(
        "{}: {} -> {} ({difference})",
        pair.name,
        human(old.size),
        human(new.size)
    );
    let mut blocks = vec![
        Block::Title(title),
        Block::Line(Tone::Plain, format!("before  {}", brief(old))),
        Block::Line(Tone::Plain, format!("after   {}", brief(new))),
    ];
    blocks.extend(pair.causes.iter().map(cause));
    blocks.extend(loaded(pair));
    blocks
}

fn brief(it: &Brief) -> String {
    let version = it.go_version.as_deref().unwrap_or("unknown Go version");
    let stripped = match it.stripped {
        Some(true) => ", stripped",
        Some(false) => ", with symbols or debug information",
        None => "",
    };
    format!(
        "{} ({} bytes), {}, {version}{stripped}",
        it.path,
        grouped(it.size),
        it.platform
    )
}

fn cause(it: &crate::report::comparison::Cause) -> Block {
    let value = |text: &Option<String>| {
        text.clone().map_or("not set".into(), |name| {
            if name.is_empty() {
                "empty".into()
            } else {
                name
            }
        })
    };
    let (before, after) = (value(&it.before), value(&it.after));
    if it.what == "Go version" {
        return Block::Line(
            Tone::Warn,
            format!(
                "another Go version built it: {before} -> {after}; its compiler and layout change sizes everywhere: bytes by kind tell more than sections"
            ),
        );
    }
    Block::Line(
        Tone::Warn,
        format!("another {}: {before} -> {after}", it.what),
    )
}

/// The proof, where there is one: that nothing that runs changed.
fn loaded(pair: &Pair) -> Option<Block> {
    let diff = pair.loaded.as_ref()?;
    let compared = grouped(diff.compared);
    if diff.identical {
        let words = format!(
            "nothing that runs changed: all {compared} loaded bytes are equal, build IDs aside"
        );
        return Some(Block::Line(Tone::Good, words));
    }
    if diff.explained {
        let moved = diff.sections.iter().filter(|section| section.moved).count();
        let words = format!(
            "nothing that runs changed: {compared} loaded bytes are equal, but for the addresses of {moved} sections that moved"
        );
        return Some(Block::Line(Tone::Good, words));
    }
    let differing: Vec<_> = diff
        .sections
        .iter()
        .filter(|section| section.differing > 0)
        .collect();
    let sum: u64 = differing.iter().map(|section| section.differing).sum();
    let names: Vec<&str> = differing
        .iter()
        .map(|section| section.name.as_str())
        .collect();
    if names.is_empty() {
        let words = format!(
            "what is loaded is not the same: all {compared} bytes are equal, but sizes in memory or the entry point differ"
        );
        return Some(Block::Line(Tone::Dim, words));
    }
    let mut words = format!(
        "what is loaded is not the same: {} of {compared} bytes differ, in {}",
        grouped(sum),
        names.join(", ")
    );
    if diff.sections.iter().any(|section| section.moved) {
        words.push_str("; sections moved, and what moved differs too");
    } else if !names.iter().any(|name| holds_code(name)) {
        words.push_str("; the machine code is equal");
    }
    Some(Block::Line(Tone::Dim, words))
}

/// Whether a section may hold machine code, by its name in any format.
fn holds_code(name: &str) -> bool {
    let words = ["text", "code", "plt", "init", "fini", "stub"];
    words.iter().any(|word| name.contains(word))
}

fn listing(
    pair: &Pair,
    title: &str,
    changes: Option<&Changes>,
    view: View,
    floor: u64,
) -> Vec<Block> {
    let Some(changes) = changes else {
        let words = format!("by {title}: one side does not tell");
        return vec![Block::Line(Tone::Dim, words)];
    };
    let roles = title == "section role";
    let mut table = Table {
        columns: vec![
            text(title),
            number("before B"),
            number("after B"),
            number("change B"),
            number("%"),
        ],
        ..Table::default()
    };
    if title == "module" {
        table.columns.push(optional(text("version")));
    }
    let lines = if roles { usize::MAX } else { view.lines() };
    let (shown, folded) = changes.list.split_at(lines.min(changes.list.len()));
    let present =
        |change: &&Change| change.before.unwrap_or(0) > 0 || change.after.unwrap_or(0) > 0;
    table.rows.extend(shown.iter().filter(present).map(row));
    if !folded.is_empty() {
        let sum: i64 = folded.iter().map(|change| change.change).sum();
        let smaller = counted_of(folded.len(), "smaller change");
        table.rows.push(sum_row(format!("and {smaller}"), sum));
    }
    if changes.small > 0 {
        let changed = counted(changes.small, "change");
        let label = format!("{changed} below {} B", grouped(floor));
        table.rows.push(sum_row(label, changes.small_change));
    }
    if roles {
        table
            .rows
            .push(cells("file", pair.before.size, pair.after.size));
        table.total = true;
    }
    if table.rows.is_empty() {
        return vec![Block::Line(
            Tone::Dim,
            format!("by {title}: nothing changed"),
        )];
    }
    // Only modules have a version, and a sum has none.
    for row in &mut table.rows {
        row.resize(table.columns.len(), String::new());
    }
    vec![Block::Heading(heading(title, changes)), Block::Table(table)]
}

/// `By package: 3 new, 1 gone, 12 grown, 4 shrunk`
fn heading(title: &str, changes: &Changes) -> String {
    let states = [
        (State::New, "new"),
        (State::Gone, "gone"),
        (State::Grown, "grown"),
        (State::Shrunk, "shrunk"),
    ];
    let counts: Vec<String> = states
        .into_iter()
        .filter_map(|(state, word)| {
            let count = changes
                .list
                .iter()
                .filter(|change| change.state == state)
                .count();
            (count > 0).then(|| format!("{} {word}", grouped(count as u64)))
        })
        .collect();
    if title == "section role" || counts.is_empty() {
        return format!("By {title}");
    }
    format!("By {title}: {}", counts.join(", "))
}

fn row(it: &Change) -> Vec<String> {
    let mut row = cells(&it.name, it.before.unwrap_or(0), it.after.unwrap_or(0));
    match it.state {
        State::New => row[4] = "new".into(),
        State::Gone => row[4] = "gone".into(),
        State::Same => row[4] = String::new(),
        State::Grown | State::Shrunk => {}
    }
    row.push(match (&it.version_before, &it.version_after) {
        (Some(old), Some(new)) if old != new => format!("{old} -> {new}"),
        (_, Some(version)) | (Some(version), None) => version.clone(),
        (None, None) => String::new(),
    });
    row
}

fn cells(name: &str, before: u64, after: u64) -> Vec<String> {
    vec![
        name.to_owned(),
        grouped(before),
        grouped(after),
        change(before, after),
        percent(before, after),
    ]
}

fn sum_row(name: String, sum: i64) -> Vec<String> {
    let size = grouped(sum.unsigned_abs());
    let sum = match sum {
        0 => "·".into(),
        1.. => format!("+{size}"),
        _ => format!("-{size}"),
    };
    vec![name, String::new(), String::new(), sum, String::new()]
}
