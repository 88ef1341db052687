//! Finds what the lock accepts of an executable.

use crate::gate::Cause;
use crate::lock::{Executable, Lock};

/// The entry of an executable in the lock, or why none counts.
pub(crate) type Accepted<'a> = Result<&'a Executable, Cause>;

/// The entry of a main package on a platform, for a build by this Go.
pub(crate) fn accepted_entry<'a>(
    lock: Option<&'a Lock>,
    key: &str,
    package: &str,
    go: &str,
) -> Accepted<'a> {
    let platform = lock.ok_or(Cause::NoLock)?.targets.get(key);
    let entry = platform.and_then(|target| Some((target, target.executables.get(package)?)));
    match entry {
        Some((platform, _)) if platform.go != go => Err(Cause::OtherGo {
            lock: platform.go.clone(),
            this: go.to_owned(),
        }),
        Some((_, entry)) => Ok(entry),
        None => Err(Cause::NoEntry {
            what: format!("{package} on {key}"),
        }),
    }
}
