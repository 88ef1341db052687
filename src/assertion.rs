//! Judges what a project asserts of its functions.
//!
//! ```text
//! `[[assert]]`, `//gcassert:` comments  -- find ---> Subjects    the places in the sources they are about
//! Subjects, what the compiler said      -- judge --> Outcomes    one per claim that holds, one per place that breaks one
//! ```
//!
//! A claim that could not be looked at is unknown, never kept.

mod find;

mod judged_claims;

use serde::{Deserialize, Serialize};

use crate::escape::call::Call;

pub use find::{Files, find};
pub use judged_claims::{ELSEWHERE, Evidence, Gap, OFF, judge};

/// What is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nothing allocates on the heap.
    NoEscape,
    /// Calls are inlined.
    Inlined,
    /// No bounds check is left.
    NoBoundsChecks,
    /// The stack frame takes at most so many bytes.
    MaxFrame(u64),
    /// The function exists.
    Exists,
    /// A word that means nothing.
    Odd(String),
}

impl Claim {
    /// The key of `[[assert]]` behind it.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::NoEscape => "no-escape",
            Self::Inlined => "inlined",
            Self::NoBoundsChecks => "no-bounds-checks",
            Self::MaxFrame(_) => "max-frame",
            Self::Exists => "must-exist",
            Self::Odd(_) => "gcassert",
        }
    }
}

/// A place in the sources and what is claimed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The number of the `[[assert]]`; `None` for a comment.
    pub(crate) index: Option<usize>,
    /// What is claimed.
    pub(crate) claims: Vec<Claim>,
    /// The import path.
    pub(crate) package: String,
    /// The function as [`crate::escape::Function::name`] has it; empty for a line outside of any.
    pub(crate) function: String,
    /// Whether all of the function is meant, not a line of it.
    pub(crate) whole: bool,
    /// Where it is.
    pub(crate) place: Place,
    /// Why.
    pub(crate) reason: Option<String>,
    /// Calls of the function in the scope, where they are claimed to be inlined.
    pub(crate) calls: Vec<(Vec<u8>, Call)>,
}

impl Subject {
    /// `example.com/app/lib.(*Box).Get`
    pub(crate) fn name(&self) -> String {
        match self.function.as_str() {
            "" => self.package.clone(),
            function => format!("{}.{function}", self.package),
        }
    }
}

/// Where a subject is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Lines of a file, counted from 1, the last included.
    Lines {
        /// The absolute path.
        source: Vec<u8>,
        /// The first.
        start: u32,
        /// The last.
        end: u32,
        /// Generic code is compiled only where it is instantiated.
        generic: bool,
        /// The file says that its lines come from another one, and the compiler's lines are those.
        mapped: bool,
    },
    /// Nowhere.
    Absent(Absence),
}

/// Why a function is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Absence {
    /// No package of the build has that path; the nearest that exists.
    NoPackage(Option<String>),
    /// The package has no such function; the nearest that exists.
    NoFunction(Option<String>),
    /// It stands in a file that is not compiled for this platform.
    Excluded(String),
    /// It is asserted for other platforms: the patterns.
    OtherTarget(String),
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// It holds.
    Pass,
    /// It does not: exit code 1.
    Fail,
    /// There is nothing to hold it against on this platform.
    NotApplicable,
    /// It could not be looked at.
    Unknown,
}

/// What became of a claim, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The subject.
    pub(crate) subject: usize,
    /// The claim.
    pub(crate) claim: Claim,
    /// What became of it.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) message: String,
    /// What to do; empty where nothing.
    pub(crate) hint: String,
    /// The absolute path of the file; `None` where there is no place.
    pub(crate) source: Option<Vec<u8>>,
    /// Counted from 1; 0 where unknown.
    pub(crate) line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub(crate) column: u32,
    /// The line of source; empty where it was not read.
    pub(crate) excerpt: String,
}

impl Outcome {
    /// Whether it is about a call, not about the function itself.
    pub(crate) fn is_a_call(&self) -> bool {
        self.claim == Claim::Inlined && self.column > 0
    }
}

/// The assertions of a platform and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// What they are about.
    pub(crate) subjects: Vec<Subject>,
    /// What became of them.
    pub(crate) outcomes: Vec<Outcome>,
}
