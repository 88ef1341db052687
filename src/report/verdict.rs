//! Budgets and findings in, pass or fail out. A failed budget is a result, not an error.

use super::gate::Judged;
use super::{Budget, Target, Verdict, assertions, frames, gate};
use crate::check::{self, Finding, Status};
use crate::config::size::human;
use crate::gate::Change;
use crate::lock::FILE;
use crate::number::grouped;

/// `api linux/amd64`
pub(crate) fn label(target: &Target) -> String {
    format!("{} {}/{}", target.name, target.goos, target.goarch)
}

pub(crate) fn verdict(targets: &[Target], judged: &Judged, change: Option<&Change>) -> Verdict {
    let over = judged
        .budgets
        .iter()
        .filter(|budget| budget.status == Status::Fail && !budget.item.starts_with("frame"))
        .map(over);
    let denied = targets.iter().flat_map(|target| {
        let failed = target
            .checks
            .iter()
            .filter(|finding| finding.status == Status::Fail);
        failed.map(|finding| denied(finding, &label(target)))
    });
    let escapes = targets.iter().filter_map(|target| target.escapes.as_ref());
    let frames = targets.iter().flat_map(frames::failures);
    let asserted = assertions::failures(targets.iter().flat_map(|target| &target.assertions));
    let failures: Vec<String> = over
        .chain(frames)
        .chain(denied)
        .chain(asserted)
        .chain(gate::failures(escapes))
        .chain(judged.failures.iter().cloned())
        .collect();
    Verdict {
        pass: failures.is_empty(),
        failures,
        not_judged: judged.not_judged.clone(),
        loosened: loosened(targets, change),
    }
}

/// What the change loosens, where a check says so and nobody denies it.
fn loosened(targets: &[Target], change: Option<&Change>) -> Vec<String> {
    let warned =
        |finding: &Finding| finding.id == check::LOOSENED && finding.status == Status::Warn;
    let said = targets.iter().flat_map(|target| &target.checks).any(warned);
    match change {
        Some(it) if said => it.loosened.clone(),
        _ => Vec::new(),
    }
}

/// The sentence for a check that is denied, of the executable that has this label.
pub(crate) fn denied(finding: &Finding, label: &str) -> String {
    format!("{} ({label}): {}", finding.id, finding.message)
}

fn over(budget: &Budget) -> String {
    let item = &budget.item;
    let actual = budget.actual.unwrap_or_default();
    let note = budget.note.iter().map(|text| format!(" ({text})"));
    let note: String = note.collect();
    if item.starts_with("size-growth") {
        let limit = budget.limit;
        return format!("{item}: {actual:.2} % is over the budget of {limit} %{note}");
    }
    let (actual, limit) = (actual as u64, budget.limit as u64);
    if limit == 0 && !note.is_empty() {
        let size = human(actual);
        return format!(
            "{item}: {size} ({} B) that {FILE} does not hold{note}",
            grouped(actual)
        );
    }
    format!(
        "{item}: {} ({} B) is over the budget of {} by {} B{note}",
        human(actual),
        grouped(actual),
        human(limit),
        grouped(actual - limit)
    )
}
