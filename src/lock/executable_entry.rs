//! Compares what was accepted for an executable with what it is now.

mod noted;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Item, Lock};
use crate::binary::Owners;
use crate::order::Ordered;
use noted::Table;

/// What was accepted for one executable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Table")]
pub(crate) struct Executable {
    /// Bytes in the file.
    pub(crate) size: u64,
    /// Whether the linker removes methods that nothing calls; `None` where that is not known.
    pub(crate) dead_code_elimination: Option<bool>,
    /// Percent of the weight of the profile whose functions exist, rounded down; `None` without a profile.
    pub(crate) profile_health: Option<u8>,
    /// Packages that use cgo.
    pub(crate) cgo: BTreeSet<String>,
    /// GODEBUG defaults.
    pub(crate) godebug: BTreeMap<String, String>,
    /// How it was known whose the data are: figures that were found in another way do not compare. `None` before version 3.
    pub(crate) owners: Option<Owners>,
    /// Bytes in the file by module; empty where the file does not say.
    pub modules: BTreeMap<String, u64>,
    /// Bytes in the file of packages with at least [`FLOOR`] of them.
    pub(crate) packages: BTreeMap<String, u64>,
    /// Bytes in the file by section role.
    pub(crate) sections: BTreeMap<String, u64>,
    /// Stack frames of 1 KiB and more by function; of the standard library those that the profile inlined into.
    pub(crate) frames: BTreeMap<String, u64>,
    /// Why an [`Item`] is looser than it was, by its name.
    pub(crate) reasons: BTreeMap<String, String>,
}

/// Smaller packages have no entry.
pub(crate) const FLOOR: u64 = 64 << 10;

/// The health of a profile falls a little with every renamed function: from this many points on it is a finding.
pub(crate) const HEALTH_FALL: u8 = 5;

/// How an executable differs from what was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Numbers of bytes that changed.
    pub(crate) sizes: Vec<SizeChange>,
    /// Everything else that changed.
    pub(crate) facts: Vec<FactChange>,
    /// What was not compared, since one side does not know it.
    pub(crate) silent: Vec<(Fact, Side)>,
}

/// What an entry of the lock may not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// Bytes by module.
    Modules,
    /// Large stack frames.
    Frames,
    /// Whether the linker removes methods that nothing calls.
    DeadCode,
    /// How much of the profile fits.
    Health,
}

impl Fact {
    /// In words: its ...
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Modules => "modules",
            Self::Frames => "stack frames",
            Self::DeadCode => "dead-code elimination",
            Self::Health => "profile health",
        }
    }
}

/// Who does not know something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The lock.
    Lock,
    /// The executable of this build.
    Build,
}

/// A number of bytes that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SizeChange {
    /// Whose.
    pub(crate) item: Item,
    /// In the lock; `None`: it has no entry.
    pub(crate) before: Option<u64>,
    /// In this build; `None`: it would have no entry.
    pub(crate) after: Option<u64>,
}

/// A fact that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FactChange {
    /// What.
    pub(crate) item: Item,
    /// In the lock; `None`: it has no entry.
    pub(crate) before: Option<String>,
    /// In this build; `None`: it would have no entry.
    pub(crate) after: Option<String>,
    /// To accept it takes a reason.
    pub(crate) worse: bool,
}

impl Changes {
    /// Modules that the lock does not hold, and their bytes.
    pub(crate) fn new_modules(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sizes.iter().filter_map(|change| match &change.item {
            Item::Module(path) if change.before.is_none() => Some((path.as_str(), change.after?)),
            _ => None,
        })
    }

    /// Who does not know a fact, so that it was not compared.
    pub(crate) fn silent(&self, fact: Fact) -> Option<Side> {
        self.silent
            .iter()
            .find(|entry| entry.0 == fact)
            .map(|entry| entry.1)
    }

    /// Facts that got worse.
    pub(crate) fn worse(&self) -> impl Iterator<Item = &FactChange> {
        self.facts.iter().filter(|change| change.worse)
    }
}

