//! Collects from reports what is worth an annotation.

use std::collections::{BTreeSet, HashSet};

use super::platform_escapes::Escapes;
use super::verdict::{About, Reason, Verdict};
use super::{Assertion, Report, Site, Target, label};
use crate::check::{Finding, LOOSENED, Status};
use crate::doctor::Row;
use crate::order::Ordered;

/// What is worth an annotation: new sites and failed assertions, each once.
#[derive(Debug, Default)]
pub(crate) struct Findings<'a> {
    /// Sites that the lock, or the revision, does not hold.
    pub(crate) sites: Vec<&'a Site>,
    /// The revision that is compared with instead of the lock.
    pub(crate) revision: Option<&'a str>,
    /// Those of the sites that fail the run, by ID.
    pub(crate) failing: BTreeSet<&'a str>,
    /// What else fails the run: budgets, denied checks.
    pub(crate) failures: Vec<&'a Reason>,
    /// Gates that were not judged.
    pub(crate) not_judged: Vec<&'a Reason>,
    /// What `advise` says.
    pub(crate) advice: Vec<&'a super::advice_report::Finding>,
    /// Benchmarks that allocate more.
    pub(crate) benchmarks: Vec<Heavier>,
    /// Gates that the change loosens.
    pub(crate) loosened: Vec<&'a str>,
    /// Assertions that failed.
    pub(crate) assertions: Vec<&'a Assertion>,
    /// Checks that warn or fail, what several executables share once.
    pub(crate) checks: Vec<Checked<'a>>,
    /// Rows of lessons that warn, what several executables share once.
    pub(crate) lessons: Vec<Learned<'a>>,
    /// The file that what has no place in the sources is about: the configuration, or go.mod.
    pub(crate) anchor: Option<String>,
}

/// A benchmark that allocates more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heavier {
    /// Package and name: `ex.com/m/index.BenchmarkSearch`.
    pub(crate) key: String,
    /// How much, and against what.
    pub(crate) message: String,
    /// Whether it fails the run.
    pub(crate) fails: bool,
    /// The file that declares it, where that was found.
    pub(crate) file: Option<String>,
    /// The line of the declaration; 0 where it was not found.
    pub(crate) line: u32,
}

/// A check that warns or fails.
#[derive(Debug, Clone)]
pub(crate) struct Checked<'a> {
    /// What it sees.
    pub(crate) finding: &'a Finding,
    /// The executables: `api linux/amd64`.
    pub(crate) of: Vec<String>,
}

/// A row of a lesson that warns.
#[derive(Debug, Clone)]
pub(crate) struct Learned<'a> {
    /// What it sees.
    pub(crate) row: &'a Row,
    /// The executables: `api linux/amd64`.
    pub(crate) of: Vec<String>,
}

impl Learned<'_> {
    /// `lesson-8`: the rule, and what `explain` finds it by.
    pub(crate) fn rule(&self) -> String {
        format!("lesson-{}", self.row.lesson)
    }

    /// What is seen and what to do, on one line.
    pub(crate) fn sentence(&self) -> String {
        let hint = self.row.hint.iter().map(|hint| format!(" ({hint})"));
        let hint: String = hint.collect();
        format!("{}: {}{hint}", self.of.join(", "), self.row.message)
    }
}

