//! Lays out the report as the blocks that every readable rendering is made of: N sections and M formats are N + M
//! pieces of code.

pub(crate) mod answer;

mod block;

mod before_main;

pub(crate) mod comparison_tables;

mod escape_treemap;

mod growth_causes;

pub mod inspected;

mod resource_table;

pub mod advice;

pub mod allocated;

pub mod lock_changes;

pub mod assertion_lines;

pub mod brief;

pub mod check_lines;

pub mod differing;

pub mod profile_effect;

pub mod escape_counts;

pub mod frame_lines;

pub mod inlining;

mod known_warnings;

pub mod new_sites;

pub mod owned_bytes;

pub mod profile_rows;

pub mod speed;

pub mod ranking;

pub mod size_table;

pub mod change_summary;

pub(crate) mod upgrade_preview;

use crate::check::Status;
use crate::config::size::human;
use crate::gate::Word;
use crate::number::{counted, counted_of, grouped};
use crate::profile::worthless;
use crate::report::label;
use crate::report::{Assertion, Report, Target};
pub use block::{Block, Strip, Table, Tone};
pub(crate) use block::{Column, folding, number, optional, text};

/// How much is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    /// Packages of the escape report.
    pub(crate) packages: usize,
    /// The sections of each executable, however many there are.
    pub(crate) everything: bool,
}

/// Executables that are shown section by section; more of them get a line each.
const DETAILED: usize = 2;

/// The title of the verdict.
const RESULT: &str = "Result";

/// The whole report.
pub(crate) fn outline(report: &Report, detail: Detail) -> Vec<Block> {
    let targets = &report.targets;
    let mut blocks = Vec::new();
    if targets.len() > 1 {
        blocks.extend(size_table::overview(targets));
    }
    for target in targets
        .iter()
        .filter(|_| detail.everything || targets.len() <= DETAILED)
    {
        blocks.push(Block::Title(title(target)));
        blocks.extend(artifact(target));
        blocks.extend(owned_bytes::picture(target));
        blocks.extend(size_table::size(target));
        blocks.extend(owned_bytes::owners(target, detail.everything));
        blocks.extend(profile_effect::effect(target, detail.everything));
        blocks.extend(frame_lines::frames(target, detail.everything));
        blocks.extend(lock_changes::against(target, detail.everything));
    }
    blocks.extend(escapes_by_platform(targets, detail));
    blocks.extend(asserted(targets));
    blocks.extend(match targets.as_slice() {
        [one] => check_lines::checks(&one.checks),
        several => check_lines::together(several),
    });
    blocks.extend(budgets(report));
    let resources = report.resources.as_ref();
    blocks.extend(resources.into_iter().flat_map(resource_table::outline));
    blocks.extend(verdict(report));
    if targets.len() > DETAILED && !detail.everything {
        blocks.push(Block::Line(
            Tone::Dim,
            "sections of each executable: --report FILE.md, or --format json".into(),
        ));
    }
    blocks
}

/// One escape pass per platform; what is equal for several is shown once.
fn escapes_by_platform(targets: &[Target], detail: Detail) -> Vec<Block> {
    let mut groups: Vec<(Vec<Block>, Vec<String>)> = Vec::new();
    for target in targets {
        let platform = format!("{}/{}", target.goos, target.goarch);
        let mut blocks = match &target.escapes {
            Some(it) => escape_counts::escapes(it, detail.packages),
            None => Vec::new(),
        };
        blocks.extend(target.escapes.iter().flat_map(|escapes| {
            if detail.everything {
                new_sites::lock(escapes)
            } else {
                new_sites::brief(escapes)
            }
        }));
        match groups.iter_mut().find(|(it, _)| *it == blocks) {
            Some((_, platforms)) if platforms.contains(&platform) => {}
            Some((_, platforms)) => platforms.push(platform),
            None => groups.push((blocks, vec![platform])),
        }
    }
    let several = groups.len() > 1;
    let mut out = Vec::new();
    for (mut blocks, platforms) in groups {
        if let (true, Some(Block::Heading(heading))) = (several, blocks.first_mut()) {
            heading.push_str(&format!(", {}", platforms.join(", ")));
        }
        out.extend(blocks);
    }
    out
}

/// What is equal for several executables is shown once.
fn asserted(targets: &[Target]) -> Vec<Block> {
    let mut groups: Vec<(&[Assertion], Vec<String>)> = Vec::new();
    for target in targets
        .iter()
        .filter(|target| !target.assertions.is_empty())
    {
        let same = groups.iter_mut().find(|group| group.0 == target.assertions);
        match same {
            Some((_, labels)) => labels.push(label(target)),
            None => groups.push((&target.assertions, vec![label(target)])),
        }
    }
    let several = groups.len() > 1;
    let mut out = Vec::new();
    for (all, labels) in groups {
        let mut blocks = assertion_lines::assertions(all);
        if let (true, Some(Block::Heading(heading))) = (several, blocks.first_mut()) {
            heading.push_str(&format!(" ({})", labels.join(", ")));
        }
        out.extend(blocks);
    }
    out
}

fn title(target: &Target) -> String {
    let level = target
        .level
        .as_ref()
        .map_or(String::new(), |level| format!("/{level}"));
    format!(
        "{} · {}{level} · {}",
        target.name,
        label(target).rsplit(' ').next().unwrap_or_default(),
        target.package
    )
}

