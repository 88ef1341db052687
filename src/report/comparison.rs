//! Compares two executables or reports: what became larger and smaller.

mod changed_items;

mod growth_side;

mod compared_subject;

use serde::{Deserialize, Serialize};

use super::growth;
use super::picture::{Layer, Picture, merged};
use super::{Reason, SCHEMA_VERSION, Tool, Verdict};
use crate::binary::{LoadedDiff, Owners};
use crate::config::size::{Growth, human};
use crate::error::{Error, Kind, Result};
use crate::number::{change, grouped};

pub(crate) use changed_items::{Change, Changes, State};
pub(crate) use compared_subject::{Item, Subject, Subjects, saved};
pub(crate) use growth_side::version;
pub use growth_side::{settings, side};

/// What differs between two executables, or between those of two reports. Sizes are bytes, unknown is `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// Whether no file grew over the limit.
    pub(crate) verdict: Verdict,
    /// Changes smaller than this are summed up.
    pub(crate) floor: u64,
    /// One entry per executable that both sides have.
    pub(crate) pairs: Vec<Pair>,
    /// Executables that only the first side has.
    pub(crate) gone: Vec<String>,
    /// Executables that only the second side has.
    pub(crate) new: Vec<String>,
}

/// One executable, before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pair {
    /// Its name.
    pub(crate) name: String,
    /// The first file.
    pub(crate) before: Brief,
    /// The second file.
    pub(crate) after: Brief,
    /// What else differs and explains sizes; the Go version stands first.
    pub(crate) causes: Vec<Cause>,
    /// What differs in memory; `null` where that was not asked, for another Go version or platform differs anyway.
    pub(crate) loaded: Option<LoadedDiff>,
    /// Why it is larger or smaller: causes that add up; `null` where that was not asked.
    #[serde(default)]
    pub(crate) growth: Option<growth::Growth>,
    /// By role of section, with headers and padding: the sums are the files.
    pub(crate) roles: Changes,
    /// By kind; `null` where a side does not tell.
    pub(crate) kinds: Option<Changes>,
    /// By module; `unowned` is what belongs to none.
    pub modules: Option<Changes>,
    /// By package; `unowned` is what belongs to none.
    pub(crate) packages: Option<Changes>,
    /// By function, code only.
    pub(crate) functions: Option<Changes>,
    /// What came and went, as a treemap; `None` where none is drawn.
    #[serde(skip)]
    pub(crate) picture: Option<Picture>,
}

/// A file in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Brief {
    /// The file, or the report that tells of it.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256 in hex.
    pub(crate) sha256: Option<String>,
    /// `linux/amd64`
    pub(crate) platform: String,
    /// The Go version in its build information.
    pub(crate) go_version: Option<String>,
    /// Neither symbol table nor DWARF.
    pub(crate) stripped: Option<bool>,
}

impl Brief {
    /// Whether it is the other file, byte by byte.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.sha256.is_some() && self.sha256 == other.sha256
    }
}

/// Something that differs and explains sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cause {
    /// `Go version`, `platform`, a build setting such as `-ldflags`.
    pub(crate) what: String,
    /// Before; `null` where it was not set.
    pub(crate) before: Option<String>,
    /// After.
    pub(crate) after: Option<String>,
}

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Changes smaller than this are summed up.
    pub(crate) floor: u64,
    /// How much a file may grow.
    pub(crate) fail_over: Option<Growth>,
}

impl Comparison {
    /// Says why the only executable is larger or smaller.
    pub(crate) fn explain(&mut self, growth: growth::Growth) {
        if let [only] = self.pairs.as_mut_slice() {
            only.growth = Some(growth);
        }
    }
}

/// Compares what both sides have.
///
/// Fails with [`Kind::Usage`] when the sides have no executable in common.
pub(crate) fn compare(
    before: &Subjects,
    after: &Subjects,
    loaded: Option<LoadedDiff>,
    rules: Rules,
) -> Result<Comparison> {
    let (matched, gone, new) = matched(before, after)?;
    let pairs: Vec<Pair> = matched
        .into_iter()
        .map(|(old, new)| pair(old, new, rules.floor))
        .collect();
    let over = pairs.iter().filter_map(|pair| over(pair, rules));
    let verdict = Verdict::of(over.map(Reason::from).collect());
    let mut comparison = Comparison {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        verdict,
        floor: rules.floor,
        pairs,
        gone,
        new,
    };
    if let [only] = comparison.pairs.as_mut_slice() {
        only.loaded = loaded;
    }
    Ok(comparison)
}

type Matched<'a> = (Vec<(&'a Subject, &'a Subject)>, Vec<String>, Vec<String>);

