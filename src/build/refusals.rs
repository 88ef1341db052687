//! Runs the escape pass with `-m=2`, and lists the functions that are not inlined and why.

use super::replay::replay;
use super::sources::sources;
use crate::error::Result;
use crate::escape::not_inlined::{Refusal, Refusals};
use crate::plan::{Step, TargetPlan};
use crate::process::Interrupt;

/// Compiles `packages` once more, or replays that from the build cache. Fails with Go's own words.
pub(crate) fn refusals(
    step: &Step,
    target: &TargetPlan,
    packages: &[String],
    interrupt: &Interrupt,
) -> Result<Vec<Refusal>> {
    let sources = sources(target, step);
    let mut refusals = Refusals::new(&sources);
    replay(step, target, packages, interrupt, |line| {
        refusals.line(line)
    })?;
    Ok(refusals.finish())
}
