//! `bench`: what benchmarks allocate, held against the lock.

use std::ffi::OsString;
use std::path::{Component, Path};
use std::sync::Arc;

use super::heavier::heavier;
use super::lock_file::{self, Held};
use super::present::{self, present};
use super::{Output, Session};
use crate::build::Event;
use crate::build::benchmarks::{Measured, Request, measure};
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::{Purpose, is_of_this_machine, list_flags};
use crate::go::Go;
use crate::go::flags::Flag;
use crate::lock::{FILE, Lock, Platform};
use crate::number::counted_of;
use crate::plan::{Facts, Typed};
use crate::process::Interrupt;
use crate::render::{self, Format, Shows};
use crate::report::Findings;
use crate::report::allocations::{Report, report};
use crate::view;

/// Runs the benchmarks, compares and reports; writes the lock where it may become tighter.
pub(crate) fn run(args: &cli::Bench, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ADVICE, &args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let held = Held::of(&prepared, session)?;
    let packages = bench_packages(&prepared.loaded, &args.typed);
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
    (session.show)(Event::Talk("running benchmarks"));
    let bench = &prepared.loaded.config.bench;
    let benchmarks = Benchmarks {
        pattern: &bench.run,
        packages: &packages,
        operations: bench.operations,
    };
    let (loaded, typed) = (&prepared.loaded, &prepared.typed);
    let measured = benchmarks.measure(facts, loaded, typed, &session.interrupt)?;
    let key = facts.key();
    let lock = held.judge.as_ref();
    let lock = lock.and_then(|lock| lock.targets.get(&key));
    let version = facts.toolchain.version.clone();
    let found = report(key, version, &measured, lock, args.accept);
    update(held, &found, args, session)?;
    show(&found, &prepared.facts, args, session)
}

/// The packages whose benchmarks are run: those of the line, otherwise of the configuration.
pub(crate) fn bench_packages(loaded: &Loaded, typed: &Typed) -> Vec<OsString> {
    let configured = &loaded.config.bench.packages;
    match typed.packages.as_slice() {
        [] => configured.iter().map(OsString::from).collect(),
        named => named.to_vec(),
    }
}

/// The go command, which may be given the flags that were typed.
pub(crate) fn trusting(go: &Go, typed: &Typed) -> Go {
    let mut go = go.clone();
    let words: Vec<String> = typed.flags.iter().map(Flag::to_arg).collect();
    Arc::make_mut(&mut go.ground).trust_flags(&words);
    go
}

/// Benchmarks that are asked for.
pub(crate) struct Benchmarks<'a> {
    /// What their names match.
    pub(crate) pattern: &'a str,
    /// Where they are.
    pub(crate) packages: &'a [OsString],
    /// How often each is run.
    pub(crate) operations: u32,
}

impl Benchmarks<'_> {
    /// Runs them, compiled with the flags of a build. Fails with Go's own words.
    pub(crate) fn measure(
        &self,
        facts: &Facts,
        loaded: &Loaded,
        typed: &Typed,
        interrupt: &Interrupt,
    ) -> Result<Vec<Measured>> {
        let request = Request {
            pattern: self.pattern,
            packages: self.packages,
            flags: &list_flags(loaded, typed, &facts.target, &facts.goflags)?,
            operations: self.operations.max(1),
        };
        let measured = measure(&trusting(&facts.go, typed), &request, interrupt);
        measured.map_err(|error| hint_directory(error, self.packages, facts))
    }
}

/// Writes the lock: with what is accepted, or where it follows what allocates less. Not in CI: a file that changed would make
/// the next build `+dirty`.
fn update(held: Held, found: &Report, args: &cli::Bench, session: &mut Session<'_>) -> Result<()> {
    let follows = found.verdict.pass && held.follows && session.variable("CI").is_none();
    let mut lock = held.now.unwrap_or_default();
    let told = match args.accept {
        true => Some(accept(&mut lock, found, args)?),
        false if follows => tighten(&mut lock, found),
        false => None,
    };
    if let Some(told) = told {
        lock_file::save(&lock, &held.path, &session.interrupt)?;
        (session.show)(Event::Talk(&told));
    }
    Ok(())
}

/// Go's error, with a hint where it looked among its own packages for a directory that is here.
fn hint_directory(error: Error, packages: &[OsString], facts: &Facts) -> Error {
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
        _ => present::annotated(&findings, &report.tool, format, cwd)
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
        let message = format!("`{FILE}` is from {was}, and this is {is}");
        return Err(Error::new(Kind::Usage, message).hint("run `gobuild-opt accept` first"));
    }
    let gone = gone(entry, found);
    let looser = looser(found, &gone);
    if args.reason.is_none() && !looser.is_empty() {
        let count = counted_of(looser.len(), "benchmark");
        let message = format!("{count} would not be held to what `{FILE}` says any more");
        return Err(Error::new(Kind::Usage, message)
            .detail(looser.join("\n"))
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

/// What the lock would no longer hold, a line each.
fn looser(found: &Report, gone: &[String]) -> Vec<String> {
    let worse = found.benchmarks.iter().filter(|it| it.is_worse());
    let more = worse.map(|benchmark| format!("{}: allocates more", benchmark.key()));
    let out = gone.iter().map(|key| format!("{key}: did not run"));
    more.chain(out).collect()
}

/// The benchmarks of the lock that did not run, of the packages that were measured.
fn gone(entry: &Platform, found: &Report) -> Vec<String> {
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
