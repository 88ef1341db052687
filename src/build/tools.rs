//! Records what the compiler and the linker took, package by package, and how they ended.
//!
//! `gobuild-opt toolexec` writes a line when such a tool begins and one when it ends, with what the kernel says of it
//! (`getrusage`). A tool that has no second line was killed together with the process of ours that stood before it.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::input;
use crate::plan::TargetPlan;
use crate::plan::toolexec::Measured;
use crate::process::death::Victim;
use crate::process::tool;

/// The file of the lines, beside the records of links.
const LINES: &str = "tools";

/// The most that is read of it: 100,000 packages.
const MOST: u64 = 64 << 20;

/// A compile or a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tool {
    /// `compile`, `link`, or `twin` for a link that was repeated beside go's.
    pub(crate) name: String,
    /// The package, as go names it: `lib`, or `lib [cmd/one]`.
    pub(crate) package: String,
    /// The action ID of a compile.
    pub(crate) action: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub(crate) begun: u64,
    /// How it ended; `None` where that was not seen.
    pub(crate) end: Option<End>,
}

/// How a tool ended, and what it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Wall time in microseconds.
    pub(crate) wall_us: u64,
    /// CPU time in microseconds.
    pub(crate) cpu_us: u64,
    /// The most memory that it had, in bytes.
    pub(crate) peak: u64,
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    process: u32,
    tool: String,
    package: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    at: u64,
    end: Option<End>,
}

/// A tool that runs.
pub(crate) struct Running {
    file: File,
    line: Line,
    start: Instant,
    before: Option<tool::Usage>,
}

/// Records that a tool begins. `None` where nothing can be recorded: that holds up nobody.
pub(crate) fn begin(about: &Measured<'_>) -> Option<Running> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let path = about.records.join(LINES);
    let file = File::options().append(true).create(true).open(path).ok()?;
    let mut running = Running {
        file,
        line: Line {
            process: std::process::id(),
            tool: about.tool.to_owned(),
            package: about.package.to_owned(),
            action: about.action.clone(),
            at: u64::try_from(now.as_millis()).unwrap_or(0),
            end: None,
        },
        start: Instant::now(),
        before: tool::usage_of_children(),
    };
    running.write();
    Some(running)
}

/// Records how it ended.
pub(crate) fn end(running: Option<Running>, status: ExitStatus) {
    let Some(mut it) = running else { return };
    let (before, after) = (it.before, tool::usage_of_children());
    let before = before.map(|usage| usage.cpu).unwrap_or_default();
    let micros =
        |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    it.line.end = Some(End {
        wall_us: micros(it.start.elapsed()),
        cpu_us: after.map_or(0, |usage| micros(usage.cpu.saturating_sub(before))),
        peak: after.map_or(0, |usage| usage.peak),
        code: status.code(),
        signal: status.signal(),
    });
    it.write();
}

impl Running {
    /// One write for a line: those of tools that run at the same time do not mix.
    fn write(&mut self) {
        if let Ok(mut text) = serde_json::to_vec(&self.line) {
            text.push(b'\n');
            let _ = self.file.write_all(&text);
        }
    }
}

/// Whether go has begun to compile or to link: its records lie in that directory.
pub(crate) fn began(records: &Path) -> bool {
    records.join(LINES).exists()
}

/// What go ran of a target so far, in the order in which it began.
pub(crate) fn ran(target: &TargetPlan) -> Vec<Tool> {
    let bytes = input::read(&target.links_dir.join(LINES), MOST).unwrap_or_default();
    read(&bytes)
}

fn read(bytes: &[u8]) -> Vec<Tool> {
    let mut all: Vec<(u32, Tool)> = Vec::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()) {
        let open = |(process, it): &(u32, Tool)| *process == line.process && it.end.is_none();
        if let Some(end) = line.end {
            if let Some((_, tool)) = all.iter_mut().rfind(|it| open(it)) {
                tool.end = Some(end);
            }
            continue;
        }
        let tool = Tool {
            name: line.tool,
            package: line.package,
            action: line.action,
            begun: line.at,
            end: None,
        };
        all.push((line.process, tool));
    }
    all.into_iter().map(|entry| entry.1).collect()
}

/// The tool that ended badly: by a signal, together with the process before it, or by itself.
pub(crate) fn victim(tools: &[Tool]) -> Option<Victim> {
    let badly = |tool: &&Tool| tool.end.is_some_and(|end| end.code != Some(0));
    let tools = || tools.iter().filter(|tool| tool.counts());
    let tool = tools()
        .rfind(|tool| tool.is_by_signal())
        .or_else(|| tools().rfind(|tool| tool.end.is_none()))
        .or_else(|| tools().rfind(badly))?;
    Some(Victim {
        what: tool.what(),
        signal: tool.end.and_then(|end| end.signal),
        peak: tool.end.map(|end| end.peak),
    })
}

