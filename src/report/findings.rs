//! Reports in, what is worth an annotation out.

use std::collections::{BTreeSet, HashSet};

use super::escapes::Escapes;
use super::{Assertion, Site, Verdict, assertions, gate};

/// What is worth an annotation: new sites and failed assertions, each once.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Sites that the lock, or the revision, does not hold.
    pub sites: Vec<&'a Site>,
    /// The revision that is compared with instead of the lock.
    pub revision: Option<&'a str>,
    /// Those of the sites that fail the run, by ID.
    pub failing: BTreeSet<&'a str>,
    /// What else fails the run: budgets, denied checks.
    pub failures: Vec<&'a str>,
    /// Gates that were not judged.
    pub not_judged: Vec<&'a str>,
    /// Gates that the change loosens.
    pub loosened: Vec<&'a str>,
    /// Assertions that failed.
    pub assertions: Vec<&'a Assertion>,
}

impl<'a> Findings<'a> {
    /// Those of all targets; what several of them share counts once.
    pub fn of(targets: impl Iterator<Item = (&'a [Site], &'a [Assertion])>) -> Self {
        let mut all = Self::default();
        let mut seen = HashSet::new();
        for (sites, assertions) in targets {
            // The share of a profile may differ from program to program.
            let place = |it: &'a Site| (it.id.as_str(), it.file.as_deref(), it.line, it.column);
            all.sites
                .extend(sites.iter().filter(|it| seen.insert(place(it))));
            for it in assertions.iter().filter(|it| it.failed()) {
                if !all.assertions.contains(&it) {
                    all.assertions.push(it);
                }
            }
        }
        all
    }

    /// Adds what fails the run; of `verdict`, only what is no site and no assertion.
    pub fn failing(
        &mut self,
        verdict: &'a Verdict,
        escapes: impl Iterator<Item = &'a Escapes> + Clone,
    ) {
        let failing = escapes.clone().flat_map(|it| {
            let new = it.new.iter();
            new.filter(|site| it.fails(site))
        });
        self.failing = failing.map(|it| it.id.as_str()).collect();
        let mut told = gate::failures(escapes);
        told.extend(assertions::failures(self.assertions.iter().copied()));
        self.not_judged = verdict.not_judged.iter().map(String::as_str).collect();
        self.loosened = verdict.loosened.iter().map(String::as_str).collect();
        let others = verdict.failures.iter().filter(|it| !told.contains(it));
        self.failures = others.map(String::as_str).collect();
    }

    /// What to do about a new site, or against what it is new.
    pub fn advice(&self, site: &Site) -> String {
        match self.revision {
            Some(revision) => format!("not in {revision}"),
            None => accept(site),
        }
    }
}

/// How a site is accepted.
pub fn accept(site: &Site) -> String {
    format!("accept it: gobuild-opt accept {} --reason TEXT", site.id)
}
