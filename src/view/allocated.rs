//! The report of `bench` for people.

use super::{Block, Table, Tone, number, text};
use crate::number::{change, counted_of, grouped};
use crate::report::allocations::Report;
use crate::report::difference::Pair;

/// The whole report.
pub(crate) fn allocated(report: &Report) -> Vec<Block> {
    let all = counted_of(report.benchmarks.len(), "benchmark");
    let rows = report.benchmarks.iter().map(|benchmark| {
        vec![
            benchmark.key(),
            value(benchmark.allocs),
            lock(benchmark.allocs),
            value(benchmark.bytes),
            lock(benchmark.bytes),
        ]
    });
    let mut blocks = vec![
        Block::Heading(format!(
            "Allocations: {all}, the least of five runs ({}, {})",
            report.key, report.go_version
        )),
        Block::Table(Table {
            columns: vec![
                text("benchmark"),
                number("allocs/op"),
                number("to the lock"),
                number("B/op"),
                number("to the lock"),
            ],
            rows: rows.collect(),
            total: false,
        }),
    ];
    let open = report.verdict.not_judged.iter();
    blocks.extend(open.map(|open| Block::Line(Tone::Warn, format!("warn  {open}"))));
    let failures = report.verdict.failures.iter();
    blocks.extend(failures.map(|failure| Block::Line(Tone::Bad, format!("FAIL  {failure}"))));
    blocks
}

fn value(it: Pair) -> String {
    it.after.map_or_else(|| "-".into(), grouped)
}

fn lock(it: Pair) -> String {
    match (it.before, it.after) {
        (Some(before), Some(after)) => change(before, after),
        _ => "new".into(),
    }
}
