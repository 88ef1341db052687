//! Gives go the outputs of the last run; finds from what go linked which executables are the same, and what was
//! compiled into them.

use std::collections::BTreeSet;
use std::panic::resume_unwind;

use super::seed::{self, Candidate, Last, Seed};
use super::seen_links::{self, Linked};
use super::sums;
use super::{Built, barrier};
use crate::error::Result;
use crate::plan::escape_steps::Source;
use crate::plan::output::Executable;
use crate::plan::{StepKind, TargetPlan, scope};
use crate::process::Interrupt;

/// Clears the place where go's links are recorded. Returns what go may find up to date.
pub(crate) fn before(target: &TargetPlan, built: &mut Built) -> Vec<Candidate> {
    seen_links::expect(target);
    built.sources = match captured(target) {
        true => seed::sources(&target.facts, &target.collection.scope),
        false => None,
    };
    seed::candidates(target, built.sources.as_deref())
}

/// Does the work, with go in it, and gives go what it may find up to date: before it begins, or, where go asks us for the
/// version of its linker and so waits for it, while it reads the sources.
pub(crate) fn with_seeds<T>(
    candidates: Vec<Candidate>,
    target: &TargetPlan,
    interrupt: &Interrupt,
    work: impl FnOnce() -> T,
) -> (T, Vec<Seed>) {
    if candidates.is_empty() {
        return (work(), Vec::new());
    }
    let barrier = match captured(target) {
        true => barrier::close(&target.links_dir),
        false => None,
    };
    let Some(barrier) = barrier else {
        let seeds = seed::plant_all(candidates, target, interrupt);
        return (work(), seeds);
    };
    std::thread::scope(|scope| {
        let planting = scope.spawn(move || {
            let seeds = seed::plant_all(candidates, target, interrupt);
            drop(barrier);
            seeds
        });
        let done = work();
        (done, planting.join().unwrap_or_default())
    })
}

/// Reads what go linked, and which of its executables are known by their bytes; `other` is the work that goes on with it. It
/// begins at once where go linked each of them: then nothing of it depends on the bytes.
pub(crate) fn after(
    target: &TargetPlan,
    built: &mut Built,
    interrupt: &Interrupt,
    other: impl FnOnce(&mut Built) -> Result<()>,
) -> Result<()> {
    built.links = seen_links::linked(target);
    built.digests.clear();
    built.known.clear();
    built.confirmed.clear();
    let is_linked = |executable: &Executable| link(&built.links, executable).is_some();
    if target.executables.iter().all(is_linked) {
        let (digests, done) = std::thread::scope(|scope| {
            let reading = scope.spawn(|| digests(target, &[], interrupt));
            let done = other(built);
            (reading.join(), done)
        });
        done?;
        let digests = digests.unwrap_or_else(|panic| resume_unwind(panic));
        note(target, built, digests?);
        return Ok(());
    }
    built.confirmed = confirmed(target, &built.seeds);
    let digests = digests(target, &built.seeds, interrupt)?;
    note(target, built, digests);
    other(built)
}

/// The executables that go looked at and left. Asked before anybody reads them, for reading changes a time.
fn confirmed(target: &TargetPlan, seeds: &[Seed]) -> BTreeSet<String> {
    let names = target.executables.iter().map(|executable| &executable.name);
    let left = |name: &&String| {
        let mut own = seeds.iter().filter(|seed| seed.name == **name);
        own.any(|seed| seed.is_confirmed(&target.release_dir.join(name)))
    };
    names.filter(left).cloned().collect()
}

/// The name and the digest of each executable that is there.
type Digests = Vec<(String, String)>;

fn digests(target: &TargetPlan, seeds: &[Seed], interrupt: &Interrupt) -> Result<Digests> {
    let mut found = Vec::new();
    for executable in &target.executables {
        let staged = target.release_dir.join(&executable.name);
        let mut seeds = seeds.iter().filter(|seed| seed.name == executable.name);
        let known = seeds.find(|seed| seed.is_untouched(&staged));
        let sha256 = match known {
            Some(seed) => Some(seed.last.sha256.clone()),
            None => sums::digest_of(&staged, interrupt)?,
        };
        found.extend(sha256.map(|sha256| (executable.name.clone(), sha256)));
    }
    Ok(found)
}

