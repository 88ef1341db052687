//! The command line: what was typed in, typed values out. Flags become the topmost layer of the
//! configuration; flags of `go build` are set apart first, since they have a single dash.

mod anatomy;

mod catalog;

mod escape;

pub mod profile;

mod settings;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::strict;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Arity, Flag};
use crate::plan::Typed;
use crate::render::Format;
use anatomy::{COMPARE, INSPECT};
pub use anatomy::{Compare, Inspect};
pub use catalog::{Completions, Presets, Schema, SchemaOf};
pub use escape::{Accept, Escape};
pub use settings::Settings;

/// The production `go build`: release flags, PGO, escape reports and binary sizes, with gates on exact numbers
#[derive(Debug, Parser)]
#[command(
    name = "gobuild-opt",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
#[command(after_help = "\
Exit codes:
  0      done, within every budget and gate
  1      done, but a budget, gate or denied check failed; outputs and report are written
  2      the command line or the configuration is wrong
  3      go refused: no toolchain, a compile error (Go's own words are shown)
  4      the machine: a file, the disk, a pipe
  128+N  ended by signal N")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How much to say, and in which colours.
    #[command(flatten)]
    pub talk: Talk,
}

/// What goes to the terminal.
#[derive(Debug, Clone, Args)]
pub struct Talk {
    /// Print errors and failed gates only
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
pub enum Command {
    /// Build for production, compare with the baseline, report escapes, check budgets
    #[command(override_usage = "gobuild-opt release [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Release(Release),
    /// Print the commands that release would run, ready to paste, and why each flag is there
    #[command(override_usage = "gobuild-opt plan [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Plan(PlanArgs),
    /// Report heap escapes: by package, function or line, and what is new against the lock
    #[command(override_usage = "gobuild-opt escape [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Escape(Escape),
    /// Write gobuild-opt.lock, or loosen one entry of it: a site's ID, `size[:NAME]`, `module:PATH`, `frame:FUNCTION`, ...
    #[command(override_usage = "gobuild-opt accept [OPTIONS] [ITEM]... [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Accept(Accept),
    /// Run the checks that need no build
    #[command(override_usage = "gobuild-opt doctor [OPTIONS] [GO BUILD FLAGS] [PACKAGES]", after_help = GO_FLAGS)]
    Doctor(Doctor),
    /// Show what an executable is made of, stripped or not: sections, modules, packages, functions
    #[command(after_help = INSPECT)]
    Inspect(Inspect),
    /// Compare two executables, or two saved JSON reports of release or inspect
    #[command(after_help = COMPARE)]
    Compare(Compare),
    /// Show, merge, slim, compare and collect profiles for -pgo
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Print the manual of a check, or list the checks
    Explain(Explain),
    /// Write a gobuild-opt.toml from what is found in the module
    Init(Init),
    /// List the presets, or print one
    Presets(Presets),
    /// Print a JSON Schema
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man,
}

const GO_FLAGS: &str = "\
Any flag of `go build` may be given, with one dash or two, and wins over the configuration:
-ldflags, -gcflags and -tags are merged with ours, never replaced. Flags that this program does
not know go through to go. `-C DIR` comes first, and all that is relative is relative to DIR then:
packages, -o, --out-dir, --report, --config and the paths that are printed.";

/// Where the report goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct Output {
    /// How the report is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Write the report to a file too; .json, .md, .txt, .html, .svg or .sarif decides the format
    #[arg(long, value_name = "FILE")]
    pub report: Vec<PathBuf>,
}

impl Output {
    /// Every format that is asked for, printed or in a file.
    pub fn formats(&self) -> impl Iterator<Item = Format> {
        let files = self.report.iter().filter_map(|it| Format::of_path(it));
        files.chain([self.format])
    }
}

/// `release`
#[derive(Debug, Args)]
pub struct Release {
    /// The layers.
    #[command(flatten)]
    pub settings: Settings,
    /// The report.
    #[command(flatten)]
    pub output: Output,
    /// Fail instead of waiting when another run writes to the same directory
    #[arg(long)]
    pub no_wait: bool,
    /// Go's part of the line.
    #[arg(skip)]
    pub typed: Typed,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The layers.
    #[command(flatten)]
    pub settings: Settings,
    /// Print shell commands, or JSON
    #[arg(long, value_name = "FORMAT", default_value = "shell")]
    pub format: PlanFormat,
    /// Go's part of the line.
    #[arg(skip)]
    pub typed: Typed,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// A shell script, the reasons in comments.
    Shell,
    /// For programs.
    Json,
}

/// `doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// The layers.
    #[command(flatten)]
    pub settings: Settings,
    /// How the findings are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Go's part of the line.
    #[arg(skip)]
    pub typed: Typed,
}

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The ID of a check
    pub id: Option<String>,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Base it on this preset [default: service or cli, by what is found]
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Print it instead of writing the file
    #[arg(long)]
    pub stdout: bool,
    /// Overwrite an existing file
    #[arg(long)]
    pub force: bool,
}

