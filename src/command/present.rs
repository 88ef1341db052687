//! A report in as many renderings as were asked for: to files, to the step summary, to standard output.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use serde::Serialize;

use super::{Output, Session};
use crate::build::publish;
use crate::cli;
use crate::config::layer;
use crate::error::{Error, Kind, Result};
use crate::render::{self, Format, Style};
use crate::report::Verdict;
use crate::report::measures::Subject;
use crate::report::outline::Block;

/// What a report has beside tables, for the formats that show nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Shows {
    /// A treemap, for SVG.
    picture: bool,
    /// New findings, for SARIF, GitHub and GitLab.
    findings: bool,
    /// Numbers of one build, for what draws them over time.
    measures: bool,
}

impl Shows {
    /// Nothing else.
    pub const TABLES: Self = Self {
        picture: false,
        findings: false,
        measures: false,
    };
    /// Of an executable.
    pub const ANATOMY: Self = Self {
        measures: true,
        ..Self::COMPARISON
    };
    /// Of two of them.
    pub const COMPARISON: Self = Self {
        picture: true,
        ..Self::TABLES
    };
    /// Of profiles.
    pub const ADVICE: Self = Self {
        findings: true,
        ..Self::TABLES
    };
    /// Of the sources.
    pub const ESCAPES: Self = Self {
        findings: true,
        measures: true,
        ..Self::TABLES
    };
    /// Of a release.
    pub const EVERYTHING: Self = Self {
        picture: true,
        ..Self::ESCAPES
    };

    /// Fails early where a format has nothing to show, or where the name of a report does not tell its format.
    pub fn check(self, output: &cli::Output) -> Result<()> {
        self.check_format(output.format)?;
        for path in &output.report {
            let format = Format::of_path(path).ok_or_else(|| self.nameless(path))?;
            self.check_format(format)?;
        }
        Ok(())
    }

    /// Fails where a format has nothing to show.
    pub fn check_format(self, format: Format) -> Result<()> {
        let Some(missing) = self.missing(format) else {
            return Ok(());
        };
        let names: Vec<String> = Format::value_variants()
            .iter()
            .filter(|it| self.missing(**it).is_none())
            .filter_map(|it| Some(it.to_possible_value()?.get_name().to_owned()))
            .collect();
        Err(Error::new(Kind::Usage, missing)
            .hint(format!("formats of this command: {}", names.join(", "))))
    }

    fn missing(self, format: Format) -> Option<&'static str> {
        match format {
            Format::Svg if !self.picture => Some("there is nothing to draw here"),
            Format::Sarif | Format::Github | Format::Codequality if !self.findings => {
                Some("there are no new findings to annotate here")
            }
            Format::Openmetrics | Format::Benchmark | Format::Bencher | Format::Octocov
                if !self.measures =>
            {
                Some("there are no numbers of one build here")
            }
            _ => None,
        }
    }

    fn nameless(self, path: &Path) -> Error {
        let message = format!(
            "the name of `--report {}` does not tell the format",
            path.display()
        );
        let formats = Format::value_variants().iter();
        let shown = formats.filter(|it| self.missing(**it).is_none());
        let endings: Vec<&str> = shown.filter_map(|it| it.ending()).collect();
        let hint = match endings.as_slice() {
            [rest @ .., last] => format!("end it with {} or {last}", rest.join(", ")),
            [] => String::new(),
        };
        Error::new(Kind::Usage, message).hint(hint)
    }
}

/// With the report files that the environment names, where none is typed; separated as in PATH.
pub fn with_variable(output: &cli::Output, session: &Session<'_>) -> cli::Output {
    let mut output = output.clone();
    if output.report.is_empty()
        && let Some(paths) = session.variable(layer::REPORT)
    {
        output.report = std::env::split_paths(paths)
            .filter(|it| !it.as_os_str().is_empty())
            .collect();
    }
    output
}

/// Writes and returns the renderings. `render` gets the format, how many packages are listed, and the
/// layout; `for_step` gives the Markdown for the step summary.
pub fn present(
    render: impl Fn(Format, usize, Style) -> String,
    for_step: impl Fn(usize) -> String,
    output: &cli::Output,
    top: usize,
    verdict: &Verdict,
    session: &Session<'_>,
) -> Result<Output> {
    write_files(
        |it| render(it, usize::MAX, Style::default()),
        output,
        session,
    )?;
    let mut warnings = Vec::new();
    if let Some(summary) = session.variable("GITHUB_STEP_SUMMARY") {
        // The binaries are published: a summary that cannot be written is worth a line, no more.
        if let Err(error) = append(summary, "step summary", &for_step(top.max(50))) {
            warnings.push(format!("warning: {error}"));
        }
    }
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
        failures: verdict.failures.clone(),
        not_judged: verdict.not_judged.clone(),
        warnings,
        is_data: output.format.is_data(),
        ..Output::default()
    })
}

/// The same for a report of executables that exist: its blocks are drawn already, and it is no result of a CI step.
pub fn emit<T: Serialize>(
    value: &T,
    blocks: &[Block],
    measures: &dyn Fn() -> Vec<Subject>,
    output: &cli::Output,
    session: &Session<'_>,
) -> Result<Output> {
    let render = |format, style| match format {
        Format::Json => render::json(value),
        _ => render::measures(measures, format)
            .unwrap_or_else(|| render::blocks(blocks, format, style)),
    };
    write_files(|it| render(it, Style::default()), output, session)?;
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

/// What leads from the root of the repository to the working directory, with a slash at its end.
pub fn prefix(cwd: &Path) -> String {
    let root = cwd.ancestors().find(|it| it.join(".git").exists());
    let below = root.and_then(|it| cwd.strip_prefix(it).ok());
    match below.map(|it| it.display().to_string()).as_deref() {
        None | Some("") => String::new(),
        Some(below) => format!("{below}/"),
    }
}

/// The file in the working directory that findings without a place are about.
pub fn anchor(cwd: &Path) -> Option<String> {
    let names = ["gobuild-opt.toml", "go.mod", "go.work"];
    let found = names.iter().find(|it| cwd.join(it).is_file());
    found.map(|it| (*it).to_owned())
}

/// A file of GitHub's belongs to the whole step: we add to it. Fails with [`Kind::Machine`]; `what` it is.
pub(super) fn append(path: &OsString, what: &str, text: &str) -> Result<()> {
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path);
    file.and_then(|mut it| it.write_all(text.as_bytes()))
        .map_err(|error| {
            Error::new(
                Kind::Machine,
                format!("cannot write the {what} `{}`", Path::new(path).display()),
            )
            .source(error)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_with_nothing_to_show_is_refused() {
        let check = |shows: Shows, format| match shows.check_format(format) {
            Ok(()) => String::new(),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        };
        insta::assert_snapshot!(check(Shows::ESCAPES, Format::Svg), @"there is nothing to draw here; formats of this command: text, json, markdown, sarif, github, html, openmetrics, benchmark, bencher, octocov, codequality");
        insta::assert_snapshot!(check(Shows::COMPARISON, Format::Sarif), @"there are no new findings to annotate here; formats of this command: text, json, markdown, svg, html");
        assert_eq!(check(Shows::EVERYTHING, Format::Svg), "");
    }
}
