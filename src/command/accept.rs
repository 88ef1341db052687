//! `accept`: what a fresh run finds becomes the lock, or one entry of it is loosened with a reason.

use super::escape::{self, Pass};
use super::prepare::{Purpose, prepare, prepare_for};
use super::{Output, Session, lock_file};
use crate::build::stage::{Stage, Where};
use crate::build::{self, Event};
use crate::cli;
use crate::config::size::SizeLimit;
use crate::config::{Collect, Config};
use crate::error::{Error, Kind, Result};
use crate::lock::{self, FILE, Lock, Target};
use crate::plan::Typed;
use crate::report::{self, Report};
use crate::{analysis, plan};

/// What is loosened.
#[derive(Debug, PartialEq, Eq)]
enum Item {
    /// A site by its ID.
    Site(String),
    /// The size of an executable by its name; `None`: of every one.
    Size(Option<String>),
}

/// Runs what the items need, and writes the lock.
pub fn run(args: &cli::Accept, session: &mut Session<'_>) -> Result<Output> {
    let (items, typed) = items(&args.typed);
    let reason = reason(args.reason.as_deref(), !items.is_empty())?;
    // Paths and the lock first: a lock that cannot be read costs no build.
    let prepared = prepare_for(&args.settings, &typed, Purpose::Escapes, session)?;
    let path = lock_file::path_of(&prepared);
    let before = lock_file::load(&path, &session.cwd)?;
    let only_sites = !items.is_empty() && items.iter().all(|it| matches!(it, Item::Site(_)));
    let has_mains = prepared
        .facts
        .iter()
        .any(|it| it.packages.iter().any(|it| it.is_named_main()));
    let scope = prepared.loaded.config.escape.scope.clone();
    let config = prepared.loaded.config.clone();
    let (pass, report) = if only_sites || !has_mains {
        (escape::collect(prepared, session)?, None)
    } else {
        let (pass, report) = release(args, &typed, session)?;
        (pass, Some(report))
    };
    let mut lock = before.clone().unwrap_or_default();
    let done = if items.is_empty() {
        let partial = !typed.packages.is_empty();
        let fresh = fresh(&pass, report.as_ref(), &scope);
        everything(&mut lock, fresh, &pass, partial, &config, reason.as_deref())?
    } else {
        loosen(
            &mut lock,
            &items,
            &pass,
            report.as_ref(),
            &scope,
            &reason.unwrap_or_default(),
        )?
    };
    let shown = path.strip_prefix(&session.cwd).unwrap_or(&path).display();
    if Some(&lock) == before.as_ref() {
        return Ok(text(vec![format!("{shown} says all of that already")]));
    }
    lock_file::save(&lock, &path)?;
    let mut lines = vec![format!("wrote {shown}")];
    lines.extend(done);
    Ok(text(lines))
}

fn text(lines: Vec<String>) -> Output {
    Output {
        text: lines
            .iter()
            .map(|it| crate::render::harmless(it) + "\n")
            .collect(),
        ..Output::default()
    }
}

/// Items look like nothing that go takes for a package: ten hexadecimal digits, `size`, `size:NAME`.
fn items(typed: &Typed) -> (Vec<Item>, Typed) {
    let mut typed = typed.clone();
    let mut items = Vec::new();
    typed.packages.retain(|it| {
        let item = it.to_str().and_then(item);
        let is_item = item.is_some();
        items.extend(item);
        !is_item
    });
    (items, typed)
}

fn item(text: &str) -> Option<Item> {
    if text == "size" {
        return Some(Item::Size(None));
    }
    if let Some(name) = text.strip_prefix("size:") {
        return Some(Item::Size(Some(name.to_owned())));
    }
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (text.len() == 10 && text.chars().all(hex)).then(|| Item::Site(text.to_owned()))
}

fn reason(given: Option<&str>, required: bool) -> Result<Option<String>> {
    let given = given.map(str::trim).filter(|it| !it.is_empty());
    match given {
        None if required => Err(Error::new(Kind::Usage, "to loosen an entry takes a reason")
            .hint("add `--reason TEXT`: it stands in the lock, for whoever reads it")),
        given => Ok(given.map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))),
    }
}

