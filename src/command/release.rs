//! `release`: the whole pipeline.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::lock_file::{self, Held};
use super::present;
use super::published::{after, publish_all, what_was_published};
use super::retaining;
use super::said::Said;
use super::staged::{Executed, Staged};
use super::telling::{self, Telling, placed};
use super::{Output, Session};
use crate::analysis::{Artifact, recall};
use crate::build::{self, Event, publish, reuse, sums};
use crate::cli;
use crate::clock;
use crate::command::prepare::prepare_for;
use crate::error::{Error, Kind, Result};
use crate::facts::Wanted;
use crate::facts::{Pending, Prepared, Purpose, output_directory};
use crate::gate::Change;
use crate::plan;
use crate::plan::output::Outputs;
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
    let manner = Manner {
        output: present::with_variable(&args.output, session),
        wait: !args.no_wait,
        full: args.full || args.retained,
        retained: args.retained,
    };
    present::check(Shows::EVERYTHING, &manner.output)?;
    let mut done = attempt(&manner, prepare, Purpose::Loop, session)?;
    if done.is_none() {
        session.interrupt.check()?;
        (session.show)(Event::Talk(ANEW));
        done = attempt(&manner, prepare, Purpose::Build, session)?;
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
struct Manner {
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
    /// The whole report is printed.
    full: bool,
    /// What the change does to its gates.
    change: Option<Change>,
    held: Held,
    executed: Executed,
    artifacts: Vec<Artifact>,
    /// Whether the report shows what packages keep alive alone.
    retains: bool,
    /// Where the reports go.
    output: cli::Output,
}

/// Builds once. `None` where go now lists other packages than were believed: what was built then counts for nothing.
fn attempt(
    manner: &Manner,
    prepare: &mut dyn FnMut(Purpose, &mut Session<'_>) -> Result<Prepared>,
    purpose: Purpose,
    session: &mut Session<'_>,
) -> Result<Option<Done>> {
    let mut prepared = prepare(purpose, session)?;
    let pending = std::mem::take(&mut prepared.pending);
    if prepared.facts.iter().any(|facts| facts.asked.dry_run) {
        return match pending.confirm(false) {
            true => dry_run(prepared, session).map(|output| Some(Done::Dry(output))),
            false => Ok(None),
        };
    }
    let released = stage_all(manner, prepared, &pending, session);
    match pending.confirm(released.as_ref().is_ok_and(Released::is_up_to_date)) {
        true => released.map(|released| Some(Done::Built(Box::new(released)))),
        false => Ok(None),
    }
}

fn stage_all(
    manner: &Manner,
    mut prepared: Prepared,
    pending: &Pending,
    session: &mut Session<'_>,
) -> Result<Released> {
    let output = placed(manner.output.clone(), &prepared);
    check_outputs(&prepared.outputs, &output, &session.cwd)?;
    session.interrupt.note(publish::AS_BEFORE.to_owned());
    let held = Held::of(&prepared, session)?;
    let change = held.change(&prepared, session)?;
    let full = manner.full || prepared.loaded.config.report.full;
    if !full && present::is_text_alone(&output, session) && held.has_all(&prepared) {
        prepared.narrow(Wanted::Lines);
    }
    let directory = output_directory(&prepared.outputs);
    let staged = Staged::beside(directory.as_deref(), manner.wait, prepared, session)?;
    pending.beside(&staged.plan.targets);
    let executed = staged.execute(held.judge.as_ref(), session)?;
    Ok(Released {
        artifacts: executed.analyze(session)?,
        full,
        change,
        held,
        executed,
        // It takes a look at every object: not for who reads a few lines.
        retains: manner.retained || output.formats().any(|format| format == Format::Html),
        output,
    })
}

/// Fails for outputs and reports that cannot be written, before anything is compiled.
fn check_outputs(outputs: &Outputs, reports: &cli::Output, cwd: &Path) -> Result<()> {
    for executable in outputs.targets.iter().flatten() {
        executable.path.as_deref().map_or(Ok(()), publish::check)?;
    }
    if let Some(path) = &outputs.checksums {
        sums::read(path)?;
    }
    for path in &reports.report {
        apart(path, outputs, cwd)?;
        publish::try_directory(&cwd.join(path))?;
    }
    Ok(())
}

/// Publishes and reports.
fn finish(mut released: Released, start: Instant, session: &mut Session<'_>) -> Result<Output> {
    session.interrupt.check()?;
    let (published, note) = released.give_names(session)?;
    let executed = &released.executed;
    recall::remember(&executed.plan, &executed.built, &released.artifacts);
    let report = released.report(start, session);
    talk_of_time(&report, session);
    let told = released.tell(&report, session);
    let output = told.map_err(|error| after(error, &published, &note))?;
    // Until here nobody else wrote to the outputs: the reports are about the files that are there.
    drop(released);
    Ok(output)
}

impl Released {
    /// Whether go had nothing to do.
    fn is_up_to_date(&self) -> bool {
        let executed = &self.executed;
        let mut targets = executed.plan.targets.iter().zip(&executed.built);
        targets.all(|(target, built)| reuse::is_up_to_date(target, built))
    }

    /// Publishes, and says what an error that comes later has to say of it.
    fn give_names(&mut self, session: &Session<'_>) -> Result<(Vec<PathBuf>, String)> {
        let published = publish_all(&mut self.executed, &self.artifacts, session)?;
        self.executed.stage.keep_outputs();
        let note = what_was_published(&published, &session.cwd);
        if !published.is_empty() {
            session.interrupt.note(note.clone());
        }
        Ok((published, note))
    }

    /// What it all means. The files are where they belong by now: whoever ends the run loses a column of the report.
    fn report(&self, start: Instant, session: &Session<'_>) -> report::Report {
        let executed = &self.executed;
        let (plan, config) = (&executed.plan, &executed.loaded.config);
        let retained = match self.retains {
            true => retaining::retained(&plan.targets, &self.artifacts, &session.interrupt),
            false => retaining::RetainedByExecutable::new(),
        };
        report::report(&report::Inputs {
            config,
            origins: &executed.loaded.origins,
            plan,
            built: &executed.built,
            artifacts: &self.artifacts,
            cwd: &session.cwd,
            lock: self.held.judge.as_ref(),
            change: self.change.as_ref(),
            repairs: &executed.repairs,
            total: start.elapsed(),
            retained: &retained,
            now: clock::about_now(),
        })
    }

    /// Writes what follows from the report: the lock, and every rendering that was asked for.
    fn tell(&self, report: &report::Report, session: &mut Session<'_>) -> Result<Output> {
        let plan = &self.executed.plan;
        let beside_data = plan.targets.iter().any(|target| target.facts.asked.json);
        let is_shown = session.terminal && self.output.format == Format::Text && !beside_data;
        let said = Said::of(plan, &self.held.path, is_shown);
        let follows = self.held.follows.then_some(&self.held);
        let telling = Telling {
            output: &self.output,
            config: &self.executed.loaded.config,
            said: (!self.full).then_some(&said),
            follows: follows.map(|held| (held, lock_file::found(plan, &self.artifacts))),
        };
        let mut output = telling::tell(report, &telling, session)?;
        said.keep(report);
        output.beside_data = !output.is_data && beside_data;
        Ok(output)
    }
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
