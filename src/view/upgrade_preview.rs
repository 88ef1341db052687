//! The report of `upgrade` for people: one page.

mod runtime_changes;

use super::differing::{pair, site, tone};
use super::speed::{How, beginning, comparison, method, trained};
use super::{Block, Table, Tone, number, optional, text};
use crate::config::size::human;
use crate::number::{change, counted, counted_of, grouped, percent};
use crate::report::comparison::Change;
use crate::report::difference::{Function, Pair};
use crate::report::upgrade_report::{
    Bump, Call, Executable, Inlining, Owner, Preview, Proved, Report, Target, Time,
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
    let (old, new) = (&preview.before, &preview.after);
    let is_other_go = old.go != new.go;
    let mut title = match is_other_go {
        true => format!("Upgrade: {} -> {}", old.go, new.go),
        false => format!("Upgrade of modules, with {}", new.go),
    };
    let asked = preview.modules.iter().filter(|module| module.asked);
    for bump in asked {
        title.push_str(&format!(", {} {}", bump.path, versions(bump)));
    }
    let mut blocks = vec![Block::Title(title)];
    blocks.extend(line(preview));
    for it in &preview.refused {
        let words = format!(
            "FAIL  the build: `{}` ({}): {}. The rest of this page is without it",
            it.setting, it.place, it.why
        );
        blocks.push(Block::Line(Tone::Bad, words));
    }
    blocks.extend(modules(&preview.modules, top));
    for target in &preview.targets {
        if preview.targets.len() > 1 {
            blocks.push(Block::Title(target.key.clone()));
        }
        for it in &target.executables {
            blocks.extend(size(it, is_other_go, top));
            blocks.extend(own_code(it, top));
        }
        blocks.extend(escapes(target, top));
        for it in &target.executables {
            blocks.extend(checks(it));
            blocks.extend(godebug(it, preview));
        }
        let notes = target.notes.iter().cloned();
        blocks.extend(notes.map(|note| Block::Line(Tone::Warn, note)));
    }
    blocks.extend(news(&preview.news, &new.go));
    blocks.extend(preview.vet.iter().flat_map(|it| vetted(it, top)));
    blocks.extend(preview.proved.iter().flat_map(proved));
    blocks
}

/// What running both sides said.
fn proved(proved: &Proved) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!(
        "Side by side: {}",
        beginning(&proved.workload)
    ))];
    let notes = proved.notes.iter().cloned();
    blocks.extend(notes.map(|note| Block::Line(Tone::Plain, note)));
    if proved
        .comparisons
        .iter()
        .any(|comparison| comparison.pairs > 0)
    {
        let how = How {
            seed: proved.seed,
            layouts: proved.layouts,
            most_pairs: proved.most_pairs,
            threshold: proved.threshold,
            machine: &proved.machine,
            comparisons: &proved.comparisons,
        };
        blocks.push(Block::Line(Tone::Dim, method(&how)));
    }
    blocks.extend(proved.trained.then(trained));
    blocks.extend(proved.comparisons.iter().map(comparison));
    blocks
}

/// The go line, where it says something.
fn line(preview: &Preview) -> Option<Block> {
    let (old, new) = (&preview.before.go_line, &preview.after.go_line);
    match (old, new) {
        (Some(old), Some(new)) if old != new => Some(Block::Line(
            Tone::Warn,
            format!("the go line moves from {old} to {new}: a module asks for it"),
        )),
        (Some(old), _) => Some(Block::Line(
            Tone::Plain,
            format!("the go line stays at {old}"),
        )),
        _ => None,
    }
}

fn versions(bump: &Bump) -> String {
    let side = |it: &Option<String>| it.clone().unwrap_or_else(|| "none".to_owned());
    format!("{} -> {}", side(&bump.before), side(&bump.after))
}

/// Modules that move though nobody asked for them.
fn modules(all: &[Bump], top: usize) -> Vec<Block> {
    let others: Vec<&Bump> = all.iter().filter(|bump| !bump.asked).collect();
    if others.is_empty() {
        return Vec::new();
    }
    let count = counted_of(others.len(), "more module");
    let mut blocks = vec![Block::Line(
        Tone::Plain,
        format!("{count} with packages of the program:"),
    )];
    let shown = others.iter().take(top);
    blocks.extend(
        shown.map(|bump| Block::Line(Tone::Plain, format!("  {} {}", bump.path, versions(bump)))),
    );
    blocks.extend(rest(others.len(), top, "module"));
    blocks
}

fn rest(all: usize, top: usize, noun: &str) -> Option<Block> {
    let rest = all.saturating_sub(top);
    let words = || format!("  and {} more: --top 0", counted_of(rest, noun));
    (rest > 0).then(|| Block::Line(Tone::Dim, words()))
}

