//! Sees from the names, sizes and times of files whether anything changed that decides which packages and files go finds.
//!
//! That alone vouches for nothing: what is in an executable go decides by content. It spares a second `go list` where go found
//! everything up to date, for go does not see then what leaves each compiled package as it is: a new file without code, a
//! package that no other imports. And it says when the list of the last run is wrong, before anything is built by it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::parts::add;
use crate::go::{Package, Toolchain};
use crate::number::hex;

/// In seconds: a file that is younger may change once more without another time. One that is of the future is never old enough.
const SETTLED: i64 = 2;

/// The most directories and files that are looked at.
const MOST: usize = 200_000;

/// What go reads of the main module and of a workspace beside the directories of packages.
const BESIDE: [&str; 2] = ["go.sum", "vendor/modules.txt"];

/// The files that stand in a list (`FIELDS` in `go/list.rs`): those that go compiles, and those that its assembler takes.
const SOURCES: [&str; 4] = ["go", "s", "S", "sx"];

/// Patterns that are no path (`means` in `go/pattern.rs`): what they match lies anywhere.
const WORDS: [&str; 5] = ["all", "cmd", "std", "tool", "work"];

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
    /// What go said of them.
    pub(crate) listed: &'a [u8],
    /// What only this user knows, so that nobody else who can write to the build cache can make a state; `None`: only the names
    /// are wanted, or there is no such secret.
    pub(crate) secret: Option<[u8; 32]>,
}

/// Digests of a source tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tree {
    /// The names of the sources.
    pub(crate) names: String,
    /// The list, and the sizes and times of the sources and of what describes their modules; `None` without a secret, and where
    /// one was written so lately that it may change once more without another time.
    pub(crate) state: Option<String>,
}

impl SourceTree<'_> {
    /// `None` where that cannot be known.
    pub(crate) fn read(&self) -> Option<Tree> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        let roots = self.roots()?;
        let mut seen = Seen {
            names: Sha256::new(),
            state: Sha256::new(),
            newest: 0,
            left: MOST,
        };
        let asked = format!("{:?}\n{:?}", self.toolchain, self.args);
        add(&mut seen.state, &self.secret.unwrap_or_default());
        add(&mut seen.state, asked.as_bytes());
        add(&mut seen.state, self.listed);
        for file in self.module_files() {
            seen.file(&file);
        }
        for directory in self.directories() {
            seen.sources(&directory)?;
        }
        for root in roots {
            seen.below(&root, true)?;
        }
        let settled = seen.newest < i64::try_from(now).ok()?.checked_sub(SETTLED)?;
        let counts = settled && self.secret.is_some();
        Some(Tree {
            names: hex(&seen.names.finalize()),
            state: counts.then(|| hex(&seen.state.finalize())),
        })
    }

    /// The directories below which patterns look. `None` for flags and patterns that lead elsewhere.
    fn roots(&self) -> Option<Vec<PathBuf>> {
        let flags = self.args.iter().map(|argument| argument.to_string_lossy());
        let outside = self.toolchain.goflags.split_whitespace();
        for flag in flags.chain(outside.map(Cow::from)) {
            let name = flag.trim_matches(['-', '\'', '"']).split('=').next();
            if OTHER_FILES.contains(&name.unwrap_or_default()) {
                return None;
            }
        }
        let mut roots = Vec::new();
        for pattern in self.patterns {
            let pattern = pattern.to_string_lossy();
            if WORDS.contains(&&*pattern) {
                return None;
            }
            let Some((root, _)) = pattern.split_once("...") else {
                continue;
            };
            // In a workspace it matches packages of the modules below, too.
            let is_path = root.starts_with("./") || root.starts_with("../");
            let is_walked = is_path && self.toolchain.workspace().is_none();
            let end = root.rfind('/').filter(|_| is_walked)?;
            roots.push(self.cwd.join(&root[..end]));
        }
        Some(roots)
    }

    fn module_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        if self.toolchain.in_module() {
            let module = Path::new(&self.toolchain.gomod);
            files.extend(BESIDE.map(|name| module.with_file_name(name)));
            files.push(module.to_path_buf());
        }
        if let Some(workspace) = self.toolchain.workspace() {
            files.extend(BESIDE.map(|name| workspace.with_file_name(name)));
            files.extend([
                workspace.to_path_buf(),
                workspace.with_extension("work.sum"),
            ]);
        }
        let modules = self.packages.iter().filter_map(|it| it.module.as_ref());
        let directories: BTreeSet<&Path> = modules
            .map(|module| Path::new(&module.dir))
            .filter(|directory| directory.is_absolute() && self.may_change(directory))
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
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        for (seconds, nanoseconds) in [modified, changed] {
            self.state.update(seconds.to_le_bytes());
            self.state.update(nanoseconds.to_le_bytes());
        }
    }

    /// What is in a directory, in order, with whether each is a directory itself.
    fn entries(&mut self, directory: &Path) -> Option<Vec<(PathBuf, bool)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).ok()? {
            let entry = entry.ok()?;
            self.left = self.left.checked_sub(1)?;
            found.push((entry.path(), entry.file_type().ok()?.is_dir()));
        }
        found.sort();
        Some(found)
    }

    /// A file that counts by its name, and by its state.
    fn named(&mut self, path: &Path) {
        add(&mut self.names, path.as_os_str().as_bytes());
        self.file(path);
    }

    /// The sources in a directory.
    fn sources(&mut self, directory: &Path) -> Option<()> {
        for (path, is_directory) in self.entries(directory)? {
            if !is_directory && is_source(&path) {
                self.named(&path);
            }
        }
        Some(())
    }

    /// The sources below a directory that a pattern with `...` matches. `is_root`: it is the one where that begins; any other
    /// with a go.mod is another module (`matchPackages`, cmd/go/internal/modload).
    fn below(&mut self, directory: &Path, is_root: bool) -> Option<()> {
        let entries = self.entries(directory)?;
        let module = directory.join("go.mod");
        if !is_root && entries.iter().any(|(path, _)| *path == module) {
            self.named(&module);
            return Some(());
        }
        for (path, is_directory) in entries {
            match is_directory {
                true if !is_passed(&path) => self.below(&path, false)?,
                false if is_source(&path) => self.named(&path),
                _ => {}
            }
        }
        Some(())
    }
}

/// Directories that no pattern matches. Links are not followed, either.
fn is_passed(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    name.starts_with(b".") || name.starts_with(b"_") || name == b"testdata"
}

/// Tests, and what go passes by, stand in no list.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_bytes();
    let counts = !name.starts_with(b".") && !name.starts_with(b"_") && !name.ends_with(b"_test.go");
    let ending = path.extension();
    counts && ending.is_some_and(|ending| SOURCES.iter().any(|it| ending == *it))
}
