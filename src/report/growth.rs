//! Charges the growth of an executable to its causes: they add up to it, to the byte.

mod blame;

mod exact_causes;

mod locked;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::order::Order;
use blame::{Blame, Charge};
pub use exact_causes::{Change, Step, exact};
pub(crate) use locked::since_lock;

/// One side: what is known of an executable, from its objects or from the file.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// Bytes in all.
    pub size: u64,
    /// `go1.26.1`
    pub go_version: Option<String>,
    /// Flags and settings that change what is compiled or linked, by name.
    pub settings: BTreeMap<String, String>,
    /// What tells one profile of the build from another.
    pub profile: Option<String>,
    /// Whether the linker removes methods that nothing calls; `None` where that is not known.
    pub elimination: Option<bool>,
    /// What it costs that it does not; `None` where it does, or where that is not known.
    pub methods: Option<Methods>,
    /// Versions by module, without the main one; `None` where the version is not known.
    pub modules: BTreeMap<String, Option<String>>,
    /// By import path.
    pub packages: BTreeMap<String, Package>,
    /// Debug information and symbol tables.
    pub symbols: u64,
    /// What each package imports; `None` where that is not known.
    pub imports: Option<BTreeMap<String, Vec<String>>>,
    /// Whether there is C code of which no bytes are counted.
    pub uncounted_c: bool,
}

/// A package of a side.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Its module; `None` for the standard library.
    pub module: Option<String>,
    /// Whether it belongs to the main module.
    pub is_own: bool,
    /// What tells its sources from others; `None` where that is not known, or where its version says it.
    pub sources: Option<String>,
    /// Its bytes.
    pub bytes: u64,
}

/// Calls of methods by unknown names: they keep every exported method.
#[derive(Debug, Clone, Default)]
pub struct Methods {
    /// The functions that call so, the one that costs most alone first.
    pub callers: Vec<String>,
    /// Bytes that they keep, by package; what packages share stands under `""`.
    pub bytes: BTreeMap<String, u64>,
    /// Functions that call so, and are not among the callers: they were not priced.
    pub others: usize,
}

/// Why an executable has another size: causes that add up to the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Growth {
    /// Bytes before.
    pub before: u64,
    /// Bytes after.
    pub after: u64,
    /// The largest first; what is left is the last. Their bytes add up to `after - before`.
    pub causes: Vec<Cause>,
    /// What is not told apart, and why.
    pub notes: Vec<String>,
    /// Whether each cause is the difference of two files that were built.
    #[serde(default)]
    pub exact: bool,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cause {
    /// What it is.
    pub kind: CauseKind,
    /// The module, the package, the settings; empty for what is left.
    pub name: String,
    /// The version or value before; `null` where there was none.
    pub before: Option<String>,
    /// The version or value after.
    pub after: Option<String>,
    /// Bytes that it adds; negative where it takes some away.
    pub bytes: i64,
    /// The packages of these bytes, the largest first; at most five.
    pub packages: Vec<Part>,
    /// From the main package to it, by imports: how it came in. Of calls by unknown names: the functions.
    pub chain: Vec<String>,
}

/// What a package has of a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Part {
    /// Its import path; empty for what packages share.
    pub package: String,
    /// Bytes.
    pub bytes: i64,
}

/// What a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// Another Go, together with what else changes every package.
    Toolchain,
    /// Other flags or settings.
    Settings,
    /// Another profile.
    Profile,
    /// Calls of methods by unknown names switch the elimination of methods off, or no longer do.
    DeadCodeElimination,
    /// A module that was not there.
    NewModule,
    /// Another version of a module.
    ModuleVersion,
    /// A module that is gone.
    ModuleGone,
    /// A package of the main module, with what it uses now.
    Own,
    /// Debug information and symbol tables.
    Symbols,
    /// Packages that are what they were, and of which more or less is used: it is not known by whom.
    Unchanged,
    /// Several changes without some of which nothing builds.
    Together,
    /// What the files record of their builds, and what they hold that was not built again.
    Stamps,
    /// What no other cause explains.
    Rest,
}

