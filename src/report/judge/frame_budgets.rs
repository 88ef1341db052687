//! Judges the stack frames of an executable.

use super::accepted_entry::Accepted;
use crate::check::Status;
use crate::config::Config;
use crate::gate::Cause;
use crate::report::{Budget, Frame, Target, label};

/// One budget per limit and executable.
pub(crate) fn budgets(target: &Target, config: &Config, accepted: &Accepted<'_>) -> Vec<Budget> {
    let limit = config.budget.frame.map(|limit| largest(target, limit.0));
    let grown = config.budget.frame_growth.as_ref();
    let grown = grown.map(|_| growth(target, accepted));
    limit.into_iter().chain(grown).collect()
}

/// Why nothing is known of the frames of an executable.
fn unread() -> Cause {
    let why = "the file does not tell its stack frames".to_owned();
    Cause::Other(why, "see `gobuild-opt inspect` of the file")
}

fn own(target: &Target) -> impl Iterator<Item = &Frame> {
    target.frames.iter().filter(|frame| frame.is_own())
}

/// The largest frame that counts, against the most that one may be.
fn largest(target: &Target, limit: u64) -> Budget {
    let item = format!("frame {}", label(target));
    if target.sections.is_empty() {
        return Budget {
            limit: limit as f64,
            ..Budget::skipped(item, None, unread())
        };
    }
    let failed = own(target).any(|frame| frame.over.as_deref() == Some("limit"));
    let compared = target.pgo.effect.is_some();
    let grown =
        |frame: &&Frame| !compared || frame.goroutine.is_some() || frame.without_profile.is_some();
    let kept = own(target).filter(|frame| frame.is_kept()).filter(grown);
    let largest = kept.map(|frame| frame.bytes).max().unwrap_or(0);
    judged(item, limit, largest, failed)
}

/// How many frames grew more than they may.
fn growth(target: &Target, accepted: &Accepted<'_>) -> Budget {
    let grown = |frame: &&Frame| matches!(frame.over.as_deref(), Some("lock" | "profile"));
    let failed = own(target).filter(grown).count() as u64;
    let by_profile = target.pgo.effect.is_some();
    let by_lock = match accepted {
        Ok(it) if it.knows_frames() => Ok(()),
        Ok(_) => Err(Cause::LockLacks("stack frames")),
        Err(cause) => Err(cause.clone()),
    };
    let cause = match by_lock {
        _ if target.sections.is_empty() => Some(unread()),
        Err(cause) if !by_profile && failed == 0 => Some(cause),
        _ => None,
    };
    let item = format!("frame-growth {}", label(target));
    match cause {
        None => judged(item, 0, failed, failed > 0),
        Some(cause) => Budget::skipped(item, None, cause),
    }
}

/// Whether a budget is one of these: each function over it has a sentence of its own.
pub(super) fn is_about_frames(budget: &Budget) -> bool {
    let key = budget.item.split(' ').next();
    matches!(key, Some("frame" | "frame-growth"))
}

fn judged(item: String, limit: u64, actual: u64, failed: bool) -> Budget {
    Budget {
        item,
        limit: limit as f64,
        actual: Some(actual as f64),
        status: if failed { Status::Fail } else { Status::Pass },
        note: None,
        cause: None,
    }
}
