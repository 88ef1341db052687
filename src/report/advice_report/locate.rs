//! Finds the line of today's source for a line of a profile.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::for_tests::ForTests;
use super::{Finding, Patch, Place};
use crate::advise::{Line, Shape, Source};
use crate::config::Config;
use crate::go::{Package, minor_of};
use crate::input;
use crate::plan::{Facts, scope};
use crate::report::built_file::shown;

/// The Go that a module means which does not say.
const WITHOUT_LINE: (u32, u32) = (1, 16);

/// Where a line is today.
#[derive(Debug, Clone)]
pub(crate) struct Located {
    /// As it is shown.
    pub(crate) place: Place,
    /// The file, where there is one.
    pub(crate) path: Option<PathBuf>,
    /// What stands there; `None` where the function is gone.
    pub(crate) shape: Option<Shape>,
    /// The go line of its module; `None` for packages without a module.
    pub(crate) go_line: Option<(u32, u32)>,
}

/// Finds lines; each file is read once.
pub(crate) struct Locator<'a> {
    packages: HashMap<&'a str, &'a Package>,
    mains: Vec<&'a Package>,
    scope: Vec<&'a Package>,
    owned: HashSet<String>,
    cwd: &'a Path,
    read: &'a mut dyn FnMut(&Path) -> Option<Vec<u8>>,
    sources: HashMap<PathBuf, Option<Source>>,
    known: HashMap<Line, Located>,
    ignored: HashMap<(String, u32), Vec<String>>,
    for_tests: ForTests,
}

impl<'a> Locator<'a> {
    /// For the packages of a build; those of the scope are the user's.
    pub(crate) fn new(
        facts: &'a Facts,
        config: &Config,
        cwd: &'a Path,
        read: &'a mut dyn FnMut(&Path) -> Option<Vec<u8>>,
    ) -> Self {
        let patterns = scope::patterns(&config.escape.scope, &facts.packages);
        let inside = |package: &&Package| scope::contains(&patterns, &package.import_path);
        let main = |package: &&Package| package.name == "main";
        let name = |package: &Package| match package.name == "main" {
            true => "main".to_owned(),
            false => package.import_path.clone(),
        };
        Self {
            packages: facts
                .packages
                .iter()
                .map(|package| (package.import_path.as_str(), package))
                .collect(),
            mains: facts.packages.iter().filter(main).collect(),
            scope: facts.packages.iter().filter(inside).collect(),
            owned: facts.packages.iter().filter(inside).map(name).collect(),
            cwd,
            read,
            sources: HashMap::new(),
            known: HashMap::new(),
            ignored: HashMap::new(),
            for_tests: ForTests::default(),
        }
    }

    /// The user's packages, as a profile names them.
    pub(crate) fn owned(&self) -> &HashSet<String> {
        &self.owned
    }

    /// Whether a package is there for tests alone.
    pub(crate) fn is_for_tests(&mut self, package: &str) -> bool {
        let found = self.packages.get(package);
        found.is_some_and(|package| self.for_tests.is(package))
    }

    /// Whether a tool wrote the file: what it says must be changed in the tool.
    pub(crate) fn is_generated(&self, located: &Located) -> bool {
        let source = located
            .path
            .as_ref()
            .and_then(|path| self.sources.get(path)?.as_ref());
        let text = source.and_then(Source::text_of_file).unwrap_or_default();
        text.lines()
            .take_while(|line| !line.starts_with("package "))
            .any(|line| line.starts_with("// Code generated ") && line.ends_with(" DO NOT EDIT."))
    }

    /// Finds a line. An older program's is as far from the start of its function as it was then.
    pub(crate) fn locate(&mut self, line: &Line) -> Located {
        if let Some(known) = self.known.get(line) {
            return known.clone();
        }
        let found = self.find(line);
        if let Some(shape) = &found.shape {
            let key = (found.place.file.clone(), found.place.line);
            self.ignored.insert(key, shape.ignore.clone());
        }
        self.known.insert(line.clone(), found.clone());
        found
    }

