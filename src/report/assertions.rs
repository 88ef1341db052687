//! Reports what became of assertions.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::built_file::shown;
use crate::analysis::Frames;
use crate::assertion::{Absence, Claim, Judged, Outcome, Place, Status};
use crate::config::size::human;

/// A claim about a function or a line, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Assertion {
    /// `no-escape`, `inlined`, `no-bounds-checks`, `max-frame`, `must-exist`; `gcassert` for a word that means nothing.
    pub(crate) claim: String,
    /// `example.com/app/lib.(*Box).Get`
    pub(crate) function: String,
    /// `[[assert]]` or `//gcassert`.
    pub(crate) origin: String,
    /// What became of it.
    pub(crate) status: Status,
    /// What was found.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// Why it is asserted.
    pub(crate) reason: Option<String>,
    /// The file, relative to the working directory where it lies below; `null` where there is no place.
    pub(crate) file: Option<String>,
    /// Counted from 1; 0 where unknown.
    pub(crate) line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub(crate) column: u32,
    /// The line of source; empty where it was not read.
    pub(crate) source: String,
    /// The number of the `[[assert]]`.
    #[serde(skip)]
    index: Option<usize>,
    /// Whether the build has no such function at all, so that its name may be misspelt.
    #[serde(skip)]
    missing: bool,
}

impl Assertion {
    /// `lib/box.go:12:3`; empty where there is no place.
    pub(crate) fn place(&self) -> String {
        match (&self.file, self.line, self.column) {
            (None, ..) => String::new(),
            (Some(file), 0, _) => file.clone(),
            (Some(file), line, 0) => format!("{file}:{line}"),
            (Some(file), line, column) => format!("{file}:{line}:{column}"),
        }
    }

    /// Whether it fails the run.
    pub(crate) fn failed(&self) -> bool {
        self.status == Status::Fail
    }
}

/// The assertions of a platform; with `frames`, of one of its executables.
pub(crate) fn assertions(judged: &Judged, frames: Option<&Frames>, cwd: &Path) -> Vec<Assertion> {
    let outcomes = judged.outcomes.iter();
    let mut found: Vec<Assertion> = outcomes
        .map(|outcome| assertion(judged, &in_executable(judged, outcome, frames), cwd))
        .collect();
    // Several calls that an executable has none of come to one line.
    found.dedup();
    found
}

fn assertion(judged: &Judged, outcome: &Outcome, cwd: &Path) -> Assertion {
    let subject = &judged.subjects[outcome.subject];
    let path = outcome.source.as_deref().map(String::from_utf8_lossy);
    let file = path.map(|path| shown(Path::new(&*path), cwd));
    let place = format!("{}:{}", file.as_deref().unwrap_or_default(), outcome.line);
    let hint = outcome.hint.replace("FILE:LINE", &place);
    let is_elsewhere = matches!(subject.place, Place::Absent(Absence::OtherTarget(_)));
    Assertion {
        claim: outcome.claim.key().to_owned(),
        function: subject.name(),
        origin: match subject.index {
            Some(_) => "[[assert]]".to_owned(),
            None => "//gcassert".to_owned(),
        },
        status: outcome.status,
        message: outcome.message.clone(),
        hint: Some(hint).filter(|text| !text.is_empty()),
        reason: subject.reason.clone(),
        file,
        line: outcome.line,
        column: outcome.column,
        source: outcome.excerpt.clone(),
        // Of a platform that is not meant nothing is known.
        index: subject.index.filter(|_| !is_elsewhere),
        missing: matches!(
            subject.place,
            Place::Absent(Absence::NoPackage(_) | Absence::NoFunction(_))
        ),
    }
}

/// What the finished executable adds: frames, and that no copy of an inlined function is left.
fn in_executable(judged: &Judged, outcome: &Outcome, frames: Option<&Frames>) -> Outcome {
    let mut outcome = outcome.clone();
    let subject = &judged.subjects[outcome.subject];
    let Some(frames) = frames.filter(|_| matches!(subject.place, Place::Lines { .. })) else {
        return outcome;
    };
    let frame = frames.frame(&subject.package, &subject.function);
    let is_failed_call = outcome.status == Status::Fail && subject.whole && outcome.is_a_call();
    match outcome.claim {
        Claim::MaxFrame(limit) => {
            (outcome.status, outcome.message) = frame_within(limit, frame);
            if outcome.status == Status::Fail {
                outcome.hint = "large arrays and structs by value, and what is inlined into it, make a frame large".to_owned();
            }
        }
        Claim::Inlined if is_failed_call && frame == Ok(None) => {
            outcome.status = Status::Pass;
            outcome.message = "the executable has no copy of it".to_owned();
            outcome.hint.clear();
            outcome.excerpt.clear();
            (outcome.line, outcome.column) = (0, 0);
        }
        _ => {}
    }
    outcome
}

/// Whether a frame is within its limit; `None` for a function of which no copy is left.
fn frame_within(limit: u64, frame: Result<Option<u32>, &str>) -> (Status, String) {
    let bytes = match frame {
        Err(why) => return (Status::Unknown, why.to_owned()),
        Ok(None) => {
            let words = "the executable has no copy of it: every call is inlined, or none is left";
            return (Status::NotApplicable, words.to_owned());
        }
        Ok(Some(bytes)) => u64::from(bytes),
    };
    let takes = format!("its frame takes {bytes} B");
    match bytes.checked_sub(limit) {
        None | Some(0) => (Status::Pass, takes),
        Some(over) => {
            let message = format!("{takes}, {over} B over {}", human(limit));
            (Status::Fail, message)
        }
    }
}

/// Turns what no platform has into a failure: a misspelt name must not look like a function that another platform has.
pub(crate) fn settle(platforms: &mut [&mut Vec<Assertion>]) {
    let mut seen: Vec<(usize, bool)> = Vec::new();
    for it in platforms.iter().flat_map(|platform| platform.iter()) {
        let Some(index) = it.index else { continue };
        match seen.iter_mut().find(|entry| entry.0 == index) {
            Some((_, missing)) => *missing &= it.missing,
            None => seen.push((index, it.missing)),
        }
    }
    for it in platforms
        .iter_mut()
        .flat_map(|platform| platform.iter_mut())
    {
        if it.index.is_some_and(|index| seen.contains(&(index, true))) {
            it.status = Status::Fail;
        }
    }
}
