//! Judges each gate of the executables of a run ([`judge`]), and whether the run passes ([`verdict`]). Commands without a
//! configuration (`compare`, `prove`, `escape` with assertions) judge their own limits.

mod accepted_entry;

mod budgets;

mod frame_budgets;

mod sentences;

use std::collections::BTreeSet;

use super::platform_escapes::Escapes;
use super::target::{context, label, standing};
use super::verdict::{About, Reason};
use super::{Assertion, Budget, Inputs, Target};
use crate::analysis::Artifact;
use crate::assertion::{self, Claim};
use crate::check::{self, Status};
use crate::config::{self, Config, Severity};
use crate::gate::{Cause, Gate, Judgement, Outcome};
use crate::order::Ordered;
use crate::plan::Facts;
pub(crate) use accepted_entry::accepted_entry;
pub(crate) use budgets::module_limit;
pub(crate) use sentences::{assertion_failures, denied, site_failures, verdict};

/// What became of every gate.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// The budgets.
    pub(crate) budgets: Vec<Budget>,
    /// All of them.
    pub(crate) gates: Vec<Gate>,
    /// A sentence for each cause by which gates were not judged, where that does not fail.
    pub(crate) not_judged: Vec<Reason>,
    /// A sentence for each cause by which gates were not judged, where that fails the run and no check of an executable
    /// says so.
    pub(crate) failures: Vec<Reason>,
}

/// Judges every gate of every executable, its checks last: they say what was not judged.
pub(crate) fn judge(inputs: &Inputs<'_>, targets: &mut [Target]) -> Judged {
    let modules = modules(inputs, targets);
    let mut judged = Judged::default();
    let mut open: Vec<Open> = Vec::new();
    for (target, artifact) in targets.iter_mut().zip(inputs.artifacts) {
        executable(inputs, &modules, target, artifact, &mut judged, &mut open);
    }
    for (index, plan) in inputs.plan.targets.iter().enumerate() {
        let mut artifacts = inputs.artifacts.iter();
        if !artifacts.any(|artifact| artifact.target == index) {
            platform(inputs.config, &plan.facts, &mut judged, &mut open);
        }
    }
    judged.not_judged = together(&open);
    judged
}

/// Judges the gates of one executable, and keeps what its checks saw.
fn executable(
    inputs: &Inputs<'_>,
    modules: &BTreeSet<String>,
    target: &mut Target,
    artifact: &Artifact,
    judged: &mut Judged,
    open: &mut Vec<Open>,
) {
    let name = label(target);
    let own = of_budgets(inputs, modules, target, artifact);
    let mut gates: Vec<Judgement> = own.iter().map(|budget| of_budget(budget, &name)).collect();
    gates.extend(of_passes(inputs, target, artifact));
    let standing = standing(inputs, artifact);
    let context = context(inputs, artifact, &standing, &gates);
    let checked = check::run(inputs.config, &context);
    target.checks = checked.findings;
    gates.extend(checked.gates);
    let unjudged = checked.unjudged.into_iter();
    open.extend(unjudged.map(|sentence| Open {
        sentence,
        of: name.clone(),
        about: About::SaidByCheck,
    }));
    let gates = gates.iter();
    judged
        .gates
        .extend(gates.map(|judgement| Gate::new(judgement, &name)));
    judged.budgets.extend(own);
}

fn of_budgets(
    inputs: &Inputs<'_>,
    modules: &BTreeSet<String>,
    target: &Target,
    artifact: &Artifact,
) -> Vec<Budget> {
    let facts = &inputs.plan.targets[artifact.target].facts;
    let held = budgets::Held {
        config: inputs.config,
        lock: inputs.lock,
        go: &facts.toolchain.version,
        modules,
        no_baseline: artifact.baseline.as_ref().err().map(String::as_str),
    };
    budgets::budgets(target, &held)
}

/// The gates that stand on what the compiler says: escapes and assertions.
fn of_passes(inputs: &Inputs<'_>, target: &Target, artifact: &Artifact) -> Vec<Judgement> {
    let facts = &inputs.plan.targets[artifact.target].facts;
    let missing = missing(inputs, artifact);
    let escapes = target.escapes.as_ref().ok_or_else(|| missing.clone());
    let gate = escape_gate(inputs.config, facts, escapes, inputs.lock.is_some());
    let asserted = of_assertions(&target.assertions, Some(&missing));
    gate.into_iter().chain(asserted).collect()
}

/// Leaves the gates of a platform open for which nothing is linked.
fn platform(config: &Config, facts: &Facts, judged: &mut Judged, open: &mut Vec<Open>) {
    let name = facts.key();
    let gates = unlinked(config);
    judged
        .gates
        .extend(gates.iter().map(|judgement| Gate::new(judgement, &name)));
    for (severity, sentence) in check::open(config, gates.iter()) {
        match severity {
            Severity::Deny => {
                let failure = format!("{sentence} ({name})");
                judged.failures.push(failure.into());
            }
            Severity::Warn => open.push(Open {
                sentence,
                of: name.clone(),
                about: About::Other,
            }),
            Severity::Off => {}
        }
    }
}

/// The gates of a platform for which nothing is linked: a report is about executables.
fn unlinked(config: &Config) -> Vec<Judgement> {
    let asked = [
        ("[escape] gate", config.escape.gate != config::Gate::Off),
        ("[[assert]]", !config.assert.is_empty()),
    ];
    let asked = asked.into_iter().filter(|entry| entry.1);
    let asked = asked.map(|entry| entry.0.to_owned());
    let limits = config.budget.limits().into_iter();
    let limits = limits.map(|limit| format!("[budget] {}", limit.key));
    let modules = (!config.budget.modules.is_empty()).then(|| "[budget] modules".to_owned());
    let judgement = |gate: String| Judgement {
        gate,
        outcome: Outcome::NotJudged(Cause::Other(
            "no executable is built".into(),
            "name a main package, or run `gobuild-opt escape` for libraries",
        )),
    };
    asked.chain(limits).chain(modules).map(judgement).collect()
}

