//! The report of `upgrade` for people: one page.

mod runtime_changes;

use super::cell::pair;
use super::differing::{more, site, tone};
use super::speed::{How, beginning, comparison, method, trained};
use super::{Block, Cell, Column, Table, Tone, number, optional, text};
use crate::config::size::human;
use crate::number::{change, counted, counted_of, grouped, percent};
use crate::report::comparison::Changes;
use crate::report::difference::{Function, Pair};
use crate::report::upgrade_report::{
    Bump, Call, Executable, Inlining, Owner, Preview, Proved, Refused, Report, Target, Time, Told,
};
use runtime_changes::{checks, godebug, news, vetted};

/// The whole report, `top` rows of each listing.
pub(crate) fn upgrade(report: &Report, top: usize) -> Vec<Block> {
    let pages = report.previews.iter();
    pages.flat_map(|preview| page(preview, top)).collect()
}

/// What building takes: the only lines that may differ between two runs.
pub(crate) fn times(report: &Report) -> Vec<String> {
    let several = report.previews.len() > 1;
    let line = |preview: &Preview| {
        let words = time(&preview.time, preview);
        match several {
            true => format!("{words} ({})", preview.after.go),
            false => words,
        }
    };
    report.previews.iter().map(line).collect()
}

fn time(time: &Time, preview: &Preview) -> String {
    let all = preview
        .targets
        .iter()
        .filter_map(|target| target.packages.after);
    let all: u64 = all.sum();
    if time.packages == 0 || time.before_ms == 0 {
        return "time: not known: no package was compiled on both sides; what was not came from the build cache".into();
    }
    let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1000.0);
    format!(
        "time: compiling {} that both sides compiled (of {}), and linking, takes {} of CPU before, {} after ({})",
        counted(time.packages, "package"),
        grouped(all),
        seconds(time.before_ms),
        seconds(time.after_ms),
        percent(time.before_ms, time.after_ms)
    )
}

fn page(preview: &Preview, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Title(title(preview))];
    blocks.extend(line(preview));
    blocks.extend(preview.refused.iter().map(refused));
    blocks.extend(modules(&preview.modules, top));
    for target in &preview.targets {
        if preview.targets.len() > 1 {
            blocks.push(Block::Title(target.key.clone()));
        }
        blocks.extend(platform(target, preview, top));
    }
    blocks.extend(news(&preview.news, &preview.after.go));
    blocks.extend(preview.vet.iter().flat_map(|it| vetted(it, top)));
    blocks.extend(preview.proved.iter().flat_map(proved));
    blocks
}

fn is_other_go(preview: &Preview) -> bool {
    preview.before.go != preview.after.go
}

fn title(preview: &Preview) -> String {
    let (old, new) = (&preview.before.go, &preview.after.go);
    let mut title = match is_other_go(preview) {
        true => format!("Upgrade: {old} -> {new}"),
        false => format!("Upgrade of modules, with {new}"),
    };
    let asked = preview.modules.iter().filter(|module| module.asked);
    for bump in asked {
        title.push_str(&format!(", {} {}", bump.path, versions(bump)));
    }
    title
}

fn refused(it: &Refused) -> Block {
    Block::failed(format!(
        "the build: `{}` ({}): {}. The rest of this page is without it",
        it.setting, it.place, it.why
    ))
}

/// What changes on a platform.
fn platform(target: &Target, preview: &Preview, top: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    for it in &target.executables {
        blocks.extend(size(it, is_other_go(preview), top));
        blocks.extend(own_code(it, top));
    }
    blocks.extend(escapes(target, top));
    for it in &target.executables {
        blocks.extend(checks(it));
        blocks.extend(godebug(it, preview));
    }
    blocks.extend(target.notes.iter().map(Block::warn));
    blocks
}

