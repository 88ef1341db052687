//! `bench`: what benchmarks allocate, held against the lock.

use std::ffi::OsString;
use std::path::{Component, Path};

use super::heavier::{annotated, heavier};
use super::lock_file;
use super::present::{self, present};
use super::{Output, Session};
use crate::build::Event;
use crate::build::benchmarks::{Request, measure};
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::error::{Error, Kind, Result};
use crate::facts::{Purpose, is_of_this_machine, list_flags};
use crate::go::flags::Flag;
use crate::lock::{FILE, Lock, Target};
use crate::number::counted_of;
use crate::plan::Facts;
use crate::render::{self, Format, Shows};
use crate::report::Findings;
use crate::report::allocations::{Report, report};
use crate::view;

/// Runs the benchmarks, compares and reports; writes the lock where it may become tighter.
pub(crate) fn run(args: &cli::Bench, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ADVICE, &args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let path = lock_file::path_of(&prepared);
    let now = lock_file::load(&path, &session.cwd)?;
    let judging = prepared.earlier.judging(&path, now.clone(), session)?;
    let follows = !prepared.earlier.judges();
    let (loaded, typed) = (&prepared.loaded, &prepared.typed);
    let config = &loaded.config.bench;
    let packages: Vec<OsString> = match args.typed.packages.as_slice() {
        [] => config.packages.iter().map(OsString::from).collect(),
        typed => typed.to_vec(),
    };
    let mut all = prepared.facts.iter();
    let here = all.find(|facts| is_of_this_machine(&facts.target));
    let facts = here.or(prepared.facts.first());
    let (Some(facts), false) = (facts, packages.is_empty()) else {
        return Err(
            Error::new(Kind::Usage, "no benchmark is named").hint(
                "name packages, or write `[bench] packages = [\"./internal/index\"]` in gobuild-opt.toml",
            ),
        );
    };
    check_packages(&packages)?;
    let flags = list_flags(loaded, typed, &facts.target, &facts.goflags)?;
    let mut go = facts.go.clone();
    let words: Vec<String> = typed.flags.iter().map(Flag::to_arg).collect();
    std::sync::Arc::make_mut(&mut go.ground).trust_flags(&words);
    let request = Request {
        pattern: &config.run,
        packages: &packages,
        flags: &flags,
        operations: config.operations.max(1),
    };
    (session.show)(Event::Talk("running benchmarks"));
    let measured = measure(&go, &request, &session.interrupt);
    let measured = measured.map_err(|error| hint_directory(error, &packages, facts))?;
    let key = facts.key();
    let lock = judging.as_ref().and_then(|lock| lock.targets.get(&key));
    let version = facts.toolchain.version.clone();
    let found = report(key, version, &measured, lock, args.accept);
    let mut lock = now.unwrap_or_default();
    let told = match args.accept {
        true => Some(accept(&mut lock, &found, args)?),
        false if found.verdict.pass && follows && session.variable("CI").is_none() => {
            tighten(&mut lock, &found)
        }
        false => None,
    };
    if let Some(told) = told {
        lock_file::save(&lock, &path, &session.interrupt)?;
        (session.show)(Event::Talk(&told));
    }
    show(&found, &prepared.facts, args, session)
}

/// Go's error, with a hint where it looked among its own packages for a directory that is here.
pub(crate) fn hint_directory(error: Error, packages: &[OsString], facts: &Facts) -> Error {
    let said = error.detail.as_deref().unwrap_or(&error.message);
    if !said.contains("is not in std") {
        return error;
    }
    let is_directory = |package: &&OsString| {
        let path = Path::new(package);
        matches!(path.components().next(), Some(Component::Normal(_)))
            && facts.go.cwd.join(path).is_dir()
            && said.contains(&*package.to_string_lossy())
    };
    match packages.iter().find(is_directory) {
        Some(found) => error.hint(format!("the directory is `./{}`", found.to_string_lossy())),
        None => error,
    }
}

/// Fails with [`Kind::Usage`] for a word that `go test` would take for a flag: it reads those behind packages too.
pub(crate) fn check_packages(packages: &[OsString]) -> Result<()> {
    let flag = packages.iter().map(|package| package.to_string_lossy());
    let mut flag = flag.filter(|flag| flag.starts_with('-'));
    match flag.next() {
        None => Ok(()),
        Some(found) => Err(
            Error::new(Kind::Usage, format!("`{found}` is no package")).hint(
                "flags of `go build` stand before the packages; others of `go test` are not taken",
            ),
        ),
    }
}

