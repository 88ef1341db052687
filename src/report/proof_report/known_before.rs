//! What two builds differ in before anything is run, and what benchmarks allocate.

use serde::Serialize;

use crate::order::Order;
use crate::prove::run::Run;
use crate::prove::signed_rank::median;
use crate::report::difference::{Function, Pair};

/// What is known of a program beside the first without running them: exact, whatever the machine does.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Facts {
    /// Bytes of the file.
    pub(crate) size: Pair,
    /// Bytes of machine code of functions of the main module; `null` where a file does not tell.
    pub(crate) code: Option<Pair>,
    /// Functions of the main module whose stack frame has another size, the largest difference first.
    pub(crate) frames: Vec<Function>,
    /// Calls in functions of the main module that are inlined somewhere, each place once; `null` where a file does not tell.
    pub(crate) inlined: Option<Pair>,
    /// Those of them that only this program has.
    pub(crate) inlined_new: u64,
    /// Those that only the first has.
    pub(crate) inlined_gone: u64,
    /// Hot calls of the profile; `null` where neither was built with one.
    pub(crate) hot: Option<Hot>,
    /// Places in the main module that allocate; `null` where they were not collected, or by compilers of two versions.
    pub(crate) escapes: Option<Pair>,
    /// Those of them that only this program has.
    pub(crate) escapes_new: u64,
    /// Those that only the first has.
    pub(crate) escapes_gone: u64,
}

/// Hot calls of a profile.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Hot {
    /// How many there are.
    pub(crate) calls: u64,
    /// How many are inlined.
    pub(crate) inlined: Pair,
    /// Percent of the weight of all calls of the profile that those are, in the first program and in this one.
    pub(crate) weight: [f64; 2],
}

/// What a benchmark allocates per operation, in the middle of its runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Allocated {
    /// `BenchmarkSearch/large`
    pub(crate) benchmark: String,
    /// `allocs/op` or `B/op`.
    pub(crate) unit: String,
    /// Of the first program, and of this one.
    pub(crate) middles: [f64; 2],
}

/// What the benchmarks of two programs allocate.
pub(super) fn allocated(first: &[Run], other: &[Run]) -> Vec<Allocated> {
    let names = first.iter().flat_map(|run| run.own.keys());
    let mut names: Vec<&String> = names.collect();
    names.order_by(|a, b| a.cmp(b));
    names.dedup();
    let middle = |runs: &[Run], name: &str| -> Option<f64> {
        let all = runs.iter().map(|run| Some(run.own.get(name)?.number));
        let mut all: Vec<f64> = all.collect::<Option<_>>()?;
        all.order_by(f64::total_cmp);
        (!all.is_empty()).then(|| median(&all))
    };
    let both = |name: &String| {
        let (benchmark, unit) = name.rsplit_once(':')?;
        let counts = benchmark.starts_with("Benchmark") && matches!(unit, "allocs/op" | "B/op");
        counts.then_some(())?;
        Some(Allocated {
            benchmark: benchmark.to_owned(),
            unit: unit.to_owned(),
            middles: [middle(first, name)?, middle(other, name)?],
        })
    };
    names.into_iter().filter_map(both).collect()
}
