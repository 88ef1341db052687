//! A command in our place, or behind us with its standard output in our hands: what a wrapper of tools needs. The tool
//! stays in our process group, with our standard input and error, as if we were not there.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// What the processes took that ended below this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Their CPU time.
    pub(crate) cpu: Duration,
    /// The most memory that one of them had, in bytes.
    pub(crate) peak: u64,
}

/// What our children took; `None` where the kernel does not say. A child that is killed counts as well.
pub(crate) fn usage_of_children() -> Option<Usage> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let time = |val: nix::sys::time::TimeVal| {
        let seconds = u64::try_from(val.tv_sec()).unwrap_or(0);
        Duration::from_secs(seconds)
            + Duration::from_micros(u64::try_from(val.tv_usec()).unwrap_or(0))
    };
    let peak = u64::try_from(usage.max_rss()).unwrap_or(0);
    Some(Usage {
        cpu: time(usage.user_time()) + time(usage.system_time()),
        // macOS counts bytes, everybody else kibibytes.
        peak: if cfg!(target_os = "macos") {
            peak
        } else {
            peak << 10
        },
    })
}

/// Becomes the command. Returns only when it cannot be started.
pub(crate) fn replace(command: &[OsString]) -> std::io::Error {
    match build(command) {
        Some(mut it) => it.exec(),
        None => std::io::ErrorKind::InvalidInput.into(),
    }
}

/// Becomes the command, with a variable set or taken out of its environment. Returns only when it cannot be started.
pub fn replace_with(command: &[OsString], name: &str, value: Option<&OsStr>) -> std::io::Error {
    let Some(mut it) = build(command) else {
        return std::io::ErrorKind::InvalidInput.into();
    };
    match value {
        Some(value) => it.env(name, value),
        None => it.env_remove(name),
    };
    it.exec()
}

/// Runs the command to its end; each piece of its standard output goes to `sink`.
pub(crate) fn tap(
    command: &[OsString],
    mut sink: impl FnMut(&[u8]),
) -> std::io::Result<ExitStatus> {
    let mut command = build(command).ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    if let Some(mut pipe) = child.stdout.take() {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => sink(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    }
    child.wait()
}

/// Runs the command to its end, with our own input and output, and with a variable where one is to be set.
pub(crate) fn wait(
    command: &[OsString],
    variable: Option<(&str, &str)>,
) -> std::io::Result<ExitStatus> {
    let mut command = build(command).ok_or(std::io::ErrorKind::InvalidInput)?;
    command.envs(variable);
    command.status()
}

/// Ends this process by a signal, as the tool ended. Returns where the signal does not end us, because it is ignored or has
/// no name: with the exit code that a shell gives for it.
pub(crate) fn die(signal: i32) -> u8 {
    if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    u8::try_from(signal.saturating_add(128)).unwrap_or(u8::MAX)
}

fn build(command: &[OsString]) -> Option<Command> {
    let (program, args) = command.split_first()?;
    let mut command = Command::new(program);
    command.args(args);
    Some(command)
}
