//! `release`: the whole pipeline.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::lock_file::{self, Found};
use super::prepare::{Prepared, output_directory, prepare};
use super::present::{self, Shows, present};
use super::repair::{self, Repaired};
use super::staging::stage;
use super::{Output, Session};
use crate::analysis::{self, Artifact};
use crate::build::publish::Item;
use crate::build::stage::Stage;
use crate::build::{self, Event, publish};
use crate::cli;
use crate::config::Config;
use crate::error::Result;
use crate::lock::{FILE, Lock};
use crate::plan::{self, Plan};
use crate::process::Invocation;
use crate::render::{self, Format, Style};
use crate::report::{self, Assertion, Findings, Report, Site, Target, outline};

/// Builds, compares, checks, publishes and reports.
pub fn run(args: &cli::Release, session: &mut Session<'_>) -> Result<Output> {
    let start = Instant::now();
    Shows::EVERYTHING.check(&args.output)?;
    let mut prepared = prepare(&args.settings, &args.typed, session)?;
    if prepared.facts.iter().any(|it| it.asked.dry_run) {
        return dry_run(prepared, session);
    }
    for executable in prepared.outputs.targets.iter().flatten() {
        executable.path.as_deref().map_or(Ok(()), publish::check)?;
    }
    for path in &args.output.report {
        publish::try_directory(&session.cwd.join(path))?;
    }
    let lock_path = lock_file::path_of(&prepared);
    let lock = lock_file::load(&lock_path, &session.cwd)?;
    let directory = output_directory(&prepared.outputs);
    let mut stage = stage(&mut prepared, directory.as_deref(), !args.no_wait, session)?;
    let (loaded, typed, plan) = prepared.draw(stage.path(), session)?;
    let Repaired {
        plan,
        built,
        repairs,
    } = repair::run(plan, &loaded, &typed, lock.as_ref(), session)?;
    let artifacts = analysis::analyze(&plan, &built, &session.interrupt)?;
    let found = lock_file::found(&plan, &artifacts);
    session.interrupt.check()?;
    publish_all(&plan, &artifacts, &mut stage)?;
    stage.keep_outputs();
    let report = report::report(&report::Inputs {
        config: &loaded.config,
        origins: &loaded.origins,
        plan: &plan,
        built: &built,
        artifacts: &artifacts,
        cwd: &session.cwd,
        lock: lock.as_ref(),
        repairs: &repairs,
        total: start.elapsed(),
        now: jiff::Timestamp::now(),
    });
    // Not in CI: a file that changed would make the next build `+dirty`.
    if let Some(lock) = lock
        && report.verdict.pass
        && session.variable("CI").is_none()
    {
        tighten(lock, &lock_path, &found, &loaded.config, session)?;
    }
    let mut output = present(
        |format, top, style| rendered(&report, format, top, style, &session.cwd),
        &args.output,
        loaded.config.escape.top,
        &report.verdict,
        session,
    )?;
    // Until here nobody else wrote to the outputs: the reports are about the files that are there.
    drop(stage);
    output.beside_data = !output.is_data && plan.targets.iter().any(|it| it.facts.asked.json);
    Ok(output)
}

/// What has a ratchet follows executables that shrank.
fn tighten(
    mut lock: Lock,
    path: &Path,
    found: &[Found],
    config: &Config,
    session: &mut Session<'_>,
) -> Result<()> {
    let changed = lock_file::tighten(&mut lock, found, &config.budget);
    if !changed.is_empty() {
        lock_file::save(&lock, path)?;
        let line = format!("{FILE} follows: {}", changed.join(", "));
        (session.show)(Event::Talk(&line));
    }
    Ok(())
}

/// `-n`: go prints what it would run; nothing is built.
fn dry_run(prepared: Prepared, session: &mut Session<'_>) -> Result<Output> {
    let (_, _, plan) = prepared.draw(Path::new("$WORK"), session)?;
    for target in &plan.targets {
        let steps = target.steps.iter().filter(|it| {
            it.kind == plan::StepKind::Release || it.kind == plan::StepKind::Libraries
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
        invocation.args.retain(|it| it != "-v");
    }
    let Some(at) = invocation.args.iter().position(|it| it == "-o") else {
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

/// Every output takes its name only now that all of them are good: all of them, or none.
fn publish_all(plan: &Plan, artifacts: &[Artifact], stage: &mut Stage) -> Result<()> {
    let mut items = Vec::new();
    let mut sums = Vec::new();
    for artifact in artifacts {
        let Some(path) = &artifact.executable.path else {
            continue;
        };
        items.push(Item {
            staged: artifact.staged.clone(),
            output: path.clone(),
        });
        sums.push((artifact.sha256.clone(), file_name(path)));
        // What some build modes write beside the file: the header of a C archive.
        let header = artifact.staged.with_extension("h");
        if let Some(digest) = publish::digest_of(&header) {
            items.push(Item {
                staged: header,
                output: path.with_extension("h"),
            });
            sums.push((digest, file_name(&path.with_extension("h"))));
        }
    }
    for directory in items.iter().filter_map(|it| it.output.parent()) {
        stage.make_outputs(directory)?;
    }
    if let Some(path) = sums_file(plan, &items, &sums) {
        let staged = stage.path().join("SHA256SUMS");
        std::fs::write(&staged, publish::checksums(&path, &sums))?;
        items.push(Item {
            staged,
            output: path,
        });
    }
    publish::all(&items, stage.path())?;
    match plan.checksums.as_deref().and_then(Path::parent) {
        Some(directory) if stage.made_outputs() => publish::keep_out_of_git(directory),
        _ => Ok(()),
    }
}

/// The checksum file of the plan, or one beside the outputs that speaks of them.
fn sums_file(plan: &Plan, items: &[Item], sums: &[(String, String)]) -> Option<PathBuf> {
    let beside = || Some(items.first()?.output.parent()?.join("SHA256SUMS"));
    plan.checksums
        .clone()
        .or_else(|| beside().filter(|it| publish::lists(it, sums)))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|it| it.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn rendered(report: &Report, format: Format, packages: usize, style: Style, cwd: &Path) -> String {
    let detail = outline::Detail {
        packages,
        everything: format != Format::Text,
    };
    match format {
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(&report.tool, &findings(report), &present::prefix(cwd)),
        Format::Github => render::github(&findings(report), &present::prefix(cwd)),
        Format::Text | Format::Markdown | Format::Svg | Format::Html => {
            render::blocks(&outline::outline(report, detail), format, style)
        }
    }
}

fn findings(report: &Report) -> Findings<'_> {
    fn of(target: &Target) -> (&[Site], &[Assertion]) {
        let new = target.escapes.as_ref().map_or(&[][..], |it| &it.new);
        (new, &target.assertions)
    }
    let mut findings = Findings::of(report.targets.iter().map(of));
    let escapes = report.targets.iter().filter_map(|it| it.escapes.as_ref());
    findings.failing(&report.verdict, escapes);
    findings
}
