//! Compares the files of vendor/ with those of the module cache, for the packages of a build.
//!
//! Go compares vendor/modules.txt with go.mod, and no file below with anything (`go mod verify` looks at the module cache).
//! The hash in go.sum is of a whole module, and vendor/ holds a part: it is compared file by file with the module cache, or,
//! where that has not the module, not at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{ErrorKind, Read, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::list::{Module, Package};
use crate::input;
use crate::order::Ordered;

/// How vendor/ stands to what it was copied from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Vendored {
    /// Packages of the build that come from vendor/.
    pub(crate) packages: usize,
    /// `example.com/lib v1.2.0`: modules that are nowhere else on this machine.
    pub(crate) unknown: Vec<String>,
    /// Files that are other than those of their module, that it has not, or that are gone, each with its module.
    pub(crate) edited: Vec<String>,
    /// Files and directories that cannot be read, each with its module.
    pub(crate) unread: Vec<String>,
}

/// What was compared in this run: the targets of a build share most of vendor/.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    copies: Mutex<HashMap<PathBuf, Arc<Found>>>,
    built: Mutex<HashMap<PathBuf, Arc<Found>>>,
}

/// What is found in a directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Found {
    /// Other than the original, or gone.
    edited: Vec<PathBuf>,
    /// What cannot be read.
    unread: Vec<PathBuf>,
}

/// What is known of a directory, or is found out now.
fn once(
    known: &Mutex<HashMap<PathBuf, Arc<Found>>>,
    directory: &Path,
    look: impl FnOnce(&mut Found),
) -> Arc<Found> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known.entry(directory.into()).or_insert_with(|| {
        let mut found = Found::default();
        look(&mut found);
        Arc::new(found)
    });
    Arc::clone(found)
}

/// A module of vendor/.
struct Copied<'a> {
    /// Its directory below vendor/.
    place: PathBuf,
    module: &'a Module,
    /// The directories of its packages that are built.
    built: Vec<PathBuf>,
}

impl Copied<'_> {
    /// What became of it: in all of the module, and in each directory that is built.
    fn found(
        &self,
        original: &Path,
        places: &BTreeSet<PathBuf>,
        compared: &Compared,
    ) -> Vec<Arc<Found>> {
        let copy = once(&compared.copies, &self.place, |found| {
            differences(&self.place, original, places, found)
        });
        let built = self.built.iter().map(|directory| {
            once(&compared.built, directory, |found| {
                gone(directory, &self.place, original, found)
            })
        });
        std::iter::once(copy).chain(built).collect()
    }
}

/// Compares the modules of vendor/ that the build takes packages from. `cache` is GOMODCACHE.
pub(crate) fn compare(packages: &[Package], cache: &Path, compared: &Compared) -> Vendored {
    let mut found = Vendored::default();
    let modules = modules(packages, &mut found.packages);
    let mut places: HashMap<PathBuf, BTreeSet<PathBuf>> = HashMap::new();
    for copied in modules.values() {
        let name = named(copied.module);
        let depth = copied.module.path.split('/').count();
        let root = copied.place.ancestors().nth(depth);
        let root = root.and_then(Path::parent).unwrap_or(&copied.place);
        match original(copied.module, cache, root).filter(|path| path.is_dir()) {
            None => found.unknown.push(name),
            Some(original) => {
                let vendor = root.join("vendor");
                let places = places
                    .entry(vendor)
                    .or_insert_with_key(|path| module_places(path));
                let all = copied.found(&original, places, compared);
                let told = |of: fn(&Found) -> &Vec<PathBuf>| {
                    let paths: BTreeSet<&PathBuf> =
                        all.iter().flat_map(|found| of(found)).ordered();
                    let shown = |it: &PathBuf| {
                        let path = it.strip_prefix(root).unwrap_or(it);
                        format!("`{}` of {name}", path.display())
                    };
                    paths.into_iter().map(shown).collect::<Vec<_>>()
                };
                found.edited.extend(told(|found| &found.edited));
                found.unread.extend(told(|found| &found.unread));
            }
        }
    }
    found
}

/// The modules that the build takes packages from, by path. Adds how many packages these are.
fn modules<'p>(packages: &'p [Package], count: &mut usize) -> BTreeMap<&'p str, Copied<'p>> {
    let mut modules: BTreeMap<&str, Copied<'_>> = BTreeMap::new();
    for package in packages.iter().filter(|package| !package.standard) {
        let Some((module, vendor)) = package.module.as_ref().zip(vendor_of(package)) else {
            continue;
        };
        *count += 1;
        let copied = modules.entry(&module.path).or_insert_with(|| Copied {
            place: vendor.join(&module.path),
            module,
            built: Vec::new(),
        });
        copied.built.push(PathBuf::from(&package.dir));
    }
    modules
}