fn size(it: &Executable, is_other_go: bool, top: usize) -> Vec<Block> {
    let (old, new) = sides(it.size);
    let difference = match old == new {
        true => "the same size".to_owned(),
        false => format!("{} B, {}", change(old, new), percent(old, new)),
    };
    let title = format!(
        "{}: {} -> {} ({difference})",
        it.name,
        human(old),
        human(new)
    );
    let mut blocks = vec![Block::Heading(title)];
    blocks.extend(it.picture.clone().map(Block::Picture));
    // Sections move between versions of Go; what the bytes are for does not.
    if let (true, Some(kinds)) = (is_other_go, &it.kinds) {
        let rows = kinds.list.iter().take(top).map(kind).collect();
        blocks.push(Block::Table(Table {
            columns: columns("kind"),
            rows,
            total: false,
        }));
    }
    for (title, all) in [("module", &it.modules), ("package", &it.packages)] {
        if all.is_empty() {
            continue;
        }
        let mut columns = columns(title);
        columns.push(text("why"));
        blocks.push(Block::Table(Table {
            columns,
            rows: all.iter().take(top).map(owner).collect(),
            total: false,
        }));
        blocks.extend(rest(all.len(), top, title));
    }
    let notes = it.notes.iter().cloned();
    blocks.extend(notes.map(|note| Block::Line(Tone::Warn, note)));
    blocks
}

fn columns(first: &str) -> Vec<super::Column> {
    vec![
        text(first),
        number("before B"),
        number("after B"),
        number("change B"),
        optional(number("%")),
    ]
}

fn kind(it: &Change) -> Vec<String> {
    cells(&it.name, it.before, it.after)
}

fn owner(it: &Owner) -> Vec<String> {
    let mut cells = cells(&it.name, it.before, it.after);
    cells.push(it.why.clone());
    cells
}

fn cells(name: &str, before: Option<u64>, after: Option<u64>) -> Vec<String> {
    let (old, new) = (before.unwrap_or_default(), after.unwrap_or_default());
    let share = match (before, after) {
        (None, _) => "new".to_owned(),
        (_, None) => "gone".to_owned(),
        _ => percent(old, new),
    };
    vec![
        name.to_owned(),
        grouped(old),
        grouped(new),
        change(old, new),
        share,
    ]
}

fn sides(it: Pair) -> (u64, u64) {
    (it.before.unwrap_or_default(), it.after.unwrap_or_default())
}

fn own_code(it: &Executable, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!("Own code of {}", it.name))];
    match it.own_code {
        Some(code) => blocks.push(Block::Line(
            tone(code.growth()),
            format!("machine code, with padding: {} bytes", pair(code)),
        )),
        None => blocks.push(Block::Line(
            Tone::Dim,
            "machine code, frames and inlining: the file does not tell".into(),
        )),
    }
    blocks.extend(it.inlining.iter().flat_map(|it| inlining(it, top)));
    if !it.frames.is_empty() {
        let larger = it
            .frames
            .iter()
            .filter(|function| function.frame.growth() > 0)
            .count();
        let words = format!(
            "stack frames: {} larger, {} smaller",
            grouped(larger as u64),
            grouped((it.frames.len() - larger) as u64)
        );
        blocks.push(Block::Line(Tone::Plain, words));
        let row = |function: &Function| {
            let (old, new) = sides(function.frame);
            vec![
                function.name.clone(),
                grouped(old),
                grouped(new),
                change(old, new),
            ]
        };
        let columns = vec![
            text("function"),
            number("frame B before"),
            number("after"),
            number("change"),
        ];
        blocks.push(Block::Table(Table {
            columns,
            rows: it.frames.iter().take(top).map(row).collect(),
            total: false,
        }));
        blocks.extend(rest(it.frames.len(), top, "function"));
    }
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
    let mut blocks = vec![Block::Line(Tone::Plain, words)];
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
    for group in &target.told {
        let verb = if group.gained { "gained" } else { "lost" };
        let words = format!(
            "  {} {verb} that are no news: {}",
            grouped(group.sites.len() as u64),
            group.why
        );
        blocks.push(Block::Line(Tone::Dim, words));
    }
    let all = target
        .gained
        .iter()
        .map(|site| ("gained", Tone::Warn, site));
    let all = all.chain(target.lost.iter().map(|site| ("lost", Tone::Good, site)));
    for (word, tone, it) in all.take(top) {
        blocks.push(Block::Line(tone, format!("  {word}  {}", site(it))));
    }
    blocks.extend(rest(target.gained.len() + target.lost.len(), top, "site"));
    blocks
}
