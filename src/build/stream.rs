//! Writes bytes into a device or a FIFO: a write that waits for a reader stops when a signal comes.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

const POLL: Duration = Duration::from_millis(50);

/// Whether a file is written to and never replaced.
///
/// A link to one is none, but for those of the system itself such as `/dev/stdout`: a link in a checkout may lead to a disk.
pub(crate) fn is_stream(path: &Path) -> bool {
    if path.is_symlink()
        && !["/dev", "/proc"]
            .iter()
            .any(|prefix| path.starts_with(prefix))
    {
        return false;
    }
    path.metadata().is_ok_and(|metadata| {
        let kind = metadata.file_type();
        kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket()
    })
}

/// Writes everything; waits for the reader of a FIFO, and for its pace. `opened` is called before the first byte.
///
/// Fails with [`Kind::Machine`], and as [`Interrupt::check`] does.
pub(crate) fn write(
    source: &mut dyn Read,
    output: &Path,
    interrupt: &Interrupt,
    opened: impl FnOnce(),
) -> Result<()> {
    let shown = output.display();
    let failed = |error: std::io::Error| {
        Error::new(Kind::Machine, format!("cannot write `{shown}`")).source(error)
    };
    let mut sink = open(output, interrupt)?;
    opened();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = source.read(&mut buffer).map_err(failed)?;
        if length == 0 {
            return Ok(());
        }
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            interrupt.check()?;
            match sink.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => wait(&sink)?,
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

/// Opens without waiting, again and again: an open that waits hears no signal.
fn open(output: &Path, interrupt: &Interrupt) -> Result<File> {
    let shown = output.display();
    let is_fifo = output
        .metadata()
        .is_ok_and(|metadata| metadata.file_type().is_fifo());
    let mut waiting = false;
    loop {
        let opened = File::options()
            .write(true)
            .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
            .open(output);
        match opened {
            Err(error) if is_fifo && error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                if !std::mem::replace(&mut waiting, true) {
                    interrupt.say(&format!("waiting for a reader of `{shown}`"));
                }
                interrupt.sleep(POLL)?;
            }
            opened => {
                let message = format!("cannot write `{shown}`");
                return opened.map_err(|error| Error::new(Kind::Machine, message).source(error));
            }
        }
    }
}

/// Waits a moment for room.
fn wait(sink: &File) -> Result<()> {
    let moment = Timespec::try_from(POLL).ok();
    match poll(&mut [PollFd::new(sink, PollFlags::OUT)], moment.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(std::io::Error::from(error).into()),
    }
}
