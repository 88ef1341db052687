//! `-X importpath.name=value` in the linker flags, checked before Go runs: the linker ignores a
//! name that it does not find, without a word, and the release ships as version "dev".

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Facts;
use super::overlay::Overlay;
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::go::Package;
use crate::go::package_variables::{File, Scope, Settable};
use crate::input;
use crate::order::Ordered;

/// A variable that the linker is to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// `main`, or the import path of a package.
    pub(crate) package: String,
    /// The variable.
    pub(crate) name: String,
    /// The text it gets.
    pub(crate) value: String,
    /// The import paths of the packages that have it, once that was looked at.
    pub(crate) packages: Vec<String>,
}

/// Every `-X` in a list of linker flags. Fails with [`Kind::Usage`] for one that is malformed.
pub(crate) fn stamps(words: &[String]) -> Result<Vec<Stamp>> {
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
        packages: Vec::new(),
    })
}

/// Checks each stamp against the sources of the packages that are linked; returns the last of each
/// name, with the packages that have the variable.
///
/// Fails with [`Kind::Usage`], naming the nearest package or variable, or the value that would win.
pub(crate) fn verify(stamps: Vec<Stamp>, facts: &Facts) -> Result<Vec<Stamp>> {
    if stamps.is_empty() {
        return Ok(stamps);
    }
    let replaced = Overlay::of(facts);
    verify_in(stamps, &facts.packages, &facts.go.cwd, &replaced)
}

fn verify_in(
    stamps: Vec<Stamp>,
    packages: &[Package],
    cwd: &Path,
    replaced: &Overlay,
) -> Result<Vec<Stamp>> {
    let mut verified: Vec<Stamp> = Vec::new();
    for mut stamp in stamps {
        let mut sources = Sources {
            packages,
            cwd,
            replaced,
            read: BTreeMap::new(),
            partly: BTreeSet::new(),
        };
        stamp.packages = check(&stamp, &mut sources)?;
        // The linker takes the last one of a name.
        verified.retain(|it| (&it.package, &it.name) != (&stamp.package, &stamp.name));
        verified.push(stamp);
    }
    Ok(verified)
}

/// The packages that have the variable.
fn check(stamp: &Stamp, sources: &mut Sources<'_>) -> Result<Vec<String>> {
    let candidates = candidates(stamp, sources.packages)?;
    if candidates.is_empty() {
        return Err(unlinked(stamp, sources));
    }
    let mut judged: Vec<(&str, Settable)> = Vec::new();
    for package in &candidates {
        let settable = sources.judge(package, &stamp.name);
        judged.extend(settable.map(|settable| (package.import_path.as_str(), settable)));
    }
    let able = judged.iter().filter(|(_, it)| *it == Settable::Yes);
    let able: Vec<String> = able.map(|(path, _)| (*path).to_owned()).collect();
    // Several mains: it is enough that one of them has the variable.
    if !able.is_empty() {
        return Ok(able);
    }
    let shown = format!("-X {}.{}", stamp.package, stamp.name);
    let Some((_, settable)) = judged.first() else {
        return Err(undeclared(stamp, &candidates, sources));
    };
    let why = match settable {
        Settable::Constant => "it is a constant".to_owned(),
        Settable::Computed(value) => format!(
            "it is initialised with `{}` when the program starts, and that wins",
            short(value)
        ),
        Settable::NoString(other) => format!("it is no string but `{}`", short(other)),
        Settable::Yes => String::new(),
    };
    Err(
        Error::new(Kind::Usage, format!("`{shown}` has no effect: {why}"))
            .hint(format!("declare it as: var {} string", stamp.name)),
    )
}

