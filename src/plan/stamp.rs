//! `-X importpath.name=value` in the linker flags, checked before Go runs: the linker ignores a
//! name that it does not find, without a word, and the release ships as version "dev".

use std::path::Path;

use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::go::Package;
use crate::go::source::{self, Settable, Variable};

/// A variable that the linker is to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `main`, or the import path of a package.
    pub package: String,
    /// The variable.
    pub name: String,
    /// The text it gets.
    pub value: String,
}

/// Every `-X` in a list of linker flags. Fails with [`Kind::Usage`] for one that is malformed.
pub fn stamps(words: &[String]) -> Result<Vec<Stamp>> {
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        let definition = match bare {
            Some("X") => rest.next().cloned().unwrap_or_default(),
            Some(tail) if tail.starts_with("X=") => tail[2..].to_owned(),
            _ => continue,
        };
        found.push(stamp(&definition)?);
    }
    Ok(found)
}

fn stamp(definition: &str) -> Result<Stamp> {
    let malformed = || {
        Error::new(Kind::Usage, format!("`-X {definition}` sets nothing"))
            .hint("write it like `-X main.version=1.2`, in quotes where the value has spaces: -X 'main.version=a b'")
    };
    let (target, value) = definition.split_once('=').ok_or_else(malformed)?;
    let (package, name) = target
        .rsplit_once('.')
        .filter(|(package, name)| !package.is_empty() && !name.is_empty())
        .ok_or_else(malformed)?;
    Ok(Stamp {
        package: package.to_owned(),
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// Checks each stamp against the sources of the packages that are linked.
///
/// Fails with [`Kind::Usage`], naming the nearest package or variable.
pub fn verify(stamps: &[Stamp], packages: &[Package]) -> Result<()> {
    stamps.iter().try_for_each(|it| check(it, packages))
}

fn check(stamp: &Stamp, packages: &[Package]) -> Result<()> {
    let shown = format!("-X {}.{}", stamp.package, stamp.name);
    if let Some(main) = packages
        .iter()
        .find(|it| it.name == "main" && it.import_path == stamp.package)
    {
        return Err(Error::new(
            Kind::Usage,
            format!(
                "`{shown}` sets nothing: to the linker `{}` is called `main`",
                main.import_path
            ),
        )
        .hint(format!("write `-X main.{}=...`", stamp.name)));
    }
    let candidates: Vec<&Package> = if stamp.package == "main" {
        packages.iter().filter(|it| it.is_named_main()).collect()
    } else {
        packages
            .iter()
            .filter(|it| it.import_path == stamp.package)
            .collect()
    };
    if candidates.is_empty() {
        let error = Error::new(
            Kind::Usage,
            format!(
                "`{shown}` sets nothing: no package `{}` is linked",
                stamp.package
            ),
        );
        let known = packages
            .iter()
            .filter(|it| !it.standard)
            .map(|it| it.import_path.as_str());
        return Err(match nearest(&stamp.package, known) {
            Some(near) => error.hint(format!("did you mean `{near}.{}`?", stamp.name)),
            None => error.hint("use the import path of a package of the build, or `main`"),
        });
    }
    let variables: Vec<Variable> = candidates.iter().flat_map(|it| read(it)).collect();
    // Several mains: it is enough that one of them has the variable.
    let same: Vec<&Variable> = variables
        .iter()
        .filter(|it| it.name == stamp.name)
        .collect();
    if same.iter().any(|it| it.settable == Settable::Yes) {
        return Ok(());
    }
    let Some(found) = same.first() else {
        let error = Error::new(
            Kind::Usage,
            format!(
                "`{shown}` sets nothing: package `{}` has no variable `{}`",
                stamp.package, stamp.name
            ),
        );
        let known = variables
            .iter()
            .filter(|it| it.settable == Settable::Yes)
            .map(|it| it.name.as_str());
        return Err(match nearest(&stamp.name, known) {
            Some(near) => error.hint(format!("did you mean `{}.{near}`?", stamp.package)),
            None => error.hint(format!("declare it there: var {} string", stamp.name)),
        });
    };
    let why = match found.settable {
        Settable::Constant => "it is a constant",
        Settable::Computed => "its value is computed when the program starts",
        Settable::NoString | Settable::Yes => "it is no string",
    };
    Err(
        Error::new(Kind::Usage, format!("`{shown}` has no effect: {why}"))
            .hint(format!("declare it as: var {} string", stamp.name)),
    )
}

fn read(package: &Package) -> Vec<Variable> {
    let files = package.go_files.iter().chain(&package.cgo_files);
    let sources = files.filter_map(|it| std::fs::read(Path::new(&package.dir).join(it)).ok());
    sources.flat_map(|it| source::variables(&it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(directory: &Path, path: &str, name: &str, source: &str) -> Package {
        let dir = directory.join(path.replace('/', "-"));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("x.go"), source).unwrap();
        Package {
            import_path: path.into(),
            name: name.into(),
            dir: dir.display().to_string(),
            go_files: vec!["x.go".into()],
            dep_only: name != "main",
            ..Package::default()
        }
    }

    fn check(flags: &str) -> String {
        let place = tempfile::tempdir().unwrap();
        let packages = [
            package(
                place.path(),
                "ex.com/app/cmd/api",
                "main",
                "package main\nvar version = \"dev\"\nvar started = now()\n",
            ),
            package(
                place.path(),
                "ex.com/app/build",
                "build",
                "package build\nvar Commit string\nvar Count int\n",
            ),
        ];
        let words = crate::go::quote::split(flags).unwrap();
        match stamps(&words).and_then(|it| verify(&it, &packages)) {
            Ok(()) => "ok".into(),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn a_stamp_that_sets_nothing_is_told_with_the_nearest_name() {
        assert_eq!(
            check("-s -X 'main.version=a b' -X=ex.com/app/build.Commit=1"),
            "ok"
        );
        insta::assert_snapshot!(check("-X main.versoin=1"), @"`-X main.versoin` sets nothing: package `main` has no variable `versoin`; did you mean `main.version`?");
        insta::assert_snapshot!(check("-X ex.com/app/cmd/api.version=1"), @"`-X ex.com/app/cmd/api.version` sets nothing: to the linker `ex.com/app/cmd/api` is called `main`; write `-X main.version=...`");
        insta::assert_snapshot!(check("-X ex.com/app/biuld.Commit=1"), @"`-X ex.com/app/biuld.Commit` sets nothing: no package `ex.com/app/biuld` is linked; did you mean `ex.com/app/build.Commit`?");
        insta::assert_snapshot!(check("-X ex.com/app/build.Count=1"), @"`-X ex.com/app/build.Count` has no effect: it is no string; declare it as: var Count string");
        insta::assert_snapshot!(check("-X main.started=1"), @"`-X main.started` has no effect: its value is computed when the program starts; declare it as: var started string");
        assert!(check("-X version").starts_with("`-X version` sets nothing"));
    }
}
