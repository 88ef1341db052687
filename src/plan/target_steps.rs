//! The commands of one target: what links the executables, what they are compared with, and what collects escapes.

use std::ffi::OsString;
use std::path::Path;

use super::build_flags::{self, BuildKind};
use super::escape_steps::{self, Source};
use super::output::Executable;
use super::parts::{Part, parts};
use super::twins::Twin;
use super::{Baseline, Context, Facts, Step, StepKind};
use crate::error::Result;

/// The commands of a target, without those of the effect.
pub(super) fn steps(
    context: &Context<'_>,
    executables: &[Executable],
    baseline: &Baseline,
    place: &Path,
) -> Result<Vec<Step>> {
    let (facts, packages) = (context.facts, context.packages);
    let parts = parts(context.inputs, facts, executables, packages);
    let kind = StepKind::Release;
    let released = links(
        kind,
        BuildKind::Release,
        &parts,
        facts,
        &place.join("release"),
    )?;
    let told = |step| context.collection.told(step);
    let mut steps: Vec<Step> = released.into_iter().map(told).collect();
    let rest = compiled_only(facts, executables, packages);
    if let (false, Some(first)) = (rest.is_empty(), parts.first()) {
        let flags = build_flags::compose(&first.inputs, BuildKind::Release)?.unexplained();
        let plain = Step::build(StepKind::Libraries, facts, flags, None, &rest);
        steps.push(told(plain));
    }
    if let Baseline::Built { kind, directory } = baseline {
        let built = Twin::named(kind).map_or(BuildKind::Plain, BuildKind::Twin);
        steps.extend(links(StepKind::Baseline, built, &parts, facts, directory)?);
    }
    for part in &parts {
        steps.extend(escapes(context, part)?);
    }
    Ok(steps)
}

/// The builds that write executables below a directory.
fn links(
    kind: StepKind,
    built: BuildKind,
    parts: &[Part<'_>],
    facts: &Facts,
    directory: &Path,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    for part in parts {
        let flags = build_flags::compose(&part.inputs, built)?;
        for (what, output) in part.links(facts, directory) {
            steps.push(Step::build(kind, facts, flags.clone(), Some(output), &what));
        }
    }
    Ok(steps)
}

/// What collects the escapes of a part.
fn escapes(context: &Context<'_>, part: &Part<'_>) -> Result<Vec<Step>> {
    let context = Context {
        inputs: &part.inputs,
        packages: &part.packages,
        ..*context
    };
    let mut steps = Vec::new();
    let source = &context.collection.source;
    if let Source::Capture { .. } = source {
        steps.push(escape_steps::captures(&context)?);
    }
    if !matches!(source, Source::Off { .. }) {
        steps.push(escape_steps::pass(&context)?);
    }
    Ok(steps)
}

/// What go compiles and discards: with an `-o` nothing. Where there is no command at all, go gets
/// the packages as they were named; otherwise those that `-o dir/` would leave out.
fn compiled_only(
    facts: &Facts,
    executables: &[Executable],
    packages: &[OsString],
) -> Vec<OsString> {
    if executables.is_empty() {
        return packages.to_vec();
    }
    if facts
        .asked
        .output
        .as_ref()
        .is_some_and(|output| output != "/dev/null")
    {
        return Vec::new();
    }
    let taken = facts.asked.taken(&facts.packages).into_iter();
    taken
        .filter(|package| package.name != "main")
        .map(|package| package.import_path.clone().into())
        .collect()
}