/// Reads a command line. The outer error is clap's: help, version or a usage error in its own words.
pub fn parse(
    args: &[OsString],
    cwd: &std::path::Path,
) -> std::result::Result<Result<Cli>, clap::Error> {
    let split = match split(args, cwd) {
        Ok(split) => split,
        Err(error) => return Ok(Err(error)),
    };
    let mut cli = Cli::try_parse_from(split.ours)?;
    match &mut cli.command {
        Command::Release(it) => it.typed = split.typed,
        Command::Plan(it) => it.typed = split.typed,
        Command::Escape(it) => it.typed = split.typed,
        Command::Accept(it) => it.typed = split.typed,
        Command::Doctor(it) => it.typed = split.typed,
        _ => {}
    }
    Ok(Ok(cli))
}

impl Cli {
    /// Go's part of the line, for the commands that take one.
    pub fn typed(&self) -> Option<&Typed> {
        match &self.command {
            Command::Release(it) => Some(&it.typed),
            Command::Plan(it) => Some(&it.typed),
            Command::Escape(it) => Some(&it.typed),
            Command::Accept(it) => Some(&it.typed),
            Command::Doctor(it) => Some(&it.typed),
            _ => None,
        }
    }
}

/// The commands that take a `go build` command line.
const BUILDERS: &[&str] = &["release", "plan", "escape", "accept", "doctor"];

struct Split {
    ours: Vec<OsString>,
    typed: Typed,
}

/// `-C DIR COMMAND`, as with git and make, is `COMMAND -C DIR`, as with go.
fn behind(args: &[OsString]) -> Result<Vec<OsString>> {
    let mut args = args.to_vec();
    let leading = args
        .iter()
        .skip(1)
        .take_while(|it| it.to_string_lossy().starts_with('-'));
    let is_it = |it: &OsString| {
        let text = it.to_string_lossy();
        let name = text.trim_start_matches('-');
        name == "C" || name.starts_with("C=")
    };
    let Some(at) = leading.into_iter().position(is_it).map(|it| it + 1) else {
        return Ok(args);
    };
    let words = if args[at].to_string_lossy().contains('=') {
        1
    } else {
        2
    };
    let moved: Vec<OsString> = args.splice(at..(at + words).min(args.len()), []).collect();
    let mut rest = args.iter().skip(at);
    let command = rest.position(|it| !it.to_string_lossy().starts_with('-'));
    let Some(command) = command.map(|it| it + at) else {
        return Ok(args);
    };
    if !BUILDERS.iter().any(|it| args[command] == *it) {
        let message = format!("`-C` is for {}", BUILDERS.join(", "));
        return Err(Error::new(Kind::Usage, message).hint("go to the directory first: `cd DIR`"));
    }
    args.splice(command + 1..command + 1, moved);
    Ok(args)
}

/// Sets Go's flags and packages apart from ours.
fn split(args: &[OsString], cwd: &std::path::Path) -> Result<Split> {
    let args = &behind(args)?;
    let at = args
        .iter()
        .skip(1)
        .position(|it| !it.to_string_lossy().starts_with('-'))
        .map(|it| it + 1);
    let builder = at.filter(|it| BUILDERS.iter().any(|name| args[*it] == *name));
    let mut typed = Typed {
        cwd: cwd.to_path_buf(),
        ..Typed::default()
    };
    let Some(at) = builder else {
        return Ok(Split {
            ours: args.to_vec(),
            typed,
        });
    };
    let mut ours = args[..=at].to_vec();
    let known = Known::of(&args[at].to_string_lossy());
    let mut moved = false;
    let mut rest = args[at + 1..].iter();
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if text == "--" {
            typed.packages.extend(rest.by_ref().cloned());
        } else if !text.starts_with('-') || text == "-" {
            typed.packages.push(arg.clone());
        } else if let Some(takes_value) = known.takes_value(&text) {
            ours.push(arg.clone());
            if takes_value && !text.contains('=') {
                ours.extend(rest.next().cloned());
            }
        } else {
            let flag = go_flag(arg, &text, &known, &mut rest)?;
            if flag.name == "C" {
                // Go's own rule: a directory behind a flag that names a file would be read twice.
                if !typed.flags.is_empty() || !typed.packages.is_empty() || moved {
                    return Err(Error::new(
                        Kind::Usage,
                        "`-C` must be the first of go's flags on the command line",
                    ));
                }
                moved = true;
                typed.cwd = cwd.join(flag.path().unwrap_or_default());
            } else {
                typed.flags.push(flag);
            }
        }
    }
    Ok(Split { ours, typed })
}

