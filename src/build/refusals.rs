//! The escape pass run with `-m=2`, the functions that are not inlined and why out.

use super::sources::sources;
use crate::error::Result;
use crate::escape::refusal::{Refusal, Refusals};
use crate::go::Words;
use crate::plan::verbose::verbose;
use crate::plan::{Step, TargetPlan};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Stream};

/// Compiles `packages` once more, or replays that from the build cache. Fails with Go's own words.
pub(crate) fn refusals(
    step: &Step,
    target: &TargetPlan,
    packages: &[String],
    interrupt: &Interrupt,
) -> Result<Vec<Refusal>> {
    let sources = sources(target, step);
    let mut refusals = Refusals::new(&sources);
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let invocation = verbose(step, packages, &target.facts);
    let outcome = process::run(&invocation, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, |line| {
                refusals.line(line);
                words.keep(line);
            });
        }
    })?;
    splitter.finish(|line| refusals.line(line));
    if !outcome.status.success() {
        return Err(words.error("go list failed for -m=2", &outcome));
    }
    Ok(refusals.finish())
}
