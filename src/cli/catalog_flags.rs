//! The command lines of what prints what comes with the program: presets, schemas, completions.

use clap::{Args, ValueEnum};

use crate::render::Format;

/// `explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The ID of a check or a rule, or the number of a lesson
    pub(crate) id: Option<String>,
    /// List the twenty lessons, and where the tool serves each; with a number, that lesson
    #[arg(long)]
    pub(crate) lessons: bool,
    /// How the lists are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// `presets`
#[derive(Debug, Args)]
pub(crate) struct Presets {
    /// Print this preset; `default` is the reference of every key
    pub(crate) name: Option<String>,
}

/// `schema`
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Of what
    pub(crate) what: SchemaOf,
}

/// What there are schemas of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// gobuild-opt.toml
    Config,
    /// The JSON report of release
    Report,
    /// The JSON report of escape
    Escape,
    /// The JSON report of advise
    Advise,
    /// The JSON report of try
    Try,
    /// The JSON report of inspect
    Inspect,
    /// The JSON report of compare
    Compare,
    /// The JSON of profile show
    Profile,
    /// The JSON of profile diff
    ProfileDiff,
    /// The JSON of why
    Why,
    /// The JSON report of bench
    Bench,
    /// The JSON report of prove
    Prove,
    /// The JSON report of upgrade
    Upgrade,
}

/// `completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The command, such as `release` or `profile collect`
    pub(crate) command: Vec<String>,
}
