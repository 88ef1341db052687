//! Reports, lesson by lesson, what a project and its settings say about it: facts, and a finding where one is sure.
//!
//! Rows of `doctor` alone: they fail nothing, and a release does not show them.

mod limits;

mod rows;

pub mod scan;

mod strippable;

pub mod weighed;

use serde::{Deserialize, Serialize};

use crate::check::Status;
use crate::config::Config;
use crate::plan::Facts;

pub(crate) use limits::Limit;
pub(crate) use scan::{Scan, scan};
pub(crate) use strippable::{Strippable, of_file, of_report};
pub(crate) use weighed::Vetted;

/// What the rows look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    /// What go says about the target.
    pub(crate) facts: &'a Facts,
    /// What the user wants.
    pub(crate) config: &'a Config,
    /// The main package.
    pub(crate) package: &'a str,
    /// What stands in the sources.
    pub(crate) scan: &'a Scan,
    /// What stripping saves; `None` where no executable and no report tells.
    pub(crate) strippable: Option<&'a Strippable>,
    /// What go vet and go fix report; `None` where nobody asked.
    pub(crate) vetted: Option<&'a Vetted>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    /// The lesson: `gobuild-opt explain N` is its text.
    pub(crate) lesson: u8,
    /// Good, worth a look, or only a fact.
    pub(crate) status: Status,
    /// What is seen.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// All rows that have something to say, in the order of the lessons.
pub(crate) fn rows(look: &Look<'_>) -> Vec<Row> {
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
