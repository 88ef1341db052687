//! The result of a run: whether it passes, and with each sentence what it stands on. A failed budget is a result, not an error.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verdict {
    /// Exit code 0 or 1.
    pub(crate) pass: bool,
    /// A sentence for each budget and denied check that failed.
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub(crate) failures: Vec<Reason>,
    /// A sentence for each cause by which gates were not judged, where that does not fail.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub(crate) not_judged: Vec<Reason>,
    /// A sentence for each gate that the change loosens, where that does not fail.
    #[serde(default)]
    pub(crate) loosened: Vec<String>,
}

impl Verdict {
    /// Fails where there is a failure.
    pub(crate) fn of(failures: Vec<Reason>) -> Self {
        Self {
            pass: failures.is_empty(),
            failures,
            not_judged: Vec::new(),
            loosened: Vec::new(),
        }
    }

    /// Fails the run.
    pub(crate) fn fail(&mut self, reason: impl Into<Reason>) {
        self.pass = false;
        self.failures.push(reason.into());
    }

    /// Says that a gate was not judged.
    pub(crate) fn leave_open(&mut self, reason: impl Into<Reason>) {
        self.not_judged.push(reason.into());
    }

    /// The sentences of what fails the run.
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.failures.iter().map(Reason::to_string).collect()
    }
}

/// A sentence of the verdict. In JSON it is the sentence alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(crate) struct Reason {
    /// What the sentence is about.
    pub(crate) about: About,
    sentence: String,
}

/// What a sentence of the verdict is about: the report shows some of these in a place of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// A site that is new.
    Site,
    /// An assertion.
    Assertion,
    /// A check of an executable.
    Check {
        /// The ID of the check.
        id: String,
        /// The executable: `api linux/amd64`.
        of: String,
    },
    /// Gates that were not judged, which a check says, too.
    SaidByCheck,
    /// Something else, or a report that was read from a file.
    Other,
}

impl About {
    /// A sentence about this.
    pub(crate) fn says(self, sentence: String) -> Reason {
        Reason {
            about: self,
            sentence,
        }
    }
}

impl From<String> for Reason {
    fn from(sentence: String) -> Self {
        About::Other.says(sentence)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.sentence
    }
}

impl AsRef<str> for Reason {
    fn as_ref(&self) -> &str {
        &self.sentence
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
