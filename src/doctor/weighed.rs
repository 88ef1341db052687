//! Weighs what go vet and go fix report by the profile of the build.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::advise::Source;
use crate::go::vetted::Reported;
use crate::input;
use crate::number::counted_of;
use crate::order::Order;
use crate::plan::Facts;

/// What both report; an error is why it is not known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Vetted {
    /// `go vet`
    pub(crate) vet: Result<Vec<Weighed>, String>,
    /// `go fix`, since Go 1.26.
    pub(crate) fix: Result<Vec<Weighed>, String>,
}

/// A place with its weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weighed {
    /// `internal/index/index.go:12`
    pub(crate) place: String,
    /// `rangeint`
    pub(crate) analyzer: String,
    /// The message of the analyzer.
    pub(crate) message: String,
    /// Percent of the profile in the function; `None` without a profile.
    pub(crate) weight: Option<f64>,
}

/// Percent of the profile from which on a function counts.
const HOT: f64 = 0.5;

/// Places named in a row.
const NAMED: usize = 3;

/// Weighs what was reported, the hottest first.
pub(crate) fn weighed(reported: Vec<Reported>, facts: &Facts, cwd: &Path) -> Vec<Weighed> {
    let weights = facts.pgo.weights();
    let mut sources: HashMap<PathBuf, Option<Source>> = HashMap::new();
    let mut weight = |reported: &Reported| {
        let weights = weights.as_ref()?;
        let directory = reported.file.parent()?;
        let mut packages = facts.packages.iter();
        let package = packages.find(|package| Path::new(&package.dir) == directory)?;
        let read = || Source::new(input::read(&reported.file, input::SOURCE).ok()?);
        let source = sources.entry(reported.file.clone()).or_insert_with(read);
        let function = source.as_ref()?.function_at(i64::from(reported.line))?;
        let path = match package.name == "main" {
            true => "main",
            false => &package.import_path,
        };
        Some(weights.function(path, &function))
    };
    let reported = reported.into_iter().map(|reported| here(reported, facts));
    let weigh = |reported: Reported| {
        let path = reported.file.strip_prefix(cwd).unwrap_or(&reported.file);
        Weighed {
            weight: weight(&reported),
            place: format!("{}:{}", path.display(), reported.line),
            analyzer: reported.analyzer,
            message: reported.message,
        }
    };
    let mut all: Vec<Weighed> = reported.map(weigh).collect();
    let rank = |weighed: &Weighed| weighed.weight.unwrap_or_default();
    all.order_by(|a, b| {
        let by_weight = rank(b).total_cmp(&rank(a));
        by_weight.then_with(|| a.place.cmp(&b.place))
    });
    all
}

/// A place of this build's own files, where go named those of another directory with the same sources.
fn here(reported: Reported, facts: &Facts) -> Reported {
    let mut packages = facts.packages.iter();
    let package = packages.find(|package| package.import_path == reported.package);
    let own = package.and_then(|package| {
        let name = reported.file.file_name()?;
        Some(package.directory(&facts.go.cwd).join(name))
    });
    match own.filter(|path| path.exists()) {
        Some(file) => Reported { file, ..reported },
        None => reported,
    }
}

/// How many there are, and those that count.
pub(crate) fn sentence(all: &[Weighed]) -> String {
    let places = counted_of(all.len(), "place");
    if all.iter().all(|weighed| weighed.weight.is_none()) {
        let first = all.iter().take(NAMED).map(|weighed| named(weighed, ""));
        let first = first.collect::<Vec<_>>().join(", ");
        return format!("{places}, unweighted without a profile: {first}");
    }
    let hot = all.iter().filter(|weighed| weighed.weight >= Some(HOT));
    let hot: Vec<&Weighed> = hot.collect();
    if hot.is_empty() {
        return format!("{places}, none in a function with {HOT} % of the profile");
    }
    let first = hot.iter().take(NAMED).map(|weighed| {
        let share = weighed.weight.unwrap_or_default();
        named(weighed, &format!(", {share:.1} %"))
    });
    let first: Vec<String> = first.collect();
    format!(
        "{places}, {} in functions with {HOT} % of the profile or more: {}",
        hot.len(),
        first.join(", ")
    )
}

fn named(it: &Weighed, weight: &str) -> String {
    format!("{} ({}{weight})", it.place, it.analyzer)
}