/// What running both sides said.
fn proved(proved: &Proved) -> Vec<Block> {
    let mut blocks = vec![Block::heading(format!(
        "Side by side: {}",
        beginning(&proved.workload)
    ))];
    blocks.extend(proved.notes.iter().map(Block::plain));
    let mut comparisons = proved.comparisons.iter();
    if comparisons.any(|comparison| comparison.pairs > 0) {
        let how = How {
            seed: proved.seed,
            layouts: proved.layouts,
            most_pairs: proved.most_pairs,
            threshold: proved.threshold,
            machine: &proved.machine,
            comparisons: &proved.comparisons,
        };
        blocks.push(Block::dim(method(&how)));
    }
    blocks.extend(proved.trained.then(trained));
    blocks.extend(proved.comparisons.iter().map(comparison));
    blocks
}

/// The go line, where it says something.
fn line(preview: &Preview) -> Option<Block> {
    let (old, new) = (&preview.before.go_line, &preview.after.go_line);
    match (old, new) {
        (Some(old), Some(new)) if old != new => Some(Block::warn(format!(
            "the go line moves from {old} to {new}: a module asks for it"
        ))),
        (Some(old), _) => Some(Block::plain(format!("the go line stays at {old}"))),
        _ => None,
    }
}

fn versions(bump: &Bump) -> String {
    let [before, after] = [&bump.before, &bump.after].map(|it| it.as_deref().unwrap_or("none"));
    format!("{before} -> {after}")
}

/// Modules that move though nobody asked for them.
fn modules(all: &[Bump], top: usize) -> Vec<Block> {
    let others: Vec<&Bump> = all.iter().filter(|bump| !bump.asked).collect();
    if others.is_empty() {
        return Vec::new();
    }
    let count = counted_of(others.len(), "more module");
    let mut blocks = vec![Block::plain(format!(
        "{count} with packages of the program:"
    ))];
    let shown = others.iter().take(top);
    blocks.extend(shown.map(|bump| Block::plain(format!("  {} {}", bump.path, versions(bump)))));
    blocks.extend(rest(others.len(), top, "module"));
    blocks
}

fn rest(all: usize, top: usize, noun: &str) -> Option<Block> {
    more("  ", all.saturating_sub(top), noun)
}

fn size(it: &Executable, is_other_go: bool, top: usize) -> Vec<Block> {
    let (old, new) = sides(it.size);
    let difference = match old == new {
        true => "the same size".to_owned(),
        false => format!("{} B, {}", change(old, new), percent(old, new)),
    };
    let (before, after) = (human(old), human(new));
    let heading = format!("{}: {before} -> {after} ({difference})", it.name);
    let mut blocks = vec![Block::Heading(heading)];
    blocks.extend(it.picture.clone().map(Block::Picture));
    // Sections move between versions of Go; what the bytes are for does not.
    let kinds = it.kinds.iter().filter(|_| is_other_go);
    blocks.extend(kinds.map(|kinds| by_kind(kinds, top)));
    blocks.extend(owners("module", &it.modules, top));
    blocks.extend(owners("package", &it.packages, top));
    blocks.extend(it.notes.iter().map(Block::warn));
    blocks
}

fn by_kind(kinds: &Changes, top: usize) -> Block {
    let shown = kinds.list.iter().take(top);
    let rows = shown.map(|kind| cells(&kind.name, kind.before, kind.after));
    Table::of(columns("kind"), rows).into()
}

/// Modules or packages, and why each changed.
fn owners(title: &str, all: &[Owner], top: usize) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let mut columns = columns(title);
    columns.push(text("why"));
    let rows = all.iter().take(top).map(|owner| {
        let mut cells = cells(&owner.name, owner.before, owner.after);
        cells.push((&owner.why).into());
        cells
    });
    let table = Block::from(Table::of(columns, rows));
    std::iter::once(table)
        .chain(rest(all.len(), top, title))
        .collect()
}

fn columns(first: &str) -> Vec<Column> {
    vec![
        text(first),
        number("before B"),
        number("after B"),
        number("change B"),
        optional(number("%")),
    ]
}

fn cells(name: &str, before: Option<u64>, after: Option<u64>) -> Vec<Cell> {
    let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
    let share = match (before, after) {
        (None, _) => "new".into(),
        (_, None) => Cell::gone(),
        _ => Cell::growth(old, new),
    };
    vec![
        name.into(),
        Cell::bytes(old),
        Cell::bytes(new),
        Cell::delta(old, new),
        share,
    ]
}

