//! Who is charged with the bytes of a package: what changed, and by which imports that reaches it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::number::counted_of;
use crate::order::{Order, Ordered};
use crate::report::UNCOUNTED_C;

use super::{Cause, CauseKind, PARTS, Part, Side};

/// A cause, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Charge {
    /// What changes every package: Go, settings, the profile.
    Everywhere,
    /// Calls of methods by unknown names.
    Elimination,
    /// A module, by path: new, gone or of another version.
    Module(String),
    /// A package of the main module.
    Own(String),
    Symbols,
    /// What did not change itself.
    Unchanged,
    Rest,
}

/// Both sides, and what is looked up in them.
pub(super) struct Blame<'s> {
    before: &'s Side,
    after: &'s Side,
    /// Who imports a package, before and after.
    importers: [HashMap<&'s str, Vec<&'s str>>; 2],
    go: bool,
    settings: Vec<&'s str>,
    profile: bool,
}

fn importers(side: &Side) -> HashMap<&str, Vec<&str>> {
    let mut all: HashMap<&str, Vec<&str>> = HashMap::new();
    for (package, imports) in side.imports.iter().flatten() {
        for import in imports {
            all.entry(import).or_default().push(package);
        }
    }
    all
}

impl<'s> Blame<'s> {
    pub fn new(before: &'s Side, after: &'s Side) -> Self {
        let names: BTreeSet<&str> = [before, after]
            .into_iter()
            .flat_map(|side| side.settings.keys().map(String::as_str))
            .ordered();
        let differs = |name: &&str| before.settings.get(*name) != after.settings.get(*name);
        Self {
            before,
            after,
            importers: [importers(before), importers(after)],
            go: before.go_version != after.go_version,
            settings: names.into_iter().filter(differs).collect(),
            profile: before.profile != after.profile,
        }
    }

    /// The cause that changes every package, where there is one.
    pub fn everywhere(&self) -> Option<Charge> {
        (self.go || self.profile || !self.settings.is_empty()).then_some(Charge::Everywhere)
    }

    /// Causes that are there, however little they cost.
    pub fn certain(&self) -> Vec<Charge> {
        let elimination = self.switched().map(|_| Charge::Elimination);
        self.everywhere().into_iter().chain(elimination).collect()
    }

