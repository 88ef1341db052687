//! The report of `advise` for people: what costs, and what to try.

use super::differing::more;
use super::{Block, Cell, Digits, Table, number, optional, text};
use crate::advise::{Class, Interval, Measure};
use crate::number::{counted, counted_of};
use crate::order::Order;
use crate::report::advice_report::{ClassShare, Finding, LineCost, Place, Report, Target, Used};

/// The whole report, `top` findings and lines of it.
pub(crate) fn advise(report: &Report, top: usize) -> Vec<Block> {
    let several = report.targets.len() > 1;
    let mut blocks = Vec::new();
    // Numbers run through: `--try` takes one.
    let mut number = 0;
    for target in &report.targets {
        if several {
            blocks.push(Block::Title(target.key.clone()));
        }
        blocks.extend(advised(target, number, top));
        number += target.findings.len();
    }
    blocks.extend(report.verdict.not_judged.iter().map(Block::open));
    blocks.extend(report.verdict.failures.iter().map(Block::failed));
    blocks
}

/// What is said of a platform, its findings counted on from `number`.
fn advised(target: &Target, number: usize, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(heading(target))];
    blocks.extend(target.profiles.iter().map(used));
    blocks.extend(target.notes.iter().map(Block::warn));
    blocks.extend(summary(target));
    let findings = target.findings.iter().enumerate().take(top);
    blocks.extend(findings.flat_map(|(index, it)| finding(number + index + 1, it)));
    blocks.extend(rest(target.findings.len(), top, "finding"));
    blocks.extend(costs(target, top));
    blocks.extend(asides(target));
    blocks
}

fn heading(target: &Target) -> String {
    let findings = counted_of(target.findings.len(), "finding");
    let weighted = match target.weighted {
        true => "",
        false => ", unweighted",
    };
    format!(
        "Advice: {findings} ({}, {}{weighted})",
        target.key, target.go_version
    )
}

fn used(it: &Used) -> Block {
    let collected = it
        .collected
        .as_deref()
        .map_or(String::new(), super::collected);
    let total = match it.measure {
        Measure::Cpu => format!(", {:.1} s of CPU", it.total as f64 / 1e9),
        Measure::Allocated | Measure::InUse => format!(", {}", bytes(it.total)),
        Measure::Mutex | Measure::Block => format!(", {:.2} s", it.total as f64 / 1e9),
        Measure::Goroutines | Measure::Leaked => String::new(),
    };
    let samples = match it.measure {
        Measure::Allocated | Measure::InUse => {
            format!("about {}", counted(it.samples, "sample"))
        }
        Measure::Goroutines | Measure::Leaked => counted(it.samples, "goroutine"),
        _ => counted(it.samples, "sample"),
    };
    let words = format!(
        "{}: {}, {samples}{total}{collected}",
        it.file,
        it.measure.words()
    );
    Block::dim(words)
}

fn bytes(count: i64) -> String {
    crate::config::size::human(count.unsigned_abs())
}

/// What the runtime costs, in sentences.
fn summary(target: &Target) -> Vec<Block> {
    let (Some(own), Some(below)) = (target.own, target.below) else {
        return Vec::new();
    };
    let parts = parts(&target.classes);
    let mut blocks = vec![Block::plain(format!(
        "{below:.1} % of the CPU is spent on your lines and in what they call, {own:.1} % in the runtime for them{parts}"
    ))];
    let mut classes = target.classes.iter();
    let gc = classes.find(|class| class.class == Class::Gc);
    if let Some(gc) = gc.filter(|gc| gc.share.percent >= 0.05) {
        blocks.push(Block::plain(format!(
            "{:.1} % is garbage collection beside the program: whoever allocates pays for it, by an estimate only",
            gc.share.percent
        )));
    }
    blocks
}

/// What the runtime does for the lines, the dearest first.
fn parts(classes: &[ClassShare]) -> String {
    let mut dear: Vec<&ClassShare> = classes.iter().filter(|class| class.own >= 0.05).collect();
    dear.order_by(|a, b| b.own.total_cmp(&a.own));
    let parts = dear.iter().take(8);
    let parts = parts.map(|class| format!("{} {:.1}", class.class.words(), class.own));
    let parts: Vec<String> = parts.collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(", ")),
    }
}

/// `0.41 % ±0.09`
fn share(it: &Interval) -> String {
    format!("{:.2} % ±{:.2}", it.percent, it.margin)
}

fn place(it: &Place) -> Cell {
    let line = Some(it.line).filter(|line| *line > 0);
    Cell::Site(it.file.clone(), line)
}

