//! The report of `bench` for people.

use super::{Block, Cell, Table, number, text};
use crate::number::counted_of;
use crate::report::allocations::Report;
use crate::report::difference::{Benchmark, Pair};

/// The whole report.
pub(crate) fn allocated(report: &Report) -> Vec<Block> {
    let mut blocks = vec![
        Block::heading(format!(
            "Allocations: {}, the least of five runs ({}, {})",
            counted_of(report.benchmarks.len(), "benchmark"),
            report.key,
            report.go_version
        )),
        table(&report.benchmarks).into(),
    ];
    blocks.extend(report.verdict.not_judged.iter().map(Block::open));
    blocks.extend(report.verdict.failures.iter().map(Block::failed));
    blocks
}

fn table(benchmarks: &[Benchmark]) -> Table {
    let columns = vec![
        text("benchmark"),
        number("allocs/op"),
        number("to the lock"),
        number("B/op"),
        number("to the lock"),
    ];
    let rows = benchmarks.iter().map(|benchmark| {
        vec![
            benchmark.key().into(),
            value(benchmark.allocs),
            lock(benchmark.allocs),
            value(benchmark.bytes),
            lock(benchmark.bytes),
        ]
    });
    Table::of(columns, rows)
}

fn value(it: Pair) -> Cell {
    it.after.map_or("-".into(), Cell::count)
}

fn lock(it: Pair) -> Cell {
    match (it.before, it.after) {
        (Some(before), Some(after)) => Cell::delta(before, after),
        _ => "new".into(),
    }
}
