//! The packages of a build in, how the files of vendor/ stand to those of the module cache out.
//!
//! Go compares vendor/modules.txt with go.mod, and no file below with anything (`go mod verify` looks at the module cache).
//! The hash in go.sum is of a whole module, and vendor/ holds a part: it is compared file by file with the module cache, or,
//! where that has not the module, not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::list::{Module, Package};
use crate::input;

/// How vendor/ stands to what it was copied from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendored {
    /// Packages of the build that come from vendor/.
    pub packages: usize,
    /// `example.com/lib v1.2.0`: modules that are nowhere else on this machine.
    pub unknown: Vec<String>,
    /// Files that are other than those of their module, that it has not, or that are gone, each with its module.
    pub edited: Vec<String>,
}

/// A module of vendor/.
struct Copied<'a> {
    /// Its directory below vendor/.
    place: PathBuf,
    module: &'a Module,
    /// The directories of its packages that are built.
    built: Vec<PathBuf>,
}

/// Compares the modules of vendor/ that the build takes packages from. `cache` is GOMODCACHE.
pub fn compare(packages: &[Package], cache: &Path) -> Vendored {
    let mut modules: BTreeMap<&str, Copied<'_>> = BTreeMap::new();
    let mut found = Vendored::default();
    for package in packages.iter().filter(|it| !it.standard) {
        let Some((module, vendor)) = package.module.as_ref().zip(vendor_of(package)) else {
            continue;
        };
        found.packages += 1;
        let copied = modules.entry(&module.path).or_insert_with(|| Copied {
            place: vendor.join(&module.path),
            module,
            built: Vec::new(),
        });
        copied.built.push(PathBuf::from(&package.dir));
    }
    let places: Vec<PathBuf> = modules.values().map(|it| it.place.clone()).collect();
    for it in modules.values() {
        let name = named(it.module);
        let root = it.place.ancestors().nth(it.module.path.split('/').count());
        let root = root.and_then(Path::parent).unwrap_or(&it.place);
        match original(it.module, cache, root).filter(|it| it.is_dir()) {
            None => found.unknown.push(name),
            Some(original) => {
                let mut edited = Vec::new();
                differences(&it.place, &original, &places, &mut edited);
                for directory in &it.built {
                    gone(directory, &it.place, &original, &mut edited);
                }
                edited.sort();
                let shown =
                    |it: &PathBuf| it.strip_prefix(root).unwrap_or(it).display().to_string();
                let told = edited.iter().map(|it| format!("`{}` of {name}", shown(it)));
                found.edited.extend(told);
            }
        }
    }
    found
}

/// The directory vendor/ that a package lies in.
fn vendor_of(package: &Package) -> Option<&Path> {
    let below = format!("/vendor/{}", package.import_path);
    let root = package.dir.strip_suffix(&below)?;
    Some(Path::new(&package.dir[..root.len() + "/vendor".len()]))
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
fn differences(copy: &Path, original: &Path, places: &[PathBuf], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(copy).into_iter().flatten().flatten() {
        let path = entry.path();
        let other = original.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if !places.contains(&path) {
                    differences(&path, &other, places, found);
                }
            }
            Ok(kind) if kind.is_file() && are_equal(&path, &other) => {}
            _ => found.push(path),
        }
    }
}

fn are_equal(one: &Path, other: &Path) -> bool {
    let length = |it: &Path| Some(it.metadata().ok().filter(|it| it.is_file())?.len());
    let alike = length(one).is_some() && length(one) == length(other);
    let bytes = |it: &Path| input::read(it, input::SOURCE).ok();
    alike && bytes(one).is_some_and(|it| Some(it) == bytes(other))
}

/// Sources that `go mod vendor` copies (`matchPotentialSourceFile`, `cmd/go/internal/modcmd/vendor.go`) and that are not there.
fn gone(directory: &Path, place: &Path, original: &Path, found: &mut Vec<PathBuf>) {
    let below = directory.strip_prefix(place).unwrap_or(Path::new(""));
    let there = original.join(below);
    for entry in std::fs::read_dir(&there).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let path = directory.join(&name);
        let is_source = text.ends_with(".go") && !text.ends_with("_test.go");
        if is_source && path.symlink_metadata().is_err() && !is_ignored(&entry.path()) {
            found.push(path);
        }
    }
}

/// Whether a build constraint names `ignore`, which vendor/ leaves out.
fn is_ignored(path: &Path) -> bool {
    let text = input::read(path, input::SOURCE).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let constraint = |it: &&str| {
        let old = it.strip_prefix("//").map(str::trim_start);
        it.starts_with("//go:build") || old.is_some_and(|it| it.starts_with("+build"))
    };
    let mut lines = text.lines().map(str::trim).filter(constraint);
    lines.any(|it| it.contains("ignore"))
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
        // Another module inside.
        write(root, "vendor/ex.com/Lib/in/e.go", "package e");
        let packages = [
            package(root, "ex.com/Lib", "ex.com/Lib"),
            package(root, "ex.com/Lib/sub", "ex.com/Lib"),
            package(root, "ex.com/Lib/in", "ex.com/Lib/in"),
        ];
        let compared = || compare(&packages, &cache);
        let equal = Vendored {
            packages: 3,
            unknown: vec!["ex.com/Lib/in v1.2.0".into()],
            edited: Vec::new(),
        };
        assert_eq!(compared(), equal);
        write(root, "vendor/ex.com/Lib/a.go", "b.go");
        write(root, "vendor/ex.com/Lib/more.go", "package a");
        std::fs::remove_file(root.join("vendor/ex.com/Lib/sub/c.go")).unwrap();
        let edited = ["a.go", "more.go", "sub/c.go"];
        let edited = edited.map(|it| format!("`vendor/ex.com/Lib/{it}` of ex.com/Lib v1.2.0"));
        assert_eq!(compared().edited, edited);
    }
}
