//! Limits and findings in, pass or fail out. A failed budget is a result, not an error.

use super::{Budget, Target, Verdict, assertions, gate};
use crate::check::Status;
use crate::config::Config;
use crate::config::size::{Size, SizeLimit, human};
use crate::lock::Lock;

pub fn budgets(config: &Config, targets: &[Target], lock: Option<&Lock>) -> Vec<Budget> {
    let mut budgets = Vec::new();
    for target in targets {
        let name = label(target);
        budgets.extend(config.budget.size.map(|it| size(it, &name, target, lock)));
        let modules = config.budget.modules.iter();
        budgets.extend(modules.map(|(path, limit)| module(path, *limit, &name, target)));
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

fn size(limit: SizeLimit, name: &str, target: &Target, lock: Option<&Lock>) -> Budget {
    let accepted = || {
        let target = lock?
            .targets
            .get(&target.key)?
            .executables
            .get(&target.package)?;
        Some(target.size)
    };
    let limit = match limit {
        SizeLimit::Bytes(it) => Some(it.0),
        SizeLimit::Ratchet => accepted(),
    };
    let size = target.artifact.size;
    Budget {
        item: format!("size {name}"),
        limit: limit.unwrap_or_default() as f64,
        actual: Some(size as f64),
        status: match limit {
            None => Status::Skip,
            Some(limit) if size <= limit => Status::Pass,
            Some(_) => Status::Fail,
        },
    }
}

fn module(path: &str, limit: Size, name: &str, target: &Target) -> Budget {
    let found = target.modules.iter().find(|it| it.path == path);
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
    let escapes = targets.iter().filter_map(|it| it.escapes.as_ref());
    let asserted = assertions::failures(targets.iter().flat_map(|it| &it.assertions));
    let failures: Vec<String> = over
        .chain(denied)
        .chain(asserted)
        .chain(gate::failures(escapes))
        .collect();
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
