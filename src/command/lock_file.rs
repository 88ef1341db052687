//! Where the lock is, and what a run says of itself for it.

use std::path::{Path, PathBuf};

use super::Session;
use crate::analysis::Artifact;
use crate::build::escape_pass::Collected;
use crate::build::publish;
use crate::config::Budget;
use crate::config::layer::Loaded;
use crate::config::size::SizeLimit;
use crate::config::trust;
use crate::error::{Error, Kind, Result};
use crate::facts::Prepared;
use crate::gate::Change;
use crate::input;
use crate::lock::{self, Executable, FILE, Item, Lock, Platform, SizeChange};
use crate::plan::{Facts, Plan, Typed};
use crate::process::Interrupt;
use crate::report;

/// Beside the configuration, else beside go.mod, else where go runs.
pub(crate) fn path(loaded: &Loaded, typed: &Typed, facts: &[Facts]) -> PathBuf {
    let module = facts.first().filter(|facts| facts.toolchain.in_module());
    let module = module.and_then(|facts| Path::new(&facts.toolchain.gomod).parent());
    let directory = match (&loaded.file, module) {
        (Some(_), _) => &loaded.root,
        (None, Some(module)) => module,
        (None, None) => typed.cwd.as_path(),
    };
    directory.join(FILE)
}

/// The path of the lock of a run.
pub(crate) fn path_of(prepared: &Prepared) -> PathBuf {
    path(&prepared.loaded, &prepared.typed, &prepared.facts)
}

/// The lock that a run is held against.
pub(crate) struct Held {
    /// Where the lock of the working tree is, or would be.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) now: Option<Lock>,
    /// The one that judges: that of an earlier revision where its gates do, else that of now.
    pub(crate) judge: Option<Lock>,
    /// Whether the one of now judges, and so may follow what the run finds.
    pub(crate) follows: bool,
}

impl Held {
    /// Reads the locks of a run. Fails as [`load`] does.
    pub(crate) fn of(prepared: &Prepared, session: &Session<'_>) -> Result<Self> {
        let path = path_of(prepared);
        let now = load(&path, &session.cwd)?;
        let earlier = &prepared.earlier;
        Ok(Self {
            judge: earlier.judging(&path, now.clone(), session)?,
            follows: !earlier.judges(),
            now,
            path,
        })
    }

    /// What the working tree does to its gates, since the revision that it started from.
    pub(crate) fn change(
        &self,
        prepared: &Prepared,
        session: &Session<'_>,
    ) -> Result<Option<Change>> {
        let (now, facts) = (self.now.as_ref(), &prepared.facts);
        prepared.earlier.change(&self.path, now, facts, session)
    }

    /// Whether the lock that judges has every executable of a run, from the same Go, so that a few lines compare with it.
    pub(crate) fn has_all(&self, prepared: &Prepared) -> bool {
        let Some(lock) = &self.judge else {
            return false;
        };
        let mut targets = prepared.facts.iter().zip(&prepared.outputs.targets);
        targets.all(|(facts, executables)| {
            let entry = lock.targets.get(&facts.key());
            let entry = entry.filter(|entry| entry.go == facts.toolchain.version);
            let has = |package: &String| {
                entry.is_some_and(|entry| entry.executables.contains_key(package))
            };
            executables
                .iter()
                .all(|executable| has(&executable.package))
        })
    }
}

/// Reads the lock; `None` where there is none. Fails with [`Kind::Usage`] and the line where it cannot be read.
pub(crate) fn load(path: &Path, cwd: &Path) -> Result<Option<Lock>> {
    let shown = path.strip_prefix(cwd).unwrap_or(path).display().to_string();
    let directory = path.parent().unwrap_or(cwd);
    if path.is_symlink() && path.exists() && !trust::is_inside(trust::project(directory), path) {
        let message = format!("the lock `{shown}` is a link that leads out of the project");
        return Err(Error::new(Kind::Usage, message).hint("replace it by the file itself"));
    }
    match input::read(path, input::TEXT) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| {
                Error::new(Kind::Usage, format!("`{shown}` is not UTF-8 text")).hint(
                    "take the file as it was committed, or remove it and run `gobuild-opt accept`",
                )
            })?;
            lock::read(&text, &shown).map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::unreadable("the lock", Path::new(&shown), error)),
    }
}

/// Writes the lock, complete or not at all.
pub(crate) fn save(lock: &Lock, path: &Path, interrupt: &Interrupt) -> Result<()> {
    publish::text(&lock::write(lock), path, interrupt)
}

/// A platform as a run found it, without executables.
pub(crate) fn target(facts: &Facts, scope: &str, collected: &Collected) -> Platform {
    let mut target = Platform {
        go: facts.toolchain.version.clone(),
        scope: scope.to_owned(),
        profiles: report::profiles(facts),
        ..Platform::default()
    };
    for it in collected.listed() {
        if it.identity.class.allocates() {
            target.accept(&lock::named(&it.identity), it.line, None);
        }
    }
    target
}

/// An executable as a run found it.
pub(crate) struct FoundExecutable {
    /// What the lock calls its platform.
    pub(crate) key: String,
    /// The Go version.
    pub(crate) go: String,
    /// The file name.
    pub(crate) name: String,
    /// The import path of its main package.
    pub(crate) package: String,
    /// Its entry, if it is accepted.
    pub(crate) entry: Executable,
}

/// The executables of a run.
pub(crate) fn found(plan: &Plan, artifacts: &[Artifact]) -> Vec<FoundExecutable> {
    let found = |artifact: &Artifact| {
        let facts = &plan.targets[artifact.target].facts;
        FoundExecutable {
            key: facts.key(),
            go: facts.toolchain.version.clone(),
            name: artifact.executable.name.clone(),
            package: artifact.executable.package.clone(),
            entry: artifact.entry(facts),
        }
    };
    artifacts.iter().map(found).collect()
}

/// Makes what has a ratchet follow executables that shrank; returns what changed.
pub(crate) fn tighten(lock: &mut Lock, found: &[FoundExecutable], budget: &Budget) -> Vec<String> {
    let mut changed = Vec::new();
    for it in found {
        let target = lock.targets.get_mut(&it.key);
        let target = target.filter(|target| target.go == it.go);
        let Some(entry) = target.and_then(|lock| lock.executables.get_mut(&it.package)) else {
            continue;
        };
        for change in entry.changes(&it.entry).sizes {
            let (before, after) = (change.before.unwrap_or(0), change.after.unwrap_or(0));
            if after < before && has_ratchet(&change.item, budget) {
                follow(entry, &it.entry, &change);
                let (item, name, key) = (&change.item, &it.name, &it.key);
                changed.push(format!("{item} of {name} {key}: {before} -> {after}"));
            }
        }
    }
    changed
}

/// Takes over what became smaller, with what the lock says beside it.
fn follow(entry: &mut Executable, found: &Executable, change: &SizeChange) {
    entry.take(&change.item, found);
    if change.after.is_none() {
        entry.reasons.remove(&change.item.to_string());
    }
    if change.item == Item::Size {
        entry.sections.clone_from(&found.sections);
    }
}

fn has_ratchet(item: &Item, budget: &Budget) -> bool {
    match item {
        Item::Size => budget.size == Some(SizeLimit::Ratchet),
        Item::Module(path) => {
            report::module_limit(&budget.modules, path) == Some(SizeLimit::Ratchet)
        }
        _ => false,
    }
}
