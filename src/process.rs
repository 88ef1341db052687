//! A command as data, and the one place that turns it into a process.
//!
//! A child gets its own process group, so that a signal to us reaches everything it started
//! and nothing survives us; when we cannot act any more, a warden does. Its output is streamed: memory
//! does not grow with what it prints.

pub mod counted;

pub mod death;

pub mod family;

pub mod interrupt;

pub mod lines;

pub mod measured;

pub mod memory;

pub mod processors;

mod question;

pub mod signal;

pub mod tool;

pub mod warden;

use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use interrupt::Interrupt;

use crate::error::{Error, Kind, Result};
pub use crate::review::Invocation;
use crate::review::Reviewed;
use family::Family;
use question::{Question, late};
use warden::MARK;

/// Which pipe a piece of output came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a process ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// Wall time from start to end.
    pub(crate) wall: Duration,
    /// Whether a process of our control group was killed for memory meanwhile; `None` where nobody counts.
    pub(crate) starved: Option<bool>,
    /// Its group, which it led.
    group: u32,
}

impl Outcome {
    /// Ends what it left running in its group.
    pub(crate) fn end_rest(&self) {
        let group = i32::try_from(self.group).ok().filter(|group| *group > 1);
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

enum Event {
    Bytes(Stream, Vec<u8>),
    End,
}

/// After a signal was forwarded, how long a child may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long a grandchild may hold a pipe open after the child ended.
const LINGER: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(50);
/// Held while a child is being started.
static BIRTH: Mutex<()> = Mutex::new(());
/// The most that is kept of a standard output: the package facts of 10,000 packages are 10 MB.
const MOST: usize = 24 << 20;
/// How many pieces of output are handled before signals are looked at again.
const BATCH: usize = 64;

/// Reviews `invocation`, runs it to its end and hands every piece of its output to `sink`, in order per stream.
///
/// Fails with [`Kind::Usage`] for a command that the review refuses, with [`Kind::Go`] when the program cannot be started, and with [`Kind::Signal`] when a
/// signal came meanwhile: then the whole process group has been ended. A non-zero exit status is
/// no error here.
pub(crate) fn run(
    invocation: &Invocation,
    interrupt: &Interrupt,
    mut sink: impl FnMut(Stream, &[u8]),
) -> Result<Outcome> {
    interrupt.check()?;
    let reviewed = invocation.reviewed()?;
    let start = Instant::now();
    let kills = memory::kills();
    let (stdout, stdout_writer) = std::io::pipe()?;
    let (stderr, stderr_writer) = std::io::pipe()?;
    // The warden expects one child at a time.
    let birth = BIRTH.lock().unwrap_or_else(PoisonError::into_inner);
    let mut watch = interrupt.warden.announce();
    let handle = expression(reviewed, watch.mark())
        .stdout_file(stdout_writer)
        .stderr_file(stderr_writer)
        .start()
        .map_err(|error| not_started(invocation, error))?;
    let (sender, events) = sync_channel(16);
    pump(stdout, Stream::Stdout, sender.clone());
    pump(stderr, Stream::Stderr, sender);
    let leader = handle.pids().first().copied().unwrap_or_default();
    watch.started(leader);
    drop(birth);
    let mut group = Group::of(leader);
    let mut open = 2;
    let mut ended = None;
    let mut question = Question::new(invocation, interrupt);
    let mut over = None;
    let status = loop {
        let mut heard = false;
        open -= drain(&events, &mut |stream, bytes| {
            heard = true;
            sink(stream, bytes);
        });
        over = over.or(question.look(heard));
        group.forward(interrupt, over.is_some());
        if ended.is_none() && handle.try_wait()?.is_some() {
            ended = Some(Instant::now());
        }
        let lingering = ended.is_some_and(|time: Instant| time.elapsed() > LINGER);
        if ended.is_some() && (open == 0 || lingering || group.forwarded.is_some()) {
            break handle.wait()?.status;
        }
        if open == 0 && ended.is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    if group.forwarded.is_some() {
        group.kill();
        return Err(stopped(invocation, interrupt, over));
    }
    Ok(Outcome {
        status,
        wall: start.elapsed(),
        starved: kills.and_then(|before| Some(memory::kills()? > before)),
        group: leader,
    })
}

/// Why a command was ended: a signal, the limit of the run, or `over`, the limit of the command.
fn stopped(invocation: &Invocation, interrupt: &Interrupt, over: Option<Duration>) -> Error {
    match (interrupt.signal(), interrupt.late(), over) {
        (None, Some(limit), _) => late(invocation, limit, false),
        (None, None, Some(limit)) => late(invocation, limit, true),
        (number, ..) => interrupt.ended(number.unwrap_or_default()),
    }
}

/// Runs `invocation` and keeps its standard output; each line of standard error goes to `talk`.
///
/// Fails like [`run`], and with [`Kind::Go`] when there is more output than 24 MiB.
pub(crate) fn capture(
    invocation: &Invocation,
    interrupt: &Interrupt,
    mut talk: impl FnMut(&[u8]),
) -> Result<(Outcome, Vec<u8>)> {
    let mut out = Vec::new();
    let mut lines = lines::Splitter::default();
    let mut too_much = false;
    let outcome = run(invocation, interrupt, |stream, bytes| match stream {
        Stream::Stdout if out.len() + bytes.len() <= MOST => out.extend_from_slice(bytes),
        Stream::Stdout => too_much = true,
        Stream::Stderr => lines.push(bytes, &mut talk),
    })?;
    lines.finish(&mut talk);
    if too_much {
        let program = Path::new(&invocation.program).display();
        let most = MOST >> 20;
        return Err(Error::new(
            Kind::Go,
            format!("`{program}` printed more than {most} MiB"),
        ));
    }
    Ok((outcome, out))
}

/// CPU time of this process, without its children.
pub(crate) fn own_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// CPU time of every process that ended and was started from here, directly or not; `None` where the kernel does not say.
pub(crate) fn children_cpu() -> Option<Duration> {
    // Linux counts in hundredths of a second whatever the kernel's own clock is.
    const TICK: Duration = Duration::from_millis(10);
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program may hold spaces and parentheses.
    let fields = status.rsplit_once(')')?.1;
    let mut times = fields.split_ascii_whitespace().skip(13);
    let ticks = times.next()?.parse::<u32>().ok()? + times.next()?.parse::<u32>().ok()?;
    Some(TICK * ticks)
}

/// The most memory that this process had, in bytes; `None` where the kernel does not say.
pub(crate) fn own_peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn expression(invocation: Reviewed<'_>, mark: Option<&str>) -> duct::Expression {
    let mut expression = duct::cmd(&invocation.program, &invocation.args)
        .dir(&invocation.cwd)
        .unchecked()
        .before_spawn(|command| {
            command.process_group(0);
            Ok(())
        });
    expression = match &invocation.stdin {
        Some(file) => expression.stdin_path(file),
        None => expression.stdin_null(),
    };
    for (name, value) in &invocation.env {
        expression = expression.env(name, value);
    }
    if let Some(mark) = mark {
        expression = expression.env(MARK, mark);
    }
    // Go and git look at PWD before they ask the kernel, which keeps symlinked paths short.
    expression.env("PWD", &invocation.cwd)
}

fn not_started(invocation: &Invocation, error: std::io::Error) -> Error {
    let program = Path::new(&invocation.program).display();
    if !invocation.cwd.is_dir() {
        return Error::new(
            Kind::Machine,
            format!(
                "the directory `{}` does not exist",
                invocation.cwd.display()
            ),
        );
    }
    match error.kind() {
        std::io::ErrorKind::NotFound if in_path(&invocation.program) => {
            Error::new(Kind::Go, format!("there is no `{program}` in PATH")).hint(
                "install Go (https://go.dev/dl), or name the command: GOBUILD_OPT_GO=/path/to/go",
            )
        }
        std::io::ErrorKind::NotFound => {
            Error::new(Kind::Go, format!("there is no program `{program}`"))
        }
        _ => Error::new(Kind::Go, format!("cannot start `{program}`")).source(error),
    }
}

fn in_path(program: &OsStr) -> bool {
    Path::new(program).components().count() == 1
}

fn pump(mut pipe: impl Read + Send + 'static, stream: Stream, sender: SyncSender<Event>) {
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    if sender
                        .send(Event::Bytes(stream, buffer[..length].to_vec()))
                        .is_err()
                    {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = sender.send(Event::End);
    });
}

/// Takes what is there, waiting a moment for the first piece. Returns how many pipes ended.
fn drain(events: &Receiver<Event>, sink: &mut impl FnMut(Stream, &[u8])) -> usize {
    let mut closed = 0;
    let first = events.recv_timeout(POLL).ok();
    // A child that never stops printing must not keep us from looking at signals.
    let more = std::iter::from_fn(|| events.try_recv().ok()).take(BATCH);
    for event in first.into_iter().chain(more) {
        match event {
            Event::Bytes(stream, bytes) => sink(stream, &bytes),
            Event::End => closed += 1,
        }
    }
    closed
}

/// The process group of a child, and the signals that it was sent.
struct Group {
    leader: u32,
    /// Everyone in it and below it when it was sent a signal.
    family: Family,
    forwarded: Option<Instant>,
    killed: bool,
}

impl Group {
    /// The group that a process leads.
    fn of(leader: u32) -> Self {
        Self {
            leader,
            family: Family::default(),
            forwarded: None,
            killed: false,
        }
    }

    /// Passes a signal on once, or asks to end when the time is `over`; kills the group when it has not gone after [`GRACE`].
    fn forward(&mut self, interrupt: &Interrupt, over: bool) {
        if interrupt.check().is_ok() && !over {
            return;
        }
        let signal = interrupt.signal();
        let signal = signal.and_then(rustix::process::Signal::from_named_raw);
        match self.forwarded {
            None => {
                self.family = Family::of(i32::try_from(self.leader));
                self.family
                    .send(signal.unwrap_or(rustix::process::Signal::TERM));
                self.forwarded = Some(Instant::now());
            }
            Some(since) if since.elapsed() > GRACE && !self.killed => self.kill(),
            Some(_) => {}
        }
    }

    fn kill(&mut self) {
        self.family.send(rustix::process::Signal::KILL);
        self.killed = true;
    }
}
