//! Takes from an inspected executable what its growth is explained by.

use std::collections::BTreeMap;

use crate::binary::{BuildInfo, Module, Origin};
use crate::order::Ordered;
use crate::quote;
use crate::report::growth::{Package, Side};
use crate::report::inspection::Inspection;

/// Build settings that say nothing about sizes, or that stand elsewhere.
const LEFT_OUT: [&str; 10] = [
    "-buildvcs",
    "-compiler",
    "-pgo",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_LDFLAGS",
    "DefaultGODEBUG",
    "GOARCH",
    "GOOS",
];

/// The packages that each package calls.
type Calls = BTreeMap<String, Vec<String>>;

/// What a file says by itself; `calls`: which package calls which, where that is known.
pub fn side(found: &Inspection<'_>, calls: Option<Calls>) -> Side {
    let build = found.build.as_ref();
    let setting = |name: &str| {
        build
            .and_then(|build| build.setting(name))
            .map(str::to_owned)
    };
    let modules = build.iter().flat_map(|build| &build.deps);
    let modules = modules.map(|module| (module.path.clone(), Some(version(module))));
    let sources = sources(found);
    let packages = found.packages.iter().map(|package| {
        let is_own = package.origin == Origin::Main;
        let of = Package {
            module: package.module.clone(),
            is_own,
            sources: sources.clone().filter(|_| is_own),
            bytes: package.bytes,
        };
        (package.path.clone(), of)
    });
    let roles = found.roles.iter();
    let symbols = roles.filter(|role| ["dwarf", "symbols"].contains(&role.role.as_str()));
    Side {
        size: found.file.size,
        go_version: found.file.go_version.clone(),
        settings: build.map(settings).unwrap_or_default(),
        // Where the profile lay says nothing: two checkouts are in two directories.
        profile: setting("-pgo")
            .map(|path| path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned()),
        elimination: found.methods.and_then(|methods| methods.on),
        methods: None,
        modules: modules.ordered(),
        packages: packages.ordered(),
        symbols: symbols.map(|role| role.bytes).sum(),
        imports: calls.map(|calls| renamed(calls, build.map_or("main", |build| &build.path))),
        uncounted_c: false,
    }
}

/// The settings of a build that decide about sizes.
pub fn settings(build: &BuildInfo) -> BTreeMap<String, String> {
    let settings = build.settings.iter().filter(|(name, _)| {
        !LEFT_OUT.contains(&name.as_str()) && name != "vcs" && !name.starts_with("vcs.")
    });
    let settings = settings.filter_map(|(name, value)| match name.as_str() {
        "-ldflags" => {
            let value = without_stamps(value);
            (!value.is_empty()).then_some((name.clone(), value))
        }
        _ => Some((name.clone(), value.clone())),
    });
    settings.ordered()
}

/// The main package has the name of its import path, as among the packages.
fn renamed(calls: Calls, main: &str) -> Calls {
    let own = |path: String| {
        if path == "main" {
            main.to_owned()
        } else {
            path
        }
    };
    calls
        .into_iter()
        .map(|(path, all)| (own(path), all))
        .ordered()
}

/// The version of a module, and what stands in for it.
pub(crate) fn version(module: &Module) -> String {
    match &module.replace {
        None => module.version.clone(),
        Some(real) => format!("{} => {} {}", module.version, real.path, real.version),
    }
}

/// Flags of the linker without values of variables: a version that is stamped says nothing of sizes.
fn without_stamps(flags: &str) -> String {
    let words = quote::split(flags)
        .unwrap_or_else(|_| flags.split_whitespace().map(str::to_owned).collect());
    let mut kept: Vec<String> = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        match flag {
            Some("X") => drop(words.next()),
            Some(flag) if flag.starts_with("X=") => {}
            _ => kept.push(word),
        }
    }
    kept.join(" ")
}

/// What the main module was built from, where the file says it: a version, or a commit without changes.
fn sources(found: &Inspection<'_>) -> Option<String> {
    let build = found.build.as_ref()?;
    let version = build.main.as_ref().map(|main| main.version.as_str());
    let is_told =
        |version: &&str| !["", "(devel)"].contains(version) && !version.ends_with("+dirty");
    let version = version.filter(is_told);
    let clean = build.setting("vcs.modified") == Some("false");
    let revision = build.setting("vcs.revision").filter(|_| clean);
    revision.or(version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_no_flags_that_change_sizes() {
        let stamped = "-s -w -X main.version=1 -X 'main.date=a b' --X=main.c=2 -buildid=";
        assert_eq!(without_stamps(stamped), "-s -w -buildid=");
        assert_eq!(without_stamps("-X main.version=1"), "");
    }
}
