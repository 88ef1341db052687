//! Reads from configuration and command line which profiles are wanted for each main package.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Request;
use super::choice::{Outcome, Use};
use crate::config::Origins;
use crate::config::pgo_keys::Profiles;
use crate::error::{Error, Kind, Result};
use crate::go::Package;
use crate::go::flags;
use crate::go::pattern::clean;
use crate::plan::Reason;

/// What is wanted for some main packages.
pub(crate) struct Wish<'a> {
    /// The profile.
    pub(crate) value: Cow<'a, Profiles>,
    /// The layer that says so.
    pub(crate) from: String,
    /// The user named it for this run: on the command line, in GOFLAGS, or in a layer above every file.
    pub(crate) explicit: bool,
    /// What was typed, which need not be UTF-8.
    pub(crate) path: Option<OsString>,
    /// For these; all of the build where nothing else is wanted.
    pub(crate) mains: Vec<&'a Package>,
    /// Nothing else is wanted.
    pub(crate) all: bool,
}

impl<'a> Wish<'a> {
    /// A profile of the configuration, for no package yet.
    fn of(value: &'a Profiles, from: String) -> Self {
        Self {
            value: Cow::Borrowed(value),
            from,
            explicit: false,
            path: None,
            mains: Vec::new(),
            all: false,
        }
    }
}

impl Wish<'_> {
    /// `-pgo=value` for these packages.
    pub(super) fn used(&self, value: &str, packages: Vec<String>, outcome: Outcome) -> Use {
        Use {
            packages,
            reason: self.reason(format!("-pgo={value}")),
            applied: outcome == Outcome::Applied,
            refused: outcome == Outcome::Refused,
        }
    }

    /// Why the flag is there.
    fn reason(&self, flag: String) -> Reason {
        let why = match self.value.as_ref() {
            Profiles::One(it) if it == "off" => "no profile",
            Profiles::One(it) if it == "auto" => "default.pgo beside each main package",
            Profiles::One(_) => "profile-guided optimisation",
            Profiles::Merged(_) => "profile-guided optimisation, several profiles merged",
        };
        Reason {
            flag,
            why: why.into(),
            from: self.from.clone(),
        }
    }

    /// The main packages that one file is for; empty: all of the build.
    pub(crate) fn owners(&self) -> Vec<String> {
        let mains = self.mains.iter().filter(|_| !self.all);
        mains.map(|package| package.import_path.clone()).collect()
    }

    /// The files behind it: for which main packages, where, with which weight.
    pub(crate) fn files(&self, cwd: &Path) -> Vec<(Vec<String>, PathBuf, f64)> {
        match self.value.as_ref() {
            Profiles::One(it) if it == "auto" => self
                .mains
                .iter()
                .map(|package| {
                    let path = package.directory(cwd).join("default.pgo");
                    (vec![package.import_path.clone()], path, 1.0)
                })
                .collect(),
            Profiles::One(path) => {
                let path = self.path.as_deref().unwrap_or(OsStr::new(path));
                vec![(self.owners(), cwd.join(path), 1.0)]
            }
            Profiles::Merged(parts) => parts
                .iter()
                .map(|part| (self.owners(), cwd.join(&part.path), part.weight))
                .collect(),
        }
    }
}

/// One wish per profile; the first is also for packages that are no commands. Fails with [`Kind::Usage`] when two entries
/// name one main package.
pub(crate) fn wishes<'a>(request: &Request<'a>) -> Result<Vec<Wish<'a>>> {
    let packages = request.packages.iter();
    let mains: Vec<&Package> = packages.filter(|it| it.is_named_main()).collect();
    if let Some((from, value, path)) = typed(request) {
        return Ok(vec![Wish {
            value: Cow::Owned(Profiles::One(value)),
            from: from.into(),
            explicit: true,
            path: Some(path),
            mains,
            all: true,
        }]);
    }
    let from = origin(request.origins, "pgo.profile");
    let mut general = Wish::of(&request.settings.profile, from);
    general.explicit = is_override(&general.from);
    let mut wishes = match general.explicit {
        true => {
            general.mains = mains;
            Vec::new()
        }
        false => own_wishes(request, &mains, &mut general)?,
    };
    if let Some(same) = wishes.iter_mut().find(|wish| wish.value == general.value) {
        same.mains.append(&mut general.mains);
    } else if !general.mains.is_empty() || wishes.is_empty() {
        wishes.insert(0, general);
    }
    if let [one] = wishes.as_mut_slice() {
        one.all = true;
    }
    Ok(wishes)
}

