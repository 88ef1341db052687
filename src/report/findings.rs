//! Reports in, what is worth an annotation out.

use super::{Assertion, Site};

/// What is worth an annotation: new sites and failed assertions, each once.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Sites that the lock, or the revision, does not hold.
    pub sites: Vec<&'a Site>,
    /// The revision that is compared with instead of the lock.
    pub revision: Option<&'a str>,
    /// Assertions that failed.
    pub assertions: Vec<&'a Assertion>,
}

impl<'a> Findings<'a> {
    /// Those of all targets; what several of them share counts once.
    pub fn of(targets: impl Iterator<Item = (&'a [Site], &'a [Assertion])>) -> Self {
        let mut all = Self::default();
        for (sites, assertions) in targets {
            for it in sites {
                if !all.sites.contains(&it) {
                    all.sites.push(it);
                }
            }
            for it in assertions.iter().filter(|it| it.failed()) {
                if !all.assertions.contains(&it) {
                    all.assertions.push(it);
                }
            }
        }
        all
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
