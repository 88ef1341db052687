//! Runs benchmarks with `go test`, and reads what each allocates per operation. Time is not read: it is of the machine,
//! not of the code.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::run_step::lines;
use crate::error::{Error, Kind, Result};
use crate::go::{Go, Words};
use crate::number::counted_of;
use crate::process::{Interrupt, Stream};

/// How often each benchmark runs: what the first run allocates once does not count.
pub(crate) const RUNS: usize = 5;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// A regular expression, as `-bench` takes it.
    pub(crate) pattern: &'a str,
    /// Packages, as go takes them.
    pub(crate) packages: &'a [OsString],
    /// Flags of `go build` that decide about the code.
    pub(crate) flags: &'a [OsString],
    /// Operations of each run.
    pub(crate) operations: u32,
}

/// What a benchmark allocates per operation: the least of all runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Measured {
    /// The import path.
    pub(crate) package: String,
    /// `BenchmarkSearch/large`
    pub(crate) name: String,
    /// allocs/op
    pub(crate) allocs: u64,
    /// B/op
    pub(crate) bytes: u64,
}

/// Runs the benchmarks of packages, sorted by package and name. On one processor: what several goroutines allocate at the
/// same time is not the same twice.
///
/// Fails with [`Kind::Go`] and Go's own words where a test binary does not build or fails, and with [`Kind::Usage`] where
/// no benchmark matches.
pub(crate) fn measure(
    go: &Go,
    request: &Request<'_>,
    interrupt: &Interrupt,
) -> Result<Vec<Measured>> {
    let mut go = go.clone();
    std::sync::Arc::make_mut(&mut go.ground).trust_benchmarks();
    let mut words = Words::default();
    let mut reading = Reading::default();
    let outcome = lines(&go.invocation(request.args()), interrupt, |stream, line| {
        let is_result = stream == Stream::Stdout && reading.line(&String::from_utf8_lossy(line));
        if !is_result {
            words.keep(line);
        }
    })?;
    if !outcome.status.success() {
        return Err(words.error("go test failed for the benchmarks", &outcome));
    }
    if let Some((package, name)) = reading.lost() {
        return Err(Error::new(
            Kind::Go,
            format!("{package}: {name} ran, but go printed no whole allocs/op for it"),
        )
        .hint("let the benchmark print with b.Log: what it writes to standard output is mixed with its result"));
    }
    if reading.found.is_empty() {
        return Err(request.unmatched());
    }
    reading.found.sort();
    Ok(reading.found)
}

impl Request<'_> {
    /// The arguments of go.
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![
            "test".into(),
            "-run=^$".into(),
            format!("-bench={}", self.pattern).into(),
            "-benchmem=true".into(),
            format!("-benchtime={}x", self.operations).into(),
            format!("-count={RUNS}").into(),
            "-cpu=1".into(),
        ];
        args.extend(self.flags.iter().cloned());
        args.extend(self.packages.iter().cloned());
        args
    }

    /// Nothing has a name that was asked for.
    fn unmatched(&self) -> Error {
        let patterns = counted_of(self.packages.len(), "pattern");
        let message = format!("no benchmark matches `{}` in {patterns}", self.pattern);
        Error::new(Kind::Usage, message)
            .hint("`go test -list Benchmark ./...` lists them; name the package behind the pattern")
    }
}

/// What `go test` printed so far.
#[derive(Debug, Default)]
struct Reading {
    package: String,
    found: Vec<Measured>,
    /// The benchmark that runs: its name is printed first, and what it prints itself may come before its result.
    runs: Option<String>,
    /// All names, each with its package.
    begun: BTreeSet<(String, String)>,
}

impl Reading {
    /// Takes a line; whether it is one of results.
    fn line(&mut self, line: &str) -> bool {
        if let Some(package) = line.strip_prefix("pkg: ") {
            package.trim().clone_into(&mut self.package);
            self.runs = None;
            return true;
        }
        if let Some(name) = name(line) {
            self.begun.insert((self.package.clone(), name.to_owned()));
            self.runs = Some(name.to_owned());
        }
        let result = self.runs.as_ref().and_then(|run| result(line, run));
        let Some(mut measured) = result else {
            return ["goos: ", "goarch: ", "cpu: ", "PASS", "ok  "]
                .iter()
                .any(|prefix| line.starts_with(prefix));
        };
        self.runs = None;
        measured.package.clone_from(&self.package);
        self.keep(measured);
        true
    }

    /// Keeps the least of several runs.
    fn keep(&mut self, measured: Measured) {
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
    }

    /// A benchmark that began, and of which no result was read.
    fn lost(&self) -> Option<&(String, String)> {
        let mut begun = self.begun.iter();
        begun.find(|(package, name)| {
            let mut found = self.found.iter();
            !found.any(|measured| (&measured.package, &measured.name) == (package, name))
        })
    }
}

/// The name at the begin of a benchmark, with spaces up to a tab (`processBench`, testing/benchmark.go). What was printed
/// without an end of line stands before it.
fn name(line: &str) -> Option<&str> {
    let (before, _) = line.split_once('\t')?;
    let word = before.trim_end_matches(' ').rsplit(char::is_whitespace);
    let word = word.into_iter().next()?;
    Some(&word[word.find("Benchmark")?..])
}

/// `BenchmarkSearch  100  123 ns/op  48 B/op  1 allocs/op`, with metrics of its own between; the last four words count.
fn result(line: &str, name: &str) -> Option<Measured> {
    let mut words = line.split_whitespace().rev();
    let mut value = |unit: &str| {
        let is_unit = words.next()? == unit;
        words.next().filter(|_| is_unit)?.parse().ok()
    };
    let allocs = value("allocs/op")?;
    Some(Measured {
        package: String::new(),
        name: name.to_owned(),
        allocs,
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
        assert_eq!(reading.lost(), None);
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

    #[test]
    fn what_a_benchmark_prints_does_not_hide_its_result() {
        let mut reading = Reading::default();
        let mut read = |lines: &[&str]| {
            for line in lines {
                reading.line(line);
            }
            let all = reading.found.iter();
            let all = all.map(|it| format!("{} {} {}", it.name, it.allocs, it.bytes));
            let lost = reading.lost().map(|entry| entry.1.clone());
            (all.collect::<Vec<_>>().join(", "), lost)
        };
        let (found, lost) = read(&[
            "pkg: ex.com/m/p",
            "hello",
            "BenchmarkA   \thello",
            "a word of 7 B/op and 9 allocs/op more",
            "     100\t 11 ns/op\t 64 B/op\t 3 allocs/op",
            "     100\t 11 ns/op\t 1 B/op\t 1 allocs/op",
            "dotBenchmarkDot \tdot     100\t 11 ns/op\t 8 B/op\t 1 allocs/op",
        ]);
        assert_eq!((&*found, lost), ("BenchmarkA 3 64, BenchmarkDot 1 8", None));
        for line in [
            "BenchmarkB \t 100\t 11 ns/op",
            "BenchmarkB \t 100\t 11 ns/op\t 8 B/op\t 0.5 allocs/op",
        ] {
            assert_eq!(read(&[line, "PASS"]).1.as_deref(), Some("BenchmarkB"));
        }
    }
}
