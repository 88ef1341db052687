//! Blocks in, text for a terminal out. Styles are ANSI; the printer drops them where they are not wanted.

use anstyle::{AnsiColor, Style as Ansi};
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};

use super::fit_width::{fit, shortened, width};
use super::fold::fold;
use super::{Style, harmless, strip};
use crate::view::{Block, Cell, Table, Tone};

pub(crate) fn text(blocks: &[Block], style: Style) -> String {
    let mut out = String::new();
    for (index, block) in blocks.iter().enumerate() {
        match block {
            Block::Title(title) => {
                if index > 0 {
                    out.push('\n');
                }
                let bold = Ansi::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
                wrapped(&mut out, bold, &harmless(title), "", style.width);
            }
            Block::Heading(heading) => {
                out.push('\n');
                let bold = Ansi::new().bold();
                wrapped(&mut out, bold, &harmless(heading), "", style.width);
            }
            Block::Line(tone, words) => {
                for piece in words.split('\n') {
                    prose(&mut out, ansi(*tone), &harmless(piece), style.width);
                }
            }
            Block::Table(rows) => table(&mut out, rows, style),
            Block::Picture(_) => {}
            Block::Strip(it) => line(&mut out, Ansi::new(), &format!("  {}", strip::text(it))),
        }
    }
    out
}

fn ansi(tone: Tone) -> Ansi {
    let color = |color: AnsiColor| Ansi::new().fg_color(Some(color.into()));
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

/// A sentence, wrapped to the width; what follows its first line hangs below its text.
fn prose(out: &mut String, style: Ansi, words: &str, width: usize) {
    let indent = words.len() - words.trim_start().len();
    let first = " ".repeat(2 + indent);
    wrapped(out, style, words.trim_start(), &first, width);
}

fn wrapped(out: &mut String, style: Ansi, words: &str, indent: &str, width: usize) {
    let next = format!("{indent}    ");
    let options = textwrap::Options::new(width)
        .initial_indent(indent)
        .subsequent_indent(&next)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    for piece in textwrap::wrap(&glued(words), options) {
        line(out, style, &piece.replace(GLUE, " "));
    }
}

/// A space at which no line is broken.
const GLUE: char = '\u{a0}';

/// What stands behind a number on the same line.
const UNITS: &[&str] = &["%", "B", "KiB", "MiB", "GiB", "s", "ms", "bytes"];

/// A number and its unit stay together.
fn glued(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, after)) = rest.split_once(' ') {
        text.push_str(before);
        let unit = after.split([' ', ',', ';', ':', ')', '.']).next();
        let counts = before.ends_with(|c: char| c.is_ascii_digit());
        let together = counts && unit.is_some_and(|unit| UNITS.contains(&unit));
        text.push(if together { GLUE } else { ' ' });
        rest = after;
    }
    text + rest
}

/// Where the table is too wide, very long labels of the first column lose their beginning, which says least in a path;
/// then optional columns go; then all labels are shortened.
fn table(out: &mut String, table: &Table, style: Style) {
    let folded = fold(table, style.width);
    let table = folded.as_ref().unwrap_or(table);
    let (shown, label) = fit(table, style.width);
    let mut rendered = filled(table, &shown, label);
    rendered.set_width(u16::try_from(style.width).unwrap_or(u16::MAX));
    align(&mut rendered, table, &shown, label);
    let rendered = rendered.to_string();
    let last = rendered.lines().count().saturating_sub(1);
    for (index, words) in rendered.lines().enumerate() {
        let emphasis = match index {
            0 => Ansi::new().dimmed(),
            _ if table.total && index == last => Ansi::new().bold(),
            _ => Ansi::new(),
        };
        line(out, emphasis, words.trim_end());
    }
}

/// The words of the columns that are shown; those of the first are at most `label` wide.
fn filled(table: &Table, shown: &[usize], label: usize) -> comfy_table::Table {
    let words = |column: usize, text: &str| match column {
        0 => shortened(&harmless(text), label),
        _ => harmless(text),
    };
    let mut rendered = comfy_table::Table::new();
    rendered
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    let titles = shown.iter();
    rendered.set_header(titles.map(|index| words(*index, &table.columns[*index].title)));
    for row in &table.rows {
        let cells = shown.iter().map(|index| {
            let cell = row.get(*index).map(Cell::to_string);
            words(*index, &cell.unwrap_or_default())
        });
        rendered.add_row(cells);
    }
    rendered
}

/// Numbers stand on the right; they and the label, the first, have a width of their own.
fn align(rendered: &mut comfy_table::Table, table: &Table, shown: &[usize], label: usize) {
    for (position, index) in shown.iter().enumerate() {
        let Some(column) = rendered.column_mut(position) else {
            continue;
        };
        column.set_padding((2, 0));
        let right = table.columns[*index].right;
        if right {
            column.set_cell_alignment(CellAlignment::Right);
        }
        if position == 0 || right {
            let width = match position {
                0 => label,
                _ => width(table, *index),
            };
            let width = u16::try_from(width + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn a_number_keeps_its_unit() {
        let check = |words: &str, width| {
            let mut out = String::new();
            wrapped(&mut out, Ansi::new(), words, "", width);
            let lines: Vec<&str> = out.lines().map(str::trim).collect();
            lines.join("|")
        };
        assert_eq!(check("it fits, 82.0 % of it", 14), "it fits,|82.0 % of|it");
        assert_eq!(check("size (1,234 B)", 13), "size|(1,234 B)");
        assert_eq!(check("10 byte or 5 blocks", 10), "10 byte or|5|blocks");
    }

    #[test]
    fn a_label_keeps_what_tells_most() {
        let check = |text: &str, width, expected: &str| {
            let found = shortened(text, width);
            assert_eq!(found, expected);
            assert!(found.width() <= width);
        };
        check("example.com/a/department", 20, "…/a/department");
        check("example.com/a/b/store", 20, "example.com/…/store");
        check("example.com/a/department", 9, "…partment");
        check(
            "unowned: C code (2,624 B), headers",
            28,
            "unowned: C code (2,624 B)…",
        );
        let generic = "slices.Sort[go.shape.struct { Key int; Value string }]";
        check(generic, 40, "slices.Sort[… { Key int; Value string }]");
        check(generic, 18, "slices.Sort[…]");
        check("example.com/very/deep.Map[int]", 20, "…/very/deep.Map[…]");
    }
}
