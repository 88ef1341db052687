//! The report of `escape` for people: packages, functions or lines, and what is new.

use super::number::grouped;
use super::{Block, Table, Tone, assertions, escapes, lock, number, text};
use crate::report::escape::{By, Report, Target};

/// The whole report.
pub fn outline(report: &Report, top: usize, unparsed: bool) -> Vec<Block> {
    let several = report.targets.len() > 1;
    let mut blocks = Vec::new();
    for target in &report.targets {
        if several {
            blocks.push(Block::Title(target.key.clone()));
        }
        match report.by {
            By::Package => blocks.extend(escapes::escapes(&target.escapes, top)),
            By::Function => blocks.extend(ranking(target, "function", top)),
            By::Line => blocks.extend(ranking(target, "line", top)),
        }
        blocks.extend(lock::lock(&target.escapes));
        blocks.extend(assertions::assertions(&target.assertions));
        blocks.extend(not_understood(target, unparsed));
    }
    let failures = report.verdict.failures.iter();
    blocks.extend(failures.map(|it| Block::Line(Tone::Bad, format!("FAIL  {it}"))));
    blocks
}

fn ranking(target: &Target, what: &str, top: usize) -> Vec<Block> {
    let heading = format!(
        "Escapes: {} sites by {what} ({}, {})",
        grouped(target.sites.len() as u64),
        target.key,
        target.escapes.go_version
    );
    let mut table = Table {
        columns: vec![text(what), number("sites"), text("classes")],
        ..Table::default()
    };
    for it in target.groups.iter().take(top) {
        let classes: Vec<String> = it
            .classes
            .iter()
            .map(|(class, count)| match count {
                1 => class.clone(),
                more => format!("{class} {more}"),
            })
            .collect();
        let name = if what == "line" {
            it.name.clone()
        } else {
            format!("{}.{}", it.package, it.name)
        };
        table
            .rows
            .push(vec![name, grouped(it.sites), classes.join(", ")]);
    }
    let mut blocks = vec![Block::Heading(heading), Block::Table(table)];
    if target.groups.len() > top {
        let more = grouped((target.groups.len() - top) as u64);
        blocks.push(Block::Line(
            Tone::Dim,
            format!("and {more} more: --top N, or --format json"),
        ));
    }
    blocks
}

fn not_understood(target: &Target, shown: bool) -> Vec<Block> {
    let count = target.escapes.unparsed;
    if count == 0 {
        return match shown {
            true => vec![Block::Line(Tone::Good, "every line was understood".into())],
            false => Vec::new(),
        };
    }
    let mut blocks = vec![Block::Line(
        Tone::Warn,
        format!(
            "{count} lines of the compiler were not understood, and are not counted (--unparsed shows them)"
        ),
    )];
    let examples = target.unparsed_examples.iter().filter(|_| shown);
    blocks.extend(examples.map(|it| Block::Line(Tone::Plain, it.clone())));
    blocks
}