/// A release that publishes nothing and compares with nothing.
fn release(args: &cli::Accept, typed: &Typed, session: &mut Session<'_>) -> Result<(Pass, Report)> {
    let start = std::time::Instant::now();
    let mut prepared = prepare(&args.settings, typed, session)?;
    if prepared.loaded.config.escape.collect == Collect::Off {
        prepared.loaded.config.escape.collect = Collect::Auto;
    }
    prepared.loaded.config.compare.baseline = "off".into();
    let show = &mut *session.show;
    let stage = Stage::create(Where::default(), true, &session.interrupt, &mut |line| {
        show(Event::Talk(line));
    })?;
    let config = prepared.loaded.config;
    let plan = plan::draw(
        &config,
        &prepared.loaded.origins,
        &prepared.typed,
        prepared.facts,
        prepared.outputs,
        stage.path(),
        session.program.as_deref(),
    )?;
    let mut built = build::execute(&plan, &config, &session.interrupt, session.show)?;
    let artifacts = analysis::analyze(&plan, &built, &session.interrupt)?;
    if let Some(failure) = built.iter().find_map(|it| it.escape_failure.as_ref()) {
        return Err(
            Error::new(Kind::Go, "there is no escape report to accept").detail(failure.clone())
        );
    }
    let report = report::report(&report::Inputs {
        config: &config,
        plan: &plan,
        built: &built,
        artifacts: &artifacts,
        cwd: &session.cwd,
        total: start.elapsed(),
        lock: None,
        now: jiff::Timestamp::now(),
    });
    let escapes = built
        .iter_mut()
        .map(|it| it.escapes.take().unwrap_or_default());
    let escapes: Vec<_> = escapes.collect();
    let found = plan.targets.into_iter().zip(escapes).collect();
    Ok((Pass { found }, report))
}

/// The lock of this run alone.
fn fresh(pass: &Pass, report: Option<&Report>, scope: &str) -> Lock {
    let mut lock = Lock::default();
    for (plan, collected) in &pass.found {
        let target = lock_file::target(&plan.facts, scope, collected);
        lock.targets.insert(report::key(&plan.facts), target);
    }
    for it in report.into_iter().flat_map(|it| &it.targets) {
        if let Some(target) = lock.targets.get_mut(&it.key) {
            target
                .executables
                .insert(it.package.clone(), lock_file::executable(it));
        }
    }
    lock
}

/// Takes over all that was found. What was looser before keeps its reason; what gets looser takes one.
fn everything(
    lock: &mut Lock,
    fresh: Lock,
    pass: &Pass,
    partial: bool,
    config: &Config,
    reason: Option<&str>,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for (key, mut target) in fresh.targets {
        let Some(old) = lock.targets.get(&key) else {
            told.push(format!("{key}: {}", counted(&target)));
            lock.targets.insert(key, target);
            continue;
        };
        let same = old.go == target.go && old.scope == target.scope;
        let loosened = carry(old, &mut target, same, reason);
        let larger = larger(old, &target, config);
        let count = loosened.len() + larger.len();
        if same && count > 0 && reason.is_none() {
            let list: Vec<String> = loosened.iter().chain(&larger).take(20).cloned().collect();
            return Err(Error::new(
                Kind::Usage,
                format!("{count} entries of `{FILE}` would get looser"),
            )
            .detail(list.join("\n"))
            .hint("accept single items, or all of them with `--reason TEXT`"));
        }
        if partial {
            keep_rest(old, &mut target, pass, &key);
        }
        told.push(format!(
            "{key}: {}, {count} looser than before",
            counted(&target)
        ));
        lock.targets.insert(key, target);
    }
    Ok(told)
}

fn counted(target: &Target) -> String {
    let sites: usize = target
        .sites
        .values()
        .map(std::collections::BTreeMap::len)
        .sum();
    format!("{} executables, {sites} sites", target.executables.len())
}

/// Gives sites their old reasons and new ones the new reason; returns the new ones.
fn carry(old: &Target, new: &mut Target, same: bool, reason: Option<&str>) -> Vec<String> {
    let mut loosened = Vec::new();
    for (package, entries) in &mut new.sites {
        for (id, entry) in entries {
            match old.sites.get(package).and_then(|it| it.get(id)) {
                Some(before) => entry.reason.clone_from(&before.reason),
                None if same => {
                    entry.reason = reason.map(str::to_owned);
                    loosened.push(format!(
                        "{id}  {package}.{}: {}",
                        entry.function, entry.expression
                    ));
                }
                None => {}
            }
        }
    }
    loosened
}

