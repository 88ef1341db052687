//! What was decided: which main packages are built with which profile.

use std::sync::Arc;

use super::Candidate;
use crate::advise::Heat;
use crate::plan::Reason;
use crate::profile::Weights;

/// Main packages that are built together, with one `-pgo=`.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    /// Their import paths; empty: all that is built.
    pub(crate) packages: Vec<String>,
    /// `-pgo=...` and why.
    pub(crate) reason: Reason,
    /// A profile with samples is behind it.
    pub(crate) applied: bool,
    /// The user wants a profile, but it is of no use.
    pub(crate) refused: bool,
}

/// What becomes of a profile that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nobody wants one, or go finds none beside the package.
    Unwanted,
    /// The user wants one, but it is of no use.
    Refused,
    /// One with samples is used.
    Applied,
}

impl Use {
    /// No profile, whatever the user wants.
    pub(crate) fn off() -> Self {
        Self {
            packages: Vec::new(),
            reason: Reason {
                flag: "-pgo=off".into(),
                why: "what the profile is compared with".into(),
                from: "pgo.effect".into(),
            },
            applied: false,
            refused: true,
        }
    }
}

/// What was decided for a build.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    /// At least one; the first is also for packages that are no commands.
    pub uses: Vec<Use>,
    /// Every profile that was looked at.
    pub(crate) candidates: Vec<Candidate>,
    /// Why a profile is not used, and what to do.
    pub(crate) complaint: Option<(String, String)>,
    /// Entries of `no-inline` that name no function that a profile calls.
    pub(crate) unmatched: Vec<String>,
    /// Flags of the compiler that keep the profile from its effect.
    pub(crate) undone: Option<Undone>,
    /// What a heap profile beside them says.
    pub(crate) heap: Option<Arc<Heap>>,
}

/// What a heap profile allocates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heap {
    /// In bytes.
    pub(crate) bytes: Heat,
    /// In objects.
    pub(crate) objects: Heat,
}

impl Choice {
    /// Nothing decided yet.
    pub(super) fn undecided() -> Self {
        Self {
            uses: Vec::new(),
            candidates: Vec::new(),
            complaint: None,
            unmatched: Vec::new(),
            undone: None,
            heap: None,
        }
    }

    /// Adds main packages to those that are built with the same flag.
    pub(super) fn add(&mut self, new: Use) {
        let flag = &new.reason.flag;
        match self.uses.iter_mut().find(|used| used.reason.flag == *flag) {
            Some(same) => {
                same.packages.extend(new.packages);
                same.applied |= new.applied;
                same.refused |= new.refused;
            }
            None => self.uses.push(new),
        }
    }

    /// How a main package is built.
    pub(crate) fn of(&self, package: &str) -> Option<&Use> {
        let mine = |used: &&Use| is_mine(&used.packages, package);
        self.uses.iter().find(mine)
    }

    /// The profile for a main package.
    pub(crate) fn candidate(&self, package: &str) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| is_mine(&candidate.packages, package))
    }

    /// How much of all profiles that are applied is spent in each function; `None` without one.
    pub(crate) fn weights(&self) -> Option<Weights> {
        let mut all = self
            .all_applied()
            .filter_map(|candidate| candidate.weights.as_deref());
        let mut sum = all.next()?.clone();
        all.for_each(|weights| sum.add(weights));
        Some(sum)
    }

    /// What all profiles that are applied allocate; `None` without one.
    pub(crate) fn heat(&self) -> Option<Heat> {
        let mut all = self
            .all_applied()
            .filter_map(|candidate| candidate.heat.as_deref());
        let mut sum = all.next()?.clone();
        all.for_each(|heat| sum.add(heat));
        Some(sum)
    }

    /// The profile that the build of a main package used.
    pub(crate) fn applied(&self, package: &str) -> Option<&Candidate> {
        let used = self.of(package).is_some_and(|used| used.applied) && !self.is_undone();
        self.candidate(package)
            .filter(|candidate| used && candidate.is_usable())
    }

    /// Whether flags of the compiler keep every profile from its effect.
    fn is_undone(&self) -> bool {
        self.undone.as_ref().is_some_and(|undone| undone.whole)
    }

    /// Every profile that some build uses.
    pub(crate) fn all_applied(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| {
            let used = match candidate.packages.first() {
                Some(package) => self.of(package).is_some_and(|used| used.applied),
                None => self.uses.iter().any(|used| used.applied),
            };
            used && candidate.is_usable()
        })
    }
}

pub(super) fn is_mine(packages: &[String], package: &str) -> bool {
    packages.is_empty() || packages.iter().any(|text| text == package)
}

/// What `-gcflags` take from the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Undone {
    /// The flags.
    pub(crate) flags: Vec<String>,
    /// Whether they hold for all of the program beside the standard library.
    pub(crate) whole: bool,
}
