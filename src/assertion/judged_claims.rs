//! Judges each claim about a place in the sources by what the compiler said.

use std::collections::HashMap;

use super::{Absence, Claim, Outcome, Place, Status, Subject};
use crate::escape::call::Call;
use crate::escape::remark::Kind;
use crate::escape::{IdentifiedSite, Remark};
use crate::number::counted_of;

/// What the compiler said of a build.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Sites in the scope.
    pub(crate) sites: &'a [IdentifiedSite],
    /// Sites in the packages beside it.
    pub(crate) beyond: &'a [IdentifiedSite],
    /// Inlining and bounds checks, sorted.
    pub(crate) remarks: &'a [Remark],
}

/// Why there is no evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// It was not asked for: what needs it is unknown.
    Off,
    /// It could not be had: what must hold fails rather than pass unseen.
    Failed,
}

/// What is said where nothing was collected.
pub const OFF: &str = "`[escape] collect` is off";

/// What is said on a platform that is not meant.
pub const ELSEWHERE: &str = "it is asserted for other targets";

/// How many places that break one claim are listed.
const TOLD: usize = 10;

/// Judges every claim.
pub fn judge(subjects: &[Subject], evidence: Result<Evidence<'_>, Gap>) -> Vec<Outcome> {
    let facts = evidence.map(Facts::new);
    let mut outcomes = Vec::new();
    for (index, subject) in subjects.iter().enumerate() {
        for claim in &subject.claims {
            let judging = Judging {
                index,
                subject,
                claim,
            };
            outcomes.extend(judging.outcomes(facts.as_ref().map_err(|gap| *gap)));
        }
    }
    outcomes
}

/// [`Evidence`] by file.
struct Facts<'a> {
    sites: HashMap<&'a [u8], Vec<&'a IdentifiedSite>>,
    remarks: &'a [Remark],
}

impl<'a> Facts<'a> {
    fn new(evidence: Evidence<'a>) -> Self {
        let mut sites: HashMap<&[u8], Vec<&IdentifiedSite>> = HashMap::new();
        for it in evidence.sites.iter().chain(evidence.beyond) {
            if let (Some(source), true) = (&it.site.source, it.site.class.allocates()) {
                sites.entry(source).or_default().push(it);
            }
        }
        Self {
            sites,
            remarks: evidence.remarks,
        }
    }

    /// The remarks on some lines of a file.
    fn remarks(&self, source: &[u8], start: u32, end: u32) -> impl Iterator<Item = &'a Remark> {
        let place = |remark: &Remark| (remark.source.as_slice(), remark.line) < (source, start);
        let first = self.remarks.partition_point(place);
        let source = source.to_vec();
        self.remarks[first..]
            .iter()
            .take_while(move |remark| remark.source == source && remark.line <= end)
    }
}

struct Judging<'a> {
    index: usize,
    subject: &'a Subject,
    claim: &'a Claim,
}

/// The lines that a claim is about.
#[derive(Clone, Copy)]
struct Lines<'a> {
    source: &'a [u8],
    start: u32,
    end: u32,
    generic: bool,
    mapped: bool,
}

