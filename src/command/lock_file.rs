//! Where the lock is, and what a run says of itself for it.

use std::path::{Path, PathBuf};

use super::prepare::Prepared;
use crate::build::escapes::Collected;
use crate::build::publish;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::lock::{self, Executable, FILE, Lock, Target};
use crate::plan::{Facts, Typed};
use crate::report;

/// Beside the configuration, else beside go.mod, else where go runs.
pub fn path(loaded: &Loaded, typed: &Typed, facts: &[Facts]) -> PathBuf {
    let module = facts.first().filter(|it| it.toolchain.in_module());
    let module = module.and_then(|it| Path::new(&it.toolchain.gomod).parent());
    let directory = match (&loaded.file, module) {
        (Some(_), _) => &loaded.root,
        (None, Some(module)) => module,
        (None, None) => typed.cwd.as_path(),
    };
    directory.join(FILE)
}

/// The path of the lock of a run.
pub fn path_of(prepared: &Prepared) -> PathBuf {
    path(&prepared.loaded, &prepared.typed, &prepared.facts)
}

/// Reads the lock; `None` where there is none. Fails with [`Kind::Usage`] and the line where it cannot be read.
pub fn load(path: &Path, cwd: &Path) -> Result<Option<Lock>> {
    let shown = path.strip_prefix(cwd).unwrap_or(path).display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| {
                Error::new(Kind::Usage, format!("`{shown}` is not UTF-8 text")).hint(
                    "take the file as it was committed, or remove it and run `gobuild-opt accept`",
                )
            })?;
            lock::read(&text, &shown).map(Some)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Error::new(Kind::Machine, format!("cannot read `{shown}`")).source(error))
        }
    }
}

/// Writes the lock, complete or not at all.
pub fn save(lock: &Lock, path: &Path) -> Result<()> {
    publish::text(&lock::write(lock), path)
}

/// A platform as a run found it, without executables.
pub fn target(facts: &Facts, scope: &str, collected: &Collected) -> Target {
    let mut target = Target {
        go: facts.toolchain.version.clone(),
        scope: scope.to_owned(),
        profiles: report::profiles(facts),
        ..Target::default()
    };
    for it in &collected.sites {
        if it.identity.class.allocates() {
            target.accept(&lock::named(&it.identity), None);
        }
    }
    target
}

/// An executable as a run found it.
pub fn executable(target: &report::Target) -> Executable {
    let sections = target.sections.iter().filter(|it| it.after > 0);
    Executable {
        size: target.artifact.size,
        reason: None,
        cgo: target.runtime.cgo.iter().cloned().collect(),
        godebug: target.runtime.godebug.clone(),
        sections: sections.map(|it| (it.role.clone(), it.after)).collect(),
    }
}

/// Makes the sizes of a ratchet follow executables that shrank; returns what changed.
pub fn tighten(lock: &mut Lock, targets: &[report::Target]) -> Vec<String> {
    let mut changed = Vec::new();
    for it in targets {
        let target = lock.targets.get_mut(&it.key);
        let Some(entry) = target.and_then(|lock| lock.executables.get_mut(&it.package)) else {
            continue;
        };
        if it.artifact.size < entry.size {
            changed.push(format!(
                "size of {} {}: {} -> {}",
                it.name, it.key, entry.size, it.artifact.size
            ));
            *entry = executable(it);
        }
    }
    changed
}