impl Executable {
    /// Numbers of bytes by item.
    pub(crate) fn sizes(&self) -> BTreeMap<Item, u64> {
        let named = |item: fn(String) -> Item, table: &BTreeMap<String, u64>| {
            let pairs = table
                .iter()
                .map(|(name, bytes)| (item(name.clone()), *bytes));
            pairs.collect::<Vec<_>>()
        };
        let mut sizes = BTreeMap::from([(Item::Size, self.size)]);
        sizes.extend(named(Item::Section, &self.sections));
        sizes.extend(named(Item::Module, &self.modules));
        sizes.extend(named(Item::Package, &self.packages));
        sizes.extend(named(Item::Frame, &self.frames));
        sizes
    }

    /// Everything else by item.
    pub(crate) fn facts(&self) -> BTreeMap<Item, String> {
        let cgo = self
            .cgo
            .iter()
            .map(|text| (Item::Cgo(text.clone()), "used".to_owned()));
        let godebug = self.godebug.iter();
        let godebug = godebug.map(|(key, value)| (Item::Godebug(key.clone()), value.clone()));
        let mut facts: BTreeMap<Item, String> = cgo.chain(godebug).ordered();
        if let Some(on) = self.dead_code_elimination {
            facts.insert(Item::DeadCode, if on { "on" } else { "off" }.to_owned());
        }
        if let Some(percent) = self.profile_health {
            facts.insert(Item::Health, format!("{percent} %"));
        }
        facts
    }

    /// Makes one entry as it is in `from`, and no other; returns whether any of the two has it.
    pub(crate) fn take(&mut self, item: &Item, from: &Self) -> bool {
        let table = |own: &mut BTreeMap<String, u64>, from: &BTreeMap<String, u64>, name: &str| {
            take(own, from, name)
        };
        match item {
            // They do not compare one by one.
            Item::Module(_) | Item::Package(_) if self.owners != from.owners => {
                self.owners = from.owners;
                self.modules.clone_from(&from.modules);
                self.packages.clone_from(&from.packages);
                !from.modules.is_empty()
            }
            Item::Size => {
                self.size = from.size;
                true
            }
            Item::Section(name) => table(&mut self.sections, &from.sections, name),
            Item::Module(name) => table(&mut self.modules, &from.modules, name),
            Item::Package(name) => table(&mut self.packages, &from.packages, name),
            Item::Frame(name) => table(&mut self.frames, &from.frames, name),
            Item::Godebug(name) => take(&mut self.godebug, &from.godebug, name),
            Item::Cgo(name) if from.cgo.contains(name) => {
                self.cgo.insert(name.clone());
                true
            }
            Item::Cgo(name) => self.cgo.remove(name),
            Item::DeadCode => {
                let had = self.dead_code_elimination;
                self.dead_code_elimination = from.dead_code_elimination;
                had.or(from.dead_code_elimination).is_some()
            }
            Item::Health => {
                let had = self.profile_health;
                self.profile_health = from.profile_health;
                had.or(from.profile_health).is_some()
            }
        }
    }

    /// How `now` differs from this entry. What one of the two does not know at all is not compared: a lock of version 1
    /// has no modules, and a file that cannot be read that far has none.
    pub(crate) fn changes(&self, now: &Self) -> Changes {
        let known = |item: &Item| match item {
            Item::Module(_) | Item::Package(_) => self.compares_owners(now),
            Item::Section(_) => !self.sections.is_empty() && !now.sections.is_empty(),
            Item::Frame(_) => self.knows_frames() && now.knows_frames(),
            Item::DeadCode => {
                self.dead_code_elimination.is_some() && now.dead_code_elimination.is_some()
            }
            Item::Health => self.profile_health.is_some() && now.profile_health.is_some(),
            Item::Size | Item::Cgo(_) | Item::Godebug(_) => true,
        };
        let sizes = differing(&self.sizes(), &now.sizes());
        let facts = differing(&self.facts(), &now.facts());
        let size = |(item, before, after)| SizeChange {
            item,
            before,
            after,
        };
        let fact = |(item, before, after): (Item, Option<String>, Option<String>)| FactChange {
            worse: self.is_worse(&item, after.is_some(), now),
            item,
            before,
            after,
        };
        Changes {
            sizes: sizes
                .into_iter()
                .filter(|size| known(&size.0))
                .map(size)
                .collect(),
            facts: facts
                .into_iter()
                .filter(|fact| known(&fact.0))
                .map(fact)
                .collect(),
            silent: self.silent(now),
        }
    }