/// One and one belong together whatever they are called; otherwise the main package and the platform tell.
fn matched<'a>(before: &'a Subjects, after: &'a Subjects) -> Result<Matched<'a>> {
    if let ([old], [new]) = (before.list.as_slice(), after.list.as_slice()) {
        return Ok((vec![(old, new)], Vec::new(), Vec::new()));
    }
    let same = |a: &Subject, b: &Subject| a.package == b.package && a.platform == b.platform;
    let mut pairs = Vec::new();
    for old in &before.list {
        let found = after.list.iter().find(|subject| same(old, subject));
        pairs.extend(found.map(|new| (old, new)));
    }
    let alone = |all: &[Subject], others: &[Subject]| -> Vec<String> {
        let lonely = all
            .iter()
            .filter(|subject| !others.iter().any(|other| same(subject, other)));
        lonely.map(Subject::label).collect()
    };
    let (gone, new) = (
        alone(&before.list, &after.list),
        alone(&after.list, &before.list),
    );
    if pairs.is_empty() {
        let message = format!(
            "`{}` and `{}` have no executable in common",
            before.path, after.path
        );
        let hint = format!("before: {}; after: {}", gone.join(", "), new.join(", "));
        return Err(Error::new(Kind::Usage, message).hint(hint));
    }
    Ok((pairs, gone, new))
}

fn pair(old: &Subject, new: &Subject, floor: u64) -> Pair {
    let both = |a: &Option<Vec<Item>>, b: &Option<Vec<Item>>| {
        Some(changed_items::changes(a.as_ref()?, b.as_ref()?, floor))
    };
    Pair {
        name: new.name.clone(),
        before: old.brief(),
        after: new.brief(),
        causes: causes(old, new),
        loaded: None,
        growth: old
            .growth
            .as_ref()
            .zip(new.growth.as_ref())
            .map(|(old, new)| grown(old, new)),
        roles: changed_items::changes(&old.roles, &new.roles, 0),
        kinds: both(&old.kinds, &new.kinds),
        modules: both(&old.modules, &new.modules),
        packages: both(&old.packages, &new.packages),
        functions: both(&old.functions, &new.functions),
        picture: picture(old, new),
    }
}

/// Files say which profile they were built with, and not what was in it.
fn grown(old: &growth::Side, new: &growth::Side) -> growth::Growth {
    let mut found = growth::growth(old, new);
    if let (Some(before), Some(after)) = (&old.profile, &new.profile)
        && before == after
    {
        found.notes.push(format!(
            "both were built with a profile `{after}`: whether it was the same is not in the files"
        ));
    }
    found
}

/// Both files in one treemap; `None` where a side has none.
fn picture(old: &Subject, new: &Subject) -> Option<Picture> {
    if old.tiles.is_empty() || new.tiles.is_empty() {
        return None;
    }
    let difference = match old.size == new.size {
        true => "the same size".to_owned(),
        false => format!("{} B", change(old.size, new.size)),
    };
    Some(Picture {
        title: new.name.clone(),
        subtitle: format!(
            "{} → {} ({difference}), {}",
            human(old.size),
            human(new.size),
            new.platform
        ),
        layers: vec![Layer::Change, Layer::Bytes],
        tiles: merged(old.tiles.clone(), new.tiles.clone()),
    })
}

/// The cause that only reports have: files are read in the same way.
const OWNERS: &str = "way to find owners";

fn causes(old: &Subject, new: &Subject) -> Vec<Cause> {
    let cause = |what: &str, before: Option<String>, after: Option<String>| Cause {
        what: what.to_owned(),
        before,
        after,
    };
    let platform = |subject: &Subject| Some(subject.platform.clone());
    let mut causes = Vec::new();
    if old.go_version.is_some() && new.go_version.is_some() {
        causes.push(cause(
            "Go version",
            old.go_version.clone(),
            new.go_version.clone(),
        ));
    }
    causes.push(cause("platform", platform(old), platform(new)));
    causes.push(cause(
        "main package",
        old.package.clone(),
        new.package.clone(),
    ));
    if let (Some(old), Some(new)) = (old.owners, new.owners) {
        let words = |owners: Owners| Some(owners.name().to_owned());
        causes.push(cause(OWNERS, words(old), words(new)));
    }
    if let (Some(old), Some(new)) = (&old.settings, &new.settings) {
        let added = new.keys().filter(|key| !old.contains_key(*key));
        let keys = old.keys().chain(added);
        causes.extend(keys.map(|key| cause(key, old.get(key).cloned(), new.get(key).cloned())));
    }
    causes.retain(|cause| cause.before != cause.after);
    causes
}

/// The sentence of a file that grew over the limit.
fn over(pair: &Pair, rules: Rules) -> Option<String> {
    let (old, new) = (pair.before.size, pair.after.size);
    let limit = rules.fail_over?;
    let share = (new as f64 / old.max(1) as f64 - 1.0) * 100.0;
    let (exceeded, words) = match limit {
        Growth::Share(limit) => (share > limit.0, format!("{} %", limit.0)),
        Growth::Bytes(limit) => (
            new > old.saturating_add(limit.0),
            format!("{} B", grouped(limit.0)),
        ),
    };
    exceeded.then(|| {
        format!(
            "`{}` grew by {} B ({share:.2} %), which is over the limit of {words}",
            pair.name,
            change(old, new).trim_start_matches('+')
        )
    })
}
