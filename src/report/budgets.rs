//! Limits, and what the lock says, in; what was held against them out.

use std::collections::BTreeMap;

use super::sizes::UNOWNED;
use super::verdict::label;
use super::{Budget, Target, frames};
use crate::check::Status;
use crate::config::Config;
use crate::config::size::SizeLimit;
use crate::lock::{Executable, FILE, Item, Lock};
use crate::plan::scope;

/// Every budget of every executable.
pub fn budgets(config: &Config, targets: &[Target], lock: Option<&Lock>) -> Vec<Budget> {
    let mut budgets = Vec::new();
    for target in targets {
        let accepted = accepted(target, lock);
        let limits = &config.budget;
        budgets.extend(limits.size.map(|it| size(it, target, &accepted)));
        budgets.extend(frames::budgets(target, config));
        budgets.extend(modules(&limits.modules, target, &accepted));
        let growth = |it| growth(it, target, &accepted);
        budgets.extend(limits.size_growth.map(|it| growth(it.0)));
    }
    budgets
}

/// The entry of an executable in the lock, or why none counts.
type Accepted<'a> = Result<&'a Executable, String>;

fn accepted<'a>(target: &Target, lock: Option<&'a Lock>) -> Accepted<'a> {
    let platform = lock.and_then(|it| it.targets.get(&target.key));
    let entry = platform.and_then(|it| it.executables.get(&target.package));
    match &target.lock {
        Some(it) if !it.compared => Err(format!("{FILE} is from {}", it.go_version)),
        _ => entry.ok_or_else(|| format!("not in {FILE}")),
    }
}

/// A limit in bytes; `accepted` is what the lock says of it.
fn bytes(limit: SizeLimit, accepted: Result<u64, String>) -> Result<u64, String> {
    match limit {
        SizeLimit::Bytes(it) => Ok(it.0),
        SizeLimit::Ratchet => accepted,
        SizeLimit::OverLock(it) => {
            accepted.map(|was| was.saturating_add((was as f64 * it.0 / 100.0) as u64))
        }
    }
}

fn is_over_lock(limit: SizeLimit) -> bool {
    !matches!(limit, SizeLimit::Bytes(_))
}

fn accept(item: &Item) -> String {
    format!("accept it: gobuild-opt accept {item} --reason TEXT")
}

fn size(limit: SizeLimit, target: &Target, accepted: &Accepted<'_>) -> Budget {
    let actual = target.artifact.size;
    let entry = accepted.as_ref().map(|it| it.size).map_err(Clone::clone);
    let item = format!("size {}", label(target));
    match bytes(limit, entry) {
        Ok(limit_bytes) => {
            let accept = is_over_lock(limit).then(|| accept(&Item::Size));
            within(item, limit_bytes, actual, accept)
        }
        Err(note) => skipped(item, Some(actual), note),
    }
}

/// The limit and the size of one module.
struct Held<'a> {
    path: &'a str,
    limit: Result<u64, String>,
    bytes: u64,
    over_lock: bool,
}

/// Modules by name get a budget each; those of a pattern one together, and one for each that is over its limit.
fn modules(
    limits: &BTreeMap<String, SizeLimit>,
    target: &Target,
    accepted: &Accepted<'_>,
) -> Vec<Budget> {
    let mut budgets = Vec::new();
    for (pattern, limit) in limits {
        let is_pattern = pattern.contains("...");
        if target.modules.is_empty() {
            let item = format!("module {pattern} {}", label(target));
            budgets.push(skipped(
                item,
                None,
                "the file does not tell its modules".into(),
            ));
            continue;
        }
        let here = target.modules.iter().filter(|it| it.bytes > 0);
        let here = here.filter(|it| rule(limits, &it.path) == Some(pattern));
        let mut all: Vec<Held<'_>> = here
            .map(|it| of_module(&it.path, it.bytes, *limit, accepted))
            .collect();
        if all.is_empty() && !is_pattern {
            all.push(of_module(pattern, 0, *limit, accepted));
        }
        let each = all.iter().map(|it| module(it, target));
        if is_pattern {
            budgets.extend(together(pattern, &all, each.collect(), target));
        } else {
            budgets.extend(each);
        }
    }
    budgets
}

