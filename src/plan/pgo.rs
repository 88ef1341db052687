//! Which profile a build uses, decided before Go runs: Go takes an empty profile without a word,
//! and fails with many lines for a wrong one.

mod candidate;

mod choice;

mod cut;

pub mod derive;

mod repair_wish;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::advise::{self, Heat};
use crate::config::pgo_keys::Profiles;
use crate::config::{OnMissing, Origins, Pgo};
use crate::error::{Error, Kind, Result};
use crate::go::Package;
use crate::go::flags::Flag;
use crate::number::hex;
use crate::profile::Worth;
use crate::profile::proto::Sample;
use crate::profile::{self, Edges, Fitness, Judgement, Weights};
use candidate::{Found, candidates, look, unmatched};
pub(crate) use choice::{Choice, Heap, Undone, Use};
use choice::{Outcome, is_mine};
use derive::Derived;
use repair_wish::Wish;

pub(crate) use repair_wish::unused;

/// A profile as it was found.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Candidate {
    /// The main packages it is for; empty: all of the build.
    pub(crate) packages: Vec<String>,
    /// The file, relative to where go runs when it lies below; of a list the files, joined by ` + `.
    pub(crate) path: PathBuf,
    /// The files of a list; empty where there is one file.
    pub(crate) parts: Vec<Part>,
    /// SHA-256 of the file that go reads, in hex; `None` when there is no file.
    pub(crate) sha256: Option<String>,
    /// What it is worth; `None` when there is no file.
    pub(crate) judgement: Option<Judgement>,
    /// The calls that the compiler reads from it; `None` when it reads none.
    #[serde(skip)]
    pub(crate) calls: Option<Arc<Edges>>,
    /// How much of it is spent in each function; `None` like `calls`.
    #[serde(skip)]
    pub(crate) weights: Option<Arc<Weights>>,
    /// What of it allocates; `None` like `calls`.
    #[serde(skip)]
    pub(crate) heat: Option<Arc<Heat>>,
    /// What it was taken of.
    pub(crate) worth: Option<Worth>,
    /// What go reads where that is no file of the user.
    #[serde(skip)]
    pub(crate) derived: Option<Derived>,
}

/// A file of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Part {
    /// The file, relative to where go runs when it lies below.
    pub(crate) path: PathBuf,
    /// How much it counts beside the others.
    pub(crate) weight: f64,
    /// Its samples.
    pub(crate) samples: Option<i64>,
}

impl Candidate {
    /// Whether Go will read calls from it.
    pub(crate) fn is_usable(&self) -> bool {
        is_usable(self.judgement.as_ref())
    }

    /// The file that go reads.
    pub(crate) fn file(&self, cwd: &Path) -> PathBuf {
        match &self.derived {
            Some(it) => it.path.clone(),
            None => cwd.join(&self.path),
        }
    }
}

fn is_usable(judgement: Option<&Judgement>) -> bool {
    judgement.is_some_and(|judgement| judgement.fitness == Fitness::Usable)
}

fn complaint(path: &Path, judgement: Option<&Judgement>) -> Option<(String, String)> {
    let path = path.display();
    match judgement {
        None => Some((
            format!("there is no profile `{path}`"),
            "collect one from the running program: /debug/pprof/profile?seconds=30".into(),
        )),
        Some(it) if it.fitness == Fitness::Usable => None,
        Some(it) => Some((
            format!("`{path}`: {}", it.fitness.message()),
            it.fitness.hint().into(),
        )),
    }
}

/// What the decision depends on.
pub(crate) struct Request<'a> {
    /// What the user wants.
    pub(crate) settings: &'a Pgo,
    /// Which layer set it.
    pub(crate) origins: &'a Origins,
    /// The flags of the command line.
    pub(crate) typed: &'a [Flag],
    /// GOFLAGS, read.
    pub(crate) goflags: &'a [Flag],
    /// The packages of the build.
    pub(crate) packages: &'a [Package],
    /// Where go runs.
    pub(crate) cwd: &'a Path,
    /// What directories in the configuration are relative to.
    pub(crate) root: &'a Path,
    /// Go's build cache.
    pub(crate) cache: &'a Path,
}

/// Decides. `read` gives the bytes of a file, `None` when there is none.
///
/// Fails with [`Kind::Usage`] when the profile was named on the command line and is of no use, when
/// `on-missing` is `fail`, or when one of several profiles is of no use.
pub(crate) fn choose(
    request: &Request<'_>,
    read: impl Fn(&Path) -> Result<Option<Vec<u8>>>,
) -> Result<Choice> {
    let mut choice = Choice::undecided();
    for wish in repair_wish::wishes(request)? {
        decide(&wish, request, &read, &mut choice)?;
    }
    choice.unmatched = unmatched(request, &choice);
    if let [one] = choice.uses.as_mut_slice() {
        one.packages.clear();
    }
    Ok(choice)
}

