//! The report of `escape`: sites by package, function or line.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::built_file::shown;
use super::filter::Filter;
use super::heat::{self, SiteHeat};
use super::homes::{Homes, homes};
use super::platform_escapes::{self, Against, Weighing};
use super::verdict::{About, Reason};
use super::{
    Assertion, EscapePackage, Escapes, SCHEMA_VERSION, Site, Tool, Verdict, assertions, judge,
};
use crate::assertion::Judged;
use crate::build::escape_pass::Collected;
use crate::check::{self, Loosens};
use crate::config::{Config, Severity};
use crate::escape::not_inlined::Refusal;
use crate::escape::ranking_sites::is_rest;
use crate::escape::{self, Class, Group, IdentifiedSite, remark};
use crate::gate::{Gate, Judgement};
use crate::lock::class_name;
use crate::order::Order;

/// What sites are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    /// The import path.
    #[default]
    Package,
    /// The enclosing function.
    Function,
    /// The line of source.
    Line,
}

/// Which sites are shown. The gate looks at all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// What they are grouped by.
    pub(crate) by: By,
    /// Text in the package, the function, the file or the expression.
    pub(crate) filter: Option<Filter>,
    /// Classes; empty: all that allocate.
    pub(crate) classes: Vec<Class>,
}

/// The report of `escape`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// Whether the gate lets it pass.
    pub(crate) verdict: Verdict,
    /// What `groups` holds.
    pub(crate) by: By,
    /// One entry per platform.
    pub(crate) targets: Vec<Target>,
}

/// The escapes of one platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Target {
    /// What gobuild-opt.lock calls it.
    pub(crate) key: String,
    /// Counts, and what is new against the lock. `packages` holds what was selected.
    pub(crate) escapes: Escapes,
    /// Functions or lines, most sites first; empty by package.
    pub(crate) groups: Vec<Ranked>,
    /// The sites that were selected.
    pub(crate) sites: Vec<Site>,
    /// What must hold of functions, and whether it does.
    #[serde(default)]
    pub(crate) assertions: Vec<Assertion>,
    /// Functions that cost a little too much to be inlined, where that was asked; hot ones first, then by cost.
    #[serde(default)]
    pub(crate) almost: Vec<Near>,
    /// The first lines of the compiler that were not understood.
    pub(crate) unparsed_examples: Vec<String>,
    /// Where packages come from, for the treemap.
    #[serde(skip)]
    pub(crate) homes: Homes,
    /// Every gate that was asked for, and what became of it.
    #[serde(default)]
    pub(crate) gates: Vec<Gate>,
    /// The same, to be judged.
    #[serde(skip)]
    judged: Vec<Judgement>,
}

/// A function that costs a little too much to be inlined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Near {
    /// The import path.
    pub(crate) package: String,
    /// Without type arguments.
    pub(crate) function: String,
    /// The file, relative to the working directory where it lies below.
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: u32,
    /// What it costs.
    pub(crate) cost: u64,
    /// What is allowed.
    pub(crate) budget: u64,
    /// Percent of the profile spent in it; `null` without a profile.
    pub(crate) weight: Option<f64>,
}

/// The functions that cost at most `over` too much.
pub(crate) fn almost(refusals: &[Refusal], over: u64, against: &Against<'_>) -> Vec<Near> {
    let weighing = Weighing::new(against.facts);
    let near = |refusal: &Refusal| {
        let costs = remark::almost(refusal.reason.as_bytes())?;
        let path = refusal.source.as_deref().map(String::from_utf8_lossy);
        let shown = |text: &str| shown(Path::new(text), against.cwd);
        (costs.cost.saturating_sub(costs.budget) <= over).then(|| Near {
            package: refusal.package.clone(),
            function: refusal.function.clone(),
            file: path.map_or_else(|| refusal.file.clone(), |path| shown(&path)),
            line: refusal.line,
            cost: costs.cost,
            budget: costs.budget,
            weight: weighing.function(&refusal.package, &refusal.function),
        })
    };
    let mut found: Vec<Near> = refusals.iter().filter_map(near).collect();
    let weight = |near: &Near| near.weight.unwrap_or_default();
    found.order_by(|a, b| {
        weight(b)
            .total_cmp(&weight(a))
            .then_with(|| a.cost.cmp(&b.cost))
    });
    found
}