impl Judging<'_> {
    fn outcomes(&self, facts: Result<&Facts<'_>, Gap>) -> Vec<Outcome> {
        let lines = match &self.subject.place {
            Place::Absent(absence) => return vec![self.absent(absence)],
            Place::Lines {
                source,
                start,
                end,
                generic,
                mapped,
            } => Lines {
                source,
                start: *start,
                end: *end,
                generic: *generic,
                mapped: *mapped,
            },
        };
        if let Some(outcome) = self.without_compiler(lines) {
            return vec![outcome];
        }
        let facts = match facts {
            Ok(facts) => facts,
            Err(gap) => return vec![self.blind(lines, gap)],
        };
        self.by_compiler(facts, lines)
    }

    /// What needs nothing that the compiler says.
    fn without_compiler(&self, lines: Lines<'_>) -> Option<Outcome> {
        match self.claim {
            Claim::Exists => Some(self.outcome(lines, Status::Pass, "it exists")),
            Claim::MaxFrame(_) => {
                let message =
                    "stack frames stand in the executable: `gobuild-opt release` looks at them";
                Some(self.outcome(lines, Status::Unknown, message))
            }
            Claim::Odd(word) => Some(self.odd(lines, word)),
            Claim::NoEscape | Claim::Inlined | Claim::NoBoundsChecks => None,
        }
    }

    /// What the compiler says of the lines.
    fn by_compiler(&self, facts: &Facts<'_>, lines: Lines<'_>) -> Vec<Outcome> {
        if lines.mapped {
            let message =
                "its file has `//line` comments: what the compiler says is about other lines";
            return vec![self.outcome(lines, Status::Unknown, message)];
        }
        if lines.generic && self.is_silent(facts, lines) {
            let message =
                "it is generic, and the compiler said nothing of it: no instance in this build";
            return vec![self.outcome(lines, Status::NotApplicable, message)];
        }
        let broken = match self.claim {
            Claim::NoEscape => self.escapes(facts, lines),
            Claim::NoBoundsChecks => self.checks(facts, lines),
            _ if self.subject.whole => self.function_inlined(facts, lines),
            _ => self.line_inlined(facts, lines),
        };
        if broken.is_empty() {
            return vec![self.outcome(lines, Status::Pass, held(self.claim))];
        }
        cut(broken)
    }

    fn outcome(&self, lines: Lines<'_>, status: Status, message: impl Into<String>) -> Outcome {
        Outcome {
            subject: self.index,
            claim: self.claim.clone(),
            status,
            message: message.into(),
            hint: String::new(),
            source: Some(lines.source.to_vec()),
            line: lines.start,
            column: 0,
            excerpt: String::new(),
        }
    }

    fn broken(
        &self,
        lines: Lines<'_>,
        place: (u32, u32),
        message: String,
        hint: String,
    ) -> Outcome {
        Outcome {
            line: place.0,
            column: place.1,
            hint,
            ..self.outcome(lines, Status::Fail, message)
        }
    }

    fn blind(&self, lines: Lines<'_>, gap: Gap) -> Outcome {
        match gap {
            Gap::Off => self.outcome(lines, Status::Unknown, OFF),
            Gap::Failed => self.broken(
                lines,
                (lines.start, 0),
                "it could not be looked at: the compile for the escape report failed".into(),
                "the check `escapes` tells what go said".into(),
            ),
        }
    }

    fn absent(&self, absence: &Absence) -> Outcome {
        let (message, hint) = self.why_absent(absence);
        let is_other = matches!(absence, Absence::OtherTarget(_));
        Outcome {
            subject: self.index,
            claim: self.claim.clone(),
            status: match self.claim {
                Claim::Exists if !is_other => Status::Fail,
                _ => Status::NotApplicable,
            },
            message,
            hint,
            source: None,
            line: 0,
            column: 0,
            excerpt: String::new(),
        }
    }

    /// Why there is no such function, and what may be meant.
    fn why_absent(&self, absence: &Absence) -> (String, String) {
        let (package, function) = (&self.subject.package, &self.subject.function);
        let known = |near: &Option<String>, what: &str| match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("no {what} has a name like it"),
        };
        match absence {
            Absence::NoPackage(near) => (
                format!("the build has no package `{package}`"),
                known(near, "package of the build"),
            ),
            Absence::NoFunction(near) => (
                format!("`{package}` has no function `{function}`"),
                known(near, "function there"),
            ),
            Absence::Excluded(file) => (
                format!("it stands in {file}, which is not compiled for this platform"),
                String::new(),
            ),
            Absence::OtherTarget(targets) => (format!("{ELSEWHERE}: {targets}"), String::new()),
        }
    }

    fn odd(&self, lines: Lines<'_>, word: &str) -> Outcome {
        let known = ["inline", "noescape", "bce"];
        let hint = match crate::config::strict::nearest(word, known.into_iter()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the words are {}", known.join(", ")),
        };
        let place = (lines.start, 0);
        self.broken(
            lines,
            place,
            format!("`//gcassert:{word}` means nothing"),
            hint,
        )
    }

    fn is_silent(&self, facts: &Facts<'_>, lines: Lines<'_>) -> bool {
        facts
            .remarks(lines.source, lines.start, lines.end)
            .next()
            .is_none()
            && sites(facts, lines).next().is_none()
    }

    fn escapes(&self, facts: &Facts<'_>, lines: Lines<'_>) -> Vec<Outcome> {
        let outcome = |it: &IdentifiedSite| {
            let site = &it.site;
            self.broken(
                lines,
                (site.line, site.column),
                site.message.clone(),
                "`gobuild-opt escape --why FILE:LINE` shows the way to the heap".into(),
            )
        };
        sites(facts, lines).map(outcome).collect()
    }

    fn checks(&self, facts: &Facts<'_>, lines: Lines<'_>) -> Vec<Outcome> {
        let outcome = |remark: &Remark| {
            let what = match remark.kind {
                Kind::Index => "an index is checked when it runs (IsInBounds)",
                Kind::Slice => "the bounds of a slice are checked when it runs (IsSliceInBounds)",
                _ => return None,
            };
            let hint =
                "check the length once before, such as with `_ = s[n-1]`, or range over the slice";
            Some(self.broken(
                lines,
                (remark.line, remark.column),
                what.into(),
                hint.into(),
            ))
        };
        facts
            .remarks(lines.source, lines.start, lines.end)
            .filter_map(outcome)
            .collect()
    }

    fn line_inlined(&self, facts: &Facts<'_>, lines: Lines<'_>) -> Vec<Outcome> {
        let mut remarks = facts.remarks(lines.source, lines.start, lines.end);
        if remarks.any(|remark| remark.kind == Kind::Inlined) {
            return Vec::new();
        }
        let hint = "`gobuild-opt escape --almost 40` lists functions that cost a little too much";
        let message = "no call on the line is inlined".to_owned();
        vec![self.broken(lines, (lines.start, 0), message, hint.into())]
    }

    fn function_inlined(&self, facts: &Facts<'_>, lines: Lines<'_>) -> Vec<Outcome> {
        let mut remarks = facts.remarks(lines.source, lines.start, lines.end);
        let own = |remark: &Remark| {
            remark.kind == Kind::Inlinable && remark.name == self.subject.function
        };
        if !remarks.any(own) {
            let message = "the compiler cannot inline it".to_owned();
            let hint = "make it smaller, or move what is rare into a function of its own";
            return vec![self.broken(lines, (lines.start, 0), message, hint.into())];
        }
        let left = self.subject.calls.iter().filter(|(source, call)| {
            call.certain && !is_inlined(facts, source, call) && is_compiled(facts, source, call)
        });
        let outcome = |(source, call): &(Vec<u8>, Call)| {
            let message = "this call of it is not inlined".to_owned();
            let hint =
                "a call in a very large function, of `go`, or in code that never runs stays a call";
            Outcome {
                source: Some(source.clone()),
                ..self.broken(lines, (call.line, call.column), message, hint.into())
            }
        };
        left.map(outcome).collect()
    }
}

