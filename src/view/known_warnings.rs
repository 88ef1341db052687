//! What is known of programs before they run, as a table.

use super::{Block, Cell, Table, number, text};
use crate::config::size::human;
use crate::number::{counted_of, grouped};
use crate::report::difference::Pair;
use crate::report::proof_report::{Allocated, Facts, Program, Report};

/// A table for each program but the first; nothing where nothing is known.
pub(super) fn known(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    for program in &report.programs {
        let mut rows = program.facts.as_ref().map_or(Vec::new(), rows);
        rows.extend(allocated(program));
        if !rows.is_empty() {
            let named = match report.programs.len() {
                0..=2 => "without a clock".to_owned(),
                _ => format!("{}, no clock", program.name),
            };
            let columns = vec![text(&named), number("base"), number("this one"), text("")];
            blocks.push(Table::of(columns, rows).into());
        }
        blocks.extend(program.facts.as_ref().and_then(frames));
    }
    blocks
}

fn rows(facts: &Facts) -> Vec<Vec<Cell>> {
    let none = String::new;
    let mut rows = vec![
        row("file", facts.size, Cell::size, none()),
        row("own code", facts.code, Cell::size, none()),
    ];
    let inlined = changes(facts.inlined_new, facts.inlined_gone);
    rows.push(row("inlined calls", facts.inlined, Cell::count, inlined));
    let escapes = changes(facts.escapes_new, facts.escapes_gone);
    rows.push(row(
        "allocating places",
        facts.escapes,
        Cell::count,
        escapes,
    ));
    if let Some(hot) = &facts.hot {
        let [before, after] = hot.weight;
        let weight = format!(
            "of {}; {before:.1} -> {after:.1} % of weight",
            grouped(hot.calls)
        );
        rows.push(row("hot calls inlined", hot.inlined, Cell::count, weight));
    }
    rows.into_iter().flatten().collect()
}

/// A line about what is known.
fn row(
    what: &str,
    pair: impl Into<Option<Pair>>,
    show: fn(u64) -> Cell,
    more: String,
) -> Option<Vec<Cell>> {
    let pair = pair.into()?;
    let cell = |side: Option<u64>| side.map_or("-".into(), show);
    Some(vec![
        what.into(),
        cell(pair.before),
        cell(pair.after),
        more.into(),
    ])
}

fn changes(new: u64, gone: u64) -> String {
    match (new, gone) {
        (0, 0) => String::new(),
        (new, gone) => format!("{} new, {} gone", grouped(new), grouped(gone)),
    }
}

/// The frames that differ, in a line.
fn frames(facts: &Facts) -> Option<Block> {
    let first = facts.frames.first()?;
    let side = |side: Option<u64>| human(side.unwrap_or_default());
    let (before, after) = (side(first.frame.before), side(first.frame.after));
    let count = counted_of(facts.frames.len(), "stack frame");
    Some(Block::plain(format!(
        "{count} of own functions differ; most: {} {before} -> {after}",
        first.name
    )))
}

/// Benchmarks that allocate something else.
fn allocated(program: &Program) -> Vec<Vec<Cell>> {
    let differ = program
        .allocated
        .iter()
        .filter(|numbers| numbers.middles[0] != numbers.middles[1]);
    let mut rows: Vec<_> = differ.map(allocations).collect();
    if program.allocated.len() > rows.len() {
        let words = match rows.len() {
            0 => "allocs/op and B/op",
            _ => "other allocs/op and B/op",
        };
        rows.push([words, "as it is", "the same", ""].map(Cell::from).into());
    }
    rows
}

fn allocations(numbers: &Allocated) -> Vec<Cell> {
    let amount = |number: f64| match number {
        number if number.fract() == 0.0 => Cell::count(number as u64),
        number => Cell::Other(number, format!("{number:.1}")),
    };
    let [before, after] = numbers.middles.map(amount);
    vec![
        format!("{}: {}", numbers.benchmark, numbers.unit).into(),
        before,
        after,
        Cell::default(),
    ]
}
