//! What was accepted and what is there in, what is new and what is gone out.

use std::collections::BTreeMap;

use super::{Target, named};
use crate::escape::{Class, Identity, diff};

/// How the sites of a build stand against the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Site by site.
    Sites {
        /// Not in the lock: indices into the sites that were given.
        new: Vec<usize>,
        /// In the lock alone.
        fixed: Vec<Identity>,
        /// How many follow a function that was renamed.
        moved: usize,
    },
    /// Another Go version: counts by class, the lock's first.
    OtherGo {
        /// The lock's.
        go: String,
        /// Classes that any of the two has.
        classes: Vec<(Class, u64, u64)>,
    },
    /// The lock was written for another scope.
    OtherScope {
        /// The lock's.
        scope: String,
    },
}

/// Compares the sites of a build. What the lock says of packages outside the build is left alone.
pub fn compare(
    lock: &Target,
    go: &str,
    scope: &str,
    sites: &[&Identity],
    in_build: impl Fn(&str) -> bool,
) -> Comparison {
    let accepted = lock.identities().into_iter().map(|it| it.0);
    let old: Vec<Identity> = accepted.filter(|it| in_build(&it.package)).collect();
    if lock.go != go {
        return Comparison::OtherGo {
            go: lock.go.clone(),
            classes: classes(&old, sites),
        };
    }
    if lock.scope != scope {
        return Comparison::OtherScope {
            scope: lock.scope.clone(),
        };
    }
    let (at, new): (Vec<usize>, Vec<Identity>) = sites
        .iter()
        .enumerate()
        .filter(|it| it.1.class.allocates())
        .map(|(index, it)| (index, named(it)))
        .unzip();
    let diff = diff(&old, &new);
    Comparison::Sites {
        new: diff.new.iter().map(|it| at[*it]).collect(),
        fixed: diff.fixed.iter().map(|it| old[*it].clone()).collect(),
        moved: diff.moved.len(),
    }
}

fn classes(old: &[Identity], new: &[&Identity]) -> Vec<(Class, u64, u64)> {
    let mut counts: BTreeMap<Class, (u64, u64)> = BTreeMap::new();
    for it in old {
        counts.entry(it.class).or_default().0 += 1;
    }
    for it in new.iter().filter(|it| it.class.allocates()) {
        counts.entry(it.class).or_default().1 += 1;
    }
    counts
        .into_iter()
        .map(|(class, (before, after))| (class, before, after))
        .collect()
}
