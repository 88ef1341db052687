//! `escape`: the escape pass alone.

use std::path::Path;

use super::lock_file;
use super::prepare::{Prepared, Purpose, prepare_for};
use super::present::{self, Shows, present};
use super::staging::stage;
use super::why;
use super::{Output, Session};
use crate::build::escapes::{self, Collected};
use crate::build::stage::Stage;
use crate::build::{self, Event};
use crate::cli;
use crate::config::Collect;
use crate::error::Result;
use crate::go::Words;
use crate::plan::{self, StepKind, TargetPlan};
use crate::process;
use crate::render::{self, Format, Style};
use crate::report::escape::{Report, Selection, report, target};
use crate::report::outline;
use crate::report::{Against, Site};

/// Collects, compares with the lock and reports.
pub fn run(args: &cli::Escape, session: &mut Session<'_>) -> Result<Output> {
    Shows::FINDINGS.check(&args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let path = lock_file::path_of(&prepared);
    let lock = lock_file::load(&path, &session.cwd)?;
    let config = prepared.loaded.config.clone();
    let pass = collect(prepared, session)?;
    if let Some(site) = &args.why {
        return why::why(site, pass, session);
    }
    let selection = Selection {
        by: args.by,
        filter: args.filter.clone(),
        classes: args.class.clone(),
    };
    let cwd = session.cwd.clone();
    let found = pass.found.iter().map(|(plan, collected)| {
        let against = Against {
            facts: &plan.facts,
            config: &config,
            lock: lock.as_ref(),
            cwd: &cwd,
        };
        target(collected, &against, &selection)
    });
    let report = report(found.collect(), args.by);
    let top = args.top.unwrap_or(config.escape.top);
    present(
        |format, top, style| rendered(&report, format, top, style, args.unparsed, &cwd),
        &args.output,
        top,
        &report.verdict.failures,
        session,
    )
}

/// What an escape pass found, per platform, and what it was made of.
pub struct Pass {
    /// The commands of a platform, and what they left.
    pub found: Vec<(TargetPlan, Collected)>,
    /// Where go works; it may be asked again.
    pub _stage: Stage,
}

/// Runs the escape pass of every platform. Fails with Go's own words when the code does not compile.
pub fn collect(mut prepared: Prepared, session: &mut Session<'_>) -> Result<Pass> {
    let stage = stage(&mut prepared, None, true, session)?;
    let Prepared {
        mut loaded,
        typed,
        facts,
        outputs,
    } = prepared;
    loaded.config.escape.collect = Collect::Pass;
    loaded.config.compare.baseline = "off".into();
    let plan = plan::draw(
        &loaded.config,
        &loaded.origins,
        &typed,
        facts,
        outputs,
        Path::new(""),
    )?;
    let mut found = Vec::new();
    for target in plan.targets {
        (session.show)(Event::Step {
            kind: StepKind::Escape,
            platform: build::platform(&target),
            packages: target.facts.packages.len(),
        });
        preprofile(&target, session)?;
        let step = target.steps.iter().find(|it| it.kind == StepKind::Escape);
        let collected = match step {
            Some(step) => escapes::collect(
                step,
                &target,
                &loaded.config,
                &session.interrupt,
                session.show,
            )?,
            None => Collected::default(),
        };
        found.push((target, collected));
    }
    Ok(Pass {
        found,
        _stage: stage,
    })
}

fn preprofile(target: &TargetPlan, session: &Session<'_>) -> Result<()> {
    for invocation in plan::preprofile(&target.facts) {
        let mut words = Words::default();
        let (outcome, _) =
            process::capture(&invocation, &session.interrupt, |line| words.keep(line))?;
        if !outcome.status.success() {
            return Err(words.error("go cannot read the profile", &outcome));
        }
    }
    Ok(())
}

fn rendered(
    report: &Report,
    format: Format,
    top: usize,
    style: Style,
    unparsed: bool,
    cwd: &Path,
) -> String {
    let new: Vec<&Site> = report
        .targets
        .iter()
        .flat_map(|it| &it.escapes.new)
        .collect();
    match format {
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(&report.tool, &new, &present::prefix(cwd)),
        Format::Github => render::github(&new, &present::prefix(cwd)),
        Format::Text | Format::Markdown | Format::Svg | Format::Html => render::blocks(
            &outline::ranking::outline(report, top, unparsed),
            format,
            style,
        ),
    }
}
