//! Makes the checksum file beside the outputs, and the .gitignore that their directory may need.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::input;
use crate::number::hex;
use crate::process::Interrupt;

/// The name of the checksum file.
pub(crate) const FILE: &str = "SHA256SUMS";

/// The checksum file that is there; empty where there is none.
///
/// Fails with [`Kind::Usage`] where the name is taken by something else: it would be lost.
pub(crate) fn read(path: &Path) -> Result<String> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match input::text(path, input::TEXT) {
        Ok(text) => Ok(text),
        // Where no directory can be, the outputs' own error names it.
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(String::new()),
        Err(error) => Err(Error::new(
            Kind::Usage,
            format!("`{}` is no list of checksums", path.display()),
        )
        .source(error)
        .hint("move it away, or put the outputs into another directory")),
    }
}

/// The text of a checksum file that `sha256sum -c` accepts: the new entries, and those of the
/// file that is there as far as they are still true.
///
/// Fails as [`read`] and [`Interrupt::check`] do.
pub(crate) fn checksums(
    path: &Path,
    entries: &[(String, String)],
    interrupt: &Interrupt,
) -> Result<String> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut lines = BTreeMap::new();
    for line in read(path)?.lines() {
        let Some((digest, name)) = line.split_once("  ") else {
            continue;
        };
        let replaced = entries.iter().any(|(_, it)| it == name);
        if replaced || !is_below(name) {
            continue;
        }
        if digest_of(&directory.join(name), interrupt)?.as_deref() == Some(digest) {
            lines.insert(name.to_owned(), line.to_owned());
        }
    }
    for (digest, name) in entries {
        lines.insert(name.clone(), checksum_line(digest, name));
    }
    Ok(lines.values().map(|line| format!("{line}\n")).collect())
}

/// Somebody else wrote the list: files outside its directory are not read for it.
fn is_below(name: &str) -> bool {
    let below = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    Path::new(name).components().all(below)
}

/// Whether a checksum file speaks of one of these names.
pub(crate) fn lists(text: &str, names: &[(String, String)]) -> bool {
    let listed = |line: &str| {
        line.split_once("  ")
            .is_some_and(|(_, it)| names.iter().any(|(_, name)| name == it))
    };
    text.lines().any(listed)
}

/// SHA-256 of a file in hex; `None` when there is no such file. Fails as [`Interrupt::check`] does.
pub(crate) fn digest_of(path: &Path, interrupt: &Interrupt) -> Result<Option<String>> {
    let mut digest = Sha256::new();
    let Ok(mut file) = input::open(path) else {
        return Ok(None);
    };
    let mut buffer = vec![0; 1 << 16];
    loop {
        interrupt.check()?;
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(hex(&digest.finalize()))),
            Ok(length) => digest.update(&buffer[..length]),
            Err(_) => return Ok(None),
        }
    }
}

/// Whether two files have the same bytes; `false` where one cannot be read. Fails as [`Interrupt::check`] does.
pub(crate) fn are_equal(one: &Path, other: &Path, interrupt: &Interrupt) -> Result<bool> {
    let (Ok(mut one), Ok(mut other)) = (input::open(one), input::open(other)) else {
        return Ok(false);
    };
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        interrupt.check()?;
        let Ok(length) = one.read(&mut ours) else {
            return Ok(false);
        };
        if length == 0 {
            return Ok(matches!(other.read(&mut theirs), Ok(0)));
        }
        let same = other.read_exact(&mut theirs[..length]).is_ok();
        if !same || ours[..length] != theirs[..length] {
            return Ok(false);
        }
    }
}

/// What keeps an output directory that we made out of git, so that what is in it does not make the next build `+dirty`: a
/// file and its text. `None` where there is no repository, or where the directory has a .gitignore.
pub(crate) fn keep_out_of_git(directory: &Path) -> Option<(PathBuf, &'static str)> {
    let file = directory.join(".gitignore");
    let wanted = file.symlink_metadata().is_err()
        && directory.ancestors().any(|path| path.join(".git").exists());
    let text = "# Made by gobuild-opt: binaries here would make the next build +dirty.\n*\n";
    wanted.then_some((file, text))
}

/// coreutils mark a line whose name holds a backslash or a line break with a backslash in front.
fn checksum_line(digest: &str, name: &str) -> String {
    if name.contains(['\\', '\n', '\r']) {
        let escaped = name
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        return format!("\\{digest}  {escaped}");
    }
    format!("{digest}  {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_equal_to_the_last_byte() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (place.path().join("one"), place.path().join("other"));
        let check = |a: &[u8], b: &[u8]| {
            std::fs::write(&one, a).unwrap();
            std::fs::write(&other, b).unwrap();
            are_equal(&one, &other, &Interrupt::default()).unwrap()
        };
        let long = vec![7; 200_000];
        assert!(check(&long, &long) && check(b"", b""));
        assert!(!check(&long, &long[1..]) && !check(&long[1..], &long) && !check(b"", b"a"));
        let mut last = long.clone();
        *last.last_mut().unwrap() = 8;
        assert!(!check(&long, &last));
        let absent = place.path().join("absent");
        assert!(!are_equal(&absent, &one, &Interrupt::default()).unwrap());
    }

    #[test]
    fn checksums_that_are_still_true_stay() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("SHA256SUMS");
        std::fs::write(place.path().join("old"), "").unwrap();
        std::fs::write(place.path().join("changed"), "x").unwrap();
        let outside = tempfile::NamedTempFile::new().unwrap();
        let outside = outside.path().display();
        let empty = hex(&Sha256::digest(b""));
        std::fs::write(
            &path,
            format!("{empty}  old\n{empty}  changed\nbb  gone\ncc  new\n{empty}  {outside}\n"),
        )
        .unwrap();
        let text = checksums(&path, &[("dd".into(), "new".into())], &Interrupt::default());
        assert_eq!(text.unwrap(), format!("dd  new\n{empty}  old\n"));
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_an_empty_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("SHA256SUMS");
        assert_eq!(read(&path).unwrap(), "");
        std::fs::write(&path, b"\x7fELF\xff").unwrap();
        assert_eq!(read(&path).unwrap_err().kind, Kind::Usage);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        let error = read(&path).unwrap_err();
        assert!(
            error.to_string().ends_with("it is not a regular file"),
            "{error}"
        );
    }
}
