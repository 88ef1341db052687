//! A verdict in, the entry of the lock that it is out.

use std::path::PathBuf;

use super::programs::Program;
use crate::command::{Session, lock_file};
use crate::error::{Error, Kind, Result};
use crate::lock::{FILE, Lock, Proof};
use crate::report::prove::Report;

/// Where the proof goes.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The lock.
    pub path: PathBuf,
    /// The platform.
    pub key: String,
}

/// Writes what was found of the profile; returns what to say. Fails with [`Kind::Usage`] where the lock holds nothing of the
/// platform.
pub fn accept(
    report: &Report,
    entry: &Entry,
    with: &Program,
    session: &Session<'_>,
) -> Result<String> {
    let mut lock: Lock = lock_file::load(&entry.path, &session.cwd)?.unwrap_or_default();
    let target = lock.targets.get_mut(&entry.key).ok_or_else(|| {
        let message = format!("`{FILE}` holds nothing of {}", entry.key);
        Error::new(Kind::Usage, message).hint("run `gobuild-opt accept` first")
    })?;
    let (Some(package), Some(profile), Some(found)) =
        (&with.package, &with.profile, report.comparisons.first())
    else {
        return Err(not_a_profile());
    };
    let outcome = serde_json::to_value(found.outcome).unwrap_or_default();
    let machine = &report.machine;
    let proof = Proof {
        outcome: outcome.as_str().unwrap_or_default().to_owned(),
        verdict: found.sentence.clone(),
        profile: profile.clone(),
        workload: report.workload.clone(),
        pairs: found.pairs as u64,
        seed: report.seed,
        machine: format!(
            "{}, {} x {}",
            machine.platform,
            machine.processors,
            machine.processor.as_deref().unwrap_or("unknown processor")
        ),
    };
    target.proofs.insert(package.clone(), proof);
    lock_file::save(&lock, &entry.path, &session.interrupt)?;
    Ok(format!(
        "{FILE} holds the proof of the profile of {package}"
    ))
}

/// The error of `--accept` where no profile is the question.
pub fn not_a_profile() -> Error {
    Error::new(Kind::Usage, "`--accept` is for the proof of a profile, and none is the question")
        .hint("leave out `--variant`, `--against` and executables: the build is held against itself without its profile")
}
