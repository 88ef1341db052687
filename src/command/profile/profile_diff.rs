//! `profile diff`: compares two CPU profiles, and prints what became hot and what no longer is.

use super::{calls, load};
use crate::cli::profile_flags::Diff;
use crate::command::{Output, Session};
use crate::error::Result;
use crate::profile::{self, diff::HOT_PERCENT};
use crate::render::{self, Format, Style, harmless};
use crate::view::{self, Block, Table, Tone};

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

/// The calls that became hot, that no longer are, and that moved: so many of each.
fn changes(diff: &profile::Diff, top: usize) -> Table {
    let entering = diff.entering.iter().map(|change| ("entering", change));
    let leaving = diff.leaving.iter().map(|change| ("leaving", change));
    let moved = diff.moved.iter().map(|moved| ("moved", &moved.call));
    let changes = entering.take(top).chain(leaving.take(top));
    let row = |(how, call): (&str, &profile::diff::Change)| {
        vec![
            format!("{} -> {}", call.caller, call.callee),
            how.into(),
            format!("{:+}", call.offset),
            format!("{:.2}", call.before_percent),
            format!("{:.2}", call.after_percent),
        ]
    };
    Table {
        columns: vec![
            view::text("call"),
            view::text(""),
            view::number("line"),
            view::number("before %"),
            view::number("after %"),
        ],
        rows: changes.chain(moved.take(top)).map(row).collect(),
        ..Table::default()
    }
}

fn blocks(diff: &profile::Diff, top: usize) -> Vec<Block> {
    let table = changes(diff, top);
    let all = diff.entering.len() + diff.leaving.len() + diff.moved.len();
    let left_out = all - table.rows.len();
    let summary = format!(
        "hot calls: {} before, {} after, {} the same; {:.1} % of the weight changed",
        diff.before, diff.after, diff.same, diff.changed_percent
    );
    let mut blocks = vec![Block::Line(Tone::Plain, summary)];
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    if left_out > 0 {
        let words = format!("and {left_out} more: `--top 0` lists all");
        blocks.push(Block::Line(Tone::Dim, words));
    }
    blocks
}
