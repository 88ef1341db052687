//! A report in as many renderings as were asked for: to files, to the step summary, to standard output.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use super::{Output, Session};
use crate::build::publish;
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::render::{Format, Style};

/// Fails early where the name of a report does not tell its format.
pub fn check(output: &cli::Output) -> Result<()> {
    output
        .report
        .iter()
        .try_for_each(|it| format_of(it).map(drop))
}

/// Writes and returns the renderings. `render` gets the format, how many packages are listed, and the layout.
pub fn present(
    render: impl Fn(Format, usize, Style) -> String,
    output: &cli::Output,
    top: usize,
    failures: &[String],
    session: &Session<'_>,
) -> Result<Output> {
    for path in &output.report {
        let text = render(format_of(path)?, usize::MAX, Style::default());
        // A file is no terminal.
        publish::text(&anstream::adapter::strip_str(&text).to_string(), path)?;
    }
    if let Some(summary) = session.variable("GITHUB_STEP_SUMMARY") {
        append(
            summary,
            &render(Format::Markdown, top.max(50), Style::default()),
        )?;
    }
    let style = Style {
        width: session.width,
    };
    Ok(Output {
        text: render(output.format, top, style),
        failures: failures.to_vec(),
        is_data: output.format.is_data(),
    })
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

fn format_of(path: &Path) -> Result<Format> {
    Format::of_path(path).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!(
                "the name of `--report {}` does not tell the format",
                path.display()
            ),
        )
        .hint("end it with .json, .md, .txt or .sarif")
    })
}

/// GitHub's step summary belongs to the whole step: we add to it.
fn append(path: &OsString, text: &str) -> Result<()> {
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path);
    file.and_then(|mut it| it.write_all(text.as_bytes()))
        .map_err(|error| {
            Error::new(
                Kind::Machine,
                format!(
                    "cannot write the step summary `{}`",
                    Path::new(path).display()
                ),
            )
            .source(error)
        })
}
