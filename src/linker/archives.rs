//! The archives of a program in the order in which the linker loads them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::binary::{self, Mapped};
use crate::error::{Error, Kind, Result};

use super::member::{Members, members};
use super::object::Object;

/// Package archives, mapped.
#[derive(Debug)]
pub struct Archives {
    /// Import path and file, the main package first.
    files: Vec<(String, Mapped)>,
}

/// A package and its objects.
#[derive(Debug)]
pub(super) struct Library<'a> {
    pub(crate) path: &'a str,
    pub(crate) objects: Vec<Object<'a>>,
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
        let mut known: HashMap<&[u8], ()> = HashMap::new();
        known.insert(b"main", ());
        let mut at = 0;
        // The runtime is loaded last where nothing imports it.
        let mut runtime = false;
        while at < files.len() || !runtime {
            let wanted: Vec<Vec<u8>> = match files.get(at) {
                Some((path, file)) => imports(path, file)?,
                None => {
                    runtime = true;
                    vec![b"runtime".to_vec()]
                }
            };
            at += usize::from(at < files.len());
            for import in wanted {
                let found = std::str::from_utf8(&import)
                    .ok()
                    .and_then(|path| packages.get_key_value(path));
                let Some((path, file)) = found else { continue };
                if known.insert(path.as_bytes(), ()).is_none() {
                    files.push((path.clone(), binary::open(file)?));
                }
            }
        }
        Ok(Self { files })
    }

    /// The objects in them. Fails where one was not written by a Go tool alone.
    pub(super) fn libraries(&self) -> Result<Libraries<'_>> {
        let mut libraries = Vec::new();
        let mut header = None;
        for (path, file) in &self.files {
            let found = read(path, file)?;
            if let Some(name) = found.foreign {
                let message = format!(
                    "package `{path}` holds `{name}`, which a C compiler or another tool wrote"
                );
                return Err(Error::new(Kind::Machine, message)
                    .hint("the graph covers programs without cgo: set CGO_ENABLED=0"));
            }
            header = header.or(found.header);
            let objects = found
                .objects
                .iter()
                .map(|bytes| Object::read(bytes).ok_or_else(|| broken(path)));
            libraries.push(Library {
                path,
                objects: objects.collect::<Result<_>>()?,
            });
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
