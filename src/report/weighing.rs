//! Weighs functions and packages by the profiles of a build: how much of them is spent there.

use crate::number::counted;
use crate::plan::Facts;
use crate::plan::pgo::Candidate;
use crate::profile::Weights;

/// How much of the profile is spent where.
pub(crate) struct Weighing<'a> {
    weights: Option<Weights>,
    facts: &'a Facts,
    /// The import paths of the main packages: a graph has a thousand packages, and a report asks of each site.
    mains: Vec<&'a str>,
}

impl<'a> Weighing<'a> {
    /// By the profiles that are applied.
    pub(crate) fn new(facts: &'a Facts) -> Self {
        let mains = facts
            .packages
            .iter()
            .filter(|package| package.name == "main")
            .map(|package| package.import_path.as_str());
        Self {
            weights: facts.pgo.weights(),
            facts,
            mains: mains.collect(),
        }
    }

    /// The name of a package in a profile: a main package is called `main` in a profile.
    pub(crate) fn path<'b>(&self, package: &'b str) -> &'b str {
        match self.mains.contains(&package) {
            true => "main",
            false => package,
        }
    }

    /// Percent of the profile in a function.
    pub(crate) fn function(&self, package: &str, function: &str) -> Option<f64> {
        let weights = self.weights.as_ref()?;
        Some(weights.function(self.path(package), function))
    }

    /// Percent of the profile in a package.
    pub(crate) fn package(&self, package: &str) -> Option<f64> {
        Some(self.weights.as_ref()?.package(self.path(package)))
    }

    /// The profiles, in words; `None` without one.
    pub(crate) fn words(&self) -> Option<String> {
        self.weights.as_ref()?;
        let used = self
            .facts
            .pgo
            .candidates
            .iter()
            .filter(|candidate| candidate.weights.is_some());
        let word = |candidate: &Candidate| {
            let samples = candidate
                .judgement
                .as_ref()
                .and_then(|judgement| judgement.samples);
            let samples = samples.map_or(String::new(), |samples| {
                format!(", {}", counted(samples.unsigned_abs(), "sample"))
            });
            format!("{}{samples}", candidate.path.display())
        };
        Some(used.map(word).collect::<Vec<_>>().join("; "))
    }
}
