//! The large stack frames of an executable, and what was done about them.

use super::{Block, Cell, Column, Table, number, optional, text};
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
        blocks.push(Block::heading("Repaired stack frames"));
        blocks.extend(target.pgo.repairs.iter().map(repair));
    }
    blocks
}

fn largest(target: &Target, top: usize) -> Vec<Block> {
    let own = target.frames.iter().filter(|frame| frame.is_own());
    let mut own: Vec<&Frame> = own.collect();
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
    let mut blocks = vec![Block::Heading(heading)];
    if !own.is_empty() {
        blocks.push(table(&own).into());
    }
    blocks
}

/// A column: its title, its cell of a frame, and whether it is shown where no frame has anything in it.
struct Shown(Column, fn(&Frame) -> Cell, bool);

/// What is said of frames.
fn columns() -> [Shown; 7] {
    let over = |frame: &Frame| Cell::from(frame.over.as_ref().map(|_| "OVER"));
    let inlined = optional(text("inlined by the profile"));
    [
        Shown(text("function"), |frame| (&frame.function).into(), true),
        Shown(number("frame B"), |frame| Cell::bytes(frame.bytes), true),
        Shown(number("lock B"), |frame| bytes(frame.accepted), false),
        Shown(
            number("no profile B"),
            |frame| bytes(frame.without_profile),
            false,
        ),
        Shown(
            text("goroutine"),
            |frame| goroutine(frame.goroutine).into(),
            false,
        ),
        Shown(inlined, |frame| frame.hot_inlined.join(", ").into(), false),
        Shown(text(""), over, false),
    ]
}

/// A row for each frame; what none of them has is no column.
fn table(frames: &[&Frame]) -> Table {
    let is_shown = |Shown(_, cell, always): &Shown| {
        *always || frames.iter().any(|frame| !cell(frame).is_empty())
    };
    let shown: Vec<Shown> = columns().into_iter().filter(is_shown).collect();
    let row = |frame: &&Frame| shown.iter().map(|Shown(_, cell, _)| cell(frame)).collect();
    let rows: Vec<Vec<Cell>> = frames.iter().map(row).collect();
    let columns = shown.into_iter().map(|Shown(column, ..)| column);
    Table::of(columns.collect(), rows)
}

fn bytes(known: Option<u64>) -> Cell {
    known.map(Cell::bytes).into()
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
        true => Block::good(what),
        false => Block::bad(format!("{what}: still over its budget")),
    }
}