fn go_flag<'a>(
    arg: &OsString,
    text: &str,
    known: &Known,
    rest: &mut impl Iterator<Item = &'a OsString>,
) -> Result<Flag> {
    let (name, value) = flags::name_and_value(text)
        .ok_or_else(|| Error::new(Kind::Usage, format!("`{text}` is not a flag")))?;
    let arity = flags::arity(name);
    if arity == Arity::Unknown && text.starts_with("--") {
        // Go may know it one day, but a slip in one of ours must not end up there.
        if let Some(near) = strict::nearest(name, known.long.iter().map(|(it, _)| it.as_str())) {
            return Err(Error::new(Kind::Usage, format!("unknown flag `--{name}`"))
                .hint(format!("did you mean `--{near}`?")));
        }
    }
    let value = match (value, arity) {
        (Some(_), _) => flags::value_behind(arg),
        (None, Arity::Value) => {
            let next = rest.next().cloned();
            Some(next.ok_or_else(|| flags::missing(name, "the command line"))?)
        }
        (None, Arity::Boolean | Arity::Unknown) => None,
    };
    let mut flag = Flag {
        name: name.to_owned(),
        ..Flag::default()
    };
    if let Some(value) = value {
        flag.set_path(value);
    }
    Ok(flag)
}

/// Our own flags of a subcommand, as clap has them.
struct Known {
    long: Vec<(String, bool)>,
    short: Vec<(char, bool)>,
}

impl Known {
    fn of(subcommand: &str) -> Self {
        let mut root = Cli::command();
        root.build();
        let mut known = Self {
            long: vec![("help".into(), false)],
            short: vec![('h', false)],
        };
        let Some(command) = root.find_subcommand(subcommand) else {
            return known;
        };
        for argument in command.get_arguments() {
            let takes = argument.get_action().takes_values();
            known
                .long
                .extend(argument.get_long().map(|it| (it.to_owned(), takes)));
            known
                .short
                .extend(argument.get_short().map(|it| (it, takes)));
        }
        known
    }

    /// Whether `arg` is one of ours, and whether it takes a value.
    fn takes_value(&self, arg: &str) -> Option<bool> {
        if let Some(long) = arg.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            return self
                .long
                .iter()
                .find(|(it, _)| it == name)
                .map(|(_, takes)| *takes);
        }
        let mut letters = arg.strip_prefix('-')?.chars();
        let (first, second) = (letters.next()?, letters.next());
        let (_, takes) = self.short.iter().find(|(it, _)| *it == first)?;
        (second.is_none()).then_some(*takes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        let args: Vec<OsString> = shell_words::split(line)
            .unwrap()
            .into_iter()
            .map(Into::into)
            .collect();
        match split(&args, std::path::Path::new("/w")) {
            Ok(split) => format!(
                "ours: {} | go: {} | packages: {} | in {}",
                split.ours[1..]
                    .iter()
                    .map(|it| it.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(" "),
                split
                    .typed
                    .flags
                    .iter()
                    .map(Flag::to_arg)
                    .collect::<Vec<_>>()
                    .join(" "),
                split
                    .typed
                    .packages
                    .iter()
                    .map(|it| it.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(" "),
                split.typed.cwd.display(),
            ),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn gos_flags_are_told_from_ours() {
        insta::assert_snapshot!(
            check("gobuild-opt release -C sub -o bin/ --tags a,b -trimpath --format json -ldflags '-X main.v=1' ./cmd/... -q"),
            @"ours: release --format json -q | go: -o=bin/ -tags=a,b -trimpath -ldflags=-X main.v=1 | packages: ./cmd/... | in /w/sub"
        );
    }

    #[test]
    fn the_directory_may_come_first() {
        insta::assert_snapshot!(
            check("gobuild-opt -C sub release -trimpath ."),
            @"ours: release | go: -trimpath | packages: . | in /w/sub"
        );
        insta::assert_snapshot!(
            check("gobuild-opt -q -C=sub plan"),
            @"ours: -q plan | go:  | packages:  | in /w/sub"
        );
        insta::assert_snapshot!(
            check("gobuild-opt -C sub inspect x"),
            @"`-C` is for release, plan, escape, accept, doctor; go to the directory first: `cd DIR`"
        );
    }

    #[test]
    fn tomorrows_flags_go_through() {
        insta::assert_snapshot!(check("gobuild-opt release -newflag -other=1 -- -odd"), @"ours: release | go: -newflag -other=1 | packages: -odd | in /w");
    }

    #[test]
    fn a_slip_in_one_of_ours_is_told() {
        insta::assert_snapshot!(check("gobuild-opt release --formt json"), @"unknown flag `--formt`; did you mean `--format`?");
        insta::assert_snapshot!(check("gobuild-opt release -ldflags"), @"the flag `-ldflags` in the command line needs a value; write `-ldflags=VALUE`");
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
