//! Explains the growth of a finished executable against its entry in the lock.

use std::collections::BTreeMap;

use super::{CauseKind, Growth, Package, Side, growth};
use crate::analysis::{Artifact, UNOWNED};
use crate::binary::{Origin, SHARED};
use crate::lock;
use crate::order::Ordered;
use crate::plan::Facts;

/// Why an executable is not as large as its entry says. `imports`: what each package imports, where that was looked at.
pub(crate) fn since_lock(
    artifact: &Artifact,
    facts: &Facts,
    (target, entry): (&lock::Platform, &lock::Executable),
    imports: Option<&BTreeMap<String, Vec<String>>>,
) -> Option<Growth> {
    let now = artifact.entry(facts);
    // Figures that were found in another way do not compare.
    if entry.size == now.size || entry.owners != now.owners || entry.modules.is_empty() {
        return None;
    }
    let owners = Owners::of(artifact, facts);
    let package = &artifact.executable.package;
    let applied = facts.pgo.applied(package);
    let profiles = &target.profiles;
    let before = Side {
        go_version: Some(target.go.clone()),
        profile: profiles.get(package).or_else(|| profiles.get("")).cloned(),
        ..owners.side(entry, &now, None)
    };
    let after = Side {
        go_version: Some(facts.toolchain.version.clone()),
        profile: applied.and_then(|found| found.sha256.clone()),
        ..owners.side(&now, entry, imports)
    };
    let mut found = growth(&before, &after);
    let mut causes = found.causes.iter();
    if causes.any(|cause| cause.kind == CauseKind::Unchanged) {
        found.notes.push(UNVERSIONED.into());
    }
    Some(found)
}

/// Modules stand in the lock with their bytes.
const UNVERSIONED: &str = "the lock does not say versions: a module of another version is not told from one that did not change";

/// Whose packages are, now.
struct Owners<'a> {
    modules: BTreeMap<&'a str, &'a str>,
    main_module: &'a str,
}

impl<'a> Owners<'a> {
    fn of(artifact: &'a Artifact, facts: &'a Facts) -> Self {
        let packages = artifact.sizes.iter().flat_map(|sizes| &sizes.packages);
        let named = packages
            .filter_map(|package| Some((package.path.as_str(), package.module.as_deref()?)));
        let mut all = facts
            .packages
            .iter()
            .filter_map(|package| package.module.as_ref());
        let main = all.find(|module| module.main);
        Self {
            modules: named.ordered(),
            main_module: main.map_or("main", |module| module.path.as_str()),
        }
    }

    /// The module of a package; of one that is gone the longest that the entry names.
    fn module(&self, path: &str, entry: &lock::Executable) -> Option<String> {
        if let Some(module) = self.modules.get(path) {
            return Some((*module).to_owned());
        }
        let holds = |module: &&String| {
            let rest = path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let longest = entry
            .modules
            .keys()
            .filter(holds)
            .max_by_key(|module| module.len());
        longest.cloned()
    }

    /// An entry, for a comparison with another.
    fn side(
        &self,
        entry: &lock::Executable,
        other: &lock::Executable,
        imports: Option<&BTreeMap<String, Vec<String>>>,
    ) -> Side {
        let symbols = entry.sections.iter();
        let symbols = symbols.filter(|(role, _)| ["dwarf", "symbols"].contains(&role.as_str()));
        Side {
            size: entry.size,
            elimination: entry.dead_code_elimination,
            modules: self.modules(entry),
            packages: self.packages(entry, other),
            symbols: symbols.map(|(_, bytes)| *bytes).sum(),
            imports: imports.cloned(),
            ..Side::default()
        }
    }

    /// The packages of an entry, and what is left of each module: the small ones have no entry.
    fn packages(
        &self,
        entry: &lock::Executable,
        other: &lock::Executable,
    ) -> BTreeMap<String, Package> {
        let mut rest = entry.modules.clone();
        let mut packages = BTreeMap::new();
        for (path, bytes) in &entry.packages {
            let module = self.module(path, entry);
            let of = module
                .clone()
                .unwrap_or_else(|| Origin::Std.name().to_owned());
            // One that is large on one side only may stand with the small ones of the other.
            if !other.packages.contains_key(path) && other.modules.contains_key(&of) {
                continue;
            }
            let left = rest.entry(of).or_default();
            *left = left.saturating_sub(*bytes);
            packages.insert(path.clone(), self.package(module, *bytes));
        }
        let named = rest.into_iter();
        let named = named.filter(|(path, _)| ![UNOWNED, SHARED].contains(&path.as_str()));
        packages.extend(named.map(|(path, bytes)| {
            let small = format!("{path}/...");
            let module = (path != Origin::Std.name()).then_some(path);
            (small, self.package(module, bytes))
        }));
        packages
    }

    fn package(&self, module: Option<String>, bytes: u64) -> Package {
        Package {
            is_own: module.as_deref() == Some(self.main_module),
            module,
            sources: None,
            bytes,
        }
    }

    /// The versions are not in the lock: what is new is told from what is gone.
    fn modules(&self, entry: &lock::Executable) -> BTreeMap<String, Option<String>> {
        let named = |path: &&String| {
            let known = [UNOWNED, SHARED, Origin::Std.name(), self.main_module];
            !known.contains(&path.as_str())
        };
        let all = entry.modules.keys().filter(named);
        all.map(|path| (path.clone(), None)).ordered()
    }
}
