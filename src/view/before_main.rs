//! Lays out what packages do before `main`.

use super::{Block, Table, Tone, number, optional, text};
use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::order::Order;
use crate::report::reasons::{Init, Inits};

/// The blocks, with at most `top` packages.
pub(super) fn outline(inits: &Inits, top: usize) -> Vec<Block> {
    let count = inits.list.iter().filter(|init| init.bytes > 0).count();
    let line = format!(
        "{} would go if nothing were done before main: {} with work that keeps something alone",
        human(inits.bytes),
        counted(count as u64, "package")
    );
    let mut columns = vec![text("package"), number("bytes")];
    if inits.traced {
        columns.extend([number("µs"), number("allocated B"), number("allocs")]);
    }
    columns.push(optional(text("largest")));
    let mut shown: Vec<&Init> = inits.list.iter().collect();
    if inits.traced {
        shown.order_by_key(|init| std::cmp::Reverse(init.microseconds));
    }
    let rows: Vec<Vec<String>> = shown
        .iter()
        .take(top)
        .map(|init| row(inits, init))
        .collect();
    let mut blocks = vec![
        Block::Heading("why init".into()),
        Block::Line(Tone::Plain, line),
    ];
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            columns,
            rows,
            total: false,
        }));
    }
    blocks
}

fn row(inits: &Inits, init: &Init) -> Vec<String> {
    let mut row = vec![init.package.clone(), grouped(init.bytes)];
    if inits.traced {
        let all = [init.microseconds, init.allocated, init.allocations];
        row.extend(all.map(|value| value.map_or(String::new(), grouped)));
    }
    let largest = init.largest.iter();
    let largest = largest.map(|of| format!("{} {}", of.symbol, grouped(of.bytes)));
    row.push(largest.collect::<Vec<_>>().join(", "));
    row
}
