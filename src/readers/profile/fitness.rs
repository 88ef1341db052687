//! Judges what `go build -pgo=<file>` makes of the bytes of a file, and what to do.
//!
//! Go accepts some profiles without any effect and still writes `-pgo=` into the build info, so a build that succeeds
//! proves nothing. Source: `internal/profile`, `cmd/internal/pgo` and `cmd/preprofile` of Go 1.21 to 1.27.

use serde::Serialize;

use super::{Kind, Origin, Profile, ReadError, edges, read};

/// Whether a file helps as `-pgo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Fitness {
    /// Go reads calls from it.
    Usable,
    /// There is nothing in it: Go accepts it without effect.
    Empty,
    /// A CPU profile without samples, or all of them 0: no effect.
    NoSamples,
    /// Samples, but none with a caller: no effect.
    NoCalls,
    /// Another kind of profile: Go refuses it.
    NotCpu(Kind),
    /// No call has a line, or the first line of its function: the compiler places none of them, without a word.
    NoLines,
    /// No function has a start line, as before Go 1.20: Go refuses it.
    NoStartLines,
    /// Output of `go tool preprofile`: the compiler takes it, `go build` refuses it.
    Preprofile,
    /// Not a profile: Go refuses it.
    Unreadable(ReadError),
}

/// What Go does with a file given as `-pgo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It compiles with the profile's calls.
    Applies,
    /// It compiles as if there was no profile, and still records `-pgo=`.
    Ignores,
    /// The build fails.
    Refuses,
}

/// What a file is worth as `-pgo`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Judgement {
    /// Whether it helps.
    pub fitness: Fitness,
    /// What it measures, where it can be read.
    pub kind: Option<Kind>,
    /// What it says about its origin, where it can be read.
    pub origin: Option<Origin>,
    /// Rows of its sample table: distinct stacks.
    pub stacks: usize,
    /// Times the program was stopped and looked at, where it counts them.
    pub samples: Option<i64>,
    /// Sum of what it measures: for a CPU profile nanoseconds of CPU time, which a slim one tells by samples and period.
    pub total: i64,
    /// Distinct calls that the compiler reads from it.
    pub edges: usize,
    /// Sum of the weights of these calls.
    pub edge_weight: i64,
    /// That of the calls whose line and the first line of whose function are known: the compiler places no other.
    placed_weight: i64,
}

const PREPROFILE: &[u8] = b"GO PREPROFILE V1\n";

/// Judges the bytes of a file.
pub fn judge(bytes: &[u8]) -> Judgement {
    if bytes.starts_with(PREPROFILE) {
        return Judgement::without_profile(Fitness::Preprofile);
    }
    match read(bytes) {
        Ok(profile) => judge_profile(&profile),
        Err(ReadError::Empty) => Judgement::without_profile(Fitness::Empty),
        Err(error) => Judgement::without_profile(Fitness::Unreadable(error)),
    }
}

/// Judges a profile that was read.
pub fn judge_profile(profile: &Profile) -> Judgement {
    let kind = profile.kind();
    let value = profile.pgo_value_index();
    let edges = value
        .map(|value| edges::edges(profile, value))
        .unwrap_or_default();
    Judgement {
        fitness: fitness(profile, value, &kind, &edges),
        origin: Some(profile.origin()),
        stacks: profile.raw().sample.len(),
        samples: profile
            .value_index("samples", "count")
            .map(|value_index| profile.total(value_index)),
        total: total(profile, &kind),
        edges: edges.edges.len(),
        edge_weight: edges.total,
        placed_weight: edges.placed,
        kind: Some(kind),
    }
}

fn total(profile: &Profile, kind: &Kind) -> i64 {
    let samples = profile.value_index("samples", "count");
    let nanoseconds = profile.value_index("cpu", "nanoseconds");
    match (kind, samples, nanoseconds) {
        (Kind::Cpu, _, Some(at)) => profile.total(at),
        (Kind::Cpu, Some(at), None) => profile.total(at).saturating_mul(profile.raw().period),
        _ => profile.total(profile.shown_value_index()),
    }
}

// The order is Go's: no samples, then the kind, then weights and start lines.
fn fitness(profile: &Profile, value: Option<usize>, kind: &Kind, edges: &edges::Edges) -> Fitness {
    if profile.raw().sample.is_empty() {
        Fitness::NoSamples
    } else if value.is_none() {
        Fitness::NotCpu(kind.clone())
    } else if !edges.weighted {
        Fitness::NoSamples
    } else if !edges.start_lines {
        Fitness::NoStartLines
    } else if edges.total == 0 {
        Fitness::NoCalls
    } else if edges.placed == 0 {
        Fitness::NoLines
    } else {
        Fitness::Usable
    }
}

