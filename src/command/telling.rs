//! Writes what follows from the report of a release: the lock, and every rendering that was asked for.

use std::path::Path;

use super::lock_file::{self, FoundExecutable, Held};
use super::present::{self, present_with_step};
use super::said::Said;
use super::{Output, Session, job};
use crate::build::Event;
use crate::check::{PROFILE, Status};
use crate::cli;
use crate::config::Config;
use crate::error::Result;
use crate::facts::Prepared;
use crate::lock::FILE;
use crate::render::{self, Format, Style};
use crate::report::{Findings, Report, exact_numbers};
use crate::view::{Block, Tone, brief};
use crate::{report, view};

/// Writes the lock and the reports about what was published.
pub(super) fn tell(
    report: &Report,
    telling: &Telling<'_>,
    session: &mut Session<'_>,
) -> Result<Output> {
    // Not in CI: a file that changed would make the next build `+dirty`.
    if report.verdict.pass && session.variable("CI").is_none() {
        telling.tighten(session)?;
    }
    let cwd = &session.cwd;
    let printed = |format, top, style| match telling.said {
        Some(said) if format == Format::Text && top != usize::MAX => render::blocks(
            &brief::brief(report, &|target, finding| said.holds(target, finding)),
            format,
            style,
        ),
        _ => rendered(report, format, top, style, cwd),
    };
    let for_step = |top| for_the_step(report, top);
    let (output, top) = (telling.output, telling.config.escape.listed());
    let mut told = present_with_step(printed, for_step, output, top, &report.verdict, session)?;
    add_idle_profiles(report, &mut told.not_judged);
    let written = job::outputs(report, output, session);
    told.warnings.extend(written.err());
    Ok(told)
}

/// A profile that was asked for and does nothing is worth a line, whoever reads no report.
fn add_idle_profiles(report: &Report, lines: &mut Vec<String>) {
    let checks = report.targets.iter().flat_map(|target| &target.checks);
    let idle = checks.filter(|finding| finding.id == PROFILE && finding.status == Status::Warn);
    for line in idle.map(|finding| format!("{PROFILE}: {}", finding.message)) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
}

/// How a release is reported.
pub(super) struct Telling<'a> {
    /// Where the reports go.
    pub(super) output: &'a cli::Output,
    pub(super) config: &'a Config,
    /// What was said before, for the short report; `None`: the whole one is printed.
    pub(super) said: Option<&'a Said>,
    /// The lock that follows executables which shrank, and what was found of them; `None`: it stays.
    pub(super) follows: Option<(&'a Held, Vec<FoundExecutable>)>,
}

impl Telling<'_> {
    /// What has a ratchet follows executables that shrank.
    fn tighten(&self, session: &mut Session<'_>) -> Result<()> {
        let Some((held, found)) = &self.follows else {
            return Ok(());
        };
        let Some(mut lock) = held.judge.clone() else {
            return Ok(());
        };
        let changed = lock_file::tighten(&mut lock, found, &self.config.budget);
        if !changed.is_empty() {
            lock_file::save(&lock, &held.path, &session.interrupt)?;
            let line = format!("{FILE} follows: {}", changed.join(", "));
            (session.show)(Event::Talk(&line));
        }
        Ok(())
    }
}

/// `{name}`, `{os}` and `{arch}` in the names of report files: several runs of one CI job write one each. A report of executables
/// with several names, or for several platforms, says `several` there.
pub(super) fn placed(mut output: cli::Output, prepared: &Prepared) -> cli::Output {
    let names = prepared.outputs.targets.iter().flatten();
    let name = common(names.map(|executable| executable.name.as_str())).unwrap_or("packages");
    let toolchains = || prepared.facts.iter().map(|facts| &facts.toolchain);
    let os = common(toolchains().map(|toolchain| toolchain.goos.as_str())).unwrap_or_default();
    let arch = common(toolchains().map(|toolchain| toolchain.goarch.as_str())).unwrap_or_default();
    for path in &mut output.report {
        if let Some(text) = path.to_str().filter(|text| text.contains('{')) {
            let text = text.replace("{name}", name);
            *path = text.replace("{os}", os).replace("{arch}", arch).into();
        }
    }
    output
}

/// What all of them are; `None` of none.
fn common<'a>(mut all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = all.next()?;
    Some(if all.all(|text| text == first) {
        first
    } else {
        "several"
    })
}

fn rendered(report: &Report, format: Format, packages: usize, style: Style, cwd: &Path) -> String {
    let detail = view::Detail {
        packages,
        everything: format != Format::Text,
    };
    let findings = Findings {
        anchor: present::anchor(cwd),
        ..Findings::of_report(report)
    };
    match format {
        Format::Json => render::json(report),
        Format::Markdown => for_the_step(report, packages),
        _ => present::annotated(&findings, &report.tool, format, cwd)
            .or_else(|| render::measures(&|| exact_numbers::of_release(report), format))
            .unwrap_or_else(|| render::blocks(&view::outline(report, detail), format, style)),
    }
}

/// For who opens the page of a CI job, or a Markdown file: the verdict, what is new, and the rest folded section by section,
/// the line of the time last. GitHub takes a MiB of a step.
fn for_the_step(report: &Report, packages: usize) -> String {
    let detail = view::Detail {
        packages,
        everything: true,
    };
    let sections = view::change_summary::sections(view::outline(report, detail));
    let sections: Vec<(&str, Vec<Block>)> = sections
        .iter()
        .map(|(title, blocks)| (title.as_str(), blocks.clone()))
        .collect();
    let first = view::change_summary::summary(report, None, None);
    let time = Block::Line(Tone::Dim, report::time_line(&report.time));
    let time = render::blocks(&[time], Format::Markdown, Style::default());
    format!("{}\n{time}", render::folded(&first, &sections, 1_000_000))
}
