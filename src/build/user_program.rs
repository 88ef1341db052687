//! Runs a program of the user, and hands on its lines.

use crate::error::Result;
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Outcome, Stream};

/// Each line of either stream goes to `sink`, also where the run ends with an error.
pub(crate) fn run_program(
    invocation: &Invocation,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Stream, &[u8]),
) -> Result<Outcome> {
    let mut splitters = [Splitter::default(), Splitter::default()];
    let outcome = process::run(invocation, interrupt, |stream, bytes| {
        let at = usize::from(stream == Stream::Stderr);
        splitters[at].push(bytes, |line| sink(stream, line));
    });
    for (splitter, stream) in splitters.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
        splitter.finish(|line| sink(stream, line));
    }
    outcome
}
