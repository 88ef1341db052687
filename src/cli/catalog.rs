//! The command lines of what prints what comes with the program: presets, schemas, completions.

use clap::{Args, ValueEnum};

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
    /// The JSON report of inspect
    Inspect,
    /// The JSON report of compare
    Compare,
    /// The JSON of profile show
    Profile,
    /// The JSON of profile diff
    ProfileDiff,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
