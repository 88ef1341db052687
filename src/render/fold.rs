//! Adds up the smallest columns of a table that has more of one kind than there is room for.

use super::fit_width::{LABEL, fit, width};
use crate::order::Order;
use crate::view::{Cell, Table, number};

/// Columns of a kind that stay as they are in the narrowest terminal.
const KEPT: usize = 3;

/// What the others are called together.
const REST: &str = "rest";

/// The table with as few columns added up as it takes for labels to be read; `None` where they have room.
pub(crate) fn fold(table: &Table, available: usize) -> Option<Table> {
    let has_room = |table: &Table| fit(table, available).1 >= width(table, 0).min(LABEL);
    let kind: Vec<usize> = (0..table.columns.len())
        .filter(|index| table.columns[*index].folds)
        .collect();
    if kind.len() <= KEPT + 1 || has_room(table) {
        return None;
    }
    let mut smallest = kind;
    smallest.order_by_key(|it| sum(table, *it));
    let tables = (2..=smallest.len() - KEPT).map(|count| added_up(table, &smallest[..count]));
    let mut last = None;
    for folded in tables {
        if has_room(&folded) {
            return Some(folded);
        }
        last = Some(folded);
    }
    last
}

/// A total counts as a row like the others: it makes all sums twice as large.
fn sum(table: &Table, column: usize) -> u64 {
    table.rows.iter().map(|row| count(row, column)).sum()
}

fn count(row: &[Cell], column: usize) -> u64 {
    match row.get(column) {
        Some(Cell::Count(count, _)) => *count,
        _ => 0,
    }
}

fn added_up(table: &Table, columns: &[usize]) -> Table {
    let kept: Vec<usize> = (0..table.columns.len())
        .filter(|index| !columns.contains(index))
        .collect();
    // Behind the last column of the kind that stays.
    let last = kept.iter().rposition(|index| table.columns[*index].folds);
    let at = last.map_or(kept.len(), |last| last + 1);
    let row = |row: &Vec<Cell>| {
        let cells = kept.iter().map(|index| row.get(*index).cloned());
        let mut cells: Vec<Cell> = cells.map(Option::unwrap_or_default).collect();
        let rest = columns.iter().map(|column| count(row, *column)).sum();
        cells.insert(at, Cell::some(rest));
        cells
    };
    let titles = kept.iter().map(|index| table.columns[*index].clone());
    let mut titles: Vec<_> = titles.collect();
    titles.insert(at, number(REST));
    Table {
        columns: titles,
        rows: table.rows.iter().map(row).collect(),
        total: table.total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{folding, text};

    fn table() -> Table {
        let classes = ["moved", "append", "boxing", "closure", "conv", "other"];
        let mut columns = vec![text("package"), number("sites")];
        columns.extend(classes.map(|class| folding(number(class))));
        let row = |name: &str| {
            let counts = [21, 1, 5, 9, 3, 2, 1].map(Cell::some);
            std::iter::once(name.into()).chain(counts).collect()
        };
        Table {
            columns,
            rows: vec![row("example.com/shop/internal/httpapi"), row("all")],
            total: true,
        }
    }

    #[test]
    fn the_smallest_columns_are_one_where_labels_have_no_room() {
        let check = |available| {
            let folded = fold(&table(), available)?;
            let titles: Vec<&str> = folded
                .columns
                .iter()
                .map(|column| column.title.as_str())
                .collect();
            let cells = folded.rows[0][2..].iter().map(Cell::to_string);
            let cells: Vec<String> = cells.collect();
            Some(format!("{}: {}", titles.join(" "), cells.join(" ")))
        };
        assert_eq!(check(200), None);
        assert_eq!(
            check(85).as_deref(),
            Some("package sites append boxing closure conv rest: 5 9 3 2 2")
        );
        assert_eq!(
            check(60).as_deref(),
            Some("package sites append boxing closure rest: 5 9 3 4")
        );
    }
}
