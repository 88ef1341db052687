//! Finds where benchmarks that allocate more are declared: what annotations and code scanning show.

use std::path::Path;

use crate::input;
use crate::plan::Facts;
use crate::report::difference::Benchmark;
use crate::report::{Heavier, shown};

/// The benchmarks that allocate more than `before`: the lock, or the program without a change.
pub(crate) fn heavier(
    benchmarks: &[Benchmark],
    before: &str,
    fails: bool,
    facts: &[Facts],
    cwd: &Path,
) -> Vec<Heavier> {
    let worse = benchmarks.iter().filter(|benchmark| benchmark.is_worse());
    let heavier = |benchmark: &Benchmark| {
        let place = declared(benchmark, facts);
        Heavier {
            key: benchmark.key(),
            message: benchmark.sentence(before),
            fails,
            file: place.as_ref().map(|place| shown(&place.0, cwd)),
            line: place.map_or(0, |place| place.1),
        }
    };
    worse.map(heavier).collect()
}

/// The file and the line of a benchmark's function; `None` where it is not found.
fn declared(benchmark: &Benchmark, facts: &[Facts]) -> Option<(std::path::PathBuf, u32)> {
    let mut packages = facts.iter().flat_map(|facts| &facts.packages);
    let package = packages.find(|package| package.import_path == benchmark.package)?;
    // `BenchmarkSearch/large` is a part of BenchmarkSearch.
    let function = benchmark.name.split('/').next()?;
    let begin = format!("func {function}(");
    let entries = std::fs::read_dir(&package.dir).ok()?;
    let mut tests: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    tests.retain(|path| path.to_string_lossy().ends_with("_test.go"));
    tests.sort_unstable();
    tests.into_iter().find_map(|path| {
        let text = input::text(&path, input::SOURCE).ok()?;
        let (line, _) = (1..)
            .zip(text.lines())
            .find(|(_, line)| line.starts_with(&begin))?;
        Some((path, line))
    })
}
