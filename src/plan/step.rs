//! One command of the plan: what it is for, what go is called with, and why.

use std::ffi::OsString;

use serde::Serialize;

use super::Facts;
use super::arg::{Arg, Flags, Reason};
use crate::go::Go;
use crate::process::Invocation;

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Builds the binaries that are shipped.
    Release,
    /// Compiles named packages that are not commands, as `go build` does.
    Libraries,
    /// Builds what they are compared with.
    Baseline,
    /// Names the captures of the packages.
    Captures,
    /// Compiles with the profile, to tell what it does.
    EffectWith,
    /// Compiles without it.
    EffectWithout,
    /// Links what was compiled without it.
    EffectBuild,
    /// Compiles for the escape report.
    Escape,
}

/// One command.
#[derive(Debug)]
pub(crate) struct Step {
    /// What it is for.
    pub(crate) kind: StepKind,
    /// The command.
    pub(crate) invocation: Invocation,
    /// Why each flag is there.
    pub(crate) reasons: Vec<Reason>,
    /// The same without a capture, for when that fails.
    pub(crate) without: Option<Box<Step>>,
    recipe: Recipe,
}

impl Step {
    fn new(kind: StepKind, go: &Go, recipe: Recipe) -> Self {
        Self {
            kind,
            invocation: go.invocation(recipe.args()),
            reasons: recipe.reasons(),
            without: None,
            recipe,
        }
    }

    /// A `go list`.
    pub(super) fn list(kind: StepKind, facts: &Facts, flags: Flags, packages: &[OsString]) -> Self {
        let recipe = Recipe {
            verb: "list",
            flags,
            output: None,
            packages: packages.to_vec(),
        };
        Self::new(kind, &facts.go, recipe)
    }

    /// A `go build`, which says the names of the packages as it compiles them.
    pub(super) fn build(
        kind: StepKind,
        facts: &Facts,
        flags: Flags,
        output: Option<OsString>,
        packages: &[OsString],
    ) -> Self {
        let mut flags = flags;
        // With -json the names would stand among what the compiler says.
        if !facts.asked.names && !facts.asked.json {
            flags.push(Arg::ours(
                "v",
                None,
                "progress: the packages as they are compiled",
            ));
        }
        let recipe = Recipe {
            verb: "build",
            flags,
            output,
            packages: packages.to_vec(),
        };
        Self::new(kind, &facts.go, recipe)
    }

    /// The same command with other flags.
    pub(super) fn with(&self, edit: impl FnOnce(&mut Flags)) -> Self {
        let mut recipe = self.recipe.clone();
        edit(&mut recipe.flags);
        let mut invocation = self.invocation.clone();
        invocation.args = recipe.args();
        Self {
            kind: self.kind,
            invocation,
            reasons: recipe.reasons(),
            without: None,
            recipe,
        }
    }

    /// The values of a flag, in order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.recipe.flags.values(name)
    }
}

/// A go command before it is a list of words.
#[derive(Debug, Clone)]
struct Recipe {
    /// `build` or `list`.
    verb: &'static str,
    /// Its flags.
    flags: Flags,
    /// What stands behind `-o`.
    output: Option<OsString>,
    /// The packages.
    packages: Vec<OsString>,
}

impl Recipe {
    /// The words behind `go`.
    fn args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec![self.verb.into()];
        args.extend(self.flags.args());
        if let Some(output) = &self.output {
            args.extend(["-o".into(), output.clone()]);
        }
        args.push("--".into());
        args.extend(self.packages.iter().cloned());
        args
    }

    /// Why each flag is there.
    fn reasons(&self) -> Vec<Reason> {
        let output = self.output.iter();
        let output =
            output.map(|_| Reason::ours("-o", "a private place, published only when all is well"));
        self.flags.reasons().chain(output).collect()
    }
}
