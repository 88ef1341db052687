//! Keeps a record of what a run is made of beside the build cache that it filled, and explains from it why the next run
//! compiles more than was edited.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::known::{self, Key};
use super::tools::Tool;
use super::{Built, lanes};
use crate::go::Package;
use crate::number::counted;
use crate::order::Ordered;
use crate::plan::{Facts, Step, StepKind, TargetPlan};

/// Fewer packages than this that are compiled need no explanation, unless they are half of all.
const MANY: usize = 10;

/// Everything that decides what go finds in its cache, as far as it is seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Inputs {
    /// `go1.26.8`
    go: String,
    /// Flags of the build, without those that are ours.
    flags: BTreeMap<String, String>,
    /// Variables.
    env: BTreeMap<String, String>,
    /// Digests of the profiles, by main package.
    profiles: Vec<String>,
    /// What stands for the sources of each package.
    packages: BTreeMap<String, String>,
    /// The action ID of each package that this run compiled, or one before it: go's digest of all that goes into a compile.
    #[serde(default)]
    actions: BTreeMap<String, String>,
    /// How many packages the run compiled.
    compiled: usize,
}

/// Why a run compiled what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Every package is compiled with something else.
    Everywhere(String),
    /// The first package, in the order of dependency, that is another one.
    Package(String),
    /// Nothing that is recorded differs, and go compiled the very same once more.
    Cache,
    /// Nothing that is recorded differs, but go says that something does.
    Other(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everywhere(reason) | Self::Package(reason) => f.write_str(reason),
            Self::Cache => f.write_str("the build cache was emptied or trimmed: nothing differs"),
            Self::Other(first) => write!(
                f,
                "{first} has another action ID, though its Go files, flags and variables are the same: a file that it embeds, \
                 C, a header or a tool changed"
            ),
        }
    }
}

fn key(target: &TargetPlan) -> Key {
    // Another Go is a reason, too.
    lanes::key_of("inputs", target, "")
}

/// The sentence for a run that compiled more than the one before; keeps what it was made of.
pub(crate) fn explain(target: &TargetPlan, built: &Built) -> Option<String> {
    let key = key(target);
    let now = inputs(target, built);
    let before: Option<Inputs> = known::read(&key);
    keep(&key, &now, before.as_ref());
    let before = before?;
    let compiled = built.packages.len();
    let all = target.facts.packages.len();
    if compiled == 0 || (compiled < MANY && compiled * 2 < all) {
        return None;
    }
    let why = why(&before, &now, &ordered(target, built))?;
    // An edit explains itself, unless it is one that many packages hang on.
    let plain = matches!(why, Why::Package(_));
    if plain && compiled <= before.compiled {
        return None;
    }
    let count = counted(all as u64, "package");
    Some(format!("{compiled} of {count} compiled again: {why}"))
}

/// Keeps what a run was made of. What was not compiled now is what it was.
fn keep(key: &Key, now: &Inputs, before: Option<&Inputs>) {
    let mut kept = now.clone();
    for (package, action) in before.iter().flat_map(|inputs| &inputs.actions) {
        let place = kept.actions.entry(package.clone());
        place.or_insert_with(|| action.clone());
    }
    if before != Some(&kept) {
        known::keep(key, &kept);
    }
}

/// The packages that were compiled, in the order of Go: what a package needs stands before the package.
fn ordered<'a>(target: &'a TargetPlan, built: &Built) -> Vec<&'a str> {
    let packages = target.facts.packages.iter();
    let paths = packages.map(|package| package.import_path.as_str());
    paths
        .filter(|path| built.packages.contains(*path))
        .collect()
}

/// Whether go compiled a package with the inputs of a run before; `None` where its action is not recorded.
fn is_same(before: &Inputs, now: &Inputs, package: &str) -> Option<bool> {
    Some(before.actions.get(package)? == now.actions.get(package)?)
}

/// Why those packages were compiled; `None` where there are none.
fn why(before: &Inputs, now: &Inputs, compiled: &[&str]) -> Option<Why> {
    let same = |text: &str| is_same(before, now, text) == Some(true);
    let is_all = now.flags.get("-a").is_some_and(|flag| flag != "false");
    if is_all {
        return Some(Why::Everywhere(
            "`-a` asks for every package once more".to_owned(),
        ));
    }
    // A time that was set, a flag that decides nothing: go's own digest is the better witness.
    let Some(first) = compiled.iter().find(|text| !same(text)) else {
        return compiled.first().map(|_| Why::Cache);
    };
    let why = everywhere(before, now).unwrap_or_else(|| by_package(before, now, compiled, first));
    Some(why)
}

/// What differs for every package.
fn everywhere(before: &Inputs, now: &Inputs) -> Option<Why> {
    if before.go != now.go {
        return Some(Why::Everywhere(format!(
            "{} filled this cache, and {} builds now",
            before.go, now.go
        )));
    }
    let flag = |name: &str| name.to_owned();
    let variable = |name: &str| format!("the variable {name}");
    let differs = differs(&before.flags, &now.flags, flag)
        .or_else(|| differs(&before.env, &now.env, variable));
    let profile = || {
        let other = before.profiles != now.profiles;
        other.then(|| "the profile is not that of the run that filled this cache".to_owned())
    };
    differs.or_else(profile).map(Why::Everywhere)
}