/// Gates that were not judged.
#[derive(Debug)]
pub(crate) struct Open {
    /// Why.
    pub(crate) sentence: String,
    /// The executable, or the platform.
    pub(crate) of: String,
    /// Whether a check says so, too.
    pub(crate) about: About,
}

/// A sentence that holds for several executables once, with their names.
pub(crate) fn together(open: &[Open]) -> Vec<Reason> {
    let mut told: Vec<Reason> = Vec::new();
    for first in open {
        let same = open.iter().filter(|other| {
            let same_subject = other.about == first.about;
            same_subject && other.sentence == first.sentence
        });
        let names: Vec<&str> = same.map(|other| other.of.as_str()).collect();
        let line = format!("{} ({})", first.sentence, names.join(", "));
        let reason = first.about.clone().says(line);
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    told
}

/// The modules of all builds, linked or not, and what is no module but may have a budget.
fn modules(inputs: &Inputs<'_>, targets: &[Target]) -> BTreeSet<String> {
    let packages = inputs
        .plan
        .targets
        .iter()
        .flat_map(|target| &target.facts.packages);
    let in_build = packages.filter_map(|package| Some(package.module.as_ref()?.path.clone()));
    let linked = targets.iter().flat_map(|target| &target.modules);
    let linked = linked.map(|module| module.path.clone());
    let always = ["std", super::sizes::SHARED, super::sizes::UNOWNED].map(str::to_owned);
    in_build.chain(linked).chain(always).ordered()
}

fn of_budget(budget: &Budget, name: &str) -> Judgement {
    let item = budget.item.strip_suffix(name).unwrap_or(&budget.item);
    let outcome = match (&budget.cause, budget.status) {
        (Some(cause), _) => Outcome::NotJudged(cause.clone()),
        (None, status) => Outcome::judged(status != Status::Fail),
    };
    Judgement {
        gate: format!("[budget] {}", item.trim_end()),
        outcome,
    }
}

/// Why there are no escapes, where there are none.
fn missing(inputs: &Inputs<'_>, artifact: &Artifact) -> Cause {
    let built = &inputs.built[artifact.target];
    match &built.escape_failure {
        Some(why) => {
            let first = why.lines().next().unwrap_or_default();
            Cause::Other(
                format!("the escapes could not be collected: {first}"),
                "see the check `escapes`",
            )
        }
        None => {
            let layer = inputs.origins.get("escape.collect");
            Cause::NotCollected(layer.map_or("defaults", String::as_str).to_owned())
        }
    }
}

/// What became of the escape gate; `None` where none was asked for.
pub(crate) fn escape_gate(
    config: &Config,
    facts: &Facts,
    escapes: Result<&Escapes, Cause>,
    has_lock: bool,
) -> Option<Judgement> {
    if config.escape.gate == config::Gate::Off {
        return None;
    }
    let outcome =
        match escapes.and_then(|escapes| open(escapes, facts, has_lock).map_or(Ok(escapes), Err)) {
            Err(cause) => Outcome::NotJudged(cause),
            Ok(it) => Outcome::judged(!it.new.iter().any(|site| it.fails(site))),
        };
    Some(Judgement {
        gate: "[escape] gate".into(),
        outcome,
    })
}

/// Why the escape gate holds nothing back.
fn open(escapes: &Escapes, facts: &Facts, has_lock: bool) -> Option<Cause> {
    if !escapes.gate {
        return Some(Cause::nothing_is_hot());
    }
    if let Some(revision) = &escapes.revision {
        let note = revision.note.clone().unwrap_or_default();
        return (!revision.compared)
            .then_some(Cause::Other(note, "compare with a revision of the same Go"));
    }
    match &escapes.lock {
        Some(it) if it.compared => None,
        Some(it) if it.go_version != escapes.go_version => Some(Cause::OtherGo {
            lock: it.go_version.clone(),
            this: escapes.go_version.clone(),
        }),
        Some(it) => Some(Cause::OtherScope {
            lock: it.scope.clone(),
            this: escapes.scope.clone(),
        }),
        None if has_lock => Some(Cause::NoEntry { what: facts.key() }),
        None => Some(Cause::NoLock),
    }
}

/// Assertions that have a meaning here. `missing` is why there are no escapes, where there are none; without an executable
/// nobody can judge stack frames, and `None` stands for that.
pub(crate) fn of_assertions(all: &[Assertion], missing: Option<&Cause>) -> Vec<Judgement> {
    let frame = Claim::MaxFrame(0).key();
    let judgement = |assertion: &Assertion| {
        let outcome = match assertion.status {
            assertion::Status::NotApplicable => return None,
            assertion::Status::Unknown if missing.is_none() && assertion.claim == frame => {
                return None;
            }
            assertion::Status::Unknown => Outcome::NotJudged(match missing {
                Some(cause) if assertion.message == assertion::OFF => cause.clone(),
                _ => Cause::Other(assertion.message.clone(), "see the assertion in the report"),
            }),
            status => Outcome::judged(status == assertion::Status::Pass),
        };
        let gate = format!(
            "{} {} of {}",
            assertion.origin, assertion.claim, assertion.function
        );
        Some(Judgement { gate, outcome })
    };
    all.iter().filter_map(judgement).collect()
}
