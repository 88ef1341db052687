//! `escape`: the escape report alone.

use std::path::Path;

use super::lock_file::Held;
use super::pass::{Pass, collect};
use super::past_pass::{self, Other};
use super::present::{self, present};
use super::why;
use super::{Output, Session};
use crate::build::{Event, refusals};
use crate::check::{self, Loosens};
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::config::Config;
use crate::error::Result;
use crate::escape::not_inlined::Refusal;
use crate::facts::{Prepared, Purpose};
use crate::gate::Change;
use crate::lock::Lock;
use crate::plan::{StepKind, TargetPlan, scope};
use crate::render::{self, Format, Shows};
use crate::report::Filter;
use crate::report::escape_report::{Report, Selection, Target, almost, report, target};
use crate::report::exact_numbers;
use crate::report::{Against, Findings, collection};
use crate::view;
use crate::view::ranking::Wanted;

/// Collects, compares with the lock and reports.
pub(crate) fn run(args: &cli::Escape, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ESCAPES, &args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    // What is compared with another revision is not judged by a lock.
    let (lock, change) = match args.diff {
        Some(_) => (None, None),
        None => judging(&prepared, session)?,
    };
    let config = prepared.loaded.config.clone();
    let again = (prepared.loaded.clone(), prepared.typed.clone());
    let pass = collect(prepared, session)?;
    if let Some(site) = &args.why {
        return why::why(site, pass, session);
    }
    let before = match &args.diff {
        Some(name) => Some(past_pass::collect_at(name, again, session)?),
        None => None,
    };
    let (lock, before) = (lock.as_ref(), before.as_ref());
    let targets = targets(&pass, (lock, before), &config, args, session)?;
    let change = change.map(|change| check::loosens(&config, &change));
    if let Some(Loosens::Said(sentence)) = &change {
        (session.show)(Event::Talk(sentence));
    }
    show(
        &report(targets, args.by, &config, change),
        &config,
        args,
        session,
    )
}

/// What was found on each platform, held against the lock or another revision.
fn targets(
    pass: &Pass,
    (lock, before): (Option<&Lock>, Option<&Other>),
    config: &Config,
    args: &cli::Escape,
    session: &mut Session<'_>,
) -> Result<Vec<Target>> {
    let selection = Selection {
        by: args.by,
        filter: args.filter.clone().map(Filter),
        classes: args.class.clone(),
    };
    let mut targets = Vec::new();
    for (index, (plan, collected)) in pass.found.iter().enumerate() {
        let against = Against {
            facts: &plan.facts,
            config,
            lock,
            before: before.and_then(|other| other.of(index)),
            cwd: &session.cwd,
        };
        let mut found = target(collected, &pass.asserted[index], &against, &selection);
        if let Some(it) = &found.escapes.collection {
            (session.show)(Event::Talk(&collection(it)));
        }
        if let Some(over) = args.almost {
            found.almost = almost(&refused(plan, config, session)?, over, &against);
        }
        targets.push(found);
    }
    Ok(targets)
}

/// Writes and returns the renderings.
fn show(
    report: &Report,
    config: &Config,
    args: &cli::Escape,
    session: &Session<'_>,
) -> Result<Output> {
    let wanted = Wanted {
        picture: false,
        inlining: args.inlining,
        almost: args.almost,
        unparsed: args.unparsed,
    };
    let findings = findings(report, &session.cwd);
    let render = |format: Format, top, style| match format {
        Format::Json => render::json(report),
        _ => present::annotated(&findings, &report.tool, format, &session.cwd)
            .or_else(|| render::measures(&|| exact_numbers::of_escape(report), format))
            .unwrap_or_else(|| {
                let picture = format.draws();
                let wanted = Wanted { picture, ..wanted };
                render::blocks(&view::ranking::outline(report, top, wanted), format, style)
            }),
    };
    let top = args.top.unwrap_or(config.escape.listed());
    present(render, &args.output, top, &report.verdict, session)
}

/// The lock that judges, and what the working tree does to its gates.
fn judging(prepared: &Prepared, session: &Session<'_>) -> Result<(Option<Lock>, Option<Change>)> {
    let held = Held::of(prepared, session)?;
    let change = held.change(prepared, session)?;
    Ok((held.judge, change))
}

/// What the compiler does not inline in the scope, and why.
fn refused(plan: &TargetPlan, config: &Config, session: &Session<'_>) -> Result<Vec<Refusal>> {
    let packages = &plan.facts.packages;
    let patterns = scope::patterns(&config.escape.scope, packages);
    let mut all: Vec<Refusal> = Vec::new();
    // One step per profile; what several mains share is compiled for each.
    for step in plan
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Escape)
    {
        for it in refusals::refusals(step, plan, &patterns, &session.interrupt)? {
            let known =
                |other: &Refusal| (&other.source, &other.function) == (&it.source, &it.function);
            if scope::contains(&patterns, &it.package) && !all.iter().any(known) {
                all.push(it);
            }
        }
    }
    Ok(all)
}

/// What annotations and code scanning show.
fn findings<'a>(report: &'a Report, cwd: &Path) -> Findings<'a> {
    let mut findings = Findings::of(
        report
            .targets
            .iter()
            .map(|target| (target.escapes.new.as_slice(), target.assertions.as_slice())),
    );
    findings.anchor = present::anchor(cwd);
    let escapes = report.targets.iter().map(|target| &target.escapes);
    findings.failing(&report.verdict, escapes);
    let mut revisions = report.targets.iter().map(|target| &target.escapes.revision);
    findings.revision = revisions.find_map(|revision| Some(revision.as_ref()?.name.as_str()));
    findings
}
