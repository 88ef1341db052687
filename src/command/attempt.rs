//! `try`: builds the program as it is and as it would be, without touching the sources, and says what differs.

pub mod replaced;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::heavier::heavier;
use super::measuring::{Benchmarks, check_packages};
use super::pass;
use super::present::{self, present};
use super::unpublished;
use super::{Output, Session};
use crate::assertion::Judged;
use crate::binary;
use crate::build::Event;
use crate::build::escape_pass::Collected;
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::config::Config;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::anchor_flags;
use crate::facts::is_of_this_machine;
use crate::facts::{Prepared, Purpose, gather};
use crate::go::flags::Flag;
use crate::order::Ordered;
use crate::plan::output::Executable;
use crate::plan::{Facts, TargetPlan, Typed};
use crate::render::{self, Format, Shows};
use crate::report::difference::{self, Pair, Report};
use crate::report::escape_report::{Selection, target};
use crate::report::platform_escapes::Escapes;
use crate::report::platform_escapes::since_revision::Before;
use crate::report::{Against, Findings, Heavier, shown};
use crate::view;
use replaced::{Files, Overlaid};

/// Reads the overlays and patches, builds both and reports.
pub(crate) fn run(args: &cli::Try, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ADVICE, &args.output)?;
    let under = over(&args.typed);
    let mut files = Files::over(under.as_deref(), &args.typed.cwd)?;
    for it in &args.overlay {
        files.overlay(it, &args.typed.cwd)?;
    }
    for it in &args.patch {
        files.patch(it, &args.typed.cwd)?;
    }
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let trial = Trial {
        files: &files,
        bench: &args.bench,
    };
    let found = trial.report(prepared, session)?;
    show(&found, &args.output, args.top, session)
}

/// The report of a trial, and the benchmarks that allocate more with the change.
pub(crate) struct Tried {
    /// What differs.
    pub(crate) report: Report,
    heavier: Vec<Heavier>,
}

/// What stands for the one side in sentences about the other.
const BEFORE: &str = "the program as it is";

/// Prints a report.
pub(crate) fn show(
    found: &Tried,
    output: &cli::Output,
    top: usize,
    session: &Session<'_>,
) -> Result<Output> {
    let report = &found.report;
    let targets = report.targets.iter();
    let findings = Findings {
        revision: Some(BEFORE),
        benchmarks: found.heavier.clone(),
        not_judged: report.verdict.not_judged.iter().collect(),
        anchor: present::anchor(&session.cwd),
        ..Findings::of(targets.map(|target| (target.new.as_slice(), [].as_slice())))
    };
    let blocks = |top| view::differing::differing(report, top);
    let cwd = &session.cwd;
    let render = |format, top, style| match format {
        Format::Json => render::json(report),
        _ => present::annotated(&findings, &report.tool, format, cwd)
            .unwrap_or_else(|| render::blocks(&blocks(top), format, style)),
    };
    present(render, output, top, &report.verdict, session)
}

/// What is tried.
pub(crate) struct Trial<'a> {
    /// The files that stand in for others.
    pub(crate) files: &'a Files,
    /// What is measured too.
    pub(crate) bench: &'a cli::Measuring,
}

