//! Lays out what packages do before `main`.

use super::{Block, Cell, Column, Table, number, optional, text};
use crate::config::size::human;
use crate::number::{counted_of, grouped};
use crate::order::Order;
use crate::report::reasons::{Init, Inits};

/// The blocks, with at most `top` packages.
pub(super) fn outline(inits: &Inits, top: usize) -> Vec<Block> {
    let count = inits.list.iter().filter(|init| init.bytes > 0).count();
    let line = format!(
        "{} would go if nothing were done before main: {} with work that keeps something alone",
        human(inits.bytes),
        counted_of(count, "package")
    );
    let mut shown: Vec<&Init> = inits.list.iter().collect();
    if inits.traced {
        shown.order_by_key(|init| std::cmp::Reverse(init.microseconds));
    }
    let rows = shown.iter().take(top).map(|init| row(inits, init));
    let table = Table::of(columns(inits), rows);
    let mut blocks = vec![Block::heading("why init"), Block::plain(line)];
    if !table.rows.is_empty() {
        blocks.push(table.into());
    }
    blocks
}

fn columns(inits: &Inits) -> Vec<Column> {
    let mut columns = vec![text("package"), number("bytes")];
    if inits.traced {
        columns.extend([number("µs"), number("allocated B"), number("allocs")]);
    }
    columns.push(optional(text("largest")));
    columns
}

fn row(inits: &Inits, init: &Init) -> Vec<Cell> {
    let mut row = vec![(&init.package).into(), Cell::bytes(init.bytes)];
    if inits.traced {
        row.push(init.microseconds.map(Cell::count).into());
        row.push(init.allocated.map(Cell::bytes).into());
        row.push(init.allocations.map(Cell::count).into());
    }
    let largest = init.largest.iter();
    let largest = largest.map(|of| format!("{} {}", of.symbol, grouped(of.bytes)));
    row.push(largest.collect::<Vec<_>>().join(", ").into());
    row
}
