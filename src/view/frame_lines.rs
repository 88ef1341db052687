//! The large stack frames of an executable, and what was done about them.

use super::{Block, Column, Table, Tone, number, optional, text};
use crate::analysis::frames::Start;
use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::order::Order;
use crate::report::{Frame, Repair, Target};

/// Frames that are listed where none fails.
const LISTED: usize = 5;

/// Frames that are listed where everything is.
const ALL: usize = 20;

/// Repairs, and where frames have a budget the largest of them.
pub(crate) fn frames(target: &Target, everything: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    if target.frame_limits.is_some() {
        blocks.extend(largest(target, if everything { ALL } else { LISTED }));
    }
    if !target.pgo.repairs.is_empty() {
        blocks.push(Block::Heading("Repaired stack frames".into()));
        blocks.extend(target.pgo.repairs.iter().map(repair));
    }
    blocks
}

fn largest(target: &Target, top: usize) -> Vec<Block> {
    let mut own: Vec<&Frame> = target
        .frames
        .iter()
        .filter(|frame| frame.is_own())
        .collect();
    own.order_by_key(|frame| {
        (
            frame.over.is_none(),
            frame.goroutine.is_none(),
            std::cmp::Reverse(frame.bytes),
        )
    });
    let failed = own.iter().filter(|frame| frame.over.is_some()).count();
    let heading = format!(
        "Stack frames of 1 KiB and more: {}",
        grouped(own.len() as u64)
    );
    own.truncate(top.max(failed.min(ALL)));
    if own.is_empty() {
        return vec![Block::Heading(heading)];
    }
    vec![Block::Heading(heading), Block::Table(table(&own))]
}

/// A column: its cell of a frame, and whether it is shown where no frame has anything in it.
type Cell = (Column, fn(&Frame) -> String, bool);

/// A row for each frame; what none of them has is no column.
fn table(frames: &[&Frame]) -> Table {
    let columns: [Cell; 7] = [
        (text("function"), |frame| frame.function.clone(), true),
        (number("frame B"), |frame| grouped(frame.bytes), true),
        (number("lock B"), |frame| bytes(frame.accepted), false),
        (
            number("no profile B"),
            |frame| bytes(frame.without_profile),
            false,
        ),
        (
            text("goroutine"),
            |frame| goroutine(frame.goroutine).into(),
            false,
        ),
        (
            optional(text("inlined by the profile")),
            |frame| frame.hot_inlined.join(", "),
            false,
        ),
        (
            text(""),
            |frame| if frame.over.is_some() { "OVER" } else { "" }.into(),
            false,
        ),
    ];
    let is_shown =
        |(_, cell, always): &Cell| *always || frames.iter().any(|frame| !cell(frame).is_empty());
    let shown: Vec<Cell> = columns.into_iter().filter(is_shown).collect();
    let row = |frame: &&Frame| shown.iter().map(|(_, cell, _)| cell(frame)).collect();
    Table {
        rows: frames.iter().map(row).collect(),
        columns: shown.into_iter().map(|(column, ..)| column).collect(),
        total: false,
    }
}

fn bytes(known: Option<u64>) -> String {
    known.map_or(String::new(), grouped)
}

fn goroutine(start: Option<Start>) -> &'static str {
    match start {
        Some(Start::Made | Start::Named) => "starts here",
        Some(Start::Perhaps) => "perhaps",
        None => "",
    }
}

fn repair(repair: &Repair) -> Block {
    let after = match repair.after {
        Some(bytes) => human(bytes),
        None => "less than 1 KiB".into(),
    };
    let calls = counted(repair.calls, "call");
    let what = format!(
        "{}: {} -> {after}, by {calls} of {} less in the profile",
        repair.function,
        human(repair.before),
        repair.no_inline.join(", ")
    );
    match repair.repaired {
        true => Block::Line(Tone::Good, what),
        false => Block::Line(Tone::Bad, format!("{what}: still over its budget")),
    }
}
