//! Reports the collected escapes: counts, and what is new against the lock.

mod ignoring;

pub(crate) mod since_revision;

mod reported_site;

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::heat::{self, SiteHeat};
pub(crate) use super::weighing::Weighing;
use crate::build::escape_pass::Collected;
use crate::build::reading::Cost;
use crate::config::{Config, Gate};
use crate::escape::{Class, Optimizations};
use crate::lock::{self, Comparison, Lock, class_name};
use crate::order::Ordered;
use crate::plan::{Facts, scope};
pub use reported_site::Site;
use reported_site::gone;
pub(crate) use reported_site::{added, located, site, spelled};
use since_revision::{Before, Revision};

/// The escape report.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Escapes {
    /// The compiler that said so: reports of different versions do not compare.
    pub(crate) go_version: String,
    /// `module`, `main`, `all` or patterns.
    pub(crate) scope: String,
    /// Places that allocate on the heap, each once.
    pub sites: u64,
    /// By package, most sites first.
    pub packages: Vec<EscapePackage>,
    /// Lines of the compiler that were not understood, and so not counted.
    pub unparsed: u64,
    /// Whether a new site fails the run.
    #[serde(default)]
    pub(crate) gate: bool,
    /// Percent of the profile that a function must have for a new site in it to fail the run; `null`: any function.
    #[serde(default)]
    pub(crate) hot: Option<f64>,
    /// The profiles that weights come from, in words; `null`: there is none, and nothing is weighted.
    #[serde(default)]
    pub(crate) weighted_by: Option<String>,
    /// What the profiles tell of all sites together; `null` without one.
    #[serde(default)]
    pub(crate) heat: Option<heat::Summary>,
    /// How the lock stands to this build; `null` without a lock, or where it does not know the platform.
    #[serde(default)]
    pub(crate) lock: Option<LockState>,
    /// The revision that is compared with instead of the lock; `null` where that was not asked.
    #[serde(default)]
    pub(crate) revision: Option<Revision>,
    /// Sites that the lock, or the revision, does not hold.
    #[serde(default)]
    pub(crate) new: Vec<Site>,
    /// Sites that only the lock, or the revision, holds.
    #[serde(default)]
    pub(crate) fixed: Vec<Site>,
    /// How many sites follow a function that was renamed.
    #[serde(default)]
    pub(crate) moved: u64,
    /// New sites that a comment or the configuration takes out of the findings.
    #[serde(default)]
    pub(crate) ignored: Vec<Site>,
    /// What else there is to say, such as a comment without a reason.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    /// How the diagnostics of the compiler were collected; `null` in reports of older versions.
    #[serde(default)]
    pub(crate) collection: Option<Collection>,
}

impl Escapes {
    /// Whether a new site fails the run.
    pub(crate) fn fails(&self, site: &Site) -> bool {
        let hot = |limit: f64| site.weight.is_some_and(|weight| weight >= limit);
        self.gate && self.hot.is_none_or(hot)
    }
}

/// How the diagnostics of the compiler were collected. A package that is compiled for several mains with a profile each counts for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Collection {
    /// Packages that this run compiled, and captured on the way.
    pub(crate) captured: u64,
    /// Packages that came from the build cache, and were captured by an earlier run.
    pub(crate) found: u64,
    /// Packages without a capture, compiled separately; `null`: the whole scope was.
    pub(crate) passed: Option<u64>,
    /// Why, where the whole scope was compiled separately although it should not.
    pub(crate) reason: Option<String>,
}

impl Collection {
    fn of(cost: &Cost) -> Self {
        Self {
            captured: cost.captured,
            found: cost.found,
            passed: cost.passed,
            reason: cost.reason.clone(),
        }
    }
}

/// How the lock stands to a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LockState {
    /// The lock's Go version.
    pub(crate) go_version: String,
    /// The lock's scope.
    #[serde(default)]
    pub(crate) scope: String,
    /// Whether the sites were compared one by one.
    pub(crate) compared: bool,
    /// Why they were not, or what to keep in mind.
    pub(crate) note: Option<String>,
    /// Sites by class, where the Go versions differ.
    pub(crate) classes: Vec<ClassChange>,
}

