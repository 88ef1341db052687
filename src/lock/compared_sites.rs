//! Compares what was accepted with what is there: what is new, and what is gone.

use std::collections::BTreeMap;

use super::{Platform, named};
use crate::escape::added::{self, Added, Listed};
use crate::escape::{Class, Identity, was_taken_for_constant};
use crate::go::minor_of;

/// How the sites of a build stand against the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Site by site.
    Sites {
        /// Not in the lock; their indices are those of the sites that were given.
        new: Vec<Added>,
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

/// Compares the sites of a build, in the order of their sources. What the lock says of packages outside the build is left
/// alone.
pub(crate) fn compare(
    lock: &Platform,
    go: &str,
    scope: &str,
    sites: &[Listed],
    in_build: impl Fn(&str) -> bool,
) -> Comparison {
    let mut old = lock.listed();
    old.retain(|listed| in_build(&listed.identity.package));
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
    let seen = sites.iter().enumerate();
    let seen = seen.filter(|seen| seen.1.identity.class.allocates());
    let (at, new): (Vec<usize>, Vec<Listed>) = seen
        .map(|(index, it)| {
            let identity = named(&it.identity);
            let line = it.line.clone();
            (index, Listed { identity, line })
        })
        .unzip();
    let mut compared = added::compare(&old, &new);
    let minor = minor_of(go).unwrap_or((u32::MAX, 0));
    if let Some(version) = lock.earlier {
        let seen = |added: &Added| {
            !was_taken_for_constant(&sites[at[added.index]].identity, version, minor)
        };
        compared.new.retain(seen);
    }
    let place = |added: Added| Added {
        index: at[added.index],
        among: added.among.iter().map(|it| at[*it]).collect(),
        ..added
    };
    Comparison::Sites {
        new: compared.new.into_iter().map(place).collect(),
        fixed: compared
            .fixed
            .iter()
            .map(|index| old[*index].identity.clone())
            .collect(),
        moved: compared.moved,
    }
}

fn classes(old: &[Listed], new: &[Listed]) -> Vec<(Class, u64, u64)> {
    let mut counts: BTreeMap<Class, (u64, u64)> = BTreeMap::new();
    for it in old {
        counts.entry(it.identity.class).or_default().0 += 1;
    }
    for it in new
        .iter()
        .filter(|listed| listed.identity.class.allocates())
    {
        counts.entry(it.identity.class).or_default().1 += 1;
    }
    counts
        .into_iter()
        .map(|(class, (before, after))| (class, before, after))
        .collect()
}
