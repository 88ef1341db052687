//! The size of an executable by role, and of several at a glance.

use super::{Block, Table, number, optional, text};
use crate::config::size::human;
use crate::number::{change, counted_of, grouped, percent};
use crate::report::{Section, Target};

/// Every executable on a line.
pub(crate) fn overview(targets: &[Target]) -> Vec<Block> {
    let mut columns = vec![
        text("executable"),
        text("platform"),
        number("before B"),
        number("release B"),
        number("%"),
    ];
    columns.push(optional(text("sha256")));
    let row = |target: &Target| {
        let before = target.baseline.as_ref().map(|baseline| baseline.size);
        let level = target
            .level
            .as_ref()
            .map_or(String::new(), |level| format!("/{level}"));
        vec![
            target
                .artifact
                .path
                .clone()
                .unwrap_or_else(|| target.name.clone()),
            format!("{}/{}{level}", target.goos, target.goarch),
            before.map_or(String::new(), grouped),
            grouped(target.artifact.size),
            before.map_or(String::new(), |before| {
                percent(before, target.artifact.size)
            }),
            target.artifact.sha256.clone(),
        ]
    };
    let rows = targets.iter().map(row).collect();
    vec![
        Block::Title(counted_of(targets.len(), "executable")),
        Block::Table(Table {
            columns,
            rows,
            total: false,
        }),
    ]
}

/// Bytes by role, before and after.
pub(crate) fn size(target: &Target) -> Vec<Block> {
    let before = target.baseline.as_ref();
    let mut table = Table {
        total: true,
        ..Table::default()
    };
    table.columns.push(text("section role"));
    if let Some(before) = before {
        table.columns.extend([
            number(&format!("{} B", before.kind)),
            number("release B"),
            number("change B"),
            number("%"),
        ]);
    } else {
        table.columns.push(number("release B"));
    }
    table.columns.push(optional(number("in memory B")));
    table.columns.push(optional(text("sections")));
    for section in target.sections.iter().filter(|section| {
        section.after > 0 || section.before.unwrap_or(0) > 0 || section.memory > 0
    }) {
        table.rows.push(row(section, before.is_some()));
    }
    let overhead = target.overhead;
    let rest = Section {
        role: "headers, padding".into(),
        names: Vec::new(),
        before: before
            .map(|_| overhead.headers_before.unwrap_or(0) + overhead.padding_before.unwrap_or(0)),
        after: overhead.headers + overhead.padding,
        memory: 0,
    };
    let whole = Section {
        role: "file".into(),
        names: Vec::new(),
        before: before.map(|baseline| baseline.size),
        after: target.artifact.size,
        memory: 0,
    };
    table
        .rows
        .extend([row(&rest, before.is_some()), row(&whole, before.is_some())]);
    if target.sections.is_empty() {
        return Vec::new();
    }
    let heading = match before {
        Some(before) if before.size > 0 => format!(
            "Size: {} -> {} ({})",
            human(before.size),
            human(target.artifact.size),
            percent(before.size, target.artifact.size)
        ),
        _ => format!("Size: {}", human(target.artifact.size)),
    };
    vec![Block::Heading(heading), Block::Table(table)]
}

fn row(section: &Section, compared: bool) -> Vec<String> {
    let mut cells = vec![section.role.clone()];
    if compared {
        let before = section.before.unwrap_or(0);
        cells.extend([
            grouped(before),
            grouped(section.after),
            change(before, section.after),
        ]);
        cells.push(if before == section.after {
            String::new()
        } else {
            percent(before, section.after)
        });
    } else {
        cells.push(grouped(section.after));
    }
    cells.push(if section.memory > 0 {
        grouped(section.memory)
    } else {
        String::new()
    });
    cells.push(section.names.join(" "));
    cells
}
