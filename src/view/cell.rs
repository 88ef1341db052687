//! The cells of tables: what each holds, so that a format can sort, scale and link it, and the words that plain formats write.

use std::fmt::{self, Display, Formatter};

use crate::config::size::human;
use crate::number::{change, grouped};
use crate::report::difference::Pair;

/// A cell of a table. Its `Display` is what text and Markdown show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Words and names; empty for nothing.
    Text(String),
    /// The label of a row that stands for those that are not listed: `and 12 smaller`.
    Rest(String),
    /// A file of source, and a line of it.
    Site(String, Option<u32>),
    /// Bytes.
    Bytes(u64, Look),
    /// How many there are.
    Count(u64, Look),
    /// By how much a number changed: `+1,234`, or a dot for nothing.
    Delta(i128),
    /// Percent.
    Percent(f64, Digits),
    /// Seconds, of a column that names the unit.
    Seconds(f64),
    /// A number before and after.
    Pair(Pair),
    /// A number with words of its own: what it sorts by, and the words.
    Other(f64, String),
}

/// No number of a cell is NaN.
impl Eq for Cell {}

/// How plain formats write a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// `1,234`
    Plain,
    /// `1,234`, and a dot for none.
    Dotted,
    /// `1.21 KiB`: the unit that suits.
    Scaled,
}

/// How plain formats write percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digits {
    /// `31.2 %`
    Share,
    /// `+31.2 %`
    Growth,
    /// `31.2`, of a column that names the unit.
    One,
    /// `31.23`, of a column that names the unit.
    Two,
}

impl Default for Cell {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl From<&str> for Cell {
    fn from(words: &str) -> Self {
        Self::Text(words.to_owned())
    }
}

impl From<String> for Cell {
    fn from(words: String) -> Self {
        Self::Text(words)
    }
}

impl From<&String> for Cell {
    fn from(words: &String) -> Self {
        Self::Text(words.clone())
    }
}

/// Nothing where there is nothing.
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or_else(Self::default, Into::into)
    }
}

impl Cell {
    /// A line of a file of source.
    pub(crate) fn line(file: &str, line: u32) -> Self {
        Self::Site(file.to_owned(), Some(line))
    }

    /// A line of a function, counted from its first: `+3`.
    pub(crate) fn offset(lines: i64) -> Self {
        Self::Other(lines as f64, format!("{lines:+}"))
    }

    /// All digits of a number of bytes.
    pub(crate) fn bytes(bytes: u64) -> Self {
        Self::Bytes(bytes, Look::Plain)
    }

    /// All digits of a number of bytes, a dot for none.
    pub(crate) fn some_bytes(bytes: u64) -> Self {
        Self::Bytes(bytes, Look::Dotted)
    }

    /// Bytes in the unit that suits.
    pub(crate) fn size(bytes: u64) -> Self {
        Self::Bytes(bytes, Look::Scaled)
    }

    /// A number of things.
    pub(crate) fn count(count: u64) -> Self {
        Self::Count(count, Look::Plain)
    }

    /// A number of things, a dot for none.
    pub(crate) fn some(count: u64) -> Self {
        Self::Count(count, Look::Dotted)
    }

    /// What was added, or went.
    pub(crate) fn delta(before: u64, after: u64) -> Self {
        Self::Delta(i128::from(after) - i128::from(before))
    }