fn artifact(target: &Target) -> Vec<Block> {
    let file = &target.artifact;
    let place = match &file.path {
        Some(path) => path.clone(),
        None => "built, checked and discarded (keep it with `-o DIR/` or `[build] out-dir`)".into(),
    };
    let mut lines = vec![
        (
            Tone::Plain,
            format!(
                "{place}  {} ({} bytes)",
                human(file.size),
                grouped(file.size)
            ),
        ),
        (Tone::Dim, format!("sha256 {}", file.sha256)),
    ];
    let cache = match (target.packages_compiled, target.packages_cached) {
        (0, 1) => "its only package from the build cache".to_owned(),
        (0, cached) => format!("all {} from the build cache", counted(cached, "package")),
        (compiled, cached) => {
            let compiled = counted(compiled, "package");
            format!("{compiled} compiled, {cached} from the build cache")
        }
    };
    let version = file.go_version.as_deref().unwrap_or("unknown Go version");
    lines.push((Tone::Dim, format!("{version}, {cache}")));
    lines.extend(
        file.linkage
            .as_ref()
            .map(|linkage| (Tone::Dim, linkage.to_string())),
    );
    lines.extend(pgo(target, true));
    lines
        .into_iter()
        .map(|(tone, line)| Block::Line(tone, line))
        .collect()
}

/// The profile in a sentence; `whole` with its samples, day and digest.
fn pgo(target: &Target, whole: bool) -> Option<(Tone, String)> {
    let pgo = &target.pgo;
    let (Some(profile), Some(digest)) = (&pgo.profile, &pgo.sha256) else {
        return None;
    };
    if !pgo.applied {
        return Some((
            Tone::Warn,
            format!(
                "profile {profile} is not applied ({})",
                match pgo.undone.is_empty() {
                    true => pgo.fitness.clone().unwrap_or_else(|| "unknown".into()),
                    false => format!("the compiler gets {}", pgo.undone.join(" ")),
                }
            ),
        ));
    }
    let samples = pgo.samples.map_or(String::new(), |samples| {
        format!(", {}", counted(samples.unsigned_abs(), "sample"))
    });
    let collected = pgo.collected.as_deref().map_or(String::new(), collected);
    let health = pgo
        .health
        .map_or(String::new(), |health| format!(", {health:.1} % fits"));
    let lines = pgo
        .lines
        .map_or(String::new(), |line| format!(", {line:.1} % at its line"));
    if let Some(why) = &pgo.useless {
        let worthless = worthless(why, pgo.health.unwrap_or_default());
        let sentence = format!("profile {profile} {worthless}{health}{lines}");
        return Some((Tone::Warn, sentence));
    }
    if !whole {
        return Some((Tone::Dim, format!("profile {profile} applied{health}")));
    }
    Some((
        Tone::Dim,
        format!(
            "profile {profile} applied{samples}{collected}{health}{lines}, sha256 {}",
            &digest[..digest.len().min(12)]
        ),
    ))
}

fn budgets(report: &Report) -> Vec<Block> {
    if report.budgets.is_empty() {
        return Vec::new();
    }
    let columns = vec![text("budget"), number("limit"), number("actual"), text("")];
    let mut table = Table {
        columns,
        ..Table::default()
    };
    for budget in &report.budgets {
        let growth = budget.item.starts_with("size-growth");
        let frames = budget.item.starts_with("frame-growth");
        let value = |value: f64| {
            if frames {
                counted(value as u64, "function")
            } else if growth {
                format!("{value:.2} %")
            } else if value < 1024.0 {
                format!("{} B", grouped(value as u64))
            } else {
                format!("{} ({} B)", human(value as u64), grouped(value as u64))
            }
        };
        let status = match budget.status {
            Status::Fail => "FAIL".to_owned(),
            Status::Skip => format!(
                "not judged: {}",
                budget.note.as_deref().unwrap_or("unknown")
            ),
            Status::Pass | Status::Warn => "pass".to_owned(),
        };
        table.rows.push(vec![
            budget.item.clone(),
            match (budget.status, budget.limit) {
                // What the lock would say, and does not.
                (Status::Skip, 0.0) => "unknown".to_owned(),
                (_, limit) => value(limit),
            },
            budget.actual.map_or("unknown".into(), value),
            status,
        ]);
    }
    vec![Block::Title("Budgets".into()), Block::Table(table)]
}

fn verdict(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Title(RESULT.into())];
    for failure in &report.verdict.failures {
        blocks.push(Block::Line(Tone::Bad, format!("FAIL  {failure}")));
    }
    if report.verdict.pass {
        let warnings = check_lines::warnings(&report.targets);
        let what = counted_of(report.targets.len(), "executable");
        let tail = match warnings {
            0 => String::new(),
            some => format!(", {}", counted_of(some, "warning")),
        };
        let open: Vec<&str> = report
            .gates
            .iter()
            .filter(|gate| gate.outcome == Word::NotJudged)
            .map(|gate| gate.gate.as_str())
            .collect();
        let (tone, open) = match open.len() as u64 {
            0 => (Tone::Good, String::new()),
            count => (
                Tone::Warn,
                format!("; {} not judged", counted(count, "gate")),
            ),
        };
        blocks.push(Block::Line(tone, format!("pass  {what}{tail}{open}")));
    }
    if let Some(path) = &report.checksums {
        blocks.push(Block::Line(Tone::Dim, format!("checksums: {path}")));
    }
    blocks
}

/// When a profile was collected, an RFC 3339 time: its day, since how long ago that is is another every day.
fn collected(time: &str) -> String {
    format!(", collected {}", time.split('T').next().unwrap_or(time))
}
