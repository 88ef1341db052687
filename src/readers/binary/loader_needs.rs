//! Describes what has to be there before the program can run: a loader and shared libraries, or nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::bytes::until_nul;

/// What the system has to find before the program runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Linkage {
    /// Nothing: the file runs by itself.
    Static,
    /// Shared libraries, and on most systems a loader that finds them.
    Dynamic {
        /// The loader that the file names, such as `/lib64/ld-linux-x86-64.so.2`; PE and libraries name none.
        loader: Option<String>,
        /// Libraries that are loaded before it starts, in the order of the file.
        libraries: Vec<String>,
    },
}

/// More libraries than any program names; a damaged table would name millions.
pub(super) const MOST_LIBRARIES: usize = 256;

/// The text before the first NUL, without what would move the cursor of a terminal.
pub(super) fn name(bytes: &[u8]) -> String {
    let clean = |letter: char| {
        if letter.is_control() {
            '\u{fffd}'
        } else {
            letter
        }
    };
    until_nul(bytes).chars().map(clean).collect()
}

impl Linkage {
    /// With a loader, with libraries, or with neither.
    pub(super) fn of(loader: Option<String>, libraries: Vec<String>) -> Self {
        match (&loader, libraries.is_empty()) {
            (None, true) => Self::Static,
            _ => Self::Dynamic { loader, libraries },
        }
    }

    /// In a word, and the libraries where they are few.
    pub fn short(&self) -> String {
        match self {
            Self::Dynamic { libraries, .. } if (1..=2).contains(&libraries.len()) => {
                format!("dynamic, needs {}", libraries.join(", "))
            }
            Self::Dynamic { libraries, .. } if libraries.len() > 2 => {
                format!("dynamic, needs {} libraries", libraries.len())
            }
            Self::Dynamic { .. } => "dynamic".into(),
            Self::Static => "static".into(),
        }
    }

    /// Whether musl's loader is the one it needs; `None` where it needs none, or where the name does not say.
    pub fn libc(&self) -> Option<Libc> {
        let Self::Dynamic { loader, libraries } = self else {
            return None;
        };
        let loader = loader.as_deref().unwrap_or_default();
        let file = loader.rsplit('/').next().unwrap_or_default();
        let needs = |name: &str| libraries.iter().any(|library| library == name);
        match file {
            _ if file.starts_with("ld-musl-") => Some(Libc::Musl),
            _ if file.starts_with("ld-linux")
                || file.starts_with("ld64.so")
                || needs("libc.so.6") =>
            {
                Some(Libc::Glibc)
            }
            _ => None,
        }
    }
}

/// A C library of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    /// Debian, Ubuntu, Red Hat, SUSE, Arch, distroless/base.
    Glibc,
    /// Alpine.
    Musl,
}

impl fmt::Display for Linkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Dynamic { loader, libraries } = self else {
            return f.write_str("static");
        };
        f.write_str("dynamic")?;
        if !libraries.is_empty() {
            write!(f, ", needs {}", libraries.join(", "))?;
        }
        match loader {
            Some(loader) => write!(f, " (loader {loader})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dynamic(loader: &str, library: &str) -> Linkage {
        Linkage::of(Some(loader.into()), vec![library.into()])
    }

    #[test]
    fn the_loader_tells_the_c_library() {
        let glibc = dynamic("/lib64/ld-linux-x86-64.so.2", "libc.so.6");
        assert_eq!(glibc.libc(), Some(Libc::Glibc));
        let musl = dynamic("/lib/ld-musl-aarch64.so.1", "libc.musl-aarch64.so.1");
        assert_eq!(musl.libc(), Some(Libc::Musl));
        assert_eq!(Linkage::of(None, Vec::new()).libc(), None);
        assert_eq!(dynamic("/usr/libexec/ld.so", "libc.so.97.1").libc(), None);
    }

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(name(b"lib\x1b[2Jc.so\0rest"), "lib\u{fffd}[2Jc.so");
    }
}
