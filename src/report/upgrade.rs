//! A program as it is and as the next Go or other modules would make it in, what differs out.

mod escapes;

mod godebug;

mod reason;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compare::Changes;
use super::difference::{Function, Pair};
use super::{SCHEMA_VERSION, Site, Tool, Verdict};
use crate::check::Status;

pub use escapes::{Drift, Placed, Told, tell};
pub use godebug::{Godebug, Held, Inputs as GodebugInputs, Refused, godebug, refused};
pub use reason::{Owner, Reasons, owners};

/// The report of `upgrade`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// A preview fails no run.
    pub verdict: Verdict,
    /// One entry per Go that was asked about; one where only modules were.
    pub previews: Vec<Preview>,
}

impl Report {
    /// Of some previews.
    pub fn of(previews: Vec<Preview>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: Verdict {
                pass: true,
                failures: Vec::new(),
                not_judged: Vec::new(),
                loosened: Vec::new(),
            },
            previews,
        }
    }
}

/// What one upgrade does.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Preview {
    /// As it is.
    pub before: Side,
    /// As it would be.
    pub after: Side,
    /// Modules whose version moves, of those that packages of the program come from.
    pub modules: Vec<Bump>,
    /// GODEBUG settings of the program that the new Go does not build; the rest of the preview is without them.
    pub refused: Vec<Refused>,
    /// One entry per platform.
    pub targets: Vec<Target>,
    /// What else is other at run time, known from the release notes.
    pub news: Vec<Fact>,
    /// What only the new Go reports; `null` where nobody asked.
    pub vet: Option<Vetted>,
    /// What building takes. Two runs of the same input differ here, and nowhere else.
    pub time: Time,
}

/// A side of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// `go1.27.3`
    pub go: String,
    /// The go line in force; `null` where there is none.
    pub go_line: Option<String>,
}

/// A module whose version moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bump {
    /// Its path.
    pub path: String,
    /// Its version before; `null`: the program had no package of it.
    pub before: Option<String>,
    /// Its version after; `null`: the program has no package of it any more.
    pub after: Option<String>,
    /// Whether it was asked for; others move with it.
    pub asked: bool,
}

/// What differs on a platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// What gobuild-opt.lock calls it.
    pub key: String,
    /// Packages of the build.
    pub packages: Pair,
    /// Those that were compiled for this preview; the rest came from the build cache.
    pub compiled: Pair,
    /// Places that allocate in own code; `null` where a side has no escape report.
    pub escapes: Option<Pair>,
    /// Sites that only the new build has.
    pub gained: Vec<Site>,
    /// Sites that only the old build has.
    pub lost: Vec<Site>,
    /// Sites of which it is known why only one side has them: no news of the program.
    pub told: Vec<Told>,
    /// The executables.
    pub executables: Vec<Executable>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// What differs in an executable. Sizes are bytes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Executable {
    /// Its name.
    pub name: String,
    /// The import path of its main package.
    pub package: String,
    /// Bytes of the file.
    pub size: Pair,
    /// What the bytes are for; `null` where a side does not tell.
    pub kinds: Option<Changes>,
    /// By module, the largest change first; empty where a side does not tell.
    pub modules: Vec<Owner>,
    /// By package, likewise.
    pub packages: Vec<Owner>,
    /// Machine code of own functions; `null` where a side does not tell.
    pub own_code: Option<Pair>,
    /// Own functions whose stack frame has another size, the largest difference first.
    pub frames: Vec<Function>,
    /// Calls in own code; `null` where a side does not tell.
    pub inlining: Option<Inlining>,
    /// Checks that see something else.
    pub checks: Vec<Changed>,
    /// GODEBUG defaults; `null` where the sources of the new Go are not there.
    pub godebug: Option<Godebug>,
    /// What the program makes of its container's CPU limit.
    pub processors: Processors,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// Calls in bodies of own functions that are inlined somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inlining {
    /// How many, each place once.
    pub calls: Pair,
    /// Those that only the new build inlines.
    pub gained: Vec<Call>,
    /// Those that only the old build inlines.
    pub lost: Vec<Call>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Call {
    /// The function whose body holds it.
    pub caller: String,
    /// The function that is called.
    pub callee: String,
    /// Its line, counted from the line of the caller's declaration.
    pub line: i64,
}

/// A check that sees something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// `gobuild-opt explain ID` is its manual.
    pub id: String,
    /// What it sees before; `null`: nothing.
    pub before: Option<Seen>,
    /// What it sees after; `null`: nothing.
    pub after: Option<Seen>,
}

/// What a check sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// What became of it.
    pub status: Status,
    /// In words.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// What a program makes of its container's CPU limit, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Processors {
    /// As it is.
    pub before: Option<String>,
    /// As it would be.
    pub after: Option<String>,
    /// As it would be once the go line moves to the new Go, too; `null` where that changes nothing.
    pub moved: Option<String>,
    /// What to do then.
    pub hint: Option<String>,
}

/// What changed in Go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// The version that brought it: `1.26`.
    pub since: String,
    /// What it is about.
    pub topic: String,
    /// What is other than before.
    pub fact: String,
    /// It holds only once the go line is at that version, too.
    pub with_go_line: bool,
    /// What brings the former behaviour back in the new Go; `null`: nothing.
    pub back: Option<String>,
    /// Where it is said.
    pub source: String,
}

/// What only the new Go reports of the packages of the line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vetted {
    /// Of `go vet`, in words.
    pub vet: String,
    /// Of `go fix`, in words.
    pub fix: String,
    /// The places, the hottest first.
    pub places: Vec<Place>,
}

/// A place that an analyzer reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// `vet` or `fix`.
    pub command: String,
    /// `internal/index/index.go:12`
    pub place: String,
    /// `rangeint`
    pub analyzer: String,
    /// Its words.
    pub message: String,
    /// Percent of the profile in the function; `null` without a profile.
    pub weight: Option<f64>,
}

/// CPU time of compilers and linkers, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Time {
    /// Packages that both sides compiled: what can be compared.
    pub packages: u64,
    /// Of those, before.
    pub before_ms: u64,
    /// Of those, after.
    pub after_ms: u64,
}
