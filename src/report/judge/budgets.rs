//! Judges the budgets of an executable by the configuration and the lock.

use std::collections::{BTreeMap, BTreeSet};

use super::accepted_entry::{Accepted, accepted_entry};
use super::frame_budgets;
use crate::binary::Owners;
use crate::check::Status;
use crate::config::Config;
use crate::config::size::SizeLimit;
use crate::config::strict::nearest;
use crate::gate::Cause;
use crate::lock::{Item, Lock};
use crate::plan::scope;
use crate::report::sizes::{SHARED, UNOWNED};
use crate::report::{Budget, Target, label};

/// What budgets are held against.
pub(crate) struct Held<'a> {
    /// The limits.
    pub(crate) config: &'a Config,
    /// What was accepted.
    pub(crate) lock: Option<&'a Lock>,
    /// The Go version of the build.
    pub(crate) go: &'a str,
    /// The modules of the whole build, whatever is linked.
    pub modules: &'a BTreeSet<String>,
    /// Why there is no baseline.
    pub(crate) no_baseline: Option<&'a str>,
}

/// Every budget of an executable.
pub(crate) fn budgets(target: &Target, held: &Held<'_>) -> Vec<Budget> {
    let accepted = accepted(target, held);
    let limits = &held.config.budget;
    let mut budgets = Vec::new();
    budgets.extend(limits.size.map(|limit| size(limit, target, &accepted)));
    budgets.extend(frame_budgets::budgets(target, held.config, &accepted));
    budgets.extend(modules(held, target, &accepted));
    let growth = |value| growth(value, target, held, &accepted);
    budgets.extend(limits.size_growth.map(|percent| growth(percent.0)));
    budgets
}

fn accepted<'a>(target: &Target, held: &Held<'a>) -> Accepted<'a> {
    accepted_entry(held.lock, &target.key, &target.package, held.go)
}

/// A limit in bytes; `accepted` is what the lock says of it.
fn bytes(limit: SizeLimit, accepted: Result<u64, Cause>) -> Result<u64, Cause> {
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
    let entry = accepted
        .as_ref()
        .map(|executable| executable.size)
        .map_err(Clone::clone);
    let item = format!("size {}", label(target));
    match bytes(limit, entry) {
        Ok(limit_bytes) => {
            let accept = is_over_lock(limit).then(|| accept(&Item::Size));
            within(item, limit_bytes, actual, accept)
        }
        Err(cause) => Budget::skipped(item, Some(actual), cause),
    }
}

/// The limit and the size of one module.
struct Module<'a> {
    path: &'a str,
    limit: Result<u64, Cause>,
    bytes: u64,
    over_lock: bool,
}

/// Modules by name get a budget each; those of a pattern one together, and one for each that is over its limit.
fn modules(held: &Held<'_>, target: &Target, accepted: &Accepted<'_>) -> Vec<Budget> {
    let limits = held.config.budget.modules.iter();
    let budgets = limits.flat_map(|(pattern, limit)| {
        let unread = || Cause::Other("the file does not tell its modules".into(), INSPECT);
        let open = match known(pattern, *limit, held, accepted) {
            Err(cause) => Some(cause),
            Ok(_) => target.modules.is_empty().then(unread),
        };
        match open {
            Some(cause) => {
                let item = format!("module {pattern} {}", label(target));
                vec![Budget::skipped(item, None, cause)]
            }
            None => of_pattern((pattern, *limit), held, target, accepted),
        }
    });
    budgets.collect()
}

/// The budgets of the modules that a limit is for.
fn of_pattern(
    (pattern, limit): (&String, SizeLimit),
    held: &Held<'_>,
    target: &Target,
    accepted: &Accepted<'_>,
) -> Vec<Budget> {
    let limits = &held.config.budget.modules;
    let is_pattern = pattern.contains("...");
    let of = |path, bytes| of_module(path, bytes, limit, target.owners, accepted);
    let here = target.modules.iter().filter(|module| module.bytes > 0);
    let here = here.filter(|module| rule(limits, &module.path) == Some(pattern));
    let mut all: Vec<Module<'_>> = here.map(|module| of(&module.path, module.bytes)).collect();
    if all.is_empty() && !is_pattern {
        all.push(of(pattern, 0));
    }
    let each = all.iter().map(|found| module(found, target)).collect();
    match is_pattern {
        true => together(pattern, &all, each, target),
        false => each,
    }
}

const INSPECT: &str = "see `gobuild-opt inspect` of the file";