/// Whether something else ran at the same time as a tool that ended badly.
pub(crate) fn is_crowded(tools: &[Tool]) -> bool {
    let bad = tools
        .iter()
        .rfind(|tool| tool.counts() && tool.end.is_none_or(|end| end.code != Some(0)));
    let until = |tool: &Tool| {
        tool.end
            .map_or(u64::MAX, |end| tool.begun + end.wall_us / 1000)
    };
    bad.is_some_and(|bad| {
        let mut others = tools.iter().filter(|tool| !std::ptr::eq(*tool, bad));
        others.any(|tool| tool.begun <= until(bad) && until(tool) > bad.begun)
    })
}

impl Tool {
    /// Whether its failure is one of the build: that of a second link is tolerated.
    pub(crate) fn counts(&self) -> bool {
        self.name != "twin"
    }

    /// Whether a signal ended it.
    pub(crate) fn is_by_signal(&self) -> bool {
        self.end.is_some_and(|end| end.signal.is_some())
    }

    /// `the link of example.com/app/cmd/api`
    pub(crate) fn what(&self) -> String {
        let tool = match self.name.as_str() {
            "twin" => "the second link",
            "link" => "the link",
            _ => "the compile",
        };
        format!("{tool} of {}", self.package)
    }
}

/// The most memory that tools had which ran at the same time: the sum of what each had at most.
pub(crate) fn peak(tools: &[Tool]) -> u64 {
    let mut changes: Vec<(u64, bool, u64)> = Vec::new();
    for (tool, end) in tools.iter().filter_map(|tool| Some((tool, tool.end?))) {
        changes.push((tool.begun, true, end.peak));
        changes.push((tool.begun + end.wall_us / 1000, false, end.peak));
    }
    // One that ends where another begins makes room first.
    changes.sort_unstable();
    let (mut now, mut most) = (0_u64, 0);
    for (_, begins, bytes) in changes {
        match begins {
            true => now += bytes,
            false => now = now.saturating_sub(bytes),
        }
        most = most.max(now);
    }
    most
}

/// Removes what was recorded before a command is tried again.
pub(crate) fn forget(place: &Path) {
    let _ = std::fs::remove_file(place.join(LINES));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(process: u32, package: &str, at: u64, end: Option<End>) -> String {
        let line = Line {
            process,
            tool: "compile".into(),
            package: package.into(),
            action: None,
            at,
            end,
        };
        serde_json::to_string(&line).unwrap() + "\n"
    }

    fn end(wall_us: u64, peak: u64) -> Option<End> {
        Some(End {
            wall_us,
            peak,
            ..End::default()
        })
    }

    #[test]
    fn lines_of_one_process_belong_together() {
        let text = [
            line(1, "a", 0, None),
            line(2, "b", 1, None),
            "{ half a li\n".into(),
            line(1, "a", 5, end(5000, 10)),
            line(1, "a", 5, None),
        ];
        let tools = read(text.concat().as_bytes());
        let seen: Vec<(&str, bool)> = tools
            .iter()
            .map(|tool| (tool.package.as_str(), tool.end.is_some()))
            .collect();
        assert_eq!(seen, [("a", true), ("b", false), ("a", false)]);
    }

    #[test]
    fn a_second_link_that_was_killed_is_no_cause() {
        let tool = |name: &str, code, signal| Tool {
            name: name.into(),
            package: "a".into(),
            action: None,
            begun: 0,
            end: Some(End {
                wall_us: 9000,
                code,
                signal,
                ..End::default()
            }),
        };
        let twin = || tool("twin", None, Some(9));
        assert_eq!(victim(&[twin()]), None);
        assert!(!is_crowded(&[twin(), tool("compile", Some(0), None)]));
        let tools = [tool("link", Some(2), None), twin()];
        assert_eq!(
            victim(&tools).map(|it| it.what).as_deref(),
            Some("the link of a")
        );
        assert!(is_crowded(&tools), "the second link ran beside it");
    }

    #[test]
    fn what_is_forgotten_is_not_found_again() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(LINES);
        std::fs::write(&path, line(1, "a", 0, None)).unwrap();
        forget(place.path());
        assert!(!path.exists());
    }

    #[test]
    fn memory_of_what_runs_at_the_same_time_adds_up() {
        let tool = |begun, wall_ms: u64, peak| Tool {
            begun,
            end: end(wall_ms * 1000, peak),
            ..Tool::default()
        };
        assert_eq!(peak(&[tool(0, 10, 5), tool(10, 10, 7)]), 7);
        assert_eq!(peak(&[tool(0, 10, 5), tool(9, 10, 7), tool(30, 1, 2)]), 12);
        assert_eq!(peak(&[]), 0);
    }
}
