//! Compiles packages once more with `-m=2`, or replays that from the build cache, and hands on what the compiler says.

use crate::error::Result;
use crate::go::Words;
use crate::plan::verbose::verbose;
use crate::plan::{Step, TargetPlan};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Stream};

/// Each line goes to `sink`. Fails with Go's own words.
pub(crate) fn replay(
    step: &Step,
    target: &TargetPlan,
    packages: &[String],
    interrupt: &Interrupt,
    mut sink: impl FnMut(&[u8]),
) -> Result<()> {
    let mut words = Words::default();
    let mut line = |line: &[u8]| {
        sink(line);
        words.keep(line);
    };
    let mut splitter = Splitter::default();
    let invocation = verbose(step, packages, &target.facts);
    let outcome = process::run(&invocation, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, &mut line);
        }
    })?;
    splitter.finish(&mut line);
    if !outcome.status.success() {
        return Err(words.error("go list failed for -m=2", &outcome));
    }
    Ok(())
}
