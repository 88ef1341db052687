//! `escape`, `advise` and `accept`.

use std::path::PathBuf;

use clap::Args;

use super::{Output, Settings};
use crate::escape::Class;
use crate::plan::Typed;
use crate::report::escape_report::By;

/// `escape`
#[derive(Debug, Args)]
pub struct Escape {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// What sites are grouped by
    #[arg(long, value_name = "WHAT", default_value = "package")]
    pub(crate) by: By,
    /// How many groups the text report lists, 0 for all [default: as configured]
    #[arg(long, value_name = "N", value_parser = super::lines)]
    pub(crate) top: Option<usize>,
    /// Show the sites whose package, function, file or expression holds this text; `*` and `...` stand for any
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Show these classes: moved, new, make, append, boxing, closure, conversion, other, constant
    #[arg(long, value_name = "CLASS", value_delimiter = ',', value_parser = class)]
    pub(crate) class: Vec<Class>,
    /// Show inlining and bounds checks by package
    #[arg(long)]
    pub(crate) inlining: bool,
    /// List functions that cost at most N too much to be inlined (one more compile)
    #[arg(long, value_name = "N")]
    pub(crate) almost: Option<u64>,
    /// Compare with a revision of the repository instead of the lock
    #[arg(long, value_name = "REV")]
    pub(crate) diff: Option<String>,
    /// Show the lines of the compiler that were not understood
    #[arg(long)]
    pub(crate) unparsed: bool,
    /// Print the compiler's reasons for one site: its ID, or FILE:LINE
    #[arg(long, value_name = "SITE")]
    pub(crate) why: Option<String>,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// `advise`
#[derive(Debug, Args)]
pub struct Advise {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// A profile of any kind: CPU, heap, mutex, block, goroutine, goroutineleak; repeat for several [default: as configured, else that of the build]
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: Vec<PathBuf>,
    /// How many lines the text report lists, 0 for all
    #[arg(long, value_name = "N", default_value = "10", value_parser = super::lines)]
    pub(crate) top: usize,
    /// Write the findings of now to gobuild-opt.lock: `[advise] gate = "new"` lets these pass
    #[arg(long, conflicts_with = "attempt")]
    pub(crate) accept: bool,
    /// Build with the change that finding N suggests, and say what differs; the sources stay as they are
    #[arg(long = "try", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempt: Option<u32>,
    /// Write the change to the sources once it was built
    #[arg(long, requires = "attempt")]
    pub(crate) write: bool,
    /// What is measured too.
    #[command(flatten)]
    pub(crate) bench: super::Measuring,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// `accept`
#[derive(Debug, Args)]
pub struct Accept {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Why the entry is loosened; stands in the lock
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Go's part of the line, and the items.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

fn class(text: &str) -> Result<Class, String> {
    let known = || {
        Class::ALL
            .into_iter()
            .filter(|class| *class != Class::Leaking)
    };
    known()
        .find(|class| crate::lock::class_name(*class) == text)
        .ok_or_else(|| {
            let names: Vec<String> = known().map(crate::lock::class_name).collect();
            format!("the classes are {}", names.join(", "))
        })
}