/// What the first package says that is not compiled as before.
fn by_package(before: &Inputs, now: &Inputs, compiled: &[&str], first: &str) -> Why {
    let edited = |text: &str| {
        let differs = before.packages.get(text) != now.packages.get(text);
        differs && is_same(before, now, text) != Some(true)
    };
    if !before.packages.contains_key(first) {
        return Why::Package(format!("{first} is new"));
    }
    if !edited(first) {
        return match is_same(before, now, first) {
            Some(false) => Why::Other(first.to_owned()),
            _ => Why::Cache,
        };
    }
    let (edits, rest): (Vec<&str>, Vec<&str>) = compiled.iter().partition(|text| edited(text));
    // The action of a package holds what it needs: one that differs under the same sources comes of another package.
    let mut rest_same = rest.iter().map(|text| is_same(before, now, text));
    let needs = rest_same.clone().all(|same| same == Some(false));
    let is_cached = rest_same.any(|same| same == Some(true));
    let count = edits.len();
    let edits = match count {
        1 => format!("{first} changed"),
        all => format!("{all} of them changed, {first} first"),
    };
    Why::Package(match (rest.is_empty(), needs, is_cached) {
        (false, true, _) if count == 1 => format!("{edits}, and they need it"),
        (false, true, _) => format!("{edits}, and the rest need those"),
        (_, _, true) => format!("{edits}, and the build cache was emptied or trimmed"),
        _ => edits,
    })
}

/// The first entry that differs, as a clause.
fn differs(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    what: impl Fn(&str) -> String,
) -> Option<String> {
    const RUN: &str = "in the run that filled this cache";
    let names = before.keys().chain(now.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort();
    let changed = names
        .into_iter()
        .find(|name| before.get(*name) != now.get(*name))?;
    let name = what(changed);
    Some(match (before.get(changed), now.get(changed)) {
        (None, _) => format!("{name} was not set {RUN}"),
        (_, None) => format!("{name} was set {RUN}"),
        (Some(old), Some(new)) => format!("{name} was `{old}` {RUN}, and is `{new}`"),
    })
}

fn inputs(target: &TargetPlan, built: &Built) -> Inputs {
    let facts = &target.facts;
    let release = target.steps_of(StepKind::Release).next();
    let args = release.map(|step| step.invocation.args.as_slice());
    let profiles = facts.pgo.all_applied();
    let fingerprint = |package: &Package| {
        let name = package.import_path.clone();
        (name, fingerprint(package, facts))
    };
    Inputs {
        go: facts.toolchain.version.clone(),
        flags: flags(args.unwrap_or_default()),
        env: env(release, facts),
        profiles: profiles
            .map(|candidate| candidate.sha256.clone().unwrap_or_default())
            .collect(),
        packages: facts.packages.iter().map(fingerprint).ordered(),
        actions: built.tools.iter().filter_map(compiled).ordered(),
        compiled: built.packages.len(),
    }
}

/// The variables that go gets, and those that it has from elsewhere.
fn env(release: Option<&Step>, facts: &Facts) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in release.into_iter().flat_map(|step| &step.invocation.env) {
        // Where go works changes nothing.
        if name != "GOTMPDIR" && name != "PWD" && !name.starts_with("__") {
            env.insert(name.clone(), value.to_string_lossy().into_owned());
        }
    }
    let ambient = facts.ambient.iter();
    env.extend(ambient.map(|ambient| (ambient.name.clone(), ambient.value.clone())));
    env.insert("CGO_ENABLED".into(), facts.toolchain.cgo_enabled.clone());
    env.insert("GOEXPERIMENT".into(), facts.toolchain.goexperiment.clone());
    env.retain(|_, value| !value.is_empty());
    env
}

/// A compile with its action; of a package that is compiled for several commands the last one counts.
fn compiled(tool: &Tool) -> Option<(String, String)> {
    let path = tool.package.split(" [").next()?;
    Some((path.to_owned(), tool.action.clone()?))
}

/// The flags of a build that decide about compiles.
fn flags(args: &[std::ffi::OsString]) -> BTreeMap<String, String> {
    // The linker's come after all packages are compiled; the rest is ours, or decides nothing.
    const OTHERS: [&str; 8] = ["toolexec", "v", "o", "p", "ldflags", "x", "work", "json"];
    let words = args
        .iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy());
    let words = words
        .take_while(|word| word != "--")
        .filter(|word| word.starts_with('-'));
    let pairs = words.map(|word| {
        let bare = word.trim_start_matches('-');
        let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
        (format!("-{name}"), value.to_owned())
    });
    let known = |name: &str| {
        OTHERS
            .iter()
            .any(|other| name.strip_prefix('-') == Some(other))
    };
    // A profile may be a file of ours; its digest is compared.
    pairs
        .filter(|(name, _)| !known(name) && name != "-pgo")
        .ordered()
}

