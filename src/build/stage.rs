//! A private directory on the file system of the outputs: commands write into it, and what is good
//! is renamed out of it.
//!
//! It stands in the build cache where that is on the same file system, and only otherwise beside the
//! outputs: these may be in a package whose `//go:embed *` would take it in.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::marked::{self, Marked, is_same, open_directory, try_lock};
use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

const POLL: Duration = Duration::from_millis(50);
/// Others hold the directory of all stages for a moment only: a longer wait is worth a line.
const MOMENT: Duration = Duration::from_secs(2);

/// A staging directory. Dropping it removes it, and the output directories that were made for
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    directory: Option<Marked>,
    go_tmp: Option<Marked>,
    /// Output directories that did not exist before, outermost first.
    made: Vec<PathBuf>,
    keep_made: bool,
    _locks: Vec<File>,
}

/// Where a stage may be.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Where<'a> {
    /// The directory of the outputs; `None` when nothing is kept.
    pub(crate) outputs: Option<&'a Path>,
    /// Go's build cache.
    pub(crate) cache: Option<&'a Path>,
    /// The user's GOTMPDIR.
    pub(crate) go_tmp: Option<&'a Path>,
}

impl Stage {
    /// A staging directory, and the output directory where it is missing.
    ///
    /// Another run that writes to the same outputs is waited for (`wait`), after `talk` said so.
    /// What a run that was killed left behind is removed. Fails with [`Kind::Machine`] when the
    /// outputs cannot be written.
    pub(crate) fn create(
        place: Where<'_>,
        wait: bool,
        interrupt: &Interrupt,
        talk: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let mut stage = Self::default();
        // A directory that is missing is made when all is well: an empty one may break a `//go:embed *`.
        let outputs = place.outputs.map(existing);
        if let Some(outputs) = outputs {
            stage.occupy(outputs, wait, interrupt, talk)?;
        }
        let place = Where { outputs, ..place };
        let parent = parent(place);
        let failed = |error: std::io::Error| {
            let message = format!("cannot make a staging directory in `{}`", parent.display());
            Error::new(Kind::Machine, message).source(error)
        };
        // While we hold the parent, nobody takes a stage that has no lock yet for a stale one.
        let _parent = match place.outputs == Some(&parent) {
            true => None,
            false => hold(&parent, interrupt, talk)?,
        };
        marked::clear(&parent, interrupt)?;
        let directory = Marked::create(&parent).map_err(failed)?;
        interrupt.warden.keep_directory(directory.path());
        // git does not look below: our files never make the tree dirty while go stamps the version.
        std::fs::write(directory.path().join(".gitignore"), "*\n").map_err(failed)?;
        std::fs::create_dir(directory.path().join("tmp")).map_err(failed)?;
        stage.directory = Some(directory);
        if let Some(theirs) = place.go_tmp {
            stage.go_tmp = Some(below_go_tmp(theirs, interrupt)?);
        }
        Ok(stage)
    }

