//! Reports what a profile did to an executable.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Inputs, Site, platform_escapes};
use crate::analysis::Artifact;
use crate::analysis::profile_effects::Share;
use crate::build::effect_pass::{Side, Told};
use crate::escape::added::{self, Listed};
use crate::lock;
use crate::number::{counted, counted_of};
use crate::order::{Order, Ordered};
use crate::profile::Edge;

/// What a profile did, against a build without it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Effect {
    /// Calls that the profile has among its hot ones.
    pub(crate) hot: Calls,
    /// Those of them that are inlined in the executable without the profile.
    pub(crate) hot_inlined_without: Calls,
    /// Those of them that are inlined with it.
    pub(crate) hot_inlined_with: Calls,
    /// Hot calls that are inlined with the profile only, the heaviest first, at most fifty.
    pub(crate) newly_inlined: Vec<Inlined>,
    /// How many calls of the whole build the compiler inlines with the profile only, those in inlined code included.
    pub(crate) inlined_gained: u64,
    /// How many it inlines without the profile only.
    pub(crate) inlined_lost: u64,
    /// The same by what is called, the most first, at most fifty.
    pub(crate) inlined_by_callee: Vec<Callee>,
    /// Calls that are made direct with the profile only.
    pub(crate) devirtualized: Vec<String>,
    /// Bytes of the executable with the profile, and without.
    pub(crate) size: Pair,
    /// Bytes of its code.
    pub(crate) code: Pair,
    /// Packages whose machine code differs in size, the most first.
    pub(crate) packages: Vec<PackagePair>,
    /// Escapes with the profile only, in the scope of the escape report, for the platform.
    pub(crate) escapes_gained: Vec<Site>,
    /// Escapes without the profile only.
    pub(crate) escapes_lost: Vec<Site>,
    /// Functions whose frame is larger with the profile and has 1 KiB or more: bytes without it.
    pub(crate) frames_grown: BTreeMap<String, u64>,
    /// What compiling with it costs; in no rendering, since no two runs take the same time.
    #[serde(skip)]
    pub(crate) price: Price,
    /// In one sentence whether it is worth that.
    pub(crate) summary: String,
    /// Whether it did anything.
    pub(crate) worth: bool,
}

/// Some calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Calls {
    /// How many.
    pub(crate) calls: u64,
    /// Percent of the weight of all calls of the profile.
    pub(crate) percent: f64,
}

/// A hot call that was inlined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Inlined {
    /// The calling function.
    pub(crate) caller: String,
    /// The called function.
    pub(crate) callee: String,
    /// Line of the call, counted from the line of the caller's declaration.
    pub(crate) offset: i64,
    /// Percent of the weight of all calls of the profile.
    pub(crate) percent: f64,
}

/// Calls of one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Callee {
    /// As the compiler prints it.
    pub(crate) callee: String,
    /// Places where it is inlined with the profile only.
    pub(crate) places: u64,
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pair {
    /// With the profile.
    pub(crate) with: u64,
    /// Without it.
    pub(crate) without: u64,
}

/// Machine code of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PackagePair {
    /// Its import path.
    pub(crate) path: String,
    /// With the profile.
    pub(crate) with: u64,
    /// Without it.
    pub(crate) without: u64,
}

/// What compiling costs. Times are milliseconds, of compiles that also told their diagnostics.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Price {
    /// CPU time with the profile; `null` off Linux.
    pub(crate) cpu_ms_with: Option<u64>,
    /// CPU time without it.
    pub(crate) cpu_ms_without: Option<u64>,
    /// Packages that were compiled with the profile; the rest came from the build cache.
    pub(crate) compiled_with: u64,
    /// Packages that were compiled without it.
    pub(crate) compiled_without: u64,
    /// By how many percent compiling is dearer; `null` where the two sides did not compile the same number of packages.
    pub(crate) percent: Option<f64>,
}

/// Longer lists are cut.
const LISTED: usize = 50;

/// Below this share of the weight newly inlined hot calls are no effect worth a second thought, in percent.
const NOTICEABLE: f64 = 1.0;

pub(crate) fn effect(inputs: &Inputs<'_>, artifact: &Artifact) -> Option<Effect> {
    let found = artifact.effect.as_ref()?;
    let choice = &inputs.plan.targets[artifact.target].facts.pgo;
    let told = inputs.built[artifact.target].effect.as_ref()?;
    let (with, without) = (&told.with, &told.without);
    let used = choice.applied(&artifact.executable.package)?;
    let total = used.calls.as_ref()?.total.max(1) as f64;
    let gained: Vec<&Told> = with.inlined.difference(&without.inlined).collect();
    let mut effect = Effect {
        hot: calls(found.hot),
        hot_inlined_without: calls(found.hot_without),
        hot_inlined_with: calls(found.hot_with),
        newly_inlined: newly_inlined(&found.inlined, total),
        inlined_gained: gained.len() as u64,
        inlined_lost: without.inlined.difference(&with.inlined).count() as u64,
        inlined_by_callee: by_callee(&gained),
        devirtualized: devirtualized(with, without),
        size: pair(artifact.size, found.size_without),
        code: pair(found.code.0, found.code.1),
        packages: found.packages.iter().map(package_pair).collect(),
        escapes_gained: difference(with, without, inputs),
        escapes_lost: difference(without, with, inputs),
        frames_grown: found.grown.clone(),
        price: price(with, without),
        summary: String::new(),
        worth: true,
    };
    (effect.worth, effect.summary) = judge(&effect);
    Some(effect)
}

