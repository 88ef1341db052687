//! Paths of a configuration: which stay below the place they are relative to.

use std::path::{Component, Path};

/// Whether a path, as it is written, stays below the directory that it is relative to.
pub(crate) fn is_below(path: &str) -> bool {
    let path = Path::new(path);
    !path.is_absolute()
        && !path
            .components()
            .any(|component| component == Component::ParentDir)
}
