//! A private directory beside the outputs: commands write into it, and what is good is renamed
//! out of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

const PREFIX: &str = ".gobuild-opt-";

/// A staging directory. Dropping it removes it, and the output directories that were made for
/// nothing.
#[derive(Debug)]
pub struct Stage {
    directory: Option<TempDir>,
    /// Output directories that did not exist before, outermost first.
    made: Vec<PathBuf>,
    keep_made: bool,
    _lock: Option<File>,
}

impl Stage {
    /// A staging directory in `outputs`, which is made when it is missing; without one, in the
    /// system's place for temporary files.
    ///
    /// Another run that writes to the same directory is waited for (`wait`), after `talk` said so.
    /// What a run that was killed left behind is removed. Fails with [`Kind::Machine`] when the
    /// directory cannot be written.
    pub fn create(
        outputs: Option<&Path>,
        wait: bool,
        interrupt: &Interrupt,
        talk: &mut dyn FnMut(&str),
    ) -> Result<Self> {
        let Some(outputs) = outputs else {
            let directory = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            return Self::finish(directory, Vec::new(), None);
        };
        let made = make(outputs)?;
        let lock = match lock(outputs, wait, interrupt, talk) {
            Ok(lock) => lock,
            Err(error) => {
                unmake(&made);
                return Err(error);
            }
        };
        if lock.is_some() {
            remove_stale(outputs);
        }
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(outputs)
            .map_err(|error| {
                unmake(&made);
                Error::new(
                    Kind::Machine,
                    format!(
                        "cannot write to the output directory `{}`",
                        outputs.display()
                    ),
                )
                .source(error)
            })?;
        Self::finish(directory, made, lock)
    }

    fn finish(directory: TempDir, made: Vec<PathBuf>, lock: Option<File>) -> Result<Self> {
        // git does not look below: our files never make the tree dirty while go stamps the version.
        std::fs::write(directory.path().join(".gitignore"), "*\n")?;
        std::fs::create_dir(directory.path().join("tmp"))?;
        Ok(Self {
            directory: Some(directory),
            made,
            keep_made: false,
            _lock: lock,
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// Where go keeps its work directories (GOTMPDIR): on the file system of the outputs, so that
    /// go renames instead of copying, and gone with us when go is killed.
    pub fn go_tmp(&self) -> PathBuf {
        self.path().join("tmp")
    }

    /// Whether the output directory was made for this run.
    pub fn made_outputs(&self) -> bool {
        !self.made.is_empty()
    }

    /// Something was published: directories that were made stay.
    pub fn keep_outputs(&mut self) {
        self.keep_made = true;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A failure leaves files that the next run removes.
        drop(self.directory.take().map(TempDir::close));
        if !self.keep_made {
            unmake(&self.made);
        }
    }
}

/// Makes a directory with its parents; returns those that were missing.
fn make(directory: &Path) -> Result<Vec<PathBuf>> {
    let missing: Vec<PathBuf> = directory
        .ancestors()
        .take_while(|it| !it.exists())
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

/// Locks the directory itself, so that no lock file is left. `None` where the file system has no locks.
fn lock(
    directory: &Path,
    wait: bool,
    interrupt: &Interrupt,
    talk: &mut dyn FnMut(&str),
) -> Result<Option<File>> {
    let Ok(file) = File::open(directory) else {
        return Ok(None);
    };
    let mut told = false;
    loop {
        interrupt.check()?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) if !wait => {
                return Err(Error::new(
                    Kind::Machine,
                    format!("another run writes to `{}`", directory.display()),
                )
                .hint("run again without `--no-wait` to wait for it"));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                if !told {
                    talk(&format!(
                        "waiting for another run that writes to `{}`",
                        directory.display()
                    ));
                    told = true;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(_) => return Ok(None),
        }
    }
}

/// Removes what a killed run left: we hold the lock, so nobody uses it.
fn remove_stale(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && entry.file_type().is_ok_and(|it| it.is_dir()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(directory: &Path, wait: bool) -> Result<Stage> {
        Stage::create(Some(directory), wait, &Interrupt::default(), &mut |_| {})
    }

    #[test]
    fn nothing_is_left_when_nothing_was_published() {
        let place = tempfile::tempdir().unwrap();
        let outputs = place.path().join("a/b");
        drop(create(&outputs, true).unwrap());
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
        let stale = place.path().join(".gobuild-opt-old/tmp");
        std::fs::create_dir_all(&stale).unwrap();
        let stage = create(place.path(), true).unwrap();
        assert!(!stale.exists());
        assert!(stage.path().exists());
    }
}
