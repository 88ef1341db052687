//! `-overlay`: files that stand in for others, as go reads them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::Facts;
use crate::go::pattern::clean;
use crate::input;
use crate::order::Ordered;

/// Files that stand in for others: the `Replace` of an overlay.
#[derive(Debug, Default)]
pub(crate) struct Overlay(BTreeMap<PathBuf, PathBuf>);

impl Overlay {
    /// The overlay of a build. What cannot be read replaces nothing here: go reports it.
    pub(crate) fn of(facts: &Facts) -> Self {
        Self::named(facts.asked.overlay.as_deref(), &facts.go.cwd)
    }

    fn named(path: Option<&OsStr>, cwd: &Path) -> Self {
        let text = path.and_then(|path| input::read(&cwd.join(path), input::TEXT).ok());
        let json = text.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
        let pairs = json
            .as_ref()
            .and_then(|value| value.get("Replace")?.as_object());
        let pair = |(from, to): (&String, &serde_json::Value)| {
            let to = to.as_str()?;
            // Nothing stands for a file that is to be gone.
            let file = match to {
                "" => PathBuf::new(),
                to => cwd.join(to),
            };
            Some((clean(&cwd.join(from)), file))
        };
        Self(pairs.into_iter().flatten().filter_map(pair).ordered())
    }

    /// The places where go reads other files.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// The bytes that go reads under a name. Fails as [`input::read`] does; a file that the overlay takes away is not there.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.0.get(path) {
            Some(gone) if gone.as_os_str().is_empty() => Err(io::ErrorKind::NotFound.into()),
            Some(other) => input::read(other, limit),
            None => input::read(path, limit),
        }
    }
}
