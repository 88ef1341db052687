//! Sees from the names, sizes and times of files whether anything changed that decides which packages and files go finds.
//!
//! That alone vouches for nothing: what is in an executable go decides by content. It spares a second `go list` where go found
//! everything up to date, for there is one thing that go does not see then: a change that leaves each compiled package as
//! it is, a new file without code for one. And it says when the list of the last run is wrong, before anything is built by it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::go::{Package, Toolchain};
use crate::number::hex;

/// A file that is younger may change once more without another time.
const SETTLED: i64 = 2;

/// The most directories and files that are looked at.
const MOST: usize = 200_000;

/// What go asks for beside the directories of packages.
const BESIDE_GO_MOD: [&str; 2] = ["go.sum", "vendor/modules.txt"];

/// The files that stand in a list: those that go compiles, and those that its assembler takes.
const SOURCES: [&str; 4] = ["go", "s", "S", "sx"];

/// The flags that put other files in the place of those that are looked at.
const OTHER_FILES: [&str; 2] = ["overlay", "modfile"];

/// What decides which files of a source tree count.
pub(crate) struct SourceTree<'a> {
    /// Where go runs.
    pub(crate) cwd: &'a Path,
    /// The settings of go.
    pub(crate) toolchain: &'a Toolchain,
    /// The arguments of `go list`.
    pub(crate) args: &'a [OsString],
    /// The patterns among them.
    pub(crate) patterns: &'a [OsString],
    /// The packages that go found.
    pub(crate) packages: &'a [Package],
}

/// Digests of a source tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tree {
    /// The names of the sources.
    pub(crate) names: String,
    /// The sizes and times of the sources and of what describes modules; `None` where one was written so lately that it may
    /// change once more without another time.
    pub(crate) state: Option<String>,
}

impl SourceTree<'_> {
    /// `None` where that cannot be known.
    pub(crate) fn read(&self) -> Option<Tree> {
        let mut seen = Seen {
            names: Sha256::new(),
            state: Sha256::new(),
            newest: 0,
            left: MOST,
        };
        let flags = self.args.iter().map(|argument| argument.to_string_lossy());
        let outside = self.toolchain.goflags.split_whitespace();
        for flag in flags.chain(outside.map(Cow::from)) {
            let name = flag.trim_matches(['-', '\'', '"']).split('=').next();
            if OTHER_FILES.contains(&name.unwrap_or_default()) {
                return None;
            }
        }
        let asked = format!("{:?}\n{:?}", self.toolchain, self.args);
        add(&mut seen.state, asked.as_bytes());
        for file in self.module_files() {
            seen.file(&file);
        }
        for directory in self.directories() {
            seen.sources(&directory)?;
        }
        let patterns = self
            .patterns
            .iter()
            .map(|pattern| pattern.to_string_lossy());
        for pattern in patterns.filter(|pattern| pattern.contains("...")) {
            let root = pattern.split("...").next().unwrap_or_default();
            let is_path = root.starts_with("./") || root.starts_with("../");
            let end = root.rfind('/').filter(|_| is_path)?;
            seen.below(&self.cwd.join(&root[..end]))?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let settled = seen.newest < i64::try_from(now).ok()?.checked_sub(SETTLED)?;
        Some(Tree {
            names: hex(&seen.names.finalize()),
            state: settled.then(|| hex(&seen.state.finalize())),
        })
    }

    fn module_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        if self.toolchain.in_module() {
            let module = Path::new(&self.toolchain.gomod);
            files.extend(BESIDE_GO_MOD.map(|name| module.with_file_name(name)));
            files.push(module.to_path_buf());
        }
        if let Some(workspace) = self.toolchain.workspace() {
            files.extend([
                workspace.to_path_buf(),
                workspace.with_extension("work.sum"),
            ]);
        }
        let modules = self.packages.iter().filter_map(|it| it.module.as_ref());
        let directories: BTreeSet<&Path> = modules
            .map(|module| Path::new(&module.dir))
            .filter(|directory| self.may_change(directory))
            .collect();
        files.extend(directories.iter().map(|it| it.join("go.mod")));
        files
    }

    /// The directories of the packages that somebody can edit.
    fn directories(&self) -> BTreeSet<PathBuf> {
        let packages = self.packages.iter().filter(|package| !package.standard);
        packages
            .map(|package| package.directory(self.cwd))
            .filter(|directory| self.may_change(directory))
            .collect()
    }

    /// What lies in the module cache is never edited: go itself relies on that.
    fn may_change(&self, directory: &Path) -> bool {
        let cache = Path::new(&self.toolchain.gomodcache);
        !cache.is_absolute() || !directory.starts_with(cache)
    }
}

struct Seen {
    names: Sha256,
    state: Sha256,
    /// When something changed last, in seconds since 1970.
    newest: i64,
    left: usize,
}

fn add(digest: &mut Sha256, bytes: &[u8]) {
    digest.update((bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

impl Seen {
    /// A file that may be there or not.
    fn file(&mut self, path: &Path) {
        add(&mut self.state, path.as_os_str().as_bytes());
        let Ok(metadata) = path.metadata() else {
            return add(&mut self.state, b"none");
        };
        self.newest = self.newest.max(metadata.mtime()).max(metadata.ctime());
        for number in [metadata.dev(), metadata.ino(), metadata.len()] {
            self.state.update(number.to_le_bytes());
        }
        let modified = [metadata.mtime(), metadata.mtime_nsec()];
        for time in modified
            .into_iter()
            .chain([metadata.ctime(), metadata.ctime_nsec()])
        {
            self.state.update(time.to_le_bytes());
        }
    }

    /// What is in a directory, in order, with whether each is a directory itself.
    fn entries(&mut self, directory: &Path) -> Option<Vec<(PathBuf, bool)>> {
        add(&mut self.names, directory.as_os_str().as_bytes());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).ok()? {
            let entry = entry.ok()?;
            self.left = self.left.checked_sub(1)?;
            found.push((entry.path(), entry.file_type().ok()?.is_dir()));
        }
        found.sort();
        Some(found)
    }

    fn name(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default();
        add(&mut self.names, name.as_bytes());
    }

    /// The sources in a directory, each with its state.
    fn sources(&mut self, directory: &Path) -> Option<()> {
        for (path, is_directory) in self.entries(directory)? {
            if !is_directory && is_source(&path) {
                self.name(&path);
                self.file(&path);
            }
        }
        Some(())
    }

    /// Every directory below one that a pattern with `...` matches, and the names of its sources.
    fn below(&mut self, directory: &Path) -> Option<()> {
        for (path, is_directory) in self.entries(directory)? {
            // Go follows no links here, and passes these by (`modload.matchPackages`).
            let name = path.file_name()?.as_bytes();
            let passed = name.starts_with(b".") || name.starts_with(b"_") || name == b"testdata";
            match is_directory {
                true if !passed => self.below(&path)?,
                false if is_source(&path) => self.name(&path),
                _ => {}
            }
        }
        Some(())
    }
}

fn is_source(path: &Path) -> bool {
    let ending = path.extension();
    ending.is_some_and(|ending| SOURCES.iter().any(|it| ending == *it))
}
