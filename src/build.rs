//! A plan in, staged files and escapes out. With `build::publish` the only stage that changes the disk.

pub mod publish;

pub mod stage;

use std::collections::HashSet;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::escape::{self, Collector, Escapes};
use crate::go::{Package, Words};
use crate::plan::scope;
use crate::plan::{Plan, Step, StepKind, TargetPlan};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Outcome, Stream};

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
    pub escapes: Option<Escapes>,
    /// Why a baseline could not be built.
    pub baseline_failure: Option<String>,
    /// Why escapes could not be collected.
    pub escape_failure: Option<String>,
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
            StepKind::Escape => match collect(step, target, config, interrupt, show) {
                Ok((outcome, escapes)) => {
                    built.escape = outcome.wall;
                    built.escapes = Some(escapes);
                }
                Err(error) => built.escape_failure = Some(tolerate(error, interrupt)?),
            },
        }
    }
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

fn collect(
    step: &Step,
    target: &TargetPlan,
    config: &Config,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<(Outcome, Escapes)> {
    let sources = sources(target, step);
    let mut collector = Collector::new(&sources);
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let outcome = process::run(&step.invocation, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, |line| {
                collector.line(line);
                words.keep(line);
                if let Some(path) = line.strip_prefix(b"# ") {
                    show(Event::Package(&String::from_utf8_lossy(path)));
                }
            });
        }
    })?;
    splitter.finish(|line| collector.line(line));
    if !outcome.status.success() {
        return Err(words.error(failure(step.kind), &outcome));
    }
    let scope = scope::patterns(&config.escape.scope, &target.facts.packages);
    let escapes = collector.finish(|it| scope::contains(&scope, &it.import_path));
    Ok((outcome, escapes))
}

fn sources(target: &TargetPlan, step: &Step) -> escape::Sources {
    let package = |it: &Package| escape::Package {
        import_path: it.import_path.clone(),
        name: it.name.clone(),
        dir: it.dir.clone().into_bytes(),
        module: it.module.as_ref().map(|it| it.path.clone()),
        version: it
            .module
            .as_ref()
            .map(|it| it.version.clone())
            .filter(|it| !it.is_empty()),
        standard: it.standard,
    };
    escape::Sources {
        packages: target.facts.packages.iter().map(package).collect(),
        directory: step.invocation.cwd.as_os_str().as_encoded_bytes().to_vec(),
        trimpath: step.invocation.args.iter().any(|it| it == "-trimpath"),
    }
}