fn sides(it: Pair) -> (u64, u64) {
    (it.before.unwrap_or_default(), it.after.unwrap_or_default())
}

fn own_code(it: &Executable, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::heading(format!("Own code of {}", it.name))];
    blocks.push(match it.own_code {
        Some(code) => {
            let words = format!("machine code, with padding: {} bytes", pair(code));
            Block::Line(tone(code.growth()), words)
        }
        None => Block::dim("machine code, frames and inlining: the file does not tell"),
    });
    blocks.extend(it.inlining.iter().flat_map(|it| inlining(it, top)));
    blocks.extend(frames(&it.frames, top));
    blocks
}

/// The stack frames that differ.
fn frames(frames: &[Function], top: usize) -> Vec<Block> {
    if frames.is_empty() {
        return Vec::new();
    }
    let larger = frames
        .iter()
        .filter(|function| function.frame.growth() > 0)
        .count();
    let smaller = frames.len() - larger;
    let words = format!(
        "stack frames: {} larger, {} smaller",
        grouped(larger as u64),
        grouped(smaller as u64)
    );
    let rows = frames.iter().take(top).map(|function| {
        let (old, new) = sides(function.frame);
        vec![
            (&function.name).into(),
            Cell::bytes(old),
            Cell::bytes(new),
            Cell::delta(old, new),
        ]
    });
    let columns = vec![
        text("function"),
        number("frame B before"),
        number("after"),
        number("change"),
    ];
    let mut blocks = vec![Block::plain(words), Table::of(columns, rows).into()];
    blocks.extend(rest(frames.len(), top, "function"));
    blocks
}

fn inlining(it: &Inlining, top: usize) -> Vec<Block> {
    let (gained, lost) = (it.gained.len(), it.lost.len());
    let words = format!(
        "inlined calls: {}: {} gained, {} lost",
        pair(it.calls),
        grouped(gained as u64),
        grouped(lost as u64)
    );
    let mut blocks = vec![Block::plain(words)];
    let all = it.lost.iter().map(|call| ("lost", Tone::Warn, call));
    let all = all.chain(it.gained.iter().map(|call| ("gained", Tone::Good, call)));
    let shown = all.take(top);
    let line = |(word, tone, call): (&str, Tone, &Call)| {
        let Call {
            caller,
            callee,
            line,
        } = call;
        Block::Line(tone, format!("  {word}  {caller}+{line} calls {callee}"))
    };
    blocks.extend(shown.map(line));
    blocks.extend(rest(gained + lost, top, "call"));
    blocks
}

fn escapes(target: &Target, top: usize) -> Vec<Block> {
    let Some(found) = target.escapes else {
        return Vec::new();
    };
    let (gained, lost) = (target.gained.len(), target.lost.len());
    let words = format!(
        "escapes in own code: {} gained, {} lost; the compilers report {}",
        grouped(gained as u64),
        grouped(lost as u64),
        pair(found)
    );
    let growth = gained as i64 - lost as i64;
    let mut blocks = vec![Block::Line(tone(growth), words)];
    blocks.extend(target.told.iter().map(no_news));
    let gained = target.gained.iter();
    let all = gained.map(|site| ("gained", Tone::Warn, site));
    let all = all.chain(target.lost.iter().map(|site| ("lost", Tone::Good, site)));
    for (word, tone, it) in all.take(top) {
        blocks.push(Block::Line(tone, format!("  {word}  {}", site(it))));
    }
    blocks.extend(rest(target.gained.len() + target.lost.len(), top, "site"));
    blocks
}

/// Sites that a known change of the compilers explains.
fn no_news(group: &Told) -> Block {
    let verb = if group.gained { "gained" } else { "lost" };
    Block::dim(format!(
        "  {} {verb} that are no news: {}",
        grouped(group.sites.len() as u64),
        group.why
    ))
}