fn finding(index: usize, it: &Finding) -> Vec<Block> {
    let mut blocks = vec![Block::warn(found(index, it))];
    if !it.place.source.is_empty() {
        blocks.push(Block::plain(format!("      {}", it.place.source)));
    }
    let said = [
        ("seen", &it.seen),
        ("try", &it.attempt),
        ("not when", &it.unless),
        ("verify", &it.verify),
    ];
    blocks.extend(said.map(|(word, text)| Block::dim(format!("      {word}: {text}"))));
    if it.patch.is_some() {
        blocks.push(Block::dim(format!(
            "      patch: `gobuild-opt advise --try {index}` shows and measures one"
        )));
    }
    blocks
}

/// What is found, how much it costs, and where.
fn found(index: usize, it: &Finding) -> String {
    let amount = match it.measure {
        Measure::Allocated | Measure::InUse => format!(", {}", bytes(it.amount)),
        _ => String::new(),
    };
    let noun = match it.measure {
        Measure::Goroutines | Measure::Leaked => "goroutine",
        _ => "sample",
    };
    format!(
        "#{index}{} {}  {} of {}, {}{amount}  {} {}",
        if it.new == Some(true) { " new" } else { "" },
        it.rule,
        share(&it.share),
        it.measure.words(),
        counted(it.share.samples, noun),
        place(&it.place),
        it.place.function
    )
}

fn rest(all: usize, top: usize, noun: &str) -> Option<Block> {
    more("", all.saturating_sub(top), noun)
}

/// Lines without advice: what the runtime costs there is known, what to do is not.
fn costs(target: &Target, top: usize) -> Vec<Block> {
    let plain = target.costs.iter().filter(|line| line.rule.is_none());
    let plain: Vec<&LineCost> = plain.collect();
    if plain.is_empty() {
        return Vec::new();
    }
    let columns = vec![
        text("line"),
        number("%"),
        number("±"),
        number("samples"),
        text("for"),
        text("of"),
        optional(text("source")),
    ];
    let rows = plain.iter().take(top).map(|line| cost(line));
    let mut blocks = vec![
        Block::heading("Costs without advice"),
        Table::of(columns, rows).into(),
    ];
    blocks.extend(rest(plain.len(), top, "line"));
    blocks
}

/// The name of a function with dots for type arguments, which have paths of their own.
fn without_arguments(name: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for letter in name.chars() {
        depth -= u32::from(letter == ']' && depth > 0);
        if depth == 0 {
            plain.push(letter);
        }
        if letter == '[' {
            plain.push_str(if depth == 0 { "..." } else { "" });
            depth += 1;
        }
    }
    plain
}

fn cost(line: &LineCost) -> Vec<Cell> {
    let class = line.class.map_or("", |class| class.words());
    let via = match line.via.as_str() {
        "" => class.to_owned(),
        via => {
            let plain = without_arguments(via);
            let name = plain.rsplit('/').next().unwrap_or(&plain);
            format!("{class} in {name}").trim_start().to_owned()
        }
    };
    let source: String = line.place.source.chars().take(48).collect();
    vec![
        place(&line.place),
        Cell::Percent(line.share.percent, Digits::Two),
        Cell::Percent(line.share.margin, Digits::Two),
        Cell::count(line.share.samples),
        via.into(),
        line.measure.words().into(),
        source.into(),
    ]
}

fn asides(target: &Target) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !target.weighted {
        blocks.push(Block::warn(format!(
            "unweighted: without a profile nothing is known to cost anything; {} may allocate, see `gobuild-opt escape`",
            counted(target.sites, "site")
        )));
        blocks.push(Block::dim(
            "      -> collect one: `gobuild-opt profile collect URL`, or give one with --profile FILE",
        ));
    }
    if target.hidden > 0 {
        let lines = counted(target.hidden, "line");
        blocks.push(Block::dim(format!(
            "{lines} with too few samples to say anything"
        )));
    }
    if target.ignored > 0 {
        let findings = counted(target.ignored, "finding");
        blocks.push(Block::dim(format!("{findings} ignored")));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_arguments_are_dots() {
        for (name, plain) in [
            ("ex.com/lib.F", "ex.com/lib.F"),
            (
                "slices.Clone[go.shape.struct { a/b.T[int] }]",
                "slices.Clone[...]",
            ),
            (
                "ex.com/lib.(*Set[go.shape.int]).Add",
                "ex.com/lib.(*Set[...]).Add",
            ),
            ("a.F]", "a.F]"),
        ] {
            assert_eq!(without_arguments(name), plain);
        }
    }
}
