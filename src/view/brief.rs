//! The report that is printed by default: what was built, its size against what is known, what changed, what warns or fails,
//! and the verdict last. What is left to `--full` is decided here, and nowhere else.

mod overview;

use super::check_lines::IsKnown;
use super::{
    Block, Tone, check_lines, lock_changes, new_sites, pgo, profile_effect, resource_table,
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
    blocks.extend(
        targets
            .iter()
            .flat_map(|target| profile_effect::effect(target, false)),
    );
    blocks.extend(escapes(targets));
    let resources = report.resources.as_ref();
    blocks.extend(resources.into_iter().flat_map(resource_table::outline));
    blocks.extend(check_lines::warned(targets, is_known));
    if !unchanged {
        let sums = report
            .checksums
            .iter()
            .map(|checksum| format!("checksums: {checksum}"));
        let asides = sums.chain([MORE.to_owned()]);
        blocks.extend(asides.map(|aside| Block::Line(Tone::Dim, aside)));
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
    same && target
        .escapes
        .as_ref()
        .is_none_or(|escapes| !has_news(escapes))
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
    let mut lines = vec![
        (
            Tone::Plain,
            format!("{}  {}", place(target), facts.join(", ")),
        ),
        (Tone::Dim, format!("sha256 {}", file.sha256)),
    ];
    lines.extend(size(target));
    let profile = || pgo(target, false);
    lines.extend(profile().filter(|(tone, _)| !unchanged || *tone == Tone::Warn));
    let lines = lines.into_iter().map(|(tone, it)| Block::Line(tone, it));
    std::iter::once(Block::Title(super::title(target)))
        .chain(lines)
        .collect()
}

fn place(target: &Target) -> String {
    match &target.artifact.path {
        Some(path) => path.clone(),
        None => "built, checked and discarded (keep it with `-o DIR/` or `[build] out-dir`)".into(),
    }
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
fn locked(target: &Target) -> Option<u64> {
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
            blocks.push(Block::Heading(format!(
                "{} against gobuild-opt.lock",
                label(target)
            )));
        }
        blocks.extend(lock_changes::briefly(target));
    }
    let rest = changed.len().saturating_sub(LISTED);
    if rest > 0 {
        let words = format!(
            "{} against the lock: --full",
            counted_of(rest, "more executable that differs")
        );
        blocks.push(Block::Line(Tone::Dim, words));
    }
    blocks
}

/// What is new; without a lock how many sites there are. What all platforms share is said once, the rest with its platform.
fn escapes(targets: &[Target]) -> Vec<Block> {
    let mut platforms: Vec<String> = Vec::new();
    let mut said: Vec<(Block, Vec<String>)> = Vec::new();
    let collected = targets
        .iter()
        .filter_map(|target| Some((target, target.escapes.as_ref()?)));
    for (target, escapes) in collected {
        let platform = platform(target);
        if !platforms.contains(&platform) {
            platforms.push(platform.clone());
        }
        let blocks = match &escapes.lock {
            Some(_) if !has_news(escapes) => Vec::new(),
            Some(_) => new_sites::brief(escapes),
            None => without_lock(escapes),
        };
        for block in blocks {
            match said.iter_mut().find(|entry| entry.0 == block) {
                Some((_, of)) if of.contains(&platform) => {}
                Some((_, of)) => of.push(platform.clone()),
                None => said.push((block, vec![platform.clone()])),
            }
        }
    }
    let named = |(block, of): (Block, Vec<String>)| match block {
        Block::Line(tone, text) if of.len() < platforms.len() => {
            Block::Line(tone, format!("{}: {text}", of.join(", ")))
        }
        shared => shared,
    };
    said.into_iter().map(named).collect()
}

/// `linux/amd64/v3`
fn platform(target: &Target) -> String {
    let level = target.level.iter().map(|text| format!("/{text}"));
    format!(
        "{}/{}{}",
        target.goos,
        target.goarch,
        level.collect::<String>()
    )
}

fn without_lock(escapes: &Escapes) -> Vec<Block> {
    let packages = escapes
        .packages
        .iter()
        .filter(|package| package.sites > 0)
        .count();
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
    let aside = escapes
        .notes
        .iter()
        .map(|note| Block::Line(Tone::Warn, note.clone()));
    std::iter::once(Block::Line(tone, words))
        .chain(aside)
        .collect()
}

/// Each failure once, with what to do.
fn failures(report: &Report) -> Vec<Block> {
    let mut blocks = Vec::new();
    for failure in &report.verdict.failures {
        blocks.push(Block::Line(Tone::Bad, format!("FAIL  {failure}")));
        blocks.extend(
            hint(report, &failure.about)
                .map(|hint| Block::Line(Tone::Dim, format!("      -> {hint}"))),
        );
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
    let executables = counted_of(report.targets.len(), "executable");
    let mut parts = vec![executables];
    let failures = report.verdict.failures.len();
    parts.extend((failures > 0).then(|| counted_of(failures, "failure")));
    let warnings = check_lines::warnings(&report.targets);
    let known = check_lines::known(&report.targets, is_known);
    let again = match known {
        0 => String::new(),
        it if it == warnings => " as in the last run".to_owned(),
        it => format!(" ({it} as in the last run)"),
    };
    parts.extend((warnings > 0).then(|| format!("{}{again}", counted_of(warnings, "warning"))));
    let open = report
        .gates
        .iter()
        .filter(|gate| gate.outcome == Word::NotJudged)
        .count();
    parts.extend((open > 0).then(|| format!("{} not judged", counted_of(open, "gate"))));
    let passed = passed(report);
    let tail = match passed.is_empty() {
        true => String::new(),
        false => format!("; {passed} passed"),
    };
    let (tone, word) = match (report.verdict.pass, open) {
        (false, _) => (Tone::Bad, "FAIL"),
        (true, 0) => (Tone::Good, "pass"),
        (true, _) => (Tone::Warn, "pass"),
    };
    Block::Line(tone, format!("{word}  {}{tail}", parts.join(", ")))
}

/// `8 checks and 2 budgets`
fn passed(report: &Report) -> String {
    let budgets = report
        .budgets
        .iter()
        .filter(|budget| budget.status == Status::Pass);
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
