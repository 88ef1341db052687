//! Lays out the report as the blocks that every readable rendering is made of: N sections and M formats are N + M
//! pieces of code.

pub(crate) mod answer;

mod cell;

mod block;

mod before_main;

mod budget_table;

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

use crate::config::size::human;
use crate::gate::Word;
use crate::number::{counted, counted_of, grouped};
use crate::profile::worthless;
use crate::report::applied_profile::Pgo;
use crate::report::{Assertion, File, Report, Target, label};
pub use block::{Block, Strip, Table, Tone};
pub(crate) use block::{Column, folding, number, optional, text};
pub(crate) use cell::{Cell, Digits};

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
    let is_detailed = detail.everything || targets.len() <= DETAILED;
    let mut blocks = Vec::new();
    if targets.len() > 1 {
        blocks.extend(size_table::overview(targets));
    }
    if is_detailed {
        let each = targets.iter();
        blocks.extend(each.flat_map(|target| executable(target, detail.everything)));
    }
    blocks.extend(escapes_by_platform(targets, detail));
    blocks.extend(asserted(targets));
    blocks.extend(match targets.as_slice() {
        [one] => check_lines::checks(&one.checks),
        several => check_lines::together(several),
    });
    blocks.extend(budget_table::budgets(report));
    let resources = report.resources.iter();
    blocks.extend(resources.flat_map(resource_table::outline));
    blocks.extend(verdict(report));
    if !is_detailed {
        let where_to = "sections of each executable: --report FILE.md, or --format json";
        blocks.push(Block::dim(where_to));
    }
    blocks
}

/// The sections of an executable.
fn executable(target: &Target, everything: bool) -> Vec<Block> {
    let mut blocks = vec![Block::Title(title(target))];
    blocks.extend(artifact(target));
    blocks.extend(owned_bytes::picture(target));
    blocks.extend(size_table::size(target));
    blocks.extend(owned_bytes::owners(target, everything));
    blocks.extend(profile_effect::effect(target, everything));
    blocks.extend(frame_lines::frames(target, everything));
    blocks.extend(lock_changes::against(target, everything));
    blocks
}

/// One escape pass per platform; what is equal for several is shown once.
fn escapes_by_platform(targets: &[Target], detail: Detail) -> Vec<Block> {
    let named = targets.iter().map(|target| {
        let platform = format!("{}/{}", target.goos, target.goarch);
        (escapes(target, detail), platform)
    });
    let groups = said_once(named);
    let several = groups.len() > 1;
    let mut out = Vec::new();
    for (mut blocks, platforms) in groups {
        if several {
            extend_heading(&mut blocks, &format!(", {}", platforms.join(", ")));
        }
        out.extend(blocks);
    }
    out
}

fn escapes(target: &Target, detail: Detail) -> Vec<Block> {
    let Some(escapes) = &target.escapes else {
        return Vec::new();
    };
    let mut blocks = escape_counts::escapes(escapes, detail.packages);
    blocks.extend(match detail.everything {
        true => new_sites::lock(escapes),
        false => new_sites::brief(escapes),
    });
    blocks
}

/// What several say is there once, with the names of all who say it.
fn said_once<T: PartialEq>(named: impl IntoIterator<Item = (T, String)>) -> Vec<(T, Vec<String>)> {
    let mut groups: Vec<(T, Vec<String>)> = Vec::new();
    for (said, name) in named {
        match groups.iter_mut().find(|group| group.0 == said) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => groups.push((said, vec![name])),
        }
    }
    groups
}

fn extend_heading(blocks: &mut [Block], words: &str) {
    if let Some(Block::Heading(heading)) = blocks.first_mut() {
        heading.push_str(words);
    }
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
        if several {
            extend_heading(&mut blocks, &format!(" ({})", labels.join(", ")));
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
    let version = file.go_version.as_deref().unwrap_or("unknown Go version");
    let mut blocks = vec![
        Block::plain(format!(
            "{}  {} ({} bytes)",
            place(file),
            human(file.size),
            grouped(file.size)
        )),
        Block::dim(format!("sha256 {}", file.sha256)),
        Block::dim(format!("{version}, {}", cached(target))),
    ];
    let linkage = file.linkage.iter();
    blocks.extend(linkage.map(|linkage| Block::dim(linkage.to_string())));
    blocks.extend(pgo(target, true).map(|(tone, words)| Block::Line(tone, words)));
    blocks
}

/// Where the file is.
fn place(file: &File) -> &str {
    let discarded = "built, checked and discarded (keep it with `-o DIR/` or `[build] out-dir`)";
    file.path.as_deref().unwrap_or(discarded)
}

/// How many packages came from the build cache.
fn cached(target: &Target) -> String {
    match (target.packages_compiled, target.packages_cached) {
        (0, 1) => "its only package from the build cache".to_owned(),
        (0, cached) => format!("all {} from the build cache", counted(cached, "package")),
        (compiled, cached) => {
            let compiled = counted(compiled, "package");
            format!("{compiled} compiled, {cached} from the build cache")
        }
    }
}

/// The profile in a sentence; `whole` with its samples, day and digest.
fn pgo(target: &Target, whole: bool) -> Option<(Tone, String)> {
    let pgo = &target.pgo;
    let (Some(profile), Some(digest)) = (&pgo.profile, &pgo.sha256) else {
        return None;
    };
    if !pgo.applied {
        let why = not_applied(pgo);
        let sentence = format!("profile {profile} is not applied ({why})");
        return Some((Tone::Warn, sentence));
    }
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
    let applied = match whole {
        true => format!("{}{health}{lines}, {}", source(pgo), short(digest)),
        false => health,
    };
    Some((Tone::Dim, format!("profile {profile} applied{applied}")))
}

fn not_applied(pgo: &Pgo) -> String {
    match pgo.undone.is_empty() {
        true => pgo.fitness.clone().unwrap_or_else(|| "unknown".into()),
        false => format!("the compiler gets {}", pgo.undone.join(" ")),
    }
}

/// `, 1,234 samples, collected 2026-01-31`
fn source(pgo: &Pgo) -> String {
    let samples = pgo.samples.map_or(String::new(), |samples| {
        format!(", {}", counted(samples.unsigned_abs(), "sample"))
    });
    let collected = pgo.collected.as_deref().map_or(String::new(), collected);
    samples + &collected
}

fn short(digest: &str) -> String {
    format!("sha256 {}", &digest[..digest.len().min(12)])
}

fn verdict(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Title(RESULT.into())];
    blocks.extend(report.verdict.failures.iter().map(Block::failed));
    blocks.extend(report.verdict.pass.then(|| passed(report)));
    let sums = report.checksums.iter();
    blocks.extend(sums.map(|path| Block::dim(format!("checksums: {path}"))));
    blocks
}

fn passed(report: &Report) -> Block {
    let what = counted_of(report.targets.len(), "executable");
    let warnings = match check_lines::warnings(&report.targets) {
        0 => String::new(),
        some => format!(", {}", counted_of(some, "warning")),
    };
    let open = report.gates.iter();
    let open = open.filter(|gate| gate.outcome == Word::NotJudged);
    match open.count() {
        0 => Block::good(format!("pass  {what}{warnings}")),
        open => {
            let gates = counted_of(open, "gate");
            Block::warn(format!("pass  {what}{warnings}; {gates} not judged"))
        }
    }
}

/// When a profile was collected, an RFC 3339 time: its day, since how long ago that is is another every day.
fn collected(time: &str) -> String {
    format!(", collected {}", time.split('T').next().unwrap_or(time))
}
