//! Several executables, a line each.

use super::{locked, platform};
use crate::config::size::human;
use crate::number::{change, counted_of, grouped, percent};
use crate::report::Target;
use crate::view::{Block, Table, Tone, number, pgo, text};

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
pub(super) fn sizes(targets: &[Target]) -> Table {
    let has_lock = targets.iter().any(|target| locked(target).is_some());
    let kind = targets
        .iter()
        .find_map(|target| Some(target.baseline.as_ref()?.kind.clone()));
    // A short title: names of executables need the room.
    let against = match (has_lock, kind.as_deref()) {
        (true, _) => "since the lock",
        (false, Some("unstripped")) => "of unstripped",
        (false, Some("symbols")) => "of -w alone",
        (false, Some("plain")) => "of plain",
        (false, Some(_)) => "of baseline",
        (false, None) => "",
    };
    let mut columns = vec![
        text("executable"),
        text("platform"),
        number("size"),
        number("bytes"),
    ];
    columns.extend((!against.is_empty()).then(|| number(against)));
    let row = |target: &Target| {
        let size = target.artifact.size;
        let before = match has_lock {
            true => locked(target),
            false => target.baseline.as_ref().map(|baseline| baseline.size),
        };
        let changed = before.map_or("unknown".into(), |before| match has_lock {
            true => change(before, size),
            false => percent(before, size),
        });
        let path = target.artifact.path.as_ref().unwrap_or(&target.name);
        let cells = [path.clone(), platform(target), human(size), grouped(size)];
        let changed = (!against.is_empty()).then_some(changed);
        cells.into_iter().chain(changed).collect()
    };
    Table {
        rows: targets.iter().map(row).collect(),
        columns,
        total: false,
    }
}
