//! Warnings in, those of them that this terminal has shown before out. What never changes is said once and counted then;
//! where the report goes to a file, a pipe or a log it is said each time, so that the same input gives the same report.

use std::collections::BTreeSet;
use std::path::Path;

use super::Session;
use crate::build::known::{self, Key};
use crate::check::{Finding, Status};
use crate::plan::Plan;
use crate::report::Report;

/// What the last run in a terminal said of the same module.
pub(super) struct Said {
    /// `None` where nothing is remembered.
    key: Option<Key>,
    before: BTreeSet<String>,
}

impl Said {
    /// Of the module whose lock, if there was one, would be `lock`.
    pub(super) fn of(plan: &Plan, lock: &Path, session: &Session<'_>) -> Self {
        let target = plan.targets.first().filter(|_| session.terminal);
        let place = lock.as_os_str().as_encoded_bytes();
        let key = target.map(|it| known::key(&it.memory, "said", &[place]));
        let before = key.as_ref().and_then(known::read).unwrap_or_default();
        Self { key, before }
    }

    /// Whether a warning was said.
    pub(super) fn holds(&self, finding: &Finding) -> bool {
        self.before.contains(&words(finding))
    }

    /// For the next run.
    pub(super) fn keep(&self, report: &Report) {
        let checks = report.targets.iter().flat_map(|it| &it.checks);
        let warned = checks.filter(|it| it.status == Status::Warn);
        let now: BTreeSet<String> = warned.map(words).collect();
        if let Some(key) = self.key.as_ref().filter(|_| now != self.before) {
            known::keep(key, &now);
        }
    }
}

fn words(finding: &Finding) -> String {
    format!("{}: {}", finding.id, finding.message)
}
