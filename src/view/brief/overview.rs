//! Several executables, a line each.

use super::{locked, platform};
use crate::number::counted_of;
use crate::report::Target;
use crate::view::{Block, Cell, Table, Tone, number, pgo, text};

pub(super) fn overview(targets: &[Target]) -> Vec<Block> {
    let mut blocks = vec![
        Block::Title(counted_of(targets.len(), "executable")),
        Block::Table(sizes(targets)),
    ];
    // What is wrong with a profile is said of each; that it is applied is no news.
    let mut said: Vec<(Tone, String)> = Vec::new();
    for line in targets.iter().filter_map(|target| pgo(target, false)) {
        if line.0 == Tone::Warn && !said.contains(&line) {
            said.push(line);
        }
    }
    if targets.iter().all(|target| target.artifact.path.is_none()) && !targets.is_empty() {
        let words = "built, checked and discarded, as go build does with several packages: keep them with `-o DIR/` or `[build] out-dir`";
        said.push((Tone::Warn, words.into()));
    }
    blocks.extend(said.into_iter().map(|(tone, text)| Block::Line(tone, text)));
    blocks
}

/// The size of each, and by how much it changed since the lock, or else against its baseline.
fn sizes(targets: &[Target]) -> Table {
    let has_lock = targets.iter().any(|target| locked(target).is_some());
    let changed = changed(targets, has_lock);
    let mut columns = vec![
        text("executable"),
        text("platform"),
        number("size"),
        number("bytes"),
    ];
    columns.extend(changed.map(number));
    let rows = targets.iter().map(|target| {
        let size = target.artifact.size;
        let path = target.artifact.path.as_ref().unwrap_or(&target.name);
        let mut row = vec![
            path.into(),
            platform(target).into(),
            Cell::size(size),
            Cell::bytes(size),
        ];
        row.extend(changed.map(|_| change(target, has_lock)));
        row
    });
    Table::of(columns, rows)
}

/// The title of the column of changes; `None` where nothing is known that the sizes could be held against. A short one: names
/// of executables need the room.
fn changed(targets: &[Target], has_lock: bool) -> Option<&'static str> {
    if has_lock {
        return Some("since the lock");
    }
    let mut baselines = targets.iter().filter_map(|target| target.baseline.as_ref());
    Some(match baselines.next()?.kind.as_str() {
        "unstripped" => "of unstripped",
        "symbols" => "of -w alone",
        "plain" => "of plain",
        _ => "of baseline",
    })
}

/// The change since the lock, or else against the baseline.
fn change(target: &Target, has_lock: bool) -> Cell {
    let size = target.artifact.size;
    let baseline = target.baseline.as_ref();
    let cell = match has_lock {
        true => locked(target).map(|before| Cell::delta(before, size)),
        false => baseline.map(|before| Cell::growth(before.size, size)),
    };
    cell.unwrap_or_else(|| "unknown".into())
}