    /// Whether the elimination of methods is off only now (`true`), or no longer.
    fn switched(&self) -> Option<bool> {
        match (self.before.elimination?, self.after.elimination?) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    /// Whether it is known what the switch costs.
    fn is_priced(&self) -> bool {
        let side = match self.switched() {
            Some(true) => self.after,
            _ => self.before,
        };
        let methods = side.methods.as_ref();
        methods.is_some_and(|methods| !methods.bytes.is_empty())
    }

    /// What it costs by package that the elimination was switched; empty where that is not known.
    pub fn price(&self) -> BTreeMap<String, i64> {
        let (side, sign) = match self.switched() {
            Some(true) => (self.after, 1),
            Some(false) => (self.before, -1),
            None => return BTreeMap::new(),
        };
        let each = side.methods.iter().flat_map(|methods| &methods.bytes);
        each.map(|(package, bytes)| (package.clone(), sign * super::signed(*bytes)))
            .ordered()
    }

    /// Flags decide whether there are symbols.
    pub fn of_symbols(&self) -> Charge {
        match self.settings.is_empty() {
            true => Charge::Symbols,
            false => Charge::Everywhere,
        }
    }

    /// The cause of what a package has more, or less.
    pub fn of(&self, path: &str, more: bool) -> Charge {
        if let Some(own) = self.changed(path) {
            return own;
        }
        let both =
            self.before.packages.contains_key(path) && self.after.packages.contains_key(path);
        if both && let Some(charge) = self.everywhere() {
            return charge;
        }
        // What nobody can price goes to the switch itself.
        if both && self.switched() == Some(more) && !self.is_priced() {
            return Charge::Elimination;
        }
        let found = self.nearest(path, more);
        found
            .or_else(|| self.everywhere())
            .unwrap_or(Charge::Unchanged)
    }

    /// The cause that a package itself is: its sources are not what they were.
    fn changed(&self, path: &str) -> Option<Charge> {
        let (old, new) = (
            self.before.packages.get(path),
            self.after.packages.get(path),
        );
        let package = new.or(old)?;
        let sources = |side: Option<&super::Package>| side.and_then(|found| found.sources.clone());
        if package.is_own {
            let same = old.is_some() && new.is_some() && sources(old).is_some();
            let same = same && sources(old) == sources(new);
            return (!same).then(|| Charge::Own(path.to_owned()));
        }
        let module = package.module.as_ref()?;
        let version = |side: &Side| side.modules.get(module).cloned();
        // One in a directory has the version that it had, however it was edited.
        let digests = sources(old).zip(sources(new));
        let edited = digests.is_some_and(|(old, new)| old != new);
        let changed = edited || version(self.before) != version(self.after);
        changed.then(|| Charge::Module(module.clone()))
    }

    /// The nearest package above it that changed, by imports. One that did not import it before comes first.
    fn nearest(&self, path: &str, more: bool) -> Option<Charge> {
        let (now, other) = match more {
            true => (&self.importers[1], &self.before.imports),
            false => (&self.importers[0], &self.after.imports),
        };
        let had = |importer: &str, package: &str| {
            let imports = other.as_ref().and_then(|all| all.get(importer));
            imports.is_some_and(|all| all.iter().any(|import| import == package))
        };
        let mut seen = BTreeSet::from([path]);
        let mut layer = vec![path];
        while !layer.is_empty() {
            let mut found: Vec<(bool, Reverse<u64>, Charge)> = Vec::new();
            let mut next = BTreeSet::new();
            for package in layer {
                for importer in now.get(package).into_iter().flatten() {
                    if let Some(charge) = self.changed(importer) {
                        let moved = Reverse(self.moved(importer));
                        found.push((had(importer, package), moved, charge));
                    } else if seen.insert(importer) {
                        next.insert(*importer);
                    }
                }
            }
            if let Some((_, _, charge)) = found.into_iter().min() {
                return Some(charge);
            }
            layer = next.into_iter().collect();
        }
        None
    }

    fn moved(&self, path: &str) -> u64 {
        let bytes = |side: &Side| side.packages.get(path).map_or(0, |package| package.bytes);
        bytes(self.before).abs_diff(bytes(self.after))
    }

    /// The cause with its bytes.
    pub fn cause(&self, charge: &Charge, parts: BTreeMap<String, i64>) -> Cause {
        let bytes = parts.values().sum();
        let mut parts: Vec<Part> = parts
            .into_iter()
            .map(|(package, bytes)| Part { package, bytes })
            .collect();
        parts.order_by_key(|part| (Reverse(part.bytes.unsigned_abs()), part.package.clone()));
        parts.retain(|part| part.bytes != 0);
        parts.truncate(PARTS);
        let (kind, name, values) = self.named(charge);
        Cause {
            kind,
            name,
            before: values.0,
            after: values.1,
            bytes,
            packages: parts,
            chain: self.chain(charge),
        }
    }

    fn named(&self, charge: &Charge) -> (CauseKind, String, (Option<String>, Option<String>)) {
        match charge {
            Charge::Everywhere => self.named_everywhere(),
            Charge::Elimination => {
                let word = |side: &Side| {
                    let on = side.elimination?;
                    Some(if on { "on" } else { "off" }.to_owned())
                };
                let values = (word(self.before), word(self.after));
                (CauseKind::DeadCodeElimination, String::new(), values)
            }
            Charge::Module(path) => {
                let version = |side: &Side| side.modules.get(path).cloned();
                let (old, new) = (version(self.before), version(self.after));
                let kind = match (&old, &new) {
                    (None, _) => CauseKind::NewModule,
                    (_, None) => CauseKind::ModuleGone,
                    _ => CauseKind::ModuleVersion,
                };
                (kind, path.clone(), (old.flatten(), new.flatten()))
            }
            Charge::Own(path) => (CauseKind::Own, path.clone(), (None, None)),
            Charge::Symbols => (CauseKind::Symbols, String::new(), (None, None)),
            Charge::Unchanged => (CauseKind::Unchanged, String::new(), (None, None)),
            Charge::Rest => (CauseKind::Rest, String::new(), (None, None)),
        }
    }

    fn named_everywhere(&self) -> (CauseKind, String, (Option<String>, Option<String>)) {
        let setting = |side: &Side| match self.settings.as_slice() {
            [only] => side.settings.get(*only).cloned(),
            _ => None,
        };
        let mut names: Vec<&str> = self.settings.clone();
        names.extend(self.profile.then_some("profile"));
        let names = names.join(", ");
        if self.go {
            let values = (
                self.before.go_version.clone(),
                self.after.go_version.clone(),
            );
            return (CauseKind::Toolchain, names, values);
        }
        let values = (setting(self.before), setting(self.after));
        match self.settings.is_empty() {
            true => (CauseKind::Profile, String::new(), (None, None)),
            false => (CauseKind::Settings, names, values),
        }
    }

    /// How a new module came in, and who calls methods by unknown names.
    fn chain(&self, charge: &Charge) -> Vec<String> {
        match charge {
            Charge::Elimination => {
                let side = match self.switched() {
                    Some(false) => self.before,
                    _ => self.after,
                };
                let callers = side.methods.iter().flat_map(|methods| &methods.callers);
                callers.take(PARTS).cloned().collect()
            }
            Charge::Module(path) if !self.before.modules.contains_key(path) => self.way_to(path),
            _ => Vec::new(),
        }
    }

    /// The shortest chain of imports from a package that nobody imports to one of the module.
    fn way_to(&self, module: &str) -> Vec<String> {
        let packages = self.after.packages.iter();
        let of_module = packages.filter(|(_, it)| it.module.as_deref() == Some(module));
        let mut layer: Vec<&str> = of_module.map(|(path, _)| path.as_str()).collect();
        // Each package that was seen, and the one that it is imported for.
        let mut below: HashMap<&str, &str> = HashMap::new();
        let mut seen: BTreeSet<&str> = layer.iter().copied().ordered();
        while !layer.is_empty() {
            let mut next = BTreeSet::new();
            for package in layer {
                let by = self.importers[1].get(package);
                let Some(by) = by.filter(|by| !by.is_empty()) else {
                    return chain(package, &below);
                };
                for importer in by {
                    if seen.insert(importer) {
                        below.insert(importer, package);
                        next.insert(*importer);
                    }
                }
            }
            layer = next.into_iter().collect();
        }
        Vec::new()
    }

    /// What is not told apart, and what is not counted.
    pub fn notes(&self) -> Vec<String> {
        let several = usize::from(self.go) + usize::from(self.profile) + self.settings.len() > 1;
        let unpriced = self.switched().is_some() && self.price().is_empty();
        let unimported = self.after.imports.is_none() || self.before.imports.is_none();
        let notes = [
            self.uncounted(),
            several.then_some(
                "what changes every package is one cause: these changes are not told apart",
            ),
            unpriced.then_some("what the elimination of methods costs is not known exactly: it is charged with what did not change itself"),
        ];
        let mut notes: Vec<String> = notes.into_iter().flatten().map(str::to_owned).collect();
        let sides = [self.before, self.after].into_iter();
        let others = sides.filter_map(|side| side.methods.as_ref().map(|methods| methods.others));
        let others = others.max().unwrap_or_default();
        if others > 0 {
            notes.push(format!(
                "methods are called by unknown names in {} more: what these keep alone was not looked at",
                counted_of(others, "function")
            ));
        }
        if unimported {
            notes.push("it is not known what packages import: what a change brings in of the standard library is not charged to it".into());
        }
        notes
    }

    /// Of which side C code is not counted.
    fn uncounted(&self) -> Option<&'static str> {
        match (self.before.uncounted_c, self.after.uncounted_c) {
            (false, false) => None,
            (true, true) => Some(UNCOUNTED_C),
            (true, false) => Some(
                "C code is counted of the side after alone: before, the linker of the system adds it",
            ),
            (false, true) => Some(
                "C code is counted of the side before alone: after, the linker of the system adds it",
            ),
        }
    }
}

/// From a package down to the last that it is imported for; empty where that is itself.
fn chain(package: &str, below: &HashMap<&str, &str>) -> Vec<String> {
    let steps = std::iter::successors(Some(package), |at| below.get(at).copied());
    let way: Vec<String> = steps.map(str::to_owned).collect();
    match way.len() {
        0 | 1 => Vec::new(),
        _ => way,
    }
}
