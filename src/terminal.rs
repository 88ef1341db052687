//! What people and scripts see: results on standard output, talk and errors on standard error.

use std::io::Write;
use std::process::ExitCode;

use anstream::ColorChoice;
use gobuild_opt::cli::Color;
use gobuild_opt::command::Output;
use gobuild_opt::error::{Error, Kind};
use gobuild_opt::render::harmless;

use crate::progress::say;

pub fn colors(choice: Color) {
    match choice {
        Color::Auto => {}
        Color::Always => ColorChoice::AlwaysAnsi.write_global(),
        Color::Never => ColorChoice::Never.write_global(),
    }
}

/// Columns of the terminal that stdout is; 80 where it is none, or as COLUMNS says.
pub fn width() -> usize {
    let set = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|it| *it >= 40);
    let real = || {
        terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0))
    };
    set.or_else(real).unwrap_or(80).clamp(60, 200)
}

pub fn print(output: &Output, quiet: bool) -> ExitCode {
    if let Err(error) = write(output, quiet) {
        return fail(&Error::new(Kind::Machine, "cannot write to standard output").source(error));
    }
    // Text of others is made harmless where it stands in them.
    output.annotations.lines().for_each(say);
    for warning in &output.warnings {
        say(&harmless(warning));
    }
    for sentence in output.not_judged.iter().filter(|_| quiet || output.is_data) {
        say(&format!("warning: {}", harmless(sentence)));
    }
    if let Some(signal) = output.signal {
        return ExitCode::from(Error::new(Kind::Signal(signal), "").exit_code());
    }
    if output.failures.is_empty() {
        return ExitCode::SUCCESS;
    }
    for failure in output.failures.iter().filter(|_| quiet || output.is_data) {
        say(&format!("FAIL  {}", harmless(failure)));
    }
    ExitCode::from(1)
}

/// Writes data and text. Whom text is for may have gone away; data has to arrive.
fn write(output: &Output, quiet: bool) -> std::io::Result<()> {
    if !output.data.is_empty() {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&output.data)?;
        stdout.flush()?;
    }
    if output.beside_data {
        if !quiet {
            say(output.text.trim_end_matches('\n'));
        }
        return Ok(());
    }
    if quiet && !output.is_data {
        return Ok(());
    }
    // Data is large, and has no colors to take out.
    let written = match output.text.contains('\x1b') {
        true => all(&mut anstream::stdout().lock(), &output.text),
        false => all(&mut std::io::stdout().lock(), &output.text),
    };
    written.or_else(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(error),
    })
}

fn all(stream: &mut dyn Write, text: &str) -> std::io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

pub fn fail(error: &Error) -> ExitCode {
    let red = anstyle::Style::new()
        .bold()
        .fg_color(Some(anstyle::AnsiColor::Red.into()));
    let bold = anstyle::Style::new().bold();
    if let Some(detail) = &error.detail {
        for line in detail.lines() {
            say(&untabbed(line));
        }
    }
    say(&format!(
        "{red}error:{red:#} {}",
        harmless(&error.to_string())
    ));
    if let Some(hint) = &error.hint {
        say(&format!("{bold}hint:{bold:#} {}", harmless(hint)));
    }
    ExitCode::from(error.exit_code())
}

/// Compilers indent with tabs: the one control character that stays.
pub fn untabbed(line: &str) -> String {
    line.split('\t')
        .map(harmless)
        .collect::<Vec<_>>()
        .join("\t")
}
