//! `-overlay`: files that stand in for others, as go reads them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::Facts;
use crate::input;

/// Files that stand in for others: the `Replace` of an overlay.
#[derive(Debug, Default)]
pub struct Overlay(BTreeMap<PathBuf, PathBuf>);

impl Overlay {
    /// The overlay of a build. What cannot be read replaces nothing here: go tells.
    pub fn of(facts: &Facts) -> Self {
        Self::read(facts.asked.overlay.as_deref(), &facts.go.cwd)
    }

    fn read(path: Option<&OsStr>, cwd: &Path) -> Self {
        let text = path.and_then(|it| input::read(&cwd.join(it), input::TEXT).ok());
        let json = text.and_then(|it| serde_json::from_slice::<serde_json::Value>(&it).ok());
        let pairs = json.as_ref().and_then(|it| it.get("Replace")?.as_object());
        let pair = |(from, to): (&String, &serde_json::Value)| {
            Some((cwd.join(from), cwd.join(to.as_str()?)))
        };
        Self(pairs.into_iter().flatten().filter_map(pair).collect())
    }

    /// The file that go reads in place of another.
    pub fn file<'a>(&'a self, path: &'a Path) -> &'a Path {
        self.0.get(path).map_or(path, PathBuf::as_path)
    }
}
