//! `advise`: what the runtime costs on which line, by a profile, and what to try.

mod profiled;

use std::path::Path;

use super::attempt::replaced::Files;
use super::attempt::{self, Trial};
use super::lock_file::{self, Held};
use super::pass::{self, Pass};
use super::present::{self, present};
use super::{Output, Session};
use crate::build::Event;
use crate::build::escape_pass::Collected;
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::config::layer::Loaded;
use crate::config::{AdviseGate, Config};
use crate::error::{Error, Kind, Result};
use crate::facts::{Purpose, Wanted, gather};
use crate::input;
use crate::lock::{Advice, FILE, Lock};
use crate::number::counted_of;
use crate::order::Ordered;
use crate::plan::overlay::Overlay;
use crate::plan::{TargetPlan, Typed};
use crate::render::{self, Format, Shows, Style};
use crate::report::Findings;
use crate::report::advice_report::gather::{Inputs, target};
use crate::report::advice_report::{Finding, Patch, Report, Target};
use crate::view;
use profiled::Profiles;

/// Collects the sites, charges the profiles and reports.
pub(crate) fn run(args: &cli::Advise, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ADVICE, &args.output)?;
    let mut prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let loaded = prepared.loaded.clone();
    let profiles = Profiles::read(args, &prepared, &session.cwd)?;
    let held = Held::of(&prepared, session)?;
    let again = (prepared.loaded.clone(), prepared.typed.clone());
    profiles.narrow(&mut prepared);
    prepared.narrow(Wanted::Unasserted);
    let pass = pass::collect(prepared, session)?;
    let mut report = Report::of(charged(&loaded.config, &pass, &profiles, &session.cwd));
    if args.accept {
        let told = accept(&report, held.now.unwrap_or_default(), &held.path, session)?;
        (session.show)(Event::Talk(&told));
    } else if args.attempt.is_none() {
        report.hold_against(held.judge.as_ref(), loaded.config.advise.gate);
    }
    if let Some(number) = args.attempt {
        return tried(args, &report, number, again, session);
    }
    let render = |format, top, style| rendered(&report, format, top, style, &session.cwd);
    present(render, &args.output, args.top, &report.verdict, session)
}

/// Charges the sites of each platform with the profiles.
fn charged(config: &Config, pass: &Pass, profiles: &Profiles, cwd: &Path) -> Vec<Target> {
    let charge = |(place, (plan, collected)): (usize, &(TargetPlan, Collected))| {
        let inputs = Inputs {
            facts: &plan.facts,
            config,
            collected,
            cwd,
        };
        let overlay = Overlay::of(&plan.facts);
        let mut read = |path: &Path| overlay.read(path, input::SOURCE).ok();
        target(&inputs, profiles.of(place), &mut read)
    };
    pass.found.iter().enumerate().map(charge).collect()
}

/// Makes the findings of now those that the lock holds.
fn accept(report: &Report, mut lock: Lock, path: &Path, session: &Session<'_>) -> Result<String> {
    let mut count = 0;
    for target in &report.targets {
        let entry = lock.targets.get_mut(&target.key).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("`{FILE}` holds nothing of {}", target.key),
            )
            .hint("run `gobuild-opt accept` first")
        })?;
        let advice = |finding: &Finding| {
            let known = entry.advice.get(&finding.id);
            let advice = Advice {
                rule: finding.rule.clone(),
                function: format!("{}.{}", finding.place.package, finding.place.function),
                reason: known.and_then(|advice| advice.reason.clone()),
            };
            (finding.id.clone(), advice)
        };
        let all = target.findings.iter().map(advice).ordered();
        entry.advice = all;
        count += entry.advice.len();
    }
    lock_file::save(&lock, path, &session.interrupt)?;
    Ok(format!("{FILE} holds {}", counted_of(count, "finding")))
}

/// The finding of a number, and the change that its rule can write.
fn chosen(report: &Report, number: u32) -> Result<(&Finding, &Patch)> {
    let all: Vec<&Finding> = report
        .targets
        .iter()
        .flat_map(|target| &target.findings)
        .collect();
    let index = usize::try_from(number).unwrap_or(usize::MAX) - 1;
    let patches = (1..).zip(&all).filter(|it| it.1.patch.is_some());
    let patches: Vec<String> = patches.map(|patch: (u32, _)| patch.0.to_string()).collect();
    let hint = match patches.as_slice() {
        [] => "no finding has a change that its rule can write: make the change, and give it to `gobuild-opt try --patch`".to_owned(),
        some => format!("findings with one: {}", some.join(", ")),
    };
    let bad = |what: String| Error::new(Kind::Usage, what).hint(hint.clone());
    let finding = all.get(index).ok_or_else(|| {
        bad(format!(
            "there is no finding {number}: there are {}",
            all.len()
        ))
    })?;
    let patch = finding.patch.as_ref().ok_or_else(|| {
        bad(format!(
            "{} cannot write the change for finding {number}",
            finding.rule
        ))
    })?;
    Ok((finding, patch))
}

/// Builds what a finding suggests, and writes it where that was asked for.
fn tried(
    args: &cli::Advise,
    report: &Report,
    number: u32,
    (loaded, typed): (Loaded, Typed),
    session: &mut Session<'_>,
) -> Result<Output> {
    let (finding, patch) = chosen(report, number)?;
    let files = patched(args, finding, patch, &typed, session)?;
    let gated = loaded.config.advise.gate != AdviseGate::Off;
    let prepared = gather(loaded, typed, Purpose::Escapes, session)?;
    let trial = Trial {
        files: &files,
        bench: &args.bench,
    };
    let mut found = trial.report(prepared, session)?;
    let told = &mut found.report;
    told.patch.clone_from(&patch.diff);
    for it in &mut told.targets {
        it.notes
            .extend(Some(patch.caution.clone()).filter(|text| !text.is_empty()));
    }
    if gated {
        let words = "`[advise] gate`: `--try` judges no finding";
        told.verdict.leave_open(words.to_owned());
    }
    if args.write {
        files.write(&session.cwd, &session.interrupt)?;
        told.written = true;
    }
    attempt::show(&found, &args.output, args.top, session)
}

/// The files with the change of a finding.
fn patched(
    args: &cli::Advise,
    finding: &Finding,
    patch: &Patch,
    typed: &Typed,
    session: &Session<'_>,
) -> Result<Files> {
    let under = attempt::over(typed);
    let mut files = Files::over(under.as_deref(), &typed.cwd)?;
    files.diffed(&patch.diff, &finding.rule, &session.cwd)?;
    if args.write {
        files.check_write(&session.cwd)?;
    }
    Ok(files)
}

fn rendered(report: &Report, format: Format, top: usize, style: Style, cwd: &Path) -> String {
    let mut findings = Findings::default();
    for it in report.targets.iter().flat_map(|target| &target.findings) {
        let known = |other: &&crate::report::advice_report::Finding| {
            (&other.rule, &other.place) == (&it.rule, &it.place)
        };
        if !findings.advice.iter().any(known) {
            findings.advice.push(it);
        }
    }
    findings.anchor = present::anchor(cwd);
    match format {
        Format::Json => render::json(report),
        _ => present::annotated(&findings, &report.tool, format, cwd)
            .unwrap_or_else(|| render::blocks(&view::advice::advise(report, top), format, style)),
    }
}
