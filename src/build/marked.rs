//! Directories of ours in places that are not: each holds a file whose name says so, and is locked while its run lives.
//! Nothing else is removed there, whatever its name is.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use super::journal;
use crate::error::Result;
use crate::process::Interrupt;

/// How the names of our directories begin.
const PREFIX: &str = ".gobuild-opt-";
/// The file that makes a directory ours. It comes first and goes last.
const MARK: &str = "made-by-gobuild-opt";
/// How long one may be empty before it counts as left behind: the mark comes at once.
const BIRTH: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A directory of ours, for nobody else to look into. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Marked {
    path: PathBuf,
    keep: bool,
    _lock: Option<File>,
}

impl Marked {
    /// Makes one in `parent`.
    pub(crate) fn create(parent: &Path) -> std::io::Result<Self> {
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        let lock = open_directory(made.path())?;
        // Who looks for what was left holds it for a moment.
        while let Err(Errno::WOULDBLOCK) = try_lock(&lock) {
            std::thread::sleep(POLL);
        }
        File::create_new(made.path().join(MARK))?;
        Ok(Self {
            path: made.keep(),
            keep: false,
            _lock: Some(lock),
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the directory: the next run needs what is in it.
    pub(crate) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        if !self.keep {
            // A failure leaves files that the next run removes.
            let _ = remove_all(&self.path);
        }
    }
}

/// Removes what dead runs left in `parent`; what one of them was about to publish is taken back first.
///
/// Fails with [`crate::error::Kind::Machine`] where that is not possible.
pub(crate) fn clear(parent: &Path, interrupt: &Interrupt) -> Result<()> {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            clear_one(&entry.path(), interrupt)?;
        }
    }
    Ok(())
}

/// As [`clear`], for one directory, which may be anything. Returns whether it is gone or was never ours.
pub(crate) fn clear_one(path: &Path, interrupt: &Interrupt) -> Result<bool> {
    if !has_our_name(path) {
        return Ok(true);
    }
    let Ok(lock) = open_directory(path) else {
        return Ok(!path.exists());
    };
    loop {
        match try_lock(&lock) {
            Ok(()) => break,
            // Somebody else takes back what is in it: until that is done nobody may publish.
            Err(Errno::WOULDBLOCK) if journal::is_in(path) => interrupt.sleep(POLL)?,
            // Its run lives, or the file system has no locks.
            Err(_) => return Ok(false),
        }
    }
    if !is_same(&lock, path) {
        return Ok(true);
    }
    if !is_file(&path.join(MARK)) {
        forget_empty(path);
        return Ok(true);
    }
    journal::roll_back(path)?;
    Ok(remove_all(path).is_ok())
}

/// One that was killed before it had its mark. What is in use, and what holds anything, stays.
fn forget_empty(path: &Path) {
    let age = fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = age.ok().and_then(|time| time.elapsed().ok());
    if age.is_some_and(|age| age > BIRTH) {
        let _ = fs::remove_dir(path);
    }
}

/// What the program that makes such names makes of them: six letters and digits behind the prefix.
fn has_our_name(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    let random = name.and_then(|name| name.strip_prefix(PREFIX));
    random.is_some_and(|random| {
        random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_file())
}

/// The mark goes last: whoever is killed here leaves a directory that is still ours.
fn remove_all(path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == MARK {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_file(path.join(MARK))?;
    fs::remove_dir(path)
}

/// A directory to lock; no link, and nothing that an open could wait for.
pub(crate) fn open_directory(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    File::options()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Locks a directory, so that no lock file is left. Fails with [`Errno::WOULDBLOCK`] when another run has it.
pub(crate) fn try_lock(directory: &File) -> Result<(), Errno> {
    rustix::fs::flock(directory, FlockOperation::NonBlockingLockExclusive)
}

/// Whether that is still what the name stands for.
pub(crate) fn is_same(file: &File, path: &Path) -> bool {
    let key = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().map(key).ok() == path.metadata().map(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clear(place: &Path) {
        super::clear(place, &Interrupt::default()).unwrap();
    }

    #[test]
    fn only_what_is_marked_and_free_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let living = Marked::create(place.path()).unwrap();
        let dead = Marked::create(place.path()).unwrap();
        fs::create_dir_all(dead.path().join("tmp/go-build1")).unwrap();
        let left = dead.path().to_path_buf();
        dead.keep();
        for name in [
            ".gobuild-opt-notes",
            ".gobuild-opt-abc123",
            ".gobuild-opt-abcdef",
        ] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join("mine"), "text").unwrap();
        }
        fs::write(at(".gobuild-opt-file01"), "text").unwrap();
        fs::create_dir(at(".gobuild-opt-empty0")).unwrap();
        std::os::unix::fs::symlink(at(".gobuild-opt-notes"), at(".gobuild-opt-link00")).unwrap();
        clear(place.path());
        assert!(!left.exists(), "what a dead run left is removed");
        assert!(living.path().join(MARK).is_file());
        for name in [
            ".gobuild-opt-notes/mine",
            ".gobuild-opt-abc123/mine",
            ".gobuild-opt-abcdef/mine",
            ".gobuild-opt-file01",
            ".gobuild-opt-empty0",
            ".gobuild-opt-link00",
        ] {
            assert!(at(name).exists(), "{name} is not ours");
        }
        let old = std::time::SystemTime::now() - 2 * BIRTH;
        let empty = File::open(at(".gobuild-opt-empty0")).unwrap();
        empty.set_modified(old).unwrap();
        clear(place.path());
        assert!(!at(".gobuild-opt-empty0").exists());
    }

    #[test]
    fn nobody_else_looks_into_it() {
        let place = tempfile::tempdir().unwrap();
        let marked = Marked::create(place.path()).unwrap();
        let mode = marked.path().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(marked);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