/// The sites of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClassChange {
    /// `boxing`
    pub(crate) class: String,
    /// In the lock.
    pub(crate) before: u64,
    /// In this build.
    pub(crate) after: u64,
}

/// The escapes of a package.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EscapePackage {
    /// Its import path.
    pub(crate) path: String,
    /// The sum of the classes up to `other`.
    pub(crate) sites: u64,
    /// `moved to heap: v`
    pub(crate) moved: u64,
    /// `new(T)`, `&T{}`
    pub(crate) new: u64,
    /// `make(...)`
    pub(crate) make: u64,
    /// `append(...)`, reported since Go 1.25.
    pub(crate) append: u64,
    /// Values converted to interfaces.
    pub(crate) boxing: u64,
    /// Function literals.
    pub(crate) closure: u64,
    /// string, []byte and concatenation.
    pub(crate) conversion: u64,
    /// Everything else that allocates.
    pub(crate) other: u64,
    /// Constants: boxed from read-only data, no allocation.
    pub(crate) constants: u64,
    /// Parameters that leak to the caller's heap.
    pub(crate) leaking: u64,
    /// Functions with at least one site; `null` where that was not asked.
    pub(crate) functions: Option<u64>,
    /// Inlining and bounds checks; `null` where only a part of the package was asked for.
    #[serde(default)]
    pub(crate) optimizations: Option<Optimizations>,
    /// Percent of the profile spent in the package; `null` without a profile.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
    /// What is allocated at its lines with sites; `null` without a profile, and where nothing is.
    #[serde(default)]
    pub(crate) heat: Option<SiteHeat>,
}

/// What escapes are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The platform and its packages.
    pub(crate) facts: &'a Facts,
    /// What the user wants.
    pub(crate) config: &'a Config,
    /// What was accepted.
    pub(crate) lock: Option<&'a Lock>,
    /// What it is compared with instead of the lock.
    pub(crate) before: Option<Before<'a>>,
    /// Paths below are shown relative to it.
    pub(crate) cwd: &'a Path,
}

/// Counts and compares.
pub(crate) fn report(collected: &Collected, against: &Against<'_>) -> Escapes {
    let weighing = Weighing::new(against.facts);
    let mut escapes = counts(collected, against, &weighing);
    if let Some(before) = &against.before {
        since_revision::compare(collected, before, against, &mut escapes);
        return escapes;
    }
    let key = against.facts.key();
    let Some(target) = against.lock.and_then(|lock| lock.targets.get(&key)) else {
        return escapes;
    };
    let compared = compared(collected, target, against, &escapes);
    escapes.lock = Some(state(&compared, target, against));
    if let Comparison::Sites { new, fixed, moved } = compared {
        escapes.moved = moved as u64;
        escapes.fixed = fixed.iter().map(gone).collect();
        for it in &new {
            let (mut site, excerpt) = added(collected, it, against.cwd);
            site.weight = weighing.function(&site.package, &site.function);
            ignoring::sort(site, &excerpt, &against.config.escape.ignore, &mut escapes);
        }
    }
    escapes
}

/// The sites against those of the lock, of the packages that are built.
fn compared(
    collected: &Collected,
    target: &lock::Platform,
    against: &Against<'_>,
    escapes: &Escapes,
) -> Comparison {
    let packages = &against.facts.packages;
    let patterns = scope::patterns(&against.config.escape.scope, packages);
    let paths = packages.iter().map(|package| package.import_path.as_str());
    let built: HashSet<&str> = paths
        .filter(|path| scope::contains(&patterns, path))
        .collect();
    let in_build = |path: &str| built.contains(path);
    let (go, scope) = (&escapes.go_version, &escapes.scope);
    lock::compare(target, go, scope, &collected.listed(), in_build)
}

