//! Lays out the verdict and what changed, for who reads ten lines: from a report, and perhaps that of what it is based
//! on.

use super::{Block, Table, Tone, number, text};
use crate::check::{LOOSENED, Status};
use crate::config::size::human;
use crate::number::{change, counted, grouped, percent};
use crate::order::Order;
use crate::report::comparison::{Comparison, Pair};
use crate::report::spelled;
use crate::report::{Report, Site, Target, label};

/// Lines of each listing; the whole is in the report.
const MOST: usize = 10;

/// Whether something fails, or differs from what is known of before, or a gate was loosened to let it pass.
pub(crate) fn is_changed(report: &Report, base: Option<&Comparison>) -> bool {
    let moved = |comparison: &Comparison| {
        let differs = |pair: &Pair| !pair.before.is(&pair.after);
        comparison.pairs.iter().any(differs)
            || !comparison.gone.is_empty()
            || !comparison.new.is_empty()
    };
    let failed = !report.verdict.pass || !loosened(report).is_empty();
    failed || new_sites(report).next().is_some() || base.is_none_or(moved)
}

/// The verdict first, then what changed. `base_name` is what the base is called.
pub(crate) fn summary(
    report: &Report,
    base: Option<&Comparison>,
    base_name: Option<&str>,
) -> Vec<Block> {
    let mut blocks = vec![Block::Title(title(report))];
    let failures = &report.verdict.failures;
    let failing = failures.iter().take(MOST);
    blocks.extend(failing.map(|failing| Block::Line(Tone::Bad, failing.to_string())));
    blocks.extend(more(failures.len(), "failure"));
    blocks.extend(match base {
        Some(base) => compared(report, base, base_name),
        None => against_lock(&report.targets),
    });
    blocks.extend(sites(report));
    let loosened = loosened(report);
    let told = loosened.iter().take(MOST);
    blocks.extend(told.map(|text| Block::Line(Tone::Warn, format!("loosened: {text}"))));
    blocks.extend(more(loosened.len(), "loosened gate"));
    let warnings = warnings(report);
    let warned = warnings.iter().take(MOST);
    blocks.extend(warned.map(|text| Block::Line(Tone::Warn, text.clone())));
    blocks.extend(more(warnings.len(), "warning"));
    blocks
}

/// The blocks of a whole report, by title; of one executable by heading, too. The verdict stands first, and is left out.
pub(crate) fn sections(blocks: Vec<Block>) -> Vec<(String, Vec<Block>)> {
    let titles = blocks
        .iter()
        .filter(|block| matches!(block, Block::Title(_)));
    let by_heading = titles.count() <= 3;
    let mut sections: Vec<(String, Vec<Block>)> = Vec::new();
    for block in blocks {
        match block {
            Block::Title(title) => sections.push((title, Vec::new())),
            Block::Heading(title) if by_heading => sections.push((title, Vec::new())),
            other => match sections.last_mut() {
                Some((_, inner)) => inner.push(other),
                None => sections.push(("Report".into(), vec![other])),
            },
        }
    }
    sections.retain(|(title, _)| title != super::RESULT);
    sections
}

fn title(report: &Report) -> String {
    let verdict = match report.verdict.pass {
        true => "pass".to_owned(),
        false => format!(
            "FAIL, {}",
            counted(report.verdict.failures.len() as u64, "failure")
        ),
    };
    let count = counted(report.targets.len() as u64, "executable");
    format!("gobuild-opt: {verdict}, {count}")
}

fn more(all: usize, noun: &str) -> Option<Block> {
    let left = all.checked_sub(MOST).filter(|difference| *difference > 0)?;
    let left = counted(left as u64, &format!("more {noun}"));
    Some(Block::Line(Tone::Dim, left))
}

fn platform(it: &Target) -> String {
    let level = it.level.iter().map(|text| format!("/{text}"));
    format!("{}/{}{}", it.goos, it.goarch, level.collect::<String>())
}

fn against_lock(targets: &[Target]) -> Vec<Block> {
    let mut blocks = vec![executables(targets)];
    blocks.extend(grown(targets));
    blocks
}

fn executables(targets: &[Target]) -> Block {
    let has_lock = targets.iter().any(|target| locked(target).is_some());
    let mut table = Table {
        columns: vec![
            text("executable"),
            text("platform"),
            number("size"),
            number("bytes"),
        ],
        ..Table::default()
    };
    if has_lock {
        table.columns.push(number("since the lock"));
    }
    for it in targets.iter().take(MOST) {
        let size = it.artifact.size;
        let mut row = vec![it.name.clone(), platform(it), human(size), grouped(size)];
        if has_lock {
            row.push(locked(it).map_or("not known".into(), |before| change(before, size)));
        }
        table.rows.push(row);
    }
    Block::Table(table)
}

/// The size that the lock has of an executable of the same Go.
fn locked(target: &Target) -> Option<u64> {
    let lock = target.lock.as_ref().filter(|lock| lock.compared)?;
    match lock.sizes.iter().find(|size| size.item == "size") {
        Some(it) => it.before,
        // Only what changed has an entry.
        None => Some(target.artifact.size),
    }
}

/// A module whose bytes changed by less is no news.
const FLOOR: u64 = 1024;

