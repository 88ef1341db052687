//! Collects what the growth of a target is explained by: bytes by package from the objects, with versions, flags and
//! sources.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::command::graph::{Known, Objects};
use crate::error::{Error, Kind, Result};
use crate::go::list::Package;
use crate::input;
use crate::linker::Program;
use crate::number::hex;
use crate::order::{Order, Ordered};
use crate::plan::exports::Exported;
use crate::plan::output::Executable;
use crate::plan::{Facts, StepKind, TargetPlan};
use crate::process::Interrupt;
use crate::report::growth::{self, Methods, Side};

/// Flags that change what is compiled. Of those of the linker only who links changes what is counted, which a side says itself.
const FLAGS: [&str; 9] = [
    "asan",
    "asmflags",
    "buildmode",
    "cover",
    "gcflags",
    "msan",
    "race",
    "tags",
    "trimpath",
];

/// Variables that do.
const VARIABLES: [&str; 10] = [
    "CGO_ENABLED",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
];

/// More callers are not priced one by one.
const PRICED: usize = 30;

/// Reads the objects of an executable.
///
/// Fails with [`Kind::Go`] where it does not compile, and with [`Kind::Machine`] where the elimination cannot be run.
pub fn side(target: &TargetPlan, executable: &Executable, interrupt: &Interrupt) -> Result<Side> {
    Objects::check(target)?;
    let objects = Objects::list(target, &executable.package, interrupt)?;
    let known = objects.known();
    let facts = &target.facts;
    let mut side = objects.linked(|program| Ok(of_program(program, &known)))??;
    side.go_version = Some(facts.toolchain.version.clone());
    side.settings = settings(target);
    let applied = facts.pgo.applied(&executable.package);
    side.profile = applied.and_then(|found| found.sha256.clone());
    side.modules = modules(facts);
    let embedded: BTreeMap<&str, &Exported> = known
        .packages
        .iter()
        .map(|package| (package.path.as_str(), package))
        .ordered();
    for package in &facts.packages {
        let Some(of) = side.packages.get_mut(&package.import_path) else {
            continue;
        };
        of.is_own = package.module.as_ref().is_none_or(|module| module.main) && !package.standard;
        of.module = package.module.as_ref().map(|module| module.path.clone());
        if of.is_own || lies_in_a_directory(package) {
            let own = [&package.go_files, &package.cgo_files, &package.s_files];
            let embeds = embedded.get(package.import_path.as_str());
            let embeds = embeds.iter().flat_map(|found| &found.embedded);
            of.sources = sources(
                Path::new(&package.dir),
                own.into_iter().flatten().chain(embeds),
            );
        }
    }
    Ok(side)
}

/// Whether the version of a package does not say what is in it: one of a module that a directory stands in for, or that is
/// vendored.
fn lies_in_a_directory(package: &Package) -> bool {
    let Some(module) = &package.module else {
        return false;
    };
    let replaced = module.replace.as_ref();
    let vendored = Path::new("vendor").join(&package.import_path);
    replaced.is_some_and(|real| real.version.is_empty())
        || Path::new(&package.dir).ends_with(vendored)
}

fn of_program(program: &Program<'_>, known: &Known<'_>) -> Side {
    let bytes = program.by_package();
    let named = bytes.iter().filter(|(name, _)| !name.is_empty());
    let packages = named.map(|(name, bytes)| {
        let package = growth::Package {
            bytes: *bytes,
            ..growth::Package::default()
        };
        (known.import_path(name).to_owned(), package)
    });
    let imports = known.packages.iter();
    let imports = imports.map(|package| (package.path.clone(), package.imports.clone()));
    Side {
        size: bytes.values().sum(),
        elimination: Some(!program.keeps_all_methods()),
        methods: program.keeps_all_methods().then(|| methods(program, known)),
        packages: packages.ordered(),
        imports: Some(imports.ordered()),
        uncounted_c: program.has_uncounted_c(),
        ..Side::default()
    }
}

/// What calls of methods by unknown names keep, and who calls so.
fn methods(program: &Program<'_>, known: &Known<'_>) -> Methods {
    let all = program.reflecting();
    let mut callers: Vec<(u64, String)> = Vec::new();
    let chains = program.chains_to_each(&all).into_iter();
    let (freed, each) = program.freed_by_each(&all);
    for (chain, alone) in chains.zip(each).take(PRICED) {
        let last = chain.as_ref().and_then(|chain| chain.last());
        callers.extend(last.map(|step| (alone, step.symbol.clone())));
    }
    callers.order_by_key(|(alone, name)| (Reverse(*alone), name.clone()));
    let bytes = freed
        .packages
        .into_iter()
        .map(|(name, bytes)| match name.as_str() {
            "" => (name, bytes),
            path => (known.import_path(path).to_owned(), bytes),
        });
    Methods {
        callers: callers.into_iter().map(|(_, name)| name).collect(),
        bytes: bytes.ordered(),
        others: all.len().saturating_sub(PRICED),
    }
}

/// What stands in the command of the release.
fn settings(target: &TargetPlan) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let release = target
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Release);
    let Some(invocation) = release.map(|step| &step.invocation) else {
        return all;
    };
    all.extend(flags(invocation.args.iter().filter_map(|arg| arg.to_str())));
    for (name, value) in &invocation.env {
        if VARIABLES.contains(&name.as_str()) {
            all.insert(name.clone(), value.to_string_lossy().into_owned());
        }
    }
    all
}

/// The flags of a command that change what is compiled, with their values.
fn flags<'a>(mut args: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    const WITH_VALUE: [&str; 4] = ["asmflags", "buildmode", "gcflags", "tags"];
    let mut all = Vec::new();
    while let Some(arg) = args.next() {
        let Some(flag) = arg.strip_prefix('-').filter(|_| arg != "--") else {
            continue;
        };
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag, None),
        };
        if FLAGS.contains(&name) {
            let value = match value {
                Some(value) => value,
                None if WITH_VALUE.contains(&name) => args.next().unwrap_or_default(),
                None => "",
            };
            all.push((format!("-{name}"), value.to_owned()));
        }
    }
    all
}

fn modules(facts: &Facts) -> BTreeMap<String, Option<String>> {
    let all = facts
        .packages
        .iter()
        .filter_map(|package| package.module.as_ref());
    let all = all.filter(|module| !module.main).map(|module| {
        let version = match &module.replace {
            None => module.version.clone(),
            Some(real) => format!("{} => {} {}", module.version, real.path, real.version),
        };
        (module.path.clone(), Some(version.trim_end().to_owned()))
    });
    all.ordered()
}

/// A digest of files by their names and contents; `None` where one cannot be read.
fn sources<'f>(directory: &Path, files: impl Iterator<Item = &'f String>) -> Option<String> {
    let mut digest = Sha256::new();
    for name in files {
        let content = input::read(&directory.join(name), 1 << 30).ok()?;
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(&content);
    }
    Some(hex(&digest.finalize()))
}

/// The only executable of the only target, or an error that says to name one.
pub fn only(targets: &[TargetPlan]) -> Result<(&TargetPlan, &Executable)> {
    let named = |message: &str| {
        Error::new(Kind::Usage, message.to_owned())
            .hint("name the main package that is asked about")
    };
    let target = targets.first().ok_or_else(|| named("no target"))?;
    match target.executables.as_slice() {
        [only] => Ok((target, only)),
        [] => Err(named("there is no executable to ask about")),
        [first, second, ..] => Err(named(&format!(
            "there are several executables: `{}`, `{}`",
            first.package, second.package
        ))),
    }
}
