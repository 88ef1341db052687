//! Decides whether a package is there for tests alone: a program that is published does not have it.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::go::{Module, Package};
use crate::input;

/// Modules that were looked through, and what was found of their packages.
#[derive(Debug, Default)]
pub(super) struct ForTests {
    /// By the directory of a module: who imports what, files of tests apart.
    importers: HashMap<String, Importers>,
    known: HashMap<String, bool>,
}

/// By import path, the packages of a module that import it.
type Importers = HashMap<String, BTreeSet<Importer>>;

/// A package that imports another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Importer {
    path: String,
    is_program: bool,
}

/// No module is looked through further than this many directories.
const DIRECTORIES: usize = 20_000;

impl ForTests {
    /// Whether only tests import a package. Asked of those alone that nobody outside of the module imports: below `internal`,
    /// or with a name that says so.
    pub(super) fn is(&mut self, package: &Package) -> bool {
        let Some(module) = &package.module else {
            return false;
        };
        if package.name == "main" || !is_hidden(inside(&package.import_path, module)) {
            return false;
        }
        if let Some(known) = self.known.get(&package.import_path) {
            return *known;
        }
        let importers = self
            .importers
            .entry(module.dir.clone())
            .or_insert_with(|| importers(module));
        let found = !is_reached(&package.import_path, module, importers);
        self.known.insert(package.import_path.clone(), found);
        found
    }
}

/// Whether something that is no test, and is not hidden itself, imports a package, be it by way of others.
fn is_reached(package: &str, module: &Module, importers: &Importers) -> bool {
    let mut seen = BTreeSet::from([package]);
    let mut open = vec![package];
    while let Some(next) = open.pop() {
        for importer in importers.get(next).into_iter().flatten() {
            let path = inside(&importer.path, module);
            let is_program = importer.is_program && !path.split('/').any(is_of_tests);
            if is_program || !is_hidden(path) {
                return true;
            }
            if seen.insert(&importer.path) {
                open.push(&importer.path);
            }
        }
    }
    false
}

/// The part of an import path that names a package in its module.
fn inside<'a>(path: &'a str, module: &Module) -> &'a str {
    path.strip_prefix(&module.path).unwrap_or(path)
}

/// Whether a path says that a package is for the module itself, or for tests.
fn is_hidden(path: &str) -> bool {
    path.split('/')
        .any(|element| element == "internal" || is_of_tests(element))
}

/// Whether the name of a directory says that tests use it.
fn is_of_tests(name: &str) -> bool {
    let begins = ["test", "mock", "fixture", "bench"];
    begins.iter().any(|word| name.starts_with(word))
        || name.ends_with("test")
        || name.ends_with("tests")
}

fn importers(module: &Module) -> Importers {
    let root = Path::new(&module.dir);
    let mut found = Importers::new();
    let mut open: Vec<(PathBuf, String)> = vec![(root.to_owned(), module.path.clone())];
    let mut count = 0;
    while let Some((directory, package)) = open.pop() {
        count += 1;
        let Some(entries) = directory.read_dir().ok().filter(|_| count < DIRECTORIES) else {
            continue;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else {
                continue;
            };
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            // Another module, and what go does not look into.
            let is_left_out = name.starts_with(['.', '_'])
                || matches!(name, "vendor" | "node_modules" | "testdata");
            if is_directory && !is_left_out && !path.join("go.mod").exists() {
                open.push((path, format!("{package}/{name}")));
                continue;
            }
            let is_source =
                path.extension() == Some(OsStr::new("go")) && !name.ends_with("_test.go");
            let Some(text) = is_source.then(|| input::read(&path, input::SOURCE).ok()) else {
                continue;
            };
            let text = text.unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let importer = Importer {
                path: package.clone(),
                is_program: text.lines().any(|line| line.starts_with("package main")),
            };
            for import in imports(&text) {
                let importers = found.entry(import.to_owned()).or_default();
                importers.insert(importer.clone());
            }
        }
    }
    found
}

/// The import paths of a file: what stands in quotes before its first declaration.
fn imports(text: &str) -> Vec<&str> {
    let is_declaration = |line: &&str| {
        let begins = ["func ", "type ", "var ", "const ", "var(", "const("];
        begins.iter().any(|word| line.starts_with(word))
    };
    let head = text.lines().take_while(|line| !is_declaration(line));
    head.filter_map(|line| {
        let (before, rest) = line.split_once('"')?;
        let (path, _) = rest.split_once('"')?;
        (!before.contains("//")).then_some(path)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_for_tests_where_nothing_else_leads_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "lib.go",
            "package lib\n\nimport (\n\t\"fmt\"\n\n\tk \"ex.com/lib/internal/core\"\n)\n\nfunc f() {}\n",
        );
        write(
            "lib_test.go",
            "package lib\n\nimport \"ex.com/lib/internal/spec\"\n",
        );
        write(
            "internal/core/core.go",
            "package core\n\nimport \"ex.com/lib/internal/deep\"\n",
        );
        write(
            "internal/spec/spec.go",
            "package spec\n\nimport \"ex.com/lib/testutil\"\n",
        );
        write(
            "cmd/tool/main.go",
            "package main\n\nimport \"ex.com/lib/bench/tables\"\n",
        );
        write(
            "internal/cmd/main.go",
            "package main\n\nimport \"ex.com/lib/internal/app\"\n",
        );
        let module = Module {
            path: "ex.com/lib".into(),
            dir: directory.path().display().to_string(),
            ..Module::default()
        };
        let mut all = ForTests::default();
        let mut is = |path: &str| {
            all.is(&Package {
                import_path: format!("ex.com/lib{path}"),
                name: "p".into(),
                module: Some(module.clone()),
                ..Package::default()
            })
        };
        for (path, wanted) in [
            ("", false),
            ("/html", false),
            ("/internal/core", false),
            ("/internal/deep", false),
            ("/internal/spec", true),
            ("/testutil", true),
            ("/bench/tables", false),
            ("/internal/app", false),
        ] {
            assert_eq!(is(path), wanted, "{path}");
        }
    }
}
