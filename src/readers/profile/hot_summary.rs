//! Summarises what a person wants to know first of a profile: hot functions, hot calls, and whose code it is.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::symbol_parts::package;
use super::{Edge, Profile, edges};

/// Whose code a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// Of the module that is built.
    Main,
    /// Of a module it depends on.
    Dependency,
    /// Of the standard library, without the runtime.
    Std,
    /// Of Go's runtime: the scheduler, memory, maps, channels.
    Runtime,
    /// Without a known package: C code, the kernel, assembly.
    Unknown,
}

/// A profile at a glance.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// What the weights are, such as `cpu`.
    pub measure: String,
    /// The unit of the weights, such as `nanoseconds`.
    pub unit: String,
    /// Sum of the weights.
    pub total: i64,
    /// Hottest functions by their own weight.
    pub functions: Vec<Hot>,
    /// Heaviest calls, in samples, as Go's compiler sees them; empty for profiles it does not take.
    pub calls: Vec<Edge>,
    /// Calls it treats as hot.
    pub hot_calls: usize,
    /// Share of each owner by innermost frame, heaviest first.
    pub owners: Vec<Share>,
}

/// A function and its weight.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hot {
    /// Linker symbol name; empty where it is unknown.
    pub function: String,
    /// Weight of the function itself.
    pub flat: i64,
    /// Weight of the function and all it calls.
    pub cum: i64,
}

/// How much of a profile belongs to one owner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share {
    /// Whose code.
    pub owner: Owner,
    /// Its weight.
    pub weight: i64,
    /// Percent of the total.
    pub percent: f64,
}

/// Summarises a profile by one of its values; `owner` tells whose package an import path is (as the linker writes it).
pub fn summary(
    profile: &Profile,
    value: usize,
    top: usize,
    owner: impl Fn(&str) -> Owner,
) -> Summary {
    let weights = weigh(profile, value);
    let total = profile.total(value);
    let calls = profile.pgo_value_index().map(|index| edges(profile, index));
    let calls = calls.unwrap_or_default();
    let hot_calls = calls.hot(super::diff::HOT_PERCENT).len();
    let r#type = profile.raw().sample_type.get(value);
    let r#type = r#type.copied().unwrap_or_default();
    Summary {
        measure: profile.text(r#type.r#type).into_owned(),
        unit: profile.text(r#type.unit).into_owned(),
        total,
        owners: owners(&weights, total, owner),
        functions: hottest(weights, top),
        calls: calls.edges.into_iter().take(top).collect(),
        hot_calls,
    }
}

/// Whose package it is, where only the main module and Go's own convention are known: paths without a dot in their first
/// element are of the standard library.
pub fn owner_by_path(path: &str, main_module: &str) -> Owner {
    let in_tree = |root: &str| {
        let rest = path.strip_prefix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let first = path.split('/').next().unwrap_or(path);
    if path.is_empty() {
        Owner::Unknown
    } else if path == "main" || (!main_module.is_empty() && in_tree(main_module)) {
        Owner::Main
    } else if path == "runtime" || in_tree("internal/runtime") || in_tree("runtime/internal") {
        Owner::Runtime
    } else if first.contains('.') || first.contains("%2e") {
        Owner::Dependency
    } else {
        Owner::Std
    }
}

#[derive(Default)]
struct Weight<'a> {
    flat: i64,
    cum: i64,
    file: &'a [u8],
}

fn weigh(profile: &Profile, value: usize) -> HashMap<&[u8], Weight<'_>> {
    let mut weights: HashMap<&[u8], Weight<'_>> = HashMap::new();
    let mut seen = HashSet::new();
    for sample in &profile.raw().sample {
        let weight = sample.value.get(value).copied().unwrap_or(0);
        seen.clear();
        for (at, frame) in profile.frames(sample).enumerate() {
            let sums = weights.entry(frame.name).or_default();
            sums.file = frame.file;
            if at == 0 {
                sums.flat = sums.flat.saturating_add(weight);
            }
            // A recursive function counts once in a stack.
            if seen.insert(frame.name) {
                sums.cum = sums.cum.saturating_add(weight);
            }
        }
    }
    weights
}

fn hottest(weights: HashMap<&[u8], Weight<'_>>, top: usize) -> Vec<Hot> {
    let mut sorted: Vec<_> = weights
        .into_iter()
        .filter(|weight| weight.1.cum != 0)
        .collect();
    sorted.sort_unstable_by(|(a, x), (b, y)| {
        (y.flat, y.cum).cmp(&(x.flat, x.cum)).then_with(|| a.cmp(b))
    });
    sorted.truncate(top);
    let hot = sorted.into_iter().map(|(name, it)| Hot {
        function: String::from_utf8_lossy(name).into_owned(),
        flat: it.flat,
        cum: it.cum,
    });
    hot.collect()
}

fn owners(
    weights: &HashMap<&[u8], Weight<'_>>,
    total: i64,
    owner: impl Fn(&str) -> Owner,
) -> Vec<Share> {
    let mut sums: HashMap<Owner, i64> = HashMap::new();
    for (name, it) in weights.iter().filter(|weight| weight.1.flat != 0) {
        let name = String::from_utf8_lossy(name);
        let file = String::from_utf8_lossy(it.file);
        let sum = sums.entry(owner(package_of(&name, &file))).or_default();
        *sum = sum.saturating_add(it.flat);
    }
    let mut shares: Vec<_> = sums
        .into_iter()
        .map(|(owner, weight)| Share {
            owner,
            weight,
            percent: if total == 0 {
                0.0
            } else {
                weight as f64 / total as f64 * 100.0
            },
        })
        .collect();
    shares.sort_unstable_by_key(|share| (std::cmp::Reverse(share.weight), share.owner));
    shares
}

/// Go's assembly names some functions without their package (`memeqbody`); their file tells it.
fn package_of<'a>(name: &'a str, file: &'a str) -> &'a str {
    let path = package(name);
    if !path.is_empty() || !file.ends_with(".s") {
        return path;
    }
    let directory = file.rsplit_once('/').map_or("", |it| it.0);
    directory.rsplit_once("/src/").map_or(directory, |it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_told_by_path() {
        let owner = |path| owner_by_path(path, "example.com/shop");
        assert_eq!(owner("main"), Owner::Main);
        assert_eq!(owner("example.com/shop/cart"), Owner::Main);
        assert_eq!(owner("example.com/shopping"), Owner::Dependency);
        assert_eq!(owner("gopkg.in/yaml%2ev3"), Owner::Dependency);
        assert_eq!(owner("net/http"), Owner::Std);
        assert_eq!(owner("runtime"), Owner::Runtime);
        assert_eq!(owner("runtime/pprof"), Owner::Std);
        assert_eq!(owner("internal/runtime/maps"), Owner::Runtime);
        assert_eq!(owner(""), Owner::Unknown);
    }

    #[test]
    fn assembly_belongs_to_the_package_of_its_file() {
        assert_eq!(
            package_of("memeqbody", "/go/src/internal/bytealg/equal_amd64.s"),
            "internal/bytealg"
        );
        assert_eq!(
            package_of("memeqbody", "internal/bytealg/equal_amd64.s"),
            "internal/bytealg"
        );
        assert_eq!(package_of("os.Open", "/go/src/os/file.go"), "os");
        assert_eq!(package_of("malloc", "/build/malloc.c"), "");
    }
}
