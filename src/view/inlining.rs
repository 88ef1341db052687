//! Inlining and bounds checks of a platform.

use super::{Block, Cell, Table, number, text};
use crate::escape::Optimizations;
use crate::number::{counted, counted_of};
use crate::order::Order;
use crate::report::Escapes;
use crate::report::escape_report::{Near, Target};

/// One line for all packages; nothing where only a part of them was asked for.
pub(crate) fn line(escapes: &Escapes) -> Option<Block> {
    let each: Option<Vec<Optimizations>> = escapes
        .packages
        .iter()
        .map(|package| package.optimizations)
        .collect();
    let each = each.filter(|each| !each.is_empty())?;
    let all = each.iter().fold(Optimizations::default(), add);
    Some(Block::plain(format!(
        "inlining: {} can be inlined, {} inlined, {} made direct; {} left",
        counted(all.inlinable, "function"),
        counted(all.inlined, "call"),
        counted(all.devirtualized, "call"),
        counted(all.bounds_checks, "bounds check")
    )))
}

/// The numbers by package, those with the most bounds checks first.
pub(crate) fn table(escapes: &Escapes, top: usize) -> Vec<Block> {
    let packages = packages(escapes);
    let (shown, folded) = packages.split_at(top.min(packages.len()));
    let rows = shown.iter().map(|(path, sum)| row((*path).into(), *sum));
    let mut rows: Vec<_> = rows.collect();
    let sum = |all: &[(&str, Optimizations)]| {
        let each = all.iter().map(|(_, sum)| sum);
        each.fold(Optimizations::default(), add)
    };
    if !folded.is_empty() {
        let label = format!("and {} with fewer", folded.len());
        rows.push(row(Cell::Rest(label), sum(folded)));
    }
    let total = packages.len() > 1;
    rows.extend(total.then(|| row("all".into(), sum(&packages))));
    let counts = ["inlinable", "calls inlined", "made direct", "bounds checks"];
    let columns = std::iter::once(text("package")).chain(counts.map(number));
    let table = Table {
        columns: columns.collect(),
        rows,
        total,
    };
    let heading = Block::heading("Inlining and bounds checks by package");
    vec![heading, table.into()]
}

/// Those of which the numbers are known.
fn packages(escapes: &Escapes) -> Vec<(&str, Optimizations)> {
    let all = escapes.packages.iter();
    let known = all.filter_map(|package| Some((package.path.as_str(), package.optimizations?)));
    let mut packages: Vec<(&str, Optimizations)> = known.collect();
    packages.order_by(|a, b| {
        let most = b.1.bounds_checks.cmp(&a.1.bounds_checks);
        most.then_with(|| a.0.cmp(b.0))
    });
    packages
}

fn row(label: Cell, sum: Optimizations) -> Vec<Cell> {
    vec![
        label,
        Cell::some(sum.inlinable),
        Cell::some(sum.inlined),
        Cell::some(sum.devirtualized),
        Cell::some(sum.bounds_checks),
    ]
}

fn add(a: Optimizations, b: &Optimizations) -> Optimizations {
    Optimizations {
        inlinable: a.inlinable + b.inlinable,
        inlined: a.inlined + b.inlined,
        devirtualized: a.devirtualized + b.devirtualized,
        bounds_checks: a.bounds_checks + b.bounds_checks,
    }
}

/// Functions that cost a little too much to be inlined.
pub(crate) fn almost(target: &Target, over: u64, top: usize) -> Vec<Block> {
    let all = &target.almost;
    let weighted = target.escapes.weighted_by.is_some();
    let order = match weighted {
        true => "the hottest first",
        false => "unweighted, the nearest first",
    };
    let mut blocks = vec![Block::heading(format!(
        "Almost inlined: {} at most {over} over the budget ({order})",
        counted_of(all.len(), "function")
    ))];
    if all.is_empty() {
        return blocks;
    }
    let mut columns = vec![text("function"), text("at"), number("cost"), number("over")];
    columns.extend(weighted.then(|| number("cpu %")));
    let rows = all.iter().take(top).map(|near| {
        let mut row = refused(near);
        row.extend(weighted.then(|| Cell::weight(near.weight)));
        row
    });
    blocks.push(Table::of(columns, rows).into());
    if all.len() > top {
        let more = all.len() - top;
        blocks.push(Block::dim(format!(
            "and {more} more: --top N, or --format json"
        )));
    }
    blocks
}

/// A function that is not inlined, and what it costs.
fn refused(near: &Near) -> Vec<Cell> {
    let cost = |cost: u64| Cell::Other(cost as f64, cost.to_string());
    vec![
        format!("{}.{}", near.package, near.function).into(),
        Cell::line(&near.file, near.line),
        cost(near.cost),
        cost(near.cost.saturating_sub(near.budget)),
    ]
}