    /// What could have got worse than this entry without being seen.
    fn silent(&self, now: &Self) -> Vec<(Fact, Side)> {
        let side = |lock: bool, build: bool| match (lock, build) {
            (false, _) => Some(Side::Lock),
            (true, false) => Some(Side::Build),
            (true, true) => None,
        };
        let dead_code = match (self.dead_code_elimination, now.dead_code_elimination) {
            // Nothing is worse than that.
            (Some(false), _) => None,
            (before, after) => side(before.is_some(), after.is_some()),
        };
        // A first profile is no loss.
        let health = self.profile_health.is_some() && now.profile_health.is_none();
        [
            (Fact::Modules, self.silent_of_owners(now)),
            (Fact::Frames, side(self.knows_frames(), now.knows_frames())),
            (Fact::DeadCode, dead_code),
            (Fact::Health, health.then_some(Side::Build)),
        ]
        .into_iter()
        .filter_map(|(fact, side)| Some((fact, side?)))
        .collect()
    }

    /// Whether bytes by module and package mean the same in both.
    fn compares_owners(&self, now: &Self) -> bool {
        self.silent_of_owners(now).is_none()
    }

    /// Which of the two does not tell its modules in the way of the other; symbols are the better way.
    fn silent_of_owners(&self, now: &Self) -> Option<Side> {
        match (self.modules.is_empty(), now.modules.is_empty()) {
            (true, _) => Some(Side::Lock),
            (false, true) => Some(Side::Build),
            _ if self.owners == now.owners => None,
            _ if now.owners == Some(Owners::Symbols) => Some(Side::Lock),
            _ => Some(Side::Build),
        }
    }

    /// Whether it would have large frames if there were any: a lock of version 1 has neither them nor modules.
    pub(crate) fn knows_frames(&self) -> bool {
        !self.frames.is_empty() || !self.modules.is_empty()
    }

    fn is_worse(&self, item: &Item, is_there: bool, now: &Self) -> bool {
        match item {
            Item::Cgo(_) | Item::Godebug(_) => is_there,
            Item::DeadCode => now.dead_code_elimination == Some(false),
            Item::Health => {
                let points = |it: &Self| it.profile_health.unwrap_or_default();
                points(now) + HEALTH_FALL <= points(self)
            }
            _ => false,
        }
    }
}

fn take<T: Clone>(own: &mut BTreeMap<String, T>, from: &BTreeMap<String, T>, name: &str) -> bool {
    match from.get(name) {
        Some(value) => {
            own.insert(name.to_owned(), value.clone());
            true
        }
        None => own.remove(name).is_some(),
    }
}

fn differing<T: Clone + PartialEq>(
    before: &BTreeMap<Item, T>,
    after: &BTreeMap<Item, T>,
) -> Vec<(Item, Option<T>, Option<T>)> {
    let items: BTreeSet<&Item> = before.keys().chain(after.keys()).ordered();
    let pair = |item: &&Item| (before.get(*item).cloned(), after.get(*item).cloned());
    items
        .into_iter()
        .map(|item| (item, pair(&item)))
        .filter(|(_, (before, after))| before != after)
        .map(|(item, (before, after))| (item.clone(), before, after))
        .collect()
}

/// How an executable stands to the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is no lock.
    NoLock,
    /// It does not know the platform, or the executable.
    NoEntry,
    /// It was written by another Go version, whose sizes and settings differ by themselves.
    OtherGo {
        /// The lock's.
        go: String,
        /// What differs all the same.
        changes: Changes,
    },
    /// By the same Go.
    Compared(Changes),
}

impl Standing {
    /// What differs, where that means something.
    pub(crate) fn compared(&self) -> Option<&Changes> {
        match self {
            Self::Compared(changes) => Some(changes),
            _ => None,
        }
    }
}