fn pair(with: u64, without: u64) -> Pair {
    Pair { with, without }
}

fn package_pair((path, with, without): &(String, u64, u64)) -> PackagePair {
    PackagePair {
        path: path.clone(),
        with: *with,
        without: *without,
    }
}

/// The heaviest calls; `total` is the weight of all calls of the profile.
fn newly_inlined(inlined: &[Edge], total: f64) -> Vec<Inlined> {
    let inlined = inlined.iter().take(LISTED).map(|edge| Inlined {
        caller: edge.caller.clone(),
        callee: edge.callee.clone(),
        offset: edge.offset,
        percent: edge.weight as f64 / total * 100.0,
    });
    inlined.collect()
}

/// Calls that the profile made direct, each place once.
fn devirtualized(with: &Side, without: &Side) -> Vec<String> {
    let calls = with.devirtualized.difference(&without.devirtualized);
    let calls: BTreeSet<String> = calls
        .map(|call| format!("{} {}: {}", call.package, call.place, call.message))
        .ordered();
    calls.into_iter().collect()
}

fn calls(share: Share) -> Calls {
    Calls {
        calls: share.calls,
        percent: share.percent,
    }
}

fn by_callee(gained: &[&Told]) -> Vec<Callee> {
    let mut places: BTreeMap<&str, u64> = BTreeMap::new();
    for it in gained {
        *places.entry(&it.message).or_default() += 1;
    }
    let mut sorted: Vec<Callee> = places
        .into_iter()
        .map(|(callee, places)| Callee {
            callee: callee.to_owned(),
            places,
        })
        .collect();
    sorted.order_by(|a, b| {
        b.places
            .cmp(&a.places)
            .then_with(|| a.callee.cmp(&b.callee))
    });
    sorted.truncate(LISTED);
    sorted
}

/// Allocating sites of one side that the other has not, whatever line they moved to.
fn difference(here: &Side, there: &Side, inputs: &Inputs<'_>) -> Vec<Site> {
    let allocating = |side: &Side| -> Vec<usize> {
        let all = side.sites.iter().enumerate();
        all.filter(|pair| pair.1.identity.class.allocates())
            .map(|entry| entry.0)
            .collect()
    };
    let listed = |side: &Side, at: &[usize]| -> Vec<Listed> {
        let listed = |index: &usize| Listed {
            identity: side.sites[*index].identity.clone(),
            line: lock::line(&side.excerpts[*index].line),
        };
        at.iter().map(listed).collect()
    };
    let (new, old) = (allocating(here), allocating(there));
    let compared = added::compare(&listed(there, &old), &listed(here, &new));
    compared
        .new
        .iter()
        .map(|added| {
            let index = new[added.index];
            platform_escapes::located(&here.sites[index], &here.excerpts[index], inputs.cwd)
        })
        .collect()
}

fn price(with: &Side, without: &Side) -> Price {
    let ms = |side: &Side| side.cpu.and_then(|cpu| u64::try_from(cpu.as_millis()).ok());
    let fair = with.compiled == without.compiled && with.compiled > 0;
    let percent = ms(with)
        .zip(ms(without))
        .filter(|entry| fair && entry.1 > 0);
    Price {
        cpu_ms_with: ms(with),
        cpu_ms_without: ms(without),
        compiled_with: with.compiled,
        compiled_without: without.compiled,
        percent: percent.map(|(with, without)| (with as f64 / without as f64 - 1.0) * 100.0),
    }
}

fn judge(effect: &Effect) -> (bool, String) {
    let gained = effect.hot_inlined_with.percent - effect.hot_inlined_without.percent;
    let more = effect
        .hot_inlined_with
        .calls
        .saturating_sub(effect.hot_inlined_without.calls);
    let direct = effect.devirtualized.len();
    let same_code = effect.code.with == effect.code.without && effect.inlined_gained == 0;
    if more == 0 && direct == 0 && same_code {
        return (
            false,
            "no effect: the compiler inlines and devirtualises the same calls without the profile: it is not worth its build time"
                .into(),
        );
    }
    let did = format!(
        "{more} more of {} inlined, which are {gained:.1} % of the profile's weight, and {} made direct",
        counted(effect.hot.calls, "hot call"),
        counted_of(direct, "call")
    );
    if gained < NOTICEABLE && direct == 0 {
        return (
            false,
            format!("hardly any effect: {did}: the profile is not worth its build time"),
        );
    }
    (true, did)
}
