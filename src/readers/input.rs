//! Files that somebody else supplies: regular ones only, opened without waiting, read up to a bound.
//!
//! A name in a repository may stand for a FIFO that nobody writes to, a device that never ends, or a file of terabytes.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// No text that people write is longer: configurations, locks, lists of checksums, go.mod.
pub const TEXT: u64 = 16 << 20;
/// No source file is longer.
pub const SOURCE: u64 = 64 << 20;

/// Opens a regular file. Fails for everything else, without waiting for whoever is at its other end.
pub fn open(path: &Path) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let about = file.metadata()?;
    match about.is_file() {
        true => Ok(file),
        false if about.is_dir() => Err(ErrorKind::IsADirectory.into()),
        false => Err(Error::new(
            ErrorKind::InvalidInput,
            "it is not a regular file",
        )),
    }
}

/// The bytes of a regular file. Fails with [`ErrorKind::FileTooLarge`] where there are more than `limit`.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let too_large = || {
        let why = format!("it is larger than {} MiB", limit >> 20);
        Error::new(ErrorKind::FileTooLarge, why)
    };
    let size = file.metadata()?.len();
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    // Files of /proc have no size, and one may grow while it is read.
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

/// The text of a regular file. Fails as [`read`] does, and with [`ErrorKind::InvalidData`] where it is not UTF-8.
pub fn text(path: &Path, limit: u64) -> Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Whether a YAML file is nested deeper than people nest it: a parser has a frame of its stack for each level.
pub fn is_deep_yaml(text: &str) -> bool {
    let opens = |text: &&str| matches!(*text, "-" | "?" | ":");
    text.lines().any(|line| {
        let indented = line.len() - line.trim_start().len();
        let brackets = line.matches(['[', '{']).count();
        indented > 200 || brackets > 200 || line.split_whitespace().take_while(opens).count() > 16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_bound_are_read() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let why = |name: &str| read(&at(name), 1 << 20).unwrap_err().to_string();
        std::fs::write(at("file"), "text").unwrap();
        assert_eq!(text(&at("file"), 4).unwrap(), "text");
        std::fs::write(at("odd"), b"\xff").unwrap();
        assert_eq!(
            text(&at("odd"), 4).unwrap_err().kind(),
            ErrorKind::InvalidData
        );
        let made = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(made.unwrap().success());
        assert_eq!(why("fifo"), "it is not a regular file");
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        assert_eq!(why("zero"), "it is not a regular file");
        assert_eq!(why("."), "is a directory");
        File::create(at("sparse"))
            .unwrap()
            .set_len(3 << 40)
            .unwrap();
        assert_eq!(why("sparse"), "it is larger than 1 MiB");
        assert_eq!(why("none"), "No such file or directory (os error 2)");
    }
}
