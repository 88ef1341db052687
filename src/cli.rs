//! Parses the command line into typed values. Flags become the topmost layer of the configuration; flags of `go build`
//! are set apart first, since they have a single dash.

mod inspect_flags;

mod catalog_flags;

mod comment_flags;

pub mod complete;

mod escape_flags;

mod first;

mod offer;

pub mod profile_flags;

mod prove_flags;

mod reasoning;

mod settings;

mod split;

mod stand_in_call;

mod what_if;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::{Error, Kind, Result};
use crate::plan::Typed;
use crate::render::{Format, Shows};
pub(crate) use catalog_flags::{Completions, Explain, Man, Presets, Schema, SchemaOf};
use comment_flags::COMMENT;
pub(crate) use comment_flags::{Comment, When};
pub use escape_flags::{Accept, Advise, Escape};
use inspect_flags::{COMPARE, INSPECT};
pub use inspect_flags::{Compare, Inspect};
use prove_flags::PROVE;
pub(crate) use prove_flags::Prove;
use reasoning::WHY;
pub(crate) use reasoning::Why;
pub(crate) use settings::Settings;
use split::split;
pub use stand_in_call::{StandIn, stand_in};
pub(crate) use what_if::{Bench, Measuring, Try, Upgrade};

/// The production `go build`: release flags, PGO, escape reports and binary sizes, with gates on exact numbers
#[derive(Debug, Parser)]
#[command(
    name = "gobuild-opt",
    version = version(),
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = "\
In place of go:
  `gobuild-opt build`, `gobuild-opt go build`, and this program under the name `go`, take what `go build` takes and end as it does; `install` likewise. All other commands go to go. `help COMMAND` is `COMMAND --help`.

Exit codes:
  0      done, within every budget and gate
  1      done, but a budget, gate or denied check failed; outputs and report are written
  2      the command line or the configuration is wrong
  3      go refused: no toolchain, a compile error (Go's own words are shown); or --timeout ended it
  4      the machine: a file, the disk, a pipe
  128+N  ended by signal N")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How much to say, and in which colours.
    #[command(flatten)]
    pub talk: Talk,
    /// Where it is run, with `-C DIR`.
    #[arg(skip)]
    pub(crate) cwd: PathBuf,
}

/// The version; of a packaged program with the commit and its date.
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match option_env!("GOBUILD_OPT_BUILD") {
        Some(build) => format!("{version} ({build})"),
        None => format!("{version} (built from source)"),
    }
}