/// Allocating sites on some lines.
fn sites<'a>(facts: &'a Facts<'_>, lines: Lines<'_>) -> impl Iterator<Item = &'a IdentifiedSite> {
    let in_file = facts.sites.get(lines.source).into_iter().flatten();
    in_file
        .copied()
        .filter(move |site| (lines.start..=lines.end).contains(&site.site.line))
}

fn is_inlined(facts: &Facts<'_>, source: &[u8], call: &Call) -> bool {
    facts
        .remarks(source, call.line, call.line)
        .any(|remark| remark.kind == Kind::Inlined && remark.column == call.column)
}

/// Whether the code around a call is compiled: of generic code the compiler speaks only where it is.
fn is_compiled(facts: &Facts<'_>, source: &[u8], call: &Call) -> bool {
    call.generic
        .is_none_or(|(start, end)| facts.remarks(source, start, end).next().is_some())
}

fn held(claim: &Claim) -> &'static str {
    match claim {
        Claim::NoEscape => "nothing in it escapes to the heap",
        Claim::Inlined => "it is inlined",
        Claim::NoBoundsChecks => "no bounds check is left in it",
        Claim::Exists | Claim::MaxFrame(_) | Claim::Odd(_) => "",
    }
}

/// The first places, and how many more there are.
fn cut(mut broken: Vec<Outcome>) -> Vec<Outcome> {
    if broken.len() > TOLD {
        let more = broken.len() - TOLD;
        broken.truncate(TOLD);
        if let Some(last) = broken.last_mut() {
            last.message
                .push_str(&format!(", and {}", counted_of(more, "more place")));
        }
    }
    broken
}
