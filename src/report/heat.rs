//! Joins sites with profiles: how much each line allocates in practice.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::weighing::Weighing;
use crate::advise::allocation_heat::Joined;
use crate::advise::{Heat, Spot};
use crate::build::escape_pass::Collected;
use crate::config::Config;
use crate::escape::IdentifiedSite;
use crate::number::{counted, counted_of};
use crate::plan::pgo::Heap;
use crate::plan::{Facts, scope};

/// What is allocated at the line of a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SiteHeat {
    /// Percent of the CPU profile that is spent on allocating there; `null` without one.
    pub(crate) cpu: Option<f64>,
    /// Bytes allocated there; `null` without a heap profile.
    pub(crate) bytes: Option<i64>,
    /// Objects allocated there; `null` without a heap profile.
    pub(crate) objects: Option<i64>,
}

/// What the profiles tell of all sites together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    /// What it is counted in: `allocated bytes`, or `CPU of allocation`.
    pub(crate) measure: String,
    /// Lines with a site.
    pub(crate) lines: u64,
    /// Lines of these that allocate in the profile at all.
    pub(crate) allocating: u64,
    /// Lines that hold 90 % of what is allocated at sites.
    hot_lines: u64,
    /// Percent of what the scope allocates that is at a site; the rest is of what the compiler does not report.
    at_sites: Option<f64>,
}

/// Heat by site, and of all.
#[derive(Debug, Clone)]
pub(crate) struct Heated {
    /// In the order of the sites; `None`: it allocates nothing in the profile.
    pub(crate) sites: Vec<Option<SiteHeat>>,
    /// By import path: what is allocated at its lines with sites, each line once.
    pub(crate) packages: BTreeMap<String, SiteHeat>,
    /// Together.
    pub(crate) summary: Summary,
}

/// Joins the profiles with the sites of a build; `None` without a profile.
pub(crate) fn heated(
    collected: &Collected,
    facts: &Facts,
    config: &Config,
    weighing: &Weighing<'_>,
) -> Option<Heated> {
    let cpu = facts.pgo.heat();
    if cpu.is_none() && facts.pgo.heap.is_none() {
        return None;
    }
    let bare: Vec<String> = collected.sites.iter().map(bare).collect();
    let allocates = |index: &usize| collected.sites[*index].site.class.allocates();
    let allocating: Vec<usize> = (0..collected.sites.len()).filter(allocates).collect();
    let spots = allocating.iter();
    let spots = spots.map(|index| spot(&collected.sites[*index], &bare[*index], weighing));
    let spots: Vec<Spot<'_>> = spots.collect();
    let profiles = Profiles::joined(cpu.as_ref(), facts.pgo.heap.as_deref(), &spots);
    let own = scoped(facts, config, weighing);
    let mut heated = Heated {
        sites: vec![None; collected.sites.len()],
        packages: BTreeMap::new(),
        summary: profiles.summary(|package| own.binary_search(&package).is_ok())?,
    };
    let mut counted = HashSet::new();
    for (at, index) in allocating.iter().enumerate() {
        let found = profiles.heat(at);
        if found.is_cold() {
            continue;
        }
        heated.sites[*index] = Some(found);
        // Several sites of one line have the same.
        if counted.insert(profiles.lines(at)) {
            let package = &collected.sites[*index].site.package;
            let sum = heated.packages.entry(package.clone()).or_default();
            *sum = sum.plus(found);
        }
    }
    Some(heated)
}