/// What goes to the terminal.
#[derive(Debug, Clone, Args)]
pub struct Talk {
    /// Print errors, failed gates and gates that were not judged only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build for production, compare with the baseline, report escapes, check budgets
    #[command(override_usage = "gobuild-opt release [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::EVERYTHING)), mut_arg("report", |arg| offer::report(arg, Shows::EVERYTHING)))]
    Release(Release),
    /// Print the commands that release would run, ready to paste, and why each flag is there
    #[command(override_usage = "gobuild-opt plan [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Plan(PlanArgs),
    /// Report heap escapes: by package, function or line, and what is new against the lock
    #[command(override_usage = "gobuild-opt escape [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ESCAPES)), mut_arg("report", |arg| offer::report(arg, Shows::ESCAPES)))]
    Escape(Escape),
    /// Say what the runtime costs on which line, by a profile, and what to try
    #[command(override_usage = "gobuild-opt advise [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ADVICE)), mut_arg("report", |arg| offer::report(arg, Shows::ADVICE)))]
    Advise(Advise),
    /// Build the program with other sources, without touching it, and say what differs: escapes, code, frames, allocations
    #[command(override_usage = "gobuild-opt try [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = TRY)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ADVICE)), mut_arg("report", |arg| offer::report(arg, Shows::ADVICE)))]
    Try(Try),
    /// Run the benchmarks of [bench], and hold what they allocate against gobuild-opt.lock; time is not judged
    #[command(override_usage = "gobuild-opt bench [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ADVICE)), mut_arg("report", |arg| offer::report(arg, Shows::ADVICE)))]
    Bench(Bench),
    /// Say whether a build is faster: with or without its profile, with other flags, of another revision; by runs side by side
    #[command(override_usage = "gobuild-opt prove [OPTIONS] [GO BUILD FLAGS] [PACKAGES | BINARY BINARY] -- WORKLOAD", after_help = PROVE)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::COMPARISON)), mut_arg("report", |arg| offer::report(arg, Shows::COMPARISON)))]
    Prove(Box<Prove>),
    /// Build the program with another Go or other modules, without touching it, and say what differs on one page
    #[command(override_usage = "gobuild-opt upgrade [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = UPGRADE)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::COMPARISON)), mut_arg("report", |arg| offer::report(arg, Shows::COMPARISON)))]
    Upgrade(Upgrade),
    /// Write gobuild-opt.lock, or loosen one entry of it: a site's ID, `size[:NAME]`, `module:PATH`, `frame:FUNCTION`, ...
    #[command(override_usage = "gobuild-opt accept [OPTIONS] [ITEM]... [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Accept(Accept),
    /// Run the checks that need no build, and name the gates that the next build will not judge
    #[command(override_usage = "gobuild-opt doctor [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ADVICE)))]
    Doctor(Doctor),
    /// Show what an executable is made of, stripped or not: sections, modules, packages, functions
    #[command(after_help = INSPECT)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::ANATOMY)), mut_arg("report", |arg| offer::report(arg, Shows::ANATOMY)))]
    Inspect(Inspect),
    /// Say what keeps a package, a function or every method in an executable, and what it costs
    #[command(override_usage = "gobuild-opt why [OPTIONS] [WHAT] [GO BUILD FLAGS] [PACKAGES]", after_help = WHY)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::TABLES)), mut_arg("report", |arg| offer::report(arg, Shows::TABLES)))]
    Why(Why),
    /// Compare two executables, or two saved JSON reports of release or inspect
    #[command(after_help = COMPARE)]
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::COMPARISON)), mut_arg("report", |arg| offer::report(arg, Shows::COMPARISON)))]
    Compare(Compare),
    /// Say on a pull request what changed, from a saved report that anybody may have written
    #[command(after_help = COMMENT)]
    Comment(Comment),
    /// Show, merge, slim, compare and collect profiles for -pgo
    #[command(subcommand)]
    Profile(profile_flags::Profile),
    /// Print the manual of a check, a rule or a lesson, or list them
    #[command(mut_arg("format", |arg| offer::format(arg, Shows::TABLES)))]
    Explain(Explain),
    /// Write a gobuild-opt.toml from what is found in the module
    Init(Init),
    /// List the presets, or print one
    Presets(Presets),
    /// Print a JSON Schema
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page, or that of a command
    Man(Man),
}

const TRY: &str = "\
Examples:
  git diff > idea.patch && git stash
  gobuild-opt try --patch idea.patch
  gobuild-opt try --patch idea.patch --bench 'Search' --bench-package ./internal/index
`gobuild-opt advise --try N` tries what a rule of advice writes itself.";

const UPGRADE: &str = "\
Examples:
  gobuild-opt upgrade --go 1.27
  gobuild-opt upgrade --go /usr/local/go --vet ./cmd/api
  gobuild-opt upgrade --module golang.org/x/net@latest --report upgrade.md
  gobuild-opt upgrade --go 1.27 --prove '{bin} -import testdata'
go.mod, go.sum and the sources stay as they are. A Go that is not here is loaded as GOTOOLCHAIN does it.";

const GO_FLAGS: &str = "\
Any flag of `go build` may be given, with one dash or two, and wins over the configuration: -ldflags, -gcflags and -tags are merged with ours, never replaced. Flags that this program does not know go through to go. `-C DIR` comes first, and all that is relative is relative to DIR then: packages, -o, --out-dir, --report, --config and the paths that are printed.";

/// Where the report goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Report")]
pub(crate) struct Output {
    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    // What it ends with differs between commands: see `offer`.
    /// Write the report to a file too, in the format that its name ends with
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Vec<PathBuf>,
}

