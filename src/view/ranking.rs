//! The report of `escape` for people: packages, functions or lines, and what is new.

use std::collections::BTreeSet;

use super::escape_treemap;
use super::{
    Block, Cell, Column, Digits, Table, assertion_lines, escape_counts, inlining, new_sites,
    number, text,
};
use crate::escape::ranking_sites::is_rest;
use crate::number::{counted, counted_of, grouped};
use crate::order::Ordered;
use crate::report::escape_report::{By, Ranked, Report, Target};
use crate::report::heat::SiteHeat;
use crate::report::spelled;
use crate::report::{About, Reason};

/// What was asked for beside the sites.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    /// A treemap of the sites.
    pub(crate) picture: bool,
    /// A table of inlining and bounds checks.
    pub(crate) inlining: bool,
    /// Functions that the compiler would inline if they cost at most this much less.
    pub(crate) almost: Option<u64>,
    /// Lines that were not understood.
    pub(crate) unparsed: bool,
}

/// The whole report.
pub(crate) fn outline(report: &Report, top: usize, wanted: Wanted) -> Vec<Block> {
    let several = report.targets.len() > 1;
    let mut blocks = Vec::new();
    for target in &report.targets {
        if several || wanted.picture {
            blocks.push(Block::Title(target.key.clone()));
        }
        if wanted.picture {
            blocks.extend(escape_treemap::picture(target).map(Block::Picture));
        }
        blocks.extend(sites(target, report.by, top));
        blocks.extend(compiled(target, top, wanted));
        blocks.extend(new_sites::lock(&target.escapes));
        blocks.extend(assertion_lines::assertions(&target.assertions));
        blocks.extend(not_understood(target, wanted.unparsed));
    }
    blocks.extend(report.verdict.loosened.iter().map(Block::open));
    blocks.extend(report.verdict.not_judged.iter().map(Block::open));
    blocks.extend(failures(report));
    blocks
}

/// The sites of a platform, by what was asked for.
fn sites(target: &Target, by: By, top: usize) -> Vec<Block> {
    let mut blocks = match by {
        By::Package => escape_counts::escapes(&target.escapes, top),
        By::Function => ranking(target, "function", top),
        By::Line => ranking(target, "line", top),
    };
    let weighted = target.escapes.weighted_by.iter();
    blocks.extend(weighted.map(|text| {
        Block::dim(format!(
            "weighted by {text}; the runtime's time counts for who calls it"
        ))
    }));
    blocks
}

/// What else the compiler said of a platform.
fn compiled(target: &Target, top: usize, wanted: Wanted) -> Vec<Block> {
    let mut blocks: Vec<Block> = inlining::line(&target.escapes).into_iter().collect();
    if wanted.inlining {
        blocks.extend(inlining::table(&target.escapes, top));
    }
    let almost = wanted.almost.iter();
    blocks.extend(almost.flat_map(|over| inlining::almost(target, *over, top)));
    blocks
}

/// What fails the run. New sites stand above, each with what to do: here they are counted.
fn failures(report: &Report) -> Vec<Block> {
    let escapes = || report.targets.iter().map(|target| &target.escapes);
    let failing = escapes().flat_map(|all| all.new.iter().filter(|site| all.fails(site)));
    let sites: BTreeSet<&str> = failing.map(|site| site.id.as_str()).ordered();
    let failures = report.verdict.failures.iter();
    let others = failures.filter(|reason| reason.about != About::Site);
    let counted = (!sites.is_empty())
        .then(|| format!("{}, see above", counted_of(sites.len(), "new escape")));
    let others = others.map(Reason::to_string);
    others.chain(counted).map(Block::failed).collect()
}