/// The package is there, and has no such variable: which one may be meant.
fn undeclared(stamp: &Stamp, candidates: &[&Package], sources: &mut Sources<'_>) -> Error {
    let (package, name) = (&stamp.package, &stamp.name);
    let known = candidates.iter().flat_map(|of| sources.able(of));
    let known: Vec<String> = known.collect();
    let message =
        format!("`-X {package}.{name}` sets nothing: package `{package}` has no variable `{name}`");
    let error = Error::new(Kind::Usage, message);
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{package}.{near}`?")),
        None => error.hint(format!("declare it there: var {name} string")),
    }
}

/// An expression in one line.
fn short(code: &str) -> String {
    const MOST: usize = 60;
    let line = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} ...", &line[..at]),
        None => line,
    }
}

/// The packages that the name of a package may stand for.
fn candidates<'p>(stamp: &Stamp, packages: &'p [Package]) -> Result<Vec<&'p Package>> {
    let shown = format!("-X {}.{}", stamp.package, stamp.name);
    if let Some(main) = packages
        .iter()
        .find(|package| package.name == "main" && package.import_path == stamp.package)
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
        packages
            .iter()
            .filter(|package| package.is_named_main())
            .collect()
    } else {
        packages
            .iter()
            .filter(|package| package.import_path == stamp.package)
            .collect()
    };
    Ok(candidates)
}

/// No package of the build has the name: which variable may be meant. Only one that is there is named, as the linker calls it.
fn unlinked(stamp: &Stamp, sources: &mut Sources<'_>) -> Error {
    let (path, name) = (&stamp.package, &stamp.name);
    let message = format!("`-X {path}.{name}` sets nothing: no package `{path}` is linked");
    let error = Error::new(Kind::Usage, message);
    let packages = sources.packages;
    let known = || packages.iter().filter(|package| !package.standard);
    let paths = known().map(|package| package.import_path.as_str());
    let near = nearest(&stamp.package, paths);
    let Some(package) = known().find(|package| Some(package.import_path.as_str()) == near) else {
        return error.hint("use the import path of a package of the build, or `main`");
    };
    let called = match package.name.as_str() {
        "main" => "main",
        _ => package.import_path.as_str(),
    };
    // Its files are read by that.
    let _ = sources.judge(package, &stamp.name);
    let variables = sources.able(package);
    match nearest(&stamp.name, variables.iter().map(String::as_str)) {
        Some(name) => error.hint(format!("did you mean `{called}.{name}`?")),
        None => error.hint(format!(
            "`{}` is linked, and has no variable `{}`: declare it there with `var {} string`, and write `-X {called}.{}=...`",
            package.import_path, stamp.name, stamp.name, stamp.name
        )),
    }
}

/// The sources of packages, read when they are needed.
struct Sources<'p> {
    pub(crate) packages: &'p [Package],
    /// Where go runs.
    pub(crate) cwd: &'p Path,
    pub(crate) replaced: &'p Overlay,
    read: BTreeMap<String, Vec<File>>,
    /// Packages with a file that cannot be read: what is not found may be there.
    partly: BTreeSet<String>,
}

impl Sources<'_> {
    fn load(&mut self, path: &str) {
        let Some(package) = self
            .packages
            .iter()
            .find(|package| package.import_path == path)
        else {
            return;
        };
        let files = package.go_files.iter().chain(&package.cgo_files);
        let directory = package.directory(self.cwd);
        let mut read = Vec::new();
        for name in files {
            let source = directory.join(name);
            match self.replaced.read(&source, input::SOURCE).ok() {
                Some(content) => read.extend(File::new(content)),
                None => {
                    self.partly.insert(path.to_owned());
                }
            }
        }
        self.read.insert(path.to_owned(), read);
    }

    /// Names of another package are looked up only where they are used.
    fn judge(&mut self, package: &Package, name: &str) -> Option<Settable> {
        self.load(&package.import_path);
        loop {
            let read = self.read.iter();
            let scopes = read.map(|(path, files)| (path.as_str(), Scope::new(files)));
            let scopes: BTreeMap<&str, Scope<'_>> = scopes.ordered();
            let wanted = RefCell::new(BTreeSet::new());
            let lookup = |path: &str| {
                let found = scopes.get(path);
                let mut packages = self.packages.iter();
                if found.is_none() && packages.any(|package| package.import_path == path) {
                    wanted.borrow_mut().insert(path.to_owned());
                }
                found
            };
            let own = scopes.get(package.import_path.as_str());
            let judged = own.and_then(|scope| scope.judge(name, &lookup));
            let wanted = wanted.into_inner();
            if wanted.is_empty() {
                let unseen = self.partly.contains(&package.import_path);
                return judged.or(unseen.then_some(Settable::Yes));
            }
            drop(scopes);
            wanted.iter().for_each(|text| self.load(text));
        }
    }

    fn able(&self, package: &Package) -> Vec<String> {
        let files = self.read.get(&package.import_path);
        let scope = files.map(|file| Scope::new(file));
        scope
            .iter()
            .flat_map(|scope| scope.settable().map(str::to_owned))
            .collect()
    }
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
        match stamps(&words)
            .and_then(|it| verify_in(it, &packages, place.path(), &Overlay::default()))
        {
            Ok(_) => "ok".into(),
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
        insta::assert_snapshot!(check("-X ex.com/app/build.Count=1"), @"`-X ex.com/app/build.Count` has no effect: it is no string but `int`; declare it as: var Count string");
        insta::assert_snapshot!(check("-X main.started=1"), @"`-X main.started` has no effect: it is initialised with `now()` when the program starts, and that wins; declare it as: var started string");
        assert!(check("-X version").starts_with("`-X version` sets nothing"));
    }
}
