//! Inlining and bounds checks of a platform.

use super::escape_counts::cell;
use super::{Block, Table, Tone, number, text};
use crate::escape::Optimizations;
use crate::number::{counted, counted_of};
use crate::order::Order;
use crate::report::escape_report::{Near, Target};
use crate::report::{EscapePackage, Escapes};

/// One line for all packages; nothing where only a part of them was asked for.
pub(crate) fn line(escapes: &Escapes) -> Option<Block> {
    let each: Option<Vec<Optimizations>> = escapes
        .packages
        .iter()
        .map(|package| package.optimizations)
        .collect();
    let each = each.filter(|each| !each.is_empty())?;
    let all = each.iter().fold(Optimizations::default(), add);
    Some(Block::Line(
        Tone::Plain,
        format!(
            "inlining: {} can be inlined, {} inlined, {} made direct; {} left",
            counted(all.inlinable, "function"),
            counted(all.inlined, "call"),
            counted(all.devirtualized, "call"),
            counted(all.bounds_checks, "bounds check")
        ),
    ))
}

/// The numbers by package, those with the most bounds checks first.
pub(crate) fn table(escapes: &Escapes, top: usize) -> Vec<Block> {
    let told = |package: &EscapePackage| Some((package.path.clone(), package.optimizations?));
    let mut packages: Vec<(String, Optimizations)> =
        escapes.packages.iter().filter_map(told).collect();
    packages.order_by(|a, b| {
        b.1.bounds_checks
            .cmp(&a.1.bounds_checks)
            .then_with(|| a.0.cmp(&b.0))
    });
    let columns = ["inlinable", "calls inlined", "made direct", "bounds checks"];
    let mut table = Table {
        columns: std::iter::once(text("package"))
            .chain(columns.map(number))
            .collect(),
        ..Table::default()
    };
    let row = |label: String, optimizations: Optimizations| {
        let counts = [
            optimizations.inlinable,
            optimizations.inlined,
            optimizations.devirtualized,
            optimizations.bounds_checks,
        ];
        std::iter::once(label)
            .chain(counts.map(cell))
            .collect::<Vec<_>>()
    };
    let (shown, folded) = packages.split_at(top.min(packages.len()));
    table
        .rows
        .extend(shown.iter().map(|pair| row(pair.0.clone(), pair.1)));
    let sum = |all: &[(String, Optimizations)]| {
        all.iter()
            .map(|entry| &entry.1)
            .fold(Optimizations::default(), add)
    };
    if !folded.is_empty() {
        table
            .rows
            .push(row(format!("and {} with fewer", folded.len()), sum(folded)));
    }
    if packages.len() > 1 {
        table.rows.push(row("all".into(), sum(&packages)));
        table.total = true;
    }
    vec![
        Block::Heading("Inlining and bounds checks by package".into()),
        Block::Table(table),
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
    let order = match target.escapes.weighted_by {
        Some(_) => "the hottest first",
        None => "unweighted, the nearest first",
    };
    let heading = format!(
        "Almost inlined: {} at most {over} over the budget ({order})",
        counted_of(all.len(), "function")
    );
    if all.is_empty() {
        return vec![Block::Heading(heading)];
    }
    let weighted = target.escapes.weighted_by.is_some();
    let mut columns = vec![text("function"), text("at"), number("cost"), number("over")];
    columns.extend(weighted.then(|| number("cpu %")));
    let row = |near: &Near| {
        let name = format!("{}.{}", near.package, near.function);
        let place = format!("{}:{}", near.file, near.line);
        let over = near.cost.saturating_sub(near.budget);
        let mut row = vec![name, place, near.cost.to_string(), over.to_string()];
        row.extend(weighted.then(|| super::escape_counts::share(near.weight)));
        row
    };
    let table = Table {
        columns,
        rows: all.iter().take(top).map(row).collect(),
        total: false,
    };
    let mut blocks = vec![Block::Heading(heading), Block::Table(table)];
    if all.len() > top {
        blocks.push(Block::Line(
            Tone::Dim,
            format!("and {} more: --top N, or --format json", all.len() - top),
        ));
    }
    blocks
}