/// The directory vendor/ that a package lies in.
fn vendor_of(package: &Package) -> Option<&Path> {
    let below = format!("/vendor/{}", package.import_path);
    let root = package.dir.strip_suffix(&below)?;
    Some(Path::new(&package.dir[..root.len() + "/vendor".len()]))
}

/// The directories of all modules of a vendor/, also of those that this build takes nothing from.
fn module_places(vendor: &Path) -> BTreeSet<PathBuf> {
    let text = input::text(&vendor.join("modules.txt"), input::TEXT).unwrap_or_default();
    // `# PATH VERSION`, `# PATH => ...`; `## explicit` and a package are something else.
    let modules = text.lines().filter_map(|line| line.strip_prefix("# "));
    let paths = modules.filter_map(|module| module.split_whitespace().next());
    paths.map(|path| vendor.join(path)).ordered()
}

/// `example.com/lib v1.2.0`; of one that is replaced, what stands in for it.
fn named(module: &Module) -> String {
    let it = module.replace.as_deref().unwrap_or(module);
    match it.version.as_str() {
        "" => it.path.clone(),
        version => format!("{} {version}", it.path),
    }
}

/// Where its files were copied from: the module cache, or the directory that replaces it.
fn original(module: &Module, cache: &Path, root: &Path) -> Option<PathBuf> {
    let it = module.replace.as_deref().unwrap_or(module);
    if it.version.is_empty() {
        return Some(root.join(&it.path));
    }
    let below = format!("{}@{}", escaped(&it.path), escaped(&it.version));
    cache.is_absolute().then(|| cache.join(below))
}

/// As the module cache writes a path: `!a` for `A` (`golang.org/x/mod/module`, EscapePath).
fn escaped(path: &str) -> String {
    let mut text = String::new();
    for letter in path.chars() {
        if letter.is_ascii_uppercase() {
            text.push('!');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// Files below `copy` that are not as below `original`. A module may lie inside another.
fn differences(copy: &Path, original: &Path, places: &BTreeSet<PathBuf>, found: &mut Found) {
    let Ok(entries) = std::fs::read_dir(copy) else {
        found.unread.push(copy.into());
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let other = original.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if !places.contains(&path) {
                    differences(&path, &other, places, found);
                }
            }
            Ok(kind) if kind.is_file() => match are_equal(&path, &other) {
                Ok(true) => {}
                Ok(false) => found.edited.push(path),
                Err(_) => found.unread.push(path),
            },
            Ok(_) => found.edited.push(path),
            Err(_) => found.unread.push(path),
        }
    }
}

/// Whether two files hold the same, whatever their size. Fails where one cannot be read; one that is not there is another.
fn are_equal(one: &Path, other: &Path) -> Result<bool> {
    let mut one = input::open(one)?;
    let mut other = match input::open(other) {
        Ok(file) => file,
        Err(error) => {
            return match error.kind() {
                ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::NotADirectory => {
                    Ok(false)
                }
                _ => Err(error),
            };
        }
    };
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let count = fill(&mut one, &mut left)?;
        let same = fill(&mut other, &mut right)? == count && left[..count] == right[..count];
        if !same || count < CHUNK {
            return Ok(same);
        }
    }
}

/// How much of two files is held at a time.
const CHUNK: usize = 64 << 10;

/// Reads until the buffer is full, or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Sources that `go mod vendor` copies (`matchPotentialSourceFile`, `cmd/go/internal/modcmd/vendor.go`) and that are not there.
fn gone(directory: &Path, place: &Path, original: &Path, found: &mut Found) {
    let below = directory.strip_prefix(place).unwrap_or(Path::new(""));
    let there = original.join(below);
    for entry in std::fs::read_dir(&there).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let path = directory.join(&name);
        let is_source = text.ends_with(".go") && !text.ends_with("_test.go");
        if is_source && path.symlink_metadata().is_err() && !is_ignored(&entry.path()) {
            found.edited.push(path);
        }
    }
}

