//! Signals by their names.

/// The names that every Unix has.
const NAMES: [(i32, &str, &str); 15] = [
    (1, "SIGHUP", "hangup"),
    (2, "SIGINT", "interrupt"),
    (3, "SIGQUIT", "quit"),
    (4, "SIGILL", "illegal instruction"),
    (5, "SIGTRAP", "trace/breakpoint trap"),
    (6, "SIGABRT", "aborted"),
    (7, "SIGBUS", "bus error"),
    (8, "SIGFPE", "floating point exception"),
    (9, "SIGKILL", "killed"),
    (11, "SIGSEGV", "segmentation fault"),
    (13, "SIGPIPE", "broken pipe"),
    (14, "SIGALRM", "alarm clock"),
    (15, "SIGTERM", "terminated"),
    (24, "SIGXCPU", "CPU time limit exceeded"),
    (25, "SIGXFSZ", "file size limit exceeded"),
];

/// `SIGTERM`; `signal 64` for one that has no name.
pub fn name(number: i32) -> String {
    let known = NAMES.iter().find(|it| it.0 == number);
    known.map_or_else(|| format!("signal {number}"), |it| it.1.to_owned())
}

/// The number behind what Go calls a signal: `signal: killed` (`syscall.Signal.String`, Linux).
pub fn spoken(words: &str) -> Option<i32> {
    if let Some(number) = words.strip_prefix("signal ") {
        return number.parse().ok();
    }
    NAMES.iter().find(|it| it.2 == words).map(|it| it.0)
}

/// How a run says that a signal ended it.
pub fn ending(number: i32) -> String {
    match number {
        2 => "interrupted".to_owned(),
        1 => "ended by SIGHUP: the terminal or the session went away".to_owned(),
        other => format!("ended by {}", name(other)),
    }
}
