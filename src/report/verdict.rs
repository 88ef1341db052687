//! Limits and findings in, pass or fail out. A failed budget is a result, not an error.

use super::{Budget, Target, Verdict};
use crate::check::Status;
use crate::config::Config;
use crate::config::size::human;

pub fn budgets(config: &Config, targets: &[Target]) -> Vec<Budget> {
    let mut budgets = Vec::new();
    for target in targets {
        let name = label(target);
        if let Some(limit) = config.budget.size {
            let fits = target.artifact.size <= limit.0;
            budgets.push(Budget {
                item: format!("size {name}"),
                limit: limit.0 as f64,
                actual: Some(target.artifact.size as f64),
                status: if fits { Status::Pass } else { Status::Fail },
            });
        }
        budgets.extend(config.budget.modules.iter().map(|(path, limit)| {
            let found = target.modules.iter().find(|it| it.path == *path);
            let told = !target.modules.is_empty();
            let actual = told.then(|| found.map_or(0, |it| it.bytes));
            Budget {
                item: format!("module {path} {name}"),
                limit: limit.0 as f64,
                actual: actual.map(|it| it as f64),
                status: match actual {
                    None => Status::Skip,
                    Some(bytes) if bytes <= limit.0 => Status::Pass,
                    Some(_) => Status::Fail,
                },
            }
        }));
        if let Some(limit) = config.budget.size_growth {
            let before = target
                .baseline
                .as_ref()
                .filter(|it| it.kind == "file" && it.size > 0);
            let growth =
                before.map(|it| (target.artifact.size as f64 / it.size as f64 - 1.0) * 100.0);
            budgets.push(Budget {
                item: format!("size-growth {name}"),
                limit: limit.0,
                actual: growth,
                status: match growth {
                    None => Status::Skip,
                    Some(growth) if growth <= limit.0 => Status::Pass,
                    Some(_) => Status::Fail,
                },
            });
        }
    }
    budgets
}

/// `api linux/amd64`
pub fn label(target: &Target) -> String {
    format!("{} {}/{}", target.name, target.goos, target.goarch)
}

pub fn verdict(targets: &[Target], budgets: &[Budget]) -> Verdict {
    let over = budgets
        .iter()
        .filter(|it| it.status == Status::Fail)
        .map(over);
    let denied = targets.iter().flat_map(|target| {
        let failed = target.checks.iter().filter(|it| it.status == Status::Fail);
        failed.map(|it| format!("{} ({}): {}", it.id, label(target), it.message))
    });
    let failures: Vec<String> = over.chain(denied).collect();
    Verdict {
        pass: failures.is_empty(),
        failures,
    }
}

fn over(budget: &Budget) -> String {
    let actual = budget.actual.unwrap_or_default();
    if budget.item.starts_with("size-growth") {
        return format!(
            "{}: {actual:.2} % is over the budget of {} %",
            budget.item, budget.limit
        );
    }
    let (actual, limit) = (actual as u64, budget.limit as u64);
    format!(
        "{}: {} ({actual} B) is over the budget of {} by {} B",
        budget.item,
        human(actual),
        human(limit),
        actual - limit
    )
}