    /// What a rule would write at a line.
    pub(crate) fn patch(&self, located: &Located, rule: &str) -> Option<Patch> {
        let path = located.path.as_ref()?;
        let source = self.sources.get(path)?.as_ref()?;
        let mend = source.mended(rule, i64::from(located.place.line), &beside(path, rule))?;
        let name = &located.place.file;
        let mut options = diffy::DiffOptions::new();
        options
            .set_original_filename(format!("a/{name}"))
            .set_modified_filename(format!("b/{name}"));
        Some(Patch {
            diff: options
                .create_patch(source.text_of_file()?, &mend.text)
                .to_string(),
            caution: mend.caution.to_owned(),
        })
    }

    /// Whether a comment takes a finding out.
    pub(crate) fn is_ignored(&self, it: &Finding) -> bool {
        let words = self.ignored.get(&(it.place.file.clone(), it.place.line));
        let names = |text: &String| text.split_whitespace().next() == Some(it.rule.as_str());
        words.is_some_and(|all| all.iter().any(names))
    }

    fn find(&mut self, line: &Line) -> Located {
        let name = line.file.rsplit(['/', '\\']).next().unwrap_or_default();
        let package = self.package(line);
        let mut place = Place {
            package: package
                .map_or(line.package.as_str(), |package| &package.import_path)
                .to_owned(),
            function: line.function.clone(),
            file: line.file.clone(),
            line: u32::try_from(line.line).unwrap_or_default(),
            source: String::new(),
        };
        let module = package.and_then(|package| package.module.as_ref());
        let go_line = module.map(|module| minor_of(&module.go_version).unwrap_or(WITHOUT_LINE));
        let found = package.and_then(|package| self.in_package(package, name, line));
        let Some((path, number, mut shape)) = found else {
            return Located {
                place,
                path: None,
                shape: None,
                go_line,
            };
        };
        place.file = shown(&path, self.cwd);
        place.line = u32::try_from(number).unwrap_or_default();
        place.source.clone_from(&shape.text);
        if let (Some(name), Some(package)) = (&shape.returned, package) {
            shape.needs_pointer =
                self.has_pointer_methods(package, name) || self.is_kept_by_callers(&line.function);
        }
        if let (Some(of), false, Some(package)) = (&shape.sorts, shape.sorts_slice, package) {
            let mut all = files(package);
            shape.sorts_slice = all.any(|path| {
                self.source(path)
                    .is_some_and(|source| source.is_slice_type(of))
            });
        }
        Located {
            place,
            path: Some(path),
            shape: Some(shape),
            go_line,
        }
    }

    /// A line in the file that the profile names; a function may have moved to another file of its package.
    fn in_package(
        &mut self,
        package: &Package,
        name: &str,
        line: &Line,
    ) -> Option<(PathBuf, i64, Shape)> {
        // The name is that of the profile: only what go lists is read.
        let files = package.go_files.iter().chain(&package.cgo_files);
        let (same, others): (Vec<_>, Vec<_>) = files.partition(|file| *file == name);
        // Where no function is declared, the same line of another file is something else.
        // go writes `_testmain.go` itself: its `main` is none of the package.
        let elsewhere = !is_made(&line.function) && name != "_testmain.go";
        let others = others.into_iter().filter(|_| elsewhere);
        let directory = Path::new(&package.dir);
        let mut all = same.into_iter().chain(others);
        all.find_map(|file| self.today(directory, file, line))
    }

    /// Whether a type of a package has methods with a pointer receiver.
    fn has_pointer_methods(&mut self, package: &Package, name: &str) -> bool {
        let mut files = files(package);
        files.any(|path| {
            let source = self.source(path);
            source.is_none_or(|source| source.has_pointer_methods(name))
        })
    }

    /// Whether anybody in the scope does more with the result of a function than to read its fields, or nobody calls it.
    fn is_kept_by_callers(&mut self, function: &str) -> bool {
        let name = function.rsplit('.').next().unwrap_or(function);
        let packages: Vec<&Package> = self.scope.clone();
        let mut reads = 0;
        for path in packages.into_iter().flat_map(files) {
            let Some(source) = self.source(path) else {
                return true;
            };
            // A function of the same name elsewhere counts as this one: then nothing is said.
            let (some, more) = match source.text_of_file() {
                Some(text) if text.contains(name) => source.callers(name),
                _ => (0, false),
            };
            if more {
                return true;
            }
            reads += some;
        }
        reads == 0
    }

