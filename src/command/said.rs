//! Remembers which warnings this terminal has shown before. What never changes is said once and counted then; where the
//! report goes to a file, a pipe or a log it is said each time, so that the same input gives the same report.

use std::collections::BTreeSet;
use std::path::Path;

use crate::build::known::{self, Key};
use crate::check::{Finding, Status};
use crate::plan::Plan;
use crate::report::{Report, Target, label};

/// What the last run in a terminal said of the same module.
pub(super) struct Said {
    /// `None` where nothing is remembered.
    key: Option<Key>,
    before: BTreeSet<String>,
}

impl Said {
    /// Reads what was said of the module whose lock, if there was one, would be `lock`. `is_shown`: this run prints its
    /// report in a terminal.
    pub(super) fn of(plan: &Plan, lock: &Path, is_shown: bool) -> Self {
        let target = plan.targets.first().filter(|_| is_shown);
        let place = lock.as_os_str().as_encoded_bytes();
        let key = target.map(|target| known::key(&target.memory, "said", &[place]));
        let before = key.as_ref().and_then(known::read).unwrap_or_default();
        Self { key, before }
    }

    /// Whether a warning was said.
    pub(super) fn holds(&self, target: &Target, finding: &Finding) -> bool {
        self.before.contains(&words(target, finding))
    }

    /// For the next run.
    pub(super) fn keep(&self, report: &Report) {
        let mut now = BTreeSet::new();
        for target in &report.targets {
            let warned = target
                .checks
                .iter()
                .filter(|finding| finding.status == Status::Warn);
            now.extend(warned.map(|finding| words(target, finding)));
        }
        if let Some(key) = self.key.as_ref().filter(|_| now != self.before) {
            known::keep(key, &now);
        }
    }
}

/// What one executable warns of is news of another.
fn words(target: &Target, finding: &Finding) -> String {
    format!("{}: {}: {}", label(target), finding.id, finding.message)
}
