//! Lays out the verdict and what changed, for who reads ten lines: from a report, and perhaps that of what it is based
//! on.

use super::brief::{locked, platform};
use super::{Block, Cell, Column, Table, number, text};
use crate::check::{LOOSENED, Status};
use crate::number::{counted, counted_of};
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
    blocks.extend(failing.map(|failing| Block::bad(failing.to_string())));
    blocks.extend(more(failures.len(), "failure"));
    blocks.extend(match base {
        Some(base) => compared(report, base, base_name.unwrap_or("the base")),
        None => against_lock(&report.targets),
    });
    blocks.extend(sites(report));
    let loosened = loosened(report);
    let told = loosened.iter().take(MOST);
    blocks.extend(told.map(|text| Block::warn(format!("loosened: {text}"))));
    blocks.extend(more(loosened.len(), "loosened gate"));
    let warnings = warnings(report);
    blocks.extend(warnings.iter().take(MOST).map(Block::warn));
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
    Some(Block::dim(counted_of(left, &format!("more {noun}"))))
}

fn against_lock(targets: &[Target]) -> Vec<Block> {
    let mut blocks = vec![executables(targets)];
    blocks.extend(grown(targets));
    blocks
}

fn executables(targets: &[Target]) -> Block {
    let has_lock = targets.iter().any(|target| locked(target).is_some());
    let mut columns = vec![
        text("executable"),
        text("platform"),
        number("size"),
        number("bytes"),
    ];
    columns.extend(has_lock.then(|| number("since the lock")));
    let rows = targets.iter().take(MOST).map(|target| {
        let size = target.artifact.size;
        let since =
            || locked(target).map_or("not known".into(), |before| Cell::delta(before, size));
        let mut row = vec![
            (&target.name).into(),
            platform(target).into(),
            Cell::size(size),
            Cell::bytes(size),
        ];
        row.extend(has_lock.then(since));
        row
    });
    Table::of(columns, rows).into()
}

/// A module whose bytes changed by less is no news.
const FLOOR: u64 = 1024;

/// A module of an executable, and its bytes before and now.
type Grown<'a> = (&'a str, &'a Target, u64, u64);

/// The modules that changed most since the lock.
fn grown(targets: &[Target]) -> Option<Block> {
    let mut all: Vec<Grown<'_>> = targets.iter().flat_map(grown_of).collect();
    all.order_by_key(|(module, _, before, after)| {
        (std::cmp::Reverse(before.abs_diff(*after)), *module)
    });
    let columns = vec![
        text("module"),
        text("executable"),
        number("bytes"),
        number("since the lock"),
    ];
    let rows = all
        .iter()
        .take(MOST)
        .map(|(module, target, before, after)| {
            vec![
                (*module).into(),
                format!("{} {}", target.name, platform(target)).into(),
                Cell::bytes(*after),
                Cell::delta(*before, *after),
            ]
        });
    (!all.is_empty()).then(|| Table::of(columns, rows).into())
}

/// The modules of an executable that changed by more than hardly anything.
fn grown_of(target: &Target) -> impl Iterator<Item = Grown<'_>> {
    let lock = target.lock.iter().filter(|lock| lock.compared);
    lock.flat_map(|lock| &lock.sizes).filter_map(move |size| {
        let (before, after) = (size.before.unwrap_or(0), size.after.unwrap_or(0));
        let module = size.item.strip_prefix("module:")?;
        (before.abs_diff(after) >= FLOOR).then_some((module, target, before, after))
    })
}

fn compared(report: &Report, base: &Comparison, name: &str) -> Vec<Block> {
    let (same, changed): (Vec<&Pair>, Vec<&Pair>) = base
        .pairs
        .iter()
        .partition(|pair| pair.before.is(&pair.after));
    let mut blocks = Vec::new();
    if !changed.is_empty() {
        let rows = changed.iter().take(MOST).map(|pair| row(pair, report));
        blocks.push(Table::of(columns(), rows).into());
        blocks.extend(more(changed.len(), "executable that changed"));
    }
    blocks.push(match (same.len(), changed.len()) {
        (0, _) => Block::dim(format!("compared with {name}")),
        (_, 0) => Block::good(format!("byte by byte as in {name}")),
        (same, _) => Block::good(format!("{} as in {name}", counted_of(same, "executable"))),
    });
    for (words, list) in [("gone", &base.gone), ("new", &base.new)] {
        if !list.is_empty() {
            let names: Vec<&str> = list.iter().take(MOST).map(String::as_str).collect();
            blocks.push(Block::warn(format!("{words}: {}", names.join(", "))));
        }
    }
    blocks
}

fn columns() -> Vec<Column> {
    vec![
        text("executable"),
        text("platform"),
        number("before"),
        number("after"),
        number("bytes"),
        number("%"),
        text(""),
    ]
}

fn row(pair: &Pair, report: &Report) -> Vec<Cell> {
    let (old, new) = (pair.before.size, pair.after.size);
    vec![
        (&pair.name).into(),
        (&pair.after.platform).into(),
        Cell::size(old),
        Cell::size(new),
        Cell::delta(old, new),
        Cell::growth(old, new),
        fails(report, pair).then_some("FAIL").into(),
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
    let columns = vec![
        text("new escape"),
        text("function"),
        text("class"),
        text("line"),
    ];
    let rows = all.iter().take(MOST).map(|site| {
        let file = site.file.as_ref();
        vec![
            file.map(|file| Cell::line(file, site.line)).into(),
            format!("{}.{}", site.package, site.function).into(),
            spelled(&site.class).into(),
            (&site.source).into(),
        ]
    });
    let mut blocks = vec![Table::of(columns, rows).into()];
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
