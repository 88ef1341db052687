//! Runs a command of the plan, and hands on each line that it prints.

use super::Event;
use crate::error::Result;
use crate::go::Words;
use crate::plan::StepKind;
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Outcome, Stream};

/// Runs a command; each line of either stream goes to `sink`.
pub(super) fn lines(
    invocation: &Invocation,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Stream, &[u8]),
) -> Result<Outcome> {
    let mut splitters = [Splitter::default(), Splitter::default()];
    let streams = [Stream::Stdout, Stream::Stderr];
    let outcome = process::run(invocation, interrupt, |stream, bytes| {
        let at = usize::from(stream == Stream::Stderr);
        splitters[at].push(bytes, |line| sink(stream, line));
    })?;
    for (splitter, stream) in splitters.iter_mut().zip(streams) {
        splitter.finish(|line| sink(stream, line));
    }
    Ok(outcome)
}

/// `-n`: go prints what it would run, and that is shown as it comes.
pub fn dry_run(
    invocation: &Invocation,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let outcome = lines(invocation, interrupt, |stream, line| {
        let text = String::from_utf8_lossy(line);
        show(match stream {
            Stream::Stdout => Event::Data(&text),
            Stream::Stderr => Event::Asked(&text),
        });
    })?;
    if !outcome.status.success() {
        return Err(Words::default().error("go build failed", &outcome));
    }
    Ok(())
}

pub(super) fn failure(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Release | StepKind::Libraries => "go build failed; the outputs are as they were",
        StepKind::Baseline => "go build failed for the baseline",
        StepKind::Captures => "go list failed for the captures of the escape report",
        StepKind::EffectWith | StepKind::EffectWithout | StepKind::EffectBuild => {
            "go failed for the effect of the profile"
        }
        StepKind::Escape => "go list failed for the escape report",
    }
}
