//! An executable against its entry of the lock, for people: the largest changes of sizes, and changes of other kinds.

use super::growth_causes;
use super::{Block, Table, Tone, number, text};
use crate::number::{change, grouped, percent};
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
    let mut blocks = vec![Block::Heading("Against gobuild-opt.lock".into())];
    if !lock.compared {
        blocks.push(Block::Line(Tone::Warn, other_go(lock, target)));
        return blocks;
    }
    if lock.sizes.is_empty() && lock.facts.is_empty() {
        blocks.push(Block::Line(Tone::Good, "nothing differs".into()));
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
        return vec![Block::Line(Tone::Warn, other_go(lock, target))];
    }
    let mut all: Vec<&LockSize> = lock.sizes.iter().filter(|size| is_owner(size)).collect();
    // What the user edits stands first, however much more an import of it brings in.
    let own = target
        .main_module()
        .map(|module| format!("module:{module}"));
    let is_own = |size: &LockSize| Some(&size.item) == own.as_ref();
    all.order_by_key(|size| (!is_own(size), std::cmp::Reverse(moved(size))));
    let count = all.len();
    let mut rows: Vec<Vec<String>> = (distinct(all).iter().take(BRIEF))
        .map(|size| row(size))
        .collect();
    let rest = count - rows.len();
    if rest > 0 {
        rows.push(vec![format!("and {rest} more: --full")]);
    }
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        blocks.push(Block::Table(columns(rows)));
    }
    let growth = lock.growth.iter();
    blocks.extend(growth.filter_map(growth_causes::briefly));
    blocks.extend(lock.facts.iter().map(fact));
    blocks
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
    let mut rows: Vec<Vec<String>> = all.iter().take(top).map(|size| row(size)).collect();
    if rest > 0 {
        rows.push(vec![format!("and {rest} more")]);
    }
    (!rows.is_empty()).then(|| Block::Table(columns(rows)))
}

fn columns(mut rows: Vec<Vec<String>>) -> Table {
    let columns = vec![
        text("what"),
        number("lock B"),
        number("release B"),
        number("change B"),
        number("%"),
    ];
    rows.iter_mut()
        .for_each(|row| row.resize(columns.len(), String::new()));
    Table {
        columns,
        rows,
        total: false,
    }
}

fn row(it: &LockSize) -> Vec<String> {
    // Those below a floor have no entry.
    let is_package = ["package:", "frame:"]
        .iter()
        .any(|kind| it.item.starts_with(kind));
    let absent = if is_package { "small" } else { "" };
    let bytes = |bytes: Option<u64>| bytes.map_or(absent.to_owned(), grouped);
    let mut cells = vec![
        it.item.replacen(':', " ", 1),
        bytes(it.before),
        bytes(it.after),
    ];
    cells.extend(match (it.before, it.after) {
        (Some(before), Some(after)) => [change(before, after), percent(before, after)],
        (None, Some(after)) if !is_package => [change(0, after), "new".into()],
        (Some(before), None) if !is_package => [change(before, 0), "gone".into()],
        _ => [String::new(), String::new()],
    });
    cells
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
