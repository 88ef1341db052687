//! Finds the places of a page that others link to: the row of a package, a module or a function, and the first finding.

use std::collections::HashMap;

use super::escape;
use crate::view::{Block, Cell, Table, Tone};

/// What has a name in the page.
#[derive(Debug, Default)]
pub(crate) struct Anchors {
    /// The row of a subject.
    rows: HashMap<String, String>,
    /// The blocks of the first failure and of the first warning.
    bad: Option<usize>,
    warn: Option<usize>,
}

/// The titles of first columns whose rows are worth a link.
const SUBJECTS: &[&str] = &["package", "module", "function"];

impl Anchors {
    /// Collects the anchors of a page. The first table that has a row for a subject counts.
    pub(crate) fn of(blocks: &[Block]) -> Self {
        let mut anchors = Self::default();
        for (at, block) in blocks.iter().enumerate() {
            match block {
                Block::Line(Tone::Bad, _) => anchors.bad = anchors.bad.or(Some(at)),
                Block::Line(Tone::Warn, _) => anchors.warn = anchors.warn.or(Some(at)),
                Block::Table(table) if is_about_subjects(table) => {
                    for (row, cells) in table.rows.iter().enumerate() {
                        if let Some(name) = cells.first().and_then(Cell::words) {
                            let id = row_id(at, row);
                            anchors.rows.entry(name.to_owned()).or_insert(id);
                        }
                    }
                }
                _ => {}
            }
        }
        anchors
    }

    /// The name of a block that is the first failure or the first warning.
    pub(crate) fn of_block(&self, at: usize) -> Option<&'static str> {
        match Some(at) {
            at if at == self.bad => Some("bad"),
            at if at == self.warn => Some("warn"),
            _ => None,
        }
    }

    /// The row that a subject has.
    pub(crate) fn row(&self, name: &str) -> Option<&str> {
        self.rows.get(name).map(String::as_str)
    }
}

fn is_about_subjects(table: &Table) -> bool {
    let first = table.columns.first().map(|column| column.title.as_str());
    first.is_some_and(|first| SUBJECTS.contains(&first))
}

/// The name of a row of the table that is the block `at`.
pub(crate) fn row_id(at: usize, row: usize) -> String {
    format!("t{at}r{row}")
}

/// A sentence in which the subjects that have a row lead there. A word is one where it looks like a path or a qualified
/// name: `fmt` alone may be anything.
pub(crate) fn linked(text: &str, anchors: &Anchors) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, word) in text.split(' ').enumerate() {
        if at > 0 {
            out.push(' ');
        }
        let core = word.trim_matches(['`', ',', ';', ':', '(', ')', '"']);
        let quoted = word.contains('`');
        let named = core.contains(['/', '.']) || quoted;
        match anchors.row(core).filter(|_| named && !core.is_empty()) {
            Some(id) => {
                let start = word.find(core).unwrap_or_default();
                let (before, rest) = word.split_at(start);
                let after = &rest[core.len()..];
                out.push_str(&escape(before));
                out.push_str(&format!("<a href=\"#{id}\">{}</a>", escape(core)));
                out.push_str(&escape(after));
            }
            None => out.push_str(&escape(word)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text;

    #[test]
    fn a_finding_leads_to_the_row_of_its_package() {
        let table = Table {
            columns: vec![text("package")],
            rows: vec![vec!["net/http".into()], vec!["fmt".into()]],
            total: false,
        };
        let blocks = [Block::Line(Tone::Bad, "x".into()), Block::Table(table)];
        let anchors = Anchors::of(&blocks);
        let shown = linked("`net/http`: fmt grew, see `fmt` <b>", &anchors);
        assert_eq!(
            shown,
            "`<a href=\"#t1r0\">net/http</a>`: fmt grew, see `<a href=\"#t1r1\">fmt</a>` &lt;b&gt;"
        );
        assert_eq!(anchors.of_block(0), Some("bad"));
    }
}
