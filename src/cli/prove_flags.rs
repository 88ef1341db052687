//! The command line of `prove`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser};

use super::{Output, Settings};
use crate::config::prove_keys::Require;
use crate::config::size::{Percent, Timeout};
use crate::plan::Typed;

pub(super) const PROVE: &str = "\
`{bin}` in a command is the program. Without --variant the build without its profile is held against the build as it is:
  gobuild-opt prove ./cmd/api -- {bin} -import testdata
  gobuild-opt prove --variant 'v3: GOAMD64=v3' --variant 'old: GOTOOLCHAIN=go1.26.6 -pgo=off' -- {bin} -n 100
  gobuild-opt prove --against v1.4.0 -- sh -c '{bin} < testdata/large.json'
  gobuild-opt prove --serve '{bin} -addr :8080' --ready 8080 -- dist/loadgen -requests 2000
  gobuild-opt prove --bench 'Search' ./internal/index
  gobuild-opt prove old/api new/api -- {bin} -import testdata
The first program is what the others are held against. They run in pairs, in balanced random order; what is judged is CPU time, or
--metric. At most 5 of 100 sessions with equal programs find a difference, whenever they stop.";

/// `prove`
#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// What is built and measured.
    #[command(flatten)]
    pub(crate) what: Subjects,
    /// How.
    #[command(flatten)]
    pub(crate) how: Method,
    /// Go's part of the line, or two executables.
    #[arg(skip)]
    pub(crate) typed: Typed,
    /// The command that is measured
    #[arg(last = true, value_name = "WORKLOAD")]
    pub(crate) workload: Vec<OsString>,
}

impl Prove {
    /// That of a workload, and nothing else typed.
    pub(crate) fn of_workload(words: Vec<OsString>) -> Result<Self, crate::error::Error> {
        let line = ["gobuild-opt", "prove", "--"].map(OsString::from);
        let read = super::Cli::try_parse_from(line.into_iter().chain(words));
        match read.map(|cli| cli.command) {
            Ok(super::Command::Prove(prove)) => Ok(*prove),
            _ => Err(crate::error::Error::new(
                crate::error::Kind::Usage,
                "the workload cannot be read",
            )),
        }
    }
}

/// What is built and run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What runs")]
pub(crate) struct Subjects {
    /// Hold a build with these flags and variables of go against the build as it is; repeat for several
    #[arg(long, value_name = "NAME: FLAGS")]
    pub(crate) variant: Vec<String>,
    /// Hold the working tree against this revision, built in a directory of its own
    #[arg(long, value_name = "REV", conflicts_with = "variant")]
    pub(crate) against: Option<String>,
    /// Run the benchmarks that this regular expression matches, in test binaries of each variant
    #[arg(long, value_name = "REGEX", conflicts_with_all = ["serve", "workload"])]
    pub(crate) bench: Option<String>,
    /// Time or count of each benchmark in a run, as -test.benchtime takes it
    #[arg(long, value_name = "TIME", default_value = "100ms", requires = "bench")]
    pub(crate) benchtime: String,
    /// Run this command before each run; it is not measured
    #[arg(long, value_name = "COMMAND")]
    pub(crate) setup: Option<String>,
    /// Run this command after each run; it is not measured
    #[arg(long, value_name = "COMMAND")]
    pub(crate) teardown: Option<String>,
    /// Measure this server while the workload runs
    #[arg(long, value_name = "COMMAND")]
    pub(crate) serve: Option<String>,
    /// Where the server answers once it is ready: a port, host:port or http://HOST:PORT/PATH
    #[arg(long, value_name = "WHERE")]
    pub(crate) ready: Option<String>,
    /// Run two executables where they are, and not from copies with paths of one length
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Measure although the machine code is the same
    #[arg(long)]
    pub(crate) anyway: bool,
}

/// How it is measured and judged.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "How")]
pub(crate) struct Method {
    /// What is judged: cpu, wall, peak, faults, instructions, or a name that the workload prints as `name value unit`
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,
    /// What difference matters; as small a one is no effect
    #[arg(long, value_name = "PERCENT")]
    pub(crate) threshold: Option<Percent>,
    /// The most pairs of runs
    #[arg(long, value_name = "N")]
    pub(crate) pairs: Option<u32>,
    /// Link each variant with so many layouts of its code; 0: with that of the linker
    #[arg(long, value_name = "K")]
    pub(crate) layouts: Option<u32>,
    /// What order and layouts are drawn from
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,
    /// Run on these processors only, such as 2,3 or 0-3, or on all [default: those of the fastest kind]
    #[arg(long, value_name = "LIST")]
    pub(crate) cpus: Option<String>,
    /// Runs of each variant before the first pair
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) warm_up: u32,
    /// How long one run may take
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    pub(crate) run_timeout: Timeout,
    /// Fail unless this comes out: `faster 1%` or `not-slower 1%`
    #[arg(long, value_name = "WHAT")]
    pub(crate) require: Option<Require>,
    /// Write each run to a file that benchstat reads
    #[arg(long, value_name = "FILE")]
    pub(crate) raw: Option<PathBuf>,
    /// Write the verdict to gobuild-opt.lock
    #[arg(long)]
    pub(crate) accept: bool,
}

fn time(text: &str) -> Result<Timeout, String> {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    let value: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    Timeout::deserialize(value).map_err(|error| error.to_string())
}
