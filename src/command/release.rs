//! `release`: the whole pipeline.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::lock_file;
use super::present;
use super::published::{after, publish_all, what_was_published};
use super::repair::{self, Repaired};
use super::retaining;
use super::said::Said;
use super::telling::{self, Telling, placed};
use super::{Output, Session};
use crate::analysis::{self, Artifact, recall};
use crate::build::stage::Stage;
use crate::build::{self, Built, Event, publish, sums};
use crate::cli;
use crate::clock;
use crate::command::prepare::prepare_for;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::stage;
use crate::facts::{Prepared, Purpose, output_directory};
use crate::gate::Change;
use crate::lock::Lock;
use crate::plan::output::Outputs;
use crate::plan::{self, Plan};
use crate::process::Invocation;
use crate::render::{Format, Shows};
use crate::report;

/// Reads the configuration and asks go, for a purpose.
type Prepare<'a> = &'a mut dyn FnMut(Purpose, &mut Session<'_>) -> Result<Prepared>;

/// Builds, compares, checks, publishes and reports.
pub(crate) fn run(args: &cli::Release, session: &mut Session<'_>) -> Result<Output> {
    let (settings, typed) = (&args.settings, &args.typed);
    let mut prepare =
        |purpose, session: &mut Session<'_>| prepare_for(settings, typed, purpose, session);
    run_prepared(args, &mut prepare, session)
}

/// As [`run`], with another way to prepare.
pub(crate) fn run_prepared(
    args: &cli::Release,
    prepare: Prepare<'_>,
    session: &mut Session<'_>,
) -> Result<Output> {
    let start = Instant::now();
    let wanted = Wanted {
        output: present::with_variable(&args.output, session),
        wait: !args.no_wait,
        full: args.full || args.retained,
        retained: args.retained,
    };
    present::check(Shows::EVERYTHING, &wanted.output)?;
    let mut done = attempt(&wanted, prepare, Purpose::Loop, session)?;
    if done.is_none() {
        session.interrupt.check()?;
        (session.show)(Event::Talk(ANEW));
        done = attempt(&wanted, prepare, Purpose::Build, session)?;
    }
    match done {
        Some(Done::Built(released)) => finish(*released, start, session),
        Some(Done::Dry(output)) => Ok(output),
        None => Ok(Output::default()),
    }
}

/// What was compiled meanwhile is in the build cache.
const ANEW: &str =
    "go lists other packages or files than in the last run: beginning anew with these";

/// What the command line says beside the configuration.
struct Wanted {
    output: cli::Output,
    /// For another run that writes to the same directory.
    wait: bool,
    /// The whole report is printed.
    full: bool,
    /// What packages keep alone is asked for.
    retained: bool,
}

/// What came of a build.
enum Done {
    /// go printed what it would run.
    Dry(Output),
    /// Everything waits in the stage.
    Built(Box<Released>),
}

/// Executables that wait to be published.
struct Released {
    loaded: Loaded,
    /// The whole report is printed.
    full: bool,
    /// What the change does to its gates.
    change: Option<Change>,
    /// Whether the lock is that of the working tree, and may follow.
    follows: bool,
    lock_path: PathBuf,
    lock: Option<Lock>,
    stage: Stage,
    repaired: Repaired,
    artifacts: Vec<Artifact>,
    /// Whether the report shows what packages keep alive alone.
    retains: bool,
    /// Where the reports go.
    output: cli::Output,
}

/// Builds once. `None` where go now lists other packages than were believed: what was built then counts for nothing.
fn attempt(
    wanted: &Wanted,
    prepare: &mut dyn FnMut(Purpose, &mut Session<'_>) -> Result<Prepared>,
    purpose: Purpose,
    session: &mut Session<'_>,
) -> Result<Option<Done>> {
    let mut prepared = prepare(purpose, session)?;
    let pending = std::mem::take(&mut prepared.pending);
    if prepared.facts.iter().any(|facts| facts.asked.dry_run) {
        return match pending.confirm() {
            true => dry_run(prepared, session).map(|output| Some(Done::Dry(output))),
            false => Ok(None),
        };
    }
    let released = stage_all(wanted, prepared, session);
    match pending.confirm() {
        true => released.map(|released| Some(Done::Built(Box::new(released)))),
        false => Ok(None),
    }
}

fn stage_all(
    wanted: &Wanted,
    mut prepared: Prepared,
    session: &mut Session<'_>,
) -> Result<Released> {
    let output = placed(wanted.output.clone(), &prepared);
    for executable in prepared.outputs.targets.iter().flatten() {
        executable.path.as_deref().map_or(Ok(()), publish::check)?;
    }
    if let Some(path) = &prepared.outputs.checksums {
        sums::read(path)?;
    }
    for path in &output.report {
        apart(path, &prepared.outputs, &session.cwd)?;
        publish::try_directory(&session.cwd.join(path))?;
    }
    session.interrupt.note(publish::AS_BEFORE.to_owned());
    let lock_path = lock_file::path_of(&prepared);
    let lock = lock_file::load(&lock_path, &session.cwd)?;
    let earlier = std::mem::take(&mut prepared.earlier);
    let change = earlier.change(&lock_path, lock.as_ref(), &prepared.facts, session)?;
    let lock = earlier.judging(&lock_path, lock, session)?;
    let directory = output_directory(&prepared.outputs);
    let stage = stage(&mut prepared, directory.as_deref(), wanted.wait, session)?;
    let (loaded, typed, plan) = prepared.draw(stage.path(), session)?;
    let repaired = repair::run(plan, &loaded, &typed, lock.as_ref(), session)?;
    let artifacts = analysis::analyze(&repaired.plan, &repaired.built, &session.interrupt)?;
    let full = wanted.full || loaded.config.report.full;
    // It takes a look at every object: not for who reads a few lines.
    let retains = wanted.retained || output.formats().any(|format| format == Format::Html);
    Ok(Released {
        loaded,
        full,
        change,
        follows: !earlier.judges(),
        lock_path,
        lock,
        stage,
        repaired,
        artifacts,
        retains,
        output,
    })
}

/// Publishes and reports.
fn finish(released: Released, start: Instant, session: &mut Session<'_>) -> Result<Output> {
    let Released {
        loaded,
        full,
        change,
        follows,
        lock_path,
        lock,
        mut stage,
        repaired,
        artifacts,
        retains,
        output: wanted,
    } = released;
    let (plan, built) = (repaired.plan, repaired.built);
    let found = lock_file::found(&plan, &artifacts);
    session.interrupt.check()?;
    let (published, note) = give_names(&plan, &built, &artifacts, &mut stage, session)?;
    recall::remember(&plan, &built, &artifacts);
    // The files are where they belong: whoever ends the run now loses a column of the report.
    let retained = match retains {
        true => retaining::retained(&plan.targets, &artifacts, &session.interrupt),
        false => retaining::Found::new(),
    };
    let report = report::report(&report::Inputs {
        config: &loaded.config,
        origins: &loaded.origins,
        plan: &plan,
        built: &built,
        artifacts: &artifacts,
        cwd: &session.cwd,
        lock: lock.as_ref(),
        change: change.as_ref(),
        repairs: &repaired.repairs,
        total: start.elapsed(),
        retained: &retained,
        now: clock::about_now(),
    });
    talk_of_time(&report, session);
    let beside_data = plan.targets.iter().any(|target| target.facts.asked.json);
    let is_shown = session.terminal && wanted.format == Format::Text && !beside_data;
    let said = Said::of(&plan, &lock_path, is_shown);
    let telling = Telling {
        output: &wanted,
        config: &loaded.config,
        said: (!full).then_some(&said),
    };
    let lock = lock.filter(|_| follows);
    let lock = lock.map(|lock| (lock, lock_path, found));
    let told = telling::tell(&report, lock, &telling, session);
    let mut output = told.map_err(|error| after(error, &published, &note))?;
    said.keep(&report);
    // Until here nobody else wrote to the outputs: the reports are about the files that are there.
    drop(stage);
    output.beside_data = !output.is_data && beside_data;
    Ok(output)
}

/// Publishes, and says what an error that comes later has to say of it.
fn give_names(
    plan: &Plan,
    built: &[Built],
    artifacts: &[Artifact],
    stage: &mut Stage,
    session: &Session<'_>,
) -> Result<(Vec<PathBuf>, String)> {
    let published = publish_all(plan, built, artifacts, stage, session)?;
    stage.keep_outputs();
    let note = what_was_published(&published, &session.cwd);
    if !published.is_empty() {
        session.interrupt.note(note.clone());
    }
    Ok((published, note))
}

/// What a log of CI shows of the caches, and what took long.
fn talk_of_time(report: &report::Report, session: &mut Session<'_>) {
    (session.show)(Event::End(Instant::now()));
    let in_ci = session.variable("CI").is_some();
    let rate = in_ci.then(|| report::hit_rate(&report.time)).flatten();
    for line in rate.into_iter().chain(report::spent(report)) {
        (session.show)(Event::Talk(&line));
    }
}

/// A report must not take the place of what it is about.
fn apart(report: &Path, outputs: &Outputs, cwd: &Path) -> Result<()> {
    let path = cwd.join(report);
    let executables = outputs.targets.iter().flatten();
    let mut all = executables.filter_map(|executable| executable.path.as_ref());
    if all.any(|it| *it == path) || outputs.checksums.as_ref() == Some(&path) {
        return Err(Error::new(
            Kind::Usage,
            format!(
                "`{}` would be both an output and the report",
                report.display()
            ),
        )
        .hint("give `--report` another name"));
    }
    Ok(())
}

/// `-n`: go prints what it would run; nothing is built.
fn dry_run(prepared: Prepared, session: &mut Session<'_>) -> Result<Output> {
    let (_, _, plan) = prepared.draw(Path::new("$WORK"), session)?;
    for target in &plan.targets {
        let steps = target.steps.iter().filter(|step| {
            step.kind == plan::StepKind::Release || step.kind == plan::StepKind::Libraries
        });
        for step in steps {
            let invocation = in_place(step, target);
            build::dry_run(&invocation, &session.interrupt, session.show)?;
        }
    }
    Ok(Output::default())
}

/// The command with the outputs that the user asked for: nothing is written, so nothing is staged.
fn in_place(step: &plan::Step, target: &plan::TargetPlan) -> Invocation {
    let mut invocation = step.invocation.clone();
    let asked = &target.facts.asked;
    if !asked.names {
        invocation.args.retain(|argument| argument != "-v");
    }
    let Some(at) = invocation.args.iter().position(|argument| argument == "-o") else {
        return invocation;
    };
    if let Some(output) = &asked.output {
        invocation.args[at + 1] = output.into();
        return invocation;
    }
    match target.executables.as_slice() {
        [
            plan::output::Executable {
                path: Some(path), ..
            },
        ] => invocation.args[at + 1] = path.into(),
        _ => drop(invocation.args.drain(at..at + 2)),
    }
    invocation
}