impl CauseKind {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Toolchain => "Go",
            Self::Settings => "settings",
            Self::Profile => "profile",
            Self::DeadCodeElimination => "dead-code elimination",
            Self::NewModule => "new module",
            Self::ModuleVersion => "module",
            Self::ModuleGone => "module gone",
            Self::Own => "own package",
            Self::Symbols => "debug information and symbols",
            Self::Unchanged => "packages of the same version (flags, or what is used of them)",
            Self::Together => "changes that only build together:",
            Self::Stamps => "what the files record of their builds",
            Self::Rest => "headers, and tables that packages share",
        }
    }
}

/// Packages that a cause names.
const PARTS: usize = 5;

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Charges each byte of the difference to one cause.
pub fn growth(before: &Side, after: &Side) -> Growth {
    let blame = Blame::new(before, after);
    let mut charges = Charges::default();
    let price = blame.price();
    let new = after.packages.keys();
    let new = new.filter(|path| !before.packages.contains_key(*path));
    for path in before.packages.keys().chain(new) {
        let bytes = |side: &Side| side.packages.get(path).map_or(0, |package| package.bytes);
        let difference = signed(bytes(after)) - signed(bytes(before));
        let by_methods = price.get(path).copied().unwrap_or_default();
        charges.add(Charge::Elimination, path, by_methods);
        let rest = difference - by_methods;
        if rest != 0 {
            charges.add(blame.of(path, rest > 0), path, rest);
        }
    }
    let shared = price.get("").copied().unwrap_or_default();
    charges.add(Charge::Elimination, "", shared);
    let symbols = signed(after.symbols) - signed(before.symbols);
    charges.add(blame.of_symbols(), "", symbols);
    // Headers and tables that packages share follow from what changes everything, where anything does.
    let rest = blame.everywhere().unwrap_or(Charge::Rest);
    let left = signed(after.size) - signed(before.size) - charges.sum;
    charges.add(rest, "", left);
    for certain in blame.certain() {
        charges.by_cause.entry(certain).or_default();
    }
    Growth {
        before: before.size,
        after: after.size,
        causes: causes(&blame, charges.by_cause),
        notes: blame.notes(),
        exact: false,
    }
}

/// Bytes that are charged so far.
#[derive(Default)]
struct Charges {
    /// By cause, and by package; of none where packages share them.
    by_cause: BTreeMap<Charge, BTreeMap<String, i64>>,
    sum: i64,
}

impl Charges {
    fn add(&mut self, to: Charge, package: &str, bytes: i64) {
        if bytes != 0 {
            let parts = self.by_cause.entry(to).or_default();
            *parts.entry(package.to_owned()).or_default() += bytes;
        }
        self.sum += bytes;
    }
}

/// What each charge comes to, the most bytes first, what no cause explains last.
fn causes(blame: &Blame<'_>, charges: BTreeMap<Charge, BTreeMap<String, i64>>) -> Vec<Cause> {
    let mut causes: Vec<Cause> = charges
        .into_iter()
        .map(|(to, parts)| blame.cause(&to, parts))
        .collect();
    causes.order_by_key(|cause| {
        let last = cause.kind == CauseKind::Rest;
        (
            last,
            Reverse(cause.bytes.unsigned_abs()),
            cause.kind,
            cause.name.clone(),
        )
    });
    causes
}

/// A cause in a few words.
pub(crate) fn words(cause: &Cause) -> String {
    let kind = cause.kind.words();
    let versions = match (&cause.before, &cause.after) {
        (Some(old), Some(new)) if old != new => format!("{} -> {}", value(old), value(new)),
        (None, Some(new)) => value(new).to_owned(),
        (Some(old), None) => format!("{} -> not set", value(old)),
        _ => String::new(),
    };
    let versions = match cause.kind {
        CauseKind::ModuleGone => cause.before.clone().unwrap_or_default(),
        _ => versions,
    };
    let name = match (cause.kind, cause.name.as_str()) {
        (CauseKind::Toolchain, "") => String::new(),
        (CauseKind::Toolchain, others) => return format!("{kind} {versions}, with {others}"),
        (_, name) => name.to_owned(),
    };
    let parts = [kind, &name, &versions];
    let there: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    there.join(" ")
}

fn value(text: &str) -> &str {
    if text.is_empty() { "empty" } else { text }
}

#[cfg(test)]
mod tests;
