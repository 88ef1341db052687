//! What is refused, why, and what to do about it.

use super::flag_list::{Item, Rule, Table};
use super::{lists, variables};
use crate::error::{Error, Kind};

/// A part of a command that a configuration may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The number of the first word.
    pub(crate) at: usize,
    /// The part, as it was written.
    pub(crate) shown: String,
    /// What is wrong with it.
    pub(crate) why: String,
    /// What is allowed, and how to pass this all the same.
    pub(crate) hint: String,
    /// The key that it most likely comes from.
    key: &'static str,
    name: String,
}

const TRUST: &str = "run with `--trust-config` if you trust this file";

impl Refusal {
    fn new(shown: String, why: &str, hint: String, key: &'static str, name: &str) -> Self {
        Self {
            at: 0,
            shown,
            why: why.to_owned(),
            hint,
            key,
            name: name.to_owned(),
        }
    }

    /// Moves the refusal to another word of the command.
    #[must_use]
    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = at;
        self
    }

    /// A flag; `list` is where it would be typed.
    pub(super) fn item(item: &Item, table: Table, list: &str) -> Self {
        let rule = table.iter().find(|(name, _)| *name == item.name);
        let value = item.value.as_deref().unwrap_or_default();
        let why = match rule {
            _ if item.shown().starts_with('@') || (item.apart && value.starts_with('@')) => {
                "it stands for the words of a file, and so can run any program"
            }
            _ if !item.is_flag => "it is no flag",
            Some((_, Rule::Refused)) => "it can run any program, or read or write any file",
            Some(_) if item.value.is_none() => "it needs a value",
            Some(_) => "a configuration may not give it this value",
            None => "it is not on the list of what a configuration may pass",
        };
        let examples = lists::examples(list);
        let hint = format!(
            "a configuration may pass {examples}; give this on the command line (`{list}`), or {TRUST}"
        );
        let mut refusal = Self::new(item.shown(), why, hint, "flags", &item.name).at(item.at);
        if let Some(key) = ["ldflags", "gcflags", "asmflags"]
            .into_iter()
            .find(|suffix| list.ends_with(*suffix))
        {
            refusal.key = key;
        }
        refusal
    }

    /// A list that go cannot split.
    pub(super) fn unreadable(value: &str, why: &str) -> Self {
        let hint = format!(
            "separate with spaces; quote what holds spaces with ' or \" at its start; give what is no list on the command line, or {TRUST}"
        );
        Self::new(
            value.to_owned(),
            &format!("go cannot read it: {why}"),
            hint,
            "flags",
            value,
        )
    }

    /// The refusal of a command other than go.
    pub(super) fn program(name: &str) -> Self {
        let hint = format!(
            "a configuration may name `go` or a version such as `go1.27.3`; set GOBUILD_OPT_GO, or {TRUST}"
        );
        Self::new(name.to_owned(), "it can run any program", hint, "go", name)
    }

    /// A path that is not below the project.
    pub(super) fn path(name: &str) -> Self {
        let hint = format!("name it on the command line, or {TRUST}");
        Self::new(
            name.to_owned(),
            "it leads out of the project",
            hint,
            "packages",
            name,
        )
    }

    /// A package that go would take for a flag.
    pub(super) fn package(name: &str) -> Self {
        let hint = "name packages such as `./...`; flags of go stand in `[build] flags`, or on the command line";
        let why = "go would take it for a flag and no package";
        Self::new(name.to_owned(), why, hint.into(), "packages", name)
    }

    /// A variable, or a value that it may not have.
    pub(super) fn variable(name: &str, value: &str, unknown: bool) -> Self {
        let (shown, why, hint) = if unknown {
            let hint = format!(
                "a configuration may set {}; set this one in your environment, or {TRUST}",
                variables::names()
            );
            (
                name.to_owned(),
                "it can run any program, or lead out of the project",
                hint,
            )
        } else {
            let hint = format!("set it in your environment, or {TRUST}");
            (
                format!("{name}={value}"),
                "a configuration may not give it this value",
                hint,
            )
        };
        Self::new(shown, why, hint, "env", name)
    }

    /// Whether a setting is likely where it comes from.
    pub(super) fn comes_from(&self, key: &str, value: &str) -> bool {
        let list = key.ends_with(self.key) || key.ends_with("flags") || key.ends_with("GOFLAGS");
        (self.key == "env" && key.ends_with(&self.name))
            || (self.key == "go" && key == "go")
            || (list && value.contains(&self.name))
    }

    /// The error, with the layer and the key that it comes from where they are known.
    pub(crate) fn error(&self, from: Option<(&str, &str)>) -> Error {
        let Self { shown, why, .. } = self;
        let message = match from {
            Some((layer, key)) => format!("`{layer}` sets `{key}`: `{shown}` is refused, {why}"),
            None => format!(
                "`{shown}` is refused, {why}: it comes from the configuration, or from what a template stands for"
            ),
        };
        Error::new(Kind::Usage, message).hint(self.hint.clone())
    }
}
