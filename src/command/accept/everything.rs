//! Updates the lock with everything that a run found. What gets looser takes a reason.

use std::collections::BTreeMap;

use super::Fresh;
use crate::command::lock_file;
use crate::command::pass::Pass;
use crate::error::{Error, Kind, Result};
use crate::lock::{Executable, FILE, Item, Lock, Platform};
use crate::number::counted_of;
use crate::order::Ordered;
use crate::report;

/// Entries that an error lists.
const LISTED: usize = 20;

/// Takes over all that was found. What was looser before keeps its reason; what gets looser takes one.
pub(crate) fn everything(
    lock: &mut Lock,
    fresh: &Fresh<'_>,
    reason: Option<&str>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for (key, mut target) in found(fresh).targets {
        let Some(old) = lock.targets.get(&key) else {
            told.push(format!("{key}: {}", counted(&target)));
            lock.targets.insert(key, target);
            continue;
        };
        // What other commands wrote stays.
        target.advice.clone_from(&old.advice);
        target.proofs.clone_from(&old.proofs);
        if old.go == target.go {
            target.benchmarks.clone_from(&old.benchmarks);
        }
        let mut looser = sites(old, &mut target, reason);
        looser.extend(executables(old, &mut target, fresh, reason));
        if !looser.is_empty() && reason.is_none() {
            return Err(without_reason(&looser));
        }
        if fresh.partial {
            check_go(&old.go, &target.go)?;
            keep_rest(old, &mut target, fresh.pass, &key);
        }
        let count = looser.len();
        told.push(format!(
            "{key}: {}, {count} looser than before",
            counted(&target)
        ));
        lock.targets.insert(key, target);
    }
    Ok(told)
}

/// The error of entries that would get looser, where nobody says why.
fn without_reason(looser: &[String]) -> Error {
    let list: Vec<String> = looser.iter().take(LISTED).cloned().collect();
    let count = counted_of(looser.len(), "entry");
    Error::new(Kind::Usage, format!("{count} of `{FILE}` would get looser"))
        .detail(list.join("\n"))
        .hint("accept single items, or all of them with `--reason TEXT`")
}

/// Fails where the rest of the lock would be of another Go than a part of it.
fn check_go(old: &str, new: &str) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let message = format!("`{FILE}` is for {old}, and this is {new}");
    let hint =
        "run `gobuild-opt accept` without packages: the rest of the lock would be of another Go";
    Err(Error::new(Kind::Usage, message).hint(hint))
}

/// The lock of this run alone.
fn found(fresh: &Fresh<'_>) -> Lock {
    let mut lock = Lock::default();
    for (plan, collected) in &fresh.pass.found {
        let target = lock_file::target(&plan.facts, &fresh.config.escape.scope, collected);
        lock.targets.insert(plan.facts.key(), target);
    }
    for it in fresh.executables {
        if let Some(target) = lock.targets.get_mut(&it.key) {
            target
                .executables
                .insert(it.package.clone(), it.entry.clone());
        }
    }
    lock
}

fn counted(target: &Platform) -> String {
    let sites: usize = target.sites.values().map(BTreeMap::len).sum();
    let executables = counted_of(target.executables.len(), "executable");
    format!("{executables}, {}", counted_of(sites, "site"))
}

/// Gives sites their old reasons and new ones the new reason; returns the new ones.
fn sites(old: &Platform, new: &mut Platform, reason: Option<&str>) -> Vec<String> {
    let same = old.go == new.go && old.scope == new.scope;
    let mut loosened = Vec::new();
    for (package, entries) in &mut new.sites {
        for (id, entry) in entries {
            match old.sites.get(package).and_then(|site| site.get(id)) {
                Some(before) => entry.reason.clone_from(&before.reason),
                None if same => {
                    entry.reason = reason.map(str::to_owned);
                    let (function, expression) = (&entry.function, &entry.expression);
                    loosened.push(format!("{id}  {package}.{function}: {expression}"));
                }
                None => {}
            }
        }
    }
    loosened
}

/// Takes over what was found of the executables; returns what gets looser.
fn executables(
    old: &Platform,
    new: &mut Platform,
    fresh: &Fresh<'_>,
    reason: Option<&str>,
) -> Vec<String> {
    let same = old.go == new.go;
    let mut loosened = Vec::new();
    for (package, it) in &mut new.executables {
        let Some(before) = old.executables.get(package) else {
            continue;
        };
        it.reasons = still_there(before, it);
        for item in looser(before, it, fresh).into_iter().filter(|_| same) {
            if let Some(reason) = reason {
                it.reasons.insert(item.to_string(), reason.to_owned());
            }
            loosened.push(format!("{item}  {package}"));
        }
    }
    loosened
}

/// The reasons of what an executable still has.
fn still_there(before: &Executable, now: &Executable) -> BTreeMap<String, String> {
    let (sizes, facts) = (now.sizes(), now.facts());
    let back_on = now.dead_code_elimination == Some(true);
    let is_there = |item: &str| match item.parse::<Item>() {
        Ok(Item::DeadCode) if back_on => false,
        Ok(item) => sizes.contains_key(&item) || facts.contains_key(&item),
        Err(()) => false,
    };
    let kept = before.reasons.iter().filter(|reason| is_there(reason.0));
    kept.map(|(item, text)| (item.clone(), text.clone()))
        .ordered()
}

/// What a check or a budget could have refused.
fn looser(before: &Executable, now: &Executable, fresh: &Fresh<'_>) -> Vec<Item> {
    let changes = before.changes(now);
    let budget = &fresh.config.budget;
    let limited = |item: &Item| match item {
        Item::Size => budget.size.is_some() || budget.size_growth.is_some(),
        Item::Module(path) => report::module_limit(&budget.modules, path).is_some(),
        Item::Frame(_) => budget.frame.is_some() || budget.frame_growth.is_some(),
        _ => false,
    };
    let grown = changes.sizes.iter().filter(|change| {
        let is_new = change.before.is_none()
            && match change.item {
                Item::Module(_) => true,
                Item::Frame(_) => limited(&change.item),
                _ => false,
            };
        is_new || (change.after > change.before && limited(&change.item))
    });
    let worse = changes.worse().map(|change| change.item.clone());
    grown
        .map(|change| change.item.clone())
        .chain(worse)
        .collect()
}

/// What the lock says of packages and executables that were not built stays.
fn keep_rest(old: &Platform, new: &mut Platform, pass: &Pass, key: &str) {
    let plans = pass.found.iter().map(|entry| &entry.0.facts);
    let built: Vec<&str> = plans
        .filter(|facts| facts.key() == key)
        .flat_map(|facts| {
            facts
                .packages
                .iter()
                .map(|package| package.import_path.as_str())
        })
        .collect();
    for (package, entries) in &old.sites {
        if !built.contains(&package.as_str()) {
            new.sites.insert(package.clone(), entries.clone());
        }
    }
    for (package, digest) in &old.profiles {
        if !package.is_empty() && !built.contains(&package.as_str()) {
            new.profiles.insert(package.clone(), digest.clone());
        }
    }
    for (package, it) in &old.executables {
        if !new.executables.contains_key(package) {
            new.executables.insert(package.clone(), it.clone());
        }
    }
}