impl Trial<'_> {
    /// Builds both sides; `prepared` is the program as it is. Fails with Go's own words where one does not build.
    pub(crate) fn report(&self, prepared: Prepared, session: &mut Session<'_>) -> Result<Tried> {
        let (loaded, typed) = (prepared.loaded.clone(), prepared.typed.clone());
        let links = prepared.facts.iter().any(has_main);
        let overlaid = self.files.overlaid(session)?;
        let changed = with_overlay(&typed, &overlaid);
        (session.show)(Event::Talk("building the program as it is"));
        let before = side(prepared, links, session)?;
        (session.show)(Event::Talk("building it with the change"));
        let after = gather(loaded.clone(), changed.clone(), Purpose::Escapes, session)
            .and_then(|prepared| side(prepared, links, session))
            .map_err(with_change)?;
        let measured = self.benchmarks(&before, &loaded, (&typed, &changed), session)?;
        let cwd = session.cwd.clone();
        let targets = (0..before.parts.len().min(after.parts.len()))
            .map(|index| compared(&before.parts[index], &after.parts[index], &loaded, &cwd))
            .collect();
        let files = self.files.names().map(|path| shown(path, &cwd)).collect();
        let facts: Vec<Facts> = before
            .parts
            .into_iter()
            .map(|part| part.plan.facts)
            .collect();
        Ok(Tried {
            heavier: heavier(&measured, "without the change it is", false, &facts, &cwd),
            report: Report::of(files, targets, measured),
        })
    }

    /// The packages whose benchmarks are run: those that were named for it, else those of the program.
    fn packages(&self, typed: &Typed, loaded: &Loaded) -> Vec<OsString> {
        match self.bench.bench_package.as_slice() {
            [] => typed.packages(&loaded.config),
            named => named.iter().map(OsString::from).collect(),
        }
    }

    /// Runs the benchmarks that were named, before and after.
    fn benchmarks(
        &self,
        before: &Side,
        loaded: &Loaded,
        (plain, changed): (&Typed, &Typed),
        session: &mut Session<'_>,
    ) -> Result<Vec<difference::Benchmark>> {
        let (Some(pattern), Some(facts)) = (&self.bench.bench, before.here()) else {
            return Ok(Vec::new());
        };
        let packages = self.packages(plain, loaded);
        check_packages(&packages)?;
        let benchmarks = Benchmarks {
            pattern,
            packages: &packages,
            operations: self.bench.operations,
        };
        (session.show)(Event::Talk("running benchmarks, before and after"));
        let run = |typed| benchmarks.measure(facts, loaded, typed, &session.interrupt);
        let old = run(plain)?;
        let new = run(changed).map_err(with_change)?;
        Ok(difference::benchmarks(&old, &new))
    }
}

/// An error of the build with the change.
fn with_change(mut error: Error) -> Error {
    if error.kind == Kind::Go {
        error.message = format!("with the change: {}", error.message);
        error.hint = Some("the sources are as they were".into());
    }
    error
}

fn has_main(facts: &Facts) -> bool {
    facts.packages.iter().any(|package| package.is_named_main())
}

/// The overlay that was typed for both sides.
pub(crate) fn over(typed: &Typed) -> Option<PathBuf> {
    let mut flags = typed.flags.iter().filter(|flag| flag.name == "overlay");
    let path = flags.next_back()?.path()?;
    Some(typed.cwd.join(path))
}

/// The command line with the change laid over the sources.
fn with_overlay(typed: &Typed, overlaid: &Overlaid) -> Typed {
    let mut typed = typed.clone();
    anchor_flags(&mut typed);
    typed.flags.retain(|flag| flag.name != "overlay");
    let mut flag = Flag {
        name: "overlay".into(),
        ..Flag::default()
    };
    flag.set_path(overlaid.list().into());
    typed.flags.push(flag);
    typed
}

/// A program, built.
struct Side {
    parts: Vec<Part>,
}

impl Side {
    /// The platform whose programs run here, else the first.
    fn here(&self) -> Option<&Facts> {
        let mut all = self.parts.iter().map(|part| &part.plan.facts);
        let here = all.find(|facts| is_of_this_machine(&facts.target));
        here.or(self.parts.first().map(|part| &part.plan.facts))
    }
}

/// What was found of it for a platform.
struct Part {
    plan: TargetPlan,
    collected: Option<Collected>,
    missing: Option<String>,
    executables: Vec<difference::Built>,
}

/// Builds a side: executables where there is something to link, else the escapes alone.
fn side(prepared: Prepared, links: bool, session: &mut Session<'_>) -> Result<Side> {
    let mut parts = match links {
        true => linked(prepared, session)?,
        false => escapes_alone(prepared, session)?,
    };
    for part in &mut parts {
        // The stage of the build is gone with this function.
        let env = &mut part.plan.facts.go.env;
        env.retain(|(name, _)| name != "GOTMPDIR");
    }
    Ok(Side { parts })
}