fn show(
    report: &Report,
    facts: &[Facts],
    args: &cli::Bench,
    session: &Session<'_>,
) -> Result<Output> {
    let cwd = &session.cwd;
    let mut findings = Findings {
        not_judged: report.verdict.not_judged.iter().collect(),
        anchor: present::anchor(cwd),
        ..Findings::default()
    };
    if !args.accept {
        findings.benchmarks = heavier(
            &report.benchmarks,
            &format!("{FILE} says"),
            true,
            facts,
            cwd,
        );
    }
    let render = |format, _, style| match format {
        Format::Json => render::json(report),
        _ => annotated(&findings, &report.tool, format, cwd)
            .unwrap_or_else(|| render::blocks(&view::allocated::allocated(report), format, style)),
    };
    present(render, &args.output, usize::MAX, &report.verdict, session)
}

/// Takes over what was measured. What allocates more than the lock said takes a reason.
fn accept(lock: &mut Lock, found: &Report, args: &cli::Bench) -> Result<String> {
    let entry = lock.targets.get_mut(&found.key).ok_or_else(|| {
        let message = format!("`{FILE}` holds nothing of {}", found.key);
        Error::new(Kind::Usage, message).hint("run `gobuild-opt accept` first")
    })?;
    if entry.go != found.go_version {
        let (was, is) = (&entry.go, &found.go_version);
        return Err(Error::new(
            Kind::Usage,
            format!("`{FILE}` is from {was}, and this is {is}"),
        )
        .hint("run `gobuild-opt accept` first"));
    }
    let worse: Vec<String> = found
        .benchmarks
        .iter()
        .filter(|benchmark| benchmark.is_worse())
        .map(|benchmark| benchmark.key())
        .collect();
    let gone = gone(entry, found);
    if args.reason.is_none() && !(worse.is_empty() && gone.is_empty()) {
        let more = worse.iter().map(|key| format!("{key}: allocates more"));
        let out = gone.iter().map(|key| format!("{key}: did not run"));
        let count = counted_of(worse.len() + gone.len(), "benchmark");
        return Err(Error::new(
            Kind::Usage,
            format!("{count} would not be held to what `{FILE}` says any more"),
        )
        .detail(more.chain(out).collect::<Vec<_>>().join("\n"))
        .hint("say why with `--reason TEXT`"));
    }
    entry.benchmarks.retain(|key, _| !gone.contains(key));
    for it in &found.benchmarks {
        let known = entry.benchmarks.get(&it.key());
        let reason = match it.is_worse() {
            true => args.reason.clone(),
            false => known.and_then(|allocations| allocations.reason.clone()),
        };
        entry.benchmarks.insert(it.key(), it.entry(reason));
    }
    let count = counted_of(found.benchmarks.len(), "benchmark");
    Ok(format!("{FILE} holds {count}"))
}

/// The benchmarks of the lock that did not run, of the packages that were measured.
fn gone(entry: &Target, found: &Report) -> Vec<String> {
    let is_gone = |key: &&String| {
        let of_package = |package: &str| {
            let rest = key.strip_prefix(package);
            rest.is_some_and(|rest| rest.starts_with(".Benchmark"))
        };
        let mut measured = found.benchmarks.iter();
        measured.any(|benchmark| of_package(&benchmark.package))
            && !found
                .benchmarks
                .iter()
                .any(|benchmark| benchmark.key() == **key)
    };
    entry.benchmarks.keys().filter(is_gone).cloned().collect()
}

/// The lock follows what allocates less.
fn tighten(lock: &mut Lock, found: &Report) -> Option<String> {
    let entry = lock.targets.get_mut(&found.key)?;
    if entry.go != found.go_version {
        return None;
    }
    let better: Vec<_> = found
        .benchmarks
        .iter()
        .filter(|benchmark| benchmark.is_better())
        .collect();
    for it in &better {
        entry.benchmarks.insert(it.key(), it.entry(None));
    }
    let names: Vec<String> = better.iter().map(|benchmark| benchmark.key()).collect();
    (!names.is_empty()).then(|| format!("{FILE} follows: {}", names.join(", ")))
}