/// A function or a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Ranked {
    /// The import path.
    pub(crate) package: String,
    /// The function, or `file:line`.
    pub(crate) name: String,
    /// The file and the line, where it is one.
    #[serde(skip)]
    pub(crate) place: Option<(String, u32)>,
    /// Its sites.
    pub(crate) sites: u64,
    /// Percent of the profile spent in the function, or in that of the line; `null` without a profile.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
    /// What is allocated there; `null` without a profile, and where nothing is.
    #[serde(default)]
    pub(crate) heat: Option<SiteHeat>,
    /// Sites by class, most frequent first.
    pub(crate) classes: Vec<(String, u64)>,
    /// The IDs of the sites.
    pub(crate) ids: Vec<String>,
    /// The line of source of the first.
    pub(crate) source: String,
}

/// Says what the sites of a platform mean.
pub(crate) fn target(
    collected: &Collected,
    judged: &Judged,
    against: &Against<'_>,
    selection: &Selection,
) -> Target {
    let weighing = Weighing::new(against.facts);
    let mut escapes = platform_escapes::report(collected, against);
    let has_lock = against.lock.is_some();
    let gate = judge::escape_gate(against.config, against.facts, Ok(&escapes), has_lock);
    let chosen: Vec<usize> = (0..collected.sites.len())
        .filter(|index| selection.holds(&collected.sites[*index]))
        .collect();
    let sites = weighed(&chosen, collected, against, &weighing);
    let identified = chosen.iter().map(|index| collected.sites[*index].clone());
    let identified: Vec<IdentifiedSite> = identified.collect();
    if selection.filter.is_some() || !selection.classes.is_empty() {
        escapes.packages = recounted(&identified);
        for package in &mut escapes.packages {
            package.weight = weighing.package(&package.path);
        }
    }
    Target {
        key: against.facts.key(),
        groups: groups(&identified, &sites, selection.by),
        assertions: assertions::assertions(judged, None, against.cwd),
        almost: Vec::new(),
        unparsed_examples: collected.escapes.unparsed_examples.clone(),
        homes: homes(against.facts),
        gates: Vec::new(),
        judged: gate.into_iter().collect(),
        sites,
        escapes,
    }
}

/// The chosen sites, each with what the profiles say of it.
fn weighed(
    chosen: &[usize],
    collected: &Collected,
    against: &Against<'_>,
    weighing: &Weighing<'_>,
) -> Vec<Site> {
    let heated = heat::heated(collected, against.facts, against.config, weighing);
    let site = |index: &usize| {
        let site = platform_escapes::site(collected, *index, against.cwd);
        Site {
            weight: weighing.function(&site.package, &site.function),
            heat: heated.as_ref().and_then(|heated| heated.sites[*index]),
            ..site
        }
    };
    chosen.iter().map(site).collect()
}

/// The sites by function or by line, the hottest first.
fn groups(identified: &[IdentifiedSite], sites: &[Site], by: By) -> Vec<Ranked> {
    let groups = match by {
        By::Package => Vec::new(),
        By::Function => escape::by_function(identified),
        By::Line => escape::by_line(identified),
    };
    let groups = groups.iter().map(|group| ranked(group, sites, by));
    let mut groups: Vec<Ranked> = groups.collect();
    groups.order_by(by_heat);
    groups
}

/// Where a profile says what is hot, that comes first; what the compiler made itself comes last.
fn by_heat(a: &Ranked, b: &Ranked) -> Ordering {
    let made = |ranked: &Ranked| is_rest(&ranked.name);
    let weight = |ranked: &Ranked| ranked.weight.unwrap_or_default();
    let heat = |ranked: &Ranked| ranked.heat.unwrap_or_default().rank();
    made(a)
        .cmp(&made(b))
        .then_with(|| heat(b).0.cmp(&heat(a).0))
        .then_with(|| heat(b).1.total_cmp(&heat(a).1))
        .then_with(|| weight(b).total_cmp(&weight(a)))
}

