//! The table of the causes of growth.

use crate::number::{change, grouped};
use crate::report::growth::{Cause, CauseKind, Growth, Part, words};
use crate::view::{Block, Cell, Column, Table, number, optional, text};

/// The table of causes, and how new modules came in; at most `top` lines.
pub fn outline(growth: &Growth, top: usize) -> Vec<Block> {
    if growth.before == growth.after && growth.causes.iter().all(|cause| cause.bytes == 0) {
        return vec![Block::good("nothing changed in size")];
    }
    let (shown, folded) = growth.causes.split_at(top.min(growth.causes.len()));
    let mut rows: Vec<_> = shown.iter().map(row).collect();
    if !folded.is_empty() {
        let sum = folded.iter().map(|cause| i128::from(cause.bytes)).sum();
        let name = format!("and {} smaller", folded.len());
        rows.push(vec![Cell::Rest(name), Cell::Delta(sum), Cell::default()]);
    }
    let sum = Cell::delta(growth.before, growth.after);
    rows.push(vec!["all".into(), sum, Cell::default()]);
    let mut blocks = vec![
        Block::Heading(heading(growth)),
        Block::Table(Table {
            columns: columns(),
            rows,
            total: true,
        }),
    ];
    blocks.extend(shown.iter().filter_map(came_in));
    blocks.extend(growth.notes.iter().map(Block::dim));
    blocks
}

fn heading(growth: &Growth) -> String {
    let (before, after) = (growth.before, growth.after);
    format!(
        "Why: {} B, from {} to {}",
        change(before, after),
        grouped(before),
        grouped(after)
    )
}

fn columns() -> Vec<Column> {
    vec![
        text("cause"),
        number("change B"),
        optional(text("most of it in")),
    ]
}

/// The largest causes in one line; none where nothing says more than the table of owners.
pub fn briefly(growth: &Growth) -> Option<Block> {
    let told = growth.causes.iter().filter(|cause| cause.bytes != 0);
    let told = told
        .filter(|cause| cause.kind != CauseKind::Rest)
        .take(BRIEF);
    let words: Vec<String> = told
        .map(|cause| format!("{} {} B", words(cause), Cell::Delta(cause.bytes.into())))
        .collect();
    (!words.is_empty()).then(|| Block::plain(format!("why: {}", words.join("; "))))
}

/// Causes in one line.
const BRIEF: usize = 3;

fn row(cause: &Cause) -> Vec<Cell> {
    // A module of one package is named already.
    let alone = cause.packages.len() == 1 && cause.packages[0].package == cause.name;
    let parts: Vec<String> = match alone {
        true => Vec::new(),
        false => cause.packages.iter().take(3).map(part).collect(),
    };
    vec![
        words(cause).into(),
        Cell::Delta(cause.bytes.into()),
        parts.join(", ").into(),
    ]
}

fn part(part: &Part) -> String {
    let bytes = Cell::Delta(part.bytes.into());
    match part.package.as_str() {
        "" => format!("what packages share {bytes}"),
        package => format!("{package} {bytes}"),
    }
}

fn came_in(cause: &Cause) -> Option<Block> {
    if cause.chain.is_empty() {
        return None;
    }
    let line = match cause.kind {
        CauseKind::DeadCodeElimination => format!(
            "methods are called by names that are not known in {}: `why dce`",
            cause.chain.join(", ")
        ),
        _ => format!("{} came in by {}", cause.name, cause.chain.join(" -> ")),
    };
    Some(Block::dim(line))
}
