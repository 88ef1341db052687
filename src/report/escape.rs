//! The report of `escape`: sites by package, function or line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::escapes::{self, Against};
use super::{EscapePackage, Escapes, SCHEMA_VERSION, Site, Tool, Verdict, gate};
use crate::build::escapes::Collected;
use crate::escape::{self, Class, Group, IdentifiedSite};
use crate::lock::class_name;

/// What sites are grouped by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The import path.
    #[default]
    Package,
    /// The enclosing function.
    Function,
    /// The line of source.
    Line,
}

/// Which sites are shown. The gate looks at all of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// What they are grouped by.
    pub by: By,
    /// Text in the package, the function, the file or the expression.
    pub filter: Option<String>,
    /// Classes; empty: all that allocate.
    pub classes: Vec<Class>,
}

/// The report of `escape`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// Whether the gate lets it pass.
    pub verdict: Verdict,
    /// What `groups` holds.
    pub by: By,
    /// One entry per platform.
    pub targets: Vec<Target>,
}

/// The escapes of one platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// What gobuild-opt.lock calls it.
    pub key: String,
    /// Wall time of collecting.
    pub escape_ms: u64,
    /// Counts, and what is new against the lock. `packages` holds what was selected.
    pub escapes: Escapes,
    /// Functions or lines, most sites first; empty by package.
    pub groups: Vec<Ranked>,
    /// The sites that were selected.
    pub sites: Vec<Site>,
    /// The first lines of the compiler that were not understood.
    pub unparsed_examples: Vec<String>,
}

/// A function or a line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Ranked {
    /// The import path.
    pub package: String,
    /// The function, or `file:line`.
    pub name: String,
    /// Its sites.
    pub sites: u64,
    /// Sites by class, most frequent first.
    pub classes: Vec<(String, u64)>,
    /// The IDs of the sites.
    pub ids: Vec<String>,
    /// The line of source of the first.
    pub source: String,
}

/// Says what the sites of a platform mean.
pub fn target(collected: &Collected, against: &Against<'_>, selection: &Selection) -> Target {
    let mut escapes = escapes::report(collected, against);
    let chosen: Vec<usize> = (0..collected.sites.len())
        .filter(|it| selection.holds(&collected.sites[*it]))
        .collect();
    let sites: Vec<Site> = chosen
        .iter()
        .map(|it| escapes::site(collected, *it, against.cwd))
        .collect();
    let identified: Vec<IdentifiedSite> = chosen
        .iter()
        .map(|it| collected.sites[*it].clone())
        .collect();
    if selection.filter.is_some() || !selection.classes.is_empty() {
        escapes.packages = recounted(&identified);
    }
    let groups = match selection.by {
        By::Package => Vec::new(),
        By::Function => escape::by_function(&identified),
        By::Line => escape::by_line(&identified),
    };
    Target {
        key: against.facts.key(),
        escape_ms: u64::try_from(collected.cost.wall().as_millis()).unwrap_or(u64::MAX),
        groups: groups
            .iter()
            .map(|it| ranked(it, &sites, selection.by))
            .collect(),
        unparsed_examples: collected.escapes.unparsed_examples.clone(),
        sites,
        escapes,
    }
}

/// The report of all platforms.
pub fn report(targets: Vec<Target>, by: By) -> Report {
    let failures = gate::failures(targets.iter().map(|it| &it.escapes));
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        verdict: Verdict {
            pass: failures.is_empty(),
            failures,
        },
        by,
        targets,
    }
}

impl Selection {
    fn holds(&self, it: &IdentifiedSite) -> bool {
        let text = |filter: &String| {
            [
                &it.identity.package,
                &it.identity.function,
                &it.site.file,
                &it.identity.expression,
            ]
            .iter()
            .any(|it| it.contains(filter.as_str()))
        };
        let class = it.site.class;
        let wanted = if self.classes.is_empty() {
            class.allocates()
        } else {
            self.classes.contains(&class)
        };
        wanted && self.filter.as_ref().is_none_or(text)
    }
}

fn ranked(group: &Group, sites: &[Site], by: By) -> Ranked {
    let first = group.members.first().map(|it| &sites[*it]);
    Ranked {
        package: group.package.clone(),
        // The compiler's own name of the file may start with an import path.
        name: match (by, first.and_then(|it| Some((it.file.as_ref()?, it.line)))) {
            (By::Line, Some((file, line))) => format!("{file}:{line}"),
            _ => group.name.clone(),
        },
        sites: group.sites,
        classes: group
            .classes
            .iter()
            .map(|it| (class_name(it.0), it.1))
            .collect(),
        ids: group
            .members
            .iter()
            .map(|it| sites[*it].id.clone())
            .collect(),
        source: first.map(|it| it.source.clone()).unwrap_or_default(),
    }
}

/// The counts of the sites that were selected.
fn recounted(sites: &[IdentifiedSite]) -> Vec<EscapePackage> {
    let mut paths: Vec<&str> = sites.iter().map(|it| it.site.package.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    let empty = |path: &&str| escape::PackageEscapes {
        path: (*path).to_owned(),
        ..escape::PackageEscapes::default()
    };
    let mut escapes = escape::Escapes {
        packages: paths.iter().map(empty).collect(),
        ..escape::Escapes::default()
    };
    escape::recount(&mut escapes, sites);
    escapes.packages.iter().map(escapes::package).collect()
}
