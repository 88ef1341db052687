//! One line per subcommand; each walks a stretch of the pipeline.

mod accept;

mod advise;

mod attempt;

mod catalog;

mod comment;

mod compare;

mod config_schema;

mod doctor;

mod escape;

mod named_executable;

mod graph;

mod heavier;

mod init;

mod inspect;

mod job;

mod lock_file;

mod measuring;

mod pass;

mod plan;

mod prepare;

mod present;

mod prove;

mod published;

mod profile;

mod reason;

mod release;

mod repair;

mod retaining;

mod past_pass;

mod said;

mod staged;

pub mod stand_in;

mod telling;

mod unpublished;

mod upgrade;

mod why;

use crate::cli::{Cli, Command};
use crate::error::Result;
pub use crate::session::Session;

/// What a command has to say at its end.
#[derive(Debug, Default)]
pub struct Output {
    /// For standard output. Left out by `--quiet` when nothing failed.
    pub text: String,
    /// The sentences behind exit code 1.
    pub failures: Vec<String>,
    /// The sentences about gates that were not judged. `--quiet` prints them.
    pub not_judged: Vec<String>,
    /// Whether `text` is what was asked for, so that `--quiet` does not drop it.
    pub is_data: bool,
    /// Bytes for standard output, as they are; `text` is talk beside them.
    pub data: Vec<u8>,
    /// Whether standard output belongs to somebody else (`-json`), so that `text` is talk.
    pub beside_data: bool,
    /// What went wrong without changing the result.
    pub warnings: Vec<String>,
    /// Commands for the runner of GitHub Actions, for standard error.
    pub annotations: String,
    /// The signal that ended the run before its end, where there is something to say all the same.
    pub signal: Option<i32>,
}

/// Runs a command.
pub fn run(cli: &Cli, session: &mut Session<'_>) -> Result<Output> {
    // With -C we are there, as go is: every path is relative to it, those of our own flags too.
    session.cwd.clone_from(&cli.cwd);
    match &cli.command {
        Command::Release(args) => release::run(args, session),
        Command::Plan(args) => plan::run(args, session),
        Command::Escape(args) => escape::run(args, session),
        Command::Advise(args) => advise::run(args, session),
        Command::Try(args) => attempt::run(args, session),
        Command::Bench(args) => measuring::run(args, session),
        Command::Prove(args) => prove::run(args, session),
        Command::Upgrade(args) => upgrade::run(args, session),
        Command::Accept(args) => accept::run(args, session),
        Command::Doctor(args) => doctor::run(args, session),
        Command::Why(args) => reason::run(args, session),
        Command::Inspect(args) => inspect::run(args, session),
        Command::Compare(args) => compare::run(args, session),
        Command::Comment(args) => comment::run(args, session),
        Command::Profile(args) => profile::run(args, session),
        Command::Explain(args) => catalog::explain(args, session),
        Command::Init(args) => init::run(args, session),
        Command::Presets(args) => catalog::presets(args, session),
        Command::Schema(args) => catalog::schema(args),
        Command::Completions(args) => catalog::completions(args),
        Command::Man(args) => catalog::man(args),
    }
}