fn decide(
    wish: &Wish<'_>,
    request: &Request<'_>,
    read: &impl Fn(&Path) -> Result<Option<Vec<u8>>>,
    choice: &mut Choice,
) -> Result<()> {
    let mains = || wish.mains.iter().map(|package| package.import_path.clone());
    if wish.value.is_off() {
        choice.add(wish.used("off", mains().collect(), Outcome::Unwanted));
        return Ok(());
    }
    let found = look(wish, request.cwd, read)?;
    if let Some(complaint) = useless(wish, request, &found)? {
        choice.add(wish.used("off", mains().collect(), Outcome::Refused));
        let candidates = candidates(wish, request, found, false)?;
        choice.candidates.extend(candidates);
        if request.settings.on_missing != OnMissing::Off {
            choice.complaint.get_or_insert(complaint);
        }
        return Ok(());
    }
    let candidates = candidates(wish, request, found, true)?;
    let rest = add_derived(choice, wish, &candidates, mains().collect());
    let mut as_found = candidates.iter().filter(|found| found.derived.is_none());
    let is_left = !rest.is_empty() || as_found.clone().count() == candidates.len();
    if let (true, Profiles::One(value)) = (is_left, wish.value.as_ref()) {
        let outcome = match as_found.any(Candidate::is_usable) {
            true => Outcome::Applied,
            false => Outcome::Unwanted,
        };
        choice.add(wish.used(value, rest, outcome));
    }
    choice.candidates.extend(candidates);
    Ok(())
}

/// Uses what go gets in the place of files. Returns the main packages that are left.
fn add_derived(
    choice: &mut Choice,
    wish: &Wish<'_>,
    candidates: &[Candidate],
    mut rest: Vec<String>,
) -> Vec<String> {
    for candidate in candidates {
        let Some(derived) = &candidate.derived else {
            continue;
        };
        let packages = rest.extract_if(.., |main| is_mine(&candidate.packages, main));
        let packages: Vec<String> = packages.collect();
        // Without the calls that `no-inline` hides, nothing may be left.
        if candidate.calls.is_some() {
            let path = derived.path.to_string_lossy();
            choice.add(wish.used(&path, packages, Outcome::Applied));
        } else {
            choice.add(wish.used("off", packages, Outcome::Refused));
            choice.complaint.get_or_insert(all_hidden(candidate));
        }
    }
    rest
}

fn all_hidden(candidate: &Candidate) -> (String, String) {
    let path = candidate.path.display();
    let message = format!("`[pgo] no-inline` leaves no call of the profile `{path}`");
    let hint = "take functions out of `no-inline`, or write `profile = \"off\"`";
    (message, hint.into())
}

/// Why no profile of a wish can be used; `None` where they are fine, or where there is no default.pgo.
fn useless(
    wish: &Wish<'_>,
    request: &Request<'_>,
    found: &[Found],
) -> Result<Option<(String, String)>> {
    let on_missing = request.settings.on_missing;
    let useless: Vec<&Found> = found.iter().filter(|found| !found.is_usable()).collect();
    let usable = found.len() - useless.len();
    let mut reasons = useless.iter();
    let first = reasons.find_map(|found| complaint(&found.path, found.judgement.as_ref()));
    let Some((message, mut hint)) = first else {
        return Ok(None);
    };
    // Go's `auto` simply skips a main package without a default.pgo.
    let absent = wish.value.is_auto() && useless.iter().all(|found| found.judgement.is_none());
    let strict = on_missing == OnMissing::Fail;
    let refuse = match absent {
        true => strict && !wish.explicit,
        false => wish.explicit || strict || usable > 0,
    };
    if refuse {
        if strict && !wish.explicit {
            hint.push_str("; or set `[pgo] on-missing = \"warn\"`");
        }
        return Err(Error::new(Kind::Usage, message).hint(hint));
    }
    Ok((!absent).then_some((message, hint)))
}

impl Candidate {
    /// Go gets another file from now on.
    pub(crate) fn replace(&mut self, derived: Derived) {
        self.sha256 = Some(hex(&Sha256::digest(&derived.bytes[..])));
        let read = calls(&derived.bytes);
        self.calls = read.as_ref().map(|read| Arc::clone(&read.0));
        self.weights = read.as_ref().map(|read| Arc::clone(&read.1));
        self.worth = read.as_ref().and_then(|read| read.3.clone());
        self.heat = read.map(|read| read.2);
        self.derived = Some(derived);
    }
}

type Read = (Arc<Edges>, Arc<Weights>, Arc<Heat>, Option<Worth>);

fn calls(bytes: &[u8]) -> Option<Read> {
    let profile = profile::read(bytes).ok()?;
    let value = profile.pgo_value_index()?;
    let edges = profile::edges(&profile, value);
    let count = profile.value_index("samples", "count");
    let samples = |sample: &Sample| {
        let count = count.and_then(|at| sample.value.get(at)).copied();
        count.map_or(1, |count| u64::try_from(count).unwrap_or_default())
    };
    (edges.total > 0).then(|| {
        let weights = profile::weights(&profile, value);
        let heat = advise::heat(&profile, value, samples, false);
        let worth = profile::worth_of(&profile, "");
        (Arc::new(edges), Arc::new(weights), Arc::new(heat), worth)
    })
}