/// Sizes that a ratchet would have refused.
fn larger(old: &Target, new: &Target, config: &Config) -> Vec<String> {
    if config.budget.size != Some(SizeLimit::Ratchet) {
        return Vec::new();
    }
    let grown = new.executables.iter().filter_map(|(package, it)| {
        let before = old.executables.get(package)?.size;
        (it.size > before).then(|| format!("size of {package}: {before} -> {}", it.size))
    });
    grown.collect()
}

/// What the lock says of packages and executables that were not built stays.
fn keep_rest(old: &Target, new: &mut Target, pass: &Pass, key: &str) {
    let plans = pass.found.iter().map(|it| &it.0.facts);
    let built: Vec<&str> = plans
        .filter(|it| report::key(it) == key)
        .flat_map(|it| it.packages.iter().map(|it| it.import_path.as_str()))
        .collect();
    for (package, entries) in &old.sites {
        if !built.contains(&package.as_str()) {
            new.sites.insert(package.clone(), entries.clone());
        }
    }
    for (package, it) in &old.executables {
        if !new.executables.contains_key(package) {
            new.executables.insert(package.clone(), it.clone());
        }
    }
}

fn loosen(
    lock: &mut Lock,
    items: &[Item],
    pass: &Pass,
    report: Option<&Report>,
    scope: &str,
    reason: &str,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for item in items {
        let done = match item {
            Item::Site(id) => loosen_site(lock, id, pass, scope, reason)?,
            Item::Size(name) => loosen_size(lock, name.as_deref(), report, reason),
        };
        if done.is_empty() {
            let (what, hint) = match item {
                Item::Site(id) => (
                    format!("site `{id}`"),
                    "`gobuild-opt escape` lists new sites with their IDs",
                ),
                Item::Size(Some(name)) => (
                    format!("executable `{name}`"),
                    "names are those of the report of `release`",
                ),
                Item::Size(None) => (
                    "executable".to_owned(),
                    "run `gobuild-opt accept` first: it writes the lock",
                ),
            };
            return Err(Error::new(
                Kind::Usage,
                format!("there is no {what} in this build and its lock"),
            )
            .hint(hint));
        }
        told.extend(done);
    }
    Ok(told)
}

fn loosen_site(
    lock: &mut Lock,
    id: &str,
    pass: &Pass,
    scope: &str,
    reason: &str,
) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for (plan, collected) in &pass.found {
        let key = report::key(&plan.facts);
        let named = collected.sites.iter().map(|it| lock::named(&it.identity));
        let Some(identity) = named.into_iter().find(|it| lock::id(it) == id) else {
            continue;
        };
        let target = lock.targets.get_mut(&key).ok_or_else(|| {
            Error::new(Kind::Usage, format!("`{FILE}` does not know `{key}` yet"))
                .hint("run `gobuild-opt accept` first: it writes the lock")
        })?;
        let version = &plan.facts.toolchain.version;
        if target.go != *version || target.scope != scope {
            return Err(Error::new(
                Kind::Usage,
                format!(
                    "`{FILE}` is for {}, scope `{}`, and this is {version}, scope `{scope}`",
                    target.go, target.scope
                ),
            )
            .hint("run `gobuild-opt accept` without an item: it writes the lock anew"));
        }
        target.accept(&identity, Some(reason.to_owned()));
        told.push(format!(
            "{key}: {id}  {}.{}: {}",
            identity.package, identity.function, identity.expression
        ));
    }
    Ok(told)
}

fn loosen_size(
    lock: &mut Lock,
    name: Option<&str>,
    report: Option<&Report>,
    reason: &str,
) -> Vec<String> {
    let mut told = Vec::new();
    let wanted =
        |it: &&report::Target| name.is_none_or(|name| name == it.name || name == it.package);
    for it in report.into_iter().flat_map(|it| &it.targets).filter(wanted) {
        let Some(target) = lock.targets.get_mut(&it.key) else {
            continue;
        };
        let mut executable = lock_file::executable(it);
        executable.reason = Some(reason.to_owned());
        told.push(format!(
            "{}: size of {} is {}",
            it.key, it.name, executable.size
        ));
        target.executables.insert(it.package.clone(), executable);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_from_packages() {
        assert_eq!(item("0123456789"), Some(Item::Site("0123456789".into())));
        assert_eq!(item("size:api"), Some(Item::Size(Some("api".into()))));
        for package in [
            "./cmd/api",
            "size/x",
            "0123456789a",
            "01234ABCDE",
            "net/http",
        ] {
            assert_eq!(item(package), None);
        }
    }
}
