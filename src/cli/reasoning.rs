//! The command line of `why`.

use clap::Args;

use super::{Output, Settings};
use crate::plan::Typed;

pub(super) const WHY: &str = "\
WHAT is a package, a module, a function, a method, a type, `dce` or `init`:
  gobuild-opt why net/http
  gobuild-opt why module:github.com/aws/aws-sdk-go-v2
  gobuild-opt why 'example.com/app/api.(*Server).Serve' ./cmd/api
  gobuild-opt why dce                      the calls that keep every exported method, and what they cost
  gobuild-opt why init                     what stays only because packages work before main
  gobuild-opt why --cut net/http/pprof     what the file would lose, by package
  gobuild-opt why --cut 'main.run -> net/http.ListenAndServe'
  gobuild-opt why --biggest-cuts 10
  gobuild-opt why --since v1.4.0 ./cmd/api  what made it larger: causes that add up

Nothing is linked: the linker's elimination runs over the objects in the build cache, which go
compiles where they are missing. Sizes are those of a stripped file. Packages to build come
behind WHAT.";

/// `why`
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Show every chain that shares no step with the others: all of them must be cut
    #[arg(long)]
    pub(crate) all: bool,
    /// What the file would lose without a package, a module, a function or a call `A -> B`
    #[arg(long, value_name = "WHAT")]
    pub(crate) cut: Vec<String>,
    /// The dependencies of the main module whose loss makes the file smallest
    #[arg(long, value_name = "N")]
    pub(crate) biggest_cuts: Option<usize>,
    /// Why the file is larger or smaller than in this revision: Go, settings, each module, own packages
    #[arg(long, value_name = "REV", conflicts_with_all = ["all", "cut", "biggest_cuts", "run"])]
    pub(crate) since: Option<String>,
    /// With `init`: run this program with GODEBUG=inittrace=1, for five seconds from its first line, and say what each package takes
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) run: Option<String>,
    /// Lines of each listing, 0 for all
    #[arg(long, value_name = "N", value_parser = super::lines, default_value = "10")]
    pub(crate) top: usize,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// Go's part of the line; what is asked about is the first of its packages.
    #[arg(skip)]
    pub(crate) typed: Typed,
}
