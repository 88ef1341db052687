//! The command lines of what prints what comes with the program: presets, schemas, completions.

use clap::{Args, ValueEnum};

use crate::render::Format;

/// `explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The ID of a check or a rule, or the number of a lesson
    pub id: Option<String>,
    /// List the twenty lessons, and where the tool serves each; with a number, that lesson
    #[arg(long)]
    pub lessons: bool,
    /// How the lists are printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

/// `presets`
#[derive(Debug, Args)]
pub struct Presets {
    /// Print this preset; `default` is the reference of every key
    pub name: Option<String>,
}

/// `schema`
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    pub what: SchemaOf,
}

/// What there are schemas of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
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
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// The command, such as `release` or `profile collect`
    pub command: Vec<String>,
}
