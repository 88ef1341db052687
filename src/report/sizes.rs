//! Reports bytes by package and by module, of an executable and its baseline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::UNCOUNTED_C;
use super::weighing::Weighing;
use crate::analysis::Artifact;
use crate::binary::{ModuleBytes, PackageBytes};
use crate::order::{Order, Ordered};
use crate::plan::Facts;

pub(crate) use crate::analysis::UNOWNED;
pub use crate::binary::SHARED;

/// What each package and each module keeps alive alone, in bytes, as far as it can be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    /// By import path.
    pub packages: BTreeMap<String, u64>,
    /// By module path.
    pub modules: BTreeMap<String, u64>,
    /// What each package imports.
    pub imports: BTreeMap<String, Vec<String>>,
    /// Whether there is C code of which no bytes are counted.
    pub uncounted_c: bool,
}

/// The column of it.
pub(crate) const RETAINED: &str = "retained B";

impl Retained {
    /// What the column means.
    pub(crate) fn meaning(uncounted_c: bool) -> String {
        let c = match uncounted_c {
            true => format!("; {UNCOUNTED_C}"),
            false => String::new(),
        };
        format!(
            "{RETAINED}: what goes without it, by the linker's own elimination: its own bytes and what nothing else needs, less than its own where others may define the same; `why --cut` lists it{c}"
        )
    }
}

/// Bytes of a package in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PackageSize {
    /// The import path, or `unowned`.
    pub(crate) path: String,
    /// Its module; `null` for the standard library.
    pub module: Option<String>,
    /// The version of the module.
    pub(crate) version: Option<String>,
    /// Bytes in the release file.
    pub(crate) bytes: u64,
    /// Bytes in the baseline file; `null` without a baseline.
    pub(crate) before: Option<u64>,
    /// Percent of the profile that is spent in it; `null` without one.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
    /// Bytes that go when the program has no such package: its own, and what nothing else needs. `null` where that was not
    /// asked for, and of the main package and the runtime, which no program is without.
    #[serde(default)]
    pub(crate) retained: Option<u64>,
}

/// Bytes of a module in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ModuleSize {
    /// The module path, `std`, or `unowned`.
    pub(crate) path: String,
    /// The version.
    pub(crate) version: Option<String>,
    /// Bytes in the release file.
    pub(crate) bytes: u64,
    /// Bytes in the baseline file; `null` without a baseline.
    pub(crate) before: Option<u64>,
    /// Bytes that go when the program has no package of it. `null` where that was not asked for, and of the main module and
    /// the standard library.
    #[serde(default)]
    pub(crate) retained: Option<u64>,
}

/// With what the profiles of the build spend in each.
pub(crate) fn packages(
    artifact: &Artifact,
    facts: &Facts,
    retained: Option<&Retained>,
) -> Vec<PackageSize> {
    let weighing = Weighing::new(facts);
    let mut list = by_size(artifact);
    for it in &mut list {
        it.weight = weighing.package(&it.path);
        let of = retained.and_then(|all| all.packages.get(&it.path));
        it.retained = of.copied().filter(|_| it.bytes > 0);
    }
    list
}

fn by_size(artifact: &Artifact) -> Vec<PackageSize> {
    let Some(sizes) = &artifact.sizes else {
        return Vec::new();
    };
    let mut list: Vec<PackageSize> = sizes.packages.iter().map(|it| package(it, true)).collect();
    list.push(nobody(SHARED, sizes.shared));
    let owned = sum(list.iter().map(|package| package.bytes));
    list.push(nobody(UNOWNED, artifact.size - owned));
    if let Ok(before) = &artifact.baseline
        && let Some(old) = &before.sizes
    {
        let bytes = |package: &PackageBytes| package.bytes;
        let owned = sum(old.packages.iter().map(bytes)) + old.shared;
        let packages = old.packages.iter();
        let mut known: BTreeMap<&str, u64> = packages
            .map(|package| (package.path.as_str(), package.bytes))
            .ordered();
        known.insert(SHARED, old.shared);
        known.insert(UNOWNED, before.binary.file_size.saturating_sub(owned));
        for it in &mut list {
            it.before = Some(known.remove(it.path.as_str()).unwrap_or(0));
        }
        let gone = old.packages.iter();
        let gone = gone.filter(|package| known.contains_key(package.path.as_str()));
        list.extend(gone.map(|gone| package(gone, false)));
    }
    list.order_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    list
}

/// Bytes of several packages, or of none.
fn nobody(path: &str, bytes: u64) -> PackageSize {
    PackageSize {
        path: path.into(),
        module: None,
        version: None,
        bytes,
        before: None,
        weight: None,
        retained: None,
    }
}

fn package(it: &PackageBytes, here: bool) -> PackageSize {
    PackageSize {
        path: it.path.clone(),
        module: it.module.clone(),
        version: it.version.clone(),
        bytes: if here { it.bytes } else { 0 },
        before: (!here).then_some(it.bytes),
        weight: None,
        retained: None,
    }
}

pub(crate) fn modules(artifact: &Artifact, retained: Option<&Retained>) -> Vec<ModuleSize> {
    let Some(sizes) = &artifact.sizes else {
        return Vec::new();
    };
    let retained = |path: &str| retained.and_then(|all| all.modules.get(path).copied());
    let here = sizes.modules.iter().map(|it| ModuleSize {
        retained: retained(&it.path),
        ..module(it, true)
    });
    let mut list: Vec<ModuleSize> = here.collect();
    list.push(ModuleSize {
        path: UNOWNED.into(),
        version: None,
        bytes: artifact.size - sum(list.iter().map(|module| module.bytes)),
        before: None,
        retained: None,
    });
    if let Ok(before) = &artifact.baseline
        && let Some(old) = &before.sizes
    {
        let owned = sum(old.modules.iter().map(|module| module.bytes));
        let modules = old.modules.iter();
        let mut known: BTreeMap<&str, u64> = modules
            .map(|module| (module.path.as_str(), module.bytes))
            .ordered();
        known.insert(UNOWNED, before.binary.file_size.saturating_sub(owned));
        for it in &mut list {
            it.before = Some(known.remove(it.path.as_str()).unwrap_or(0));
        }
        let gone = old.modules.iter();
        let gone = gone.filter(|module| known.contains_key(module.path.as_str()));
        list.extend(gone.map(|gone| module(gone, false)));
    }
    list.order_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    list
}

/// A module of this file, or of the one before alone.
fn module(it: &ModuleBytes, here: bool) -> ModuleSize {
    ModuleSize {
        path: it.path.clone(),
        version: it.version.clone(),
        bytes: if here { it.bytes } else { 0 },
        before: (!here).then_some(it.bytes),
        retained: None,
    }
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.sum()
}
