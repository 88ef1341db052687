//! Works out from the build information what the program will do at run time.

use std::collections::BTreeMap;

use super::RuntimeContract;
use crate::binary::{Anatomy, Callers, LayoutNote};
use crate::check::gomaxprocs::{AUTOMAXPROCS, Contract, GoLine, Setters, judge};
use crate::check::{Seen, Status};
use crate::go::minor_of;
use crate::order::Ordered;

const AUTOMEMLIMIT: &str = "github.com/KimMachineGun/automemlimit";

pub(crate) fn contract(anatomy: &Anatomy<'_>, gomaxprocs: &Callers) -> RuntimeContract {
    let binary = &anatomy.binary;
    let info = binary.build_info.as_ref();
    let setting = |name: &str| info.and_then(|info| info.setting(name));
    let go_version = info.map(|info| info.go_version.clone()).unwrap_or_default();
    let godebug = setting("DefaultGODEBUG").unwrap_or_default();
    let contract = Contract {
        goos: binary.goos.clone().unwrap_or_default(),
        modern: minor_of(&go_version).map(|entry| entry >= (1, 25)),
        go_version,
        switched_off: godebug.split(',').any(|part| part == "containermaxprocs=0"),
        automaxprocs: linked(anatomy, AUTOMAXPROCS),
        setters: Setters::of(gomaxprocs),
        go_line: GoLine::Unknown,
    };
    let (status, message, hint) = match judge(&contract) {
        Seen::Good(message) => (Status::Pass, message, None),
        Seen::Bad(message, hint) => (Status::Warn, message, Some(hint)),
        Seen::Skipped(message) => (Status::Skip, message, None),
        Seen::NotJudged { cause, .. } => (Status::Skip, cause.to_string(), None),
    };
    RuntimeContract {
        container_cpu: contract.container_cpu(),
        status,
        message,
        hint,
        automaxprocs: contract.automaxprocs,
        automemlimit: linked(anatomy, AUTOMEMLIMIT),
        pgo: setting("-pgo").map(str::to_owned),
        godebug: pairs(godebug),
    }
}

/// Whether a module is linked; `None` where nobody can say.
fn linked(anatomy: &Anatomy<'_>, module: &str) -> Option<bool> {
    let info = anatomy.binary.build_info.as_ref();
    let below = |path: &str| {
        let rest = path.strip_prefix(module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_dependency =
        info.is_some_and(|info| info.deps.iter().any(|dependency| dependency.path == module));
    let mut packages = anatomy.packages.iter();
    let found = packages.any(|package| below(&package.path)) || is_dependency;
    // Build information with a main module lists every module that is linked.
    let lists_modules = info.is_some_and(|info| info.main.is_some());
    (found || lists_modules || lists_packages(anatomy)).then_some(found)
}

/// Whether the packages of the program could be determined: what is not among them is not linked.
pub(crate) fn lists_packages(anatomy: &Anatomy<'_>) -> bool {
    let unknown =
        |note: &LayoutNote| matches!(note, LayoutNote::NoLineTable | LayoutNote::OldLineTable);
    !anatomy.packages.is_empty() && !anatomy.notes.iter().any(unknown)
}

/// `a=1,b=0`
fn pairs(godebug: &str) -> BTreeMap<String, String> {
    let pairs = godebug.split(',').filter_map(|part| part.split_once('='));
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ordered()
}
