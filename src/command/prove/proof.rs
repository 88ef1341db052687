//! Writes a verdict into the lock, as the entry of a profile.

use std::path::Path;

use super::programs::Program;
use crate::build::publish;
use crate::command::{Session, lock_file};
use crate::error::{Error, Kind, Result};
use crate::lock::{FILE, Lock, Platform, Proof};
use crate::report::proof_report::{Comparison, Report};

/// Fails as [`accept`] would, before anything is measured; and where the lock cannot be written.
pub fn check(lock: &Path, with: &Program, session: &Session<'_>) -> Result<()> {
    publish::try_directory(lock)?;
    let mut read = read(lock, session)?;
    target(&mut read, with).map(drop)
}

fn read(lock: &Path, session: &Session<'_>) -> Result<Lock> {
    Ok(lock_file::load(lock, &session.cwd)?.unwrap_or_default())
}

/// What the lock holds of the platform that the program was built for.
fn target<'a>(lock: &'a mut Lock, with: &Program) -> Result<&'a mut Platform> {
    let key = with.key.as_ref().ok_or_else(not_a_profile)?;
    lock.targets.get_mut(key).ok_or_else(|| {
        let message = format!("`{FILE}` holds nothing of {key}");
        Error::new(Kind::Usage, message).hint("run `gobuild-opt accept` first")
    })
}

/// Writes what was found of the profile; returns what to say. Fails with [`Kind::Usage`] where the lock holds nothing of the
/// platform.
pub fn accept(
    report: &Report,
    path: &Path,
    with: &Program,
    session: &Session<'_>,
) -> Result<String> {
    let mut lock = read(path, session)?;
    let target = target(&mut lock, with)?;
    let (Some(package), Some(profile), Some(found)) =
        (&with.package, &with.profile, report.comparisons.first())
    else {
        return Err(not_a_profile());
    };
    let proof = proof(report, found, profile);
    target.proofs.insert(package.clone(), proof);
    lock_file::save(&lock, path, &session.interrupt)?;
    Ok(format!(
        "{FILE} holds the proof of the profile of {package}"
    ))
}

fn proof(report: &Report, found: &Comparison, profile: &str) -> Proof {
    let outcome = serde_json::to_value(found.outcome).unwrap_or_default();
    let machine = &report.machine;
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    Proof {
        outcome: outcome.as_str().unwrap_or_default().to_owned(),
        verdict: found.sentence.clone(),
        profile: profile.to_owned(),
        workload: report.workload.clone(),
        pairs: found.pairs as u64,
        seed: report.seed,
        machine: format!("{}, {} x {processor}", machine.platform, machine.processors),
        trained: report.trained,
    }
}

/// The error of `--accept` where no profile is the question.
pub fn not_a_profile() -> Error {
    Error::new(Kind::Usage, "`--accept` is for the proof of a profile, and none is the question")
        .hint("leave out `--variant`, `--against` and executables: the build is held against itself without its profile")
}
