//! The readable renderings of a comparison.

use super::growth_causes;
use crate::binary::LoadedDiff;
use crate::config::size::human;
use crate::number::{change, counted, counted_of, grouped, percent};
use crate::report::comparison::{Brief, Cause, Change, Changes, Comparison, Pair, State};
use crate::report::inspection::{By, View};
use crate::view::{Block, Cell, Column, Table, number, optional, text};

/// What is shown, in order.
pub fn outline(comparison: &Comparison, view: View) -> Vec<Block> {
    let pairs = comparison.pairs.iter();
    let mut blocks: Vec<Block> = pairs
        .flat_map(|pair| compared(pair, view, comparison.floor))
        .collect();
    for (words, list) in [
        ("only before", &comparison.gone),
        ("only after", &comparison.new),
    ] {
        if !list.is_empty() {
            blocks.push(Block::warn(format!("{words}: {}", list.join(", "))));
        }
    }
    let failures = &comparison.verdict.failures;
    if !failures.is_empty() {
        blocks.push(Block::Title("Result".into()));
    }
    blocks.extend(failures.iter().map(Block::failed));
    blocks
}

fn compared(pair: &Pair, view: View, floor: u64) -> Vec<Block> {
    let mut blocks = head(pair);
    if pair.before.is(&pair.after) {
        blocks.push(Block::good("the files are identical, byte by byte"));
        return blocks;
    }
    blocks.extend(pair.picture.clone().map(Block::Picture));
    let growth = pair.growth.iter();
    blocks.extend(growth.flat_map(|growth| growth_causes::outline(growth, view.lines())));
    let listings = [
        (By::Section, "section role", Some(&pair.roles)),
        (By::Kind, "kind", pair.kinds.as_ref()),
        (By::Module, "module", pair.modules.as_ref()),
        (By::Package, "package", pair.packages.as_ref()),
        (By::Function, "function", pair.functions.as_ref()),
    ];
    // Roles move between Go versions; kinds stay what they are.
    let by_kind = pair.before.go_version != pair.after.go_version && pair.kinds.is_some();
    for (by, title, changes) in listings {
        let wanted = match view.by {
            Some(asked) => asked == by,
            None => by != By::Kind || by_kind,
        };
        match changes {
            _ if !wanted => {}
            Some(changes) => blocks.extend(listing(pair, title, changes, view, floor)),
            None => blocks.push(Block::dim(format!("by {title}: one side does not tell"))),
        }
    }
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
        Block::plain(format!("before  {}", brief(old))),
        Block::plain(format!("after   {}", brief(new))),
    ];
    blocks.extend(pair.causes.iter().map(|found| Block::warn(cause(found))));
    blocks.extend(pair.loaded.as_ref().map(loaded));
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

fn cause(it: &Cause) -> String {
    let value = |text: &Option<String>| match text.as_deref() {
        None => "not set".to_owned(),
        Some("") => "empty".to_owned(),
        Some(name) => name.to_owned(),
    };
    let (before, after) = (value(&it.before), value(&it.after));
    match it.what.as_str() {
        "Go version" => format!(
            "another Go version built it: {before} -> {after}; its compiler and layout change sizes everywhere: bytes by kind tell more than sections"
        ),
        what => format!("another {what}: {before} -> {after}"),
    }
}

/// The proof, where there is one: that nothing that runs changed.
fn loaded(diff: &LoadedDiff) -> Block {
    let compared = grouped(diff.compared);
    if diff.identical {
        return Block::good(format!(
            "nothing that runs changed: all {compared} loaded bytes are equal, build IDs aside"
        ));
    }
    if diff.explained {
        let moved = diff.sections.iter().filter(|section| section.moved).count();
        return Block::good(format!(
            "nothing that runs changed: {compared} loaded bytes are equal, but for the addresses of {moved} sections that moved"
        ));
    }
    Block::dim(differing(diff))
}

/// Which of the loaded bytes differ.
fn differing(diff: &LoadedDiff) -> String {
    let compared = grouped(diff.compared);
    let differing = || diff.sections.iter().filter(|section| section.differing > 0);
    let names: Vec<&str> = differing().map(|section| section.name.as_str()).collect();
    if names.is_empty() {
        return format!(
            "what is loaded is not the same: all {compared} bytes are equal, but sizes in memory or the entry point differ"
        );
    }
    let moved = diff.sections.iter().any(|section| section.moved);
    let tail = match names.iter().any(|name| holds_code(name)) {
        _ if moved => "; sections moved, and what moved differs too",
        false => "; the machine code is equal",
        true => "",
    };
    format!(
        "what is loaded is not the same: {} of {compared} bytes differ, in {}{tail}",
        grouped(differing().map(|section| section.differing).sum()),
        names.join(", ")
    )
}