fn counts(collected: &Collected, against: &Against<'_>, weighing: &Weighing<'_>) -> Escapes {
    let escapes = &collected.escapes;
    let settings = &against.config.escape;
    let heated = heat::heated(collected, against.facts, against.config, weighing);
    let weighed = |it: &crate::escape::PackageEscapes| EscapePackage {
        heat: heated
            .as_ref()
            .and_then(|all| all.packages.get(&it.path).copied()),
        weight: weighing.package(&it.path),
        ..package(it)
    };
    let weighted_by = weighing.words();
    let blind = settings.gate == Gate::Hot && weighted_by.is_none();
    Escapes {
        go_version: against.facts.toolchain.version.clone(),
        scope: against.config.escape.scope.clone(),
        sites: escapes.sites,
        packages: escapes.packages.iter().map(weighed).collect(),
        unparsed: escapes.unparsed,
        gate: settings.gate == Gate::New || (settings.gate == Gate::Hot && !blind),
        hot: (settings.gate == Gate::Hot).then(|| settings.hot.map_or(0.5, |percent| percent.0)),
        weighted_by,
        heat: heated.map(|heated| heated.summary),
        lock: None,
        revision: None,
        new: Vec::new(),
        fixed: Vec::new(),
        moved: 0,
        ignored: Vec::new(),
        notes: blind
            .then(|| BLIND.to_owned())
            .into_iter()
            .chain(ignoring::idle(&settings.ignore, &against.facts.packages))
            .collect(),
        collection: Some(Collection::of(&collected.cost)),
    }
}

const BLIND: &str = "`[escape] gate = \"hot\"`, but no profile is applied: no function is known to be hot, and the gate is open";

pub(crate) fn package(it: &crate::escape::PackageEscapes) -> EscapePackage {
    EscapePackage {
        path: it.path.clone(),
        sites: it.sites,
        moved: it.moved,
        new: it.new,
        make: it.make,
        append: it.append,
        boxing: it.boxing,
        closure: it.closure,
        conversion: it.conversion,
        other: it.other,
        constants: it.constants,
        leaking: it.leaking,
        functions: it.functions,
        optimizations: Some(it.optimizations),
        heat: None,
        weight: None,
    }
}

fn state(compared: &Comparison, target: &lock::Platform, against: &Against<'_>) -> LockState {
    let classes = match compared {
        Comparison::OtherGo { classes, .. } => classes.iter().map(class_change).collect(),
        _ => Vec::new(),
    };
    LockState {
        go_version: target.go.clone(),
        scope: target.scope.clone(),
        compared: matches!(compared, Comparison::Sites { .. }),
        note: note(compared, target, against),
        classes,
    }
}

fn class_change((class, before, after): &(Class, u64, u64)) -> ClassChange {
    ClassChange {
        class: class_name(*class),
        before: *before,
        after: *after,
    }
}

/// Why nothing is compared, or what to keep in mind.
fn note(compared: &Comparison, target: &lock::Platform, against: &Against<'_>) -> Option<String> {
    let go = &against.facts.toolchain.version;
    match compared {
        Comparison::Sites { .. } if target.profiles != profiles(against.facts) => {
            Some("the profile is another than the lock's, and changes what is inlined: some of the changes may come from it".to_owned())
        }
        Comparison::Sites { new, fixed, .. }
            if !target.profiles.is_empty() && (!new.is_empty() || !fixed.is_empty()) =>
        {
            Some("a profile is applied: it names calls by their distance from the start of the function, so an edit inside a hot function changes what is inlined there, and with it some of these sites".to_owned())
        }
        Comparison::Sites { .. } => None,
        Comparison::OtherGo { go: before, .. } => Some(format!(
            "the lock is from {before} and this is {go}, which reports other sites for the same code: nothing is compared, `gobuild-opt accept` writes the lock anew"
        )),
        Comparison::OtherScope { scope } => Some(format!(
            "the lock is for the scope `{scope}` and this is `{}`: nothing is compared, `gobuild-opt accept` writes the lock anew",
            against.config.escape.scope
        )),
    }
}

/// SHA-256 of each profile that is applied, by main package; `""` for all of them.
pub fn profiles(facts: &Facts) -> std::collections::BTreeMap<String, String> {
    let usable = facts.pgo.all_applied();
    let pairs = usable.flat_map(|candidate| {
        let digest = candidate.sha256.clone().unwrap_or_default();
        let all = candidate.packages.is_empty().then(String::new);
        candidate
            .packages
            .iter()
            .cloned()
            .chain(all)
            .map(move |package| (package, digest.clone()))
    });
    pairs.ordered()
}
