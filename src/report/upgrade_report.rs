//! The report of `upgrade`: what differs between a program as it is and as the next Go or other modules would make it.

mod compiler_news;

mod godebug;

mod proved;

mod bump_reason;

use serde::Serialize;

use super::comparison::Changes;
use super::difference::{Function, Pair};
use super::picture::Picture;
use super::{SCHEMA_VERSION, Site, Tool, Verdict};
use crate::check::Status;

pub(crate) use bump_reason::{Owner, Reasons, owners};
pub(crate) use compiler_news::{Drift, Placed, Told, tell};
pub(crate) use godebug::{Godebug, Held, Inputs as GodebugInputs, Refused, godebug, refused};
pub(crate) use proved::Proved;

/// The report of `upgrade`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// A preview fails no run.
    pub(crate) verdict: Verdict,
    /// One entry per Go that was asked about; one where only modules were.
    pub(crate) previews: Vec<Preview>,
}

impl Report {
    /// Of some previews.
    pub(crate) fn of(previews: Vec<Preview>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: Verdict::of(Vec::new()),
            previews,
        }
    }
}

/// What one upgrade does.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Preview {
    /// As it is.
    pub(crate) before: Side,
    /// As it would be.
    pub(crate) after: Side,
    /// Modules whose version moves, of those that packages of the program come from.
    pub(crate) modules: Vec<Bump>,
    /// GODEBUG settings of the program that the new Go does not build; the rest of the preview is without them.
    pub(crate) refused: Vec<Refused>,
    /// One entry per platform.
    pub(crate) targets: Vec<Target>,
    /// What else is other at run time, known from the release notes.
    pub(crate) news: Vec<Fact>,
    /// What only the new Go reports; `null` where nobody asked.
    pub(crate) vet: Option<Vetted>,
    /// Which needs less; `null` where nobody asked.
    pub(crate) proved: Option<Proved>,
    /// What building takes. Two runs of the same input differ here and in `proved`, and nowhere else.
    pub(crate) time: Time,
}

/// A side of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Side {
    /// `go1.27.3`
    pub(crate) go: String,
    /// The go line in force; `null` where there is none.
    pub(crate) go_line: Option<String>,
}

/// A module whose version moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Bump {
    /// Its path.
    pub(crate) path: String,
    /// Its version before; `null`: the program had no package of it.
    pub(crate) before: Option<String>,
    /// Its version after; `null`: the program has no package of it any more.
    pub(crate) after: Option<String>,
    /// Whether it was asked for; others move with it.
    pub(crate) asked: bool,
}

/// What differs on a platform.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Target {
    /// What gobuild-opt.lock calls it.
    pub(crate) key: String,
    /// Packages of the build.
    pub(crate) packages: Pair,
    /// Those that were compiled for this preview; the rest came from the build cache.
    pub(crate) compiled: Pair,
    /// Places that allocate in own code; `null` where a side has no escape report.
    pub(crate) escapes: Option<Pair>,
    /// Sites that only the new build has.
    pub(crate) gained: Vec<Site>,
    /// Sites that only the old build has.
    pub(crate) lost: Vec<Site>,
    /// Sites of which it is known why only one side has them: no news of the program.
    pub(crate) told: Vec<Told>,
    /// The executables.
    pub(crate) executables: Vec<Executable>,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
}

/// What differs in an executable. Sizes are bytes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Executable {
    /// Its name.
    pub(crate) name: String,
    /// The import path of its main package.
    pub(crate) package: String,
    /// Bytes of the file.
    pub(crate) size: Pair,
    /// What the bytes are for; `null` where a side does not tell.
    pub(crate) kinds: Option<Changes>,
    /// By module, the largest change first; empty where a side does not tell.
    pub(crate) modules: Vec<Owner>,
    /// By package, likewise.
    pub(crate) packages: Vec<Owner>,
    /// Machine code of own functions; `null` where a side does not tell.
    pub(crate) own_code: Option<Pair>,
    /// Own functions whose stack frame has another size, the largest difference first.
    pub(crate) frames: Vec<Function>,
    /// Calls in own code; `null` where a side does not tell.
    pub(crate) inlining: Option<Inlining>,
    /// Checks that see something else.
    pub(crate) checks: Vec<Changed>,
    /// GODEBUG defaults; `null` where the sources of the new Go are not there.
    pub(crate) godebug: Option<Godebug>,
    /// What the program makes of its container's CPU limit.
    pub(crate) processors: Processors,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
    /// What came and went, as a treemap; `None` where none is drawn.
    #[serde(skip)]
    pub(crate) picture: Option<Picture>,
}

/// Calls in bodies of own functions that are inlined somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Inlining {
    /// How many, each place once.
    pub(crate) calls: Pair,
    /// Those that only the new build inlines.
    pub(crate) gained: Vec<Call>,
    /// Those that only the old build inlines.
    pub(crate) lost: Vec<Call>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Call {
    /// The function whose body holds it.
    pub(crate) caller: String,
    /// The function that is called.
    pub(crate) callee: String,
    /// Its line, counted from the line of the caller's declaration.
    pub(crate) line: i64,
}

/// A check that sees something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    /// `gobuild-opt explain ID` is its manual.
    pub(crate) id: String,
    /// What it sees before; `null`: nothing.
    pub(crate) before: Option<Seen>,
    /// What it sees after; `null`: nothing.
    pub(crate) after: Option<Seen>,
}

/// What a check sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Seen {
    /// What became of it.
    pub(crate) status: Status,
    /// In words.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

/// What a program makes of its container's CPU limit, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Processors {
    /// As it is.
    pub(crate) before: Option<String>,
    /// As it would be.
    pub(crate) after: Option<String>,
    /// As it would be once the go line moves to the new Go, too; `null` where that changes nothing.
    pub(crate) moved: Option<String>,
    /// What to do then.
    pub(crate) hint: Option<String>,
}

/// What changed in Go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Fact {
    /// The version that brought it: `1.26`.
    pub(crate) since: String,
    /// What it is about.
    pub(crate) topic: String,
    /// What is other than before.
    pub(crate) fact: String,
    /// It holds only once the go line is at that version, too.
    pub(crate) with_go_line: bool,
    /// What brings the former behaviour back in the new Go; `null`: nothing.
    pub(crate) back: Option<String>,
    /// Where it is said.
    pub(crate) source: String,
}

/// What only the new Go reports of the packages of the line.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Vetted {
    /// Of `go vet`, in words.
    pub(crate) vet: String,
    /// Of `go fix`, in words.
    pub(crate) fix: String,
    /// The places, the hottest first.
    pub(crate) places: Vec<Place>,
}

/// A place that an analyzer reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Place {
    /// `vet` or `fix`.
    pub(crate) command: String,
    /// `internal/index/index.go:12`
    pub(crate) place: String,
    /// `rangeint`
    pub(crate) analyzer: String,
    /// Its words.
    pub(crate) message: String,
    /// Percent of the profile in the function; `null` without a profile.
    pub(crate) weight: Option<f64>,
}

/// CPU time of compilers and linkers, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Time {
    /// Packages that both sides compiled: what can be compared.
    pub(crate) packages: u64,
    /// Of those, before.
    pub(crate) before_ms: u64,
    /// Of those, after.
    pub(crate) after_ms: u64,
}
