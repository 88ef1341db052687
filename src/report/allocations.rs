//! Makes the report of `bench`: compares what benchmarks allocate with what the lock says.

use serde::{Deserialize, Serialize};

use super::difference::{Benchmark, Pair};
use super::{SCHEMA_VERSION, Tool, Verdict};
use crate::build::benchmarks::Measured;
use crate::lock::{Allocations, FILE, Platform};
use crate::number::counted_of;

/// The report of `bench`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// Whether none allocates more than the lock says.
    pub(crate) verdict: Verdict,
    /// What gobuild-opt.lock calls the platform.
    pub(crate) key: String,
    /// The Go that compiles.
    pub(crate) go_version: String,
    /// By package and name.
    pub(crate) benchmarks: Vec<Benchmark>,
}

impl Benchmark {
    /// Its name in the lock.
    pub(crate) fn key(&self) -> String {
        format!("{}.{}", self.package, self.name)
    }

    /// How much more it allocates than `before` says.
    pub(crate) fn sentence(&self, before: &str) -> String {
        let number = |bytes: Option<u64>| bytes.unwrap_or_default();
        format!(
            "{} allocates {} B in {} allocs/op; {before} {} B in {}",
            self.key(),
            number(self.bytes.after),
            number(self.allocs.after),
            number(self.bytes.before),
            number(self.allocs.before),
        )
    }

    /// Whether it allocates more than the lock says.
    pub(crate) fn is_worse(&self) -> bool {
        let more = |pair: Pair| pair.before.is_some() && pair.growth() > 0;
        more(self.allocs) || more(self.bytes)
    }

    /// Whether it allocates less, and nothing more.
    pub(crate) fn is_better(&self) -> bool {
        let less = |pair: Pair| pair.before.is_some() && pair.growth() < 0;
        (less(self.allocs) || less(self.bytes)) && !self.is_worse()
    }

    /// What the lock says of it from now on.
    pub(crate) fn entry(&self, reason: Option<String>) -> Allocations {
        Allocations {
            allocs: self.allocs.after.unwrap_or_default(),
            bytes: self.bytes.after.unwrap_or_default(),
            reason,
        }
    }
}

/// Holds what was measured against the lock; `accepted`: it becomes the lock, and nothing fails.
pub(crate) fn report(
    key: String,
    go_version: String,
    measured: &[Measured],
    lock: Option<&Platform>,
    accepted: bool,
) -> Report {
    let held = lock.filter(|target| target.go == go_version);
    let benchmarks: Vec<Benchmark> = measured.iter().map(|one| benchmark(one, held)).collect();
    let mut verdict = Verdict::of(Vec::new());
    if !accepted {
        judge(&benchmarks, lock, held, &go_version, &mut verdict);
    }
    Report {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        verdict,
        key,
        go_version,
        benchmarks,
    }
}

/// What was measured, beside what the lock holds of it.
fn benchmark(measured: &Measured, held: Option<&Platform>) -> Benchmark {
    let name = format!("{}.{}", measured.package, measured.name);
    let known = held.and_then(|lock| lock.benchmarks.get(&name));
    Benchmark {
        package: measured.package.clone(),
        name: measured.name.clone(),
        allocs: Pair {
            before: known.map(|known| known.allocs),
            after: Some(measured.allocs),
        },
        bytes: Pair {
            before: known.map(|known| known.bytes),
            after: Some(measured.bytes),
        },
    }
}

fn judge(
    benchmarks: &[Benchmark],
    lock: Option<&Platform>,
    held: Option<&Platform>,
    go_version: &str,
    verdict: &mut Verdict,
) {
    for it in benchmarks.iter().filter(|benchmark| benchmark.is_worse()) {
        verdict.fail(it.sentence(&format!("{FILE} says")));
    }
    let unknown = benchmarks.iter();
    let unknown = unknown
        .filter(|benchmark| benchmark.allocs.before.is_none())
        .count();
    match (lock.filter(|target| !target.benchmarks.is_empty()), held) {
        (Some(lock), None) => verdict.leave_open(format!(
            "benchmarks: {FILE} is from {}, and this is {go_version}, which may allocate otherwise",
            lock.go
        )),
        _ if unknown > 0 => verdict.leave_open(format!(
            "benchmarks: {FILE} does not hold {}: `gobuild-opt bench --accept` writes what is now",
            counted_of(unknown, "benchmark")
        )),
        _ => {}
    }
    // One that is gone is not judged any more, and says nothing of itself.
    let held = held.iter().flat_map(|target| target.benchmarks.keys());
    for name in held.filter(|name| !benchmarks.iter().any(|benchmark| benchmark.key() == **name)) {
        let why = format!("benchmarks: {name} stands in {FILE} and did not run");
        verdict.leave_open(why);
    }
}
