//! The report of `prove` for people.

use super::known_warnings::known;
use super::{Block, Strip, Table, Tone, number, text};
use crate::config::size::human;
use crate::number::{counted_of, grouped};
use crate::report::proof_report::{Comparison, Machine, Outcome, Program, Report};

/// The whole report.
pub(crate) fn proved(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!(
        "Side by side: {}",
        beginning(&report.workload)
    ))];
    let line = |tone, text: String| Block::Line(tone, text);
    if let Some(server) = &report.serve {
        blocks.push(line(
            Tone::Plain,
            format!("measured is the server: {server}"),
        ));
    }
    let notes = report.notes.iter().cloned();
    blocks.extend(notes.map(|note| line(Tone::Plain, note)));
    blocks.extend(known(report));
    for it in &report.comparisons {
        if it.points.len() > 1 {
            blocks.push(Block::Strip(strip(it)));
        }
    }
    if report
        .comparisons
        .iter()
        .any(|comparison| comparison.pairs > 0)
    {
        blocks.push(Block::Table(table(report)));
        blocks.push(line(Tone::Dim, method(&How::of(report))));
    }
    blocks.extend(report.trained.then(trained));
    if report.interrupted {
        let words = "ended before its end: this is what the pairs so far say".to_owned();
        blocks.push(line(Tone::Warn, words));
    }
    blocks.extend(report.comparisons.iter().map(comparison));
    let failures = report.verdict.failures.iter();
    blocks.extend(failures.map(|failure| line(Tone::Bad, format!("FAIL  {failure}"))));
    blocks.push(line(Tone::Dim, time(report)));
    blocks
}

/// The warning that the training load flatters the profile.
pub(super) fn trained() -> Block {
    let words = "the profile was collected from this very workload, at least in part, which flatters it: that is no proof, take another load";
    Block::Line(Tone::Warn, words.to_owned())
}

/// What came out, in a line.
pub(super) fn comparison(it: &Comparison) -> Block {
    let metric = match it.metric.as_str() {
        "cpu" => String::new(),
        other => format!(" ({other})"),
    };
    let (program, base) = (&it.program, &it.base);
    let words = format!("{program} against {base}{metric}: {}", it.sentence);
    Block::Line(tone(it.outcome), words)
}

/// A command may name a hundred files; all of it stands in the JSON.
pub(super) fn beginning(command: &str) -> String {
    const MOST: usize = 100;
    match command.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", command[..end].trim_end()),
        None => command.to_owned(),
    }
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Faster => Tone::Good,
        Outcome::Slower | Outcome::CannotTell => Tone::Warn,
        Outcome::Same | Outcome::HotSame | Outcome::NoEffect => Tone::Plain,
    }
}

/// The pairs, drawn.
fn strip(it: &Comparison) -> Strip {
    Strip {
        title: format!("{} against {}: {}", it.program, it.base, it.metric),
        points: it.points.clone(),
        low: it.low,
        middle: it.change,
        high: it.high,
        floor: it.floor,
    }
}

fn table(report: &Report) -> Table {
    let mut rows = Vec::new();
    for it in report
        .comparisons
        .iter()
        .filter(|comparison| comparison.pairs > 0)
    {
        let name = match it.metric.as_str() {
            metric if report.programs.len() > 2 => format!("{}: {metric}", it.program),
            metric => metric.to_owned(),
        };
        rows.push(vec![
            name,
            amount(it.middles[0], &it.unit),
            amount(it.middles[1], &it.unit),
            format!("{:+.1} %", it.change),
            format!("[{:+.1}, {:+.1}]", it.low, it.high),
            chance(it.p),
        ]);
        // Of several metrics there are lines enough.
        let alone = report.comparisons.len() < report.programs.len();
        for other in it.others.iter().filter(|_| alone) {
            rows.push(vec![
                format!("{}, not judged", other.metric),
                String::new(),
                String::new(),
                format!("{:+.1} %", other.change),
                format!("[{:+.1}, {:+.1}]", other.low, other.high),
                String::new(),
            ]);
        }
    }
    Table {
        columns: vec![
            text("a run takes"),
            number("base"),
            number("this one"),
            number("change"),
            number("interval"),
            number("p"),
        ],
        rows,
        total: false,
    }
}

/// A number with three digits or more, and its unit.
fn amount(number: f64, unit: &str) -> String {
    match unit {
        "B" => human(number as u64),
        "s" if number < 1.0 => format!("{:.2} ms", number * 1e3),
        "" => grouped(number as u64),
        unit if number >= 1000.0 => format!("{} {unit}", grouped(number as u64)),
        unit => format!("{number:.3} {unit}"),
    }
}

fn chance(p: f64) -> String {
    match p {
        p if p < 0.0001 => "<0.0001".to_owned(),
        p => format!("{p:.4}"),
    }
}

/// How it was measured.
pub(super) struct How<'a> {
    /// What order and layouts were drawn from.
    pub(super) seed: u64,
    /// How many layouts each program has.
    pub(super) layouts: usize,
    /// The most that there could be.
    pub(super) most_pairs: usize,
    /// What matters, in percent.
    pub(super) threshold: f64,
    /// Where it ran.
    pub(super) machine: &'a Machine,
    /// What came out.
    pub(super) comparisons: &'a [Comparison],
}

impl<'a> How<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            seed: report.seed,
            layouts: report.layouts,
            most_pairs: report.most_pairs,
            threshold: report.threshold,
            machine: &report.machine,
            comparisons: &report.comparisons,
        }
    }
}

/// The line that says how it was measured.
pub(super) fn method(how: &How<'_>) -> String {
    let first = how.comparisons.first();
    let confidence = first.map_or(0.0, |first| first.confidence * 100.0);
    let machine = how.machine;
    let pinned = match &machine.pinned {
        Some(list) => format!(
            "on {list} of {}",
            counted_of(machine.processors, "processor")
        ),
        None => format!(
            "{}, not pinned",
            counted_of(machine.processors, "processor")
        ),
    };
    let layouts = match how.layouts {
        0 | 1 => String::new(),
        some => format!(", {} of the code", counted_of(some, "layout")),
    };
    format!(
        "pairs in balanced random order, seed {}{layouts}; interval of {confidence:.1} %; at most {}; what matters is {} % or more; {pinned}",
        how.seed,
        counted_of(how.most_pairs, "pair"),
        how.threshold
    )
}

/// The one line that differs from run to run where all else is equal.
fn time(report: &Report) -> String {
    let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1000.0);
    let built = |program: &Program| {
        Some(format!(
            "{} in {}",
            program.name,
            seconds(program.build_ms?)
        ))
    };
    let builds: Vec<String> = report.programs.iter().filter_map(built).collect();
    let runs: usize = report
        .programs
        .iter()
        .map(|program| program.runs.len())
        .sum();
    let builds = match builds.is_empty() {
        true => String::new(),
        false => format!("built {}; ", builds.join(", ")),
    };
    let runs = counted_of(runs, "run");
    format!("time  {builds}{runs}, {} in all", seconds(report.total_ms))
}