    /// A file, parsed; `None` where it cannot be read.
    fn source(&mut self, path: PathBuf) -> Option<&Source> {
        let read = &mut self.read;
        let source = self.sources.entry(path.clone());
        source.or_insert_with(|| Source::new(read(&path)?)).as_ref()
    }

    fn package(&self, line: &Line) -> Option<&'a Package> {
        if line.package != "main" {
            return self.packages.get(line.package.as_str()).copied();
        }
        main_of(&self.mains, &line.file)
    }

    /// The line in a file of today that declares its function.
    fn today(
        &mut self,
        directory: &Path,
        name: &str,
        line: &Line,
    ) -> Option<(PathBuf, i64, Shape)> {
        let path = directory.join(name);
        let source = self.source(path.clone())?;
        let number = match source.declaration(&line.function) {
            Some((start, end)) => {
                let moved = match line.start {
                    Some(then) => line.line.checked_sub(then)?.checked_add(start)?,
                    None => line.line,
                };
                (start..=end).contains(&moved).then_some(moved)?
            }
            None if is_made(&line.function) => line.line,
            None => return None,
        };
        Some((path, number, source.shape(number)?))
    }
}

/// The main package that a file belongs to, of several: a profile calls each of them `main`. The file stands where the program
/// was built, or has its import path (`-trimpath`): it is of the package whose place in the module its directory ends with.
pub(crate) fn main_of<'p>(mains: &[&'p Package], file: &str) -> Option<&'p Package> {
    if let [one] = mains {
        return Some(one);
    }
    let (directory, name) = file.rsplit_once(['/', '\\']).unwrap_or(("", file));
    let has = |package: &&&Package| {
        let mut names = package.go_files.iter().chain(&package.cgo_files);
        names.any(|known| known == name)
    };
    let all: Vec<&'p Package> = mains.iter().filter(has).copied().collect();
    if let [one] = all[..] {
        return Some(one);
    }
    let fits = |package: &&'p Package| {
        let whole = [package.dir.as_str(), package.import_path.as_str()];
        let below = below_module(package);
        match whole.contains(&directory) {
            true => Some((usize::MAX, *package)),
            false => ends_with(directory, below).then_some((below.len(), *package)),
        }
    };
    let found = all.iter().filter_map(fits);
    found.max_by_key(|found| found.0).map(|found| found.1)
}

/// The way from the root of its module to a package; empty at the root.
fn below_module(package: &Package) -> &str {
    let module = package.module.as_ref();
    let below = module.and_then(|module| package.import_path.strip_prefix(module.path.as_str()));
    let below = below.unwrap_or(&package.import_path);
    below.trim_start_matches('/')
}

/// Whether a directory ends with whole elements of another.
fn ends_with(directory: &str, end: &str) -> bool {
    let plain = directory.replace('\\', "/");
    let before = plain.strip_suffix(end);
    end.is_empty() || before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The Go files of a package, without tests.
fn files(package: &Package) -> impl Iterator<Item = PathBuf> + '_ {
    let names = package.go_files.iter().chain(&package.cgo_files);
    names.map(|name| Path::new(&package.dir).join(name))
}

/// The text of the other files beside a file, tests too, for a rule that adds a name to the package.
fn beside(path: &Path, rule: &str) -> String {
    let directory = path.parent().filter(|_| rule == "GBO314");
    let listed = directory.and_then(|path| path.read_dir().ok());
    let files = listed
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let go = |it: &PathBuf| it != path && it.extension().is_some_and(|extension| extension == "go");
    let text = |path: PathBuf| input::read(&path, input::SOURCE).ok();
    let all: Vec<u8> = files.filter(go).filter_map(text).flatten().collect();
    String::from_utf8_lossy(&all).into_owned()
}

/// Whether a function has no source: initial values of package variables run in such ones.
fn is_made(function: &str) -> bool {
    matches!(function, "init" | "glob" | "")
}
