//! The processes below a group: also those that made a group of their own, as `timeout` does.

use std::collections::{BTreeMap, BTreeSet};

use rustix::process::{Pid, Signal};

use crate::order::Ordered;

/// A process below a group that is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stray {
    id: i32,
    /// When it started, in clock ticks: an ID may be given out again.
    since: u64,
}

/// Process groups, and what has left them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Family {
    groups: BTreeSet<i32>,
    strays: Vec<Stray>,
}

impl Family {
    /// The groups with these leaders, and what is below them at this moment. Strays are found where
    /// there is a `/proc`.
    pub(crate) fn of(leaders: impl IntoIterator<Item = i32>) -> Self {
        // A group 0 or 1 would be ours, or everybody.
        let groups: BTreeSet<i32> = leaders.into_iter().filter(|leader| *leader > 1).ordered();
        if groups.is_empty() {
            return Self::default();
        }
        let all = processes();
        let strays = all.iter().filter(|(id, process)| {
            !groups.contains(&process.group) && is_below(**id, &all, &groups)
        });
        let strays = strays.map(|(id, process)| Stray {
            id: *id,
            since: process.since,
        });
        Self {
            strays: strays.collect(),
            groups,
        }
    }

    /// Sends a signal to everyone. Who has ended meanwhile does not mind.
    pub(crate) fn send(&self, signal: Signal) {
        for group in self.groups.iter().filter_map(|group| Pid::from_raw(*group)) {
            let _ = rustix::process::kill_process_group(group, signal);
        }
        for stray in self.strays.iter().filter(|stray| stray.is_alive()) {
            if let Some(id) = Pid::from_raw(stray.id) {
                let _ = rustix::process::kill_process(id, signal);
            }
        }
    }

    /// Whether nobody is left. The dead that nobody buries do not count, where there is a `/proc`.
    pub(crate) fn is_gone(&self) -> bool {
        let mut groups = self.groups.iter().filter_map(|group| Pid::from_raw(*group));
        if self.strays.iter().any(Stray::is_alive) {
            return false;
        }
        if groups.all(|pid| rustix::process::test_kill_process_group(pid).is_err()) {
            return true;
        }
        let all = processes();
        !all.is_empty()
            && !all
                .values()
                .any(|process| self.groups.contains(&process.group))
    }
}

impl Stray {
    fn is_alive(&self) -> bool {
        process(self.id).is_some_and(|process| process.since == self.since)
    }
}

/// The leader of the group whose environment holds `text`: `None` where there is no `/proc`.
pub(crate) fn leader_with(text: &str) -> Option<i32> {
    let all = processes();
    let mut leaders = all.iter().filter(|(id, it)| it.group == **id);
    leaders.find_map(|(id, _)| {
        let environment = std::fs::read(format!("/proc/{id}/environ")).ok()?;
        memchr::memmem::find(&environment, text.as_bytes()).map(|_| *id)
    })
}

struct Process {
    parent: i32,
    group: i32,
    since: u64,
}

fn processes() -> BTreeMap<i32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter_map(|id| Some((id, process(id)?))).ordered()
}

/// `None` for who has ended, buried or not.
fn process(id: i32) -> Option<Process> {
    let text = std::fs::read(format!("/proc/{id}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let behind = text.iter().rposition(|byte| *byte == b')')? + 1;
    let text = String::from_utf8_lossy(&text[behind..]);
    let fields: Vec<&str> = text.split_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        since: fields.get(19)?.parse().ok()?,
    })
}

fn is_below(id: i32, all: &BTreeMap<i32, Process>, groups: &BTreeSet<i32>) -> bool {
    let mut above = all.get(&id);
    // As far as the tree is deep; parents that change meanwhile could make a circle.
    for _ in 0..all.len() {
        let Some(process) = above else { return false };
        if groups.contains(&process.group) {
            return true;
        }
        above = all.get(&process.parent);
    }
    false
}