/// Whether a build constraint names `ignore`, which vendor/ leaves out.
fn is_ignored(path: &Path) -> bool {
    let text = input::read(path, input::SOURCE).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let constraint = |text: &&str| {
        let old = text.strip_prefix("//").map(str::trim_start);
        text.starts_with("//go:build") || old.is_some_and(|word| word.starts_with("+build"))
    };
    let mut lines = text.lines().map(str::trim).filter(constraint);
    lines.any(|line| line.contains("ignore"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn package(root: &Path, path: &str, module: &str) -> Package {
        Package {
            import_path: path.into(),
            dir: root.join("vendor").join(path).display().to_string(),
            module: Some(Module {
                path: module.into(),
                version: "v1.2.0".into(),
                ..Module::default()
            }),
            ..Package::default()
        }
    }

    #[test]
    fn what_was_edited_added_or_taken_away_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (root, cache) = (directory.path(), directory.path().join("cache"));
        let source = |name: &str| format!("cache/ex.com/!lib@v1.2.0/{name}");
        for name in ["a.go", "b.go", "sub/c.go", "LICENSE"] {
            write(root, &source(name), name);
            write(root, &format!("vendor/ex.com/Lib/{name}"), name);
        }
        write(root, &source("a_test.go"), "package a");
        write(
            root,
            &source("tool.go"),
            "//go:build ignore\n\npackage main",
        );
        write(root, &source("gen.go"), "//+build ignore\n\npackage main");
        write(root, &source("other/d.go"), "package d");
        // Another module inside, and one that this build takes nothing from.
        write(root, "vendor/ex.com/Lib/in/e.go", "package e");
        write(root, "vendor/ex.com/Lib/out/f.go", "package f");
        let modules = "# ex.com/Lib v1.2.0\n## explicit\nex.com/Lib\n# ex.com/Lib/in v1.2.0\nex.com/Lib/in\n# ex.com/Lib/out v1.0.0 => ../out\nex.com/Lib/out\n";
        write(root, "vendor/modules.txt", modules);
        let packages = [
            package(root, "ex.com/Lib", "ex.com/Lib"),
            package(root, "ex.com/Lib/sub", "ex.com/Lib"),
            package(root, "ex.com/Lib/in", "ex.com/Lib/in"),
        ];
        let compared = || compare(&packages, &cache, &Compared::default());
        let equal = Vendored {
            packages: 3,
            unknown: vec!["ex.com/Lib/in v1.2.0".into()],
            ..Vendored::default()
        };
        assert_eq!(compared(), equal);
        write(root, "vendor/ex.com/Lib/a.go", "b.go");
        write(root, "vendor/ex.com/Lib/more.go", "package a");
        std::fs::remove_file(root.join("vendor/ex.com/Lib/sub/c.go")).unwrap();
        let edited = ["a.go", "more.go", "sub/c.go"];
        let edited = edited.map(|text| format!("`vendor/ex.com/Lib/{text}` of ex.com/Lib v1.2.0"));
        assert_eq!(compared().edited, edited);
    }

    #[test]
    fn files_of_any_size_are_compared() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let mut bytes = vec![7; size];
            std::fs::write(at("one"), &bytes).unwrap();
            std::fs::write(at("other"), &bytes).unwrap();
            assert!(are_equal(&at("one"), &at("other")).unwrap(), "{size}");
            if let Some(last) = bytes.last_mut() {
                *last = 8;
                std::fs::write(at("other"), &bytes).unwrap();
                assert!(!are_equal(&at("one"), &at("other")).unwrap(), "{size}");
            }
        }
        // Sparse: larger than what is read of a source.
        for name in ["one", "other"] {
            let file = std::fs::File::create(at(name)).unwrap();
            file.set_len(input::SOURCE + 1).unwrap();
        }
        assert!(are_equal(&at("one"), &at("other")).unwrap());
        assert!(!are_equal(&at("one"), &at("none")).unwrap());
        assert!(are_equal(&at("none"), &at("one")).is_err());
    }

    #[test]
    fn a_directory_is_read_once_in_a_run() {
        let directory = tempfile::tempdir().unwrap();
        let (root, cache) = (directory.path(), directory.path().join("cache"));
        write(root, "cache/ex.com/lib@v1.2.0/a.go", "package a");
        write(root, "vendor/ex.com/lib/a.go", "package a");
        let packages = [package(root, "ex.com/lib", "ex.com/lib")];
        let run = Compared::default();
        let first = compare(&packages, &cache, &run);
        write(root, "vendor/ex.com/lib/a.go", "package b");
        assert_eq!(compare(&packages, &cache, &run), first);
        assert_ne!(compare(&packages, &cache, &Compared::default()), first);
    }
}
