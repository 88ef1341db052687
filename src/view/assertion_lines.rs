//! Assertions as sentences.

use super::{Block, Tone};
use crate::assertion::{ELSEWHERE, Status};
use crate::report::Assertion;

/// What does not apply and what could not be looked at one by one, the rest as numbers: the result tells each that failed.
pub(crate) fn assertions(all: &[Assertion]) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let count = |status| {
        all.iter()
            .filter(|assertion| assertion.status == status)
            .count()
    };
    let mut parts = Vec::new();
    for (status, one, several) in [
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
    ] {
        let number = count(status);
        if number > 0 || status == Status::Pass {
            let what = if number == 1 { one } else { several };
            parts.push(format!("{number} {what}"));
        }
    }
    let mut blocks = vec![Block::Heading(format!("Assertions: {}", parts.join(", ")))];
    for it in all {
        let (tone, word) = match it.status {
            Status::Pass | Status::Fail => continue,
            // A matrix would say it on each of its platforms.
            Status::NotApplicable if it.message.starts_with(ELSEWHERE) => continue,
            Status::NotApplicable => (Tone::Dim, "n/a"),
            Status::Unknown => (Tone::Warn, "?  "),
        };
        let text = format!("{word}  {} {}: {}", it.claim, it.function, it.message);
        blocks.push(Block::Line(tone, text));
    }
    blocks
}
