//! The blocks that every readable format can draw.

use std::fmt::Display;

use super::cell::Cell;
use crate::report::picture::Picture;

/// A piece of a readable report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// What a group of blocks is about.
    Title(String),
    /// What the next block is about.
    Heading(String),
    /// A sentence.
    Line(Tone, String),
    /// Rows and columns.
    Table(Table),
    /// A treemap; formats of text leave it out.
    Picture(Picture),
    /// Differences between pairs of runs.
    Strip(Strip),
}

impl Block {
    /// What the next block is about.
    pub(crate) fn heading(words: impl Into<String>) -> Self {
        Self::Heading(words.into())
    }

    /// A fact.
    pub(crate) fn plain(words: impl Into<String>) -> Self {
        Self::Line(Tone::Plain, words.into())
    }

    /// All is well.
    pub(crate) fn good(words: impl Into<String>) -> Self {
        Self::Line(Tone::Good, words.into())
    }

    /// Worth a look.
    pub(crate) fn warn(words: impl Into<String>) -> Self {
        Self::Line(Tone::Warn, words.into())
    }

    /// What failed.
    pub(crate) fn bad(words: impl Into<String>) -> Self {
        Self::Line(Tone::Bad, words.into())
    }

    /// An aside.
    pub(crate) fn dim(words: impl Into<String>) -> Self {
        Self::Line(Tone::Dim, words.into())
    }

    /// A reason for which the run fails.
    pub(crate) fn failed(reason: impl Display) -> Self {
        Self::bad(format!("FAIL  {reason}"))
    }

    /// A gate that had nothing to look at.
    pub(crate) fn open(gate: impl Display) -> Self {
        Self::warn(format!("warn  {gate}"))
    }
}

/// Differences between pairs of runs, in percent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strip {
    /// What they are of.
    pub title: String,
    /// One for each pair, in order.
    pub points: Vec<f64>,
    /// The lower end of the interval.
    pub low: f64,
    /// The estimate.
    pub middle: f64,
    /// The upper end.
    pub high: f64,
    /// How far apart equals come out.
    pub floor: f64,
}

/// None of its numbers is NaN.
impl Eq for Strip {}

/// How a sentence is meant. Colour only adds to its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A fact.
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Failed.
    Bad,
    /// An aside.
    Dim,
}

/// Rows and columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Their titles.
    pub(crate) columns: Vec<Column>,
    /// One cell per column.
    pub(crate) rows: Vec<Vec<Cell>>,
    /// The last row is a sum.
    pub(crate) total: bool,
}

impl Table {
    /// Rows below their titles, none of them a sum.
    pub(crate) fn of(columns: Vec<Column>, rows: impl IntoIterator<Item = Vec<Cell>>) -> Self {
        Self {
            columns,
            rows: rows.into_iter().collect(),
            total: false,
        }
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its title.
    pub(crate) title: String,
    /// Numbers stand right.
    pub(crate) right: bool,
    /// Left out where there is little room.
    pub(crate) optional: bool,
    /// Counts of one kind, added up with the others of this kind that are small where there is little room.
    pub(crate) folds: bool,
}

/// A column of text.
pub(crate) fn text(title: &str) -> Column {
    Column {
        title: title.into(),
        ..Column::default()
    }
}

/// A column of numbers.
pub(crate) fn number(title: &str) -> Column {
    Column {
        title: title.into(),
        right: true,
        ..Column::default()
    }
}

/// A column of counts that stands in one with its like where there is little room.
pub(crate) fn folding(column: Column) -> Column {
    Column {
        folds: true,
        ..column
    }
}

/// A column that is left out where there is little room.
pub(crate) fn optional(column: Column) -> Column {
    Column {
        optional: true,
        ..column
    }
}
