//! The report that is printed by default: what was built, its size against what is known, what changed, what warns or fails,
//! and the verdict last. What is left to `--full` is decided here, and nowhere else.

mod overview;

use std::collections::BTreeSet;

use super::check_lines::IsKnown;
use super::{
    Block, Tone, check_lines, lock_changes, new_sites, pgo, place, profile_effect, resource_table,
    said_once, title,
};
use crate::assertion;
use crate::check::{Finding, Status};
use crate::config::size::human;
use crate::gate::Word;
use crate::number::{change, counted, counted_of, grouped, percent};
use crate::report::{About, Escapes, Report, Target, label};
use overview::overview;

/// Executables whose changes are listed; the others are counted.
const LISTED: usize = 2;

/// What `--full` adds.
const MORE: &str = "more with --full: sections, modules, packages, escapes, each check";

/// A report of a few lines. Warnings that `is_known` knows were shown before, and are counted only.
pub(crate) fn brief(report: &Report, is_known: IsKnown<'_>) -> Vec<Block> {
    let targets = &report.targets;
    let unchanged = is_unchanged(report);
    let mut blocks = match targets.as_slice() {
        [one] => executable(one, unchanged),
        several => overview(several),
    };
    blocks.extend(changes(targets));
    let profiled = targets.iter();
    blocks.extend(profiled.flat_map(|target| profile_effect::effect(target, false)));
    blocks.extend(escapes(targets));
    let resources = report.resources.iter();
    blocks.extend(resources.flat_map(resource_table::outline));
    blocks.extend(check_lines::warned(targets, is_known));
    if !unchanged {
        let sums = report.checksums.iter();
        blocks.extend(sums.map(|sums| Block::dim(format!("checksums: {sums}"))));
        blocks.push(Block::dim(MORE));
    }
    blocks.extend(failures(report));
    blocks.push(verdict(report, is_known));
    blocks
}

/// Whether all is as the lock has it, and passes.
fn is_unchanged(report: &Report) -> bool {
    report.verdict.pass && !report.targets.is_empty() && report.targets.iter().all(is_accepted)
}

fn is_accepted(target: &Target) -> bool {
    let entry = target.lock.as_ref();
    let same =
        entry.is_some_and(|lock| lock.compared && lock.sizes.is_empty() && lock.facts.is_empty());
    let escapes = target.escapes.as_ref();
    same && escapes.is_none_or(|escapes| !has_news(escapes))
}

fn has_news(escapes: &Escapes) -> bool {
    let noted = escapes.lock.as_ref().and_then(|state| state.note.as_ref());
    !escapes.new.is_empty()
        || !escapes.fixed.is_empty()
        || !escapes.notes.is_empty()
        || escapes.moved > 0
        || noted.is_some()
}

/// One executable in a few lines.
fn executable(target: &Target, unchanged: bool) -> Vec<Block> {
    let file = &target.artifact;
    let mut facts = vec![format!(
        "{} ({} bytes)",
        human(file.size),
        grouped(file.size)
    )];
    facts.extend(file.go_version.clone());
    facts.extend(file.linkage.as_ref().map(|linkage| linkage.short()));
    let mut blocks = vec![
        Block::Title(title(target)),
        Block::plain(format!("{}  {}", place(file), facts.join(", "))),
        Block::dim(format!("sha256 {}", file.sha256)),
    ];
    let profile = pgo(target, false).filter(|(tone, _)| !unchanged || *tone == Tone::Warn);
    let lines = size(target).into_iter().chain(profile);
    blocks.extend(lines.map(|(tone, words)| Block::Line(tone, words)));
    blocks
}

/// The size against the lock, or where that says nothing against the baseline.
fn size(target: &Target) -> Option<(Tone, String)> {
    let size = target.artifact.size;
    if is_accepted(target) {
        // Who did not look does not know.
        let words = match target.escapes {
            Some(_) => "as gobuild-opt.lock has it: nothing differs",
            None => "sizes and facts are as in gobuild-opt.lock; escapes were not collected",
        };
        return Some((Tone::Good, words.into()));
    }
    match (locked(target), &target.baseline) {
        (Some(before), _) if before == size => {
            Some((Tone::Plain, "as large as in gobuild-opt.lock".into()))
        }
        (Some(before), _) => {
            let since = format!("since gobuild-opt.lock ({})", human(before));
            Some((Tone::Plain, difference(before, size, &since)))
        }
        (None, Some(it)) if it.size > 0 => {
            let than = format!("against {} ({})", built(&it.kind), human(it.size));
            Some((Tone::Plain, difference(it.size, size, &than)))
        }
        (None, _) => None,
    }
}

fn built(kind: &str) -> &str {
    match kind {
        "unstripped" => "the unstripped build",
        "symbols" => "the build with symbols, without DWARF",
        "plain" => "plain go build",
        _ => "the baseline",
    }
}

fn difference(before: u64, after: u64, words: &str) -> String {
    match before == after {
        true => format!("as large as before, {words}"),
        false => format!(
            "{} B ({}) {words}",
            change(before, after),
            percent(before, after)
        ),
    }
}

/// The size that the lock has of an executable of the same Go.
pub(super) fn locked(target: &Target) -> Option<u64> {
    let lock = target.lock.as_ref().filter(|lock| lock.compared)?;
    match lock.sizes.iter().find(|size| size.item == "size") {
        Some(it) => it.before,
        // Only what changed has an entry.
        None => Some(target.artifact.size),
    }
}

