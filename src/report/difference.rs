//! Compares two builds of one program: what a change of its sources does to escapes, code, frames and allocations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SCHEMA_VERSION, Site, Tool, Verdict};
use crate::build::benchmarks;
use crate::order::Order;

/// The report of `try`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// A trial fails no run.
    pub(crate) verdict: Verdict,
    /// The files that others stood in for, relative to the working directory where they lie below.
    pub(crate) files: Vec<String>,
    /// What was changed, as a unified diff; empty where an overlay says it.
    pub(crate) patch: String,
    /// Whether the change was written to the sources.
    pub(crate) written: bool,
    /// One entry per platform.
    pub(crate) targets: Vec<Target>,
    /// What benchmarks allocate; empty where none was asked for.
    pub(crate) benchmarks: Vec<Benchmark>,
}

impl Report {
    /// Of the trial of some files.
    pub(crate) fn of(files: Vec<String>, targets: Vec<Target>, benchmarks: Vec<Benchmark>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            verdict: Verdict::of(Vec::new()),
            files,
            patch: String::new(),
            written: false,
            targets,
            benchmarks,
        }
    }
}

/// A number before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pair {
    /// Without the change; `null`: it is not there.
    pub(crate) before: Option<u64>,
    /// With it; `null`: it is not there.
    pub(crate) after: Option<u64>,
}

impl Pair {
    /// Of two numbers that are known.
    pub(crate) fn of(before: u64, after: u64) -> Self {
        Self {
            before: Some(before),
            after: Some(after),
        }
    }

    /// How much it grows; negative where it shrinks.
    pub(crate) fn growth(self) -> i64 {
        let number =
            |bytes: Option<u64>| i64::try_from(bytes.unwrap_or_default()).unwrap_or(i64::MAX);
        number(self.after) - number(self.before)
    }
}

/// What differs on a platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Target {
    /// What gobuild-opt.lock calls it.
    pub(crate) key: String,
    /// The Go that compiles.
    pub(crate) go_version: String,
    /// Places that allocate; `null` where a side has no escape report.
    pub(crate) escapes: Option<Pair>,
    /// Sites that are there only with the change.
    pub(crate) new: Vec<Site>,
    /// Sites that are there only without it.
    pub(crate) gone: Vec<Site>,
    /// What is linked; empty for libraries.
    pub(crate) executables: Vec<Executable>,
    /// What else there is to say.
    pub(crate) notes: Vec<String>,
}

/// What differs in an executable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Executable {
    /// Its name.
    pub(crate) name: String,
    /// Bytes of the file.
    pub(crate) size: Pair,
    /// Bytes of machine code of functions; `null` where they cannot be read.
    pub(crate) code: Option<Pair>,
    /// Functions whose code or frame has another size, the largest difference first.
    pub(crate) functions: Vec<Function>,
}

/// A function that differs. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Function {
    /// Its symbol.
    pub name: String,
    /// Machine code.
    pub(crate) code: Pair,
    /// Stack frame.
    pub frame: Pair,
}

/// What a benchmark allocates per operation: before, by the lock or without a change, and after. What was measured is the least
/// of five runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Benchmark {
    /// The import path.
    pub(crate) package: String,
    /// `BenchmarkSearch/large`
    pub(crate) name: String,
    /// allocs/op
    pub(crate) allocs: Pair,
    /// B/op
    pub(crate) bytes: Pair,
}

/// An executable as one side built it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Built {
    /// Its name.
    pub(crate) name: String,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Code and frame by symbol; `None` where they cannot be read.
    pub(crate) functions: Option<BTreeMap<String, (u64, u64)>>,
}

/// What differs between two executables.
pub(crate) fn executable(before: &Built, after: &Built) -> Executable {
    let both = before.functions.as_ref().zip(after.functions.as_ref());
    let sum = |it: &BTreeMap<String, (u64, u64)>| it.values().map(|value| value.0).sum();
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
    all.order_by(|a, b| {
        let size =
            |function: &Function| function.code.growth().abs() + function.frame.growth().abs();
        size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
    });
    all
}

/// What differs between two runs of the same benchmarks.
pub(crate) fn benchmarks(
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
