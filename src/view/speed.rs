//! The report of `prove` for people.

use super::known_warnings::known;
use super::{Block, Cell, Digits, Strip, Table, Tone, number, text};
use crate::number::{counted_of, grouped};
use crate::report::proof_report::{Comparison, Machine, Other, Outcome, Program, Report};

/// The whole report.
pub(crate) fn proved(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::heading(format!(
        "Side by side: {}",
        beginning(&report.workload)
    ))];
    let server = report.serve.iter();
    blocks.extend(server.map(|server| Block::plain(format!("measured is the server: {server}"))));
    blocks.extend(report.notes.iter().map(Block::plain));
    blocks.extend(known(report));
    blocks.extend(measured(report));
    blocks.extend(report.trained.then(trained));
    if report.interrupted {
        blocks.push(Block::warn(
            "ended before its end: this is what the pairs so far say",
        ));
    }
    blocks.extend(report.comparisons.iter().map(comparison));
    blocks.extend(report.verdict.failures.iter().map(Block::failed));
    blocks.push(Block::dim(time(report)));
    blocks
}

/// What was measured, as pictures and as a table, and how.
fn measured(report: &Report) -> Vec<Block> {
    let all = &report.comparisons;
    let drawn = all.iter().filter(|comparison| comparison.points.len() > 1);
    let mut blocks: Vec<Block> = drawn.map(|drawn| Block::Strip(strip(drawn))).collect();
    if all.iter().any(|comparison| comparison.pairs > 0) {
        blocks.push(table(report).into());
        blocks.push(Block::dim(method(&How::of(report))));
    }
    blocks
}

/// The warning that the training load flatters the profile.
pub(super) fn trained() -> Block {
    let words = "the profile was collected from this very workload, at least in part, which flatters it: that is no proof, take another load";
    Block::warn(words)
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
    // Of several metrics there are lines enough.
    let alone = report.comparisons.len() < report.programs.len();
    let measured = report.comparisons.iter();
    let measured = measured.filter(|comparison| comparison.pairs > 0);
    let rows = measured.flat_map(|comparison| {
        let others = comparison.others.iter().filter(|_| alone).map(not_judged);
        std::iter::once(judged(comparison, report.programs.len())).chain(others)
    });
    let columns = vec![
        text("a run takes"),
        number("base"),
        number("this one"),
        number("change"),
        number("interval"),
        number("p"),
    ];
    Table::of(columns, rows)
}

fn judged(it: &Comparison, programs: usize) -> Vec<Cell> {
    let name = match it.metric.as_str() {
        metric if programs > 2 => format!("{}: {metric}", it.program),
        metric => metric.to_owned(),
    };
    let [base, this] = it.middles.map(|middle| amount(middle, &it.unit));
    vec![
        name.into(),
        base,
        this,
        Cell::Percent(it.change, Digits::Growth),
        interval(it.change, it.low, it.high),
        Cell::Other(it.p, chance(it.p)),
    ]
}

fn not_judged(other: &Other) -> Vec<Cell> {
    vec![
        format!("{}, not judged", other.metric).into(),
        Cell::default(),
        Cell::default(),
        Cell::Percent(other.change, Digits::Growth),
        interval(other.change, other.low, other.high),
        Cell::default(),
    ]
}

/// It sorts by its middle.
fn interval(middle: f64, low: f64, high: f64) -> Cell {
    Cell::Other(middle, format!("[{low:+.1}, {high:+.1}]"))
}

/// A number with three digits or more, and its unit.
fn amount(number: f64, unit: &str) -> Cell {
    let words = match unit {
        "B" => return Cell::size(number as u64),
        "" => return Cell::count(number as u64),
        "s" if number < 1.0 => format!("{:.2} ms", number * 1e3),
        unit if number >= 1000.0 => format!("{} {unit}", grouped(number as u64)),
        unit => format!("{number:.3} {unit}"),
    };
    Cell::Other(number, words)
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
