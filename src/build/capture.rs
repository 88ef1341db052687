//! What the compiler printed while it compiled a release: written by `gobuild-opt toolexec`, found again by action ID.
//!
//! A capture is `ACTION.gz` beside Go's build cache: the line `# import/path` and the compiler's own words, unchanged.
//! An action ID stands for all that decides about a compile, so a capture never gets old. It is written aside and
//! renamed, and checked when it is read: one that is damaged is as good as none.

pub mod toolexec_call;

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

pub(super) use super::DRAFT;
use crate::input;
use crate::plan::toolexec::is_action;

/// The most that the captures may take beside the build cache, in bytes: those of a package are a few kilobytes. What was not
/// used for longest goes first.
pub(crate) const LIMIT: u64 = 128 << 20;

/// The longest text of a package that is kept, in bytes.
const LONGEST: u64 = 64 << 20;

/// A file to be written in a store of everybody who shares the build cache, under the name of a draft; `None` where the disk
/// does not take it.
pub(super) fn draft(store: &Path) -> Option<tempfile::NamedTempFile> {
    std::fs::create_dir_all(store).ok()?;
    tempfile::Builder::new()
        .prefix(DRAFT)
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(store)
        .ok()
}

/// How old a draft is that nobody writes any more.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

/// How exactly the last use of a capture is known.
const USED: Duration = Duration::from_secs(3600);

/// A capture.
#[derive(Debug)]
pub(crate) struct Capture {
    /// The header and the compiler's words.
    pub(crate) text: Vec<u8>,
    /// When it was written or used.
    pub(crate) time: SystemTime,
}

fn path(store: &Path, action: &str) -> Option<PathBuf> {
    is_action(action).then(|| store.join(format!("{action}.gz")))
}

/// The capture of an action, if there is one and it is whole. One that is damaged is removed.
pub(crate) fn read(store: &Path, action: &str) -> Option<Capture> {
    let path = path(store, action)?;
    let file = input::open(&path).ok()?;
    let time = file.metadata().and_then(|metadata| metadata.modified());
    let time = time.unwrap_or(SystemTime::UNIX_EPOCH);
    let mut packed = Vec::new();
    (&file).take(LONGEST).read_to_end(&mut packed).ok()?;
    let Some(text) = unpack(&packed) else {
        let _ = std::fs::remove_file(&path);
        return None;
    };
    let now = SystemTime::now();
    if now.duration_since(time).is_ok_and(|age| age > USED) {
        // So that what is used stays.
        let _ = file.set_modified(now);
    }
    Some(Capture { text, time })
}

/// The text of a gzip file that is complete, whose checksum is right and behind which nothing stands.
fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = GzDecoder::new(packed);
    let mut text = Vec::new();
    decoder
        .by_ref()
        .take(LONGEST + 1)
        .read_to_end(&mut text)
        .ok()?;
    let whole = decoder.into_inner().is_empty() && text.len() as u64 <= LONGEST;
    let text = whole.then_some(text)?;
    (text.starts_with(b"# ") && text.ends_with(b"\n")).then_some(text)
}

/// Keeps what the compiler printed of a package under the name of an action. A disk that is full now is no reason to fail.
pub(super) fn keep(store: &Path, package: &str, action: &str, text: &[u8]) {
    let write = || {
        let mut encoder = GzEncoder::new(draft(store)?, Compression::fast());
        let parts = [b"# ", package.as_bytes(), b"\n", text];
        let written = parts.iter().try_for_each(|part| encoder.write_all(part));
        let file = written.and_then(|()| encoder.finish()).ok()?;
        file.persist(path(store, action)?).ok()
    };
    if text.len() as u64 + 1024 < LONGEST {
        drop(write());
    }
}

/// So that what is used stays.
pub(super) fn touch(path: &Path) {
    let time = path.metadata().and_then(|metadata| metadata.modified());
    let now = SystemTime::now();
    let old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > USED);
    if time.is_ok_and(old)
        && let Ok(file) = std::fs::File::options().append(true).open(path)
    {
        let _ = file.set_modified(now);
    }
}

/// Whether captures can be written. Makes the directory.
pub(crate) fn try_store(store: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(store)?;
    tempfile::Builder::new()
        .prefix(DRAFT)
        .tempfile_in(store)
        .map(drop)
}

/// Removes what was not used for longest until the rest is below `limit`, and what runs that were killed left.
/// `stores` is the directory of all stores; what cannot be removed stays.
pub(crate) fn trim(stores: &Path, limit: u64) {
    let mut files = captures(stores);
    let mut sum: u64 = files.iter().map(|file| file.1).sum();
    if sum <= limit {
        return;
    }
    files.sort();
    // Somewhat below, so that not every run has something to remove.
    for (_, size, path) in files {
        if sum <= limit / 10 * 9 {
            break;
        }
        if std::fs::remove_file(path).is_ok() {
            sum -= size;
        }
    }
}

/// All captures: when each was used, its bytes and its path. Removes what runs that were killed left.
fn captures(stores: &Path) -> Vec<(SystemTime, u64, PathBuf)> {
    let list = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut files = Vec::new();
    for entry in list(stores).flat_map(|entry| list(&entry.path()).collect::<Vec<_>>()) {
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let time = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if !entry.file_name().to_string_lossy().starts_with(DRAFT) {
            files.push((time, metadata.len(), entry.path()));
        } else if time.elapsed().is_ok_and(|age| age > ABANDONED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    files
}

#[cfg(test)]
mod tests;
