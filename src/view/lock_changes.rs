//! An executable against its entry of the lock, for people: the largest changes of sizes, and changes of other kinds.

use super::growth_causes;
use super::{Block, Cell, Table, Tone, number, text};
use crate::number::percent;
use crate::order::Order;
use crate::report::{AgainstLock, LockFact, LockSize, Target};

/// Lines of the table; what changed less is one line.
const TOP: usize = 8;

/// Lines of the short report.
const BRIEF: usize = 6;

/// Nothing without an entry, and one line where nothing changed.
pub(crate) fn against(target: &Target, everything: bool) -> Vec<Block> {
    let Some(lock) = &target.lock else {
        return Vec::new();
    };
    let mut blocks = vec![Block::heading("Against gobuild-opt.lock")];
    if !lock.compared {
        blocks.push(Block::warn(other_go(lock, target)));
        return blocks;
    }
    if lock.sizes.is_empty() && lock.facts.is_empty() {
        blocks.push(Block::good("nothing differs"));
        return blocks;
    }
    blocks.extend(table(lock, everything));
    let growth = lock.growth.iter();
    blocks.extend(growth.flat_map(|growth| growth_causes::outline(growth, TOP)));
    blocks.extend(lock.facts.iter().map(fact));
    blocks
}

/// The changes in a few lines, without a heading: whose bytes changed most, and what is other than bytes.
pub(crate) fn briefly(target: &Target) -> Vec<Block> {
    let Some(lock) = &target.lock else {
        return Vec::new();
    };
    if !lock.compared {
        return vec![Block::warn(other_go(lock, target))];
    }
    let owners = owners(lock, target.main_module());
    let count = owners.len();
    let mut shown = distinct(owners);
    shown.truncate(BRIEF);
    let mut rows: Vec<_> = shown.into_iter().map(row).collect();
    let rest = count - rows.len();
    rows.extend((rest > 0).then(|| sum_row(format!("and {rest} more: --full"))));
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        blocks.push(Block::Table(sizes(rows)));
    }
    blocks.extend(lock.growth.iter().filter_map(growth_causes::briefly));
    blocks.extend(lock.facts.iter().map(fact));
    blocks
}

/// The owners whose bytes changed, most first. What the user edits stands before them, however much more an import of it brings
/// in.
fn owners<'a>(lock: &'a AgainstLock, main: Option<&str>) -> Vec<&'a LockSize> {
    let mut all: Vec<&LockSize> = lock.sizes.iter().filter(|size| is_owner(size)).collect();
    let is_own = |size: &LockSize| main.is_some() && size.item.strip_prefix("module:") == main;
    all.order_by_key(|size| (!is_own(size), std::cmp::Reverse(moved(size))));
    all
}

/// Whose bytes they are; where sections grow is for the long report, and the size stands above. Modules are all in the lock, of
/// packages only those above a floor: an edit of a small package shows in its module alone.
fn is_owner(it: &LockSize) -> bool {
    ["module:", "package:", "frame:"]
        .iter()
        .any(|kind| it.item.starts_with(kind))
}

/// Without packages that say the same as a module, or hardly anything beside the largest change.
fn distinct(all: Vec<&LockSize>) -> Vec<&LockSize> {
    let largest = all.iter().map(|size| moved(size)).max().unwrap_or(0);
    let change = |size: &LockSize| (size.before.unwrap_or(0), size.after.unwrap_or(0));
    let grown = |size: &LockSize| i128::from(change(size).1) - i128::from(change(size).0);
    let modules: Vec<(&str, i128)> = (all.iter())
        .filter_map(|size| Some((size.item.strip_prefix("module:")?, grown(size))))
        .collect();
    let mut kept = all;
    kept.retain(|size| match size.item.strip_prefix("package:") {
        Some(path) => {
            moved(size).saturating_mul(20) >= largest && !modules.contains(&(path, grown(size)))
        }
        None => true,
    });
    kept
}

fn moved(it: &LockSize) -> u64 {
    it.before.unwrap_or(0).abs_diff(it.after.unwrap_or(0))
}

fn other_go(lock: &AgainstLock, target: &Target) -> String {
    let now = target.artifact.go_version.as_deref();
    let change = |prefix: &str| {
        let all = lock
            .sizes
            .iter()
            .filter(|size| size.item.starts_with(prefix));
        let shown = all.filter_map(|size| {
            let name = size.item.split_once(':').map_or("file", |pair| pair.1);
            Some(format!("{name} {}", percent(size.before?, size.after?)))
        });
        shown.collect::<Vec<_>>()
    };
    let mut changes = change("size");
    changes.extend(change("section:"));
    let changes = if changes.is_empty() {
        String::new()
    } else {
        format!("; sizes: {}", changes.join(", "))
    };
    format!(
        "written with {}, and this is {}, which alone changes sizes and settings{changes}",
        lock.go_version,
        now.unwrap_or("another Go")
    )
}

fn table(lock: &AgainstLock, everything: bool) -> Option<Block> {
    // Sections say where, modules whose; packages are for the long report.
    let is_shown = |size: &&LockSize| everything || !size.item.starts_with("package:");
    let mut all: Vec<&LockSize> = lock.sizes.iter().filter(is_shown).collect();
    all.order_by_key(|size| (size.item != "size", std::cmp::Reverse(moved(size))));
    let top = if everything { all.len() } else { TOP };
    let rest = all.len().saturating_sub(top);
    all.truncate(top);
    let mut rows: Vec<_> = all.into_iter().map(row).collect();
    rows.extend((rest > 0).then(|| sum_row(format!("and {rest} more"))));
    (!rows.is_empty()).then(|| sizes(rows).into())
}

fn sizes(rows: Vec<Vec<Cell>>) -> Table {
    let columns = vec![
        text("what"),
        number("lock B"),
        number("release B"),
        number("change B"),
        number("%"),
    ];
    Table::of(columns, rows)
}

/// A line for what is not listed.
fn sum_row(words: String) -> Vec<Cell> {
    let mut cells = vec![Cell::Rest(words)];
    cells.resize(5, Cell::default());
    cells
}

fn row(it: &LockSize) -> Vec<Cell> {
    // Those below a floor have no entry.
    let is_package = ["package:", "frame:"]
        .iter()
        .any(|kind| it.item.starts_with(kind));
    let absent = if is_package { "small" } else { "" };
    let bytes = |bytes: Option<u64>| bytes.map_or(absent.into(), Cell::bytes);
    let [change, percent] = match (it.before, it.after) {
        (Some(before), Some(after)) => [Cell::delta(before, after), Cell::growth(before, after)],
        (None, Some(after)) if !is_package => [Cell::delta(0, after), "new".into()],
        (Some(before), None) if !is_package => [Cell::delta(before, 0), Cell::gone()],
        _ => [Cell::default(), Cell::default()],
    };
    vec![
        it.item.replacen(':', " ", 1).into(),
        bytes(it.before),
        bytes(it.after),
        change,
        percent,
    ]
}

fn fact(it: &LockFact) -> Block {
    let name = it.item.replacen(':', " ", 1);
    let text = match (&it.before, &it.after) {
        (Some(before), Some(after)) => format!("{name}: {before} -> {after}"),
        (None, Some(after)) => format!("{name}: {after}, new"),
        (Some(before), None) => format!("{name}: gone, was {before}"),
        (None, None) => name,
    };
    Block::Line(if it.worse { Tone::Warn } else { Tone::Plain }, text)
}
