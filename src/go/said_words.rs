//! Keeps what go printed, for an error.

use std::path::PathBuf;

use super::{UNDEFINED, flags};
use crate::error::{Error, Kind};
use crate::number::counted;
use crate::process::death::{self, Scene, Victim};
use crate::process::{self};

/// What a go command said on standard error, kept whole up to a bound: its own words for the user.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: Vec<u8>,
    dropped: u64,
}

impl Words {
    const MOST: usize = 256 * 1024;

    /// Keeps a line.
    pub(crate) fn keep(&mut self, line: &[u8]) {
        if self.text.len() + line.len() > Self::MOST {
            self.dropped += 1;
            return;
        }
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
    }

    /// The words as text, with a line about what was dropped.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.text).trim_end().to_owned();
        if self.dropped > 0 {
            text.push_str(&format!("\n({})", counted(self.dropped, "more line")));
        }
        text
    }

    /// An error of [`Kind::Go`] with the words unchanged above it; of [`Kind::Machine`] where memory, the disk or somebody
    /// outside is why go failed.
    pub(crate) fn error(&self, failure: &str, outcome: &process::Outcome) -> Error {
        self.error_about(failure, outcome, None, &[])
    }

    /// As [`error`](Self::error), where it is known which child of go ended badly, and where go writes.
    pub(crate) fn error_about(
        &self,
        failure: &str,
        outcome: &process::Outcome,
        victim: Option<&Victim>,
        places: &[PathBuf],
    ) -> Error {
        let text = self.text();
        let scene = Scene {
            status: outcome.status,
            starved: outcome.starved,
            words: &text,
            victim,
            places,
        };
        if let Some(cause) = death::cause(&scene) {
            let message = format!("{failure}: {}", cause.sentence);
            let mut error = Error::new(Kind::Machine, message)
                .status(outcome.status.code())
                .hint(cause.hint);
            error.memory = cause.memory;
            return with_detail(error, text);
        }
        by_go(failure, outcome, text)
    }
}

/// Go failed for a reason that it says itself.
fn by_go(failure: &str, outcome: &process::Outcome, text: String) -> Error {
    let error = Error::new(Kind::Go, failure).status(outcome.status.code());
    // Go goes on with the usage of the command that we asked it with, which nobody typed.
    let unknown = text.lines().find(|line| line.starts_with(UNDEFINED));
    if let Some(line) = unknown {
        let name = line[UNDEFINED.len()..].trim();
        let hint = flags::instead_of(name);
        return error.detail(line.to_owned()).hint(hint);
    }
    // Main packages of most modules are not in its root.
    let error = match text.starts_with("no Go files in ") {
            true => error.hint("name a main package, such as `./cmd/NAME`, or run `gobuild-opt init`, which finds them"),
            false => error,
        };
    with_detail(error, text)
}

/// An error with what go said, where it said something.
fn with_detail(error: Error, text: String) -> Error {
    match text.is_empty() {
        true => error,
        false => error.detail(text),
    }
}
