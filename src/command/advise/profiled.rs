//! Reads the profiles of `advise`, and narrows the compile to the packages that they name: nothing is said of the others.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facts::Prepared;
use crate::go::Package;
use crate::input;
use crate::plan::{Facts, scope};
use crate::profile::still_written::unescaped;
use crate::profile::{self, Profile, symbol_parts};
use crate::report::advice_report::gather::Given;
use crate::report::advice_report::locate::main_of;
use crate::report::shown;

/// No profile is larger.
const LARGEST: u64 = 1 << 30;

/// The profiles of a run.
pub(super) enum Profiles {
    /// Those typed or configured, for all platforms.
    Given(Vec<Given>),
    /// Those that the compiler gets, per platform.
    Applied(Vec<Vec<Given>>),
}

impl Profiles {
    /// Reads the profiles of the command line or of `[advise] profiles`, otherwise those of the build.
    pub(super) fn read(args: &cli::Advise, prepared: &Prepared, cwd: &Path) -> Result<Self> {
        let loaded = &prepared.loaded;
        let configured = loaded.config.advise.profiles.files();
        let configured = configured.map(|path| loaded.root.join(path));
        let files: Vec<PathBuf> = match args.profile.as_slice() {
            [] => configured.collect(),
            typed => typed.iter().map(|path| args.typed.cwd.join(path)).collect(),
        };
        if files.is_empty() {
            let targets = prepared.facts.iter();
            let applied = targets.map(|facts| applied(facts, &args.typed.cwd, cwd));
            return applied.collect::<Result<_>>().map(Self::Applied);
        }
        let given = files.iter().map(|path| load(path, cwd));
        given.collect::<Result<_>>().map(Self::Given)
    }

    /// Those of a platform, by its place.
    pub(super) fn of(&self, target: usize) -> &[Given] {
        match self {
            Self::Given(all) => all,
            Self::Applied(targets) => targets.get(target).map_or(&[], Vec::as_slice),
        }
    }

    /// Compiles only the packages of the scope that a profile names. Other packages cost time, and one that does not compile would
    /// end the run.
    pub(super) fn narrow(&self, prepared: &mut Prepared) {
        let targets = prepared.facts.iter().enumerate();
        let config = &prepared.loaded.config;
        let named = targets.map(|(place, facts)| self.packages(place, facts, config));
        if let Some(named) = named.collect::<Option<Vec<_>>>() {
            prepared.compile_only(named);
        }
    }

    /// The packages of the scope that a profile of a platform names. `None` where the packages have to be compiled as they were
    /// named: files stand for a package that has no name, a profile beside a main package is only for what it needs, some paths are
    /// words of go, and instances of generics are compiled where they are used, which a profile need not name.
    fn packages(&self, target: usize, facts: &Facts, config: &Config) -> Option<Vec<String>> {
        const WORDS: [&str; 8] = [
            "all",
            "cmd",
            "command-line-arguments",
            "main",
            "module",
            "std",
            "tool",
            "work",
        ];
        let is_word = |package: &Package| WORDS.contains(&package.import_path.as_str());
        let mut uses = facts.pgo.uses.iter();
        let for_some = uses.any(|used| used.applied && !used.packages.is_empty());
        if for_some || facts.packages.iter().any(is_word) {
            return None;
        }
        let patterns = scope::patterns(&config.escape.scope, &facts.packages);
        let mut named = Named::of(&facts.packages);
        for given in self.of(target) {
            named.add(&given.profile);
        }
        let in_scope = |package: &&Package| scope::contains(&patterns, &package.import_path);
        let found = facts.packages.iter().filter(in_scope);
        let found = found.filter(|package| named.paths.contains(&package.import_path));
        let found: Vec<String> = found.map(|package| package.import_path.clone()).collect();
        let has_generics = found.iter().any(|path| named.generic.contains(path));
        Some(found).filter(|found| !found.is_empty() && !has_generics)
    }
}

/// What profiles name.
struct Named<'a> {
    /// The main packages of the build.
    mains: Vec<&'a Package>,
    /// Import paths.
    paths: HashSet<String>,
    /// Those of functions with type arguments.
    generic: HashSet<String>,
}

impl<'a> Named<'a> {
    /// Nothing yet, of the packages of a build.
    fn of(packages: &'a [Package]) -> Self {
        let mains = packages.iter().filter(|package| package.name == "main");
        Self {
            mains: mains.collect(),
            paths: HashSet::new(),
            generic: HashSet::new(),
        }
    }

    fn add(&mut self, profile: &Profile) {
        for function in &profile.raw().function {
            let name = profile.text(function.name);
            let package = symbol_parts::package(&name);
            let path = match package {
                "main" => main_of(&self.mains, &profile.text(function.filename))
                    .map(|package| package.import_path.clone()),
                _ => Some(unescaped(package)),
            };
            if name.contains('[') {
                self.generic.extend(path.clone());
            }
            self.paths.extend(path);
        }
    }
}

/// The profiles that the compiler gets.
fn applied(facts: &Facts, from: &Path, cwd: &Path) -> Result<Vec<Given>> {
    let files = facts
        .pgo
        .all_applied()
        .map(|candidate| candidate.file(from));
    files.map(|path| load(&path, cwd)).collect()
}

fn load(path: &Path, cwd: &Path) -> Result<Given> {
    let file = shown(path, cwd);
    let bytes = input::read(path, LARGEST).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Error::new(Kind::Usage, format!("the profile `{file}` does not exist"))
        }
        _ => Error::new(Kind::Usage, format!("cannot read the profile `{file}`")).source(error),
    })?;
    let profile = profile::read(&bytes)
        .map_err(|error| Error::new(Kind::Usage, format!("`{file}` is no profile: {error}")))?;
    Ok(Given { file, profile })
}
