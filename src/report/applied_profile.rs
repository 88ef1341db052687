//! Reports on the profile that an executable was built with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Effect, Inputs, effect};
use crate::analysis::Artifact;
use crate::plan::pgo;
use crate::profile::{Health, Worth};

/// What the profile did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pgo {
    /// The file; `null` without one.
    pub(crate) profile: Option<String>,
    /// The files of a list, which are merged; empty where there is one file.
    #[serde(default)]
    pub(crate) parts: Vec<PgoPart>,
    /// Functions that `[pgo] no-inline` or a repair keeps from being inlined, and how many calls of them the compiler does
    /// not see.
    #[serde(default)]
    pub(crate) no_inline: BTreeMap<String, u64>,
    /// What was taken out of the profile because of a stack frame, by function.
    #[serde(default)]
    pub(crate) repairs: Vec<Repair>,
    /// What it did, against a build without it; `null` where that was not asked for.
    #[serde(default)]
    pub(crate) effect: Option<Effect>,
    /// Why that could not be told.
    #[serde(default)]
    pub(crate) effect_failure: Option<String>,
    /// SHA-256 of the file that go read.
    pub(crate) sha256: Option<String>,
    /// The build used it, and it has samples.
    pub(crate) applied: bool,
    /// Flags of the compiler that keep it from its effect, in all of the program or in a part.
    #[serde(default)]
    pub(crate) undone: Vec<String>,
    /// `usable`, `empty`, `no-samples`, `not-cpu`, `unreadable`, ...; `null` without a file.
    pub(crate) fitness: Option<String>,
    /// Its samples.
    pub(crate) samples: Option<i64>,
    /// How long it was collected.
    pub(crate) duration_ms: Option<i64>,
    /// When it was collected, RFC 3339.
    pub(crate) collected: Option<String>,
    /// Percent of the weight of its calls whose functions exist in the executable; `null` where that is not known.
    #[serde(default)]
    pub(crate) health: Option<f64>,
    /// Percent of the weight of its calls that still stand at their line; `null` where that is not known.
    #[serde(default)]
    pub(crate) lines: Option<f64>,
    /// Why it does nothing for the executable though the build used it: it is of another program, or no call stands at its
    /// line.
    #[serde(default)]
    pub(crate) useless: Option<String>,
    /// What it was taken of, and what speaks against building by it; `null` without one.
    #[serde(default)]
    pub(crate) worth: Option<Worth>,
    /// Its functions that do not exist any more, heaviest first, at most ten.
    #[serde(default)]
    pub(crate) vanished: Vec<String>,
}

/// A stack frame that was over its budget because of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Repair {
    /// The function.
    pub(crate) function: String,
    /// Its frame with the whole profile, in bytes.
    pub(crate) before: u64,
    /// Its frame now; `null` where the function is gone, or its frame is below 1 KiB.
    pub(crate) after: Option<u64>,
    /// Whether it is within its budget now.
    pub(crate) repaired: bool,
    /// The functions whose hot calls were taken out of the profile.
    pub(crate) no_inline: Vec<String>,
    /// How many calls that were.
    pub(crate) calls: u64,
}

/// A file of a list of profiles.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PgoPart {
    /// The file.
    pub(crate) profile: String,
    /// How much it counts beside the others.
    pub(crate) weight: f64,
    /// Its samples.
    pub(crate) samples: Option<i64>,
}

/// The profile of an executable, and what came of it.
pub(crate) fn pgo(inputs: &Inputs<'_>, artifact: &Artifact) -> Pgo {
    let choice = &inputs.plan.targets[artifact.target].facts.pgo;
    let package = &artifact.executable.package;
    let mine = choice.candidate(package);
    let Some((candidate, judgement)) =
        mine.and_then(|candidate| Some((candidate, candidate.judgement.as_ref()?)))
    else {
        return Pgo::default();
    };
    let origin = judgement.origin.as_ref();
    let undone = choice.undone.iter();
    Pgo {
        profile: Some(candidate.path.display().to_string()),
        sha256: candidate.sha256.clone(),
        applied: choice.applied(package).is_some(),
        undone: undone.flat_map(|undone| undone.flags.clone()).collect(),
        parts: candidate.parts.iter().map(part).collect(),
        no_inline: hidden(candidate),
        repairs: repairs(inputs, artifact),
        effect: effect::effect(inputs, artifact),
        effect_failure: effect_failure(inputs, artifact),
        worth: candidate.worth.clone(),
        fitness: Some(judgement.fitness.id().to_owned()),
        samples: judgement.samples,
        duration_ms: origin.and_then(|origin| origin.duration_ms),
        collected: origin.and_then(|origin| origin.time.clone()),
        ..artifact.health.as_ref().map_or_else(Pgo::default, fit)
    }
}

/// How much of the profile fits.
fn fit(health: &Health) -> Pgo {
    let vanished = health.vanished.iter();
    Pgo {
        health: Some(health.by_name),
        lines: health.by_call,
        useless: health.useless().map(str::to_owned),
        vanished: vanished.map(|gone| gone.function.clone()).collect(),
        ..Pgo::default()
    }
}

/// Why it is not known what the profile did.
fn effect_failure(inputs: &Inputs<'_>, artifact: &Artifact) -> Option<String> {
    let built = &inputs.built[artifact.target];
    let choice = &inputs.plan.targets[artifact.target].facts.pgo;
    let applied = choice.applied(&artifact.executable.package).is_some();
    let untold = applied && built.effect.is_some() && artifact.effect.is_none();
    let words = "the executables do not tell what was inlined";
    let failure = built.effect_failure.clone();
    failure.or_else(|| untold.then(|| words.to_owned()))
}

fn part(it: &pgo::Part) -> PgoPart {
    PgoPart {
        profile: it.path.display().to_string(),
        weight: it.weight,
        samples: it.samples,
    }
}

/// The functions that are kept from being inlined, and how many of their calls go does not see.
fn hidden(candidate: &pgo::Candidate) -> BTreeMap<String, u64> {
    let mut hidden = BTreeMap::new();
    for it in candidate.derived.iter().flat_map(|derived| &derived.hidden) {
        *hidden.entry(it.callee.clone()).or_default() += 1;
    }
    hidden
}

fn repairs(inputs: &Inputs<'_>, artifact: &Artifact) -> Vec<Repair> {
    let mine = |entry: &&(usize, String, Repair)| {
        entry.0 == artifact.target && entry.1 == artifact.executable.package
    };
    inputs
        .repairs
        .iter()
        .filter(mine)
        .map(|repair| repair.2.clone())
        .collect()
}
