//! The report of `try` for people.

use super::cell::pair;
use super::{Block, Cell, Table, Tone, number, text};
use crate::number::{counted_of, grouped};
use crate::report::Site;
use crate::report::difference::{Benchmark, Executable, Report, Target};

/// The whole report, `top` rows of each listing.
pub(crate) fn differing(report: &Report, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::heading(format!(
        "Trial: {} replaced ({})",
        counted_of(report.files.len(), "file"),
        report.files.join(", ")
    ))];
    // A tab would be printed as an escape: only text of a report is in it otherwise.
    let patch = report.patch.lines().map(|line| line.replace('\t', "    "));
    blocks.extend(patch.map(|patch| Block::plain(format!("  {patch}"))));
    let written = report.written.then_some("written to the sources");
    blocks.extend(written.map(Block::good));
    for target in &report.targets {
        if report.targets.len() > 1 {
            blocks.push(Block::Title(target.key.clone()));
        }
        blocks.extend(escapes(target, top));
        let executables = target.executables.iter();
        blocks.extend(executables.flat_map(|found| executable(found, top)));
        blocks.extend(target.notes.iter().map(Block::warn));
    }
    blocks.extend(benchmarks(&report.benchmarks));
    blocks.extend(report.verdict.not_judged.iter().map(Block::open));
    blocks
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
    blocks.extend(more("  ", rest, "site"));
    blocks
}

/// How many are not listed; nothing where all are.
pub(super) fn more(indent: &str, rest: usize, noun: &str) -> Option<Block> {
    let words = || format!("{indent}and {} more: --top 0", counted_of(rest, noun));
    (rest > 0).then(|| Block::dim(words()))
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
    let columns = vec![text("function"), number("code"), number("frame")];
    let rows = it.functions.iter().take(top).map(|function| {
        vec![
            (&function.name).into(),
            Cell::Pair(function.code),
            Cell::Pair(function.frame),
        ]
    });
    blocks.push(Table::of(columns, rows).into());
    let rest = it.functions.len().saturating_sub(top);
    blocks.extend(more("", rest, "function"));
    blocks
}

fn benchmarks(all: &[Benchmark]) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let rows = all.iter().map(|benchmark| {
        vec![
            (&benchmark.name).into(),
            Cell::Pair(benchmark.allocs),
            Cell::Pair(benchmark.bytes),
        ]
    });
    let columns = vec![text("benchmark"), number("allocs/op"), number("B/op")];
    vec![
        Block::heading("Benchmarks: the least of five runs"),
        Table::of(columns, rows).into(),
    ]
}