/// The modules that changed most since the lock.
fn grown(targets: &[Target]) -> Option<Block> {
    let mut rows = Vec::new();
    for target in targets {
        let lock = target.lock.iter().filter(|lock| lock.compared);
        for it in lock.flat_map(|lock| &lock.sizes) {
            let (before, after) = (it.before.unwrap_or(0), it.after.unwrap_or(0));
            let module = it.item.strip_prefix("module:");
            if let Some(module) = module.filter(|_| before.abs_diff(after) >= FLOOR) {
                rows.push((module, target, before, after));
            }
        }
    }
    rows.order_by_key(|(module, _, before, after)| {
        (std::cmp::Reverse(before.abs_diff(*after)), *module)
    });
    let columns = vec![
        text("module"),
        text("executable"),
        number("bytes"),
        number("since the lock"),
    ];
    let mut table = Table {
        columns,
        ..Table::default()
    };
    for (module, target, before, after) in rows.iter().take(MOST) {
        table.rows.push(vec![
            (*module).to_owned(),
            format!("{} {}", target.name, platform(target)),
            grouped(*after),
            change(*before, *after),
        ]);
    }
    (!table.rows.is_empty()).then_some(Block::Table(table))
}

fn compared(report: &Report, base: &Comparison, base_name: Option<&str>) -> Vec<Block> {
    let name = base_name.unwrap_or("the base");
    let (same, changed): (Vec<&Pair>, Vec<&Pair>) = base
        .pairs
        .iter()
        .partition(|pair| pair.before.is(&pair.after));
    let mut blocks = Vec::new();
    if !changed.is_empty() {
        let columns = vec![
            text("executable"),
            text("platform"),
            number("before"),
            number("after"),
            number("bytes"),
            number("%"),
            text(""),
        ];
        let mut table = Table {
            columns,
            ..Table::default()
        };
        table
            .rows
            .extend(changed.iter().take(MOST).map(|pair| row(pair, report)));
        blocks.push(Block::Table(table));
        blocks.extend(more(changed.len(), "executable that changed"));
    }
    if !same.is_empty() {
        let line = match changed.is_empty() {
            true => format!("byte by byte as in {name}"),
            false => format!("{} as in {name}", counted(same.len() as u64, "executable")),
        };
        blocks.push(Block::Line(Tone::Good, line));
    } else {
        blocks.push(Block::Line(Tone::Dim, format!("compared with {name}")));
    }
    for (words, list) in [("gone", &base.gone), ("new", &base.new)] {
        if !list.is_empty() {
            let names: Vec<&str> = list.iter().take(MOST).map(String::as_str).collect();
            blocks.push(Block::Line(
                Tone::Warn,
                format!("{words}: {}", names.join(", ")),
            ));
        }
    }
    blocks
}

fn row(pair: &Pair, report: &Report) -> Vec<String> {
    let (old, new) = (pair.before.size, pair.after.size);
    vec![
        pair.name.clone(),
        pair.after.platform.clone(),
        human(old),
        human(new),
        change(old, new),
        percent(old, new),
        match fails(report, pair) {
            true => "FAIL".into(),
            false => String::new(),
        },
    ]
}

/// Whether a gate of this executable fails.
fn fails(report: &Report, pair: &Pair) -> bool {
    // A raised level such as `/v3` is not in the name of an executable.
    let parts: Vec<&str> = pair.after.platform.split('/').take(2).collect();
    let of = format!("{} {}", pair.name, parts.join("/"));
    let over = format!(" {of}");
    let mut budgets = report.budgets.iter();
    let mut targets = report.targets.iter();
    budgets.any(|budget| budget.status == Status::Fail && budget.item.ends_with(&over))
        || targets.any(|target| label(target) == of && target.fails())
}

/// What the change loosens, with the reasons that `accept` was given.
fn loosened(report: &Report) -> &[String] {
    report
        .change
        .as_ref()
        .map_or(&[], |change| &change.loosened)
}

/// What the lock does not hold, once per place.
fn new_sites(report: &Report) -> impl Iterator<Item = &Site> {
    let escapes = report
        .targets
        .iter()
        .filter_map(|target| target.escapes.as_ref());
    let mut seen = std::collections::HashSet::new();
    escapes
        .flat_map(|escapes| &escapes.new)
        .filter(move |site| seen.insert(site.id.as_str()))
}

fn sites(report: &Report) -> Vec<Block> {
    let all: Vec<&Site> = new_sites(report).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut table = Table {
        columns: vec![
            text("new escape"),
            text("function"),
            text("class"),
            text("line"),
        ],
        ..Table::default()
    };
    for it in all.iter().take(MOST) {
        let place = match &it.file {
            Some(file) => format!("{file}:{}", it.line),
            None => String::new(),
        };
        table.rows.push(vec![
            place,
            format!("{}.{}", it.package, it.function),
            spelled(&it.class).to_owned(),
            it.source.clone(),
        ]);
    }
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(more(all.len(), "new escape"));
    blocks
}

fn warnings(report: &Report) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for it in report.targets.iter().flat_map(|target| &target.checks) {
        let line = format!("{}: {}", it.id, it.message);
        // What is loosened has lines of its own.
        let is_told = it.id == LOOSENED && !loosened(report).is_empty();
        if it.status == Status::Warn && !is_told && !found.contains(&line) {
            found.push(line);
        }
    }
    found
}
