//! What was published in, what an error that comes later says of it out.

use std::path::{Path, PathBuf};

use crate::error::Error;

/// What is true once the outputs have their names.
pub(super) fn what_was_published(published: &[PathBuf], cwd: &Path) -> String {
    let name = |path: &PathBuf| format!("`{}`", path.strip_prefix(cwd).unwrap_or(path).display());
    let names: Vec<String> = published.iter().map(name).collect();
    format!("published before that: {}", names.join(", "))
}

/// Whoever reads an error after the publication must know of it.
pub(super) fn after(mut error: Error, published: &[PathBuf], note: &str) -> Error {
    match error.hint.take() {
        None if !published.is_empty() => error.hint(note),
        Some(hint) if !published.is_empty() && hint != note => {
            error.hint(format!("{note}; {hint}"))
        }
        hint => Error { hint, ..error },
    }
}
