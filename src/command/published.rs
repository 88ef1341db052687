//! The outputs get their names: all of them, or none, the checksums last; and what an error that comes later says of it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Session;
use super::staged::Executed;
use crate::analysis::Artifact;
use crate::build::publish::{self, Item};
use crate::build::stage::Stage;
use crate::build::{Built, reuse, sums};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::process::Interrupt;

/// Every output takes its name only now that all of them are good: all of them, or none; the checksums last. Returns them.
/// An output that is the same already is not written again: what `make` derives from it stays up to date.
pub(super) fn publish_all(
    executed: &mut Executed,
    artifacts: &[Artifact],
    session: &Session<'_>,
) -> Result<Vec<PathBuf>> {
    let (plan, stage, interrupt) = (&executed.plan, &mut executed.stage, &session.interrupt);
    let mut outputs = Outputs::default();
    for artifact in artifacts {
        outputs.add(artifact, &executed.built[artifact.target], interrupt)?;
    }
    let Outputs { mut items, entries } = outputs;
    for directory in items.iter().filter_map(|item| item.output.parent()) {
        stage.make_outputs(directory)?;
    }
    let published = items.iter().map(|item| item.output.clone()).collect();
    let directory = plan.checksums.as_deref().and_then(Path::parent);
    let directory = directory.filter(|_| stage.made_outputs());
    if let Some((path, text)) = directory.and_then(sums::keep_out_of_git) {
        items.push(written("ignore", text, path, stage)?);
    }
    if let Some(path) = sums_file(plan, artifacts, &entries)? {
        let text = sums::checksums(&path, &entries, interrupt)?;
        if sums::read(&path).ok().as_ref() != Some(&text) {
            items.push(written(sums::FILE, &text, path, stage)?);
        }
    }
    publish::all(&items, interrupt)?;
    Ok(published)
}

/// What is published.
#[derive(Default)]
struct Outputs {
    /// The files that are new.
    items: Vec<Item>,
    /// The digest and the name of every file.
    entries: Vec<(String, String)>,
}

impl Outputs {
    /// Adds an executable, and what some build modes write beside it: the header of a C archive.
    fn add(&mut self, artifact: &Artifact, built: &Built, interrupt: &Interrupt) -> Result<()> {
        let Some(path) = &artifact.executable.path else {
            return Ok(());
        };
        self.entries
            .push((artifact.sha256.clone(), file_name(path)));
        if !reuse::is_published(&artifact.executable, built)
            && !is_same(path, &artifact.staged, interrupt)?
        {
            let staged = artifact.staged.clone();
            self.items.push(item(staged, path.clone(), true));
        }
        let header = artifact.staged.with_extension("h");
        if let Some(digest) = sums::digest_of(&header, interrupt)? {
            let path = path.with_extension("h");
            self.entries.push((digest, file_name(&path)));
            if !is_same(&path, &header, interrupt)? {
                // Go writes over whatever has its name, too; no header is an object file.
                self.items.push(item(header, path, false));
            }
        }
        Ok(())
    }
}

/// A text of ours, in the stage under `name`, for `path`.
fn written(name: &str, text: &str, path: PathBuf, stage: &Stage) -> Result<Item> {
    let staged = stage.path().join(name);
    std::fs::write(&staged, text)?;
    Ok(item(staged, path, false))
}

fn item(staged: PathBuf, output: PathBuf, is_object: bool) -> Item {
    Item {
        staged,
        output,
        is_object,
    }
}

/// The checksum file of the plan, or one beside the outputs that speaks of them.
fn sums_file(
    plan: &Plan,
    artifacts: &[Artifact],
    entries: &[(String, String)],
) -> Result<Option<PathBuf>> {
    if plan.checksums.is_some() {
        return Ok(plan.checksums.clone());
    }
    let outputs = || {
        artifacts
            .iter()
            .filter_map(|artifact| artifact.executable.path.as_ref())
    };
    let directory = outputs().next().and_then(|output| output.parent());
    let Some(path) = directory.map(|path| path.join(sums::FILE)) else {
        return Ok(None);
    };
    // What is no list, or an output itself, does not speak of anything.
    let text = sums::read(&path).unwrap_or_default();
    let is_output = outputs().any(|output| *output == path);
    Ok(Some(path).filter(|_| !is_output && sums::lists(&text, entries)))
}

/// Whether an output is what is staged for it already, and can be run where that can.
fn is_same(path: &Path, staged: &Path, interrupt: &Interrupt) -> Result<bool> {
    let (Ok(now), Ok(wanted)) = (path.symlink_metadata(), staged.metadata()) else {
        return Ok(false);
    };
    let runs = |it: &std::fs::Metadata| it.mode() & 0o100 != 0;
    let alike = now.is_file() && now.len() == wanted.len() && (runs(&now) || !runs(&wanted));
    // The build ID stands near the beginning: what differs is seen there.
    Ok(alike && sums::are_equal(path, staged, interrupt)?)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

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
