//! Keeps profiles in the build cache, where go gets another one than the user's.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::publish;
use crate::error::{Error, Kind, Result};
use crate::plan::pgo::derive::{self, Derived};
use crate::process::Interrupt;

/// How long a derived profile is kept after its last use.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Writes a derived profile into the build cache, where it is not there yet.
pub(crate) fn keep(derived: &Derived, cache: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(
            Kind::Machine,
            format!("cannot write the profile `{}`", derived.path.display()),
        )
        .source(error)
    };
    if !derived.path.is_absolute() {
        return Err(Error::new(
            Kind::Go,
            "go has no build cache to keep a merged profile in",
        )
        .hint("unset GOCACHE, or set it to a directory"));
    }
    let there = std::fs::read(&derived.path).is_ok_and(|read| read == *derived.bytes);
    if there {
        // Its age counts from the last use.
        let file = std::fs::File::open(&derived.path).map_err(failed)?;
        let _ = file.set_modified(SystemTime::now());
        return Ok(());
    }
    publish::bytes(&derived.bytes, &derived.path, &Interrupt::default())?;
    forget(&derive::directory(cache));
    Ok(())
}

/// Removes profiles that nobody used for long. What cannot be removed stays.
fn forget(all: &Path) {
    for directory in std::fs::read_dir(all).into_iter().flatten().flatten() {
        let newest = std::fs::read_dir(directory.path())
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.metadata().ok()?.modified().ok())
            .max();
        let is_old = newest.is_some_and(|time| time.elapsed().is_ok_and(|age| age > KEPT));
        if is_old {
            let _ = std::fs::remove_dir_all(directory.path());
        }
    }
}
