//! What a project and its settings say about the lessons in, a row for each out: facts, and a finding where one is sure.
//!
//! Rows of `doctor` alone: they fail nothing, and a release does not show them.

mod limits;

mod rows;

pub mod scan;

pub mod weighed;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::Status;
use crate::config::Config;
use crate::plan::Facts;

pub use limits::Limit;
pub use scan::{Scan, scan};
pub use weighed::Vetted;

/// What the rows look at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// What go says about the target.
    pub facts: &'a Facts,
    /// What the user wants.
    pub config: &'a Config,
    /// The main package.
    pub package: &'a str,
    /// What stands in the sources.
    pub scan: &'a Scan,
    /// What go vet and go fix report; `None` where nobody asked.
    pub vetted: Option<&'a Vetted>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The lesson: `gobuild-opt explain N` is its text.
    pub lesson: u8,
    /// Good, worth a look, or only a fact.
    pub status: Status,
    /// What is seen.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// All rows that have something to say, in the order of the lessons.
pub fn rows(look: &Look<'_>) -> Vec<Row> {
    rows::ALL.iter().filter_map(|it| it(look)).collect()
}

impl Row {
    fn good(lesson: u8, message: impl Into<String>) -> Self {
        Self::new(lesson, Status::Pass, message, None)
    }

    fn fact(lesson: u8, message: impl Into<String>) -> Self {
        Self::new(lesson, Status::Skip, message, None)
    }

    fn warn(lesson: u8, message: impl Into<String>, hint: &str) -> Self {
        Self::new(lesson, Status::Warn, message, Some(hint.to_owned()))
    }

    fn new(lesson: u8, status: Status, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            lesson,
            status,
            message: message.into(),
            hint,
        }
    }
}
