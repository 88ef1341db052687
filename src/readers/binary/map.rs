//! Maps a file into memory, so that its bytes are read only when they are needed.

use std::io::ErrorKind;
use std::ops::Deref;
use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::input;

/// A file mapped into memory; it derefs to its bytes.
#[derive(Debug)]
pub struct Mapped {
    map: memmap2::Mmap,
}

impl Mapped {
    /// Gives the memory of what was read back to the system: it is read from the file again where it is needed. Two large
    /// executables need not be in memory at once.
    pub fn forget(&self) {
        // SAFETY: the mapping is of a file and read-only: what is dropped is what the file still has.
        #[cfg(unix)]
        #[allow(unsafe_code)]
        let _ = unsafe {
            self.map
                .unchecked_advise(memmap2::UncheckedAdvice::DontNeed)
        };
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

/// Maps a file for reading.
///
/// Fails with [`Kind::Machine`] when it cannot be opened, is not a regular file, or is empty; the message names the path.
pub fn open(path: &Path) -> Result<Mapped> {
    let shown = path.display();
    let failed = |error: std::io::Error| {
        Error::new(Kind::Machine, format!("cannot read `{shown}`")).source(error)
    };
    let file = match input::open(path) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::IsADirectory
            ) =>
        {
            let message = format!("`{shown}` is not a file");
            return Err(Error::new(Kind::Machine, message));
        }
        opened => opened.map_err(failed)?,
    };
    let about = file.metadata().map_err(failed)?;
    if about.len() == 0 {
        return Err(Error::new(Kind::Machine, format!("`{shown}` is empty")));
    }
    // SAFETY: the mapping is private and read-only. If another process cuts the file short while we read, the system
    // ends us with SIGBUS; every reader of mapped files has that, and copying 150 MB instead would double the time.
    #[allow(unsafe_code)]
    let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(&file) }.map_err(failed)?;
    Ok(Mapped { map })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let message = |path: &Path| {
            let text = open(path).unwrap_err().to_string();
            text.replace(&dir.path().display().to_string(), "DIR")
        };
        assert_eq!(message(dir.path()), "`DIR` is not a file");
        std::fs::write(dir.path().join("empty"), "").unwrap();
        assert_eq!(message(&dir.path().join("empty")), "`DIR/empty` is empty");
        assert!(message(&dir.path().join("none")).starts_with("cannot read `DIR/none`: "));
    }

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc").unwrap();
        let mapped = open(file.path()).unwrap();
        assert_eq!(&*mapped, b"abc");
        mapped.forget();
        assert_eq!(&*mapped, b"abc");
    }
}
