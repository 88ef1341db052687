//! `gobuild-opt toolexec`: what go starts in place of every tool. The compile of a package that is wanted is asked for
//! diagnostics, which are kept; every other tool takes our place at once.
//!
//! No failure here fails the build: then the compiler runs as if we were not there.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;

use super::super::seen_links::{self, Outside};
use super::super::{barrier, tools};
use super::{DRAFT, LONGEST, path};
use crate::error::{Error, Kind, Result};
use crate::escape::parse::{self, Meaning};
use crate::plan::toolexec::{Job, Link, Measured, NAME, Request};
use crate::process::lines::Splitter;
use crate::process::tool;

/// How what we say in place of a tool begins.
pub(crate) const SPEAKS: &str = "gobuild-opt toolexec:";

/// Runs the command that stands in `args`, behind the subcommand. `package` is TOOLEXEC_IMPORTPATH, `steered` whether the
/// environment makes the compiler print, `outside` what stands around us, and `out` our standard output. Returns the exit code
/// of a tool that was captured or measured; any other takes our place. Fails with [`Kind::Usage`] or [`Kind::Go`].
pub fn run(
    args: &[OsString],
    package: &OsStr,
    steered: bool,
    outside: impl FnOnce() -> Outside,
    out: &mut dyn Write,
) -> Result<u8> {
    let Some(request) = Request::read(args) else {
        return Err(
            Error::new(Kind::Usage, format!("`{NAME}` is no command for users"))
                .hint("go calls it while a release is compiled; see `gobuild-opt plan`"),
        );
    };
    if let Some(records) = request.asks_linker() {
        barrier::pass(records);
    }
    let link = request.link(package);
    let variable = link.and_then(|link| recorded(&link, &outside()));
    let measured = request.measured(package);
    let job = request.job(package).filter(|_| !steered);
    if let Some(code) = job.and_then(|job| capture(&job, measured.as_ref(), out)) {
        return Ok(code);
    }
    let measure = |measured| measure(request.command, &measured, variable);
    if let Some(code) = measured.and_then(measure) {
        return Ok(code);
    }
    let error = tool::replace(request.command);
    let program = request.command[0].display();
    Err(Error::new(Kind::Go, format!("{SPEAKS} cannot start `{program}`")).source(error))
}

/// Keeps a record of a link. Returns the variable that it gets, where there is room for it.
fn recorded(link: &Link<'_>, outside: &Outside) -> Option<(&'static str, &'static str)> {
    let is_set = outside.env.iter().any(|pair| pair.0 == seen_links::LAZY.0);
    let inputs = seen_links::record(link, outside);
    let wanted = !is_set && inputs.is_some_and(seen_links::has_room);
    wanted.then_some(seen_links::LAZY)
}

/// Runs the tool and records what it took. `None` where it could not be started.
fn measure(
    command: &[OsString],
    about: &Measured<'_>,
    variable: Option<(&str, &str)>,
) -> Option<u8> {
    let running = tools::begin(about);
    let status = tool::wait(command, variable).ok()?;
    tools::end(running, status);
    if let Some(signal) = status.signal() {
        return Some(tool::die(signal));
    }
    status.code().and_then(|number| u8::try_from(number).ok())
}

/// Compiles and keeps the diagnostics. Returns the exit code; `None`: nothing was done that counts.
fn capture(job: &Job, measured: Option<&Measured<'_>>, out: &mut dyn Write) -> Option<u8> {
    let mut draft = Draft::new(job)?;
    let mut theirs = Splitter::default();
    let mut forward = |line: &[u8]| {
        if !is_told(line) {
            let _ = out.write_all(line).and_then(|()| out.write_all(b"\n"));
        }
    };
    let running = measured.and_then(tools::begin);
    let status = tool::tap(&job.command, |bytes| {
        draft.write(bytes);
        if job.shared {
            theirs.push(bytes, &mut forward);
        }
    });
    let status = status.ok()?;
    tools::end(running, status);
    if status.success() {
        theirs.finish(&mut forward);
        let _ = out.flush();
        draft.publish();
        return Some(0);
    }
    drop(draft);
    if let Some(signal) = asked_to_end(status) {
        return Some(tool::die(signal));
    }
    // Again without our flags: the errors are the compiler's own. So is a compiler that ran out of memory.
    None
}

/// Whether the compiler said so because of our flags; a program of the user's may say other things.
fn is_told(line: &[u8]) -> bool {
    parse::diagnostic(line)
        .is_some_and(|diagnostic| parse::meaning(diagnostic.message) != Meaning::Unknown)
}

/// The signal that asked the tool, and with it the build, to stop.
fn asked_to_end(status: ExitStatus) -> Option<i32> {
    use rustix::process::Signal;
    let asked = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];
    status
        .signal()
        .filter(|number| asked.iter().any(|signal| signal.as_raw() == *number))
}

/// A capture that is being written, and does not hold up the compiler whatever becomes of it.
struct Draft<'a> {
    job: &'a Job,
    /// `None` once something failed.
    file: Option<GzEncoder<NamedTempFile>>,
    written: u64,
    ends: bool,
}

impl<'a> Draft<'a> {
    fn new(job: &'a Job) -> Option<Self> {
        let create = || {
            tempfile::Builder::new()
                .prefix(DRAFT)
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(&job.store)
        };
        let file = create()
            .or_else(|_| std::fs::create_dir_all(&job.store).and_then(|()| create()))
            .ok()?;
        let mut draft = Self {
            job,
            file: Some(GzEncoder::new(file, Compression::fast())),
            written: 0,
            ends: true,
        };
        draft.write(b"# ");
        draft.write(job.package.as_bytes());
        draft.write(b"\n");
        draft.file.is_some().then_some(draft)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.written += bytes.len() as u64;
        self.ends = bytes.ends_with(b"\n");
        let failed = |encoder: &mut GzEncoder<_>| {
            self.written > LONGEST || encoder.write_all(bytes).is_err()
        };
        if self.file.as_mut().is_some_and(failed) {
            self.file = None;
        }
    }

    /// Gives the capture its name. A disk that is full now is no reason to fail.
    fn publish(mut self) {
        if !self.ends {
            self.write(b"\n");
        }
        let file = self.file.take().and_then(|encoder| encoder.finish().ok());
        let name = path(&self.job.store, &self.job.action);
        if let (Some(file), Some(name)) = (file, name) {
            drop(file.persist(name));
        }
    }
}
