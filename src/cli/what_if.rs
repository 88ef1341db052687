//! The command lines of `try`, `bench` and `upgrade`: what would be, and what is measured.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{Output, Settings};
use crate::plan::Typed;

/// `try`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("idea").required(true).multiple(true).args(["overlay", "patch"])))]
pub(crate) struct Try {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// Files that stand in for others, in the form of `go build -overlay`; repeat for several
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Vec<PathBuf>,
    /// A unified diff of the sources, as `git diff` and `diff -u` write it; repeat for several
    #[arg(long, value_name = "FILE")]
    pub(crate) patch: Vec<PathBuf>,
    /// What is measured too.
    #[command(flatten)]
    pub(crate) bench: Measuring,
    /// Lines of each listing, 0 for all
    #[arg(long, value_name = "N", default_value = "10", value_parser = super::lines)]
    pub(crate) top: usize,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// Benchmarks that are run before and after.
#[derive(Debug, Clone, Args)]
pub(crate) struct Measuring {
    /// Run the benchmarks that this regular expression matches, before and after
    #[arg(long, value_name = "REGEX")]
    pub(crate) bench: Option<String>,
    /// Where they are [default: the packages of the line]
    #[arg(long, value_name = "PACKAGE", requires = "bench")]
    pub(crate) bench_package: Vec<String>,
    /// Operations of each run; a benchmark runs five times, and the least counts
    #[arg(long, value_name = "N", default_value = "100", requires = "bench")]
    pub(crate) operations: u32,
}

/// `bench`
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// Write what was measured to gobuild-opt.lock; what allocates more than before takes --reason
    #[arg(long)]
    pub(crate) accept: bool,
    /// Why more is accepted; stands in the lock
    #[arg(long, value_name = "TEXT", requires = "accept")]
    pub(crate) reason: Option<String>,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// `upgrade`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("next").required(true).multiple(true).args(["go", "module"])))]
pub struct Upgrade {
    /// The layers.
    #[command(flatten)]
    pub settings: Settings,
    /// The report.
    #[command(flatten)]
    pub output: Output,
    /// Build with this Go: a version such as 1.27.3, 1.27 for its newest release, or the path of a go command or of a GOROOT; one page for each
    #[arg(long, value_name = "VERSION|PATH")]
    pub go: Vec<String>,
    /// Build with this version of a module that is required, as `go get` takes it; repeat for several, which go together
    #[arg(long, value_name = "PATH@VERSION")]
    pub module: Vec<String>,
    /// Run go vet and go fix too, before and after, and list what only the new Go reports
    #[arg(long)]
    pub vet: bool,
    /// Run this command with the program as it is and as it would be, side by side as `prove` does; `{bin}` is the program
    #[arg(long, value_name = "COMMAND")]
    pub prove: Option<String>,
    /// Lines of each listing, 0 for all
    #[arg(long, value_name = "N", default_value = "10", value_parser = super::lines)]
    pub top: usize,
    /// Go's part of the line.
    #[arg(skip)]
    pub typed: Typed,
}
