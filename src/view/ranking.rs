//! The report of `escape` for people: packages, functions or lines, and what is new.

use std::collections::BTreeSet;

use super::escape_treemap;
use super::{
    Block, Column, Table, Tone, assertion_lines, escape_counts, inlining, new_sites, number, text,
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
        match report.by {
            By::Package => blocks.extend(escape_counts::escapes(&target.escapes, top)),
            By::Function => blocks.extend(ranking(target, "function", top)),
            By::Line => blocks.extend(ranking(target, "line", top)),
        }
        if let Some(text) = &target.escapes.weighted_by {
            let text = format!("weighted by {text}; the runtime's time counts for who calls it");
            blocks.push(Block::Line(Tone::Dim, text));
        }
        blocks.extend(inlining::line(&target.escapes));
        if wanted.inlining {
            blocks.extend(inlining::table(&target.escapes, top));
        }
        blocks.extend(
            wanted
                .almost
                .iter()
                .flat_map(|number| inlining::almost(target, *number, top)),
        );
        blocks.extend(new_sites::lock(&target.escapes));
        blocks.extend(assertion_lines::assertions(&target.assertions));
        blocks.extend(not_understood(target, wanted.unparsed));
    }
    let loosened = report.verdict.loosened.iter().map(String::as_str);
    let open = report.verdict.not_judged.iter().map(AsRef::as_ref);
    blocks.extend(
        loosened
            .chain(open)
            .map(|open| Block::Line(Tone::Warn, format!("warn  {open}"))),
    );
    blocks.extend(failures(report));
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
    let bad = |text: String| Block::Line(Tone::Bad, format!("FAIL  {text}"));
    let others = others.map(Reason::to_string);
    others.chain(counted).map(bad).collect()
}

fn ranking(target: &Target, what: &str, top: usize) -> Vec<Block> {
    let heading = format!(
        "Escapes: {} by {what} ({}, {})",
        counted(target.sites.len() as u64, "site"),
        target.key,
        target.escapes.go_version
    );
    let mut table = Table {
        columns: vec![text(what), number("sites"), text("classes")],
        ..Table::default()
    };
    let weighted = target.escapes.weighted_by.is_some();
    if weighted {
        // A profile of calls knows functions; a line has the share of its function.
        let title = match what {
            "line" => "function cpu %",
            _ => "cpu %",
        };
        table.columns.insert(1, number(title));
    }
    let heat = Heat::of(target);
    table.columns.splice(1..1, heat.columns());
    // What the profile never saw allocating is folded.
    let (hot, cold): (Vec<&Ranked>, Vec<&Ranked>) = target
        .groups
        .iter()
        .partition(|ranked| heat.none() || ranked.heat.is_some());
    for ranked in hot.iter().take(top) {
        let mut row = cells(ranked, what == "line");
        if weighted {
            row.insert(1, escape_counts::share(ranked.weight));
        }
        row.splice(1..1, heat.cells(ranked));
        table.rows.push(row);
    }
    let mut blocks = vec![Block::Heading(heading), Block::Table(table)];
    if hot.len() > top {
        let more = grouped((hot.len() - top) as u64);
        blocks.push(Block::Line(
            Tone::Dim,
            format!("and {more} more: --top N, or --format json"),
        ));
    }
    if !cold.is_empty() {
        let cold = counted(cold.len() as u64, what);
        let words = format!("and {cold} that the profile never saw allocating: --format json");
        blocks.push(Block::Line(Tone::Dim, words));
    }
    blocks.extend(escape_counts::heat(&target.escapes));
    blocks
}

/// What is known without a profile: name, sites, classes.
fn cells(ranked: &Ranked, is_line: bool) -> Vec<String> {
    let classes = ranked.classes.iter().map(|(class, count)| match count {
        1 => spelled(class).to_owned(),
        more => format!("{} {more}", spelled(class)),
    });
    let classes: Vec<String> = classes.collect();
    let name = match is_line {
        true => ranked.name.clone(),
        false if is_rest(&ranked.name) => ranked.name.clone(),
        false => format!("{}.{}", ranked.package, ranked.name),
    };
    vec![name, grouped(ranked.sites), classes.join(", ")]
}

/// The columns of what profiles say of a line.
#[derive(Clone, Copy)]
struct Heat {
    bytes: bool,
    cpu: bool,
}

impl Heat {
    fn of(target: &Target) -> Self {
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
        }
    }

    fn none(self) -> bool {
        !self.bytes && !self.cpu
    }

    fn columns(self) -> Vec<Column> {
        let bytes = ["bytes", "objects"].map(number);
        let bytes = bytes.into_iter().filter(|_| self.bytes);
        let cpu = self.cpu.then(|| number("alloc cpu %"));
        bytes.chain(cpu).collect()
    }

    fn cells(self, it: &Ranked) -> Vec<String> {
        let heat = it.heat.unwrap_or_default();
        let count = |it: Option<i64>| escape_counts::cell(it.unwrap_or_default().unsigned_abs());
        let bytes = [count(heat.bytes), count(heat.objects)];
        let bytes = bytes.into_iter().filter(|_| self.bytes);
        let cpu = heat.cpu.map_or("·".into(), |cpu| format!("{cpu:.2}"));
        bytes.chain(self.cpu.then_some(cpu)).collect()
    }
}

fn not_understood(target: &Target, shown: bool) -> Vec<Block> {
    let count = target.escapes.unparsed;
    if count == 0 {
        return match shown {
            true => vec![Block::Line(Tone::Good, "every line was understood".into())],
            false => Vec::new(),
        };
    }
    let mut blocks = vec![Block::Line(
        Tone::Warn,
        format!(
            "{} of the compiler not understood and not counted (--unparsed shows which)",
            counted(count, "line")
        ),
    )];
    let examples = target.unparsed_examples.iter().filter(|_| shown);
    blocks.extend(examples.map(|example| Block::Line(Tone::Plain, example.clone())));
    blocks
}
