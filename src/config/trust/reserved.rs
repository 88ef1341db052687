//! Paths inside a project that a configuration may not name: what git, go or a shell reads from there.

use std::path::Path;

use super::project;

/// Hidden directories that are places for outputs. Files of any other may be run, or decide what is run: those of version
/// control, of hooks, of editors, of shells, and of tools that others install there.
pub(super) const HIDDEN: &[&str] = &[
    ".artifacts",
    ".bin",
    ".build",
    ".dist",
    ".out",
    ".output",
    ".release",
    ".target",
    ".tmp",
];

/// The same of directories with other names.
pub(super) const RESERVED: &[&str] = &[
    "_darcs",
    "bower_components",
    "cvs",
    "git~1",
    "jspm_packages",
    "node_modules",
    "venv",
    "virtualenv",
];

/// Letters that some file systems do not see: a name with them is that without (as git has it, `utf8.c`, `next_hfs_char`).
pub(super) fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// What stands in the way of an output whose place a configuration chose: it leads out of the project, or to a place from
/// which it would be run. `None` where nothing does.
pub(crate) fn reserved(path: &Path, root: &Path) -> Option<String> {
    let existing = path.ancestors().skip(1).find(|path| path.exists())?;
    let (Ok(place), Ok(project)) = (existing.canonicalize(), project(root).canonicalize()) else {
        return Some("its directory cannot be read".into());
    };
    let Ok(below) = place.strip_prefix(&project) else {
        return Some("it leads out of the project".into());
    };
    let rest = path.strip_prefix(existing).unwrap_or(path);
    let names = below.components().chain(rest.components());
    let seen = |text: &str| -> String { text.to_lowercase().replace(is_unseen, "") };
    let mut names = names.map(|component| seen(&component.as_os_str().to_string_lossy()));
    let is_run = |text: &String| match text.starts_with('.') {
        true => !HIDDEN.contains(&text.as_str()),
        false => RESERVED.contains(&text.as_str()),
    };
    if let Some(name) = names.find(is_run) {
        return Some(format!("files in `{name}` are run, or decide what is run"));
    }
    let above = place.ancestors();
    let mut above = above.take_while(|path| path.starts_with(&project));
    let is_in_repository = above.any(is_repository);
    is_in_repository.then(|| "its directory is that of a repository".into())
}

/// Whether a directory is a repository of git itself.
fn is_repository(path: &Path) -> bool {
    let mut parts = ["HEAD", "objects", "refs"].iter();
    parts.all(|name| path.join(name).exists())
}

/// Whether a path of the configuration, links followed, stays below the project.
pub(crate) fn is_inside(root: &Path, path: &Path) -> bool {
    let existing = path.ancestors().find_map(|path| path.canonicalize().ok());
    match (existing, root.canonicalize()) {
        (Some(path), Ok(root)) => path.starts_with(&root),
        _ => false,
    }
}
