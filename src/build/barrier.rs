//! Holds go back until its outputs of the last run are in place: a lock that our `-toolexec` waits for.
//!
//! Go asks the linker for its version, through `-toolexec`, before it looks whether an executable is up to date
//! (`linkActionID` and `useCache`, cmd/go/internal/work). The kernel opens it when its owner ends, however that comes.

use std::fs::File;
use std::path::Path;

/// The file that is locked, beside the records of links.
const NAME: &str = "barrier";

/// Stands beside it once go has come as far.
const REACHED: &str = "reached";

/// A barrier that is closed until it is dropped.
#[derive(Debug)]
pub(crate) struct Closed(#[expect(dead_code, reason = "its lock counts")] File);

/// Closes it. `None` where there are no locks: then nobody waits.
pub(crate) fn close(records: &Path) -> Option<Closed> {
    let file = File::create(records.join(NAME)).ok()?;
    file.lock().ok()?;
    Some(Closed(file))
}

/// Whether go asked for the version of the linker: it has read all sources by then.
pub(crate) fn was_reached(records: &Path) -> bool {
    records.join(REACHED).exists()
}

/// Leaves word that go has come as far, and waits until it is open.
pub(crate) fn pass(records: &Path) {
    drop(File::create(records.join(REACHED)));
    if let Ok(file) = File::open(records.join(NAME)) {
        let _ = file.lock_shared();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_early_waits() {
        let place = tempfile::tempdir().unwrap();
        pass(place.path());
        let closed = close(place.path()).unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pass(place.path()));
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert!(!waits.is_finished());
            drop(closed);
            waits.join().unwrap();
        });
        pass(place.path());
    }
}
