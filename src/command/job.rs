//! Writes the outputs of a step of GitHub Actions: what the next step needs to upload, sign or publish the files.

use std::ffi::OsString;

use super::Session;
use super::present::append;
use crate::cli;
use crate::report::Report;

/// Appends to the file that the runner names: `verdict`, `report` (the files, one a line) and of each executable a line of
/// `artifact`, `size` (bytes) and `sha256`, in the order of the report. The error is a line for people.
pub(super) fn outputs(
    report: &Report,
    output: &cli::Output,
    session: &Session<'_>,
) -> Result<(), String> {
    let in_actions = session.variable("GITHUB_ACTIONS").is_some();
    let Some(file) = session.variable("GITHUB_OUTPUT").filter(|_| in_actions) else {
        return Ok(());
    };
    write(file, &text(report, output))
}

fn write(file: &OsString, text: &str) -> Result<(), String> {
    append(file, "outputs of the step", text).map_err(|error| format!("warning: {error}"))
}

fn text(report: &Report, output: &cli::Output) -> String {
    let artifacts = report.targets.iter().map(|target| &target.artifact);
    let kept: Vec<_> = artifacts.filter(|file| file.path.is_some()).collect();
    let reports = output.report.iter().map(|path| path.display().to_string());
    let paths = kept.iter().filter_map(|file| file.path.clone());
    let sizes = kept.iter().map(|file| file.size.to_string());
    let digests = kept.iter().map(|file| file.sha256.clone());
    let verdict = if report.verdict.pass { "pass" } else { "fail" };
    let values = [
        ("verdict", verdict.to_owned()),
        ("report", lines(reports)),
        ("artifact", lines(paths)),
        ("size", lines(sizes)),
        ("sha256", lines(digests)),
    ];
    let all = values.iter().map(|(name, value)| named(name, value));
    all.collect()
}

/// An output as the runner reads it.
fn named(name: &str, value: &str) -> String {
    // A path may hold a line that looks like the end, or like another output.
    let mut end = "gobuild-opt".to_owned();
    while value.lines().any(|line| line == end) {
        end.push('.');
    }
    format!("{name}<<{end}\n{value}\n{end}\n")
}

fn lines(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("\n")
}