/// What differs from the lock, of the first executables of which something does.
fn changes(targets: &[Target]) -> Vec<Block> {
    let differs = |target: &&Target| {
        let lock = target.lock.as_ref();
        lock.is_some_and(|lock| !lock.compared || !lock.sizes.is_empty() || !lock.facts.is_empty())
    };
    let changed: Vec<&Target> = targets.iter().filter(differs).collect();
    let mut blocks = Vec::new();
    for target in changed.iter().take(LISTED) {
        if targets.len() > 1 {
            let heading = format!("{} against gobuild-opt.lock", label(target));
            blocks.push(Block::Heading(heading));
        }
        blocks.extend(lock_changes::briefly(target));
    }
    let rest = changed.len().saturating_sub(LISTED);
    if rest > 0 {
        let words = format!(
            "{} against the lock: --full",
            counted_of(rest, "more executable that differs")
        );
        blocks.push(Block::dim(words));
    }
    blocks
}

/// What is new; without a lock how many sites there are. What all platforms share is said once, the rest with its platform.
fn escapes(targets: &[Target]) -> Vec<Block> {
    let collected = targets.iter().filter(|target| target.escapes.is_some());
    let platforms: BTreeSet<String> = collected.map(platform).collect();
    let lines = targets.iter().flat_map(|target| {
        let lines = target.escapes.iter().flat_map(escape_lines);
        lines.map(|line| (line, platform(target)))
    });
    let named = |(block, of): (Block, Vec<String>)| match block {
        Block::Line(tone, text) if of.len() < platforms.len() => {
            Block::Line(tone, format!("{}: {text}", of.join(", ")))
        }
        shared => shared,
    };
    said_once(lines).into_iter().map(named).collect()
}

fn escape_lines(escapes: &Escapes) -> Vec<Block> {
    match &escapes.lock {
        Some(_) if !has_news(escapes) => Vec::new(),
        Some(_) => new_sites::brief(escapes),
        None => without_lock(escapes),
    }
}

/// `linux/amd64/v3`
pub(super) fn platform(target: &Target) -> String {
    let level = target.level.iter().map(|text| format!("/{text}"));
    let level = level.collect::<String>();
    format!("{}/{}{level}", target.goos, target.goarch)
}

fn without_lock(escapes: &Escapes) -> Vec<Block> {
    let packages = escapes.packages.iter();
    let packages = packages.filter(|package| package.sites > 0).count();
    let words = format!(
        "escapes: {} in {}; `gobuild-opt accept` writes a lock, and later runs say what is new",
        counted(escapes.sites, "site"),
        counted_of(packages, "package")
    );
    let tone = if escapes.gate {
        Tone::Warn
    } else {
        Tone::Plain
    };
    let notes = escapes.notes.iter().map(Block::warn);
    std::iter::once(Block::Line(tone, words))
        .chain(notes)
        .collect()
}

/// Each failure once, with what to do.
fn failures(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    for failure in &report.verdict.failures {
        blocks.push(Block::failed(failure));
        let hint = hint(report, &failure.about);
        blocks.extend(hint.map(|hint| Block::dim(format!("      -> {hint}"))));
    }
    blocks
}

fn hint<'a>(report: &'a Report, about: &About) -> Option<&'a str> {
    let About::Check { id, of } = about else {
        return None;
    };
    let targets = report.targets.iter();
    let mut findings = targets
        .filter(|target| label(target) == *of)
        .flat_map(|target| &target.checks);
    let failed = |finding: &&Finding| finding.id == *id && finding.status == Status::Fail;
    findings.find(failed)?.hint.as_deref()
}

fn verdict(report: &Report, is_known: IsKnown<'_>) -> Block {
    let open = report.gates.iter();
    let open = open.filter(|gate| gate.outcome == Word::NotJudged).count();
    let mut parts = vec![counted_of(report.targets.len(), "executable")];
    let failures = report.verdict.failures.len();
    parts.extend((failures > 0).then(|| counted_of(failures, "failure")));
    parts.extend(warnings(report, is_known));
    parts.extend((open > 0).then(|| format!("{} not judged", counted_of(open, "gate"))));
    let tail = match passed(report) {
        none if none.is_empty() => String::new(),
        passed => format!("; {passed} passed"),
    };
    let (tone, word) = match (report.verdict.pass, open) {
        (false, _) => (Tone::Bad, "FAIL"),
        (true, 0) => (Tone::Good, "pass"),
        (true, _) => (Tone::Warn, "pass"),
    };
    Block::Line(tone, format!("{word}  {}{tail}", parts.join(", ")))
}

/// `3 warnings (2 as in the last run)`
fn warnings(report: &Report, is_known: IsKnown<'_>) -> Option<String> {
    let warnings = check_lines::warnings(&report.targets);
    let again = match check_lines::known(&report.targets, is_known) {
        0 => String::new(),
        known if known == warnings => " as in the last run".to_owned(),
        known => format!(" ({known} as in the last run)"),
    };
    (warnings > 0).then(|| format!("{}{again}", counted_of(warnings, "warning")))
}

/// `8 checks and 2 budgets`
fn passed(report: &Report) -> String {
    let budgets = report.budgets.iter();
    let budgets = budgets.filter(|budget| budget.status == Status::Pass);
    let asserted = report.targets.iter().flat_map(|target| &target.assertions);
    let asserted = asserted.filter(|assertion| assertion.status == assertion::Status::Pass);
    let counts = [
        (check_lines::passed(&report.targets), "check"),
        (budgets.count(), "budget"),
        (asserted.count(), "assertion"),
    ];
    let counts = counts.into_iter().filter(|count| count.0 > 0);
    let counts: Vec<String> = counts
        .map(|(count, noun)| counted_of(count, noun))
        .collect();
    match counts.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        all => all.concat(),
    }
}
