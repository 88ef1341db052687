//! Waiting for what other processes do, and finding those that survive.

use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine: only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until there is an answer; `what` is for the message when there never is one.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a file is there and has content; returns it.
pub fn wait_for_file(path: &Path) -> String {
    wait_for(&path.display().to_string(), || {
        std::fs::read_to_string(path)
            .ok()
            .filter(|it| !it.is_empty())
    })
}

/// Waits for a child, but not for ever.
pub fn wait_for_exit(child: &mut Child) -> ExitStatus {
    wait_for("the end of a process", || child.try_wait().unwrap())
}

/// The processes that have `text` in their environment: everything that a test started in a place
/// of its own, however deep. The dead that nobody buried have no environment.
pub fn with_environment(text: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok());
    let has_text = |it: &u32| {
        let bytes = std::fs::read(format!("/proc/{it}/environ")).unwrap_or_default();
        memchr::memmem::find(&bytes, text.as_bytes()).is_some()
    };
    numbers.filter(has_text).collect()
}

/// Whether a process is the one that watches over a run.
pub fn is_warden(id: u32) -> bool {
    let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    memchr::memmem::find(&line, b"\0__warden\0").is_some()
}
