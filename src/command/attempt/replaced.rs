//! Overlays and patches in, the files as they would be out, laid over the sources with go's own `-overlay`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};

use crate::build::marked::Marked;
use crate::build::publish;
use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::input;
use crate::process::Interrupt;

/// Files as they would be. `None`: the file is not there.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<PathBuf, Option<Vec<u8>>>);

/// A list in the form of `go build -overlay`, which goes with this value.
pub struct Overlaid {
    list: PathBuf,
    _place: Marked,
}

impl Overlaid {
    /// The file that `-overlay` takes.
    pub fn list(&self) -> &Path {
        &self.list
    }
}

impl Files {
    /// The files that others stand in for.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Adds what an overlay replaces. Paths in it are relative to `cwd`, as go reads them. Fails with [`Kind::Usage`] for
    /// what is no overlay, and for a file in it that cannot be read.
    pub fn overlay(&mut self, file: &Path, cwd: &Path) -> Result<()> {
        let name = file.display();
        let bad = |why: String| {
            Error::new(Kind::Usage, format!("`{name}` is no overlay: {why}"))
                .hint("it is JSON such as {\"Replace\": {\"main.go\": \"/tmp/main.go\"}}; see `go help build`")
        };
        let text = input::read(&cwd.join(file), input::TEXT)
            .map_err(|error| Error::unreadable("the overlay", file, error))?;
        let json: serde_json::Value =
            serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        let pairs = json.get("Replace").and_then(|it| it.as_object());
        let pairs = pairs.ok_or_else(|| bad("it has no object `Replace`".into()))?;
        for (from, to) in pairs {
            let to = to
                .as_str()
                .ok_or_else(|| bad(format!("what replaces `{from}` is no text")))?;
            let content = match to {
                "" => None,
                to => {
                    let read = input::read(&cwd.join(to), input::SOURCE);
                    Some(read.map_err(|error| {
                        Error::unreadable("the replacement", Path::new(to), error)
                    })?)
                }
            };
            self.0.insert(cwd.join(from), content);
        }
        Ok(())
    }

    /// Adds what a unified diff changes. Its paths are looked for from `cwd` upwards, with `a/` and `b/` before them or not.
    /// Fails with [`Kind::Usage`] for what is no diff, for a file that is not there, and where a part does not fit.
    pub fn patch(&mut self, file: &Path, cwd: &Path) -> Result<()> {
        let text = input::text(&cwd.join(file), input::SOURCE)
            .map_err(|error| Error::unreadable("the patch", file, error))?;
        self.diffed(&text, &file.display().to_string(), cwd)
    }

    /// The same for the text of a diff.
    pub fn diffed(&mut self, text: &str, name: &str, cwd: &Path) -> Result<()> {
        let bad = |why: String| {
            Error::new(Kind::Usage, format!("`{name}` is no patch: {why}"))
                .hint("write one with `git diff` or `diff -u`")
        };
        let options = match text.starts_with("diff --git ") || text.contains("\ndiff --git ") {
            true => ParseOptions::gitdiff(),
            false => ParseOptions::unidiff(),
        };
        let before = self.0.len();
        for part in PatchSet::parse(text, options) {
            let part = part.map_err(|error| bad(error.to_string()))?;
            let Some(patch) = part.patch().as_text() else {
                return Err(bad("it changes a file that is no text".into()));
            };
            let (from, to) = match part.operation() {
                FileOperation::Delete(from) => (Some(&**from), None),
                FileOperation::Create(to) => (None, Some(&**to)),
                FileOperation::Modify { original, modified } => {
                    (Some(&**original), Some(&**modified))
                }
                FileOperation::Rename { from, to } | FileOperation::Copy { from, to } => {
                    (Some(&**from), Some(&**to))
                }
            };
            let source = from.map(|it| find(it, cwd)).transpose()?;
            let old = match &source {
                Some(path) => self.content(path)?,
                None => String::new(),
            };
            let new = diffy::apply(&old, patch).map_err(|error| {
                let about = from.or(to).unwrap_or_default();
                Error::new(
                    Kind::Usage,
                    format!("`{name}` does not fit `{about}`: {error}"),
                )
                .hint("the patch is for another version of the file")
            })?;
            let target = match (to, &source) {
                (None, _) => None,
                (Some(to), Some(from)) if Some(to) == part_from(from, to) => Some(from.clone()),
                (Some(to), _) => Some(find(to, cwd).unwrap_or_else(|_| cwd.join(plain(to)))),
            };
            if let (Some(source), true) = (&source, target.as_ref() != source.as_ref())
                && !part.operation().is_copy()
            {
                self.0.insert(source.clone(), None);
            }
            if let Some(target) = target {
                self.0.insert(target, Some(new.into_bytes()));
            }
        }
        if self.0.len() == before {
            return Err(bad("it changes nothing".into()));
        }
        Ok(())
    }

