//! Sets the lock entries that were named, and only those, to what a run found.

use super::{Fresh, NamedItem};
use crate::error::{Error, Kind, Result};
use crate::escape::added::Added;
use crate::lock::{self, Comparison, FILE, Item, Lock, Platform};

/// Makes each entry what this run found.
pub(crate) fn loosen(
    lock: &mut Lock,
    items: &[NamedItem],
    fresh: &Fresh<'_>,
    reason: &str,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for item in items {
        let done = match item {
            NamedItem::Site(id) => site(lock, id, fresh, reason)?,
            NamedItem::Fact(item, name) => fact(lock, item, name.as_deref(), fresh, reason)?,
        };
        if done.is_empty() {
            return Err(unknown(item));
        }
        told.extend(done);
    }
    Ok(told)
}

fn unknown(item: &NamedItem) -> Error {
    let (what, hint) = match item {
        NamedItem::Site(id) => (
            format!("site `{id}`"),
            "`gobuild-opt escape` lists new sites with their IDs",
        ),
        NamedItem::Fact(_, Some(name)) => (
            format!("executable `{name}`"),
            "names are those of the report of `release`",
        ),
        NamedItem::Fact(item, None) => (
            format!("`{item}`"),
            "the report of `release` lists what differs from the lock",
        ),
    };
    let message = format!("there is no {what} in this build and its lock");
    Error::new(Kind::Usage, message).hint(hint)
}

/// The part of the lock for a platform. Fails where it does not know it, or is from another Go.
fn platform<'a>(lock: &'a mut Lock, key: &str, go: &str) -> Result<&'a mut Platform> {
    let target = lock.targets.get_mut(key).ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{FILE}` does not know `{key}` yet"))
            .hint("run `gobuild-opt accept` first: it writes the lock")
    })?;
    if target.go != go {
        return Err(Error::new(
            Kind::Usage,
            format!("`{FILE}` is for {}, and this is {go}", target.go),
        )
        .hint(ANEW));
    }
    Ok(target)
}

const ANEW: &str = "run `gobuild-opt accept` without an item: it writes the lock anew";

fn site(lock: &mut Lock, id: &str, fresh: &Fresh<'_>, reason: &str) -> Result<Vec<String>> {
    let scope = &fresh.config.escape.scope;
    let mut told = Vec::new();
    for (plan, collected) in &fresh.pass.found {
        let key = plan.facts.key();
        let listed = collected.listed();
        let mut named = listed.iter().map(|listed| lock::named(&listed.identity));
        let Some(mut at) = named.position(|identity| lock::id(&identity) == id) else {
            continue;
        };
        let identity = lock::named(&listed[at].identity);
        let target = platform(lock, &key, &plan.facts.toolchain.version)?;
        if target.scope != *scope {
            let theirs = &target.scope;
            let message = format!("`{FILE}` is for the scope `{theirs}`, and this is `{scope}`");
            return Err(Error::new(Kind::Usage, message).hint(ANEW));
        }
        // The turn that the lock has free may be the place of a site that it knows: the line is that of the new one.
        let go = &plan.facts.toolchain.version;
        if let Comparison::Sites { new, .. } = lock::compare(target, go, scope, &listed, |_| true) {
            let of_id = |added: &&Added| lock::id(&added.identity) == id && added.among.is_empty();
            at = new.iter().find(of_id).map_or(at, |added| added.index);
        }
        target.accept(&identity, listed[at].line.clone(), Some(reason.to_owned()));
        told.push(format!(
            "{key}: {id}  {}.{}: {}",
            identity.package, identity.function, identity.expression
        ));
    }
    Ok(told)
}

/// Sets an entry of the executables with a name, or of all.
fn fact(
    lock: &mut Lock,
    item: &Item,
    name: Option<&str>,
    fresh: &Fresh<'_>,
    reason: &str,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for it in fresh.executables {
        if name.is_some_and(|name| name != it.name && name != it.package) {
            continue;
        }
        let target = platform(lock, &it.key, &it.go)?;
        let Some(entry) = target.executables.get_mut(&it.package) else {
            continue;
        };
        if let Some(change) = taken(entry, item, &it.entry, reason) {
            told.push(format!("{} {}: {item}: {change}", it.name, it.key));
        }
    }
    Ok(told)
}

/// Takes an item over, and says what it was and is; `None` where neither side has it.
fn taken(
    entry: &mut lock::Executable,
    item: &Item,
    found: &lock::Executable,
    reason: &str,
) -> Option<String> {
    let before = shown(entry, item);
    if !entry.take(item, found) {
        return None;
    }
    let now = shown(entry, item);
    if let Some(value) = now.as_ref().filter(|_| before == now) {
        return Some(format!("{value}, as before"));
    }
    match now {
        Some(_) => entry.reasons.insert(item.to_string(), reason.to_owned()),
        None => entry.reasons.remove(&item.to_string()),
    };
    let words = |text: Option<String>| text.unwrap_or_else(|| "not there".into());
    Some(format!("{} -> {}", words(before), words(now)))
}

fn shown(entry: &lock::Executable, item: &Item) -> Option<String> {
    let bytes = entry.sizes().get(item).map(|size| format!("{size} B"));
    bytes.or_else(|| entry.facts().get(item).cloned())
}
