//! The large stack frames of an executable, and what was done about them.

use super::{Block, Table, Tone, number, optional, text};
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
    let row = |frame: &&Frame| {
        vec![
            frame.function.clone(),
            grouped(frame.bytes),
            frame.accepted.map_or(String::new(), grouped),
            frame.without_profile.map_or(String::new(), grouped),
            goroutine(frame.goroutine).into(),
            frame.hot_inlined.join(", "),
            if frame.over.is_some() { "OVER" } else { "" }.into(),
        ]
    };
    let filled = |of: fn(&Frame) -> bool| own.iter().any(|frame| of(frame));
    let columns = [
        (text("function"), true),
        (number("frame B"), true),
        (number("lock B"), filled(|frame| frame.accepted.is_some())),
        (
            number("no profile B"),
            filled(|frame| frame.without_profile.is_some()),
        ),
        (text("goroutine"), filled(|frame| frame.goroutine.is_some())),
        (
            optional(text("inlined by the profile")),
            filled(|frame| !frame.hot_inlined.is_empty()),
        ),
        (text(""), failed > 0),
    ];
    let kept: Vec<bool> = columns.iter().map(|column| column.1).collect();
    let rows = own.iter().map(row).map(|cells| {
        let cells = cells.into_iter().zip(&kept);
        cells.filter(|cell| *cell.1).map(|cell| cell.0).collect()
    });
    let rows = rows.collect();
    let table = Table {
        columns: columns
            .into_iter()
            .filter(|column| column.1)
            .map(|column| column.0)
            .collect(),
        rows,
        total: false,
    };
    vec![Block::Heading(heading), Block::Table(table)]
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
