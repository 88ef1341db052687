//! The size of an executable by role, and of several at a glance.

use super::brief::platform;
use super::{Block, Cell, Column, Table, number, optional, text};
use crate::config::size::human;
use crate::number::{counted_of, percent};
use crate::report::{BaselineFile, Section, Target};

/// Every executable on a line.
pub(crate) fn overview(targets: &[Target]) -> Vec<Block> {
    let columns = vec![
        text("executable"),
        text("platform"),
        number("before B"),
        number("release B"),
        number("%"),
        optional(text("sha256")),
    ];
    let rows = targets.iter().map(|target| {
        let file = &target.artifact;
        let before = target.baseline.as_ref().map(|baseline| baseline.size);
        vec![
            file.path.as_ref().unwrap_or(&target.name).into(),
            platform(target).into(),
            before.map(Cell::bytes).into(),
            Cell::bytes(file.size),
            before.map(|before| Cell::growth(before, file.size)).into(),
            (&file.sha256).into(),
        ]
    });
    vec![
        Block::Title(counted_of(targets.len(), "executable")),
        Table::of(columns, rows).into(),
    ]
}

/// Bytes by role, before and after.
pub(crate) fn size(target: &Target) -> Vec<Block> {
    if target.sections.is_empty() {
        return Vec::new();
    }
    let before = target.baseline.as_ref();
    let compared = before.is_some();
    let sections = target.sections.iter();
    let sections = sections.filter(|section| {
        section.after > 0 || section.before.unwrap_or(0) > 0 || section.memory > 0
    });
    let mut rows: Vec<_> = sections.map(|section| row(section, compared)).collect();
    rows.push(row(&rest(target), compared));
    rows.push(row(&whole(target), compared));
    let size = target.artifact.size;
    let heading = match before {
        Some(before) if before.size > 0 => format!(
            "Size: {} -> {} ({})",
            human(before.size),
            human(size),
            percent(before.size, size)
        ),
        _ => format!("Size: {}", human(size)),
    };
    let table = Table {
        columns: columns(before),
        rows,
        total: true,
    };
    vec![Block::Heading(heading), table.into()]
}

fn columns(before: Option<&BaselineFile>) -> Vec<Column> {
    let mut columns = vec![text("section role")];
    columns.extend(before.map(|before| number(&format!("{} B", before.kind))));
    columns.push(number("release B"));
    if before.is_some() {
        columns.extend([number("change B"), number("%")]);
    }
    columns.push(optional(number("in memory B")));
    columns.push(optional(text("sections")));
    columns
}

/// What is in no section.
fn rest(target: &Target) -> Section {
    let overhead = target.overhead;
    let before = overhead.headers_before.unwrap_or(0) + overhead.padding_before.unwrap_or(0);
    Section {
        role: "headers, padding".into(),
        names: Vec::new(),
        before: target.baseline.is_some().then_some(before),
        after: overhead.headers + overhead.padding,
        memory: 0,
    }
}

fn whole(target: &Target) -> Section {
    Section {
        role: "file".into(),
        names: Vec::new(),
        before: target.baseline.as_ref().map(|baseline| baseline.size),
        after: target.artifact.size,
        memory: 0,
    }
}

fn row(section: &Section, compared: bool) -> Vec<Cell> {
    let before = section.before.unwrap_or(0);
    let after = section.after;
    let mut cells = vec![(&section.role).into()];
    cells.extend(compared.then(|| Cell::bytes(before)));
    cells.push(Cell::bytes(after));
    if compared {
        cells.push(Cell::delta(before, after));
        cells.push(match before == after {
            true => Cell::same(),
            false => Cell::growth(before, after),
        });
    }
    cells.push(match section.memory {
        0 => Cell::Other(0.0, String::new()),
        memory => Cell::bytes(memory),
    });
    cells.push(section.names.join(" ").into());
    cells
}