impl Judgement {
    fn without_profile(fitness: Fitness) -> Self {
        Self {
            fitness,
            kind: None,
            origin: None,
            stacks: 0,
            samples: None,
            total: 0,
            edges: 0,
            edge_weight: 0,
            placed_weight: 0,
        }
    }

    /// Percent of the weight of the calls that the compiler cannot place, where that is worth a word.
    pub fn unplaced(&self) -> Option<f64> {
        const WORTH: f64 = 1.0;
        let missing = self.edge_weight.saturating_sub(self.placed_weight);
        let share = missing as f64 / self.edge_weight.max(1) as f64 * 100.0;
        (share >= WORTH).then_some(share)
    }

    /// What `go build -pgo=` of Go 1.`minor` does with the file.
    pub fn verdict(&self, minor: u32) -> Verdict {
        match &self.fitness {
            Fitness::Usable => Verdict::Applies,
            Fitness::Empty | Fitness::NoCalls | Fitness::NoLines => Verdict::Ignores,
            // From 1.23 to 1.26 samples that are all 0 fail, because no start line is seen.
            Fitness::NoSamples if self.stacks > 0 && (23..=26).contains(&minor) => Verdict::Refuses,
            Fitness::NoSamples => Verdict::Ignores,
            // Up to 1.22 Go looked for weights before it looked for start lines.
            Fitness::NoStartLines if self.edge_weight == 0 && minor < 23 => Verdict::Ignores,
            Fitness::NoStartLines => Verdict::Refuses,
            Fitness::NotCpu(_) | Fitness::Preprofile | Fitness::Unreadable(_) => Verdict::Refuses,
        }
    }
}

impl Fitness {
    /// One word or two for a table or a machine.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::Empty => "empty",
            Self::NoSamples => "no-samples",
            Self::NoCalls => "no-calls",
            Self::NoLines => "no-lines",
            Self::NotCpu(_) => "not-cpu",
            Self::NoStartLines => "no-start-lines",
            Self::Preprofile => "preprofile",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// What it is, as a sentence about "the profile".
    pub fn message(&self) -> String {
        match self {
            Self::Usable => "the profile is usable".into(),
            Self::Empty => "the profile is empty (Go accepts it without effect)".into(),
            Self::NoSamples => "the profile holds no samples (Go accepts it without effect)".into(),
            Self::NoCalls => {
                "no sample in the profile has a caller (Go accepts it without effect)".into()
            }
            Self::NoLines => {
                "no call in the profile has a line and the first line of its function (Go accepts it without effect)".into()
            }
            Self::NotCpu(Kind::Cpu) => {
                "the profile is a CPU profile without `samples/count` and `cpu/nanoseconds`, and Go reads nothing else".into()
            }
            Self::NotCpu(kind) => format!("the profile is {kind}, and Go takes only CPU profiles"),
            Self::NoStartLines => "the profile has no function start lines".into(),
            Self::Preprofile => {
                "the profile is the output of `go tool preprofile`, which `go build` cannot read"
                    .into()
            }
            Self::Unreadable(error) => error.to_string(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Usable => "nothing to do",
            Self::Empty => "collect it again, or remove the file and build without a profile",
            Self::NoSamples => {
                "collect it again while the program is under load, for 30 seconds or more"
            }
            Self::NoCalls => "collect it from the program itself, with stacks",
            Self::NoLines => "give the file as the program wrote it: a tool took the lines out",
            Self::NotCpu(Kind::Cpu) => {
                "give the file as runtime/pprof wrote it or /debug/pprof/profile served it: a tool changed its sample types"
            }
            Self::NotCpu(_) => {
                "fetch /debug/pprof/profile?seconds=30, or use pprof.StartCPUProfile"
            }
            Self::NoStartLines => {
                "collect it from a program built with Go 1.20 or later; if it was, a tool such as `pprof -proto` dropped them on the way: give the file as it was served"
            }
            Self::Preprofile => "give the profile it was made from",
            Self::Unreadable(error) => error.hint(),
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cpu => "a CPU profile",
            Self::Heap => "a heap profile",
            Self::Mutex => "a mutex profile",
            Self::Block => "a block profile",
            Self::Contention => "a mutex or block profile",
            Self::Goroutine => "a goroutine profile",
            Self::Threadcreate => "a threadcreate profile",
            Self::Other(types) => return write!(f, "a profile of `{types}`"),
        })
    }
}
