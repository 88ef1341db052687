//! Applies overlays and patches to files, and lays the result over the sources with go's own `-overlay`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use diffy::Patch;
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};

use crate::build::marked::Marked;
use crate::build::publish;
use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::go::pattern::clean;
use crate::input;
use crate::process::Interrupt;
use crate::report::shown;

/// Files by their path, as they would be. `None`: the file is not there.
type Contents = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// Files as they would be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    /// What is tried.
    content: Contents,
    /// What the build itself replaces, with `-overlay`: the change is laid over that.
    base: Contents,
    /// Sources as they were read.
    read: BTreeMap<PathBuf, Vec<u8>>,
}

/// A list in the form of `go build -overlay`, which goes with this value.
pub(crate) struct Overlaid {
    list: PathBuf,
    _place: Marked,
}

impl Overlaid {
    /// The file that `-overlay` takes.
    pub(crate) fn list(&self) -> &Path {
        &self.list
    }
}

impl Files {
    /// Over what an overlay of the build replaces, where it has one. Fails as [`Files::overlay`] does.
    pub(crate) fn over(under: Option<&Path>, cwd: &Path) -> Result<Self> {
        let base = under.map(|path| replacements(path, cwd)).transpose()?;
        Ok(Self {
            base: base.unwrap_or_default(),
            ..Self::default()
        })
    }

    /// The files that others stand in for.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Path> {
        self.content.keys().map(PathBuf::as_path)
    }

    /// Adds what an overlay replaces. Paths in it are relative to `cwd`, as go reads them. Fails with [`Kind::Usage`] for
    /// what is no overlay, and for a file in it that cannot be read.
    pub(crate) fn overlay(&mut self, file: &Path, cwd: &Path) -> Result<()> {
        self.content.extend(replacements(file, cwd)?);
        Ok(())
    }

    /// Adds what a unified diff changes. Its paths are looked for from `cwd` upwards, with `a/` and `b/` before them or not.
    /// Fails with [`Kind::Usage`] for what is no diff, for a file that is not there, and where a part does not fit.
    pub(crate) fn patch(&mut self, file: &Path, cwd: &Path) -> Result<()> {
        let text = input::text(&cwd.join(file), input::SOURCE)
            .map_err(|error| Error::unreadable("the patch", file, error))?;
        self.diffed(&text, &file.display().to_string(), cwd)
    }

    /// As [`patch`](Self::patch), for the text of a diff.
    pub(crate) fn diffed(&mut self, text: &str, name: &str, cwd: &Path) -> Result<()> {
        let bad = |why: String| {
            Error::new(Kind::Usage, format!("`{name}` is no patch: {why}"))
                .hint("write one with `git diff` or `diff -u`")
        };
        let options = match text.starts_with("diff --git ") || text.contains("\ndiff --git ") {
            true => ParseOptions::gitdiff(),
            false => ParseOptions::unidiff(),
        };
        let mut is_empty = true;
        for part in PatchSet::parse(text, options) {
            let part = part.map_err(|error| bad(error.to_string()))?;
            let Some(patch) = part.patch().as_text() else {
                return Err(bad("it changes a file that is no text".into()));
            };
            self.change(part.operation(), patch, name, cwd)?;
            is_empty = false;
        }
        match is_empty {
            true => Err(bad("it changes nothing".into())),
            false => Ok(()),
        }
    }

    /// Applies what the diff `name` does to one file.
    fn change(
        &mut self,
        operation: &FileOperation<'_, str>,
        patch: &Patch<'_, str>,
        name: &str,
        cwd: &Path,
    ) -> Result<()> {
        let (from, to) = names(operation);
        let source = from.map(|text| find(text, cwd)).transpose()?;
        let old = match &source {
            Some(path) => self.content(path)?,
            None => String::new(),
        };
        let new = diffy::apply(&old, patch).map_err(|error| {
            let about = from.or(to).unwrap_or_default();
            let message = format!("`{name}` does not fit `{about}`: {error}");
            Error::new(Kind::Usage, message).hint("the patch is for another version of the file")
        })?;
        let target = to.map(|to| place(to, source.as_deref(), cwd));
        if let (Some(source), true) = (&source, target != source)
            && !operation.is_copy()
        {
            self.content.insert(source.clone(), None);
        }
        if let Some(target) = target {
            self.content.insert(target, Some(new.into_bytes()));
        }
        Ok(())
    }

    /// A file as it would be so far.
    fn content(&mut self, path: &Path) -> Result<String> {
        let unreadable = |error| Error::unreadable("the file", path, error);
        let bytes = match self.content.get(path).or_else(|| self.base.get(path)) {
            Some(Some(bytes)) => bytes.clone(),
            Some(None) => return Err(unreadable(io::ErrorKind::NotFound.into())),
            None => {
                let bytes = input::read(path, input::SOURCE).map_err(unreadable)?;
                self.read.insert(path.to_path_buf(), bytes.clone());
                bytes
            }
        };
        let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8");
        String::from_utf8(bytes).map_err(|error| unreadable(invalid(error)))
    }

    /// Writes the files to a directory of their own, with the list for go; what the build replaces stays replaced.
    pub(crate) fn overlaid(&self, session: &Session<'_>) -> Result<Overlaid> {
        let place = Marked::create(&std::env::temp_dir()).map_err(|error| {
            Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
        })?;
        session.interrupt.warden.keep_directory(place.path());
        let mut replace = serde_json::Map::new();
        put(&self.base, place.path(), &mut replace)?;
        put(&self.content, place.path(), &mut replace)?;
        let list = place.path().join("overlay.json");
        fs::write(&list, serde_json::json!({ "Replace": replace }).to_string())?;
        Ok(Overlaid {
            list,
            _place: place,
        })
    }

    /// Fails with [`Kind::Usage`] where a file is none that [`Files::write`] may write over: before it takes time.
    pub(crate) fn check_write(&self, cwd: &Path) -> Result<()> {
        for path in self.content.keys() {
            let name = shown(path, cwd);
            let bad = |what: &str| {
                Error::new(Kind::Usage, format!("`{name}` {what}"))
                    .hint("try it without `--write`, and change the file by hand")
            };
            if self.base.contains_key(path) {
                return Err(bad("is replaced by the `-overlay` of the build"));
            }
            let meta = fs::symlink_metadata(path)
                .map_err(|error| Error::unreadable("the file", path, error))?;
            if meta.is_symlink() {
                return Err(bad("is a link"));
            }
            let opened = fs::OpenOptions::new().write(true).open(path);
            // Root may write what nobody is to write, such as the module cache.
            if meta.permissions().readonly() || opened.is_err() {
                return Err(bad("is not writable"));
            }
        }
        Ok(())
    }

    /// Writes the files over the sources, each complete or not at all. Fails with [`Kind::Usage`] where one is no longer as
    /// it was read; nothing is written then.
    pub(crate) fn write(&self, cwd: &Path, interrupt: &Interrupt) -> Result<()> {
        self.check_write(cwd)?;
        let same = |path: &Path| {
            let now = input::read(path, input::SOURCE).ok();
            now.is_some() && now.as_ref() == self.read.get(path)
        };
        if let Some(path) = self.content.keys().find(|path| !same(path)) {
            let name = shown(path, cwd);
            let message = format!("`{name}` was changed meanwhile; nothing was written");
            return Err(Error::new(Kind::Usage, message).hint("run the command again"));
        }
        for (path, content) in &self.content {
            match content {
                Some(content) => publish::source(content, path, interrupt)?,
                None => fs::remove_file(path)?,
            }
        }
        Ok(())
    }
}

