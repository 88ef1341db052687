//! Reads pprof profiles: their samples, and what they are good for.
//!
//! ```text
//! bytes    -- read ----> Profile     checked tables, within bounds of time and memory
//! bytes    -- judge ---> Judgement   what Go does with this file as `-pgo`
//! Profile  -- edges ---> Edges       the compiler's whole view of it: weighted calls
//! Profiles -- merge ---> Profile     by weight, by duration, by samples
//! Profile  -- slim ----> bytes       only what the compiler reads
//! Profile  -- without -> Profile     some calls hidden from the compiler
//! Edges x2 -- diff ----> Diff        what became hot, what no longer is
//! Edges    -- health --> Health      how much still fits a program, by its binary or its sources
//! Profile  -- summary -> Summary     hot functions, hot calls, whose code
//! Profile  -- weights -> Weights     how much of it is spent in each function
//! ```
//!
//! Source of the format: pprof's `profile.proto`; of Go's reading of it: `internal/profile` and `cmd/internal/pgo`
//! (up to 1.22 `cmd/compile/internal/pgo`), Go 1.21 to 1.27.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

mod index;

pub mod proto;

mod sample;

mod read;

mod unreadable;

mod strings;

mod combine;

pub mod merge;

pub mod edges;

pub mod fitness;

pub mod symbol_parts;

pub mod diff;

pub mod slim;

pub mod without;

pub mod hot_summary;

pub mod trained;

pub mod health;

pub mod still_written;

pub mod weights;

pub mod worth;

pub use diff::{Diff, diff};
pub use edges::{Edge, Edges, edges};
pub use fitness::{Fitness, Judgement, judge};
pub use health::{Calls, Health, Program, health, worthless};
pub use hot_summary::{Owner, Summary, summary};
pub use merge::{Input, MergeError, Normalize, merge};
pub use read::{Limits, check, decompress, encode, read, read_within};
pub use slim::{Keep, Refreshed, Slim, SlimError, refresh, slim};
pub use still_written::Sources;
pub use unreadable::ReadError;
pub use weights::{Weights, weights};
pub use without::without;
pub use worth::{Worth, worth, worth_of};

/// A profile whose indices and IDs are known to hold.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// The tables as they stand in the file.
    raw: proto::Profile,
    mappings: index::Index,
    functions: index::Index,
    locations: index::Index,
}

/// What a profile measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Where the processor spends its time: what `-pgo` wants.
    Cpu,
    /// Allocated or live memory (`heap` and `allocs` hold the same numbers).
    Heap,
    /// Time that others waited for a lock, seen where it is released.
    Mutex,
    /// Time spent waiting, seen where it waits.
    Block,
    /// A mutex or a block profile: their headers are the same, and no stack told which.
    Contention,
    /// Stacks of goroutines.
    Goroutine,
    /// Stacks that created a thread.
    Threadcreate,
    /// Something else: its sample types.
    Other(String),
}

/// What a profile says about its own origin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Origin {
    /// When collection began, RFC 3339.
    pub time: Option<String>,
    /// How long it was collected, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Path of the program on the machine that ran it.
    pub program: Option<String>,
    /// Build ID of the program: the GNU build ID in hex where it has one.
    pub build_id: Option<String>,
    /// Go version of the program, where the paths of its standard library tell.
    pub go_version: Option<String>,
}

/// One frame of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Linker symbol name; empty where it is unknown.
    pub name: &'a [u8],
    /// Source file as the compiler wrote it; empty where it is unknown.
    pub file: &'a [u8],
    /// Line in the file; 0 is unknown.
    pub line: i64,
    /// Line of the function's declaration; 0 is unknown.
    pub start_line: i64,
    /// The call of this frame was inlined into the frame above it.
    pub inlined: bool,
}

impl Frame<'_> {
    /// The name as text.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.name)
    }
}

impl Profile {
    /// The tables. Their indices and IDs hold, except the unit of labels and `doc_url`.
    pub fn raw(&self) -> &proto::Profile {
        &self.raw
    }

    /// The bytes of a string; empty outside the table.
    pub fn bytes(&self, index: i64) -> &[u8] {
        let entry = usize::try_from(index)
            .ok()
            .and_then(|index| self.raw.string_table.get(index));
        entry.map_or(&[], Vec::as_slice)
    }

