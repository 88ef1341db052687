//! A report in as many renderings as were asked for: to files, to the step summary, to standard output.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{OFlags, fcntl_setfl};
use serde::Serialize;

use super::{Output, Session};
use crate::build::publish;
use crate::cli;
use crate::config::layer;
use crate::error::{Error, Kind, Result};
use crate::render::{self, Format, Shows, Style};
use crate::report::exact_numbers::Subject;
use crate::report::{Findings, Reason, Tool, Verdict};
use crate::view::Block;

/// Fails early where a format has nothing to show, or where the name of a report does not say its format.
pub(crate) fn check(shows: Shows, output: &cli::Output) -> Result<()> {
    shows.check_format(output.format)?;
    for path in &output.report {
        let format = Format::of_path(path).ok_or_else(|| shows.nameless(path))?;
        shows.check_format(format)?;
    }
    Ok(())
}

/// With the report files that the environment names, where none is typed; separated as in PATH.
pub(crate) fn with_variable(output: &cli::Output, session: &Session<'_>) -> cli::Output {
    let mut output = output.clone();
    if output.report.is_empty()
        && let Some(paths) = session.variable(layer::REPORT)
    {
        output.report = std::env::split_paths(paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
    }
    output
}

/// Whether a run gives text and nothing else: no file, no data, no summary of a CI step.
pub(crate) fn is_text_alone(output: &cli::Output, session: &Session<'_>) -> bool {
    let in_step = |name| session.variable(name).is_some();
    output.format == Format::Text
        && output.report.is_empty()
        && !["GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"]
            .into_iter()
            .any(in_step)
}

/// Writes and returns the renderings. `render` gets the format, how many packages are listed, and the
/// layout; its Markdown is the step summary, too.
pub(crate) fn present(
    render: impl Fn(Format, usize, Style) -> String,
    output: &cli::Output,
    top: usize,
    verdict: &Verdict,
    session: &Session<'_>,
) -> Result<Output> {
    let for_step = |top| render(Format::Markdown, top, Style::default());
    present_with_step(&render, for_step, output, top, verdict, session)
}

/// As [`present`], with another text for the step summary: `for_step` gets how many packages are listed.
pub(crate) fn present_with_step(
    render: impl Fn(Format, usize, Style) -> String,
    for_step: impl Fn(usize) -> String,
    output: &cli::Output,
    top: usize,
    verdict: &Verdict,
    session: &Session<'_>,
) -> Result<Output> {
    let whole = |format| render(format, usize::MAX, Style::default());
    write_files(whole, output, session)?;
    let warnings = summarize(|| for_step(top.max(50)), session);
    let style = Style {
        width: session.width,
    };
    // A step may ask for them instead of the text; otherwise they stand beside it.
    let beside = session.variable("GITHUB_ACTIONS").is_some() && output.format != Format::Github;
    let annotations = match beside {
        true => render(Format::Github, top, style),
        false => String::new(),
    };
    Ok(Output {
        text: render(output.format, top, style),
        annotations,
        failures: verdict.sentences(),
        not_judged: verdict.not_judged.iter().map(Reason::to_string).collect(),
        warnings: warnings.into_iter().collect(),
        is_data: output.format.is_data(),
        ..Output::default()
    })
}

/// Adds to the step summary. The binaries are published: a summary that cannot be written is worth a line, no more.
fn summarize(text: impl Fn() -> String, session: &Session<'_>) -> Option<String> {
    let summary = session.variable("GITHUB_STEP_SUMMARY")?;
    let written = append(summary, "step summary", &text());
    written.err().map(|error| format!("warning: {error}"))
}

/// The blocks of a report: fewer rows and no picture for text, a treemap for SVG, and more rows for a page that searches them.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    text: Vec<Block>,
    picture: Vec<Block>,
    page: Vec<Block>,
}

impl Blocks {
    /// Draws the blocks of the formats that are asked for. `outline` gets `None` for text, otherwise whether it is for
    /// a page.
    pub(crate) fn of(output: &cli::Output, outline: impl Fn(Option<bool>) -> Vec<Block>) -> Self {
        let wanted = |it| output.formats().any(|format| format == it);
        let drawn = |format, page| match wanted(format) {
            true => outline(Some(page)),
            false => Vec::new(),
        };
        Self {
            text: outline(None),
            picture: drawn(Format::Svg, false),
            page: drawn(Format::Html, true),
        }
    }

    fn for_format(&self, format: Format) -> &[Block] {
        match format {
            Format::Svg => &self.picture,
            Format::Html => &self.page,
            _ => &self.text,
        }
    }
}

/// Writes and returns a report of executables that exist: its blocks are drawn already, and it is no result of a CI
/// step.
pub(crate) fn emit<T: Serialize>(
    value: &T,
    blocks: &Blocks,
    measures: &dyn Fn() -> Vec<Subject>,
    output: &cli::Output,
    session: &Session<'_>,
) -> Result<Output> {
    let render = |format, style| match format {
        Format::Json => render::json(value),
        _ => render::measures(measures, format)
            .unwrap_or_else(|| render::blocks(blocks.for_format(format), format, style)),
    };
    write_files(|format| render(format, Style::default()), output, session)?;
    let style = Style {
        width: session.width,
    };
    Ok(Output {
        text: render(output.format, style),
        is_data: output.format.is_data(),
        ..Output::default()
    })
}

/// Writes every `--report`.
fn write_files(
    render: impl Fn(Format) -> String,
    output: &cli::Output,
    session: &Session<'_>,
) -> Result<()> {
    for path in &output.report {
        let format = Format::of_path(path).ok_or_else(|| Shows::EVERYTHING.nameless(path))?;
        let mut text = render(format);
        // A file is no terminal; data has no colors, and may be large.
        if !format.is_data() {
            text = anstream::adapter::strip_str(&text).to_string();
        }
        publish::text(&text, &session.cwd.join(path), &session.interrupt)?;
    }
    Ok(())
}

/// The findings in one of the formats that show nothing else; `None` for others.
pub(crate) fn annotated(
    findings: &Findings<'_>,
    tool: &Tool,
    format: Format,
    cwd: &Path,
) -> Option<String> {
    render::findings(findings, tool, &prefix(cwd), format)
}

/// What leads from the root of the repository to the working directory, with a slash at its end.
pub(crate) fn prefix(cwd: &Path) -> String {
    let root = cwd.ancestors().find(|path| path.join(".git").exists());
    let below = root.and_then(|path| cwd.strip_prefix(path).ok());
    match below.map(|path| path.display().to_string()).as_deref() {
        None | Some("") => String::new(),
        Some(below) => format!("{below}/"),
    }
}

/// The file in the working directory that findings without a place are about.
pub(crate) fn anchor(cwd: &Path) -> Option<String> {
    let names = ["gobuild-opt.toml", "go.mod", "go.work"];
    let found = names.iter().find(|name| cwd.join(name).is_file());
    found.map(|found| (*found).to_owned())
}

/// A file of GitHub's belongs to the whole step: we add to it. Fails with [`Kind::Machine`]; `what` it is.
pub(super) fn append(path: &OsString, what: &str, text: &str) -> Result<()> {
    // A pipe that nobody reads is an error, and no wait; one that somebody reads slowly is waited for.
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    let patient = |file: std::fs::File| {
        fcntl_setfl(&file, OFlags::APPEND)?;
        Ok(file)
    };
    file.and_then(patient)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            Error::new(
                Kind::Machine,
                format!("cannot write the {what} `{}`", Path::new(path).display()),
            )
            .source(error)
        })
}
