//! `advise`: what the runtime costs on which line, by a profile, and what to try.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::prepare::{Purpose, prepare_for};
use super::present::{self, present};
use super::{Output, Session};
use crate::cli;
use crate::clock;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::input;
use crate::plan::Facts;
use crate::plan::overlay::Overlay;
use crate::profile;
use crate::render::{self, Format, Shows, Style};
use crate::report::advise::Report;
use crate::report::advise::gather::{Given, Inputs, target};
use crate::report::outline;
use crate::report::{Findings, shown};

/// No profile is larger.
const LARGEST: u64 = 1 << 30;

/// Collects the sites, charges the profiles and reports.
pub fn run(args: &cli::Advise, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::ADVICE, &args.output)?;
    let prepared = prepare_for(&args.settings, &args.typed, Purpose::Escapes, session)?;
    let loaded = prepared.loaded.clone();
    let cwd = session.cwd.clone();
    let typed = typed(args, &loaded, &cwd)?;
    let pass = super::escape::collect(prepared, session)?;
    let mut targets = Vec::new();
    for (plan, collected) in &pass.found {
        let of_build;
        let given = match &typed {
            Some(given) => given,
            None => {
                of_build = applied(&plan.facts, &args.typed.cwd, &cwd)?;
                &of_build
            }
        };
        let inputs = Inputs {
            facts: &plan.facts,
            config: &loaded.config,
            collected,
            cwd: &cwd,
            now: clock::about_now(),
        };
        let overlay = Overlay::of(&plan.facts);
        let mut read = |path: &Path| overlay.read(path, input::SOURCE).ok();
        targets.push(target(&inputs, given, &mut read));
    }
    let report = Report::of(targets);
    let render = |format, top, style| rendered(&report, format, top, style, &cwd);
    present(
        render,
        |top| render(Format::Markdown, top, Style::default()),
        &args.output,
        args.top,
        &report.verdict,
        session,
    )
}

/// The profiles that are typed or configured; `None`: those of the build are taken.
fn typed(args: &cli::Advise, loaded: &Loaded, cwd: &Path) -> Result<Option<Vec<Given>>> {
    let configured = loaded.config.advise.profiles.files();
    let configured = configured.map(|it| loaded.root.join(it));
    let files: Vec<PathBuf> = match args.profile.as_slice() {
        [] => configured.collect(),
        typed => typed.iter().map(|it| args.typed.cwd.join(it)).collect(),
    };
    if files.is_empty() {
        return Ok(None);
    }
    let given: Result<Vec<Given>> = files.iter().map(|it| load(it, cwd)).collect();
    given.map(Some)
}

/// The profiles that the compiler gets.
fn applied(facts: &Facts, from: &Path, cwd: &Path) -> Result<Vec<Given>> {
    let files = facts.pgo.all_applied().map(|it| it.file(from));
    files.map(|it| load(&it, cwd)).collect()
}

fn load(path: &Path, cwd: &Path) -> Result<Given> {
    let file = shown(path, cwd);
    let bytes = input::read(path, LARGEST).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Error::new(Kind::Usage, format!("the profile `{file}` does not exist"))
        }
        _ => Error::new(Kind::Usage, format!("cannot read the profile `{file}`")).source(error),
    })?;
    let profile = profile::read(&bytes)
        .map_err(|error| Error::new(Kind::Usage, format!("`{file}` is no profile: {error}")))?;
    Ok(Given { file, profile })
}

fn rendered(report: &Report, format: Format, top: usize, style: Style, cwd: &Path) -> String {
    let mut findings = Findings::default();
    for it in report.targets.iter().flat_map(|it| &it.findings) {
        let known = |other: &&crate::report::advise::Finding| {
            (&other.rule, &other.place) == (&it.rule, &it.place)
        };
        if !findings.advice.iter().any(known) {
            findings.advice.push(it);
        }
    }
    findings.anchor = present::anchor(cwd);
    match format {
        Format::Json => render::json(report),
        Format::Sarif => render::sarif(&report.tool, &findings, &present::prefix(cwd)),
        Format::Github => render::github(&findings, &present::prefix(cwd)),
        Format::Codequality => render::codequality(&findings, &present::prefix(cwd)),
        _ => render::blocks(&outline::advise::advise(report, top), format, style),
    }
}