/// What the profiles say of allocating sites, by their places in the list of these.
struct Profiles<'a> {
    cpu: Option<(&'a Heat, Joined)>,
    /// Bytes, and objects.
    heap: Option<(&'a Heat, Joined, Joined)>,
}

impl<'a> Profiles<'a> {
    fn joined(cpu: Option<&'a Heat>, heap: Option<&'a Heap>, spots: &[Spot<'_>]) -> Self {
        Self {
            cpu: cpu.map(|heat| (heat, heat.join(spots))),
            heap: heap.map(|heap| {
                (
                    &heap.bytes,
                    heap.bytes.join(spots),
                    heap.objects.join(spots),
                )
            }),
        }
    }

    fn summary(&self, is_own: impl Fn(&str) -> bool) -> Option<Summary> {
        match (&self.heap, &self.cpu) {
            (Some((heat, joined, _)), _) => Some(summary("allocated bytes", heat, joined, is_own)),
            (None, Some((heat, joined))) => {
                Some(summary("CPU of allocation", heat, joined, is_own))
            }
            (None, None) => None,
        }
    }

    fn heat(&self, at: usize) -> SiteHeat {
        let of = |joined: &Joined| joined.sums[joined.lines[at]].weight;
        let percent = |(heat, joined): &(&Heat, Joined)| match heat.total {
            total if total > 0 => of(joined) as f64 * 100.0 / total as f64,
            _ => 0.0,
        };
        SiteHeat {
            cpu: self.cpu.as_ref().map(percent),
            bytes: self.heap.as_ref().map(|(_, bytes, _)| of(bytes)),
            objects: self.heap.as_ref().map(|(_, _, objects)| of(objects)),
        }
    }

    /// The line of a site, as each profile counts them.
    fn lines(&self, at: usize) -> (Option<usize>, Option<usize>) {
        let line = |joined: &Joined| joined.lines[at];
        let heap = self.heap.as_ref();
        (
            self.cpu.as_ref().map(|(_, joined)| line(joined)),
            heap.map(|(_, joined, _)| line(joined)),
        )
    }
}

/// The packages of the scope, as the profiles call them, sorted.
fn scoped<'a>(facts: &'a Facts, config: &Config, weighing: &'a Weighing<'_>) -> Vec<&'a str> {
    let patterns = scope::patterns(&config.escape.scope, &facts.packages);
    let mut own: Vec<&str> = facts
        .packages
        .iter()
        .filter(|package| scope::contains(&patterns, &package.import_path))
        .map(|package| weighing.path(&package.import_path))
        .collect();
    own.sort_unstable();
    own
}

/// `T.m` of `(*T).m`.
fn bare(it: &IdentifiedSite) -> String {
    it.identity.function.replace("(*", "").replace(')', "")
}

fn spot<'a>(it: &'a IdentifiedSite, function: &'a str, weighing: &Weighing<'_>) -> Spot<'a> {
    Spot {
        package: match weighing.path(&it.site.package) {
            "main" => "main",
            _ => &it.site.package,
        },
        function,
        start: it.start,
        line: it.site.line,
    }
}

fn summary(measure: &str, heat: &Heat, joined: &Joined, is_own: impl Fn(&str) -> bool) -> Summary {
    let (hot, lines) = joined.holding(0.9);
    let own = heat.within(is_own).weight;
    let found = joined.found.weight;
    Summary {
        measure: measure.to_owned(),
        lines: lines as u64,
        allocating: joined.sums.iter().filter(|sum| sum.weight > 0).count() as u64,
        hot_lines: hot as u64,
        at_sites: (own > 0).then(|| (found as f64 * 100.0 / own as f64).min(100.0)),
    }
}

impl Summary {
    /// In one sentence.
    pub(crate) fn sentence(&self) -> String {
        let all = counted(self.lines, "line");
        if self.allocating == 0 {
            return format!("the profile saw no allocation at any of the {all} with sites");
        }
        let rest = self.at_sites.map_or(String::new(), |at_site| {
            format!("; {at_site:.0} % of what the scope allocates is at a site")
        });
        format!(
            "{} of {all} with sites hold 90 % of the {}; at {} the profile saw no allocation{rest}",
            self.hot_lines,
            self.measure,
            counted_of((self.lines - self.allocating) as usize, "line"),
        )
    }
}

impl SiteHeat {
    /// The sum of two lines.
    pub(crate) fn plus(self, other: Self) -> Self {
        fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            }
        }
        Self {
            cpu: sum(self.cpu, other.cpu),
            bytes: sum(self.bytes, other.bytes),
            objects: sum(self.objects, other.objects),
        }
    }

    /// Whether the profiles saw nothing allocated.
    fn is_cold(&self) -> bool {
        self.cpu.unwrap_or_default() <= 0.0 && self.bytes.unwrap_or_default() <= 0
    }

    /// What is ranked by.
    pub(crate) fn rank(&self) -> (i64, f64) {
        (self.bytes.unwrap_or_default(), self.cpu.unwrap_or_default())
    }
}
