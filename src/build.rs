//! A plan in, staged files and escapes out. With `build::publish` the only stage that changes the disk.

pub mod assertions;

pub mod escapes;

pub mod publish;

pub mod refusals;

pub mod revision;

pub mod stage;

use std::collections::HashSet;
use std::time::Duration;

use crate::assertion::{Gap, Judged};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::go::Words;
use crate::plan::{Plan, Step, StepKind, TargetPlan};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Outcome, Stream};
use escapes::Collected;

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
    },
    /// A package is being compiled.
    Package(&'a str),
    /// A line for the user: what go says, or what we wait for.
    Talk(&'a str),
    /// A line on standard error that a flag such as -x asked go for.
    Asked(&'a str),
    /// A line on standard output that -json asked go for.
    Data(&'a str),
}

/// What the commands of one target left.
#[derive(Debug, Default)]
pub struct Built {
    /// Packages that were compiled for the release; the rest came from the build cache.
    pub compiled: u64,
    /// Wall time of the release build.
    pub release: Duration,
    /// Wall time of the baseline build.
    pub baseline: Duration,
    /// Wall time of the escape pass.
    pub escape: Duration,
    /// The escapes, where they were collected.
    pub escapes: Option<Collected>,
    /// Why a baseline could not be built.
    pub baseline_failure: Option<String>,
    /// Why escapes could not be collected.
    pub escape_failure: Option<String>,
    /// What must hold of functions, and whether it does.
    pub asserted: Judged,
}

/// Runs every command of the plan, one after another: concurrent builds on a cold cache compile
/// the same packages several times.
///
/// Fails with Go's own words when a release build fails. A baseline or an escape report that fails
/// is a finding: the binaries are good.
pub fn execute(
    plan: &Plan,
    config: &Config,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Vec<Built>> {
    plan.targets
        .iter()
        .map(|target| execute_target(target, config, interrupt, show))
        .collect()
}

fn execute_target(
    target: &TargetPlan,
    config: &Config,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Built> {
    let mut built = Built::default();
    let subjects = assertions::find(config, &target.facts);
    for step in &target.steps {
        show(Event::Step {
            kind: step.kind,
            platform: platform(target),
            packages: target.facts.packages.len(),
        });
        match step.kind {
            StepKind::Release | StepKind::Libraries => {
                let (outcome, compiled) = compile(step, target, interrupt, show)?;
                built.compiled += compiled;
                built.release += outcome.wall;
            }
            StepKind::Baseline => match compile(step, target, interrupt, show) {
                Ok((outcome, _)) => built.baseline = outcome.wall,
                Err(error) => built.baseline_failure = Some(tolerate(error, interrupt)?),
            },
            StepKind::Escape => {
                let asserted = !subjects.is_empty();
                match escapes::collect(step, target, config, asserted, interrupt, show) {
                    Ok(collected) => {
                        built.escape = collected.wall;
                        built.escapes = Some(collected);
                    }
                    Err(error) => built.escape_failure = Some(tolerate(error, interrupt)?),
                }
            }
        }
    }
    let gap = match built.escape_failure {
        Some(_) => Gap::Failed,
        None => Gap::Off,
    };
    built.asserted = assertions::judge(subjects, built.escapes.as_ref().ok_or(gap));
    assertions::explain(&mut built.asserted, target, interrupt)?;
    Ok(built)
}

/// The failure as text, unless it is that we were asked to stop.
fn tolerate(error: Error, interrupt: &Interrupt) -> Result<String> {
    interrupt.check()?;
    let detail = error.detail.as_deref().unwrap_or_default();
    Ok(format!("{error}\n{detail}").trim_end().to_owned())
}

/// `linux/amd64`
pub fn platform(target: &TargetPlan) -> String {
    format!(
        "{}/{}",
        target.facts.toolchain.goos, target.facts.toolchain.goarch
    )
}

/// Runs a build with `-v`: a line that is the import path of a package is progress, the rest is
/// for the user.
fn compile(
    step: &Step,
    target: &TargetPlan,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<(Outcome, u64)> {
    let known: HashSet<&[u8]> = target
        .facts
        .packages
        .iter()
        .map(|it| it.import_path.as_bytes())
        .collect();
    let asked = &target.facts.asked;
    let ours = matches!(step.kind, StepKind::Release | StepKind::Libraries);
    let at_once = ours && (asked.commands || asked.work);
    let mut words = Words::default();
    let mut compiled = 0;
    let outcome = lines(&step.invocation, interrupt, |stream, line| {
        let text = || String::from_utf8_lossy(line);
        if asked.json && stream == Stream::Stdout {
            if ours {
                show(Event::Data(&text()));
            }
        } else if known.contains(line) {
            compiled += 1;
            show(Event::Package(&text()));
            if ours && asked.names {
                show(Event::Asked(&text()));
            }
        } else if at_once {
            show(Event::Asked(&text()));
        } else {
            words.keep(line);
        }
    })?;
    if !outcome.status.success() {
        return Err(words.error(failure(step.kind), &outcome));
    }
    let text = words.text();
    if !text.is_empty() {
        show(Event::Talk(&text));
    }
    Ok((outcome, compiled))
}

/// Runs a command; each line of either stream goes to `sink`.
fn lines(
    invocation: &Invocation,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Stream, &[u8]),
) -> Result<Outcome> {
    let mut splitters = [Splitter::default(), Splitter::default()];
    let streams = [Stream::Stdout, Stream::Stderr];
    let outcome = process::run(invocation, interrupt, |stream, bytes| {
        let at = usize::from(stream == Stream::Stderr);
        splitters[at].push(bytes, |line| sink(stream, line));
    })?;
    for (splitter, stream) in splitters.iter_mut().zip(streams) {
        splitter.finish(|line| sink(stream, line));
    }
    Ok(outcome)
}

/// `-n`: go prints what it would run, and that is shown as it comes.
pub fn dry_run(
    invocation: &Invocation,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let outcome = lines(invocation, interrupt, |stream, line| {
        let text = String::from_utf8_lossy(line);
        show(match stream {
            Stream::Stdout => Event::Data(&text),
            Stream::Stderr => Event::Asked(&text),
        });
    })?;
    if !outcome.status.success() {
        return Err(Words::default().error("go build failed", &outcome));
    }
    Ok(())
}

fn failure(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Release | StepKind::Libraries => "go build failed; the outputs are as they were",
        StepKind::Baseline => "go build failed for the baseline",
        StepKind::Escape => "go list failed for the escape report",
    }
}
