//! `profile diff`: compares two CPU profiles, and prints what became hot and what no longer is.

use super::{calls, load};
use crate::cli::profile_flags::Diff;
use crate::command::{Output, Session};
use crate::error::Result;
use crate::profile::{self, diff::HOT_PERCENT};
use crate::render::{self, Format, Style, harmless};
use crate::view::{self, Block, Cell, Digits, Table};

/// Prints the difference.
pub(crate) fn run(args: &Diff, session: &Session<'_>) -> Result<Output> {
    let old = calls(&load(&args.old, session)?)?;
    let new = calls(&load(&args.new, session)?)?;
    let diff = profile::diff(&old, &new, HOT_PERCENT);
    let top = args.top;
    let text = match args.format {
        Format::Json => render::json(&diff),
        Format::Text => diff
            .text(top)
            .lines()
            .map(|line| harmless(line) + "\n")
            .collect(),
        other => render::blocks(&blocks(&diff, top), other, Style::default()),
    };
    Ok(Output {
        text,
        is_data: true,
        ..Output::default()
    })
}

fn blocks(diff: &profile::Diff, top: usize) -> Vec<Block> {
    let columns = vec![
        view::text("call"),
        view::text(""),
        view::number("line"),
        view::number("before %"),
        view::number("after %"),
    ];
    let moved = diff.moved.iter().map(|moved| &moved.call);
    let entering = diff
        .entering
        .iter()
        .take(top)
        .map(|call| row("entering", call));
    let leaving = diff
        .leaving
        .iter()
        .take(top)
        .map(|call| row("leaving", call));
    let moved = moved.take(top).map(|call| row("moved", call));
    let table = Table::of(columns, entering.chain(leaving).chain(moved));
    let all = diff.entering.len() + diff.leaving.len() + diff.moved.len();
    let left_out = all - table.rows.len();
    let mut blocks = vec![Block::plain(format!(
        "hot calls: {} before, {} after, {} the same; {:.1} % of the weight changed",
        diff.before, diff.after, diff.same, diff.changed_percent
    ))];
    if !table.rows.is_empty() {
        blocks.push(table.into());
    }
    if left_out > 0 {
        let words = format!("and {left_out} more: `--top 0` lists all");
        blocks.push(Block::dim(words));
    }
    blocks
}

fn row(how: &str, it: &profile::diff::Change) -> Vec<Cell> {
    vec![
        format!("{} -> {}", it.caller, it.callee).into(),
        how.into(),
        Cell::offset(it.offset),
        Cell::Percent(it.before_percent, Digits::Two),
        Cell::Percent(it.after_percent, Digits::Two),
    ]
}
