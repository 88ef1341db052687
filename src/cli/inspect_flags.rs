//! The command lines of `inspect` and `compare`.

use std::path::PathBuf;

use clap::Args;

use super::Output;
use crate::config::size::{Growth, Size};
use crate::report::inspection::By;

pub(super) const INSPECT: &str = "\
Examples:
  gobuild-opt inspect dist/api
  gobuild-opt inspect dist/api --by package --filter golang.org/x/...
  gobuild-opt inspect dist/api --report api.html --report api.json
  gobuild-opt inspect dist/api --retained --by module
  gobuild-opt inspect dist/api --profile cmd/api/default.pgo --format html > api.html";

pub(super) const COMPARE: &str = "\
Examples:
  gobuild-opt compare api.old dist/api
  gobuild-opt compare main.json report.json --fail-over 1%
  gobuild-opt compare api.old dist/api --why
  gobuild-opt compare api.old dist/api --why --exact
  gobuild-opt compare api.old dist/api --format html > change.html

Exit code 1: a file grew by more than --fail-over.";

/// `inspect`
#[derive(Debug, Args)]
pub struct Inspect {
    /// The executable: ELF, PE, Mach-O or wasm
    pub(crate) binary: PathBuf,
    /// One listing only, and more of it
    #[arg(long, value_name = "WHAT")]
    pub(crate) by: Option<By>,
    /// Lines of each listing, 0 for all [default: 10, or 40 with --by]
    #[arg(long, value_name = "N", value_parser = super::lines)]
    pub(crate) top: Option<usize>,
    /// The part of a universal macOS file, such as arm64
    #[arg(long, value_name = "GOARCH")]
    pub(crate) arch: Option<String>,
    /// Only packages, modules and functions with this text, or like this pattern with * or ...
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// The largest constants, variables, texts and embedded files of a package, and who refers to them
    #[arg(long, value_name = "PACKAGE", conflicts_with_all = ["by", "filter"])]
    pub(crate) why_bytes: Option<String>,
    /// Say what goes without each package, from the objects that it was linked from: for a file that was built here
    #[arg(long, conflicts_with = "why_bytes")]
    pub(crate) retained: bool,
    /// Show in the treemap how much of this profile is spent where
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
}

/// `compare`
#[derive(Debug, Args)]
pub struct Compare {
    /// An executable, or a JSON report of release or inspect
    pub(crate) before: PathBuf,
    /// The same, later
    pub(crate) after: PathBuf,
    /// One listing only, and more of it
    #[arg(long, value_name = "WHAT")]
    pub(crate) by: Option<By>,
    /// Lines of each listing, 0 for all [default: 10, or 40 with --by]
    #[arg(long, value_name = "N", value_parser = super::lines)]
    pub(crate) top: Option<usize>,
    /// The part of a universal macOS file, such as arm64
    #[arg(long, value_name = "GOARCH")]
    pub(crate) arch: Option<String>,
    /// Say first what made it larger: Go, settings, each module, own packages; it adds up
    #[arg(long)]
    pub(crate) why: bool,
    /// With --why: build what is between the two files, one change more at a time, for causes that are differences of files
    #[arg(long, requires = "why")]
    pub(crate) exact: bool,
    /// Fail when a file grew by more than this: 1% or 64KiB
    #[arg(long, value_name = "LIMIT")]
    pub(crate) fail_over: Option<Growth>,
    /// Changes smaller than this are summed up in one line
    #[arg(long, value_name = "SIZE", default_value = "256")]
    pub(crate) floor: Size,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
}
