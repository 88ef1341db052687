//! Writes a table in HTML with a caption: numbers with what they sort by, bytes with a bar, places with a link to the source. The
//! script makes it sort and filter.

use super::escape;
use super::heading_anchors::{Anchors, row_id};
use super::source_link::source_link;
use crate::view::{Cell, Table};

/// A table, as the block `at` of the page, about what `caption` says.
pub(crate) fn sheet(out: &mut String, table: &Table, at: usize, caption: &str, anchors: &Anchors) {
    let caption = escape(caption);
    out.push_str(&format!(
        "<div class=\"sheet\"><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n<caption class=\"off\">{caption}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n",
        titles(table)
    ));
    let listed = table.rows.len() - usize::from(table.total && !table.rows.is_empty());
    let (listed, total) = table.rows.split_at(listed);
    let rows = Rows {
        table,
        anchors,
        largest: largest(listed),
    };
    for (index, cells) in listed.iter().enumerate() {
        rows.row(out, cells, &row_id(at, index));
    }
    let sum = Rows { largest: 0, ..rows };
    for cells in total {
        out.push_str("</tbody>\n<tfoot>\n");
        sum.row(out, cells, &row_id(at, listed.len()));
    }
    let end = if total.is_empty() { "tbody" } else { "tfoot" };
    out.push_str(&format!("</{end}>\n</table></div></div>\n"));
}

fn titles(table: &Table) -> String {
    let columns = table.columns.iter().enumerate();
    let titles = columns.map(|(index, column)| {
        let class = right(table, index);
        match escape(&column.title) {
            none if none.is_empty() => format!("<td{class}></td>"),
            title => format!("<th scope=\"col\"{class}>{title}</th>"),
        }
    });
    titles.collect()
}

/// The most bytes that a cell holds, where there is something to compare.
fn largest(rows: &[Vec<Cell>]) -> u64 {
    let one = |row: &&Vec<Cell>| !is_rest(row);
    let cells = rows.iter().filter(one).flatten();
    let bytes = cells.filter_map(|cell| match cell {
        Cell::Bytes(bytes, _) => Some(*bytes),
        _ => None,
    });
    if rows.len() > 1 {
        bytes.max().unwrap_or(0)
    } else {
        0
    }
}

/// Whether a row stands for those that are not listed: its sum has no bar.
fn is_rest(row: &[Cell]) -> bool {
    matches!(row.first(), Some(Cell::Rest(_)))
}

/// What all rows of a table have in common.
struct Rows<'a> {
    table: &'a Table,
    anchors: &'a Anchors,
    /// Bytes as wide as a bar can be; 0 for no bars.
    largest: u64,
}

impl Rows<'_> {
    fn row(&self, out: &mut String, cells: &[Cell], id: &str) {
        // It stays below the others however they are sorted.
        let rest = match is_rest(cells) {
            true => " class=\"rest\"",
            false => "",
        };
        let name = cells.first().and_then(Cell::words);
        let own = name.is_some_and(|name| self.anchors.row(name) == Some(id));
        // Only what something leads to needs a name.
        let name = match own {
            true => format!(" id=\"{id}\""),
            false => String::new(),
        };
        out.push_str(&format!("<tr{name}{rest}>"));
        for (index, cell) in cells.iter().enumerate() {
            let mut shown = self.shown(cell, id);
            if let (Cell::Bytes(bytes, _), true) = (cell, self.largest > 0 && rest.is_empty()) {
                shown.push_str(&bar(*bytes, self.largest));
            }
            let attributes = format!("{}{}", right(self.table, index), key(cell));
            out.push_str(&match index {
                0 => format!("<th scope=\"row\"{attributes}>{shown}</th>"),
                _ => format!("<td{attributes}>{shown}</td>"),
            });
        }
        out.push_str("</tr>\n");
    }

    fn shown(&self, cell: &Cell, id: &str) -> String {
        let words = escape(&cell.to_string());
        match cell {
            Cell::Text(name) => match self.anchors.row(name) {
                Some(row) if row != id => format!("<a href=\"#{row}\">{words}</a>"),
                _ => words,
            },
            Cell::Site(file, line) => match source_link(file, *line) {
                Some(page) => format!("<a href=\"{}\">{words}</a>", escape(&page)),
                None => words,
            },
            _ => words,
        }
    }
}

/// As wide as a number of bytes beside the largest of the table.
fn bar(bytes: u64, largest: u64) -> String {
    let width = bytes as f64 / largest as f64 * 100.0;
    format!(
        "<svg class=\"scale\" aria-hidden=\"true\"><rect width=\"{width:.1}%\" height=\"3\"/></svg>"
    )
}

/// What the script sorts by: the value of a number, or a file and a line.
fn key(cell: &Cell) -> String {
    if let Cell::Site(file, line) = cell {
        let line = line.unwrap_or_default();
        return format!(" data-file=\"{}\" data-line=\"{line}\"", escape(file));
    }
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    let value = cell.value().map(rounded);
    value.map_or(String::new(), |value| format!(" data-value=\"{value}\""))
}

fn right(table: &Table, column: usize) -> &'static str {
    let is = table.columns.get(column).is_some_and(|column| column.right);
    if is { " class=\"n\"" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{number, text};

    #[test]
    fn a_number_says_what_it_sorts_by() {
        let row = |name: &str, bytes| vec![name.into(), Cell::bytes(bytes)];
        let mut table = Table::of(
            vec![text("what"), number("B")],
            [
                row("a", 1024),
                row("b", 512),
                vec![Cell::Rest("and 2 smaller".into()), Cell::bytes(3)],
                row("all", 1539),
            ],
        );
        table.total = true;
        let mut out = String::new();
        sheet(&mut out, &table, 0, "Bytes", &Anchors::default());
        for part in [
            "<th scope=\"row\">b</th><td class=\"n\" data-value=\"512\">512<svg class=\"scale\" aria-hidden=\"true\"><rect width=\"50.0%\" height=\"3\"/></svg></td>",
            "<tr class=\"rest\"><th scope=\"row\">and 2 smaller</th>",
            "<tfoot>\n<tr><th scope=\"row\">all</th><td class=\"n\" data-value=\"1539\">1,539</td>",
        ] {
            assert!(out.contains(part), "{part}\n{out}");
        }
    }

    #[test]
    fn a_place_in_a_module_leads_to_its_source() {
        let file = "github.com/a/b@v1.0.0/a.go";
        let table = Table::of(vec![text("at")], [vec![Cell::line(file, 3)]]);
        let mut out = String::new();
        sheet(&mut out, &table, 0, "Places", &Anchors::default());
        let key = "data-file=\"github.com/a/b@v1.0.0/a.go\" data-line=\"3\"";
        let link = "<a href=\"https://github.com/a/b/blob/v1.0.0/a.go#L3\">github.com/a/b@v1.0.0/a.go:3</a>";
        assert!(out.contains(link) && out.contains(key), "{out}");
    }
}