    /// A part of a whole, in percent.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        Self::Percent(part as f64 / whole.max(1) as f64 * 100.0, Digits::Share)
    }

    /// By how much a number grew, in percent; `new` where there was nothing before.
    pub(crate) fn growth(before: u64, after: u64) -> Self {
        match before {
            0 => "new".into(),
            _ => Self::Percent((after as f64 / before as f64 - 1.0) * 100.0, Digits::Growth),
        }
    }

    /// A share of a profile, a dot for next to nothing.
    pub(crate) fn weight(percent: Option<f64>) -> Self {
        match percent {
            Some(percent) if percent >= 0.05 => Self::Percent(percent, Digits::One),
            _ => Self::Other(percent.unwrap_or(0.0), "·".into()),
        }
    }

    /// Growth of nothing to nothing, which needs no words.
    pub(crate) fn same() -> Self {
        Self::Other(0.0, String::new())
    }

    /// Growth of something to nothing.
    pub(crate) fn gone() -> Self {
        Self::Other(-100.0, "gone".into())
    }

    /// Whether there is nothing to read.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Text(words) | Self::Other(_, words) if words.is_empty())
    }

    /// Words, where it is no number and no place.
    pub(crate) fn words(&self) -> Option<&str> {
        match self {
            Self::Text(words) => Some(words),
            _ => None,
        }
    }

    /// What to sort by; `None` for words.
    pub(crate) fn value(&self) -> Option<f64> {
        Some(match self {
            Self::Text(_) | Self::Rest(_) | Self::Site(..) => return None,
            Self::Bytes(number, _) | Self::Count(number, _) => *number as f64,
            Self::Delta(change) => *change as f64,
            Self::Percent(number, _) | Self::Seconds(number) | Self::Other(number, _) => *number,
            Self::Pair(pair) => pair.after.or(pair.before)? as f64,
        })
    }
}

impl Display for Cell {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(words) | Self::Rest(words) | Self::Other(_, words) => out.write_str(words),
            Self::Site(file, None) => out.write_str(file),
            Self::Site(file, Some(line)) => write!(out, "{file}:{line}"),
            Self::Bytes(0, Look::Dotted) | Self::Count(0, Look::Dotted) | Self::Delta(0) => {
                out.write_str("·")
            }
            Self::Bytes(bytes, Look::Scaled) => out.write_str(&human(*bytes)),
            Self::Bytes(number, _) | Self::Count(number, _) => out.write_str(&grouped(*number)),
            Self::Delta(change) => {
                let sign = if *change < 0 { '-' } else { '+' };
                let size = u64::try_from(change.unsigned_abs()).unwrap_or(u64::MAX);
                write!(out, "{sign}{}", grouped(size))
            }
            Self::Percent(percent, Digits::Share) => write!(out, "{percent:.1} %"),
            Self::Percent(percent, Digits::Growth) => write!(out, "{percent:+.1} %"),
            Self::Percent(percent, Digits::One) => write!(out, "{percent:.1}"),
            Self::Percent(percent, Digits::Two) | Self::Seconds(percent) => {
                write!(out, "{percent:.2}")
            }
            Self::Pair(it) => out.write_str(&pair(*it)),
        }
    }
}

/// `12 -> 10 (-2)`
pub(crate) fn pair(it: Pair) -> String {
    let side = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), grouped);
    let difference = match (it.before, it.after) {
        (Some(before), Some(after)) if before != after => format!(" ({})", change(before, after)),
        _ => String::new(),
    };
    format!("{} -> {}{difference}", side(it.before), side(it.after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_its_words_and_what_it_sorts_by() {
        for (cell, words, value) in [
            (Cell::from("net/http"), "net/http", None),
            (Cell::line("a.go", 12), "a.go:12", None),
            (Cell::Site("a.go".into(), None), "a.go", None),
            (Cell::bytes(0), "0", Some(0.0)),
            (Cell::some_bytes(0), "·", Some(0.0)),
            (Cell::some(1234), "1,234", Some(1234.0)),
            (Cell::size(1536), "1.50 KiB", Some(1536.0)),
            (Cell::delta(1500, 300), "-1,200", Some(-1200.0)),
            (Cell::delta(3, 3), "·", Some(0.0)),
            (Cell::share(1, 4), "25.0 %", Some(25.0)),
            (Cell::growth(4, 5), "+25.0 %", Some(25.0)),
            (Cell::growth(0, 5), "new", None),
            (Cell::gone(), "gone", Some(-100.0)),
            (Cell::Percent(0.414, Digits::Two), "0.41", Some(0.414)),
            (Cell::Pair(Pair::of(12, 10)), "12 -> 10 (-2)", Some(10.0)),
        ] {
            assert_eq!((cell.to_string().as_str(), cell.value()), (words, value));
        }
    }
}