/// Whether a name or a pattern means a module of the build: a misspelt one would never be over its limit. One of 0 bytes is to
/// keep a module out.
fn known(
    pattern: &str,
    limit: SizeLimit,
    held: &Held<'_>,
    accepted: &Accepted<'_>,
) -> Result<(), Cause> {
    let keeps_out = matches!(limit, SizeLimit::Bytes(it) if it.0 == 0);
    let pattern_only = [pattern.to_owned()];
    let means = |path: &String| path == pattern || scope::contains(&pattern_only, path);
    let in_lock = accepted
        .as_ref()
        .is_ok_and(|executable| executable.modules.keys().any(means));
    if keeps_out || in_lock || held.modules.iter().any(means) {
        return Ok(());
    }
    let near = nearest(pattern, held.modules.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
    Err(Cause::Other(
        format!("`{pattern}` means no module of the build{near}"),
        "write the path of a module as go.mod has it; \"0 B\" keeps one out that is not there",
    ))
}

/// The limit that a module has: the one by its name, else the longest pattern.
fn rule<'a>(limits: &'a BTreeMap<String, SizeLimit>, path: &str) -> Option<&'a String> {
    let fits = |text: &&String| {
        let is_pattern = text.contains("...") && path != UNOWNED && path != SHARED;
        **text == path || (is_pattern && scope::contains(std::slice::from_ref(*text), path))
    };
    limits
        .keys()
        .filter(fits)
        .max_by_key(|key| (*key == path, key.len()))
}

/// The limit of a module.
pub(crate) fn module_limit(limits: &BTreeMap<String, SizeLimit>, path: &str) -> Option<SizeLimit> {
    rule(limits, path).and_then(|rule| limits.get(rule).copied())
}

fn of_module<'a>(
    path: &'a str,
    actual: u64,
    limit: SizeLimit,
    owners: Option<Owners>,
    accepted: &Accepted<'_>,
) -> Module<'a> {
    let entry = match accepted {
        Ok(it) if it.modules.is_empty() || it.owners != owners => Err(Cause::LockLacks("modules")),
        Ok(it) => Ok(it.modules.get(path).copied().unwrap_or_default()),
        Err(cause) => Err(cause.clone()),
    };
    Module {
        path,
        limit: bytes(limit, entry),
        bytes: actual,
        over_lock: is_over_lock(limit),
    }
}

fn module(held: &Module<'_>, target: &Target) -> Budget {
    let item = format!("module {} {}", held.path, label(target));
    match &held.limit {
        Ok(limit) => {
            let accept = held
                .over_lock
                .then(|| accept(&Item::Module(held.path.into())));
            within(item, *limit, held.bytes, accept)
        }
        Err(cause) => Budget::skipped(item, Some(held.bytes), cause.clone()),
    }
}

fn together(pattern: &str, all: &[Module<'_>], each: Vec<Budget>, target: &Target) -> Vec<Budget> {
    let failed: Vec<Budget> = each
        .into_iter()
        .filter(|budget| budget.status == Status::Fail)
        .collect();
    if !failed.is_empty() {
        return failed;
    }
    let item = format!("module {pattern} {}", label(target));
    let actual = all.iter().map(|module| module.bytes).sum();
    let limit: Result<u64, Cause> = all.iter().map(|module| module.limit.clone()).sum();
    vec![match limit {
        Ok(limit) => within(item, limit, actual, None),
        Err(cause) => Budget::skipped(item, Some(actual), cause),
    }]
}

/// What the growth is measured from: the baseline file, where one is configured, else the lock.
fn before(target: &Target, held: &Held<'_>, accepted: &Accepted<'_>) -> Result<u64, Cause> {
    if !held.config.compare.is_file() {
        return accepted
            .as_ref()
            .map(|executable| executable.size)
            .map_err(Clone::clone);
    }
    let hint = "name the executable of the last release in `[compare] baseline`";
    let other = |why: &str| Cause::Other(why.to_owned(), hint);
    let Some(file) = &target.baseline else {
        let why = held.no_baseline.unwrap_or_default();
        return Err(other(&format!("there is no baseline file: {why}")));
    };
    match &file.mismatch {
        Some(why) => Err(other(why)),
        None if file.size == 0 => Err(other("the baseline is empty")),
        None if target.artifact.stripped == Some(!file.stripped) => {
            Err(other(match file.stripped {
                true => "the baseline is stripped and this is not",
                false => "the baseline has symbols or DWARF and this has neither",
            }))
        }
        None => Ok(file.size),
    }
}

fn growth(limit: f64, target: &Target, held: &Held<'_>, accepted: &Accepted<'_>) -> Budget {
    let item = format!("size-growth {}", label(target));
    match before(target, held, accepted) {
        Ok(before) => {
            let actual = (target.artifact.size as f64 / before.max(1) as f64 - 1.0) * 100.0;
            let pass = actual <= limit;
            let by_lock = !held.config.compare.is_file();
            Budget {
                item,
                limit,
                actual: Some(actual),
                status: if pass { Status::Pass } else { Status::Fail },
                note: (!pass && by_lock).then(|| accept(&Item::Size)),
                cause: None,
            }
        }
        Err(cause) => Budget {
            limit,
            ..Budget::skipped(item, None, cause)
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
        cause: None,
    }
}
