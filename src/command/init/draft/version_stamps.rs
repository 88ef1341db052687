//! The variables that get a version: what the linker can set, and what it is set to.

use super::{Draft, Project, embedded, files, is_repository};
use crate::command::init::stamped::{self, Stamp};
use crate::go::Package;
use crate::go::package_variables::{Scope, Settable};

/// As the linker's list of flags takes it. No value of a recipe has both quotes: its own end at one.
pub(super) fn definition(variable: &str, value: &str) -> String {
    let quote = match value {
        _ if !value.contains(char::is_whitespace) => "",
        _ if value.contains('\'') => "\"",
        _ => "'",
    };
    format!("-X {quote}{variable}={value}{quote}")
}

impl<'a> Project<'a> {
    pub(super) fn stamps(&self, draft: &mut Draft) {
        let (flags, mut why) = match self.today.stamps.is_empty() && is_repository(self.root) {
            true => self.by_name(),
            false => self.as_today(draft),
        };
        if flags.iter().any(|flag| flag.contains("{git.describe}")) {
            why += "; {git.describe} is `git describe --tags --always --dirty`";
        }
        if !flags.is_empty() {
            draft.key(&why, "ldflags", toml_edit::Array::from_iter(flags));
        }
    }

    /// The stamps that the files of the project set today, and which files do.
    fn as_today(&self, draft: &mut Draft) -> (Vec<String>, String) {
        let (mut flags, mut files) = (Vec::new(), Vec::new());
        for stamp in &self.today.stamps {
            let Stamp {
                variable,
                written,
                file,
                value,
            } = stamp;
            let told = match (self.settable(variable), value) {
                (Some(Settable::Yes), Some(value)) => {
                    flags.push(definition(variable, value));
                    files.push(file.as_str());
                    continue;
                }
                (Some(Settable::Yes), None) => {
                    format!("{file} sets {variable} to {written}: write it here by hand")
                }
                _ => {
                    format!("{file} sets {variable}, which is no variable that the linker can set")
                }
            };
            draft.comment(&told);
            draft.say(&told);
        }
        files.dedup();
        (flags, format!("as in {}", files.join(" and ")))
    }

    /// Stamps for the variables of the sources that are called as if they held a version, and which these are.
    fn by_name(&self) -> (Vec<String>, String) {
        let found = self.versions();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let flags = found
            .iter()
            .map(|(name, value)| format!("-X {name}={value}"));
        let why = format!("found in the sources: {}", names.join(", "));
        (flags.collect(), why)
    }

    /// What `-X` does to a variable: `main.version`, or one of a package by its path.
    pub(super) fn settable(&self, variable: &str) -> Option<Settable> {
        let (path, name) = variable.rsplit_once('.')?;
        let is_it = |package: &&Package| match path {
            "main" => package.is_named_main(),
            _ => package.import_path == path,
        };
        let judged = self.packages.iter().filter(is_it).filter_map(|package| {
            let files = files(package);
            Scope::new(&files).judge(name, &|_| None)
        });
        judged.max_by_key(|settable| *settable == Settable::Yes)
    }

    /// Variables with the name of a version and the like, and what goes into them.
    pub(super) fn versions(&self) -> Vec<(String, &'static str)> {
        const HOLDERS: [&str; 4] = ["version", "buildinfo", "build", "buildversion"];
        let mut found: Vec<(String, &'static str)> = Vec::new();
        for package in self.own() {
            let last = package.import_path.rsplit('/').next().unwrap_or_default();
            let path = match package.is_named_main() {
                true => "main",
                false if HOLDERS.contains(&last) => &package.import_path,
                false => continue,
            };
            let files = files(package);
            let embedded = embedded(package);
            for name in Scope::new(&files).settable() {
                let variable = format!("{path}.{name}");
                let known =
                    found.iter().any(|entry| entry.0 == variable) || embedded.contains(name);
                found.extend(
                    stamped::by_name(name)
                        .filter(|_| !known)
                        .map(|text| (variable, text)),
                );
            }
        }
        found
    }
}
