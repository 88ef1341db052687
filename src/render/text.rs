//! Blocks in, text for a terminal out. Styles are ANSI; the printer drops them where they are not wanted.

use anstyle::{AnsiColor, Style as Ansi};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};
use unicode_width::UnicodeWidthStr;

use super::{Style, harmless};
use crate::report::outline::{Block, Table, Tone};

pub fn text(blocks: &[Block], style: Style) -> String {
    let mut out = String::new();
    for (index, block) in blocks.iter().enumerate() {
        match block {
            Block::Title(title) => {
                if index > 0 {
                    out.push('\n');
                }
                line(
                    &mut out,
                    Ansi::new().bold().fg_color(Some(AnsiColor::Cyan.into())),
                    &harmless(title),
                );
            }
            Block::Heading(heading) => {
                out.push('\n');
                line(&mut out, Ansi::new().bold(), &harmless(heading));
            }
            Block::Line(tone, words) => {
                for piece in words.split('\n') {
                    line(&mut out, ansi(*tone), &format!("  {}", harmless(piece)));
                }
            }
            Block::Table(rows) => table(&mut out, rows, style),
        }
    }
    out
}

fn ansi(tone: Tone) -> Ansi {
    let color = |it: AnsiColor| Ansi::new().fg_color(Some(it.into()));
    match tone {
        Tone::Plain => Ansi::new(),
        Tone::Good => color(AnsiColor::Green),
        Tone::Warn => color(AnsiColor::Yellow),
        Tone::Bad => color(AnsiColor::Red).bold(),
        Tone::Dim => Ansi::new().dimmed(),
    }
}

fn line(out: &mut String, style: Ansi, words: &str) {
    out.push_str(&format!("{style}{words}{style:#}\n"));
}

/// Columns that are optional go first where the table is too wide; then the first column wraps.
fn table(out: &mut String, table: &Table, style: Style) {
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|it| width(table, it))
        .collect();
    let mut shown: Vec<usize> = (0..table.columns.len()).collect();
    let total = |shown: &[usize]| 1 + shown.iter().map(|it| widths[*it] + 2).sum::<usize>();
    while total(&shown) > style.width {
        let Some(at) = shown.iter().rposition(|it| table.columns[*it].optional) else {
            break;
        };
        shown.remove(at);
    }
    let mut rendered = comfy_table::Table::new();
    rendered
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    rendered.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    rendered.set_header(shown.iter().map(|it| harmless(&table.columns[*it].title)));
    for row in &table.rows {
        rendered.add_row(
            shown
                .iter()
                .map(|it| harmless(row.get(*it).map_or("", String::as_str))),
        );
    }
    for (position, column) in shown.iter().enumerate() {
        let Some(it) = rendered.column_mut(position) else {
            continue;
        };
        it.set_padding((2, 0));
        if table.columns[*column].right {
            it.set_cell_alignment(CellAlignment::Right);
        }
        if position > 0 {
            let needed = u16::try_from(widths[*column] + 2).unwrap_or(u16::MAX);
            it.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(needed)));
        }
    }
    let lines: Vec<String> = rendered
        .to_string()
        .lines()
        .map(|it| it.trim_end().to_owned())
        .collect();
    let last = lines.len().saturating_sub(1);
    for (index, words) in lines.iter().enumerate() {
        let emphasis = match index {
            0 => Ansi::new().dimmed(),
            _ if table.total && index == last => Ansi::new().bold(),
            _ => Ansi::new(),
        };
        line(out, emphasis, words);
    }
}

fn width(table: &Table, column: usize) -> usize {
    let cells = table
        .rows
        .iter()
        .filter_map(|it| it.get(column))
        .map(|it| it.width());
    cells
        .chain([table.columns[column].title.width()])
        .max()
        .unwrap_or(0)
}