fn note(target: &TargetPlan, built: &mut Built, digests: Digests) {
    built.digests.extend(digests);
    for executable in &target.executables {
        let sha256 = built.digests.get(&executable.name);
        if sha256.is_some_and(|sha256| seed::is_known(target, executable, sha256)) {
            built.known.insert(executable.name.clone());
        }
    }
}

/// Whether go looked at everything and found it up to date: nothing was compiled, nothing linked.
pub(crate) fn is_up_to_date(target: &TargetPlan, built: &Built) -> bool {
    let is_confirmed = |executable: &Executable| built.confirmed.contains(&executable.name);
    let ran_nothing = built.tools.is_empty() && built.links.is_empty();
    captured(target) && ran_nothing && target.executables.iter().all(is_confirmed)
}

/// Whether go reports what it links.
pub(crate) fn captured(target: &TargetPlan) -> bool {
    matches!(target.collection.source, Source::Capture { .. })
}

fn link<'a>(links: &'a [Linked], executable: &Executable) -> Option<&'a Linked> {
    links
        .iter()
        .find(|linked| linked.package == executable.package)
}

/// The output of the last run that go found up to date.
fn kept<'a>(executable: &Executable, built: &'a Built) -> Option<&'a Seed> {
    let sha256 = built.digests.get(&executable.name)?;
    let mut seeds = built.seeds.iter();
    seeds.find(|seed| seed.name == executable.name && seed.last.sha256 == *sha256)
}

/// Whether the output has the bytes that it should have already.
pub(crate) fn is_published(executable: &Executable, built: &Built) -> bool {
    kept(executable, built).is_some_and(Seed::is_published)
}

/// Whether of every executable of the target the baseline is known, or was linked beside it.
pub(crate) fn has_baseline(target: &TargetPlan, built: &Built) -> bool {
    let has = |executable: &Executable| {
        built.known.contains(&executable.name) || built.twins.contains(&executable.package)
    };
    !target.executables.is_empty() && target.executables.iter().all(has)
}

/// The action of each package whose diagnostics are wanted, as far as go's links show it.
/// `None` where go has to be asked.
pub(crate) fn names(target: &TargetPlan, built: &Built) -> Option<Vec<(String, String)>> {
    let passes = target
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Escape);
    if !captured(target) || passes.count() != 1 {
        return None;
    }
    let mut all = Vec::new();
    for executable in &target.executables {
        all.extend(names_of(executable, built)?);
    }
    all.sort();
    all.dedup();
    let wanted = |path: &str| path != "unsafe" && scope::contains(&target.collection.scope, path);
    let mut packages = target
        .facts
        .packages
        .iter()
        .map(|package| &package.import_path);
    let known = |path: &String| all.binary_search_by(|entry| entry.0.cmp(path)).is_ok();
    packages
        .all(|package| !wanted(package) || known(package))
        .then_some(all)
}

fn names_of(executable: &Executable, built: &Built) -> Option<Vec<(String, String)>> {
    if let Some(link) = link(&built.links, executable) {
        return link.names.clone();
    }
    let kept = kept(executable, built)?;
    // The binary holds a digest of all that was compiled, but not of the words about it.
    let same = built.sources.as_ref() == Some(&kept.last.sources);
    same.then(|| kept.last.names.clone())
}

/// What to record of an executable; `None` where the sources changed meanwhile.
pub(crate) fn last(
    target: &TargetPlan,
    built: &Built,
    executable: &Executable,
    sha256: &str,
) -> Option<Last> {
    let names = names_of(executable, built);
    let sources = built.sources.clone().filter(|before| {
        let linked = link(&built.links, executable).is_some();
        !linked || seed::sources(&target.facts, &target.collection.scope).as_ref() == Some(before)
    });
    if captured(target) && (names.is_none() || sources.is_none()) {
        return None;
    }
    Some(Last {
        sha256: sha256.to_owned(),
        names: names.unwrap_or_default(),
        sources: sources.unwrap_or_default(),
    })
}