/// What stands for the sources of a package: the version of its module, or the state of its files.
fn fingerprint(package: &Package, facts: &Facts) -> String {
    if package.standard {
        return String::new();
    }
    let fixed = package
        .module
        .as_ref()
        .filter(|module| !module.version.is_empty() && module.replace.is_none());
    if let Some(module) = fixed {
        return format!("{}@{}", module.path, module.version);
    }
    let directory = package.directory(&facts.go.cwd);
    let files = [&package.go_files, &package.cgo_files, &package.s_files];
    let states = files
        .into_iter()
        .flatten()
        .map(|file| state(&directory, file));
    states.collect::<Vec<_>>().join(" ")
}

fn state(directory: &Path, file: &str) -> String {
    match directory.join(file).metadata() {
        Ok(it) => format!("{file} {} {}.{}", it.len(), it.mtime(), it.mtime_nsec()),
        Err(_) => format!("{file} ?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(text: &str) -> BTreeMap<String, String> {
        let pairs = text
            .split_whitespace()
            .map(|word| word.split_once('=').unwrap());
        pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn the_first_entry_that_differs_is_named() {
        let check = |before: &str, now: &str| {
            differs(&map(before), &map(now), str::to_owned).unwrap_or("-".into())
        };
        insta::assert_snapshot!(check("-a=1", "-a=1"), @"-");
        insta::assert_snapshot!(check("-a=1", "-a=1 -trimpath=true"), @"-trimpath was not set in the run that filled this cache");
        insta::assert_snapshot!(check("-race=true", ""), @"-race was set in the run that filled this cache");
        insta::assert_snapshot!(check("-tags=a", "-tags=b"), @"-tags was `a` in the run that filled this cache, and is `b`");
    }

    fn said(why: Option<Why>) -> String {
        match why.unwrap() {
            Why::Everywhere(it) | Why::Package(it) => it,
            Why::Cache => "-".into(),
            Why::Other(it) => format!("{it} differs"),
        }
    }

    #[test]
    fn the_actions_of_go_decide_about_what_was_touched() {
        let of = |packages: &str, actions: &str| Inputs {
            packages: map(packages),
            actions: map(actions),
            ..Inputs::default()
        };
        let old = of("a=1 b=1 c=1", "a=x b=x c=x");
        let check = |packages: &str, actions: &str| {
            said(why(&old, &of(packages, actions), &["a", "b", "c"]))
        };
        // New times alone.
        insta::assert_snapshot!(check("a=2 b=2 c=2", "a=x b=x c=x"), @"-");
        insta::assert_snapshot!(check("a=2 b=1 c=1", "a=y b=y c=y"), @"a changed, and they need it");
        insta::assert_snapshot!(check("a=2 b=2 c=2", "a=y b=y c=y"), @"3 of them changed, a first");
        insta::assert_snapshot!(check("a=2 b=2 c=1", "a=y b=y c=y"), @"2 of them changed, a first, and the rest need those");
        insta::assert_snapshot!(check("a=2 b=2 c=1", "a=x b=y c=y"), @"b changed, and the build cache was emptied or trimmed");
        insta::assert_snapshot!(check("a=2 b=1 c=1", ""), @"a changed");
        let mut all = old.clone();
        all.flags = map("-a=");
        insta::assert_snapshot!(said(why(&all, &all, &["a"])), @"`-a` asks for every package once more");
    }

    #[test]
    fn another_go_is_the_reason() {
        let of = |go: &str, sources: &str| Inputs {
            go: go.into(),
            packages: map(sources),
            ..Inputs::default()
        };
        let check = |before: &Inputs, now: &Inputs| said(why(before, now, &["a"]));
        let old = of("go1.26.8", "a=1");
        insta::assert_snapshot!(check(&old, &of("go1.27.3", "a=2")), @"go1.26.8 filled this cache, and go1.27.3 builds now");
        insta::assert_snapshot!(check(&old, &of("go1.26.8", "a=2")), @"a changed");
        insta::assert_snapshot!(check(&of("go1.26.8", ""), &old), @"a is new");
        insta::assert_snapshot!(check(&old, &old), @"-");
        let with = |action: &str| Inputs {
            actions: map(action),
            ..old.clone()
        };
        insta::assert_snapshot!(check(&with("a=x"), &with("a=x")), @"-");
        insta::assert_snapshot!(check(&with("a=x"), &with("a=y")), @"a differs");
    }

    #[test]
    fn only_flags_of_compiles_count() {
        let args = [
            "build",
            "-toolexec=x",
            "-trimpath",
            "-ldflags=-s",
            "-tags=a,b",
            "-o",
            "/x",
            "--",
            "./...",
        ];
        let args: Vec<std::ffi::OsString> = args.iter().map(Into::into).collect();
        let found: Vec<String> = flags(&args)
            .into_iter()
            .map(|(a, b)| format!("{a}={b}"))
            .collect();
        assert_eq!(found, ["-tags=a,b", "-trimpath="]);
    }
}