/// Writes files to a directory, and adds them to the list of an overlay.
fn put(
    files: &Contents,
    place: &Path,
    replace: &mut serde_json::Map<String, serde_json::Value>,
) -> Result<()> {
    for (path, content) in files {
        let stand_in = match content {
            None => String::new(),
            Some(content) => {
                // One may stand there already, which this replaces.
                let directory = place.join(fs::read_dir(place)?.count().to_string());
                fs::create_dir_all(&directory)?;
                let file = directory.join(path.file_name().unwrap_or_default());
                fs::write(&file, content)?;
                file.to_string_lossy().into_owned()
            }
        };
        replace.insert(path.to_string_lossy().into_owned(), stand_in.into());
    }
    Ok(())
}

/// What an overlay replaces.
fn replacements(file: &Path, cwd: &Path) -> Result<Contents> {
    let name = file.display();
    let bad = |why: String| {
        Error::new(Kind::Usage, format!("`{name}` is no overlay: {why}"))
            .hint("it is JSON such as {\"Replace\": {\"main.go\": \"/tmp/main.go\"}}; see `go help build`")
    };
    let text = input::read(&cwd.join(file), input::TEXT)
        .map_err(|error| Error::unreadable("the overlay", file, error))?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
    let pairs = json.get("Replace").and_then(|value| value.as_object());
    let pairs = pairs.ok_or_else(|| bad("it has no object `Replace`".into()))?;
    let mut found = Contents::new();
    for (from, to) in pairs {
        let to = to.as_str();
        let to = to.ok_or_else(|| bad(format!("what replaces `{from}` is no text")))?;
        found.insert(clean(&cwd.join(from)), replacement(to, cwd)?);
    }
    Ok(found)
}

/// The file `to` that stands for another; an empty name takes that away.
fn replacement(to: &str, cwd: &Path) -> Result<Option<Vec<u8>>> {
    if to.is_empty() {
        return Ok(None);
    }
    let read = input::read(&cwd.join(to), input::SOURCE);
    read.map(Some)
        .map_err(|error| Error::unreadable("the replacement", Path::new(to), error))
}

/// The names of a file before and after, as a diff writes them.
fn names<'a>(operation: &'a FileOperation<'_, str>) -> (Option<&'a str>, Option<&'a str>) {
    match operation {
        FileOperation::Delete(from) => (Some(from), None),
        FileOperation::Create(to) => (None, Some(to)),
        FileOperation::Modify {
            original: from,
            modified: to,
        }
        | FileOperation::Rename { from, to }
        | FileOperation::Copy { from, to } => (Some(from), Some(to)),
    }
}

/// Where a diff puts what it calls `to`: over the file that was read, where that has the name.
fn place(to: &str, source: Option<&Path>, cwd: &Path) -> PathBuf {
    match source {
        Some(source) if source.ends_with(plain(to)) => source.to_path_buf(),
        _ => find(to, cwd).unwrap_or_else(|_| clean(&cwd.join(plain(to)))),
    }
}

/// The path of a diff without `a/` or `b/`.
fn plain(name: &str) -> &str {
    name.strip_prefix("a/")
        .or_else(|| name.strip_prefix("b/"))
        .unwrap_or(name)
}

/// The file that a diff names: here, or in a directory above, as git writes paths from the root of the repository.
fn find(name: &str, cwd: &Path) -> Result<PathBuf> {
    let names = [plain(name), name];
    let found = cwd
        .ancestors()
        .flat_map(|above| names.map(|name| above.join(name)))
        .find(|path| path.is_file());
    found.map(|path| clean(&path)).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!("the patch is of `{name}`, which is not there"),
        )
        .hint("go to the directory that its paths begin in")
    })
}
