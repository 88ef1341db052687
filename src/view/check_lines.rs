//! Findings as sentences; what several executables have in common is said once.

use std::collections::BTreeSet;

use super::{Block, Tone};
use crate::check::{Finding, Status};
use crate::doctor::Row;
use crate::number::counted_of;
use crate::order::Ordered;
use crate::report::Target;
use crate::report::label;

/// The findings of one executable.
pub(crate) fn checks(findings: &[Finding]) -> Vec<Block> {
    let lines = findings
        .iter()
        .flat_map(|finding| lines(finding, &finding.message));
    headed(lines.collect())
}

/// The rows of the lessons.
pub(crate) fn lessons(rows: &[Row]) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    let row = |row: &Row| Finding {
        id: format!("lesson {}", row.lesson),
        status: row.status,
        message: row.message.clone(),
        hint: row.hint.clone(),
    };
    let rows: Vec<Finding> = rows.iter().map(row).collect();
    let lines = rows.iter().flat_map(|finding| match finding.status {
        Status::Skip => vec![Block::dim(format!(
            "fact  {}: {}",
            finding.id, finding.message
        ))],
        _ => lines(finding, &finding.message),
    });
    let heading = Block::heading("Lessons (`gobuild-opt explain --lessons`)");
    std::iter::once(heading).chain(lines).collect()
}

/// The findings of several: a good one that all share on one line, a bad one with its executable.
pub(crate) fn together(targets: &[Target]) -> Vec<Block> {
    let groups = groups(targets);
    let said = |it: &Group<'_>| group(it.0, &it.1, targets.len());
    headed(groups.iter().flat_map(said).collect())
}

/// How many warnings the findings are: one that all executables share is one.
pub(crate) fn warnings(targets: &[Target]) -> usize {
    let warned = groups(targets)
        .into_iter()
        .filter(|group| group.0.status == Status::Warn);
    warned.map(|entry| weight(&entry, targets.len())).sum()
}

fn weight((first, same): &Group<'_>, all: usize) -> usize {
    match shared(first, same, all) {
        true => 1,
        false => same.len(),
    }
}

/// Whether a finding of an executable was shown before.
pub(crate) type IsKnown<'a> = &'a dyn Fn(&Target, &Finding) -> bool;

/// What warns, each once and with its hint, without those that are known.
pub(super) fn warned(targets: &[Target], is_known: IsKnown<'_>) -> Vec<Block> {
    let groups = groups(targets);
    let news = groups
        .iter()
        .filter(|group| group.0.status == Status::Warn && !are_known(group, is_known));
    news.flat_map(|entry| group(entry.0, &entry.1, targets.len()))
        .collect()
}

fn are_known((_, same): &Group<'_>, is_known: IsKnown<'_>) -> bool {
    same.iter().all(|(target, it)| is_known(target, it))
}

/// How many checks passed of everything that they looked at.
pub(super) fn passed(targets: &[Target]) -> usize {
    let status = |status: &Status| matches!(status, Status::Pass);
    let ids = targets.iter().flat_map(|target| &target.checks);
    let ids: BTreeSet<&str> = ids.map(|finding| finding.id.as_str()).ordered();
    let passed = |id: &&&str| {
        let mut all = targets.iter().flat_map(|target| &target.checks);
        all.all(|finding| {
            finding.id != **id || status(&finding.status) || finding.status == Status::Skip
        })
    };
    ids.iter().filter(passed).count()
}

/// How many of the [`warnings`] are known.
pub(super) fn known(targets: &[Target], is_known: IsKnown<'_>) -> usize {
    let known = groups(targets).into_iter();
    let known = known.filter(|known| known.0.status == Status::Warn && are_known(known, is_known));
    known.map(|known| weight(&known, targets.len())).sum()
}

/// A finding, and all that say the same with their executables.
type Group<'a> = (&'a Finding, Vec<(&'a Target, &'a Finding)>);

fn groups(targets: &[Target]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut done: Vec<(&str, Status, String)> = Vec::new();
    for finding in targets.iter().flat_map(|target| &target.checks) {
        let key = key(finding);
        if done.contains(&key) {
            continue;
        }
        let like = |other: &&Finding| self::key(other) == key;
        let same = targets.iter();
        let same = same.filter_map(|target| Some((target, target.checks.iter().find(like)?)));
        let same = same.collect();
        groups.push((finding, same));
        done.push(key);
    }
    groups
}

/// Whether all executables have the finding, in the same words.
fn shared(first: &Finding, same: &[(&Target, &Finding)], all: usize) -> bool {
    same.len() == all && same.iter().all(|(_, it)| it.message == first.message)
}

/// Findings that say the same but for their numbers.
fn key(finding: &Finding) -> (&str, Status, String) {
    let words = finding
        .message
        .chars()
        .filter(|c| !c.is_ascii_digit())
        .collect();
    (finding.id.as_str(), finding.status, words)
}

fn group(first: &Finding, same: &[(&Target, &Finding)], all: usize) -> Vec<Block> {
    if shared(first, same, all) {
        return lines(first, &first.message);
    }
    if matches!(first.status, Status::Pass | Status::Skip) {
        return lines(first, &counted_together(first, same, all));
    }
    same.iter()
        .flat_map(|(target, it)| lines(it, &format!("{}: {}", label(target), it.message)))
        .collect()
}

/// `2 of 3 executables, such as api linux/amd64: built with Go 1.27`
fn counted_together(first: &Finding, same: &[(&Target, &Finding)], all: usize) -> String {
    let equal = same.iter().all(|(_, it)| it.message == first.message);
    let example = match equal {
        true => String::new(),
        false => format!(", such as {}", label(same[0].0)),
    };
    format!(
        "{} of {}{example}: {}",
        same.len(),
        counted_of(all, "executable"),
        first.message
    )
}

fn lines(finding: &Finding, message: &str) -> Vec<Block> {
    let (tone, word) = match finding.status {
        Status::Pass => (Tone::Good, "pass"),
        Status::Skip => (Tone::Dim, "skip"),
        Status::Warn => (Tone::Warn, "warn"),
        Status::Fail => (Tone::Bad, "FAIL"),
    };
    let line = Block::Line(tone, format!("{word}  {}: {message}", finding.id));
    let hint = finding.hint.iter();
    let hint = hint.map(|hint| Block::dim(format!("      -> {hint}")));
    std::iter::once(line).chain(hint).collect()
}

fn headed(lines: Vec<Block>) -> Vec<Block> {
    if lines.is_empty() {
        return lines;
    }
    std::iter::once(Block::heading("Checks"))
        .chain(lines)
        .collect()
}
