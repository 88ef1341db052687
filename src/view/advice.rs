//! The report of `advise` for people: what costs, and what to try.

use super::{Block, Table, Tone, number, optional, text};
use crate::advise::{Interval, Measure};
use crate::number::{counted, counted_of, grouped};
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
        blocks.push(Block::Heading(heading(target)));
        blocks.extend(target.profiles.iter().map(used));
        blocks.extend(
            target
                .notes
                .iter()
                .map(|note| line(Tone::Warn, note.clone())),
        );
        blocks.extend(summary(target));
        let findings = target.findings.iter().enumerate().take(top);
        blocks.extend(findings.flat_map(|(index, it)| finding(number + index + 1, it)));
        number += target.findings.len();
        blocks.extend(rest(target.findings.len(), top, "finding"));
        blocks.extend(costs(target, top));
        blocks.extend(asides(target));
    }
    let open = report.verdict.not_judged.iter();
    blocks.extend(open.map(|open| line(Tone::Warn, format!("warn  {open}"))));
    let failures = report.verdict.failures.iter();
    blocks.extend(failures.map(|failure| line(Tone::Bad, format!("FAIL  {failure}"))));
    blocks
}

fn line(tone: Tone, words: String) -> Block {
    Block::Line(tone, words)
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
    line(Tone::Dim, words)
}

fn bytes(count: i64) -> String {
    crate::config::size::human(count.unsigned_abs())
}

/// What the runtime costs, in sentences.
fn summary(target: &Target) -> Vec<Block> {
    let (Some(own), Some(below)) = (target.own, target.below) else {
        return Vec::new();
    };
    let part = |class: &&ClassShare| class.own >= 0.05;
    let mut classes: Vec<&ClassShare> = target.classes.iter().filter(part).collect();
    classes.order_by(|a, b| b.own.total_cmp(&a.own));
    let parts: Vec<String> = classes
        .iter()
        .take(8)
        .map(|class| format!("{} {:.1}", class.class.words(), class.own))
        .collect();
    let parts = match parts.is_empty() {
        true => String::new(),
        false => format!(": {}", parts.join(", ")),
    };
    let mut blocks = vec![line(
        Tone::Plain,
        format!(
            "{below:.1} % of the CPU is spent on your lines and in what they call, {own:.1} % in the runtime for them{parts}"
        ),
    )];
    let gc = target
        .classes
        .iter()
        .find(|class| class.class == crate::advise::Class::Gc);
    if let Some(it) = gc.filter(|class| class.share.percent >= 0.05) {
        let words = format!(
            "{:.1} % is garbage collection beside the program: whoever allocates pays for it, by an estimate only",
            it.share.percent
        );
        blocks.push(line(Tone::Plain, words));
    }
    blocks
}

/// `0.41 % ±0.09`
fn share(it: &Interval) -> String {
    format!("{:.2} % ±{:.2}", it.percent, it.margin)
}

fn place(it: &Place) -> String {
    match it.line {
        0 => it.file.clone(),
        number => format!("{}:{number}", it.file),
    }
}

fn finding(index: usize, it: &Finding) -> Vec<Block> {
    let amount = match it.measure {
        Measure::Allocated | Measure::InUse => format!(", {}", bytes(it.amount)),
        _ => String::new(),
    };
    let noun = match it.measure {
        Measure::Goroutines | Measure::Leaked => "goroutine",
        _ => "sample",
    };
    let title = format!(
        "#{index}{} {}  {} of {}, {}{amount}  {} {}",
        if it.new == Some(true) { " new" } else { "" },
        it.rule,
        share(&it.share),
        it.measure.words(),
        counted(it.share.samples, noun),
        place(&it.place),
        it.place.function
    );
    let mut blocks = vec![line(Tone::Warn, title)];
    if !it.place.source.is_empty() {
        blocks.push(line(Tone::Plain, format!("      {}", it.place.source)));
    }
    let said = [
        ("seen", &it.seen),
        ("try", &it.attempt),
        ("not when", &it.unless),
        ("verify", &it.verify),
    ];
    blocks.extend(said.map(|(word, text)| line(Tone::Dim, format!("      {word}: {text}"))));
    if it.patch.is_some() {
        let words =
            format!("      patch: `gobuild-opt advise --try {index}` shows and measures one");
        blocks.push(line(Tone::Dim, words));
    }
    blocks
}

fn rest(all: usize, top: usize, noun: &str) -> Option<Block> {
    let more = all.checked_sub(top).filter(|difference| *difference > 0)?;
    let words = format!("and {} more: --top 0", counted_of(more, noun));
    Some(line(Tone::Dim, words))
}

/// Lines without advice: what the runtime costs there is known, what to do is not.
fn costs(target: &Target, top: usize) -> Vec<Block> {
    let plain: Vec<&LineCost> = target
        .costs
        .iter()
        .filter(|line| line.rule.is_none())
        .collect();
    if plain.is_empty() {
        return Vec::new();
    }
    let columns = vec![
        text("line"),
        number("%"),
        number("±"),
        number("samples"),
        text("for"),
        optional(text("of")),
        optional(text("source")),
    ];
    let row = |line: &&LineCost| {
        let class = line.class.map_or("", |class| class.words());
        let via = match line.via.as_str() {
            "" => class.to_owned(),
            via => format!("{class} in {}", via.rsplit('/').next().unwrap_or(via))
                .trim_start()
                .to_owned(),
        };
        let source: String = line.place.source.chars().take(48).collect();
        vec![
            place(&line.place),
            format!("{:.2}", line.share.percent),
            format!("{:.2}", line.share.margin),
            grouped(line.share.samples),
            via,
            line.measure.words().to_owned(),
            source,
        ]
    };
    let table = Table {
        columns,
        rows: plain.iter().take(top).map(row).collect(),
        total: false,
    };
    let mut blocks = vec![
        Block::Heading("Costs without advice".into()),
        Block::Table(table),
    ];
    blocks.extend(rest(plain.len(), top, "line"));
    blocks
}

fn asides(target: &Target) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !target.weighted {
        let words = format!(
            "unweighted: without a profile nothing is known to cost anything; {} may allocate, see `gobuild-opt escape`",
            counted(target.sites, "site")
        );
        blocks.push(line(Tone::Warn, words));
        let hint = "      -> collect one: `gobuild-opt profile collect URL`, or give one with --profile FILE";
        blocks.push(line(Tone::Dim, hint.into()));
    }
    if target.hidden > 0 {
        let words = format!(
            "{} with too few samples to say anything",
            counted(target.hidden, "line")
        );
        blocks.push(line(Tone::Dim, words));
    }
    if target.ignored > 0 {
        let words = format!("{} ignored", counted(target.ignored, "finding"));
        blocks.push(line(Tone::Dim, words));
    }
    blocks
}
