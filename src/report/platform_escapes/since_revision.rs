//! Compares the sites of two builds of different revisions.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Against, ClassChange, Escapes, Weighing, ignoring};
use crate::build::escape_pass::Collected;
use crate::escape::Class;
use crate::escape::added::{self, Added, Listed};
use crate::lock::class_name;
use crate::plan::Facts;

/// The build of another revision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before<'a> {
    /// As it was asked for.
    pub(crate) name: &'a str,
    /// The commit.
    pub(crate) commit: &'a str,
    /// Its platform.
    pub(crate) facts: &'a Facts,
    /// What was found in it.
    pub(crate) collected: &'a Collected,
    /// Its paths below are shown relative to it.
    pub(crate) cwd: &'a Path,
    /// Sites are compared one by one though another Go compiled it: that is what is asked about.
    pub(crate) across: bool,
}

/// How a revision stands to a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Revision {
    /// As it was asked for.
    pub(crate) name: String,
    /// The commit.
    pub(crate) commit: String,
    /// The Go version that compiled it.
    pub(crate) go_version: String,
    /// Its sites in the scope.
    pub(crate) sites: u64,
    /// Whether the sites were compared one by one.
    pub(crate) compared: bool,
    /// Why they were not, or what to keep in mind.
    pub(crate) note: Option<String>,
    /// Sites by class, where the Go versions differ.
    pub(crate) classes: Vec<ClassChange>,
}

/// Puts into `escapes` what is new, gone and moved since the revision.
pub(crate) fn compare(
    collected: &Collected,
    before: &Before<'_>,
    against: &Against<'_>,
    escapes: &mut Escapes,
) {
    let compared = before.is_comparable(against);
    escapes.revision = Some(Revision {
        name: before.name.to_owned(),
        commit: before.commit.to_owned(),
        go_version: before.facts.toolchain.version.clone(),
        sites: before.collected.escapes.sites,
        compared,
        note: before.note(against),
        classes: match compared {
            true => Vec::new(),
            false => classes(before.collected, collected),
        },
    });
    if compared {
        one_by_one(collected, before, against, escapes);
    }
}

impl Before<'_> {
    fn is_comparable(&self, against: &Against<'_>) -> bool {
        self.across || self.facts.toolchain.version == against.facts.toolchain.version
    }

    /// Why sites are not compared, or what to keep in mind.
    fn note(&self, against: &Against<'_>) -> Option<String> {
        if !self.is_comparable(against) {
            let (other, own) = (&self.facts.toolchain, &against.facts.toolchain);
            return Some(format!(
                "{} was compiled by {} and this is {}, which reports other sites for the same code: nothing is compared",
                self.name, other.version, own.version
            ));
        }
        let differ = super::profiles(self.facts) != super::profiles(against.facts);
        let words = "the profiles differ, and change what is inlined: some of the changes may come from that";
        differ.then(|| words.to_owned())
    }
}

fn one_by_one(
    collected: &Collected,
    before: &Before<'_>,
    against: &Against<'_>,
    escapes: &mut Escapes,
) {
    let (at_before, old) = allocating(before.collected);
    let (at, new) = allocating(collected);
    let compared = added::compare(&old, &new);
    escapes.moved = compared.moved as u64;
    let fixed = compared.fixed.iter();
    escapes.fixed = fixed
        .map(|index| super::site(before.collected, at_before[*index], before.cwd))
        .collect();
    let weighing = Weighing::new(against.facts);
    for it in compared.new {
        let it = Added {
            index: at[it.index],
            among: it.among.iter().map(|it| at[*it]).collect(),
            ..it
        };
        let (mut site, excerpt) = super::added(collected, &it, against.cwd);
        site.weight = weighing.function(&site.package, &site.function);
        ignoring::sort(site, &excerpt, &against.config.escape.ignore, escapes);
    }
}

/// Indices and names of the sites that allocate.
fn allocating(collected: &Collected) -> (Vec<usize>, Vec<Listed>) {
    let sites = collected.listed().into_iter().enumerate();
    sites
        .filter(|site| site.1.identity.class.allocates())
        .unzip()
}

fn classes(before: &Collected, after: &Collected) -> Vec<ClassChange> {
    let count = |all: &Collected, class| {
        all.sites
            .iter()
            .filter(|site| site.site.class == class)
            .count() as u64
    };
    let change = |class: Class| ClassChange {
        class: class_name(class),
        before: count(before, class),
        after: count(after, class),
    };
    Class::ALL
        .into_iter()
        .filter(|class| class.allocates())
        .map(change)
        .filter(|change| change.before + change.after > 0)
        .collect()
}
