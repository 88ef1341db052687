//! Runs the workload once with a program, and reads the numbers of the run.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::serving::{self, Ready};
use super::wish::{BIN, Wish, Words};
use crate::build::user_program::run_program;
use crate::error::{Error, Kind, Result};
use crate::process::interrupt::seconds;
use crate::process::measured::{ARGUMENT, Ending, Taken};
use crate::process::{Interrupt, Invocation, Stream};
use crate::prove::run::{Numbers, Run, Value};
use crate::review::Ground;

/// Lines of a failed command that are shown.
const LINES: usize = 12;

/// How long after it answered a server is asked again.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a teardown may take after a signal.
const CLEANING: Duration = Duration::from_secs(10);

/// How workloads are run.
pub struct Runner<'a> {
    /// What is run.
    pub wish: &'a Wish,
    /// This program.
    pub own: PathBuf,
    /// Where numbers are written meanwhile.
    pub scratch: PathBuf,
    /// Who asks us to stop.
    pub interrupt: &'a Interrupt,
}

/// The program of a run.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The file that stands for `{bin}`.
    pub file: &'a Path,
    /// What it is called.
    pub name: &'a str,
    /// Where commands run.
    pub cwd: &'a Path,
}

/// What a command printed, and how it ended.
#[derive(Default)]
struct Done {
    ending: Ending,
    numbers: Numbers,
    last: Vec<String>,
}

impl Done {
    /// Reads the numbers in a line of the output, and keeps the last lines of both.
    fn read(&mut self, stream: Stream, line: &[u8]) {
        let text = String::from_utf8_lossy(line).into_owned();
        if stream == Stream::Stdout {
            self.numbers.line(&text);
        }
        if self.last.len() == LINES {
            self.last.remove(0);
        }
        self.last.push(text);
    }
}