/// The report of all platforms; `change` is what it does to its gates, where it is known to be one.
pub(crate) fn report(
    mut targets: Vec<Target>,
    by: By,
    config: &Config,
    change: Option<Loosens>,
) -> Report {
    let assertions = targets.iter_mut().map(|target| &mut target.assertions);
    assertions::settle(&mut assertions.collect::<Vec<_>>());
    let asserted = targets.iter().flat_map(|target| &target.assertions);
    let mut failures = judge::assertion_failures(asserted);
    let escapes = targets.iter().map(|target| &target.escapes);
    failures.extend(judge::site_failures(escapes));
    let mut loosened = Vec::new();
    let mut of_change = None;
    match change {
        Some(Loosens::Denied(sentence)) => failures.push(sentence.into()),
        Some(Loosens::Warned(sentences)) => loosened = sentences,
        Some(Loosens::NotJudged(judgement)) => of_change = Some(judgement),
        Some(Loosens::Nothing | Loosens::Said(_)) | None => {}
    }
    let mut open = Vec::new();
    for it in &mut targets {
        it.judged.extend(of_change.clone());
        judge_gates(it, config, &mut failures, &mut open);
    }
    let verdict = Verdict {
        not_judged: judge::together(&open),
        loosened,
        ..Verdict::of(failures)
    };
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        verdict,
        by,
        targets,
    }
}

/// Judges the gates of a platform; those that could not be judged fail, or are `open`.
fn judge_gates(
    target: &mut Target,
    config: &Config,
    failures: &mut Vec<Reason>,
    open: &mut Vec<judge::Open>,
) {
    let asserted = judge::of_assertions(&target.assertions, None);
    target.judged.extend(asserted);
    let judged = target.judged.iter();
    target.gates = judged.map(|gate| Gate::new(gate, &target.key)).collect();
    for (severity, sentence) in check::open(config, target.judged.iter()) {
        match severity {
            Severity::Deny => failures.push(format!("{sentence} ({})", target.key).into()),
            Severity::Warn => open.push(judge::Open {
                sentence,
                of: target.key.clone(),
                about: About::Other,
            }),
            Severity::Off => {}
        }
    }
}

impl Selection {
    fn holds(&self, it: &IdentifiedSite) -> bool {
        let name = format!("{}.{}", it.identity.package, it.identity.function);
        let text = |filter: &Filter| {
            [
                &name,
                &it.identity.package,
                &it.identity.function,
                &it.site.file,
                &it.identity.expression,
            ]
            .iter()
            .any(|text| filter.has(text))
        };
        let class = it.site.class;
        let wanted = if self.classes.is_empty() {
            class.allocates()
        } else {
            self.classes.contains(&class)
        };
        wanted && self.filter.as_ref().is_none_or(text)
    }
}

fn ranked(group: &Group, sites: &[Site], by: By) -> Ranked {
    let members = || group.members.iter().map(|member| &sites[*member]);
    let first = members().next();
    let is_rest = is_rest(&group.name);
    // The compiler's own name of the file may start with an import path.
    let place = first
        .filter(|_| by == By::Line && !is_rest)
        .and_then(|site| Some((site.file.clone()?, site.line)));
    Ranked {
        package: group.package.clone(),
        name: match &place {
            _ if is_rest => format!("{} in {}", group.name, group.package),
            Some((file, line)) => format!("{file}:{line}"),
            None => group.name.clone(),
        },
        place,
        sites: group.sites,
        weight: first.and_then(|site| site.weight),
        heat: together(members()),
        classes: group
            .classes
            .iter()
            .map(|class| (class_name(class.0), class.1))
            .collect(),
        ids: members().map(|site| site.id.clone()).collect(),
        source: first.map(|site| site.source.clone()).unwrap_or_default(),
    }
}

/// What the lines of some sites allocate; each line once.
fn together<'a>(sites: impl Iterator<Item = &'a Site>) -> Option<SiteHeat> {
    let mut seen = BTreeSet::new();
    let lines = sites.filter(|site| seen.insert((site.file.as_deref(), site.line)));
    lines.filter_map(|site| site.heat).reduce(SiteHeat::plus)
}

/// The counts of the sites that were selected.
fn recounted(sites: &[IdentifiedSite]) -> Vec<EscapePackage> {
    let paths: BTreeSet<&str> = sites
        .iter()
        .map(|site| site.site.package.as_str())
        .collect();
    let empty = |path: &&str| escape::PackageEscapes {
        path: (*path).to_owned(),
        ..escape::PackageEscapes::default()
    };
    let mut escapes = escape::Escapes {
        packages: paths.iter().map(empty).collect(),
        ..escape::Escapes::default()
    };
    escape::recount(&mut escapes, sites);
    let part = |package| EscapePackage {
        optimizations: None,
        ..platform_escapes::package(package)
    };
    escapes.packages.iter().map(part).collect()
}
