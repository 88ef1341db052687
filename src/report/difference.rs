//! Two builds of one program in, what a change of its sources does to escapes, code, frames and allocations out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SCHEMA_VERSION, Site, Tool, Verdict};
use crate::build::benchmarks;

/// The report of `try`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// A trial fails no run.
    pub verdict: Verdict,
    /// The files that others stood in for, relative to the working directory where they lie below.
    pub files: Vec<String>,
    /// What was changed, as a unified diff; empty where an overlay says it.
    pub patch: String,
    /// Whether the change was written to the sources.
    pub written: bool,
    /// One entry per platform.
    pub targets: Vec<Target>,
    /// What benchmarks allocate; empty where none was asked for.
    pub benchmarks: Vec<Benchmark>,
}

impl Report {
    /// Of the trial of some files.
    pub fn of(files: Vec<String>, targets: Vec<Target>, benchmarks: Vec<Benchmark>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: Verdict {
                pass: true,
                failures: Vec::new(),
                not_judged: Vec::new(),
                loosened: Vec::new(),
            },
            files,
            patch: String::new(),
            written: false,
            targets,
            benchmarks,
        }
    }
}

/// A number before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    /// Without the change; `null`: it is not there.
    pub before: Option<u64>,
    /// With it; `null`: it is not there.
    pub after: Option<u64>,
}

impl Pair {
    /// Of two numbers that are known.
    pub fn of(before: u64, after: u64) -> Self {
        Self {
            before: Some(before),
            after: Some(after),
        }
    }

    /// How much it grows; negative where it shrinks.
    pub fn growth(self) -> i64 {
        let number =
            |bytes: Option<u64>| i64::try_from(bytes.unwrap_or_default()).unwrap_or(i64::MAX);
        number(self.after) - number(self.before)
    }
}

/// What differs on a platform.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// What gobuild-opt.lock calls it.
    pub key: String,
    /// The Go that compiles.
    pub go_version: String,
    /// Places that allocate; `null` where a side has no escape report.
    pub escapes: Option<Pair>,
    /// Sites that are there only with the change.
    pub new: Vec<Site>,
    /// Sites that are there only without it.
    pub gone: Vec<Site>,
    /// What is linked; empty for libraries.
    pub executables: Vec<Executable>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// What differs in an executable.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Executable {
    /// Its name.
    pub name: String,
    /// Bytes of the file.
    pub size: Pair,
    /// Bytes of machine code of functions; `null` where they cannot be read.
    pub code: Option<Pair>,
    /// Functions whose code or frame has another size, the largest difference first.
    pub functions: Vec<Function>,
}

/// A function that differs. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Function {
    /// Its symbol.
    pub name: String,
    /// Machine code.
    pub code: Pair,
    /// Stack frame.
    pub frame: Pair,
}

/// What a benchmark allocates per operation: before, by the lock or without a change, and after. What was measured is the least
/// of five runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Benchmark {
    /// The import path.
    pub package: String,
    /// `BenchmarkSearch/large`
    pub name: String,
    /// allocs/op
    pub allocs: Pair,
    /// B/op
    pub bytes: Pair,
}

/// An executable as one side built it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// Its name.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// Code and frame by symbol; `None` where they cannot be read.
    pub functions: Option<BTreeMap<String, (u64, u64)>>,
}

/// What differs between two executables.
pub fn executable(before: &Built, after: &Built) -> Executable {
    let both = before.functions.as_ref().zip(after.functions.as_ref());
    let sum = |it: &BTreeMap<String, (u64, u64)>| it.values().map(|it| it.0).sum();
    Executable {
        name: after.name.clone(),
        size: Pair::of(before.size, after.size),
        code: both.map(|(old, new)| Pair::of(sum(old), sum(new))),
        functions: both.map_or(Vec::new(), |(old, new)| functions(old, new)),
    }
}

fn functions(
    old: &BTreeMap<String, (u64, u64)>,
    new: &BTreeMap<String, (u64, u64)>,
) -> Vec<Function> {
    let alone = old.keys().filter(|key| !new.contains_key(*key));
    let names = new.keys().chain(alone);
    let function = |name: &String| {
        let (before, after) = (old.get(name), new.get(name));
        let pair = |of: fn(&(u64, u64)) -> u64| Pair {
            before: before.map(of),
            after: after.map(of),
        };
        Function {
            name: name.clone(),
            code: pair(|it| it.0),
            frame: pair(|it| it.1),
        }
    };
    let differs = |function: &Function| {
        function.code.before != function.code.after || function.frame.growth() != 0
    };
    let mut all: Vec<Function> = names.map(function).filter(differs).collect();
    all.sort_by(|a, b| {
        let size =
            |function: &Function| function.code.growth().abs() + function.frame.growth().abs();
        size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
    });
    all
}

/// What differs between two runs of the same benchmarks.
pub fn benchmarks(
    before: &[benchmarks::Measured],
    after: &[benchmarks::Measured],
) -> Vec<Benchmark> {
    type Values = (Option<(u64, u64)>, Option<(u64, u64)>);
    let mut all: BTreeMap<(&str, &str), Values> = BTreeMap::new();
    for it in before {
        let entry = all.entry((&it.package, &it.name)).or_default();
        entry.0 = Some((it.allocs, it.bytes));
    }
    for it in after {
        let entry = all.entry((&it.package, &it.name)).or_default();
        entry.1 = Some((it.allocs, it.bytes));
    }
    let benchmark = |((package, name), (before, after)): ((&str, &str), Values)| Benchmark {
        package: package.to_owned(),
        name: name.to_owned(),
        allocs: Pair {
            before: before.map(|before| before.0),
            after: after.map(|after| after.0),
        },
        bytes: Pair {
            before: before.map(|before| before.1),
            after: after.map(|after| after.1),
        },
    };
    all.into_iter().map(benchmark).collect()
}
