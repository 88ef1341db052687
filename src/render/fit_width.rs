//! What fits a terminal: which columns of a table, how wide, and texts that are too long.

use unicode_width::UnicodeWidthStr;

use crate::view::Table;

/// A text column behind the first wraps below this width.
const WRAPPED: usize = 36;

/// A label is never shorter than this.
const SHORTEST: usize = 8;

/// A label is not made shorter than this as long as there is an optional column to leave out.
pub(super) const LABEL: usize = 40;

/// The columns that are shown, and the width of the first.
pub(super) fn fit(table: &Table, available: usize) -> (Vec<usize>, usize) {
    let count = table.columns.len();
    let widths: Vec<usize> = (0..count).map(|column| width(table, column)).collect();
    let label = widths.first().copied().unwrap_or_default();
    let least = |column: usize| match table.columns[column].right {
        true => widths[column],
        false => widths[column].min(WRAPPED),
    };
    let others = |shown: &[usize]| shown.iter().skip(1).map(|it| least(*it) + 2).sum::<usize>();
    let mut shown: Vec<usize> = (0..count).collect();
    while others(&shown) + 2 + label.min(LABEL) > available {
        let mut last = shown.iter();
        let Some(at) = last.rposition(|index| table.columns[*index].optional) else {
            break;
        };
        shown.remove(at);
    }
    // Still too wide for a label that says anything: the last columns go.
    while others(&shown) + 2 + SHORTEST > available && shown.len() > 2 {
        shown.pop();
    }
    let label = label.min(available.saturating_sub(others(&shown) + 2));
    (shown, label.max(SHORTEST))
}

/// What is too long, with an ellipsis. A path keeps its first element and as many of the last as fit, a sentence its beginning,
/// a generic function its name; what is none of them its end.
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if let Some((name, types)) = text.split_once('[')
        && !name.is_empty()
        && width > 2 * SHORTEST
    {
        let room = width.saturating_sub(name.width() + 1);
        return if room < SHORTEST {
            format!("{}[…]", shortened(name, width - 3))
        } else {
            format!("{name}[{}", shortened(types, room))
        };
    }
    if text.contains(": ") {
        return beginning(text, width);
    }
    if let Some(path) = elements(text, width) {
        return path;
    }
    let mut tail = String::new();
    for c in text.chars().rev() {
        if tail.width() + 2 > width {
            break;
        }
        tail.insert(0, c);
    }
    format!("…{tail}")
}

/// `example.com/…/store`, `…/store`; `None` where not even the last element fits.
fn elements(path: &str, width: usize) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let (first, rest) = parts.split_first().filter(|parts| !parts.1.is_empty())?;
    let tail = |count: usize| rest[rest.len() - count..].join("/");
    let with_first = (1..rest.len())
        .rev()
        .map(|index| format!("{first}/…/{}", tail(index)));
    let without = (1..=rest.len())
        .rev()
        .map(|index| format!("…/{}", tail(index)));
    let mut fitting = with_first.chain(without);
    fitting.find(|text| text.width() <= width)
}

/// The words that fit, and an ellipsis.
fn beginning(text: &str, width: usize) -> String {
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 2 > width {
            break;
        }
        kept.push(c);
    }
    let end = kept.rfind(' ').filter(|at| *at > width / 2);
    kept.truncate(end.unwrap_or(kept.len()));
    format!("{}…", kept.trim_end_matches([' ', ',', ':', '(']))
}

pub(super) fn width(table: &Table, column: usize) -> usize {
    let cells = table
        .rows
        .iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.to_string().width());
    cells
        .chain([table.columns[column].title.width()])
        .max()
        .unwrap_or(0)
}