/// How the executable of a main package stands to the lock.
pub(crate) fn standing(
    lock: Option<&Lock>,
    key: &str,
    package: &str,
    go: &str,
    now: &Executable,
) -> Standing {
    let Some(lock) = lock else {
        return Standing::NoLock;
    };
    let target = lock.targets.get(key);
    let entry = target.and_then(|target| Some((target, target.executables.get(package)?)));
    match entry {
        None => Standing::NoEntry,
        Some((target, entry)) if target.go != go => Standing::OtherGo {
            go: target.go.clone(),
            changes: entry.changes(now),
        },
        Some((_, entry)) => Standing::Compared(entry.changes(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<String, T> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()));
        pairs.collect()
    }

    fn before() -> Executable {
        Executable {
            size: 1000,
            dead_code_elimination: Some(true),
            profile_health: Some(97),
            cgo: BTreeSet::from(["net".to_owned()]),
            godebug: table(&[("a", "0".to_owned())]),
            modules: table(&[("std", 900), ("m", 100)]),
            ..Executable::default()
        }
    }

    fn worse(edit: fn(&mut Executable)) -> String {
        let mut now = before();
        edit(&mut now);
        let changes = before().changes(&now);
        let facts = changes.worse().map(|change| change.item.to_string());
        let modules = changes
            .new_modules()
            .map(|new_module| format!("new {}", new_module.0));
        facts.chain(modules).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_gets_worse_is_told_from_what_changes() {
        assert_eq!(worse(|_| {}), "");
        assert_eq!(worse(|it| it.size = 2000), "");
        assert_eq!(worse(|it| it.cgo = BTreeSet::new()), "");
        assert_eq!(worse(|it| it.godebug.clear()), "");
        assert_eq!(worse(|it| it.profile_health = Some(93)), "");
        assert_eq!(worse(|it| it.profile_health = None), "");
        assert_eq!(worse(|it| it.dead_code_elimination = None), "");
        assert_eq!(worse(|it| it.modules.clear()), "");
        assert_eq!(worse(|it| it.profile_health = Some(92)), "profile-health");
        assert_eq!(
            worse(|it| it.dead_code_elimination = Some(false)),
            "dead-code"
        );
        let cgo = |executable: &mut Executable| executable.cgo.extend(["os/user".to_owned()]);
        assert_eq!(worse(cgo), "cgo:os/user");
        let godebug = |executable: &mut Executable| {
            executable
                .godebug
                .extend([("a".to_owned(), "1".to_owned())])
        };
        assert_eq!(worse(godebug), "godebug:a");
        let module = |executable: &mut Executable| executable.modules.extend([("x".to_owned(), 1)]);
        assert_eq!(worse(module), "new x");
    }

    #[test]
    fn an_item_is_taken_alone() {
        let mut now = before();
        now.size = 2000;
        now.modules.insert("x".into(), 7);
        now.cgo.clear();
        for (item, expected) in [
            ("size", 1),
            ("module:x", 1),
            ("cgo:net", 1),
            ("dead-code", 0),
            ("module:none", 0),
        ] {
            let item: Item = item.parse().unwrap();
            let mut entry = before();
            let known = entry.take(&item, &now);
            let changes = before().changes(&entry);
            assert_eq!(
                changes.sizes.len() + changes.facts.len(),
                expected,
                "{item}"
            );
            assert_eq!(known, item.to_string() != "module:none", "{item}");
        }
    }

    #[test]
    fn items_are_named_as_they_are_read() {
        for text in [
            "size",
            "dead-code",
            "profile-health",
            "module:a/b",
            "cgo:net",
            "godebug:x",
            "section:code",
            "package:p",
            "frame:p.(*T).m",
        ] {
            assert_eq!(text.parse::<Item>().unwrap().to_string(), text);
        }
        for text in ["", "module:", "modules:x", "net/http", "size:api", "./cmd"] {
            assert!(text.parse::<Item>().is_err(), "{text}");
        }
    }
}
