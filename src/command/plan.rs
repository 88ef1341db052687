//! `plan`: every command as text, none of them run.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::lock_file::Held;
use super::present;
use super::{Output, Session};
use crate::cli::{self, PlanArgs, PlanFormat};
use crate::command::prepare::prepare;
use crate::config::Compare;
use crate::error::Result;
use crate::facts::{Prepared, Wanted, output_directory};
use crate::plan::escape_steps::Source;
use crate::plan::{Plan, Reason, Step, StepKind, TargetPlan};
use crate::process::Invocation;
use crate::render;

/// Prints the plan.
pub(crate) fn run(args: &PlanArgs, session: &mut Session<'_>) -> Result<Output> {
    let mut prepared = prepare(&args.settings, &args.typed, session)?;
    if is_told_in_lines(&prepared, session) {
        prepared.narrow(Wanted::Lines);
    }
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

/// Whether a `release` without flags of its own reports a few lines that compare with the lock. What is wrong with the lock
/// is for that to say.
fn is_told_in_lines(prepared: &Prepared, session: &Session<'_>) -> bool {
    let config = &prepared.loaded.config;
    let output = present::with_variable(&cli::Output::default(), session);
    config.compare.baseline == Compare::AUTO
        && !config.report.full
        && present::is_text_alone(&output, session)
        && Held::of(prepared, session).is_ok_and(|held| held.has_all(prepared))
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
    let mut script = Script::default();
    script.head(plan, file, cwd);
    for target in &plan.targets {
        target
            .steps
            .iter()
            .for_each(|step| script.step(step, target));
        if !target.steps.is_empty() {
            script.publish(target);
        }
    }
    script.text
}

/// A shell script, line by line.
#[derive(Default)]
struct Script {
    text: String,
}

impl Script {
    fn line(&mut self, text: &str) {
        self.text.push_str(&render::harmless(text));
        self.text.push('\n');
    }

    /// Makes the stage, and has it removed at the end.
    fn head(&mut self, plan: &Plan, file: Option<&Path>, cwd: &Path) {
        let file = file.map(|path| path.display().to_string());
        let file = file.as_deref().unwrap_or("no gobuild-opt.toml");
        let version = env!("CARGO_PKG_VERSION");
        self.line(&format!("# gobuild-opt {version}, configuration: {file}"));
        self.line("set -e");
        let mut steps = plan.targets.iter().flat_map(|target| &target.steps);
        let directory = steps.next().map(|step| step.invocation.cwd.as_path());
        // It may be run from anywhere.
        self.line(&format!("cd {}", quoted(directory.unwrap_or(cwd))));
        // A directory of that name may be somebody's: what is deleted at the end is what was made here.
        if let Some(parent) = plan.stage.parent() {
            self.line(&format!("mkdir -p {}", quoted(parent)));
        }
        let stage = quoted(&plan.stage);
        self.line(&format!("mkdir {stage}"));
        let remove = format!("rm -rf {stage}");
        self.line(&format!("trap {} EXIT", shell_words::quote(&remove)));
        // dash ends by a signal without that.
        self.line("trap 'exit 130' INT; trap 'exit 143' TERM HUP");
    }

    /// A command, under what it is for and why each flag is there.
    fn step(&mut self, step: &Step, target: &TargetPlan) {
        self.line("");
        self.line(&format!(
            "# {} for {}, {}",
            purpose(step.kind, &target.collection.source),
            crate::build::platform(target),
            target.facts.toolchain.version
        ));
        let widths = step.reasons.iter().map(|reason| reason.flag.len());
        let width = widths.max().unwrap_or(0).min(32);
        for Reason { flag, why, from } in &step.reasons {
            self.line(&format!("#   {flag:width$}  {why} [{from}]"));
        }
        self.line(&command(&step.invocation));
    }

    /// Gives each executable its name.
    fn publish(&mut self, target: &TargetPlan) {
        for executable in &target.executables {
            if let Some(path) = &executable.path {
                let staged = target.release_dir.join(&executable.name);
                self.line(&format!("mv {} {}", quoted(&staged), quoted(path)));
            }
        }
    }
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
