//! A command in our place, or behind us with its standard output in our hands: what a wrapper of tools needs. The tool
//! stays in our process group, with our standard input and error, as if we were not there.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};

/// Becomes the command. Returns only when it cannot be started.
pub fn replace(command: &[OsString]) -> std::io::Error {
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
pub fn tap(command: &[OsString], mut sink: impl FnMut(&[u8])) -> std::io::Result<ExitStatus> {
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

/// Ends this process by a signal, as the tool ended.
pub fn die(signal: i32) {
    if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
}

fn build(command: &[OsString]) -> Option<Command> {
    let (program, args) = command.split_first()?;
    let mut command = Command::new(program);
    command.args(args);
    Some(command)
}