/// The limit that a module has: the one by its name, else the longest pattern.
fn rule<'a>(limits: &'a BTreeMap<String, SizeLimit>, path: &str) -> Option<&'a String> {
    let fits = |it: &&String| {
        let is_pattern = it.contains("...") && path != UNOWNED;
        **it == path || (is_pattern && scope::contains(std::slice::from_ref(*it), path))
    };
    limits
        .keys()
        .filter(fits)
        .max_by_key(|it| (*it == path, it.len()))
}

/// The limit of a module.
pub fn module_limit(limits: &BTreeMap<String, SizeLimit>, path: &str) -> Option<SizeLimit> {
    rule(limits, path).and_then(|it| limits.get(it).copied())
}

fn of_module<'a>(
    path: &'a str,
    actual: u64,
    limit: SizeLimit,
    accepted: &Accepted<'_>,
) -> Held<'a> {
    let entry = match accepted {
        Ok(it) if it.modules.is_empty() => Err(format!("{FILE} knows no modules")),
        Ok(it) => Ok(it.modules.get(path).copied().unwrap_or_default()),
        Err(note) => Err(note.clone()),
    };
    Held {
        path,
        limit: bytes(limit, entry),
        bytes: actual,
        over_lock: is_over_lock(limit),
    }
}

fn module(held: &Held<'_>, target: &Target) -> Budget {
    let item = format!("module {} {}", held.path, label(target));
    match &held.limit {
        Ok(limit) => {
            let accept = held
                .over_lock
                .then(|| accept(&Item::Module(held.path.into())));
            within(item, *limit, held.bytes, accept)
        }
        Err(note) => skipped(item, Some(held.bytes), note.clone()),
    }
}

fn together(pattern: &str, all: &[Held<'_>], each: Vec<Budget>, target: &Target) -> Vec<Budget> {
    let failed: Vec<Budget> = each
        .into_iter()
        .filter(|it| it.status == Status::Fail)
        .collect();
    if !failed.is_empty() {
        return failed;
    }
    let item = format!("module {pattern} {}", label(target));
    let actual = all.iter().map(|it| it.bytes).sum();
    let limit: Result<u64, String> = all.iter().map(|it| it.limit.clone()).sum();
    vec![match limit {
        Ok(limit) => within(item, limit, actual, None),
        Err(note) => skipped(item, Some(actual), note),
    }]
}

fn growth(limit: f64, target: &Target, accepted: &Accepted<'_>) -> Budget {
    let item = format!("size-growth {}", label(target));
    let file = target.baseline.as_ref().filter(|it| it.kind == "file");
    let before = match (file, accepted) {
        (Some(it), _) => Ok(it.size),
        (None, Ok(it)) => Ok(it.size),
        (None, Err(note)) => Err(format!("there is no baseline file, and {note}")),
    };
    match before {
        Ok(before) if before > 0 => {
            let actual = (target.artifact.size as f64 / before as f64 - 1.0) * 100.0;
            let pass = actual <= limit;
            Budget {
                item,
                limit,
                actual: Some(actual),
                status: if pass { Status::Pass } else { Status::Fail },
                note: (!pass && file.is_none()).then(|| accept(&Item::Size)),
            }
        }
        Ok(_) => skipped(item, None, "the baseline is empty".into()),
        Err(note) => Budget {
            limit,
            ..skipped(item, None, note)
        },
    }
}

fn within(item: String, limit: u64, actual: u64, accept: Option<String>) -> Budget {
    let pass = actual <= limit;
    Budget {
        item,
        limit: limit as f64,
        actual: Some(actual as f64),
        status: if pass { Status::Pass } else { Status::Fail },
        note: accept.filter(|_| !pass),
    }
}

fn skipped(item: String, actual: Option<u64>, note: String) -> Budget {
    Budget {
        item,
        limit: 0.0,
        actual: actual.map(|it| it as f64),
        status: Status::Skip,
        note: Some(note),
    }
}
