//! Renames a set of files, all of them or none, also through a `kill -9` and a loss of power.
//!
//! New and old files lie in a directory of ours beside the outputs, with a list of them, before the first name changes.
//! As long as the list is there, the old files are the truth: who finds it puts them back. It goes when every name has
//! changed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// The list: a line about itself, then a mode, a length, a time and a name for each output, and an end. A zero byte ends each.
const LIST: &str = "journal";
const FIRST: &[u8] = b"gobuild-opt journal 1";
const LAST: &[u8] = b"end";

/// One output of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its file name in the directory of the outputs.
    pub(crate) name: OsString,
    /// Whether there was a file of that name.
    pub(crate) replaces: bool,
    /// Length and time of the new file: what has others by now is not ours to take back.
    stamp: (u64, i64, i64),
}

impl Entry {
    /// An output for which `new(directory, index)` is complete.
    pub(crate) fn new(name: OsString, replaces: bool, new: &Path) -> std::io::Result<Self> {
        Ok(Self {
            name,
            replaces,
            stamp: stamp(new)?,
        })
    }
}

fn stamp(path: &Path) -> std::io::Result<(u64, i64, i64)> {
    let it = path.symlink_metadata()?;
    Ok((it.len(), it.mtime(), it.mtime_nsec()))
}

/// Where the new file of an output waits.
pub(crate) fn new(directory: &Path, index: usize) -> PathBuf {
    directory.join(format!("new-{index}"))
}

/// Where its old file is kept.
pub(crate) fn old(directory: &Path, index: usize) -> PathBuf {
    directory.join(format!("old-{index}"))
}

/// Whether a set was begun in that directory of ours.
pub(crate) fn is_in(directory: &Path) -> bool {
    directory.join(LIST).symlink_metadata().is_ok()
}

/// Writes the list; from here on the old files are put back unless [`end`] comes.
pub(crate) fn begin(directory: &Path, entries: &[Entry]) -> std::io::Result<()> {
    let draft = directory.join("draft");
    let mut file = File::create_new(&draft)?;
    file.write_all(&written(entries))?;
    file.sync_all()?;
    // The files that the list names have to last at least as long as the list.
    sync(directory)?;
    fs::rename(&draft, directory.join(LIST))?;
    sync(directory)?;
    directory.parent().map_or(Ok(()), sync)
}

/// The new files are the truth.
pub(crate) fn end(directory: &Path) -> std::io::Result<()> {
    if let Some(outputs) = directory.parent() {
        sync(outputs)?;
    }
    fs::remove_file(directory.join(LIST))?;
    // It is decided: nothing can be put back any more, whatever becomes of this.
    let _ = sync(directory);
    Ok(())
}

/// Puts the old files back, last one first; nothing where no set was begun.
///
/// Fails with [`Kind::Machine`], the names of what could not be put back, and a hint that says what is where; the list is
/// still there then.
pub(crate) fn roll_back(directory: &Path) -> Result<()> {
    let shown = directory.display();
    let unreadable = |error: std::io::Error| {
        let message = format!("cannot read the list of outputs in `{shown}`");
        Error::new(Kind::Machine, message).source(error).hint("some outputs beside it may be new, others old: it keeps the old files, and the next run tries again")
    };
    let Some(entries) = read(directory).map_err(unreadable)? else {
        return Ok(());
    };
    let failures = put_back_all(directory, &entries);
    if failures.is_empty() {
        return end(directory).map_err(|error| {
            Error::new(Kind::Machine, format!("cannot write to `{shown}`"))
                .source(error)
                .hint(format!(
                    "the old outputs are in their places; the next run removes `{shown}`"
                ))
        });
    }
    let message = "a set of outputs was half published, and old files could not be put back";
    Err(Error::new(Kind::Machine, message)
        .detail(failures.join("\n"))
        .hint(format!(
            "the other outputs are as they were; the old files are in `{shown}`: the next run tries again"
        )))
}

/// Puts the old files back, last one first. Returns what could not be, in the order of the list.
fn put_back_all(directory: &Path, entries: &[Entry]) -> Vec<String> {
    let outputs = directory.parent().unwrap_or(Path::new("."));
    let mut failures = Vec::new();
    for (index, entry) in entries.iter().enumerate().rev() {
        if let Err(error) = put_back(directory, outputs, index, entry) {
            let (output, old) = (outputs.join(&entry.name), old(directory, index));
            let before = match entry.replaces {
                true => format!("the old file is `{}`", old.display()),
                false => "there was no such file before".to_owned(),
            };
            failures.push(format!("`{}`: {error}; {before}", output.display()));
        }
    }
    failures.reverse();
    failures
}

fn put_back(directory: &Path, outputs: &Path, index: usize, entry: &Entry) -> std::io::Result<()> {
    let (new, old) = (new(directory, index), old(directory, index));
    let output = outputs.join(&entry.name);
    // Its name did not change yet, or somebody has changed it since.
    let is_waiting = known(stamp(&new))?.is_some();
    if is_waiting || known(stamp(&output))? != Some(entry.stamp) {
        return Ok(());
    }
    match entry.replaces {
        // Put back already where the old file is gone.
        true if known(stamp(&old))?.is_none() => Ok(()),
        true => fs::rename(&old, &output),
        false => fs::rename(&output, &new),
    }
}

/// `None` for a file that is not there. One that cannot be looked at may be.
fn known<T>(found: std::io::Result<T>) -> std::io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn written(entries: &[Entry]) -> Vec<u8> {
    let mut text = [FIRST, b"\0"].concat();
    for it in entries {
        let mode = if it.replaces { "replaces" } else { "adds" };
        let (length, seconds, nanoseconds) = it.stamp;
        text.extend(format!("{mode} {length} {seconds} {nanoseconds} ").as_bytes());
        text.extend(it.name.as_bytes());
        text.push(0);
    }
    text.extend(LAST);
    text.push(0);
    text
}

