//! Turns the scope of the escape report, a word or patterns, into Go's package patterns.

use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::go::{Package, pattern};

/// The scope as patterns that `-gcflags` understands.
///
/// `module` is the main module (with go.work each of them) and the module of every named package,
/// which differs when a command of a dependency is built.
pub(crate) fn patterns(scope: &str, packages: &[Package]) -> Vec<String> {
    match scope {
        "all" => vec!["all".into()],
        "main" => named(packages)
            .filter(|package| package.name == "main")
            .map(|package| package.import_path.clone())
            .collect(),
        "module" => module(packages),
        patterns => patterns
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

fn named(packages: &[Package]) -> impl Iterator<Item = &Package> {
    packages.iter().filter(|package| !package.dep_only)
}

fn module(packages: &[Package]) -> Vec<String> {
    let gopath = without_modules(packages);
    let wanted = packages.iter().filter(|package| {
        !package.dep_only || package.module.as_ref().is_some_and(|module| module.main)
    });
    // Files on the command line, and packages of the standard library, have no module.
    let pattern = |package: &Package| {
        package.module.as_ref().map_or_else(
            || package.import_path.clone(),
            |module| format!("{}/...", module.path),
        )
    };
    let mut patterns: Vec<String> = wanted.map(pattern).collect();
    patterns.extend(gopath);
    patterns.sort();
    patterns.dedup();
    patterns
}

/// In GOPATH mode there are no modules: packages of the repository of a named one are taken for its module.
fn without_modules(packages: &[Package]) -> Vec<String> {
    let outside = |package: &&Package| !package.standard && package.module.is_none();
    let roots = named(packages).filter(outside).filter_map(|package| {
        let elements: Vec<&str> = package.import_path.split('/').collect();
        let first = elements
            .first()
            .filter(|element| **element != "command-line-arguments")?;
        // `host/owner/name`, or a directory of its own.
        let count = if first.contains('.') { 3 } else { 1 };
        Some(elements[..count.min(elements.len())].join("/"))
    });
    let roots: Vec<String> = roots.collect();
    let below = |package: &Package| {
        let rest = roots
            .iter()
            .find_map(|root| package.import_path.strip_prefix(root.as_str()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    packages
        .iter()
        .filter(|package| {
            outside(package) && below(package) && !package.import_path.contains("/vendor/")
        })
        .map(|package| package.import_path.clone())
        .collect()
}

/// Fails with [`Kind::Usage`] for a pattern that means no package of the build: a misspelt scope
/// would look like a clean report.
pub(crate) fn require(scope: &str, packages: &[Package]) -> Result<()> {
    if matches!(scope, "all" | "main" | "module") {
        return Ok(());
    }
    let known = || packages.iter().map(|package| package.import_path.as_str());
    for pattern in patterns(scope, packages) {
        if !known().any(|text| contains(std::slice::from_ref(&pattern), text)) {
            let error = Error::new(
                Kind::Usage,
                format!("the escape scope `{pattern}` means no package of the build"),
            );
            let stem = pattern.trim_end_matches("/...");
            return Err(match nearest(stem, known()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(
                    "write main, module, all, or import path patterns such as example.com/app/...",
                ),
            });
        }
    }
    Ok(())
}

/// The packages of functions such as `example.com/app/lib.(*Box).Get`, sorted.
pub(crate) fn of_functions<'a>(
    functions: impl Iterator<Item = &'a str>,
    packages: &[Package],
) -> Vec<String> {
    let path = |text: &str| Some(owner(text, packages)?.0.import_path.clone());
    let mut found: Vec<String> = functions.filter_map(path).collect();
    found.sort();
    found.dedup();
    found
}

/// The package of a function, and the rest of its name. The longest path wins: the last element of one may hold dots.
pub(crate) fn owner<'a, 'b>(
    function: &'a str,
    packages: &'b [Package],
) -> Option<(&'b Package, &'a str)> {
    let rest = |package: &'b Package| {
        Some((
            package,
            function
                .strip_prefix(&package.import_path)?
                .strip_prefix('.')?,
        ))
    };
    packages
        .iter()
        .filter_map(rest)
        .max_by_key(|pair| pair.0.import_path.len())
}

/// Whether one of the patterns means the package.
pub(crate) fn contains(patterns: &[String], import_path: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern == "all" || pattern::matches(pattern, import_path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::Module;

    fn package(path: &str, module: &str, main: bool, dep_only: bool) -> Package {
        let module = Module {
            path: module.into(),
            main,
            ..Module::default()
        };
        Package {
            import_path: path.into(),
            name: "main".into(),
            dep_only,
            module: Some(module),
            ..Package::default()
        }
    }

    #[test]
    fn the_module_is_that_of_what_is_built() {
        let own = [
            package("ex.com/app/cmd", "ex.com/app", true, false),
            package("ex.com/dep", "ex.com/dep", false, true),
        ];
        assert_eq!(patterns("module", &own), ["ex.com/app/..."]);
        let foreign = [
            package("ex.com/tool", "ex.com/tool", false, false),
            package("ex.com/dep", "ex.com/dep", false, true),
        ];
        assert_eq!(patterns("module", &foreign), ["ex.com/tool/..."]);
    }
}