impl Runner<'_> {
    /// Runs setup, the workload and teardown; teardown whatever came of them. Fails with [`Kind::Usage`] and the last lines
    /// that it printed where a command fails or does not end in time.
    pub fn run(&self, subject: Subject<'_>) -> Result<Run> {
        let run = self.prepared(subject);
        let after = match &self.wish.teardown {
            Some(words) => self.tear_down(words, subject),
            None => Ok(()),
        };
        // What failed first is the reason.
        let run = run?;
        after.map(|()| run)
    }

    fn prepared(&self, subject: Subject<'_>) -> Result<Run> {
        if let Some(words) = &self.wish.setup {
            self.plain(words, subject, "setup", self.interrupt)?;
        }
        match &self.wish.serve {
            None => self.alone(subject),
            Some((server, ready)) => self.served(server, ready, subject),
        }
    }

    /// A signal does not keep it from running; it ends it after [`CLEANING`].
    fn tear_down(&self, words: &Words, subject: Subject<'_>) -> Result<()> {
        let own = self.interrupt.beside();
        std::thread::scope(|scope| {
            let runs = scope.spawn(|| self.plain(words, subject, "teardown", &own));
            let mut due = None;
            while !runs.is_finished() {
                if self.interrupt.check().is_err()
                    && due.get_or_insert_with(Instant::now).elapsed() > CLEANING
                {
                    own.signal.store(15, Ordering::SeqCst);
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            let lost = |_| Err(Error::new(Kind::Machine, "the teardown cannot be watched"));
            runs.join().unwrap_or_else(lost).map(drop)
        })
    }

    /// The workload is what is measured.
    fn alone(&self, subject: Subject<'_>) -> Result<Run> {
        let numbers = self.scratch.join("taken");
        let words = &self.wish.workload;
        let (taken, done) = self.measured(words, subject, "workload", &numbers, self.interrupt)?;
        if taken.ending != Ending::Code(0) {
            return Err(failed("workload", subject.name, taken.ending, &done.last));
        }
        Ok(Run {
            taken,
            own: own(done.numbers)?,
        })
    }

    /// The server is what is measured, while the workload runs.
    fn served(&self, server: &Words, ready: &str, subject: Subject<'_>) -> Result<Run> {
        let ready = Ready::read(ready)?;
        // Somebody else's server would answer in its place.
        if ready.answers() {
            let message = format!("`{ready}` answers before the server is started");
            return Err(Error::new(Kind::Usage, message)
                .hint("stop what listens there, or take another port"));
        }
        let numbers = self.scratch.join("served");
        let _ = std::fs::remove_file(&numbers);
        let stop = self.interrupt.beside();
        std::thread::scope(|scope| {
            let runs = scope.spawn(|| self.measured(server, subject, "server", &numbers, &stop));
            let start = Instant::now();
            let load = self.loaded(&ready, subject, start, &|| runs.is_finished());
            let is_gone = || runs.is_finished() || numbers.exists();
            if matches!(load, Some(Ok(_))) {
                linger(&ready, &is_gone);
            }
            let was_gone = is_gone();
            if !was_gone {
                stop.signal.store(15, Ordering::SeqCst);
            }
            let ended = runs.join();
            let when = if load.is_some() { "stopped" } else { "ready" };
            let is_interrupted =
                matches!(&load, Some(Err(error)) if matches!(error.kind, Kind::Signal(_)));
            if !is_interrupted {
                check_end(ended, was_gone, (subject.name, when))?;
            }
            let load = load.unwrap_or_else(|| Err(nothing()))?;
            let taken = read(&numbers)?;
            Ok(Run {
                taken,
                own: own(load.numbers)?,
            })
        })
    }

    /// Runs the workload once the server answers; `None`: it ended before it did.
    fn loaded(
        &self,
        ready: &Ready,
        subject: Subject<'_>,
        start: Instant,
        has_ended: &dyn Fn() -> bool,
    ) -> Option<Result<Done>> {
        loop {
            if has_ended() {
                return None;
            }
            if ready.answers() {
                let words = &self.wish.workload;
                return Some(self.plain(words, subject, "workload", self.interrupt));
            }
            let waited = self.interrupt.sleep(Duration::from_millis(10));
            if waited.is_err() || start.elapsed() > self.wish.limit.min(serving::PATIENCE) {
                let late = serving::late(ready, subject.name, start.elapsed());
                return Some(waited.and(Err(late)));
            }
        }
    }

    /// A command of the wish that is not measured; it has to succeed.
    fn plain(
        &self,
        words: &Words,
        subject: Subject<'_>,
        what: &str,
        interrupt: &Interrupt,
    ) -> Result<Done> {
        let words = filled(words, subject.file);
        let (program, args) = words.split_first().ok_or_else(nothing)?;
        let command = Invocation::new(program, args, subject.cwd, &Arc::new(Ground::everything()));
        let done = self.capture(&command, subject.name, what, interrupt)?;
        match done.ending {
            Ending::Code(0) => Ok(done),
            ending => Err(failed(what, subject.name, ending, &done.last)),
        }
    }

    /// Runs a command for its numbers.
    fn measured(
        &self,
        words: &Words,
        subject: Subject<'_>,
        what: &str,
        numbers: &Path,
        interrupt: &Interrupt,
    ) -> Result<(Taken, Done)> {
        let _ = std::fs::remove_file(numbers);
        let cpus = self.wish.cpus.clone().unwrap_or_else(|| "-".into());
        let mut args: Vec<OsString> = vec![ARGUMENT.into(), numbers.into(), cpus.into()];
        args.extend(filled(words, subject.file));
        let command = Invocation::new(
            &self.own,
            args,
            subject.cwd,
            &Arc::new(Ground::everything()),
        );
        let done = self.capture(&command, subject.name, what, interrupt)?;
        if done.ending == Ending::Code(127) {
            let why = std::fs::read_to_string(numbers).unwrap_or_default();
            return Err(not_run(&filled(words, subject.file), why.trim()));
        }
        Ok((read(numbers)?, done))
    }

    fn capture(
        &self,
        command: &Invocation,
        name: &str,
        what: &str,
        interrupt: &Interrupt,
    ) -> Result<Done> {
        let one = interrupt.for_one(Some(self.wish.limit));
        let mut done = Done::default();
        let outcome = run_program(command, &one, |stream, line| done.read(stream, line));
        let outcome = outcome.map_err(|error| match (one.late(), error.kind) {
            (Some(limit), Kind::Go) => {
                let limit = seconds(limit);
                let message = format!("the {what} did not end within {limit} (`{name}`)");
                Error::new(Kind::Usage, message).hint("`--run-timeout TIME` allows more")
            }
            _ => error,
        })?;
        // What setup starts is for the workload; what a workload leaves would run beside the next one.
        if matches!(what, "workload" | "server") {
            outcome.end_rest();
        }
        done.ending = Ending::of(outcome.status);
        Ok(done)
    }
}

/// Gives a server that does not answer any more the time to be gone: it has ended, or is slow, and an end is written down at
/// once. One that is about to end may answer once more.
fn linger(ready: &Ready, is_gone: &dyn Fn() -> bool) {
    let answers = || {
        ready.answers() && {
            std::thread::sleep(AGAIN);
            ready.answers()
        }
    };
    if answers() {
        return;
    }
    let start = Instant::now();
    while !is_gone() && start.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a server ended as it should: only when it was stopped. `of` is its name, and what it should have waited for.
fn check_end(
    ended: std::thread::Result<Result<(Taken, Done)>>,
    was_gone: bool,
    of: (&str, &str),
) -> Result<()> {
    match ended {
        Ok(Ok((taken, done))) if was_gone => Err(gone(of.0, of.1, &taken, &done.last)),
        // Go ends with 2 where its own signal does not end it at once.
        Ok(Ok(_)) => Ok(()),
        // It was stopped, which is no failure.
        Ok(Err(error)) if !was_gone && error.kind == Kind::Signal(15) => Ok(()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::new(Kind::Machine, "the server cannot be watched")),
    }
}

/// The numbers of a run by name.
fn own(numbers: Numbers) -> Result<BTreeMap<String, Value>> {
    numbers.middles().ok_or_else(|| {
        let message = "the workload prints too many lines `name value unit`";
        Error::new(Kind::Usage, message).hint("let it print what is to be judged, once a run")
    })
}

fn nothing() -> Error {
    Error::new(Kind::Usage, "there is no command")
}

/// The words with the program in its place.
fn filled(words: &Words, file: &Path) -> Vec<OsString> {
    let path = file.to_string_lossy();
    let word = |it: &String| it.replace(BIN, &path).into();
    words.iter().map(word).collect()
}

fn read(numbers: &Path) -> Result<Taken> {
    let text = std::fs::read_to_string(numbers).unwrap_or_default();
    Taken::read(&text).ok_or_else(|| {
        Error::new(Kind::Machine, "the numbers of a run are not there")
            .hint("it was killed, or the disk is full")
    })
}

/// The error of a command that could not be started.
fn not_run(words: &[OsString], why: &str) -> Error {
    let program = words.first().map(|word| word.to_string_lossy());
    let program = program.unwrap_or_default();
    let error = Error::new(Kind::Usage, format!("cannot run `{program}`")).source(why.to_owned());
    // The line as one word, as other tools take it.
    match words.len() == 1 && program.contains(' ') {
        true => error.hint(
            "behind `--` stand the words of a command: leave the quotes away, or say `-- sh -c '...'`",
        ),
        false => error,
    }
}

fn failed(what: &str, name: &str, ending: Ending, last: &[String]) -> Error {
    let message = format!("the {what} failed with {ending} (`{name}`)");
    let error = Error::new(Kind::Usage, message)
        .hint("nothing is judged by runs that fail: see that it succeeds with every program");
    with_lines(error, last)
}

/// The error of a server that ended by itself, `when` being what it had to be before.
fn gone(name: &str, when: &str, taken: &Taken, last: &[String]) -> Error {
    let ending = taken.ending;
    let message = format!("the server ended with {ending} before it was {when} (`{name}`)");
    let error = Error::new(Kind::Usage, message)
        .hint("it has to serve in the foreground until it is told to stop");
    with_lines(error, last)
}

fn with_lines(error: Error, last: &[String]) -> Error {
    match last {
        [] => error,
        lines => error.detail(lines.join("\n")),
    }
}