/// The list, if there is one and we wrote it.
fn read(directory: &Path) -> std::io::Result<Option<Vec<Entry>>> {
    let path = directory.join(LIST);
    match path.symlink_metadata() {
        // Thousands of the longest names are less.
        Ok(about) if about.is_file() && about.len() < 1 << 24 => Ok(parse(&fs::read(&path)?)),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// `None` where a word or a name is not as we write it: every name stays in the directory.
fn parse(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut lines = bytes.split(|byte| *byte == 0);
    let first = lines.next()? == FIRST;
    let lines: Vec<&[u8]> = lines.collect();
    let [entries @ .., LAST, b""] = lines.as_slice() else {
        return None;
    };
    entries
        .iter()
        .map(|bytes| entry(bytes))
        .collect::<Option<Vec<_>>>()
        .filter(|_| first)
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut words = line.splitn(5, |line| *line == b' ');
    let mut word = || std::str::from_utf8(words.next()?).ok();
    let replaces = match word()? {
        "replaces" => true,
        "adds" => false,
        _ => return None,
    };
    let stamp = (
        word()?.parse().ok()?,
        word()?.parse().ok()?,
        word()?.parse().ok()?,
    );
    let name = OsString::from_vec(words.next()?.to_vec());
    let is_name = Path::new(&name).file_name() == Some(OsStr::new(&name));
    is_name.then_some(Entry {
        name,
        replaces,
        stamp,
    })
}

/// Makes names last through a loss of power. Some file systems cannot: then the files are safe anyway.
pub(crate) fn sync(directory: &Path) -> std::io::Result<()> {
    // One that we may write to, but not read, cannot be opened.
    match File::open(directory).and_then(|file| file.sync_all()) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs `a` (old and new), `b` (new only), and the directory of their set, with a list.
    fn set() -> (tempfile::TempDir, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("set");
        fs::create_dir(&directory).unwrap();
        fs::write(place.path().join("a"), "old").unwrap();
        fs::hard_link(place.path().join("a"), old(&directory, 0)).unwrap();
        for index in [0, 1] {
            fs::write(new(&directory, index), "new").unwrap();
        }
        let entry = |index, name: &str, replaces| {
            Entry::new(name.into(), replaces, &new(&directory, index)).unwrap()
        };
        let entries = [entry(0, "a", true), entry(1, "b", false)];
        begin(&directory, &entries).unwrap();
        assert_eq!(read(&directory).unwrap().as_deref(), Some(&entries[..]));
        (place, directory)
    }

    fn state(place: &Path) -> String {
        let text = |name: &str| fs::read_to_string(place.join(name)).unwrap_or("-".into());
        format!("{} {}", text("a"), text("b"))
    }

    #[test]
    fn whatever_had_changed_is_put_back_twice_as_well_as_once() {
        for changed in 0..3 {
            let (place, directory) = set();
            for (index, name) in ["a", "b"].iter().enumerate().take(changed) {
                fs::rename(new(&directory, index), place.path().join(name)).unwrap();
            }
            let list = fs::read(directory.join(LIST)).unwrap();
            roll_back(&directory).unwrap();
            assert_eq!(state(place.path()), "old -");
            assert!(!is_in(&directory));
            // As if the end had come just before the list went.
            fs::write(directory.join(LIST), list).unwrap();
            roll_back(&directory).unwrap();
            assert_eq!(state(place.path()), "old -");
        }
    }

    #[test]
    fn what_somebody_wrote_since_stays() {
        let (place, directory) = set();
        fs::rename(new(&directory, 0), place.path().join("a")).unwrap();
        fs::rename(new(&directory, 1), place.path().join("b")).unwrap();
        fs::write(place.path().join("a"), "theirs").unwrap();
        roll_back(&directory).unwrap();
        assert_eq!(state(place.path()), "theirs -");
    }

    #[test]
    fn what_cannot_be_put_back_is_named_and_kept() {
        let (place, directory) = set();
        fs::rename(new(&directory, 0), place.path().join("a")).unwrap();
        fs::remove_file(old(&directory, 0)).unwrap();
        // In its place lies what no file replaces.
        fs::create_dir(old(&directory, 0)).unwrap();
        let error = roll_back(&directory).unwrap_err();
        let detail = error.detail.clone().unwrap_or_default();
        assert!(detail.contains("/a`: "), "{detail}");
        let kept = format!("the old file is `{}`", old(&directory, 0).display());
        assert!(detail.contains(&kept), "{detail}");
        assert!(error.hint.unwrap().contains("next run tries again"));
        assert!(is_in(&directory));
        fs::remove_dir(old(&directory, 0)).unwrap();
        fs::write(old(&directory, 0), "old").unwrap();
        roll_back(&directory).unwrap();
        assert_eq!(state(place.path()), "old -");
    }

    #[test]
    fn a_list_of_somebody_else_moves_nothing() {
        let (place, directory) = set();
        let theirs = place.path().join("theirs");
        fs::write(&theirs, "x").unwrap();
        let (length, seconds, nanoseconds) = stamp(&theirs).unwrap();
        for name in ["../theirs", "/etc/passwd", "..", ""] {
            let text = format!("adds {length} {seconds} {nanoseconds} {name}");
            assert_eq!(entry(text.as_bytes()), None, "{name}");
        }
        for text in ["", "gobuild-opt journal 1\0", "other\0end\0"] {
            fs::write(directory.join(LIST), text).unwrap();
            assert_eq!(read(&directory).unwrap(), None, "{text}");
            roll_back(&directory).unwrap();
        }
    }
}
