//! Finds the reason for each change of size by owner.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::UNOWNED;
use crate::binary::SHARED;
use crate::report::comparison::{Change, Changes, State};

/// A module or a package whose bytes changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Owner {
    /// Its path; `unowned` and `shared` are what belongs to none.
    pub(crate) name: String,
    /// Bytes before; `null` where it was not there.
    pub(crate) before: Option<u64>,
    /// Bytes after; `null` where it is gone.
    pub(crate) after: Option<u64>,
    /// The difference.
    pub(crate) change: i64,
    /// Why.
    pub(crate) why: String,
}

/// What reasons are found in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reasons {
    /// The Go before and after.
    pub(crate) go: (String, String),
    /// The module of each package, on either side.
    pub(crate) modules: BTreeMap<String, String>,
    /// Versions of modules that move: before, after.
    pub(crate) moved: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Packages of the standard library.
    pub(crate) standard: BTreeSet<String>,
    /// Who imports a package: before, after.
    pub(crate) importers: (BTreeMap<String, String>, BTreeMap<String, String>),
}

/// Every change of at least the floor, with its reason.
pub(crate) fn owners(changes: &Changes, reasons: &Reasons) -> Vec<Owner> {
    let owner = |change: &Change| Owner {
        name: change.name.clone(),
        before: change.before,
        after: change.after,
        change: change.change,
        why: reasons.of(change),
    };
    changes.list.iter().map(owner).collect()
}

impl Reasons {
    fn of(&self, change: &Change) -> String {
        let name = change.name.as_str();
        if name == SHARED {
            return "used by several".into();
        }
        if name == UNOWNED {
            return "of nobody".into();
        }
        let module = self.modules.get(name).map_or(name, String::as_str);
        let is_std = name == "std" || self.standard.contains(name);
        let is_known = is_std
            || self.modules.contains_key(name)
            || self.modules.values().any(|module| module == name);
        if !is_known {
            return "not known".into();
        }
        let moved = self.moved.get(module);
        let imported = match change.state {
            State::New => self.importers.1.get(name),
            State::Gone => self.importers.0.get(name),
            _ => None,
        };
        let version = match moved {
            Some((Some(before), Some(after))) => Some(format!("{before} -> {after}")),
            Some((None, Some(after))) => Some(format!("{after}, new")),
            Some((Some(before), None)) => Some(format!("{before}, gone")),
            _ => None,
        };
        match (imported, version) {
            (Some(by), _) if change.state == State::New => format!("imported by {by}"),
            (Some(by), _) => format!("{by} imported it"),
            (None, Some(version)) => version,
            (None, None) if self.go.0 == self.go.1 => match is_std {
                true => "what is used of it".into(),
                false => "what is inlined and used of it".into(),
            },
            (None, None) if is_std => format!("of {}", self.go.1),
            (None, None) => "same source, another compiler".into(),
        }
    }
}
