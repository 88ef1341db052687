//! `plan`: every command as text, none of them run.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Output, Session};
use crate::cli::{PlanArgs, PlanFormat};
use crate::command::prepare::prepare;
use crate::error::Result;
use crate::facts::output_directory;
use crate::plan::escape_steps::Source;
use crate::plan::{Plan, Reason, Step, StepKind, TargetPlan};
use crate::process::Invocation;
use crate::render;

/// Prints the plan.
pub(crate) fn run(args: &PlanArgs, session: &mut Session<'_>) -> Result<Output> {
    let prepared = prepare(&args.settings, &args.typed, session)?;
    let file = prepared.loaded.file.clone();
    // A fixed name, so that the script can be read, pasted and compared.
    let parent = output_directory(&prepared.outputs).unwrap_or_else(std::env::temp_dir);
    let stage = parent.join(".gobuild-opt-plan");
    let (_, _, plan) = prepared.draw(&stage, session)?;
    let text = match args.format {
        PlanFormat::Shell => shell(&plan, file.as_deref(), &session.cwd),
        PlanFormat::Json => render::json(&data(&plan)),
    };
    Ok(Output {
        text,
        is_data: true,
        ..Output::default()
    })
}

/// A command of the plan, for programs.
#[derive(Debug, Serialize)]
struct Entry {
    kind: StepKind,
    platform: String,
    directory: PathBuf,
    env: Vec<(String, String)>,
    argv: Vec<String>,
    reasons: Vec<Reason>,
}

fn data(plan: &Plan) -> Vec<Entry> {
    let mut entries = Vec::new();
    for target in &plan.targets {
        for step in &target.steps {
            let run = &step.invocation;
            let argv = std::iter::once(&run.program).chain(&run.args);
            entries.push(Entry {
                kind: step.kind,
                platform: crate::build::platform(target),
                directory: run.cwd.clone(),
                env: run
                    .env
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()))
                    .collect(),
                argv: argv
                    .map(|argument| argument.to_string_lossy().into_owned())
                    .collect(),
                reasons: step.reasons.clone(),
            });
        }
    }
    entries
}

fn shell(plan: &Plan, file: Option<&Path>, cwd: &Path) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&render::harmless(&text));
        out.push('\n');
    };
    let configuration = file.map_or("no gobuild-opt.toml".into(), |path| {
        path.display().to_string()
    });
    line(format!(
        "# gobuild-opt {}, configuration: {configuration}",
        env!("CARGO_PKG_VERSION")
    ));
    line("set -e".into());
    let directory = plan
        .targets
        .first()
        .and_then(|target| target.steps.first())
        .map(|step| step.invocation.cwd.clone());
    // It may be run from anywhere.
    line(format!(
        "cd {}",
        quoted(directory.as_deref().unwrap_or(cwd))
    ));
    // A directory of that name may be somebody's: what is deleted at the end is what was made here.
    if let Some(parent) = plan.stage.parent() {
        line(format!("mkdir -p {}", quoted(parent)));
    }
    line(format!("mkdir {}", quoted(&plan.stage)));
    line(format!(
        "trap {} EXIT",
        shell_words::quote(&format!("rm -rf {}", quoted(&plan.stage)))
    ));
    // dash ends by a signal without that.
    line("trap 'exit 130' INT; trap 'exit 143' TERM HUP".into());
    for target in &plan.targets {
        target
            .steps
            .iter()
            .for_each(|step| explained(step, target, &mut line));
        for executable in target
            .executables
            .iter()
            .filter(|_| !target.steps.is_empty())
        {
            if let Some(path) = &executable.path {
                line(format!(
                    "mv {} {}",
                    quoted(&target.release_dir.join(&executable.name)),
                    quoted(path)
                ));
            }
        }
    }
    out
}

/// A command, under what it is for and why each flag is there.
fn explained(step: &Step, target: &TargetPlan, line: &mut impl FnMut(String)) {
    line(String::new());
    line(format!(
        "# {} for {}, {}",
        purpose(step.kind, &target.collection.source),
        crate::build::platform(target),
        target.facts.toolchain.version
    ));
    let width = step
        .reasons
        .iter()
        .map(|reason| reason.flag.len())
        .max()
        .unwrap_or(0)
        .min(32);
    for reason in &step.reasons {
        line(format!(
            "#   {:width$}  {} [{}]",
            reason.flag, reason.why, reason.from
        ));
    }
    line(command(&step.invocation));
}

fn purpose(kind: StepKind, source: &Source) -> &'static str {
    match (kind, source) {
        (StepKind::Release, _) => "build the release",
        (StepKind::Libraries, _) => "compile the packages that are no commands",
        (StepKind::Baseline, Source::Capture { .. }) => {
            "build what it is compared with: a run links it beside the release where it can"
        }
        (StepKind::Baseline, _) => "build what it is compared with",
        (StepKind::EffectWith, _) => "compile with the profile, to tell what it does (on stderr)",
        (StepKind::EffectWithout, _) => "compile without the profile (on stderr)",
        (StepKind::EffectBuild, _) => "link what was compiled without the profile",
        (StepKind::Captures, _) => {
            "name the captures, which hold the escapes of what was compiled: a run asks go only where its links do not tell"
        }
        (StepKind::Escape, Source::Capture { .. }) => {
            "collect the escapes (on stderr) of packages that have no capture, if any: a run names only those"
        }
        (StepKind::Escape, _) => "collect the escape report (on stderr)",
    }
}

fn command(invocation: &Invocation) -> String {
    let text = invocation.to_string();
    // The escape pass prints import paths that nobody reads.
    if invocation
        .args
        .first()
        .is_some_and(|argument| argument == "list")
    {
        format!("{text} >/dev/null")
    } else {
        text
    }
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}
