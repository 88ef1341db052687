//! Benchmarks run by `go test`, what each allocates per operation out. Time is not read: it is of the machine, not of the code.

use std::ffi::OsString;

use super::command::lines;
use crate::error::{Error, Kind, Result};
use crate::go::{Go, Words};
use crate::number::counted_of;
use crate::process::{Interrupt, Stream};

/// How often each benchmark runs: what the first run allocates once does not count.
pub const RUNS: usize = 5;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// A regular expression, as `-bench` takes it.
    pub pattern: &'a str,
    /// Packages, as go takes them.
    pub packages: &'a [OsString],
    /// Flags of `go build` that decide about the code.
    pub flags: &'a [OsString],
    /// Operations of each run.
    pub operations: u32,
}

/// What a benchmark allocates per operation: the least of all runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measured {
    /// The import path.
    pub package: String,
    /// `BenchmarkSearch/large`
    pub name: String,
    /// allocs/op
    pub allocs: u64,
    /// B/op
    pub bytes: u64,
}

/// Runs the benchmarks of packages, sorted by package and name. On one processor: what several goroutines allocate at the
/// same time is not the same twice.
///
/// Fails with [`Kind::Go`] and Go's own words where a test binary does not build or fails, and with [`Kind::Usage`] where
/// no benchmark matches.
pub fn measure(go: &Go, request: &Request<'_>, interrupt: &Interrupt) -> Result<Vec<Measured>> {
    let mut go = go.clone();
    std::sync::Arc::make_mut(&mut go.ground).trust_benchmarks();
    let mut args: Vec<OsString> = vec![
        "test".into(),
        "-run=^$".into(),
        format!("-bench={}", request.pattern).into(),
        "-benchmem=true".into(),
        format!("-benchtime={}x", request.operations).into(),
        format!("-count={RUNS}").into(),
        "-cpu=1".into(),
    ];
    args.extend(request.flags.iter().cloned());
    args.extend(request.packages.iter().cloned());
    let mut words = Words::default();
    let mut reading = Reading::default();
    let outcome = lines(&go.invocation(args), interrupt, |stream, line| {
        let is_result = stream == Stream::Stdout && reading.line(&String::from_utf8_lossy(line));
        if !is_result {
            words.keep(line);
        }
    })?;
    if !outcome.status.success() {
        return Err(words.error("go test failed for the benchmarks", &outcome));
    }
    if reading.found.is_empty() {
        return Err(Error::new(
            Kind::Usage,
            format!(
                "no benchmark matches `{}` in {}",
                request.pattern,
                counted_of(request.packages.len(), "pattern")
            ),
        )
        .hint("`go test -list Benchmark ./...` lists them; name the package behind the pattern"));
    }
    reading.found.sort();
    Ok(reading.found)
}

/// What `go test` printed so far.
#[derive(Debug, Default)]
struct Reading {
    package: String,
    found: Vec<Measured>,
}

impl Reading {
    /// Takes a line; whether it is one of results.
    fn line(&mut self, line: &str) -> bool {
        if let Some(package) = line.strip_prefix("pkg: ") {
            package.trim().clone_into(&mut self.package);
            return true;
        }
        let Some(measured) = result(line, &self.package) else {
            return ["goos: ", "goarch: ", "cpu: ", "PASS", "ok  "]
                .iter()
                .any(|it| line.starts_with(it));
        };
        let same = |other: &&mut Measured| {
            (&other.package, &other.name) == (&measured.package, &measured.name)
        };
        match self.found.iter_mut().find(same) {
            Some(known) => {
                known.allocs = known.allocs.min(measured.allocs);
                known.bytes = known.bytes.min(measured.bytes);
            }
            None => self.found.push(measured),
        }
        true
    }
}

/// `BenchmarkSearch  100  123 ns/op  48 B/op  1 allocs/op`, with metrics of its own between.
fn result(line: &str, package: &str) -> Option<Measured> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let name = words.first().filter(|it| it.starts_with("Benchmark"))?;
    let value = |unit: &str| {
        let at = words.iter().position(|it| *it == unit)?;
        words.get(at.checked_sub(1)?)?.parse().ok()
    };
    Some(Measured {
        package: package.to_owned(),
        name: (*name).to_owned(),
        allocs: value("allocs/op")?,
        bytes: value("B/op")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_all_runs_counts() {
        let mut reading = Reading::default();
        for line in [
            "goos: linux",
            "pkg: ex.com/m/p",
            "BenchmarkA \t 100\t 11 ns/op\t 64 B/op\t 3 allocs/op",
            "BenchmarkA/x-2 \t 100\t 11 ns/op\t 2.5 things/op\t 8 B/op\t 1 allocs/op",
            "BenchmarkA \t 100\t 10 ns/op\t 48 B/op\t 2 allocs/op",
            "PASS",
        ] {
            assert!(reading.line(line), "{line}");
        }
        assert!(!reading.line("main_test.go:3: too slow"));
        assert!(!reading.line("BenchmarkB \t 100\t 11 ns/op"));
        let all: Vec<String> = reading
            .found
            .iter()
            .map(|it| format!("{}.{} {} {}", it.package, it.name, it.allocs, it.bytes))
            .collect();
        assert_eq!(
            all,
            [
                "ex.com/m/p.BenchmarkA 2 48",
                "ex.com/m/p.BenchmarkA/x-2 1 8"
            ]
        );
    }
}
