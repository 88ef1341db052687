//! Reports in, what is worth an annotation out.

use super::{Assertion, Site};

/// What is worth an annotation: new sites and failed assertions, each once.
#[derive(Debug, Default)]
pub struct Findings<'a> {
    /// Sites that the lock does not hold.
    pub sites: Vec<&'a Site>,
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
}
