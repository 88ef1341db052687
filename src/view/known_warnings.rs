//! What is known of programs before they run, as a table.

use super::{Block, Table, Tone, number, text};
use crate::config::size::human;
use crate::number::{counted, grouped};
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
            blocks.push(Block::Table(Table {
                columns: vec![text(&named), number("base"), number("this one"), text("")],
                rows,
                total: false,
            }));
        }
        blocks.extend(program.facts.as_ref().and_then(frames));
    }
    blocks
}

fn rows(facts: &Facts) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = |what: &str, pair: Option<Pair>, show: fn(u64) -> String, more: String| {
        let cell = |side: Option<u64>| side.map_or("-".to_owned(), show);
        if let Some(pair) = pair {
            rows.push(vec![
                what.to_owned(),
                cell(pair.before),
                cell(pair.after),
                more,
            ]);
        }
    };
    let changes = |new: u64, gone: u64| match (new, gone) {
        (0, 0) => String::new(),
        (new, gone) => format!("{} new, {} gone", grouped(new), grouped(gone)),
    };
    row("file", Some(facts.size), human, String::new());
    row("own code", facts.code, human, String::new());
    let inlined = changes(facts.inlined_new, facts.inlined_gone);
    row("inlined calls", facts.inlined, grouped, inlined);
    let escapes = changes(facts.escapes_new, facts.escapes_gone);
    row("allocating places", facts.escapes, grouped, escapes);
    if let Some(hot) = &facts.hot {
        let [before, after] = hot.weight;
        let weight = format!(
            "of {}; {before:.1} -> {after:.1} % of weight",
            grouped(hot.calls)
        );
        row("hot calls inlined", Some(hot.inlined), grouped, weight);
    }
    rows
}

/// The frames that differ, in a line.
fn frames(facts: &Facts) -> Option<Block> {
    let first = facts.frames.first()?;
    let side = |side: Option<u64>| human(side.unwrap_or_default());
    let (before, after) = (side(first.frame.before), side(first.frame.after));
    let count = counted(facts.frames.len() as u64, "stack frame");
    Some(Block::Line(
        Tone::Plain,
        format!(
            "{count} of own functions differ; most: {} {before} -> {after}",
            first.name
        ),
    ))
}

/// Benchmarks that allocate something else.
fn allocated(program: &Program) -> Vec<Vec<String>> {
    let amount = |number: f64| match number {
        number if number.fract() == 0.0 => grouped(number as u64),
        number => format!("{number:.1}"),
    };
    let differ = program
        .allocated
        .iter()
        .filter(|numbers| numbers.middles[0] != numbers.middles[1]);
    let row = |numbers: &Allocated| {
        let [before, after] = numbers.middles.map(amount);
        vec![
            format!("{}: {}", numbers.benchmark, numbers.unit),
            before,
            after,
            String::new(),
        ]
    };
    let mut rows: Vec<Vec<String>> = differ.map(row).collect();
    let same = program.allocated.len() - rows.len();
    if same > 0 {
        let words = match rows.len() {
            0 => "allocs/op and B/op".to_owned(),
            _ => "other allocs/op and B/op".to_owned(),
        };
        rows.push(vec![
            words,
            "as it is".into(),
            "the same".into(),
            String::new(),
        ]);
    }
    rows
}
