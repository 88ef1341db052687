//! Writes a table in HTML with a caption; the script makes it sort and filter.

use super::escape;
use super::heading_anchors::{Anchors, row_id};
use crate::view::Table;

/// A table, as the block `at` of the page, about what `caption` says.
pub(crate) fn sheet(out: &mut String, table: &Table, at: usize, caption: &str, anchors: &Anchors) {
    let caption = escape(caption);
    out.push_str(&format!(
        "<div class=\"sheet\"><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n<caption class=\"off\">{caption}</caption>\n<thead><tr>"
    ));
    for (index, column) in table.columns.iter().enumerate() {
        let title = escape(&column.title);
        let cell = match title.is_empty() {
            true => format!("<td{}></td>", right(table, index)),
            false => format!("<th scope=\"col\"{}>{title}</th>", right(table, index)),
        };
        out.push_str(&cell);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (index, cells) in table.rows.iter().enumerate() {
        if table.total && index + 1 == table.rows.len() {
            out.push_str("</tbody>\n<tfoot>\n");
        }
        row(out, table, cells, &row_id(at, index), anchors);
    }
    let end = if table.total { "tfoot" } else { "tbody" };
    out.push_str(&format!("</{end}>\n</table></div></div>\n"));
}

fn row(out: &mut String, table: &Table, cells: &[String], id: &str, anchors: &Anchors) {
    let first = cells.first().map(String::as_str).unwrap_or_default();
    let rest = if is_sum(first) { " class=\"rest\"" } else { "" };
    let own = anchors.row(first) == Some(id);
    // Only what something leads to needs a name.
    let name = if own {
        format!(" id=\"{id}\"")
    } else {
        String::new()
    };
    out.push_str(&format!("<tr{name}{rest}>"));
    for (index, cell) in cells.iter().enumerate() {
        let text = match anchors.row(cell) {
            Some(target) if target != id => {
                format!("<a href=\"#{target}\">{}</a>", escape(cell))
            }
            _ => escape(cell),
        };
        let right = right(table, index);
        out.push_str(&match index {
            0 => format!("<th scope=\"row\"{right}>{text}</th>"),
            _ => format!("<td{right}>{text}</td>"),
        });
    }
    out.push_str("</tr>\n");
}

/// `and 1,234 smaller`, `17 changes below 256 B`: it stays below the others however they are sorted.
fn is_sum(name: &str) -> bool {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    name.strip_prefix("and ").is_some_and(is_number)
        || (is_number(name)
            && (name.contains(" changes below ") || name.contains(" change below ")))
}

fn right(table: &Table, column: usize) -> &'static str {
    let is = table.columns.get(column).is_some_and(|column| column.right);
    if is { " class=\"n\"" } else { "" }
}
