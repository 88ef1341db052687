//! Signals by their names.

use rustix::process::Signal;

/// Their names, and what Go and the C library call them. The numbers differ between kernels.
const NAMES: [(Signal, &str, &str); 15] = [
    (Signal::HUP, "SIGHUP", "hangup"),
    (Signal::INT, "SIGINT", "interrupt"),
    (Signal::QUIT, "SIGQUIT", "quit"),
    (Signal::ILL, "SIGILL", "illegal instruction"),
    (Signal::TRAP, "SIGTRAP", "trace/breakpoint trap"),
    (Signal::ABORT, "SIGABRT", "aborted"),
    (Signal::BUS, "SIGBUS", "bus error"),
    (Signal::FPE, "SIGFPE", "floating point exception"),
    (Signal::KILL, "SIGKILL", "killed"),
    (Signal::SEGV, "SIGSEGV", "segmentation fault"),
    (Signal::PIPE, "SIGPIPE", "broken pipe"),
    (Signal::ALARM, "SIGALRM", "alarm clock"),
    (Signal::TERM, "SIGTERM", "terminated"),
    (Signal::XCPU, "SIGXCPU", "CPU time limit exceeded"),
    (Signal::XFSZ, "SIGXFSZ", "file size limit exceeded"),
];

/// What macOS calls otherwise.
const MACOS: [(Signal, &str); 4] = [
    (Signal::TRAP, "trace/BPT trap"),
    (Signal::ABORT, "abort trap"),
    (Signal::XCPU, "cputime limit exceeded"),
    (Signal::XFSZ, "filesize limit exceeded"),
];

/// `SIGTERM`; `signal 64` for one that has no name.
pub(crate) fn name(number: i32) -> String {
    let known = NAMES.iter().find(|name| name.0.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |known| known.1.to_owned())
}

/// The number behind what Go calls a signal: `signal: killed` (`syscall.Signal.String`).
pub(crate) fn spoken(words: &str) -> Option<i32> {
    if let Some(number) = words.strip_prefix("signal ") {
        return number.parse().ok();
    }
    let names = NAMES.iter().map(|name| (name.0, name.2)).chain(MACOS);
    let mut found = names.filter(|name| name.1 == words);
    found.next().map(|found| found.0.as_raw())
}

/// How a run says that a signal ended it.
pub(crate) fn ending(number: i32) -> String {
    match number {
        2 => "interrupted".to_owned(),
        1 => "ended by SIGHUP: the terminal or the session went away".to_owned(),
        other => format!("ended by {}", name(other)),
    }
}
