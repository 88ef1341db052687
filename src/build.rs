//! Runs a plan: go writes into a stage, escapes are captured on the way, and finished files are published at once.

mod compile;

pub mod asserting;

pub(crate) mod barrier;

pub mod benchmarks;

pub mod capture;

mod run_step;

pub(crate) mod derived_profiles;

pub mod effect_pass;

pub mod escape_pass;

pub mod excerpt;

pub(crate) mod graphs;

mod inputs;

pub mod journal;

pub(crate) mod parts;

pub mod known;

pub mod seen_links;

mod lanes;

mod mapped_sources;

pub mod marked;

pub mod site_names;

pub(crate) mod user_program;

pub mod publish;

pub mod reading;

pub mod refusals;

mod releases;

pub(crate) mod replay;

pub mod reuse;

pub mod revision;

pub mod seed;

pub mod stage;

pub mod stream;

mod side_by_side;

pub(crate) mod source_tree;

mod sources;

pub mod sums;

pub mod tools;

pub mod twin;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use crate::assertion::{Gap, Judged, Subject};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::plan::escape_steps::Source;
use crate::plan::{Plan, Step, StepKind, TargetPlan};
use crate::process::Interrupt;
use compile::compile;
use effect_pass::Effect;
use escape_pass::Collected;
use lanes::Lane;
pub use run_step::dry_run;
use run_step::failure;
use seed::Seed;
use seen_links::Linked;
use tools::Tool;

/// What a capture that is being written is called.
const DRAFT: &str = ".draft-";

