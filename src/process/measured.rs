//! A command run for its numbers by a process of its own, so that what the kernel counts is of that command alone.
//!
//! A small process of ours starts it, waits, and writes what it took: nothing of our own memory is in its peak, and
//! runs that stand one behind the other do not add up.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use super::counted::Counter;
use super::processors;

/// The argument that makes this program such a process: behind it a file for the numbers, processors or `-`, and the command.
pub const ARGUMENT: &str = "__measure";

/// What the kernel counted of a run, with everything that it started and waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Taken {
    /// CPU time in user space, in microseconds.
    pub user: u64,
    /// CPU time in the kernel, in microseconds.
    pub system: u64,
    /// From start to end, in nanoseconds.
    pub wall: u64,
    /// The most memory of one process, in bytes.
    pub peak: u64,
    /// Page faults, with and without the disk.
    pub faults: u64,
    /// Instructions in user space; `None` where nobody counted.
    pub instructions: Option<u64>,
    /// How it ended.
    pub ending: Ending,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl Default for Ending {
    fn default() -> Self {
        Self::Code(0)
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => write!(f, "signal {number}"),
        }
    }
}

impl Ending {
    /// How a process with this status ended.
    pub fn of(status: std::process::ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl Taken {
    /// A line for [`Taken::read`].
    pub fn line(&self) -> String {
        let (kind, number) = match self.ending {
            Ending::Code(code) => ("code", code),
            Ending::Signal(number) => ("signal", number),
        };
        format!(
            "{} {} {} {} {} {} {kind} {number}\n",
            self.user,
            self.system,
            self.wall,
            self.peak,
            self.faults,
            self.instructions
                .map_or("-".to_owned(), |instructions| instructions.to_string())
        )
    }

    /// `None` for what is no such line.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let mut number = || -> Option<u64> { words.next()?.parse().ok() };
        Some(Self {
            user: number()?,
            system: number()?,
            wall: number()?,
            peak: number()?,
            faults: number()?,
            instructions: match words.next()? {
                "-" => None,
                count => Some(count.parse().ok()?),
            },
            ending: match (words.next()?, words.next()?.parse().ok()?) {
                ("code", code) => Ending::Code(code),
                ("signal", number) => Ending::Signal(number),
                _ => return None,
            },
        })
    }
}

/// Runs a command to its end on some processors, or on all; fails where it cannot be started. Signals that ask to stop are for the
/// command, which is in our group: we wait for it whatever comes.
pub fn run(wanted: Option<&[usize]>, command: &[OsString]) -> std::io::Result<Taken> {
    let (program, args) = command
        .split_first()
        .ok_or(std::io::ErrorKind::InvalidInput)?;
    if let Some(wanted) = wanted {
        processors::keep_to(wanted)?;
    }
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
        signal_hook::consts::SIGQUIT,
    ] {
        signal_hook::flag::register(signal, Arc::default())?;
    }
    let mut counter = Counter::instructions().ok();
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .spawn()?;
    let status = child.wait()?;
    let wall = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros =
        |time: nix::sys::time::TimeVal| number(time.tv_sec()) * 1_000_000 + number(time.tv_usec());
    let peak = number(usage.max_rss());
    Ok(Taken {
        user: micros(usage.user_time()),
        system: micros(usage.system_time()),
        wall,
        // macOS counts bytes, everybody else kibibytes.
        peak: if cfg!(target_os = "macos") {
            peak
        } else {
            peak << 10
        },
        faults: number(usage.minor_page_faults()) + number(usage.major_page_faults()),
        // No program runs without one: none is a count that was lost.
        instructions: (counter.as_mut())
            .and_then(Counter::number)
            .filter(|count| *count > 0),
        ending: Ending::of(status),
    })
}

/// A count of the system, of whatever type it is there.
fn number(count: impl TryInto<u64>) -> u64 {
    count.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_was_taken() {
        let taken = Taken {
            user: 1,
            system: 2,
            wall: 3,
            peak: 4,
            faults: 5,
            instructions: None,
            ending: Ending::Code(137),
        };
        assert_eq!(Taken::read(&taken.line()), Some(taken));
        let taken = Taken {
            instructions: Some(6),
            ending: Ending::Signal(9),
            ..taken
        };
        assert_eq!(Taken::read(&taken.line()), Some(taken));
        assert_eq!(Taken::read("1 2 3"), None);
    }
}