    /// Makes, locks and tries the output directory.
    fn occupy(
        &mut self,
        outputs: &Path,
        wait: bool,
        interrupt: &Interrupt,
        talk: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let shown = outputs.display();
        if let Some(lock) = locked(outputs, wait, interrupt, talk)? {
            marked::clear(outputs, interrupt)?;
            self._locks.push(lock);
        }
        tempfile::tempfile_in(outputs).map(drop).map_err(|error| {
            let message = format!("cannot write to the output directory `{shown}`");
            Error::new(Kind::Machine, message).source(error)
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.directory.as_ref().map_or(Path::new(""), Marked::path)
    }

    /// Where go keeps its work directories (GOTMPDIR): on the file system of the outputs, so that
    /// go renames instead of copying, and gone with us when go is killed.
    pub(crate) fn go_tmp(&self) -> PathBuf {
        match &self.go_tmp {
            Some(theirs) => theirs.path().to_path_buf(),
            None => self.path().join("tmp"),
        }
    }

    /// Makes the output directory where it is missing. Fails with [`Kind::Machine`].
    pub(crate) fn make_outputs(&mut self, outputs: &Path) -> Result<()> {
        let made = make(outputs)?;
        // Nobody waits for us at the directory above it any more.
        if let Some(lock) = made.last().and_then(|path| open_directory(path).ok()) {
            let _ = try_lock(&lock);
            self._locks.push(lock);
        }
        self.made.extend(made);
        Ok(())
    }

    /// Whether the output directory was made for this run.
    pub(crate) fn made_outputs(&self) -> bool {
        !self.made.is_empty()
    }

    /// Something was published: directories that were made stay.
    pub(crate) fn keep_outputs(&mut self) {
        self.keep_made = true;
    }
}

/// A directory of ours in the user's GOTMPDIR.
fn below_go_tmp(theirs: &Path, interrupt: &Interrupt) -> Result<Marked> {
    marked::clear(theirs, interrupt)?;
    let made = Marked::create(theirs).map_err(|error| {
        let message = format!("cannot write to GOTMPDIR `{}`", theirs.display());
        Error::new(Kind::Machine, message).source(error)
    })?;
    interrupt.warden.keep_directory(made.path());
    Ok(made)
}

/// Waits for the output directory and locks it. `None` where there is none, or on a file system without locks.
fn locked(
    outputs: &Path,
    wait: bool,
    interrupt: &Interrupt,
    talk: &mut dyn FnMut(&str),
) -> Result<Option<File>> {
    let shown = outputs.display();
    let mut told = false;
    loop {
        interrupt.check()?;
        let Ok(file) = open_directory(outputs) else {
            return Ok(None);
        };
        match try_lock(&file) {
            // The run before us may have removed the directory.
            Ok(()) if !is_same(&file, outputs) => continue,
            Ok(()) => return Ok(Some(file)),
            Err(Errno::WOULDBLOCK) if wait => {}
            Err(Errno::WOULDBLOCK) => {
                let message = format!("another run writes to `{shown}`");
                return Err(Error::new(Kind::Machine, message)
                    .hint("run again without `--no-wait` to wait for it"));
            }
            Err(_) => return Ok(None),
        }
        if !std::mem::replace(&mut told, true) {
            talk(&format!("waiting for another run that writes to `{shown}`"));
        }
        interrupt.sleep(POLL)?;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A failure leaves files that the next run removes.
        drop(self.directory.take());
        drop(self.go_tmp.take());
        if !self.keep_made {
            unmake(&self.made);
        }
    }
}

/// The nearest directory upward that is there.
fn existing(directory: &Path) -> &Path {
    directory
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(directory)
}

/// Makes a directory with its parents; returns those that were missing.
fn make(directory: &Path) -> Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = directory
        .ancestors()
        .take_while(|path| !path.exists())
        .map(Path::to_path_buf)
        .collect();
    std::fs::create_dir_all(directory).map_err(|error| {
        Error::new(
            Kind::Machine,
            format!("cannot make the output directory `{}`", directory.display()),
        )
        .source(error)
    })?;
    Ok(missing.into_iter().rev().collect())
}

fn unmake(made: &[PathBuf]) {
    for directory in made.iter().rev() {
        // Not empty: somebody else put something there.
        let _ = std::fs::remove_dir(directory);
    }
}

/// Locks a directory for a moment, waiting for whoever has it. `None` where that does not work.
fn hold(
    directory: &Path,
    interrupt: &Interrupt,
    talk: &mut dyn FnMut(&str),
) -> Result<Option<File>> {
    let Ok(file) = open_directory(directory) else {
        return Ok(None);
    };
    let start = Instant::now();
    let mut said = false;
    loop {
        match try_lock(&file) {
            Ok(()) => return Ok(Some(file)),
            Err(Errno::WOULDBLOCK) => {}
            Err(_) => return Ok(None),
        }
        if start.elapsed() > MOMENT && !std::mem::replace(&mut said, true) {
            let shown = directory.display();
            talk(&format!("waiting for whoever holds a lock on `{shown}`"));
        }
        interrupt.sleep(POLL)?;
    }
}

/// The build cache where it is on the file system of the outputs, otherwise the outputs.
fn parent(place: Where<'_>) -> PathBuf {
    let ours = place.cache.map(|path| path.join("gobuild-opt"));
    let usable = ours.filter(|path| std::fs::create_dir_all(path).is_ok());
    let device = |path: &Path| path.metadata().map(|metadata| metadata.dev()).ok();
    match (usable, place.outputs) {
        (Some(cache), None) => cache,
        (Some(cache), Some(outputs)) if device(&cache) == device(outputs) => cache,
        (_, Some(outputs)) => outputs.to_path_buf(),
        (None, None) => std::env::temp_dir(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(directory: &Path, wait: bool) -> Result<Stage> {
        let place = Where {
            outputs: Some(directory),
            ..Where::default()
        };
        Stage::create(place, wait, &Interrupt::default(), &mut |_| {})
    }

    #[test]
    fn nothing_is_left_when_nothing_was_published() {
        let place = tempfile::tempdir().unwrap();
        let outputs = place.path().join("a/b");
        let mut stage = create(&outputs, true).unwrap();
        stage.make_outputs(&outputs).unwrap();
        assert!(outputs.exists());
        drop(stage);
        assert!(!place.path().join("a").exists());
    }

    #[test]
    fn a_second_run_does_not_get_in() {
        let place = tempfile::tempdir().unwrap();
        let _first = create(place.path(), true).unwrap();
        let error = create(place.path(), false).unwrap_err();
        assert!(
            error.message.starts_with("another run writes to"),
            "{error}"
        );
    }

    #[test]
    fn what_a_killed_run_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let stale = Marked::create(place.path()).unwrap();
        let left = stale.path().to_path_buf();
        std::fs::create_dir(left.join("tmp")).unwrap();
        stale.keep();
        let stage = create(place.path(), true).unwrap();
        assert!(!left.exists());
        assert!(stage.path().exists());
    }

    #[test]
    fn a_signal_ends_the_wait_for_the_place_of_all_stages() {
        let (outputs, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let stages = cache.path().join("gobuild-opt");
        std::fs::create_dir(&stages).unwrap();
        let theirs = File::open(&stages).unwrap();
        try_lock(&theirs).unwrap();
        let interrupt = Interrupt::default();
        let place = Where {
            outputs: Some(outputs.path()),
            cache: Some(cache.path()),
            go_tmp: None,
        };
        let error = std::thread::scope(|scope| {
            let waits = scope.spawn(|| Stage::create(place, true, &interrupt, &mut |_| {}));
            std::thread::sleep(2 * POLL);
            assert!(!waits.is_finished());
            interrupt
                .signal
                .store(15, std::sync::atomic::Ordering::SeqCst);
            waits.join().unwrap().unwrap_err()
        });
        assert_eq!(error.kind, Kind::Signal(15));
    }
}
