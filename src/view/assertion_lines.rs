//! Assertions as sentences.

use super::{Block, Tone};
use crate::assertion::{ELSEWHERE, Status};
use crate::report::Assertion;

/// The outcomes, and how one assertion and several of each are spoken of.
const OUTCOMES: [(Status, &str, &str); 4] = [
    (Status::Pass, "holds", "hold"),
    (Status::Fail, "failed", "failed"),
    (
        Status::NotApplicable,
        "does not apply here",
        "do not apply here",
    ),
    (
        Status::Unknown,
        "could not be looked at",
        "could not be looked at",
    ),
];

/// What does not apply and what could not be looked at one by one, the rest as numbers: the result tells each that failed.
pub(crate) fn assertions(all: &[Assertion]) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    for (status, one, several) in OUTCOMES {
        let like = all.iter().filter(|assertion| assertion.status == status);
        match like.count() {
            0 if status != Status::Pass => {}
            1 => parts.push(format!("1 {one}")),
            number => parts.push(format!("{number} {several}")),
        }
    }
    let heading = format!("Assertions: {}", parts.join(", "));
    let lines = all.iter().filter_map(line);
    std::iter::once(Block::Heading(heading))
        .chain(lines)
        .collect()
}

fn line(it: &Assertion) -> Option<Block> {
    let (tone, word) = match it.status {
        Status::Pass | Status::Fail => return None,
        // A matrix would say it on each of its platforms.
        Status::NotApplicable if it.message.starts_with(ELSEWHERE) => return None,
        Status::NotApplicable => (Tone::Dim, "n/a"),
        Status::Unknown => (Tone::Warn, "?  "),
    };
    let text = format!("{word}  {} {}: {}", it.claim, it.function, it.message);
    Some(Block::Line(tone, text))
}
