//! Commands that are only asked something, go for its settings or git for a revision: they answer soon, or hang.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use super::interrupt::{Interrupt, seconds};
use crate::error::{Error, Kind};
use crate::review::Invocation;

/// A command that runs, and whether it is late with its answer.
pub(crate) struct Question<'a> {
    invocation: &'a Invocation,
    interrupt: &'a Interrupt,
    start: Instant,
    heard: Instant,
    said: bool,
}

impl<'a> Question<'a> {
    /// A command that starts now. One that compiles is never late.
    pub(crate) fn new(invocation: &'a Invocation, interrupt: &'a Interrupt) -> Self {
        let now = Instant::now();
        Self {
            invocation,
            interrupt,
            start: now,
            heard: now,
            said: false,
        }
    }

    /// Says once what may be the reason of a long silence; returns the limit that is over. `heard`: something came out.
    pub(crate) fn look(&mut self, heard: bool) -> Option<Duration> {
        if !is_question(self.invocation) {
            return None;
        }
        if heard {
            self.heard = Instant::now();
        }
        let patience = self.interrupt.patience;
        if self.heard.elapsed() > patience.silence && !std::mem::replace(&mut self.said, true) {
            let (brief, obstacle) = (brief(self.invocation), obstacle(self.invocation));
            let silence = seconds(patience.silence);
            let line = format!("`{brief}` has said nothing for {silence}: {obstacle}");
            self.interrupt.say(&line);
        }
        // A limit of the run is the only one then.
        let over = !self.interrupt.is_limited() && self.start.elapsed() > patience.limit;
        over.then_some(patience.limit)
    }
}

/// The error for a command that did not end in time; `own`: in the time that a question has, not in that of the run.
pub(crate) fn late(invocation: &Invocation, limit: Duration, own: bool) -> Error {
    let (brief, obstacle) = (brief(invocation), obstacle(invocation));
    let limit = seconds(limit);
    let (message, hint) = match own {
        true => (
            format!("`{brief}` was stopped: it did not answer for {limit}"),
            format!("{obstacle}; `--timeout` sets another limit"),
        ),
        false => (
            format!("`{brief}` was stopped: the run took longer than {limit}"),
            obstacle.to_owned(),
        ),
    };
    Error::new(Kind::Go, message).hint(hint)
}

fn is_git(invocation: &Invocation) -> bool {
    Path::new(&invocation.program).file_name() == Some(OsStr::new("git"))
}

fn is_question(invocation: &Invocation) -> bool {
    match invocation
        .args
        .first()
        .and_then(|argument| argument.to_str())
    {
        _ if is_git(invocation) => true,
        Some("env" | "version") => true,
        // What is exported is compiled.
        Some("list") => !invocation.args.iter().any(|argument| argument == "-export"),
        _ => false,
    }
}

/// Program and verb.
fn brief(invocation: &Invocation) -> String {
    // `-c NAME=VALUE` and `--no-optional-locks` stand before the verb of git.
    let is_option = |word: &OsStr| {
        let bytes = word.as_encoded_bytes();
        is_git(invocation) && (bytes.starts_with(b"-") || bytes.contains(&b'='))
    };
    let verb = invocation.args.iter().find(|argument| !is_option(argument));
    let verb = verb.map(|verb| verb.to_string_lossy().into_owned());
    let program = Path::new(&invocation.program).display();
    format!("{program} {}", verb.unwrap_or_default())
}

/// What may hold it up.
fn obstacle(invocation: &Invocation) -> &'static str {
    if is_git(invocation) {
        return "git may be waiting for a file system, or for another git that holds a lock";
    }
    if is_question(invocation) {
        return "go may be waiting for the network: for the toolchain that the `go` or `toolchain` line of go.mod asks for (GOTOOLCHAIN=local does without), or for modules (GOPROXY)";
    }
    "raise `--timeout`, or see what is slow with `-x`"
}