impl Output {
    /// Every format that is asked for, printed or in a file.
    pub(crate) fn formats(&self) -> impl Iterator<Item = Format> {
        let files = self.report.iter().filter_map(|path| Format::of_path(path));
        files.chain([self.format])
    }
}

/// `release`
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// The report.
    #[command(flatten)]
    pub(crate) output: Output,
    /// Print everything: sections, modules, packages, escapes, each check
    #[arg(long, help_heading = "Report")]
    pub(crate) full: bool,
    /// Show what each package keeps in the file alone, as `--report FILE.html` does; prints the whole report
    #[arg(long, help_heading = "Report")]
    pub(crate) retained: bool,
    /// Fail instead of waiting when another run writes to the same directory
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// `plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Print shell commands, or JSON
    #[arg(long, value_name = "FORMAT", default_value = "shell")]
    pub(crate) format: PlanFormat,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// A shell script, the reasons in comments.
    Shell,
    /// For programs.
    Json,
}

/// `doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The layers.
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Run go vet and go fix too, which compile the packages, and list what they report in hot functions
    #[arg(long)]
    pub(crate) vet: bool,
    /// How the findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Go's part of the line.
    #[arg(skip)]
    pub(crate) typed: Typed,
}

/// `init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Base it on this preset [default: service, release or cli, by what is found]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Print it instead of writing the file
    #[arg(long)]
    pub(crate) stdout: bool,
    /// Overwrite an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

/// Reads a command line. The outer error is clap's: help, version or a usage error in its own words.
pub fn parse(
    args: &[OsString],
    cwd: &std::path::Path,
) -> std::result::Result<Result<Cli>, clap::Error> {
    let args = &first::asking_for_help(args);
    if let Some(error) = first::lead_on(args) {
        return Ok(Err(error));
    }
    let split = match split(args, cwd) {
        Ok(split) => split,
        Err(error) => return Ok(Err(error)),
    };
    let place = &split.typed.cwd;
    if place != cwd && !place.is_dir() {
        let message = format!("`-C`: there is no directory `{}`", place.display());
        return Ok(Err(Error::new(Kind::Usage, message)));
    }
    let mut cli = Cli::try_parse_from(split.ours)?;
    cli.cwd.clone_from(&split.typed.cwd);
    if let Some(typed) = cli.command.typed() {
        *typed = split.typed;
    }
    Ok(Ok(cli))
}

/// The commands that take a `go build` command line.
const BUILDERS: &[&str] = &[
    "release", "plan", "escape", "advise", "try", "bench", "prove", "upgrade", "accept", "doctor",
    "why",
];

impl Command {
    /// Where the command line of go belongs, of one of [`BUILDERS`].
    fn typed(&mut self) -> Option<&mut Typed> {
        Some(match self {
            Self::Release(args) => &mut args.typed,
            Self::Plan(args) => &mut args.typed,
            Self::Escape(args) => &mut args.typed,
            Self::Advise(args) => &mut args.typed,
            Self::Try(args) => &mut args.typed,
            Self::Bench(args) => &mut args.typed,
            Self::Prove(args) => &mut args.typed,
            Self::Upgrade(args) => &mut args.typed,
            Self::Accept(args) => &mut args.typed,
            Self::Doctor(args) => &mut args.typed,
            Self::Why(args) => &mut args.typed,
            _ => return None,
        })
    }
}

impl Cli {
    /// Whether it prints what the program knows, wherever it stands.
    pub fn is_reference(&self) -> bool {
        matches!(
            self.command,
            Command::Explain(_)
                | Command::Presets(_)
                | Command::Schema(_)
                | Command::Completions(_)
                | Command::Man(_)
        )
    }
}

/// How many lines of a listing `--top` asks for: 0 stands for all of them, in every command.
fn lines(text: &str) -> Result<usize, std::num::ParseIntError> {
    let lines: usize = text.parse()?;
    Ok(if lines == 0 { usize::MAX } else { lines })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
