//! The table of the budgets.

use super::{Block, Cell, Table, number, text};
use crate::check::Status;
use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::report::{Budget, Report};

/// A line for each budget; nothing without one.
pub(crate) fn budgets(report: &Report) -> Vec<Block> {
    if report.budgets.is_empty() {
        return Vec::new();
    }
    let columns = vec![text("budget"), number("limit"), number("actual"), text("")];
    let table = Table::of(columns, report.budgets.iter().map(row));
    vec![Block::Title("Budgets".into()), table.into()]
}

fn row(budget: &Budget) -> Vec<Cell> {
    let unit = Unit::of(budget);
    vec![
        (&budget.item).into(),
        match (budget.status, budget.limit) {
            // What the lock would say, and does not.
            (Status::Skip, 0.0) => "unknown".into(),
            (_, limit) => unit.cell(limit),
        },
        budget
            .actual
            .map_or("unknown".into(), |actual| unit.cell(actual)),
        status(budget).into(),
    ]
}

fn status(budget: &Budget) -> String {
    match budget.status {
        Status::Fail => "FAIL".into(),
        Status::Skip => {
            let why = budget.note.as_deref().unwrap_or("unknown");
            format!("not judged: {why}")
        }
        Status::Pass | Status::Warn => "pass".into(),
    }
}

/// What a budget counts.
enum Unit {
    Bytes,
    Functions,
    Percent,
}

impl Unit {
    fn of(budget: &Budget) -> Self {
        match budget.item.as_str() {
            item if item.starts_with("frame-growth") => Self::Functions,
            item if item.starts_with("size-growth") => Self::Percent,
            _ => Self::Bytes,
        }
    }

    fn cell(&self, value: f64) -> Cell {
        let whole = value as u64;
        let words = match self {
            Self::Functions => counted(whole, "function"),
            Self::Percent => format!("{value:.2} %"),
            Self::Bytes if value < 1024.0 => format!("{} B", grouped(whole)),
            Self::Bytes => format!("{} ({} B)", human(whole), grouped(whole)),
        };
        Cell::Other(value, words)
    }
}
