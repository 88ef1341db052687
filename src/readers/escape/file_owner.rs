//! Finds the package that owns a file, by the name that the compiler prints.
//!
//! Generic and inlined code is reported under the header of the package that uses it, so the file decides.

use std::collections::{BTreeMap, HashMap};

/// What `go list` knows and the diagnostics need.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Every package of the build, the standard library included.
    pub packages: Vec<Package>,
    /// Where the `go` command ran: paths are printed relative to it.
    pub directory: Vec<u8>,
    /// Whether the build used `-trimpath`: paths then start with an import path or a `module@version`.
    pub trimpath: bool,
    /// `(1, 27)`: the Go that compiled; `None` where unknown, which counts as the newest.
    pub go: Option<(u32, u32)>,
    /// By package, the names of its files that an overlay replaces.
    pub replaced: BTreeMap<usize, Vec<Vec<u8>>>,
}

impl Sources {
    /// Notes that an overlay has another file read in place of this one.
    pub fn replace(&mut self, place: &[u8]) {
        let Some((directory, name)) = split(place) else {
            return;
        };
        for (index, package) in self.packages.iter().enumerate() {
            if package.dir == directory {
                self.replaced.entry(index).or_default().push(name.to_vec());
            }
        }
    }
}

/// A directory, and a name in it.
fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = memchr::memrchr(b'/', path)?;
    Some((&path[..slash], &path[slash + 1..]))
}

/// One package of the build.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// As `go list` prints it; with PGO ` [main/package]` may follow.
    pub import_path: String,
    /// As in the package clause; empty where unknown: the path's last element stands for it.
    pub name: String,
    /// Absolute; empty where unknown.
    pub dir: Vec<u8>,
    /// The module's path; `None` for the standard library.
    pub module: Option<String>,
    /// The module's version; `None` for the main module.
    pub version: Option<String>,
    /// Whether it belongs to the standard library or the toolchain.
    pub standard: bool,
    /// The names of its Go files in `dir`; none where unknown.
    pub files: Vec<String>,
}

impl Package {
    /// The import path without the ` [main/package]` that PGO adds.
    pub fn path(&self) -> &str {
        self.import_path.split(" [").next().unwrap_or_default()
    }

    /// What stands before its names in other packages.
    pub(super) fn qualifier(&self) -> &str {
        match self.name.as_str() {
            "" => self.path().rsplit('/').next().unwrap_or_default(),
            name => name,
        }
    }
}

/// Who owns a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The package with this index.
    Package(usize),
    /// The package whose header stands above the line: generated code, names from `//line` comments.
    Header,
}

/// [`Sources`] by name and by directory.
pub(super) struct Owners<'a> {
    sources: &'a Sources,
    by_path: HashMap<Vec<u8>, usize>,
    by_dir: HashMap<&'a [u8], usize>,
}

impl<'a> Owners<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        let mut owners = Self {
            sources,
            by_path: HashMap::new(),
            by_dir: HashMap::new(),
        };
        for (index, package) in sources.packages.iter().enumerate() {
            let path = package.path().as_bytes();
            owners.by_path.entry(path.to_vec()).or_insert(index);
            if let Some(path) = versioned(package, path) {
                owners.by_path.entry(path).or_insert(index);
            }
            if !package.dir.is_empty() {
                owners.by_dir.entry(&package.dir).or_insert(index);
            }
        }
        owners
    }

    /// The package a header names, `None` for one that is not part of the build.
    pub(super) fn header(&self, name: &[u8]) -> Option<usize> {
        let end = memchr::memmem::find(name, b" [").unwrap_or(name.len());
        self.by_path.get(&name[..end]).copied()
    }

    /// The name of the file that a name of the compiler stands for. With `-trimpath` a file of an overlay that lies below its
    /// package is named after itself (`example.com/app/aside/main.txt`): go puts the directory of the package first
    /// (`trimpath`, `cmd/go/internal/work/gc.go`). The build cache repeats the name that it had when it was compiled, so that
    /// today's overlay does not tell it.
    pub(super) fn named(&self, printed: &[u8]) -> Option<Vec<u8>> {
        let mut replaced = self.sources.replaced.iter();
        replaced.find_map(|(package, names)| self.replacing(*package, names, printed))
    }

    fn replacing(&self, index: usize, names: &[Vec<u8>], printed: &[u8]) -> Option<Vec<u8>> {
        let package = self.sources.packages.get(index)?;
        let path = package.path().as_bytes();
        let versioned = versioned(package, path);
        let below = |prefix: &[u8]| printed.strip_prefix(prefix)?.strip_prefix(b"/");
        let below = below(path).or_else(|| below(versioned.as_deref()?))?;
        let is_own = |bytes: &[u8]| package.files.iter().any(|name| name.as_bytes() == bytes);
        let (directory, base) = split(printed)?;
        if is_own(below)
            || self
                .by_path
                .get(directory)
                .is_some_and(|count| *count != index)
        {
            return None;
        }
        let name = match names {
            [one] => one,
            several => several.iter().find(|bytes| *bytes == base)?,
        };
        Some([path, b"/", name].concat())
    }

    pub(super) fn owner(&self, file: &[u8]) -> Owner {
        let Some(slash) = memchr::memrchr(b'/', file) else {
            return Owner::Header;
        };
        let dir = &file[..slash];
        if self.sources.trimpath
            && let Some(index) = self.by_path.get(dir)
        {
            return Owner::Package(*index);
        }
        // A name out of a `//line` comment is no path of this build unless it is absolute.
        if !(file.ends_with(b".go") || file.starts_with(b"/")) {
            return Owner::Header;
        }
        let index = self.by_dir.get(dir).or_else(|| {
            self.by_dir
                .get(absolute(&self.sources.directory, dir).as_slice())
        });
        index.map_or(Owner::Header, |index| Owner::Package(*index))
    }
}

/// `module@version/sub` as `-trimpath` prints it for a dependency.
fn versioned(package: &Package, path: &[u8]) -> Option<Vec<u8>> {
    let module = package.module.as_ref()?;
    let version = package
        .version
        .as_ref()
        .filter(|version| !version.is_empty())?;
    let sub = path.strip_prefix(module.as_bytes())?;
    Some([module.as_bytes(), b"@", version.as_bytes(), sub].concat())
}

/// Joins and cleans `directory` and `path`, by text alone.
fn absolute(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let start: &[u8] = if path.starts_with(b"/") {
        b""
    } else {
        directory
    };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in start
        .split(|byte| *byte == b'/')
        .chain(path.split(|byte| *byte == b'/'))
    {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let mut joined = Vec::with_capacity(start.len() + path.len() + 1);
    for part in parts {
        joined.push(b'/');
        joined.extend_from_slice(part);
    }
    joined
}
