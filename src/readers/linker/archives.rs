//! The archives of a program in the order in which the linker loads them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::binary::{self, Mapped};
use crate::error::{Error, Kind, Result};

use super::directives::Directives;
use super::foreign::{self, Foreign};
use super::member::{Members, members};
use super::object::Object;
use super::percent::escaped;

/// The package that programs with cgo have.
pub(super) const CGO: &str = "runtime/cgo";

/// Package archives, mapped.
#[derive(Debug)]
pub struct Archives {
    /// Import path and file, the main package first.
    files: Vec<(String, Mapped)>,
    /// How many of them some object imports, with the runtime. The others are there for the linker of the system.
    imported: usize,
}

/// A package and its objects.
#[derive(Debug)]
pub(super) struct Library<'a> {
    pub(crate) path: &'a str,
    pub(crate) objects: Vec<Object<'a>>,
    /// Objects that no Go tool wrote: name and content.
    pub(crate) foreign: Vec<(&'a str, &'a [u8])>,
    pub(crate) directives: Directives,
    /// Whether cmd/go found that Go's own linker cannot link it, or should not.
    pub(crate) wants_external: bool,
}

impl<'a> Library<'a> {
    /// A package from what stands in its archive.
    fn of(path: &'a str, found: Members<'a>) -> Result<Self> {
        let object = |bytes: &&'a [u8]| Object::read(bytes).ok_or_else(|| broken(path));
        let objects = found.objects.iter().map(object);
        let mut directives = Directives::default();
        for json in &found.directives {
            directives.add(json).ok_or_else(|| broken(path))?;
        }
        Ok(Self {
            path,
            objects: objects.collect::<Result<_>>()?,
            foreign: found.foreign,
            directives,
            wants_external: found.wants_external,
        })
    }

    /// Its objects of C compilers. Fails where one is of a format that is not read.
    pub(super) fn foreign(&self) -> std::result::Result<Vec<Foreign<'a>>, String> {
        let package = escaped(self.path);
        let each = self.foreign.iter().map(|(name, bytes)| {
            foreign::read(&package, bytes).ok_or_else(|| {
                let path = self.path;
                format!("`{name}` of package `{path}` is no ELF object as C compilers write them")
            })
        });
        each.collect()
    }
}

/// What stands in the archives.
#[derive(Debug)]
pub(super) struct Libraries<'a> {
    pub(crate) libraries: Vec<Library<'a>>,
    /// GOOS, GOARCH and version, from the header of the objects.
    pub(crate) goos: &'a str,
    pub(crate) goarch: &'a str,
    pub(crate) version: &'a str,
}

impl Archives {
    /// Maps the archive of the main package and of all that it needs, by import path as in an import configuration.
    pub fn open(main: &Path, packages: &HashMap<String, PathBuf>) -> Result<Self> {
        let mut files: Vec<(String, Mapped)> = vec![("main".into(), binary::open(main)?)];
        let mut known: HashSet<&[u8]> = HashSet::new();
        known.insert(b"main");
        let mut at = 0;
        // The runtime is loaded last where nothing imports it; behind it what the linker of the system needs.
        let mut last = ["runtime", CGO].iter();
        let mut imported = 0;
        loop {
            let wanted: Vec<Vec<u8>> = match files.get(at) {
                Some((path, file)) => imports(path, file)?,
                None => {
                    imported = if last.len() == 1 { at } else { imported };
                    let Some(next) = last.next() else { break };
                    vec![next.as_bytes().to_vec()]
                }
            };
            at += usize::from(at < files.len());
            for import in wanted {
                let path = std::str::from_utf8(&import).ok();
                let found = path.and_then(|path| packages.get_key_value(path));
                let Some((path, file)) = found else { continue };
                if known.insert(path.as_bytes()) {
                    files.push((path.clone(), binary::open(file)?));
                }
            }
        }
        Ok(Self { files, imported })
    }

    /// How many of the libraries some object imports, with the runtime.
    pub(super) fn imported(&self) -> usize {
        self.imported
    }

    /// The objects in them.
    pub(super) fn libraries(&self) -> Result<Libraries<'_>> {
        let mut libraries = Vec::new();
        let mut header = None;
        for (path, file) in &self.files {
            let found = read(path, file)?;
            header = header.or(found.header);
            libraries.push(Library::of(path, found)?);
        }
        let mut words = header.unwrap_or_default().split(' ');
        Ok(Libraries {
            libraries,
            goos: words.next().unwrap_or_default(),
            goarch: words.next().unwrap_or_default(),
            version: words.next().unwrap_or_default(),
        })
    }
}

fn broken(path: &str) -> Error {
    let message =
        format!("the archive of package `{path}` is damaged, or of a Go that is not known");
    Error::new(Kind::Machine, message)
        .hint("Go 1.20 to 1.27 are known; `go clean -cache` removes what is damaged")
}

fn read<'a>(path: &str, file: &'a [u8]) -> Result<Members<'a>> {
    members(file).ok_or_else(|| broken(path))
}

/// What the objects of an archive import, in order.
fn imports(path: &str, file: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for bytes in read(path, file)?.objects {
        let object = Object::read(bytes).ok_or_else(|| broken(path))?;
        all.extend(object.imports().map(<[u8]>::to_vec));
    }
    Ok(all)
}