/// One wish per profile that main packages have of their own; `general` gets those without.
fn own_wishes<'a>(
    request: &Request<'a>,
    mains: &[&'a Package],
    general: &mut Wish<'a>,
) -> Result<Vec<Wish<'a>>> {
    let mut wishes: Vec<Wish<'a>> = Vec::new();
    for main in mains {
        let Some((key, value)) = entry(request, main)? else {
            general.mains.push(main);
            continue;
        };
        match wishes.iter_mut().find(|wish| wish.value.as_ref() == value) {
            Some(same) => same.mains.push(main),
            None => {
                let from = origin(request.origins, &format!("pgo.package.{key}.profile"));
                let mut wish = Wish::of(value, from);
                wish.mains.push(main);
                wishes.push(wish);
            }
        }
    }
    Ok(wishes)
}

/// `-pgo` of the command line or of GOFLAGS: where from, its value, and the path as it was typed.
fn typed(request: &Request<'_>) -> Option<(&'static str, String, OsString)> {
    let lists = [("flags", request.typed), ("GOFLAGS", request.goflags)];
    let (from, flag) = lists
        .into_iter()
        .find_map(|(from, list)| Some((from, flags::last(list, "pgo")?)))?;
    Some((from, flag.value.clone()?, flag.path()?.to_owned()))
}

/// Layers above every file: they mean all packages.
fn is_override(from: &str) -> bool {
    matches!(from, "flags" | "environment")
}

fn origin(origins: &Origins, key: &str) -> String {
    origins
        .get(key)
        .cloned()
        .unwrap_or_else(|| "defaults".into())
}

/// The entry of `[pgo.package]` for a main package.
fn entry<'a>(request: &Request<'a>, main: &Package) -> Result<Option<(&'a String, &'a Profiles)>> {
    let settings = request.settings;
    let mut mine = settings
        .package
        .iter()
        .filter(|(key, _)| names(key, main, request.root));
    let first = mine.next();
    if let (Some((a, _)), Some((b, _))) = (first, mine.next()) {
        return Err(Error::new(
            Kind::Usage,
            format!(
                "`pgo.package` names `{}` twice, as `{a}` and as `{b}`",
                main.import_path
            ),
        )
        .hint("remove one of the two tables"));
    }
    Ok(first.map(|(key, it)| (key, &it.profile)))
}

fn names(key: &str, package: &Package, root: &Path) -> bool {
    match is_directory(key) {
        true => clean(&root.join(key)) == clean(Path::new(&package.dir)),
        false => key == package.import_path,
    }
}

fn is_directory(key: &str) -> bool {
    key == "." || key.starts_with("./") || key.starts_with("../") || key.starts_with('/')
}

/// Entries of `[pgo.package]` for packages that are not built now, with the directory that such a package would be in;
/// `None` where it cannot be one of the modules that are built.
pub(crate) fn unused(request: &Request<'_>) -> Vec<(String, Option<PathBuf>)> {
    let mut unused = Vec::new();
    for key in request.settings.package.keys() {
        let mut mains = request
            .packages
            .iter()
            .filter(|package| package.is_named_main());
        if mains.any(|package| names(key, package, request.root)) {
            continue;
        }
        let directory = if is_directory(key) {
            Some(clean(&request.root.join(key)))
        } else {
            below_module(key, request.packages)
        };
        unused.push((key.clone(), directory));
    }
    unused
}

fn below_module(key: &str, packages: &[Package]) -> Option<PathBuf> {
    let mut modules = packages
        .iter()
        .filter_map(|package| package.module.as_ref());
    modules.find_map(|module| {
        let rest = key.strip_prefix(module.path.as_str())?;
        let inside = rest.is_empty() || rest.starts_with('/');
        inside.then(|| Path::new(&module.dir).join(rest.trim_start_matches('/')))
    })
}
