//! Finds the reason for each change of size by owner.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::analysis::UNOWNED;
use crate::binary::SHARED;
use crate::report::comparison::{Change, Changes, State};

/// A module or a package whose bytes changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
        let is_std = name == "std" || self.standard.contains(name);
        match name {
            SHARED => return "used by several".into(),
            UNOWNED => return "of nobody".into(),
            name if !is_std && !self.knows(name) => return "not known".into(),
            _ => {}
        }
        let known = self.imported(change).or_else(|| self.moves(name));
        known.unwrap_or_else(|| match is_std {
            true if self.go.0 == self.go.1 => "what is used of it".into(),
            false if self.go.0 == self.go.1 => "what is inlined and used of it".into(),
            true => format!("of {}", self.go.1),
            false => "same source, another compiler".into(),
        })
    }

    fn knows(&self, name: &str) -> bool {
        let mut modules = self.modules.values();
        self.modules.contains_key(name) || modules.any(|module| module == name)
    }

    /// Who imports what is new, or did import what is gone.
    fn imported(&self, change: &Change) -> Option<String> {
        let (before, after) = &self.importers;
        match change.state {
            State::New => after
                .get(&change.name)
                .map(|by| format!("imported by {by}")),
            State::Gone => before
                .get(&change.name)
                .map(|by| format!("{by} imported it")),
            _ => None,
        }
    }

    /// The versions, where the module moves.
    fn moves(&self, name: &str) -> Option<String> {
        let module = self.modules.get(name).map_or(name, String::as_str);
        match self.moved.get(module)? {
            (Some(before), Some(after)) => Some(format!("{before} -> {after}")),
            (None, Some(after)) => Some(format!("{after}, new")),
            (Some(before), None) => Some(format!("{before}, gone")),
            (None, None) => None,
        }
    }
}