    /// A file as it would be so far.
    fn content(&self, path: &Path) -> Result<String> {
        match self.0.get(path) {
            Some(Some(bytes)) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            _ => input::text(path, input::SOURCE)
                .map_err(|error| Error::unreadable("the file", path, error)),
        }
    }

    /// Writes the files to a directory of their own, with the list for go; what `under` replaces stays replaced.
    pub fn overlaid(&self, under: Option<PathBuf>, session: &Session<'_>) -> Result<Overlaid> {
        let place = Marked::create(&std::env::temp_dir()).map_err(|error| {
            Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
        })?;
        session.interrupt.warden.keep_directory(place.path());
        let mut replace = serde_json::Map::new();
        if let Some(under) = under {
            let mut base = Self::default();
            base.overlay(&under, &session.cwd)?;
            self.place(&base, &place, &mut replace)?;
        }
        self.place(self, &place, &mut replace)?;
        let list = place.path().join("overlay.json");
        fs::write(&list, serde_json::json!({ "Replace": replace }).to_string())?;
        Ok(Overlaid {
            list,
            _place: place,
        })
    }

    fn place(
        &self,
        files: &Self,
        place: &Marked,
        replace: &mut serde_json::Map<String, serde_json::Value>,
    ) -> Result<()> {
        for (path, content) in &files.0 {
            let stand_in = match content {
                None => String::new(),
                Some(content) => {
                    let directory = place.path().join(replace.len().to_string());
                    fs::create_dir_all(&directory)?;
                    let name = path.file_name().unwrap_or_default();
                    let file = directory.join(name);
                    fs::write(&file, content)?;
                    file.to_string_lossy().into_owned()
                }
            };
            let path = path.to_string_lossy().into_owned();
            replace.insert(path, stand_in.into());
        }
        Ok(())
    }

    /// Writes the files over the sources, each complete or not at all.
    pub fn write(&self, interrupt: &Interrupt) -> Result<()> {
        for (path, content) in &self.0 {
            match content {
                Some(content) => publish::bytes(content, path, interrupt)?,
                None => fs::remove_file(path)?,
            }
        }
        Ok(())
    }
}

/// The path of a diff without `a/` or `b/`.
fn plain(name: &str) -> &str {
    name.strip_prefix("a/")
        .or_else(|| name.strip_prefix("b/"))
        .unwrap_or(name)
}

/// `to`, where it names the file that was read.
fn part_from<'a>(path: &Path, to: &'a str) -> Option<&'a str> {
    path.ends_with(plain(to)).then_some(to)
}

/// The file that a diff names: here, or in a directory above, as git writes paths from the root of the repository.
fn find(name: &str, cwd: &Path) -> Result<PathBuf> {
    let names = [plain(name), name];
    let found = cwd
        .ancestors()
        .flat_map(|above| names.map(|it| above.join(it)))
        .find(|it| it.is_file());
    found.ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("the patch is of `{name}`, which is not there"),
        )
        .hint("go to the directory that its paths begin in")
    })
}