    /// A string as text; empty outside the table.
    pub fn text(&self, index: i64) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes(index))
    }

    /// The function with this ID.
    pub(crate) fn function(&self, id: u64) -> Option<&proto::Function> {
        self.raw.function.get(self.functions.get(id)?)
    }

    /// The mapping with this ID.
    pub(crate) fn mapping(&self, id: u64) -> Option<&proto::Mapping> {
        self.raw.mapping.get(self.mappings.get(id)?)
    }

    /// The location with this ID.
    pub(crate) fn location(&self, id: u64) -> Option<&proto::Location> {
        self.raw.location.get(self.locations.get(id)?)
    }

    /// The stack of a sample, leaf first, inlined calls as frames of their own.
    pub fn frames<'a>(&'a self, sample: &'a proto::Sample) -> impl Iterator<Item = Frame<'a>> {
        let locations = sample.location_id.iter();
        locations
            .filter_map(|id| self.location(*id))
            .flat_map(move |location| {
                let last = location.line.len().saturating_sub(1);
                let lines = location.line.iter().enumerate();
                lines.map(move |(at, line)| self.frame(line, at < last))
            })
    }

    fn frame(&self, line: &proto::Line, inlined: bool) -> Frame<'_> {
        let function = self.function(line.function_id).copied().unwrap_or_default();
        Frame {
            name: self.bytes(function.name),
            file: self.bytes(function.filename),
            line: line.line,
            start_line: function.start_line,
            inlined,
        }
    }

    /// The sample type with this name and unit.
    pub fn value_index(&self, r#type: &str, unit: &str) -> Option<usize> {
        let types = &self.raw.sample_type;
        types
            .iter()
            .position(|kind| self.is_type(kind, r#type, unit))
    }

    /// The values that `go tool pprof` shows: the default of the profile, else the last.
    pub fn shown_value_index(&self) -> usize {
        let types = &self.raw.sample_type;
        let default = self.bytes(self.raw.default_sample_type);
        let by_default = types
            .iter()
            .position(|kind| self.bytes(kind.r#type) == default);
        by_default.unwrap_or(types.len().saturating_sub(1))
    }

    /// The values that Go's compiler weighs with: samples, or the nanoseconds they stand for, whichever comes first.
    pub fn pgo_value_index(&self) -> Option<usize> {
        self.raw.sample_type.iter().position(|kind| {
            self.is_type(kind, "samples", "count") || self.is_type(kind, "cpu", "nanoseconds")
        })
    }

    fn is_type(&self, value: &proto::ValueType, r#type: &str, unit: &str) -> bool {
        self.bytes(value.r#type) == r#type.as_bytes() && self.bytes(value.unit) == unit.as_bytes()
    }

    /// The names of its sample types, such as `samples/count, cpu/nanoseconds`.
    pub fn sample_types(&self) -> String {
        let types = self.raw.sample_type.iter();
        let names: Vec<_> = types
            .map(|kind| format!("{}/{}", self.text(kind.r#type), self.text(kind.unit)))
            .collect();
        names.join(", ")
    }

    /// What it measures.
    pub fn kind(&self) -> Kind {
        let has = |name: &str| {
            let mut types = self.raw.sample_type.iter();
            types.any(|kind| self.bytes(kind.r#type) == name.as_bytes())
        };
        // A slim profile has only samples, but still tells what lies between two of them.
        let period = self.raw.period_type.unwrap_or_default();
        if has("cpu") || self.is_type(&period, "cpu", "nanoseconds") {
            Kind::Cpu
        } else if has("inuse_space") || has("alloc_space") {
            Kind::Heap
        } else if has("contentions") {
            self.contention()
        } else if has("goroutine") {
            Kind::Goroutine
        } else if has("threadcreate") {
            Kind::Threadcreate
        } else {
            Kind::Other(self.sample_types())
        }
    }

    // A mutex profile blames the frame that unlocks, a block profile the frame that waits; the headers are equal.
    fn contention(&self) -> Kind {
        let mut releases = 0usize;
        let mut waits = 0usize;
        for sample in &self.raw.sample {
            let leaf = self.frames(sample).next();
            let Some(leaf) = leaf.map(|frame| frame.name().to_ascii_lowercase()) else {
                continue;
            };
            if leaf.contains("unlock") || leaf.contains("_lostcontended") {
                releases += 1;
            } else {
                waits += 1;
            }
        }
        match releases.cmp(&waits) {
            std::cmp::Ordering::Greater => Kind::Mutex,
            std::cmp::Ordering::Less => Kind::Block,
            std::cmp::Ordering::Equal => Kind::Contention,
        }
    }

    /// When collection began.
    pub fn time(&self) -> Option<Timestamp> {
        let nanos = self.raw.time_nanos;
        (nanos > 0).then(|| Timestamp::from_nanosecond(i128::from(nanos)).ok())?
    }

    /// How long it was collected.
    pub(crate) fn duration(&self) -> Option<SignedDuration> {
        let nanos = self.raw.duration_nanos;
        (nanos > 0).then(|| SignedDuration::from_nanos(nanos))
    }

    /// What it says about its own origin.
    pub fn origin(&self) -> Origin {
        let main = self.raw.mapping.first().copied().unwrap_or_default();
        let known = |index| Some(self.text(index).into_owned()).filter(|text| !text.is_empty());
        Origin {
            time: self.time().map(|time| time.to_string()),
            duration_ms: self
                .duration()
                .map(|duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
            program: known(main.filename),
            build_id: known(main.build_id),
            go_version: self.go_version(),
        }
    }

    /// Sum of one value over all samples.
    pub fn total(&self, value: usize) -> i64 {
        let values = self
            .raw
            .sample
            .iter()
            .filter_map(|sample| sample.value.get(value));
        values.fold(0, |sum, value| sum.saturating_add(*value))
    }

    // The runtime writes no version, but without -trimpath the paths of the standard library often hold one.
    fn go_version(&self) -> Option<String> {
        let mut functions = self.raw.function.iter();
        functions.find_map(|function| {
            let file = self.text(function.filename);
            let (root, _) = file.rsplit_once("/src/runtime/")?;
            root.split(['/', '\\', '@']).rev().find_map(version_in)
        })
    }
}

/// `go1.24.3` from `go1.24.3` or from `v0.0.1-go1.24.3.linux-amd64`.
fn version_in(part: &str) -> Option<String> {
    let start = part.find("go1.")?;
    let digits: String = part[start + 2..]
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let digits = digits.trim_end_matches('.');
    (digits.len() > 2).then(|| format!("go{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_the_paths_of_go() {
        let found = [
            "go1.24.3",
            "v0.0.1-go1.25.0.linux-amd64",
            "go",
            "go1.",
            "cargo1.x",
        ];
        assert_eq!(
            found.map(version_in),
            [
                Some("go1.24.3".into()),
                Some("go1.25.0".into()),
                None,
                None,
                None
            ]
        );
    }
}
