//! The small process that runs a workload for its numbers.

use std::ffi::OsString;
use std::path::Path;

use crate::process::{measured, processors};

/// FILE PROCESSORS COMMAND...: runs the command and writes what it took to the file. The exit code is 0 where the command could be
/// started, however it ended; 127 where it could not, and the file says why then.
pub fn run(args: &[OsString]) -> u8 {
    let [file, list, command @ ..] = args else {
        return 2;
    };
    let list = list.to_str().and_then(processors::parse);
    let (text, code) = match measured::run(list.as_deref(), command) {
        Ok(taken) => (taken.line(), 0),
        Err(error) => (format!("{error}\n"), 127),
    };
    // Who reads it notices that it is not there.
    let _ = std::fs::write(Path::new(file), text);
    code
}
