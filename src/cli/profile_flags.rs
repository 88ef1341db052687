//! The command line of `profile`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::offer;
use crate::config::size::Age;
use crate::render::{Format, Shows};

/// What to do with a profile.
#[derive(Debug, Subcommand)]
pub(crate) enum Profile {
    /// Show what a profile holds, whether it helps as -pgo, and how much still fits a binary
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::TABLES)))]
    Show(Show),
    /// Merge profiles into one
    Merge(Merge),
    /// Write the part of a CPU profile that Go's compiler reads: a smaller file, the same binary
    Slim(Slim),
    /// Compare the hot calls of two CPU profiles, as text to review
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::TABLES)))]
    Diff(Diff),
    /// Collect a CPU profile from running programs, or from a command
    #[command(after_help = COLLECT)]
    Collect(Collect),
}

const COLLECT: &str = "\
Examples:
  gobuild-opt profile collect http://127.0.0.1:6060 -o cmd/api/default.pgo
  gobuild-opt profile collect api-1:6060 api-2:6060 --header 'Authorization: Bearer ${TOKEN}'
  gobuild-opt profile collect --all http://127.0.0.1:6060 -o profiles
  gobuild-opt profile collect -- go test -run '^$' -bench . -cpuprofile {profile} ./internal/index

An address without a path is asked for /debug/pprof/profile. A command writes its CPU profile to the path that stands for {profile} in its arguments, and in the variable GOBUILD_OPT_PROFILE. The old file stays as it is until the new profile is complete and of use to the compiler.";

/// `profile show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The profile: pprof, gzip or plain; `-` is standard input
    pub(crate) file: PathBuf,
    /// Tell how much of it fits this executable, stripped or not
    #[arg(long, value_name = "FILE", conflicts_with = "packages")]
    pub(crate) binary: Option<PathBuf>,
    /// Tell how much of it fits the sources of these packages and all they need, such as ./...
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) packages: Vec<OsString>,
    /// Fail (exit code 1) where fewer percent of its weight are between functions that exist
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) min_health: Option<f64>,
    /// Fail (exit code 1) where it is older, such as 45d or "6 weeks"
    #[arg(long, value_name = "AGE")]
    pub(crate) max_age: Option<Age>,
    /// Fail (exit code 1) where it has fewer samples
    #[arg(long, value_name = "N")]
    pub(crate) min_samples: Option<u32>,
    /// Lines of each listing, 0 for all
    #[arg(long, value_name = "N", default_value = "10", value_parser = super::lines)]
    pub(crate) top: usize,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// `profile merge`
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The profiles, all of one kind; one may be `-`, standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Where the merged profile goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// How much a file counts beside the others, such as api.pgo=0.7 [default: 1]
    #[arg(long, value_name = "FILE=NUMBER")]
    pub(crate) weight: Vec<String>,
    /// What is made equal before weights apply
    #[arg(long, value_name = "WHAT", default_value = "off")]
    pub(crate) normalize: Normalize,
}

/// What is made equal before weights apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Normalize {
    /// Nothing: a profile with more samples counts more.
    Off,
    /// Time of collection: a minute here counts as much as a minute there.
    Duration,
    /// The sum of samples: each profile counts the same.
    Samples,
}

/// `profile slim`
#[derive(Debug, Args)]
pub(crate) struct Slim {
    /// The CPU profile; `-` is standard input
    pub(crate) file: PathBuf,
    /// Where the slim profile goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// What stays beside the calls
    #[arg(long, value_name = "WHAT", default_value = "calls")]
    pub(crate) keep: Keep,
    /// Keep the bytes of this earlier slim profile while the hot calls are the same
    #[arg(long, value_name = "PREVIOUS")]
    pub(crate) stable: Option<PathBuf>,
    /// With --stable: percent of the weight in hot calls that may differ
    #[arg(long, value_name = "PERCENT", default_value = "0", requires = "stable")]
    pub(crate) tolerance: f64,
}

/// What a slim profile keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keep {
    /// What the compiler reads: the smallest file.
    Calls,
    /// Line numbers too, for people.
    Lines,
}

/// `profile diff`
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The older CPU profile; either may be `-`, standard input
    pub(crate) old: PathBuf,
    /// The newer CPU profile
    pub new: PathBuf,
    /// Calls of each sort: entering, leaving, moved; 0 lists all
    #[arg(long, value_name = "N", default_value = "20", value_parser = super::lines)]
    pub(crate) top: usize,
    /// How it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// `profile collect`
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Addresses of running programs; several are profiled at the same time and merged
    #[arg(
        value_name = "URL",
        required_unless_present = "command",
        conflicts_with = "command"
    )]
    pub(crate) urls: Vec<String>,
    /// Where the profile goes; `-` is standard output; with --all a directory, `profiles` if none is named
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "default.pgo",
        default_value_if("all", "true", "profiles")
    )]
    pub(crate) output: PathBuf,
    /// Collect every kind that `advise` reads: cpu, heap, mutex, block, goroutine, goroutineleak, a file each
    #[arg(long, conflicts_with_all = ["command", "merge_previous"])]
    pub(crate) all: bool,
    /// How long each program is profiled
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,
    /// How long to wait for a connection, for an answer beyond --seconds, and for its body
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) patience: u64,
    /// Send this header too; ${NAME} stands for a variable of the environment
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// Trust the certificates in this file, in PEM, instead of those of Mozilla
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Merge with the file that is there: its weight halves with every 30 days of its age
    #[arg(long)]
    pub(crate) merge_previous: bool,
    /// Run this command instead, which writes the profile
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim_end().parse().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "a percentage is a number from 0 to 100".into())
}
