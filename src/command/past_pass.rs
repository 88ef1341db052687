//! `escape --diff REV`: the escape pass of another revision, with the same flags.

use std::path::{Path, PathBuf};

use super::Session;
use super::pass::{Pass, collect};
use crate::build::Event;
use crate::build::revision::{Revision, check_out};
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::anchor_flags;
use crate::facts::{Purpose, Wanted, gather};
use crate::input;
use crate::plan::Typed;
use crate::report::platform_escapes::since_revision::Before;

/// What was found in another revision.
pub(crate) struct Other {
    revision: Revision,
    pass: Pass,
}

impl Other {
    /// The platform with the same number.
    pub(crate) fn of(&self, index: usize) -> Option<Before<'_>> {
        let (plan, collected) = self.pass.found.get(index)?;
        Some(Before {
            name: &self.revision.past.name,
            commit: &self.revision.past.commit,
            facts: &plan.facts,
            collected,
            cwd: &self.revision.cwd,
            across: false,
        })
    }
}

/// Compiles the packages of a revision in a directory of their own. `loaded` and `typed` are those of now: what changes is the
/// code, not the question.
pub(crate) fn collect_at(
    name: &str,
    (mut loaded, mut typed): (Loaded, Typed),
    session: &mut Session<'_>,
) -> Result<Other> {
    (session.show)(Event::Talk(&format!("comparing with {name}")));
    let revision = check_out(name, &typed.cwd, &session.interrupt)?;
    move_to(&revision, &mut loaded, &mut typed)?;
    Wanted::Unasserted.narrow(&mut loaded, &mut typed);
    let pass = gather(loaded, typed, Purpose::Escapes, session)
        .and_then(|prepared| collect(prepared, session))
        .map_err(|error| fails_there(error, name))?;
    Ok(Other { revision, pass })
}

/// Turns what builds the working tree into what builds a revision: the question is that of now, the code that of then.
pub fn move_to(revision: &Revision, loaded: &mut Loaded, typed: &mut Typed) -> Result<()> {
    anchor_flags(typed);
    typed.cwd.clone_from(&revision.cwd);
    move_files(typed, revision)?;
    let root = revision.twin(&loaded.root);
    loaded.root = root.unwrap_or_else(|| revision.cwd.clone());
    // There is no repository around these files.
    Wanted::Revision.narrow(loaded, typed);
    Ok(())
}

/// The error of a revision that does not build, with its name.
pub fn fails_there(mut error: Error, name: &str) -> Error {
    if error.kind == Kind::Go {
        error.message = format!("`{name}` does not build: {}", error.message);
        error.hint = Some(
            "files that git does not hold, and directories beside the repository, are not there"
                .into(),
        );
    }
    error
}

/// Files that were typed are those of now. But the module file belongs to the revision, where it has one, and an overlay lies
/// over the files of the revision.
pub fn move_files(typed: &mut Typed, revision: &Revision) -> Result<()> {
    for flag in &mut typed.flags {
        let Some(path) = flag.path().map(Path::new) else {
            continue;
        };
        let there = match flag.name.as_str() {
            "modfile" => revision.twin(path).filter(|path| path.is_file()),
            "overlay" => overlay(path, revision)?,
            _ => None,
        };
        if let Some(it) = there {
            flag.set_path(it.into());
        }
    }
    Ok(())
}

/// The overlay of the working tree as one of the revision: `Replace` maps places to files (`cmd/go/internal/fsys`). `None`
/// where it cannot be read: go says why.
fn overlay(path: &Path, revision: &Revision) -> Result<Option<PathBuf>> {
    let read = input::read(path, input::TEXT).ok();
    let parsed = read.and_then(|read| serde_json::from_slice::<serde_json::Value>(&read).ok());
    let Some(mut value) = parsed else {
        return Ok(None);
    };
    if let Some(all) = value
        .get_mut("Replace")
        .and_then(|value| value.as_object_mut())
    {
        let absolute = |text: &str| revision.here.join(text);
        for (place, file) in std::mem::take(all) {
            let place = absolute(&place);
            let place = revision.twin(&place).unwrap_or(place);
            let file = match file.as_str() {
                // An empty name takes the file away.
                Some("") | None => file,
                Some(name) => absolute(name).to_string_lossy().into(),
            };
            all.insert(place.to_string_lossy().into_owned(), file);
        }
    }
    let moved = revision.scratch().join("overlay.json");
    std::fs::write(&moved, value.to_string())?;
    Ok(Some(moved))
}
