//! `release`: the whole pipeline.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::emit::format_of;
use super::prepare::{Prepared, output_directory, prepare};
use super::{Output, Session};
use crate::analysis::{self, Artifact};
use crate::build::stage::Stage;
use crate::build::{self, Event, publish};
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::plan::{self, Plan};
use crate::process::Invocation;
use crate::render::{self, Format, Style};
use crate::report::{self, Report, outline};

/// Builds, compares, checks, publishes and reports.
pub fn run(args: &cli::Release, session: &mut Session<'_>) -> Result<Output> {
    let start = Instant::now();
    for path in &args.output.report {
        format_of(path)?;
    }
    let mut prepared = prepare(&args.settings, &args.typed, session)?;
    if prepared.facts.iter().any(|it| it.asked.dry_run) {
        return dry_run(prepared, session);
    }
    for executable in prepared.outputs.targets.iter().flatten() {
        executable.path.as_deref().map_or(Ok(()), publish::check)?;
    }
    let directory = output_directory(&prepared.outputs);
    let show = &mut *session.show;
    let mut stage = Stage::create(
        directory.as_deref(),
        !args.no_wait,
        &session.interrupt,
        &mut |line| show(Event::Talk(line)),
    )?;
    for facts in &mut prepared.facts {
        // What -work keeps must not go with the stage.
        if facts.toolchain.gotmpdir.is_empty() && !facts.asked.work {
            facts
                .go
                .env
                .push(("GOTMPDIR".into(), stage.go_tmp().into()));
        }
    }
    let Prepared {
        loaded,
        typed,
        facts,
        outputs,
    } = prepared;
    let plan = plan::draw(
        &loaded.config,
        &loaded.origins,
        &typed,
        facts,
        outputs,
        stage.path(),
    )?;
    let built = build::execute(&plan, &loaded.config, &session.interrupt, session.show)?;
    let artifacts = analysis::analyze(&plan, &built, &session.interrupt)?;
    session.interrupt.check()?;
    publish_all(&plan, &artifacts)?;
    if let (true, Some(directory)) = (
        stage.made_outputs(),
        plan.checksums.as_deref().and_then(Path::parent),
    ) {
        publish::keep_out_of_git(directory)?;
    }
    stage.keep_outputs();
    drop(stage);
    let report = report::report(&report::Inputs {
        config: &loaded.config,
        plan: &plan,
        built: &built,
        artifacts: &artifacts,
        cwd: &session.cwd,
        total: start.elapsed(),
        now: jiff::Timestamp::now(),
    });
    let mut output = finish(&report, args, loaded.config.escape.top, session)?;
    output.beside_data = !output.is_data && plan.targets.iter().any(|it| it.facts.asked.json);
    Ok(output)
}

/// `-n`: go prints what it would run; nothing is built.
fn dry_run(prepared: Prepared, session: &mut Session<'_>) -> Result<Output> {
    let Prepared {
        loaded,
        typed,
        facts,
        outputs,
    } = prepared;
    let plan = plan::draw(
        &loaded.config,
        &loaded.origins,
        &typed,
        facts,
        outputs,
        Path::new("$WORK"),
    )?;
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

/// Every output takes its name only now that all of them are good.
fn publish_all(plan: &Plan, artifacts: &[Artifact]) -> Result<()> {
    let mut sums = Vec::new();
    for artifact in artifacts {
        let Some(path) = &artifact.executable.path else {
            continue;
        };
        publish_beside(artifact, path)?;
        publish::file(&artifact.staged, path)?;
        let name = path
            .file_name()
            .map(|it| it.to_string_lossy().into_owned())
            .unwrap_or_default();
        sums.push((artifact.sha256.clone(), name));
    }
    match &plan.checksums {
        Some(path) => publish::checksums(path, &sums),
        None => Ok(()),
    }
}

/// What some build modes write beside the file: the header of a C archive.
fn publish_beside(artifact: &Artifact, path: &Path) -> Result<()> {
    let header = artifact.staged.with_extension("h");
    if header.is_file() {
        publish::file(&header, &path.with_extension("h"))?;
    }
    Ok(())
}

fn finish(
    report: &Report,
    args: &cli::Release,
    top: usize,
    session: &Session<'_>,
) -> Result<Output> {
    for path in &args.output.report {
        let text = rendered(report, format_of(path)?, usize::MAX, Style::default());
        // A file is no terminal.
        publish::text(&anstream::adapter::strip_str(&text).to_string(), path)?;
    }
    if let Some(summary) = session.variable("GITHUB_STEP_SUMMARY") {
        append(
            summary,
            &rendered(report, Format::Markdown, top.max(50), Style::default()),
        )?;
    }
    Ok(Output {
        text: rendered(
            report,
            args.output.format,
            top,
            Style {
                width: session.width,
            },
        ),
        failures: report.verdict.failures.clone(),
        is_data: args.output.format.is_data(),
        ..Output::default()
    })
}

fn rendered(report: &Report, format: Format, packages: usize, style: Style) -> String {
    match format {
        Format::Json => render::json(report),
        _ => render::blocks(
            &outline::outline(
                report,
                outline::Detail {
                    packages,
                    everything: format != Format::Text,
                },
            ),
            format,
            style,
        ),
    }
}

/// GitHub's step summary belongs to the whole step: we add to it.
fn append(path: &OsString, text: &str) -> Result<()> {
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path);
    file.and_then(|mut it| it.write_all(text.as_bytes()))
        .map_err(|error| {
            Error::new(
                Kind::Machine,
                format!(
                    "cannot write the step summary `{}`",
                    Path::new(path).display()
                ),
            )
            .source(error)
        })
}
