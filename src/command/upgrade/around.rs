//! What surrounds a comparison: modules that move, facts of the release notes, time, who imports whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::built_side::Part;
use super::wished_versions::Bump;
use crate::build::tools::Tool;
use crate::go::news::{self, News, Who};
use crate::order::{Order, Ordered};
use crate::plan::Facts;
use crate::report::upgrade_report as report;
use crate::report::upgrade_report::Reasons;

/// Versions of modules that packages come from, where they differ.
pub fn bumps(old: &Facts, new: &Facts, asked: &[Bump]) -> Vec<report::Bump> {
    let versions = |facts: &Facts| -> BTreeMap<String, String> {
        let modules = facts.packages.iter().filter_map(|it| it.module.as_ref());
        let modules = modules.filter(|module| !module.main);
        modules
            .map(|module| (module.path.clone(), module.version.clone()))
            .ordered()
    };
    let (before, after) = (versions(old), versions(new));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).ordered();
    let bump = |path: &String| report::Bump {
        path: path.clone(),
        before: before.get(path).cloned(),
        after: after.get(path).cloned(),
        asked: asked.iter().any(|bump| bump.path == *path),
    };
    let mut all: Vec<report::Bump> = paths.into_iter().map(bump).collect();
    all.retain(|bump| bump.before != bump.after);
    all.order_by_key(|bump| !bump.asked);
    all
}

/// What is known of Go's changes, for this program.
pub fn facts(
    new: &Facts,
    (before, after): (u32, u32),
    lines: (Option<u32>, Option<u32>),
) -> Vec<report::Fact> {
    let goroot = Path::new(&new.toolchain.goroot);
    let has = |path: &str| new.packages.iter().any(|it| it.import_path == path);
    let line = lines.0.unwrap_or(before);
    let concerns = |news: &&News| match news.who {
        // The line moves to what the new Go is.
        Who::GoLine => news.minor > line,
        Who::Everybody => news.minor > before,
        Who::Linked(path) => news.minor > before && has(path),
        Who::Cgo => news.minor > before && new.packages.iter().any(|it| !it.cgo_files.is_empty()),
    };
    let fact = |news: &News| report::Fact {
        since: format!("1.{}", news.minor),
        topic: news.topic.to_owned(),
        fact: news.fact.to_owned(),
        with_go_line: news.who == Who::GoLine && lines.1.is_some_and(|line| line < news.minor),
        back: news.way_back(goroot),
        source: news.source(),
    };
    news::between(0, after).filter(concerns).map(fact).collect()
}

/// CPU time of what both sides compiled and linked.
pub fn time<'a>(pairs: impl Iterator<Item = (&'a Part, &'a Part)>) -> report::Time {
    let mut time = report::Time::default();
    for (old, new) in pairs {
        let of = |part: &'a Part| -> BTreeMap<(&'a str, &'a str), u64> {
            let counted = part.built.tools.iter().filter(|tool| tool.counts());
            let took = |tool: &'a Tool| {
                let end = tool.end?;
                Some(((tool.name.as_str(), tool.package.as_str()), end.cpu_us))
            };
            counted.filter_map(took).ordered()
        };
        let (before, after) = (of(old), of(new));
        for (tool, took) in &before {
            if let Some(now) = after.get(tool) {
                time.packages += u64::from(tool.0 == "compile");
                time.before_ms += took / 1000;
                time.after_ms += now / 1000;
            }
        }
    }
    time
}

/// Where reasons of changed sizes are found.
pub fn reasons(parts: [&Part; 2], modules: &[report::Bump]) -> Reasons {
    let version = |part: &Part| part.plan.facts.toolchain.version.clone();
    let mut reasons = Reasons {
        go: (version(parts[0]), version(parts[1])),
        ..Reasons::default()
    };
    for package in parts.iter().flat_map(|part| &part.plan.facts.packages) {
        let path = package.import_path.clone();
        if package.standard {
            reasons.standard.insert(path.clone());
        }
        if let Some(module) = &package.module {
            reasons.modules.insert(path, module.path.clone());
        }
    }
    let moved = modules.iter();
    let moved = moved.map(|bump| (bump.path.clone(), (bump.before.clone(), bump.after.clone())));
    reasons.moved = moved.ordered();
    reasons.importers = (importers(parts[0]), importers(parts[1]));
    reasons
}

/// Who imports each package: own code where it does, else a module, else the standard library.
fn importers(part: &Part) -> BTreeMap<String, String> {
    let facts = &part.plan.facts;
    let rank: BTreeMap<&str, u8> = facts
        .packages
        .iter()
        .map(|package| {
            let rank = match (&package.module, package.standard) {
                (Some(module), _) if module.main => 0,
                (_, false) => 1,
                (_, true) if !package.import_path.contains("internal") => 2,
                (_, true) => 3,
            };
            (package.import_path.as_str(), rank)
        })
        .ordered();
    let mut found: BTreeMap<String, (u8, String)> = BTreeMap::new();
    for package in &part.imports {
        let of = rank.get(package.path.as_str()).copied().unwrap_or(4);
        for import in &package.imports {
            let best = found.get(import).map(|it| it.0);
            if best.is_none_or(|best| of < best) {
                found.insert(import.clone(), (of, package.path.clone()));
            }
        }
    }
    found
        .into_iter()
        .map(|(path, (_, by))| (path, by))
        .ordered()
}
