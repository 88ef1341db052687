//! A report in, its renderings on the disk and for standard output out.

use std::path::Path;

use serde::Serialize;

use super::{Output, Session};
use crate::build::publish;
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::render::{self, Format, Style};
use crate::report::outline::Block;

/// The format that the name of a `--report` stands for.
pub fn format_of(path: &Path) -> Result<Format> {
    Format::of_path(path).ok_or_else(|| {
        Error::new(
            Kind::Usage,
            format!(
                "the name of `--report {}` does not tell the format",
                path.display()
            ),
        )
        .hint("end it with .json, .md, .txt, .html or .svg")
    })
}

/// Writes every `--report`, and gives what is to be printed.
pub fn emit<T: Serialize>(
    value: &T,
    blocks: &[Block],
    args: &cli::Output,
    session: &Session<'_>,
) -> Result<Output> {
    let render = |format, style| match format {
        Format::Json => render::json(value),
        _ => render::blocks(blocks, format, style),
    };
    for path in &args.report {
        let text = render(format_of(path)?, Style::default());
        publish::text(&text, &session.cwd.join(path))?;
    }
    let style = Style {
        width: session.width,
    };
    Ok(Output {
        text: render(args.format, style),
        failures: Vec::new(),
        is_data: args.format.is_data(),
        ..Output::default()
    })
}
