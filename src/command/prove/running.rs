//! A program in, one run of the workload with its numbers out.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::serving::{self, Ready};
use super::wish::{BIN, Wish, Words};
use crate::error::{Error, Kind, Result};
use crate::process::interrupt::seconds;
use crate::process::lines::Splitter;
use crate::process::measured::{ARGUMENT, Taken};
use crate::process::{self, Interrupt, Invocation, Stream};
use crate::prove::run::{self, Run};
use crate::review::Ground;

/// How much of what a command prints is kept.
const MOST: usize = 1 << 20;
/// Lines of a failed command that are shown.
const LINES: usize = 12;

/// How workloads are run.
pub struct Runner<'a> {
    /// What is run.
    pub wish: &'a Wish,
    /// This program.
    pub own: PathBuf,
    /// Where numbers are written meanwhile.
    pub scratch: PathBuf,
    /// Where commands run.
    pub cwd: PathBuf,
    /// Who asks us to stop.
    pub interrupt: &'a Interrupt,
}

/// What a command printed, and how it ended.
struct Done {
    code: i32,
    out: Vec<u8>,
    last: Vec<String>,
}

impl Runner<'_> {
    /// Runs setup, the workload and teardown. `file` is the program, `name` what it is called. Fails with [`Kind::Usage`] and the
    /// last lines that it printed where a command fails or does not end in time.
    pub fn run(&self, file: &Path, name: &str) -> Result<Run> {
        if let Some(words) = &self.wish.setup {
            self.plain(words, file, name, "setup")?;
        }
        let measured = match &self.wish.serve {
            None => self.alone(file, name),
            Some((server, ready)) => self.served(server, ready, file, name),
        };
        let run = measured?;
        if let Some(words) = &self.wish.teardown {
            self.plain(words, file, name, "teardown")?;
        }
        Ok(run)
    }

    /// The workload is what is measured.
    fn alone(&self, file: &Path, name: &str) -> Result<Run> {
        let numbers = self.scratch.join("taken");
        let (taken, done) =
            self.measured(&self.wish.workload, file, name, &numbers, self.interrupt)?;
        if taken.code != 0 {
            return Err(failed("workload", name, taken.code, &done.last));
        }
        Ok(Run {
            taken,
            own: run::read(&String::from_utf8_lossy(&done.out)),
        })
    }

    /// The server is what is measured, while the workload runs.
    fn served(&self, server: &Words, ready: &str, file: &Path, name: &str) -> Result<Run> {
        let ready = Ready::read(ready)?;
        // Somebody else's server would answer in its place.
        if ready.answers() {
            let message = format!("`{ready}` answers before the server is started");
            return Err(Error::new(Kind::Usage, message)
                .hint("stop what listens there, or take another port"));
        }
        let numbers = self.scratch.join("served");
        let stop = self.interrupt.beside();
        std::thread::scope(|scope| {
            let runs = scope.spawn(|| self.measured(server, file, name, &numbers, &stop));
            let start = Instant::now();
            let load = loop {
                if runs.is_finished() {
                    break None;
                }
                if ready.answers() {
                    break Some(self.plain(&self.wish.workload, file, name, "workload"));
                }
                let waited = self.interrupt.sleep(Duration::from_millis(10));
                if waited.is_err() || start.elapsed() > self.wish.limit.min(serving::PATIENCE) {
                    let late = serving::late(&ready, name, start.elapsed());
                    break Some(waited.and(Err(late)));
                }
            };
            stop.signal.store(15, Ordering::SeqCst);
            let ended = runs.join();
            let Some(load) = load else {
                let said = match ended {
                    Ok(Ok((taken, done))) => failed("server", name, taken.code, &done.last),
                    Ok(Err(error)) => error,
                    Err(_) => Error::new(Kind::Machine, "the server cannot be watched"),
                };
                return Err(said);
            };
            let load = load?;
            // It was told to stop, which is no failure.
            let taken = read(&numbers)?;
            Ok(Run {
                taken,
                own: run::read(&String::from_utf8_lossy(&load.out)),
            })
        })
    }

    /// A command of the wish that is not measured; it has to succeed.
    fn plain(&self, words: &Words, file: &Path, name: &str, what: &str) -> Result<Done> {
        let words = filled(words, file);
        let (program, args) = words.split_first().ok_or_else(nothing)?;
        let command = Invocation::new(program, args, &self.cwd, &Arc::new(Ground::everything()));
        let done = self.capture(&command, name, what, self.interrupt)?;
        match done.code {
            0 => Ok(done),
            code => Err(failed(what, name, code, &done.last)),
        }
    }

    /// Runs a command for its numbers.
    fn measured(
        &self,
        words: &Words,
        file: &Path,
        name: &str,
        numbers: &Path,
        interrupt: &Interrupt,
    ) -> Result<(Taken, Done)> {
        let _ = std::fs::remove_file(numbers);
        let cpus = self.wish.cpus.clone().unwrap_or_else(|| "-".into());
        let mut args: Vec<OsString> = vec![ARGUMENT.into(), numbers.into(), cpus.into()];
        args.extend(filled(words, file));
        let command = Invocation::new(&self.own, args, &self.cwd, &Arc::new(Ground::everything()));
        let done = self.capture(&command, name, "workload", interrupt)?;
        if done.code == 127 {
            let why = std::fs::read_to_string(numbers).unwrap_or_default();
            let words = filled(words, file);
            let program = words.first().map(|it| it.to_string_lossy().into_owned());
            let message = format!("cannot run `{}`", program.unwrap_or_default());
            return Err(Error::new(Kind::Usage, message).source(why.trim().to_owned()));
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
        let mut done = Done {
            code: 0,
            out: Vec::new(),
            last: Vec::new(),
        };
        let mut lines = [Splitter::default(), Splitter::default()];
        let last = &mut done.last;
        let mut keep = |line: &[u8]| {
            if last.len() == LINES {
                last.remove(0);
            }
            last.push(String::from_utf8_lossy(line).into_owned());
        };
        let outcome = process::run(command, &one, |stream, bytes| {
            let is_out = stream == Stream::Stdout;
            if is_out && done.out.len() + bytes.len() <= MOST {
                done.out.extend_from_slice(bytes);
            }
            lines[usize::from(!is_out)].push(bytes, &mut keep);
        });
        for line in &mut lines {
            line.finish(&mut keep);
        }
        let outcome = outcome.map_err(|error| match (one.late(), error.kind) {
            (Some(limit), Kind::Go) => {
                let limit = seconds(limit);
                let message = format!("the {what} did not end within {limit} (`{name}`)");
                Error::new(Kind::Usage, message).hint("`--run-timeout TIME` allows more")
            }
            _ => error,
        })?;
        use std::os::unix::process::ExitStatusExt;
        let signal = || outcome.status.signal().map_or(-1, |it| 128 + it);
        done.code = outcome.status.code().unwrap_or_else(signal);
        Ok(done)
    }
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

fn failed(what: &str, name: &str, code: i32, last: &[String]) -> Error {
    let how = match code {
        129.. => format!("signal {}", code - 128),
        code => format!("exit code {code}"),
    };
    let error = Error::new(
        Kind::Usage,
        format!("the {what} failed with {how} (`{name}`)"),
    )
    .hint("nothing is judged by runs that fail: see that it succeeds with every program");
    match last {
        [] => error,
        lines => error.detail(lines.join("\n")),
    }
}