impl<'a> Findings<'a> {
    /// Those of all targets; what several of them share counts once.
    pub(crate) fn of(targets: impl Iterator<Item = (&'a [Site], &'a [Assertion])>) -> Self {
        let mut all = Self::default();
        let mut seen = HashSet::new();
        for (sites, assertions) in targets {
            // The share of a profile may differ from program to program.
            let place = |site: &'a Site| {
                (
                    site.id.as_str(),
                    site.file.as_deref(),
                    site.line,
                    site.column,
                )
            };
            all.sites
                .extend(sites.iter().filter(|site| seen.insert(place(site))));
            for it in assertions.iter().filter(|assertion| assertion.failed()) {
                if !all.assertions.contains(&it) {
                    all.assertions.push(it);
                }
            }
        }
        all
    }

    /// Those of a release.
    pub(crate) fn of_report(report: &'a Report) -> Self {
        fn of(target: &Target) -> (&[Site], &[Assertion]) {
            let new = target
                .escapes
                .as_ref()
                .map_or(&[][..], |escapes| &escapes.new);
            (new, &target.assertions)
        }
        let mut all = Self::of(report.targets.iter().map(of));
        let escapes = report
            .targets
            .iter()
            .filter_map(|target| target.escapes.as_ref());
        all.failing(&report.verdict, escapes);
        for target in &report.targets {
            all.checked(&target.checks, &label(target));
        }
        all
    }

    /// Adds the checks of an executable that warn or fail.
    pub(crate) fn checked(&mut self, checks: &'a [Finding], label: &str) {
        let counts = |finding: &&Finding| matches!(finding.status, Status::Warn | Status::Fail);
        for finding in checks.iter().filter(counts) {
            let mut known = self.checks.iter_mut();
            match known.find(|checked| checked.finding == finding) {
                Some(checked) => checked.of.push(label.to_owned()),
                None => self.checks.push(Checked {
                    finding,
                    of: vec![label.to_owned()],
                }),
            }
        }
    }

    /// Adds the rows of an executable that warn.
    pub(crate) fn learned(&mut self, rows: &'a [Row], label: &str) {
        for row in rows.iter().filter(|row| row.status == Status::Warn) {
            let mut known = self.lessons.iter_mut();
            match known.find(|learned| learned.row == row) {
                Some(learned) => learned.of.push(label.to_owned()),
                None => self.lessons.push(Learned {
                    row,
                    of: vec![label.to_owned()],
                }),
            }
        }
    }

    /// What fails the run and has no entry of its own among the sites, the assertions and the checks: budgets.
    pub(crate) fn budgets(&self) -> impl Iterator<Item = &'a str> {
        let said = |reason: &&&Reason| match &reason.about {
            About::Check { id, of } => self.says(id, of),
            _ => false,
        };
        let failures = self.failures.iter().filter(move |reason| !said(reason));
        failures.map(|reason| (*reason).as_ref())
    }

    /// Whether a check of this executable is listed.
    fn says(&self, id: &str, of: &str) -> bool {
        let mut checks = self.checks.iter();
        checks.any(|checked| checked.finding.id == id && checked.of.iter().any(|name| name == of))
    }

    /// Gates that were not judged or are loosened, and of which no check says so.
    pub(crate) fn open(&self) -> Vec<&'a str> {
        let open = self.not_judged.iter().filter(|reason| {
            let said = reason.about == About::SaidByCheck;
            !said || self.checks.is_empty()
        });
        let open = open.map(|reason| (*reason).as_ref());
        let mut checks = self.checks.iter();
        let said = checks.any(|checked| checked.finding.id == LOOSENED);
        let loosened = self.loosened.iter().filter(|_| !said);
        open.chain(loosened.copied()).collect()
    }

    /// Adds what fails the run; of `verdict`, only what is no site and no assertion.
    pub(crate) fn failing(
        &mut self,
        verdict: &'a Verdict,
        escapes: impl Iterator<Item = &'a Escapes>,
    ) {
        let failing = escapes.flat_map(|escapes| {
            let new = escapes.new.iter();
            new.filter(|site| escapes.fails(site))
        });
        self.failing = failing.map(|site| site.id.as_str()).ordered();
        self.not_judged = verdict.not_judged.iter().collect();
        self.loosened = verdict.loosened.iter().map(String::as_str).collect();
        let listed = |reason: &&Reason| matches!(reason.about, About::Site | About::Assertion);
        let failures = verdict.failures.iter();
        self.failures = failures.filter(|reason| !listed(reason)).collect();
    }

    /// What to do about a new site, or against what it is new.
    pub(crate) fn advice(&self, site: &Site) -> String {
        match self.revision {
            Some(revision) => format!("not in {revision}"),
            None => site.accept(),
        }
    }
}
