//! Ranks the functions and lines that hold the most sites.

use std::collections::HashMap;

use serde::Serialize;

use super::class::Class;
use super::class_counts::{Escapes, PackageEscapes};
use super::identity::IdentifiedSite;

/// What one function or line holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Group {
    /// The import path.
    pub package: String,
    /// The function, or `file:line`.
    pub name: String,
    /// Allocating sites.
    pub sites: u64,
    /// The classes with a site, most frequent first.
    pub classes: Vec<(Class, u64)>,
    /// Which of the given sites, by index.
    pub members: Vec<usize>,
}

/// Allocating sites by enclosing function, most sites first. Those of methods that the compiler makes are one group of their
/// package, and those whose function is not known another; these are the last ones.
pub fn by_function(sites: &[IdentifiedSite]) -> Vec<Group> {
    let mut groups = group(sites, |site| {
        Some(match site.identity.function.as_str() {
            "" if site.site.is_generated() => GENERATED.to_owned(),
            "" => UNKNOWN.to_owned(),
            name => name.to_owned(),
        })
    });
    groups.sort_by_key(|group| is_rest(&group.name));
    groups
}

/// What stands for the function of sites where it is not known.
const UNKNOWN: &str = "functions that are not known";

/// Whether a group is of no one function or line: it stands for all of a package that are not known.
pub fn is_rest(name: &str) -> bool {
    name.starts_with(GENERATED) || name.starts_with(UNKNOWN)
}

/// Allocating sites by line of source, most sites first. Sites without a position are left out; those of methods that the
/// compiler makes, which stand in no source, are one group of their package, and the last ones.
pub fn by_line(sites: &[IdentifiedSite]) -> Vec<Group> {
    let mut groups = group(sites, |site| match site.site.line {
        0 => None,
        _ if site.site.is_generated() => Some(GENERATED.to_owned()),
        line => Some(format!("{}:{line}", site.site.file)),
    });
    groups.sort_by_key(|group| is_rest(&group.name));
    groups
}

/// What stands for the place of sites in methods that the compiler makes: it does not print which.
pub const GENERATED: &str = "methods that the compiler makes";

/// Counts again with what the sources told: function literals that capture nothing are no sites, and functions have names.
///
/// `sites` must be all sites of the packages in `escapes`, as [`super::identify`] gives them.
pub fn recount(escapes: &mut Escapes, sites: &[IdentifiedSite]) {
    let packages = std::mem::take(&mut escapes.packages).into_iter();
    let uncounted = packages.map(|package| (package.path.clone(), uncounted(package)));
    let mut packages: HashMap<String, PackageEscapes> = uncounted.collect();
    for found in sites {
        if let Some(package) = packages.get_mut(&found.site.package) {
            package.count(found.site.class);
        }
    }
    // The initial value of a package variable runs in no function of the source.
    let is_function = |group: &&Group| !is_rest(&group.name) && !group.name.starts_with("var ");
    for group in by_function(sites).iter().filter(is_function) {
        if let Some(package) = packages.get_mut(&group.package) {
            *package.functions.get_or_insert_default() += 1;
        }
    }
    escapes.packages = packages.into_values().collect();
    escapes.sort();
}

/// A package without its sites.
fn uncounted(package: PackageEscapes) -> PackageEscapes {
    PackageEscapes {
        path: package.path,
        module: package.module,
        leaking: package.leaking,
        optimizations: package.optimizations,
        functions: Some(0),
        ..PackageEscapes::default()
    }
}

fn group(
    sites: &[IdentifiedSite],
    name_of: impl Fn(&IdentifiedSite) -> Option<String>,
) -> Vec<Group> {
    let mut groups: HashMap<(&str, String), Vec<usize>> = HashMap::new();
    for (index, found) in sites.iter().enumerate() {
        let name = Some(found).filter(|found| found.site.class.allocates());
        if let Some(name) = name.and_then(&name_of) {
            let members = groups.entry((&found.site.package, name));
            members.or_default().push(index);
        }
    }
    let summed = |((package, name), members): ((&str, String), Vec<usize>)| Group {
        package: package.to_owned(),
        name,
        sites: members.len() as u64,
        classes: classes(sites, &members),
        members,
    };
    let mut groups: Vec<Group> = groups.into_iter().map(summed).collect();
    groups.sort_by(|a, b| {
        b.sites
            .cmp(&a.sites)
            .then_with(|| a.package.cmp(&b.package))
            .then_with(|| a.name.cmp(&b.name))
    });
    groups
}

fn classes(sites: &[IdentifiedSite], members: &[usize]) -> Vec<(Class, u64)> {
    let count = |class| {
        members
            .iter()
            .filter(|member| sites[**member].site.class == class)
            .count() as u64
    };
    let mut classes: Vec<_> = Class::ALL
        .into_iter()
        .map(|class| (class, count(class)))
        .filter(|entry| entry.1 > 0)
        .collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.1));
    classes
}
