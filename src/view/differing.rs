//! The report of `try` for people.

use super::{Block, Table, Tone, number, text};
use crate::number::{change, counted_of, grouped};
use crate::report::Site;
use crate::report::difference::{Benchmark, Executable, Pair, Report, Target};

/// The whole report, `top` rows of each listing.
pub(crate) fn differing(report: &Report, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!(
        "Trial: {} replaced ({})",
        counted_of(report.files.len(), "file"),
        report.files.join(", ")
    ))];
    // A tab would be printed as an escape: only text of a report is in it otherwise.
    let patch = report.patch.lines().map(|line| line.replace('\t', "    "));
    blocks.extend(patch.map(|patch| Block::Line(Tone::Plain, format!("  {patch}"))));
    if report.written {
        let words = "written to the sources".to_owned();
        blocks.push(Block::Line(Tone::Good, words));
    }
    for target in &report.targets {
        if report.targets.len() > 1 {
            blocks.push(Block::Title(target.key.clone()));
        }
        blocks.extend(escapes(target, top));
        for it in &target.executables {
            blocks.extend(executable(it, top));
        }
        let notes = target.notes.iter().cloned();
        blocks.extend(notes.map(|note| Block::Line(Tone::Warn, note)));
    }
    blocks.extend(benchmarks(&report.benchmarks));
    let open = report.verdict.not_judged.iter();
    blocks.extend(open.map(|open| Block::Line(Tone::Warn, format!("warn  {open}"))));
    blocks
}

/// `12 -> 10 (-2)`
pub(super) fn pair(it: Pair) -> String {
    let side = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), grouped);
    let difference = match (it.before, it.after) {
        (Some(before), Some(after)) if before != after => format!(" ({})", change(before, after)),
        _ => String::new(),
    };
    format!("{} -> {}{difference}", side(it.before), side(it.after))
}

pub(super) fn tone(growth: i64) -> Tone {
    match growth {
        0 => Tone::Plain,
        it if it < 0 => Tone::Good,
        _ => Tone::Warn,
    }
}

fn escapes(target: &Target, top: usize) -> Vec<Block> {
    let Some(found) = target.escapes else {
        return Vec::new();
    };
    let words = format!(
        "escapes: {}, {} gone, {} new ({}, {})",
        pair(found),
        grouped(target.gone.len() as u64),
        grouped(target.new.len() as u64),
        target.key,
        target.go_version
    );
    let mut blocks = vec![Block::Line(tone(found.growth()), words)];
    let all = target.gone.iter().map(|site| ("gone", Tone::Good, site));
    let all = all.chain(target.new.iter().map(|site| ("new", Tone::Warn, site)));
    for (word, tone, it) in all.take(top) {
        blocks.push(Block::Line(tone, format!("  {word}  {}", site(it))));
    }
    let rest = (target.gone.len() + target.new.len()).saturating_sub(top);
    if rest > 0 {
        let words = format!("  and {} more: --top 0", counted_of(rest, "site"));
        blocks.push(Block::Line(Tone::Dim, words));
    }
    blocks
}

pub(super) fn site(it: &Site) -> String {
    let place = match (&it.file, it.line) {
        (Some(file), line) if line > 0 => format!("{file}:{line} "),
        (Some(file), _) => format!("{file} "),
        _ => String::new(),
    };
    format!("{place}{}.{}: {}", it.package, it.function, it.message)
}

fn executable(it: &Executable, top: usize) -> Vec<Block> {
    let code = it
        .code
        .map_or(String::new(), |code| format!(", code {}", pair(code)));
    let words = format!("{}: {} bytes{code}", it.name, pair(it.size));
    let mut blocks = vec![Block::Line(tone(it.size.growth()), words)];
    if it.functions.is_empty() {
        return blocks;
    }
    let row = |function: &crate::report::difference::Function| {
        vec![
            function.name.clone(),
            pair(function.code),
            pair(function.frame),
        ]
    };
    blocks.push(Block::Table(Table {
        columns: vec![text("function"), number("code"), number("frame")],
        rows: it.functions.iter().take(top).map(row).collect(),
        total: false,
    }));
    let rest = it.functions.len().saturating_sub(top);
    if rest > 0 {
        let words = format!("and {} more: --top 0", counted_of(rest, "function"));
        blocks.push(Block::Line(Tone::Dim, words));
    }
    blocks
}

fn benchmarks(all: &[Benchmark]) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let row = |benchmark: &Benchmark| {
        vec![
            benchmark.name.clone(),
            pair(benchmark.allocs),
            pair(benchmark.bytes),
        ]
    };
    vec![
        Block::Heading("Benchmarks: the least of five runs".into()),
        Block::Table(Table {
            columns: vec![text("benchmark"), number("allocs/op"), number("B/op")],
            rows: all.iter().map(row).collect(),
            total: false,
        }),
    ]
}
