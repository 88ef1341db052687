//! The table of the causes of growth.

use crate::number::{change, grouped};
use crate::report::growth::{Cause, CauseKind, Growth, words};
use crate::view::{Block, Table, Tone, number, optional, text};

/// The table of causes, and how new modules came in; at most `top` lines.
pub fn outline(growth: &Growth, top: usize) -> Vec<Block> {
    if growth.before == growth.after && growth.causes.iter().all(|cause| cause.bytes == 0) {
        return vec![Block::Line(Tone::Good, "nothing changed in size".into())];
    }
    let mut blocks = vec![Block::Heading(format!(
        "Why: {} B, from {} to {}",
        change(growth.before, growth.after),
        grouped(growth.before),
        grouped(growth.after)
    ))];
    let (shown, folded) = growth.causes.split_at(top.min(growth.causes.len()));
    let mut rows: Vec<Vec<String>> = shown.iter().map(row).collect();
    if !folded.is_empty() {
        let sum: i64 = folded.iter().map(|cause| cause.bytes).sum();
        let name = format!("and {} smaller", folded.len());
        rows.push(vec![name, signed(sum), String::new()]);
    }
    rows.push(vec![
        "all".into(),
        change(growth.before, growth.after),
        String::new(),
    ]);
    blocks.push(Block::Table(Table {
        columns: vec![
            text("cause"),
            number("change B"),
            optional(text("most of it in")),
        ],
        rows,
        total: true,
    }));
    blocks.extend(shown.iter().filter_map(came_in));
    let notes = growth.notes.iter();
    blocks.extend(notes.map(|note| Block::Line(Tone::Dim, note.clone())));
    blocks
}

/// The largest causes in one line; none where nothing says more than the table of owners.
pub fn briefly(growth: &Growth) -> Option<Block> {
    let told = growth.causes.iter().filter(|cause| cause.bytes != 0);
    let told = told
        .filter(|cause| cause.kind != CauseKind::Rest)
        .take(BRIEF);
    let words: Vec<String> = told
        .map(|cause| format!("{} {} B", words(cause), signed(cause.bytes)))
        .collect();
    (!words.is_empty()).then(|| Block::Line(Tone::Plain, format!("why: {}", words.join("; "))))
}

/// Causes in one line.
const BRIEF: usize = 3;

fn signed(bytes: i64) -> String {
    let size = grouped(bytes.unsigned_abs());
    match bytes {
        0 => "·".into(),
        1.. => format!("+{size}"),
        _ => format!("-{size}"),
    }
}

fn row(cause: &Cause) -> Vec<String> {
    let part = |part: &crate::report::growth::Part| match part.package.as_str() {
        "" => format!("what packages share {}", signed(part.bytes)),
        package => format!("{package} {}", signed(part.bytes)),
    };
    // A module of one package is named already.
    let alone = cause.packages.len() == 1 && cause.packages[0].package == cause.name;
    let parts: Vec<String> = match alone {
        true => Vec::new(),
        false => cause.packages.iter().take(3).map(part).collect(),
    };
    vec![words(cause), signed(cause.bytes), parts.join(", ")]
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
    Some(Block::Line(Tone::Dim, line))
}