fn ranking(target: &Target, what: &str, top: usize) -> Vec<Block> {
    let heading = format!(
        "Escapes: {} by {what} ({}, {})",
        counted_of(target.sites.len(), "site"),
        target.key,
        target.escapes.go_version
    );
    let heat = Heat::of(target, what == "line");
    // What the profile never saw allocating is folded.
    let (hot, cold): (Vec<&Ranked>, Vec<&Ranked>) = target
        .groups
        .iter()
        .partition(|ranked| heat.none() || ranked.heat.is_some());
    let columns = heat.columns(what);
    let rows = hot.iter().take(top).map(|ranked| heat.row(ranked));
    let mut blocks = vec![Block::Heading(heading), Table::of(columns, rows).into()];
    let rest = grouped(hot.len().saturating_sub(top) as u64);
    let more = format!("and {rest} more: --top N, or --format json");
    blocks.extend((hot.len() > top).then(|| Block::dim(more)));
    let cold_ones = counted_of(cold.len(), what);
    let never = format!("and {cold_ones} that the profile never saw allocating: --format json");
    blocks.extend((!cold.is_empty()).then(|| Block::dim(never)));
    blocks.extend(escape_counts::heat(&target.escapes));
    blocks
}

fn name(ranked: &Ranked, is_line: bool) -> Cell {
    match &ranked.place {
        Some((file, line)) => Cell::line(file, *line),
        None if is_line || is_rest(&ranked.name) => (&ranked.name).into(),
        None => format!("{}.{}", ranked.package, ranked.name).into(),
    }
}

/// `boxing 2, append`
fn classes(ranked: &Ranked) -> String {
    let classes = ranked.classes.iter().map(|(class, count)| match count {
        1 => spelled(class).to_owned(),
        more => format!("{} {more}", spelled(class)),
    });
    classes.collect::<Vec<_>>().join(", ")
}

/// The columns of what profiles say of a line.
#[derive(Clone, Copy)]
struct Heat {
    bytes: bool,
    cpu: bool,
    /// Whether a profile of calls gives functions a weight.
    weight: bool,
    /// Whether the sites are by line.
    is_line: bool,
}

impl Heat {
    fn of(target: &Target, is_line: bool) -> Self {
        let has = |of: fn(&SiteHeat) -> bool| {
            let mut heats = target
                .groups
                .iter()
                .filter_map(|ranked| ranked.heat.as_ref());
            heats.any(of)
        };
        Self {
            bytes: has(|heat| heat.bytes.is_some()),
            cpu: has(|heat| heat.cpu.is_some()),
            weight: target.escapes.weighted_by.is_some(),
            is_line,
        }
    }

    /// Whether no profile says what is allocated.
    fn none(self) -> bool {
        !self.bytes && !self.cpu
    }

    fn columns(self, what: &str) -> Vec<Column> {
        let bytes = ["bytes", "objects"].into_iter().filter(|_| self.bytes);
        let cpu = self.cpu.then_some("alloc cpu %");
        // A profile of calls knows functions; a line has the share of its function.
        let weight = self.weight.then_some(match self.is_line {
            true => "function cpu %",
            false => "cpu %",
        });
        let numbers = bytes.chain(cpu).chain(weight).chain(["sites"]).map(number);
        let mut columns = vec![text(what)];
        columns.extend(numbers);
        columns.push(text("classes"));
        columns
    }

    fn row(self, it: &Ranked) -> Vec<Cell> {
        let heat = it.heat.unwrap_or_default();
        let known = |number: Option<i64>| number.unwrap_or_default().unsigned_abs();
        let mut row = vec![name(it, self.is_line)];
        if self.bytes {
            row.push(Cell::some_bytes(known(heat.bytes)));
            row.push(Cell::some(known(heat.objects)));
        }
        let cpu = |percent| Cell::Percent(percent, Digits::Two);
        row.extend(
            self.cpu
                .then(|| heat.cpu.map_or(Cell::Other(0.0, "·".into()), cpu)),
        );
        row.extend(self.weight.then(|| Cell::weight(it.weight)));
        row.push(Cell::count(it.sites));
        row.push(classes(it).into());
        row
    }
}

fn not_understood(target: &Target, shown: bool) -> Vec<Block> {
    let count = target.escapes.unparsed;
    if count == 0 {
        let all = shown.then_some("every line was understood");
        return all.map(Block::good).into_iter().collect();
    }
    let lines = counted(count, "line");
    let mut blocks = vec![Block::warn(format!(
        "{lines} of the compiler not understood and not counted (--unparsed shows which)"
    ))];
    let examples = target.unparsed_examples.iter().filter(|_| shown);
    blocks.extend(examples.map(Block::plain));
    blocks
}
