//! `escape`: the escape report alone.

use std::path::Path;

use super::lock_file;
use super::pass::collect;
use super::present::{self, present};
use super::{Output, Session};
use super::{past_pass, why};
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
use crate::render::{self, Format, Shows, Style};
use crate::report::Filter;
use crate::report::escape_report::{Report, Selection, almost, report, target};
use crate::report::exact_numbers;
use crate::report::{Against, Findings, collection};
use crate::view;
use crate::view::ranking::Wanted;

/// Collects, compares with the lock and reports.
pub(crate) fn run(args: &cli::Escape, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ESCAPES, &args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let path = lock_file::path_of(&prepared);
    // What is compared with another revision is not judged by a lock.
    let (lock, change) = match args.diff {
        Some(_) => (None, None),
        None => judging(&prepared, &path, session)?,
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
    let selection = Selection {
        by: args.by,
        filter: args.filter.clone().map(Filter),
        classes: args.class.clone(),
    };
    let cwd = session.cwd.clone();
    let mut targets = Vec::new();
    for (index, (plan, collected)) in pass.found.iter().enumerate() {
        let against = Against {
            facts: &plan.facts,
            config: &config,
            lock: lock.as_ref(),
            before: before.as_ref().and_then(|other| other.of(index)),
            cwd: &cwd,
        };
        let mut found = target(collected, &pass.asserted[index], &against, &selection);
        if let Some(it) = &found.escapes.collection {
            (session.show)(Event::Talk(&collection(it)));
        }
        if let Some(over) = args.almost {
            let refusals = refused(plan, &config, session)?;
            found.almost = almost(&refusals, over, &against);
        }
        targets.push(found);
    }
    let change = change.map(|change| check::loosens(&config, &change));
    if let Some(Loosens::Said(sentence)) = &change {
        (session.show)(Event::Talk(sentence));
    }
    let report = report(targets, args.by, &config, change);
    let wanted = Wanted {
        picture: false,
        inlining: args.inlining,
        almost: args.almost,
        unparsed: args.unparsed,
    };
    let top = args.top.unwrap_or(config.escape.listed());
    let render = |format, top, style| rendered(&report, format, top, style, wanted, &cwd);
    present(render, &args.output, top, &report.verdict, session)
}

/// The lock that judges, and what the working tree does to its gates.
fn judging(
    prepared: &Prepared,
    path: &Path,
    session: &mut Session<'_>,
) -> Result<(Option<Lock>, Option<Change>)> {
    let now = lock_file::load(path, &session.cwd)?;
    let earlier = &prepared.earlier;
    let change = earlier.change(path, now.as_ref(), &prepared.facts, session)?;
    Ok((earlier.judging(path, now, session)?, change))
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

fn rendered(
    report: &Report,
    format: Format,
    top: usize,
    style: Style,
    wanted: Wanted,
    cwd: &Path,
) -> String {
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
    match format {
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(&report.tool, &findings, &present::prefix(cwd)),
        Format::Github => render::github(&findings, &present::prefix(cwd)),
        Format::Codequality => render::codequality(&findings, &present::prefix(cwd)),
        _ => render::measures(&|| exact_numbers::of_escape(report), format).unwrap_or_else(|| {
            let wanted = Wanted {
                picture: format.draws(),
                ..wanted
            };
            render::blocks(&view::ranking::outline(report, top, wanted), format, style)
        }),
    }
}
