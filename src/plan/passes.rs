//! The commands of the compiles that report what the profile does.

use std::path::Path;

use super::arg::{Arg, Flags};
use super::build_flags::{self, BuildKind, Inputs};
use super::output::Executable;
use super::parts::{Part, parts};
use super::{Facts, Step, StepKind, Typed, escape_steps, pgo};
use crate::config::Effect;
use crate::error::Result;
use crate::escape;

/// Compiles with and without the profile, and the executables without it; none where no profile is applied.
pub(crate) fn effect(
    inputs: &Inputs<'_>,
    facts: &Facts,
    typed: &Typed,
    executables: &[Executable],
    directory: &Path,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    if inputs.config.pgo.effect == Effect::Off {
        return Ok(steps);
    }
    let off = pgo::Use::off();
    let packages = typed.packages(inputs.config);
    for mut part in parts(inputs, facts, executables, &packages) {
        if !part.inputs.pgo.is_some_and(|used| used.applied) {
            continue;
        }
        steps.extend(of_part(&mut part, facts, &off, directory)?);
    }
    Ok(steps)
}

/// What compares a part with itself without the profile.
fn of_part<'a>(
    part: &mut Part<'a>,
    facts: &Facts,
    off: &'a pgo::Use,
    directory: &Path,
) -> Result<Vec<Step>> {
    let all = ["all".to_owned()];
    let mut steps = Vec::new();
    let key = "pgo.effect";
    steps.push(listing(StepKind::EffectWith, part, facts, &all, key)?);
    part.inputs.pgo = Some(off);
    steps.push(listing(StepKind::EffectWithout, part, facts, &all, key)?);
    let mut release = build_flags::compose(&part.inputs, BuildKind::Listed)?;
    ask(&mut release, &part.inputs, facts, &all, key);
    for (what, output) in part.links(facts, directory) {
        let flags = release.clone();
        let kind = StepKind::EffectBuild;
        steps.push(Step::build(kind, facts, flags, Some(output), &what));
    }
    Ok(steps)
}

/// Compiles, or replays from the build cache, what a part needs; the diagnostics of `scope` come on standard error.
fn listing(
    kind: StepKind,
    part: &Part<'_>,
    facts: &Facts,
    scope: &[String],
    key: &str,
) -> Result<Step> {
    let inputs = &part.inputs;
    let mut composed = build_flags::compose(inputs, BuildKind::Escape)?;
    let origin = inputs.origins.get(key).map_or("defaults", String::as_str);
    ask(&mut composed, inputs, facts, scope, origin);
    composed.push(Arg::ours("v", None, "the packages as they are compiled"));
    escape_steps::listing(facts, &mut composed, escape_steps::exports());
    Ok(Step::list(kind, facts, composed, &part.packages))
}

/// Puts `-gcflags` that ask for diagnostics of the scope in the place of the user's own, which they hold.
fn ask(composed: &mut Flags, inputs: &Inputs<'_>, facts: &Facts, scope: &[String], origin: &str) {
    let standard = escape_steps::standard(scope, facts);
    let user = build_flags::gcflags(inputs, composed);
    escape_steps::ask(composed, escape::gcflags(scope, &standard, &user), origin);
}