/// Whether a section may hold machine code, by its name in any format.
fn holds_code(name: &str) -> bool {
    let words = ["text", "code", "plt", "init", "fini", "stub"];
    words.iter().any(|word| name.contains(word))
}

/// The changes of a pair by `title`; what is smaller than `floor` is one line.
fn listing(pair: &Pair, title: &str, changes: &Changes, view: View, floor: u64) -> Vec<Block> {
    let is_role = title == "section role";
    let lines = if is_role { usize::MAX } else { view.lines() };
    let mut rows = rows(changes, lines, floor);
    if is_role {
        let (before, after) = (pair.before.size, pair.after.size);
        rows.push(cells("file", before, after, Cell::growth(before, after)));
    }
    if rows.is_empty() {
        return vec![Block::dim(format!("by {title}: nothing changed"))];
    }
    let columns = columns(title);
    // Only modules have a version, and a sum has none.
    for row in &mut rows {
        row.resize(columns.len(), Cell::default());
    }
    let table = Table {
        columns,
        rows,
        total: is_role,
    };
    vec![Block::Heading(heading(title, changes)), table.into()]
}

fn columns(title: &str) -> Vec<Column> {
    let mut columns = vec![
        text(title),
        number("before B"),
        number("after B"),
        number("change B"),
        number("%"),
    ];
    columns.extend((title == "module").then(|| optional(text("version"))));
    columns
}

/// A row for each of the largest changes, and one for those beyond `lines` and below `floor`.
fn rows(changes: &Changes, lines: usize, floor: u64) -> Vec<Vec<Cell>> {
    let (shown, folded) = changes.list.split_at(lines.min(changes.list.len()));
    let present =
        |change: &&Change| change.before.unwrap_or(0) > 0 || change.after.unwrap_or(0) > 0;
    let mut rows: Vec<_> = shown.iter().filter(present).map(row).collect();
    if !folded.is_empty() {
        let sum = folded.iter().map(|change| change.change).sum();
        let smaller = counted_of(folded.len(), "smaller change");
        rows.push(sum_row(format!("and {smaller}"), sum));
    }
    if changes.small > 0 {
        let changed = counted(changes.small, "change");
        let label = format!("{changed} below {} B", grouped(floor));
        rows.push(sum_row(label, changes.small_change));
    }
    rows
}

/// `By package: 3 new, 1 gone, 12 grown, 4 shrunk`
fn heading(title: &str, changes: &Changes) -> String {
    let states = [
        (State::New, "new"),
        (State::Gone, "gone"),
        (State::Grown, "grown"),
        (State::Shrunk, "shrunk"),
    ];
    let counts = states.into_iter().filter_map(|(state, word)| {
        let all = changes.list.iter();
        let count = all.filter(|change| change.state == state).count();
        (count > 0).then(|| format!("{} {word}", grouped(count as u64)))
    });
    let counts: Vec<String> = counts.collect();
    if title == "section role" || counts.is_empty() {
        return format!("By {title}");
    }
    format!("By {title}: {}", counts.join(", "))
}

fn row(it: &Change) -> Vec<Cell> {
    let (before, after) = (it.before.unwrap_or(0), it.after.unwrap_or(0));
    let growth = match it.state {
        State::New => "new".into(),
        State::Gone => Cell::gone(),
        State::Same => Cell::same(),
        State::Grown | State::Shrunk => Cell::growth(before, after),
    };
    let mut row = cells(&it.name, before, after, growth);
    row.push(match (&it.version_before, &it.version_after) {
        (Some(old), Some(new)) if old != new => format!("{old} -> {new}").into(),
        (old, new) => new.as_ref().or(old.as_ref()).into(),
    });
    row
}

fn cells(name: &str, before: u64, after: u64, growth: Cell) -> Vec<Cell> {
    vec![
        name.into(),
        Cell::bytes(before),
        Cell::bytes(after),
        Cell::delta(before, after),
        growth,
    ]
}

fn sum_row(name: String, sum: i64) -> Vec<Cell> {
    let none = Cell::default;
    let sum = Cell::Delta(sum.into());
    vec![Cell::Rest(name), none(), none(), sum, none()]
}
