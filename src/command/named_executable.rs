//! An executable that a command line names.

use std::path::Path;

use crate::binary;
use crate::error::{Error, Kind, Result};

/// The bytes of a file, mapped.
pub(crate) fn open(path: &Path, cwd: &Path) -> Result<binary::Mapped> {
    let full = cwd.join(path);
    let shown = path.display();
    if full.is_dir() {
        return Err(
            Error::new(Kind::Machine, format!("`{shown}` is a directory"))
                .hint("name the executable in it"),
        );
    }
    binary::open(&full).map_err(|mut error| {
        error.message = error
            .message
            .replace(&full.display().to_string(), &shown.to_string());
        error.hint(match full.metadata() {
            Ok(about) if about.is_file() => "build it again, and check the disk",
            Ok(_) => "write it to a file: no executable is read from a pipe or a device",
            Err(_) => "check the path, or build the executable first",
        })
    })
}