/// Something worth showing while a run goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// A command starts.
    Step {
        /// What for.
        kind: StepKind,
        /// `linux/amd64`
        platform: String,
        /// How many packages the build has in all.
        packages: usize,
        /// When: what several targets say at the same time is shown one after another.
        at: Instant,
    },
    /// The last step has ended.
    End(Instant),
    /// A package is being compiled.
    Package(&'a str),
    /// A line for the user: what we wait for, what we did.
    Talk(&'a str),
    /// What go says of a release that it builds: warnings, diagnostics that a flag asked for.
    Words(&'a str),
    /// A line on standard error that a flag such as -x asked go for.
    Asked(&'a str),
    /// A line on standard output that -json asked go for.
    Data(&'a str),
}

/// What the commands of one target left.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// Packages that were compiled for the release; the rest came from the build cache.
    pub(crate) compiled: u64,
    /// Their import paths.
    packages: BTreeSet<String>,
    /// Why more was compiled than was edited.
    pub(crate) again: Option<String>,
    /// Wall time of the release build.
    pub(crate) release: Duration,
    /// Wall time of the baseline build.
    pub(crate) baseline: Duration,
    /// Wall time of what collects the escapes, beside the release build.
    pub(crate) escape: Duration,
    /// The escapes, where they were collected.
    pub(crate) escapes: Option<Collected>,
    /// What the compiler says with and without the profile, where that was asked for.
    pub(crate) effect: Option<Effect>,
    /// Why that is not known.
    pub(crate) effect_failure: Option<String>,
    /// What it says without the profile, until there is a profile to compare with.
    without: Option<effect_pass::Side>,
    /// Why a baseline could not be built.
    pub(crate) baseline_failure: Option<String>,
    /// Why escapes could not be collected.
    pub(crate) escape_failure: Option<String>,
    /// What must hold of functions, and whether it does.
    pub(crate) asserted: Judged,
    /// When the first command started: what was captured later was captured by this run.
    since: Option<SystemTime>,
    /// Why escapes could not be captured.
    trouble: Option<String>,
    /// SHA-256 of each executable, by name.
    pub(crate) digests: BTreeMap<String, String>,
    /// The outputs of the last run that go looked at and found up to date.
    confirmed: BTreeSet<String>,
    /// The executables of which everything is known by their digests.
    pub(crate) known: BTreeSet<String>,
    /// Outputs that waited for go to find them up to date.
    seeds: Vec<Seed>,
    /// The main packages whose twin was linked beside them.
    twins: BTreeSet<String>,
    /// What go linked.
    links: Vec<Linked>,
    /// What go compiled and linked for the release, and what each took.
    pub(crate) tools: Vec<Tool>,
    /// Whether this is the second attempt, with nothing else at the same time.
    retried: bool,
    /// A digest of the sources whose diagnostics are wanted, from before the build.
    sources: Option<String>,
}

impl Built {
    /// Whether the program was built without the profile as well.
    pub(crate) fn is_also_without_profile(&self) -> bool {
        self.without.is_some() || self.effect.is_some()
    }
}

/// Runs the commands of the plan that are of some kinds, one after another: concurrent builds on a cold cache compile the
/// same packages several times. What they leave is added to `built`.
///
/// Fails with Go's own words when a release build fails. A baseline or an escape report that fails
/// is a finding: the binaries are good.
pub(crate) fn execute(
    plan: &Plan,
    config: &Config,
    wanted: fn(StepKind) -> bool,
    built: &mut Vec<Built>,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    built.resize_with(plan.targets.len(), Built::default);
    let run = Run {
        plan,
        config,
        wanted,
        interrupt,
    };
    side_by_side::execute(&run, built, show)
}

/// What every target of a run has in common.
#[derive(Clone, Copy)]
struct Run<'a> {
    plan: &'a Plan,
    config: &'a Config,
    wanted: fn(StepKind) -> bool,
    interrupt: &'a Interrupt,
}

fn execute_target(
    run: &Run<'_>,
    target: &TargetPlan,
    lane: Lane,
    built: &mut Built,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let (config, wanted, interrupt) = (run.config, run.wanted, run.interrupt);
    built.since.get_or_insert_with(SystemTime::now);
    let subjects = asserting::find(config, &target.facts);
    let asserted = !subjects.is_empty();
    if wanted(StepKind::Release) {
        let mut escapes =
            |built: &mut Built, show: &mut dyn FnMut(Event<'_>)| match wanted(StepKind::Escape) {
                true => collect(target, config, asserted, built, interrupt, show),
                false => Ok(()),
            };
        releases::releases(target, lane, built, interrupt, &mut escapes, show)?;
    }
    let (mut with, mut without, mut links) = (Vec::new(), Vec::new(), Vec::new());
    for step in target.steps.iter().filter(|step| wanted(step.kind)) {
        match step.kind {
            // What is known of equal executables is known of their twins.
            StepKind::Baseline if reuse::has_baseline(target, built) => {}
            StepKind::Baseline => baseline(step, target, lane, built, interrupt, show)?,
            StepKind::EffectWith => with.push(step),
            StepKind::EffectWithout => without.push(step),
            StepKind::EffectBuild => links.push(step),
            // Before, and together, below.
            StepKind::Release | StepKind::Libraries | StepKind::Captures | StepKind::Escape => {}
        }
    }
    let compares = [with, without, links];
    if let Err(error) = effect(&compares, target, config, built, interrupt, show) {
        built.effect_failure = Some(tolerate(error, interrupt)?);
    }
    if !wanted(StepKind::Escape) {
        return Ok(());
    }
    if !wanted(StepKind::Release) {
        collect(target, config, asserted, built, interrupt, show)?;
    }
    judge_assertions(subjects, target, built, interrupt)
}

/// Builds what the release is compared with, where a build is. A failure is kept: the release stands without it.
fn baseline(
    step: &Step,
    target: &TargetPlan,
    lane: Lane,
    built: &mut Built,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    announce(step.kind, target, show);
    match compile(step, target, lane, interrupt, show) {
        Ok((outcome, _)) => built.baseline += outcome.wall,
        Err(error) => built.baseline_failure = Some(tolerate(error, interrupt)?),
    }
    Ok(())
}

/// Judges the assertions by the escapes that were collected.
fn judge_assertions(
    subjects: Vec<Subject>,
    target: &TargetPlan,
    built: &mut Built,
    interrupt: &Interrupt,
) -> Result<()> {
    let gap = match built.escape_failure {
        Some(_) => Gap::Failed,
        None => Gap::Off,
    };
    built.asserted = asserting::judge(subjects, built.escapes.as_ref().ok_or(gap), &target.facts);
    asserting::explain(&mut built.asserted, target, interrupt)
}

/// Compiles without the profile and links that; compiles with the profile, where there is something to compare with.
fn effect(
    [with, without, links]: &[Vec<&Step>; 3],
    target: &TargetPlan,
    config: &Config,
    built: &mut Built,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let scope = &config.escape.scope;
    if !without.is_empty() {
        announce(StepKind::EffectWithout, target, show);
        let side = effect_pass::side(without, target, scope, interrupt, show)?;
        announce(StepKind::EffectBuild, target, show);
        for step in links {
            compile(step, target, Lane::default(), interrupt, show)?;
        }
        built.without = Some(side);
    }
    if !with.is_empty() && built.without.is_some() {
        announce(StepKind::EffectWith, target, show);
        let with = effect_pass::side(with, target, scope, interrupt, show)?;
        let without = built.without.take();
        built.effect = without.map(|without| Effect { with, without });
    }
    Ok(())
}

/// Shows that a step begins.
fn announce(kind: StepKind, target: &TargetPlan, show: &mut dyn FnMut(Event<'_>)) {
    show(Event::Step {
        kind,
        platform: platform(target),
        packages: target.facts.packages.len(),
        at: Instant::now(),
    });
}

/// Collects the escapes, where the plan has steps for that.
fn collect(
    target: &TargetPlan,
    config: &Config,
    asserted: bool,
    built: &mut Built,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let run = escape_pass::Run {
        target,
        config,
        since: built.since.unwrap_or_else(SystemTime::now),
        asserted,
        names: reuse::names(target, built),
    };
    match run.collect(interrupt, show) {
        Ok(collected) => {
            let wall = collected.as_ref().map(|collected| collected.cost.wall());
            built.escape = wall.unwrap_or_default();
            built.escapes = collected;
        }
        Err(error) => built.escape_failure = Some(tolerate(error, interrupt)?),
    }
    if let Source::Off { reason } = &target.collection.source {
        built.escape_failure.clone_from(reason);
    }
    if let Some(it) = &mut built.escapes {
        it.cost.reason = built.trouble.take().or_else(|| it.cost.reason.take());
    }
    Ok(())
}

/// The failure as text, unless it is that we were asked to stop.
fn tolerate(error: Error, interrupt: &Interrupt) -> Result<String> {
    interrupt.check()?;
    let detail = error.detail.as_deref().unwrap_or_default();
    Ok(format!("{error}\n{detail}").trim_end().to_owned())
}

/// `linux/amd64`
pub(crate) fn platform(target: &TargetPlan) -> String {
    format!(
        "{}/{}",
        target.facts.toolchain.goos, target.facts.toolchain.goarch
    )
}