fn escapes_alone(prepared: Prepared, session: &mut Session<'_>) -> Result<Vec<Part>> {
    let pass = pass::collect(prepared, session)?;
    let parts = pass.found.into_iter().map(|(plan, collected)| Part {
        plan,
        collected: Some(collected),
        missing: None,
        executables: Vec::new(),
    });
    Ok(parts.collect())
}

fn linked(prepared: Prepared, session: &mut Session<'_>) -> Result<Vec<Part>> {
    let found = unpublished::build(prepared, session)?;
    let mut parts = Vec::new();
    for (target, built) in found.plan.targets.into_iter().zip(found.built) {
        let executables = target
            .executables
            .iter()
            .map(|executable| measured(&target, executable));
        parts.push(Part {
            executables: executables.collect::<Result<_>>()?,
            collected: built.escapes,
            missing: built.escape_failure,
            plan: target,
        });
    }
    Ok(parts)
}

/// The sizes of an executable in the stage.
fn measured(target: &TargetPlan, executable: &Executable) -> Result<difference::Built> {
    let bytes = binary::open(&target.release_dir.join(&executable.name))?;
    let anatomy = binary::anatomy(&bytes).ok();
    let functions = anatomy
        .filter(|anatomy| !anatomy.functions.is_empty())
        .map(|anatomy| {
            let sizes = |function: &binary::Function| {
                let sizes = (u64::from(function.size), u64::from(function.frame));
                (anatomy.name(function).into_owned(), sizes)
            };
            anatomy.functions.iter().map(sizes).ordered()
        });
    Ok(difference::Built {
        name: executable.name.clone(),
        size: bytes.len() as u64,
        functions,
    })
}

/// What differs on a platform.
fn compared(before: &Part, after: &Part, loaded: &Loaded, cwd: &Path) -> difference::Target {
    let facts = &after.plan.facts;
    let mut found = difference::Target {
        key: facts.key(),
        go_version: facts.toolchain.version.clone(),
        escapes: None,
        new: Vec::new(),
        gone: Vec::new(),
        executables: executables(before, after),
        notes: Vec::new(),
    };
    let (Some(old), Some(new)) = (&before.collected, &after.collected) else {
        let missing = before.missing.iter().chain(&after.missing);
        let note = |text: &String| format!("escapes are not compared: {text}");
        found.notes.extend(missing.map(note));
        return found;
    };
    let sides = [(&before.plan.facts, old), (facts, new)];
    let escapes = escapes_since(sides, &loaded.config, false, cwd);
    found.escapes = Some(Pair::of(old.escapes.sites, new.escapes.sites));
    found.new = escapes.new;
    found.new.extend(escapes.ignored);
    found.gone = escapes.fixed;
    let note = escapes.revision.and_then(|revision| revision.note);
    found.notes.extend(note);
    found
}

/// The executables that both sides have.
fn executables(before: &Part, after: &Part) -> Vec<difference::Executable> {
    let changed = |new: &difference::Built| {
        let mut old = before.executables.iter();
        let old = old.find(|built| built.name == new.name)?;
        Some(difference::executable(old, new))
    };
    after.executables.iter().filter_map(changed).collect()
}

/// The escapes of the program as it would be, held against those of the program as it is. `across`: two Go versions compiled
/// them.
pub(crate) fn escapes_since(
    [(before, old), (facts, new)]: [(&Facts, &Collected); 2],
    config: &Config,
    across: bool,
    cwd: &Path,
) -> Escapes {
    let against = Against {
        facts,
        config,
        lock: None,
        before: Some(Before {
            name: BEFORE,
            commit: "",
            facts: before,
            collected: old,
            cwd,
            across,
        }),
        cwd,
    };
    target(new, &Judged::default(), &against, &Selection::default()).escapes
}
