//! The line of source of a site, and the directives beside it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plan::overlay::Overlay;

/// The largest file of source that is read: what is larger was generated, and its syntax tree would take gigabytes.
const LARGEST: u64 = 8 << 20;

/// The longest line of source that is kept, in bytes.
const LONGEST: usize = 400;

/// What starts a comment that takes a site out of the findings.
const IGNORE: &str = "//gobuild-opt:ignore";

/// The source of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Excerpt {
    /// The line, without white space around it; empty where the source could not be read.
    pub(crate) line: String,
    /// What stands behind `//gobuild-opt:ignore` on the line and the one above.
    pub(crate) ignore: Vec<String>,
}

/// A regular file that is not too large, as go reads it.
pub(super) fn read(path: &[u8], overlay: &Overlay) -> Option<Vec<u8>> {
    overlay
        .read(Path::new(OsStr::from_bytes(path)), LARGEST)
        .ok()
}

pub(super) fn line_starts(bytes: &[u8]) -> Vec<usize> {
    std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', bytes).map(|it| it + 1))
        .collect()
}

/// A line of a file, without white space around it.
pub(crate) fn excerpt_of(bytes: &[u8], line: u32) -> String {
    excerpt(bytes, &line_starts(bytes), line).line
}

pub(super) fn excerpt(bytes: &[u8], starts: &[usize], line: u32) -> Excerpt {
    let text = |line: u32| -> Option<&[u8]> {
        let index = (line as usize).checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).map_or(bytes.len(), |start| start - 1);
        bytes.get(start..end).map(<[u8]>::trim_ascii)
    };
    let own = text(line).unwrap_or_default();
    let above = text(line.saturating_sub(1)).unwrap_or_default();
    let directive = |bytes: &[u8]| {
        let bytes = String::from_utf8_lossy(bytes).into_owned();
        let at = bytes.find(IGNORE)?;
        Some(bytes[at + IGNORE.len()..].trim().to_owned())
    };
    // Behind code of its own, a directive is about that line.
    let above = above.starts_with(IGNORE.as_bytes()).then_some(above);
    Excerpt {
        line: String::from_utf8_lossy(&own[..own.len().min(LONGEST)]).into_owned(),
        ignore: [Some(own), above]
            .into_iter()
            .flatten()
            .filter_map(directive)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_holds_on_its_line_and_the_next() {
        let source =
            b"package p\n\t//gobuild-opt:ignore boxing why\n\ta(b)\n\tc(d) //gobuild-opt:ignore moved x\n\te()";
        let starts = line_starts(source);
        let check = |line| {
            let found = excerpt(source, &starts, line);
            format!("{} | {}", found.line, found.ignore.join(", "))
        };
        assert_eq!(check(3), "a(b) | boxing why");
        assert_eq!(check(4), "c(d) //gobuild-opt:ignore moved x | moved x");
        assert_eq!(check(5), "e() | ");
        assert_eq!(check(9), " | ");
        assert_eq!(check(0), " | ");
    }
}
