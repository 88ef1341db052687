//! Scans the sources of a module's packages for what they say of benchmarks, WaitGroups and memory limits.

use std::path::Path;

use super::limits::{self, Limit};
use crate::go::Package;
use crate::input;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scan {
    /// Benchmarks in test files of the module.
    pub(crate) benchmarks: u64,
    /// Loops of the form `i < b.N` in them.
    pub(crate) old_loops: u64,
    /// `Add(1)` with a `go func` behind it, which `wg.Go` says in one call.
    pub(crate) adds: u64,
    /// Files that set GOMEMLIMIT.
    pub(crate) limits: Vec<String>,
    /// Limits of containers.
    pub(crate) containers: Vec<Limit>,
    /// Manifests that were not read: there are too many.
    pub(crate) unread: u64,
}

/// Names of files that say how a program runs, beside go.mod.
const RUNNING: &[&str] = &[
    "Dockerfile",
    "Containerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yaml",
    "compose.yml",
];

/// Reads the sources of the main module's packages. What cannot be read says nothing.
pub(crate) fn scan(packages: &[Package]) -> Scan {
    let mut scan = Scan::default();
    let own = packages
        .iter()
        .filter(|package| package.module.as_ref().is_some_and(|module| module.main));
    for package in own.clone() {
        scan.package(package);
    }
    let mut roots: Vec<&str> = own
        .filter_map(|package| Some(package.module.as_ref()?.dir.as_str()))
        .collect();
    let names = names(packages);
    roots.sort_unstable();
    roots.dedup();
    for root in roots {
        scan.root(Path::new(root), &names);
    }
    scan
}

impl Scan {
    /// Reads the sources of a package, and its tests.
    fn package(&mut self, package: &Package) {
        let directory = Path::new(&package.dir);
        for name in package.go_files.iter().chain(&package.cgo_files) {
            if let Ok(text) = input::text(&directory.join(name), input::SOURCE) {
                self.adds += adds(&text);
            }
        }
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().ends_with("_test.go")
                && let Ok(text) = input::text(&entry.path(), input::SOURCE)
            {
                self.test(&text);
            }
        }
    }

    /// Reads what runs the program, at the root of a module.
    fn root(&mut self, root: &Path, names: &[String]) {
        for name in RUNNING {
            let text = input::text(&root.join(name), input::TEXT);
            if text.is_ok_and(|text| text.contains("GOMEMLIMIT")) {
                self.limits.push((*name).to_owned());
            }
        }
        let (manifests, unread) = limits::manifests(root);
        self.unread += unread;
        for (name, text) in manifests {
            let known = self.limits.contains(&name);
            if text.contains("GOMEMLIMIT") && !known {
                self.limits.push(name.clone());
            }
            self.containers.extend(limits::limits(&name, &text, names));
        }
    }
}

/// What the executables and the main module are called.
fn names(packages: &[Package]) -> Vec<String> {
    let mains = packages.iter().filter(|package| package.is_named_main());
    let modules = packages
        .iter()
        .filter_map(|package| package.module.as_ref());
    let modules = modules
        .filter(|module| module.main)
        .map(|module| module.path.as_str());
    let paths = mains
        .map(|package| package.import_path.as_str())
        .chain(modules);
    let mut names: Vec<String> = paths.map(last).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The last part of an import path that is no major version.
fn last(path: &str) -> &str {
    let is_version = |part: &&str| {
        let digits = part.strip_prefix('v').unwrap_or_default();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut parts = path.rsplit('/').filter(|part| !is_version(part));
    parts.next().unwrap_or(path)
}

impl Scan {
    fn test(&mut self, text: &str) {
        let lines = || text.lines().map(str::trim);
        let benchmarks = lines().filter(|line| line.starts_with("func Benchmark"));
        self.benchmarks += benchmarks.count() as u64;
        let old = lines().filter(|line| line.starts_with("for ") && line.contains("b.N"));
        self.old_loops += old.count() as u64;
    }
}

fn adds(text: &str) -> u64 {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let pair = |pair: &&[&str]| pair[0].ends_with(".Add(1)") && pair[1].starts_with("go func()");
    lines.windows(2).filter(pair).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_counted() {
        let mut scan = Scan::default();
        scan.test("func BenchmarkA(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t}\n}\nfunc BenchmarkB(b *testing.B) {\n\tfor b.Loop() {\n\t}\n}\n");
        assert_eq!((scan.benchmarks, scan.old_loops), (2, 1));
        let text = "\twg.Add(1)\n\tgo func() {\n\t}()\n\twg.Add(1)\n\trun()\n";
        assert_eq!(adds(text), 1);
    }
}
