//! The answer where the linker's elimination cannot be run: the shortest chain of imports.

use std::collections::{HashMap, HashSet, VecDeque};

use super::{Known, Question};
use crate::error::{Error, Kind, Result};
use crate::report::reasons::{Asked, Chain, Reasons, Step};

/// Fills in a chain of imports. Fails with [`Kind::Usage`] for what imports do not show.
pub(super) fn fill(
    known: &Known<'_>,
    question: &Question<'_>,
    reasons: &mut Reasons,
) -> Result<()> {
    let why = reasons.not_run.clone().unwrap_or_default();
    let Some(name) = question
        .about
        .filter(|name| !["dce", "init"].contains(name))
    else {
        return Err(Error::new(
            Kind::Machine,
            format!("bytes need the linker's elimination: {why}"),
        )
        .hint("`why PACKAGE` shows the chain of imports"));
    };
    let module = name.strip_prefix("module:").unwrap_or(name);
    let is_package = known.packages.iter().any(|package| package.path == name);
    let wanted = |path: &str| match is_package {
        true => path == name,
        false => known.is_in(path, module),
    };
    if !known.packages.iter().any(|package| wanted(&package.path)) {
        let message = format!("no package or module `{name}` is in the build");
        return Err(Error::new(Kind::Usage, message)
            .hint(format!("functions need the linker's elimination: {why}")));
    }
    reasons.asked = Some(Asked {
        name: name.to_owned(),
        kind: if is_package { "package" } else { "module" }.into(),
        symbols: 0,
        chains: chain(known, wanted).into_iter().collect(),
        imported_by: known.importers_of(wanted),
        callers: Vec::new(),
        also: None,
        without: None,
    });
    Ok(())
}

/// The chain that led to a package, from the first importer on.
fn back_to_start(at: &str, parents: &HashMap<&str, &str>) -> Chain {
    let mut path = vec![at];
    while let Some(before) = path.last().and_then(|at| parents.get(at)) {
        path.push(before);
    }
    let step = |(index, package): (usize, &str)| Step {
        kind: if index == 0 { "start" } else { "import" }.into(),
        symbol: package.into(),
        package: package.into(),
        file: None,
        line: None,
    };
    Chain {
        steps: path.into_iter().rev().enumerate().map(step).collect(),
    }
}

/// The shortest chain of imports from the main package to a wanted one.
fn chain(known: &Known<'_>, wanted: impl Fn(&str) -> bool) -> Option<Chain> {
    let imports: HashMap<&str, &[String]> = known
        .packages
        .iter()
        .map(|package| (package.path.as_str(), package.imports.as_slice()))
        .collect();
    let start = known.packages.last()?.path.as_str();
    let mut parents: HashMap<&str, &str> = HashMap::new();
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        if wanted(at) {
            return Some(back_to_start(at, &parents));
        }
        for import in imports.get(at).copied().unwrap_or_default() {
            if seen.insert(import) {
                parents.insert(import, at);
                queue.push_back(import);
            }
        }
    }
    None
}
