//! Reports where the time of a run went, and what was reused.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::build::Built;
use crate::build::tools::Tool;
use crate::process;

/// Where the time of a run went. The one part of a report that two runs of the same input do not share; times are
/// milliseconds of wall time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Time {
    /// The whole run.
    pub(crate) total_ms: u64,
    /// Go: every command that builds, lists or compiles. Targets that are built at the same time each count.
    pub(crate) go_ms: u64,
    /// Of these, the builds of what is compared with.
    pub(crate) baseline_ms: u64,
    /// Of these, compiles for the escape report alone.
    pub(crate) escape_ms: u64,
    /// Of these, compiling with and without the profile, for its effect.
    pub(crate) effect_ms: u64,
    /// The links, each on its own; `null` where go ran its tools without us.
    pub(crate) links_ms: Option<u64>,
    /// How many links ran at the same time, at most.
    pub(crate) links_at_once: u64,
    /// CPU time of this program alone, without go.
    pub(crate) own_cpu_ms: u64,
    /// The most memory that this program had, in bytes, mapped files included; `null` off Linux.
    pub(crate) own_peak_memory: Option<u64>,
    /// What was known from earlier runs.
    pub(crate) reused: Reused,
    /// Packages that go compiled; the rest came from the build cache. For each platform once.
    pub(crate) packages_compiled: u64,
    /// All packages.
    pub(crate) packages: u64,
    /// Why more was compiled than was edited, a sentence for each target.
    pub(crate) compiled_again: Vec<String>,
}

/// What was known from earlier runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Reused {
    /// Executables whose anatomy and proof were known by their digest.
    pub(crate) executables: u64,
    /// All executables.
    pub(crate) executables_all: u64,
    /// Packages whose diagnostics came from an earlier run.
    pub(crate) escapes: u64,
    /// All packages with diagnostics.
    pub(crate) escapes_all: u64,
}

pub(crate) fn time(inputs: &Inputs<'_>) -> Time {
    let sum = |of: fn(&Built) -> Duration| inputs.built.iter().map(of).sum::<Duration>();
    let (baseline, escape) = (sum(|built| built.baseline), sum(|built| built.escape));
    let effect = sum(|built| {
        built.effect.as_ref().map_or(Duration::ZERO, |effect| {
            effect.with.wall + effect.without.wall
        })
    });
    let go = sum(|built| built.release) + baseline + escape + effect;
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let links = links(inputs);
    let mut targets = inputs.plan.targets.iter();
    let seen = targets.any(|target| target.is_measured());
    let walls = links.iter().filter_map(|tool| tool.end);
    Time {
        total_ms: ms(inputs.total),
        go_ms: ms(go),
        baseline_ms: ms(baseline),
        escape_ms: ms(escape),
        effect_ms: ms(effect),
        links_ms: seen.then(|| walls.map(|end| end.wall_us).sum::<u64>() / 1000),
        links_at_once: at_once(&links),
        own_cpu_ms: ms(process::own_cpu()),
        own_peak_memory: process::own_peak_memory(),
        reused: reused(inputs),
        packages_compiled: inputs.built.iter().map(|built| built.compiled).sum(),
        packages: packages(inputs),
        compiled_again: inputs
            .built
            .iter()
            .filter_map(|built| built.again.clone())
            .collect(),
    }
}

fn links<'a>(inputs: &Inputs<'a>) -> Vec<&'a Tool> {
    let tools = inputs.built.iter().flat_map(|built| &built.tools);
    tools.filter(|tool| tool.name != "compile").collect()
}

/// How many packages all targets have; nothing is compiled for `unsafe`.
fn packages(inputs: &Inputs<'_>) -> u64 {
    let all = inputs.plan.targets.iter();
    let all = all.flat_map(|target| &target.facts.packages);
    all.filter(|package| package.import_path != "unsafe")
        .count() as u64
}

fn at_once(links: &[&Tool]) -> u64 {
    let end = |tool: &Tool| tool.begun + tool.end.map_or(0, |end| end.wall_us / 1000);
    let at = |moment: &u64| {
        links
            .iter()
            .filter(|tool| tool.begun <= *moment && end(tool) > *moment)
            .count()
    };
    links.iter().map(|tool| at(&tool.begun)).max().unwrap_or(0) as u64
}

fn reused(inputs: &Inputs<'_>) -> Reused {
    let costs = inputs
        .built
        .iter()
        .filter_map(|built| built.escapes.as_ref());
    let costs: Vec<_> = costs.map(|collected| &collected.cost).collect();
    let known = inputs.built.iter().map(|built| built.known.len() as u64);
    let asked = |cost: &&crate::build::reading::Cost| {
        cost.passed
            .map_or(0, |passed| cost.captured + cost.found + passed)
    };
    Reused {
        executables: known.sum(),
        executables_all: inputs.artifacts.len() as u64,
        escapes: costs
            .iter()
            .filter(|cost| cost.passed.is_some())
            .map(|cost| cost.found)
            .sum(),
        escapes_all: costs.iter().map(asked).sum(),
    }
}
