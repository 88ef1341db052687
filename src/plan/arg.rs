//! The flags of a command as values: what each says, why it is there, and which layer it comes from.

use std::ffi::OsString;

use crate::error::{Error, Kind, Result};
use crate::go::flags::{Flag, per_package};

/// Why a flag is there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Reason {
    /// The flag as it stands on the command line.
    pub(crate) flag: String,
    /// What it is for.
    pub(crate) why: String,
    /// The layer it comes from.
    pub(crate) from: String,
}

impl Reason {
    /// One of our own.
    pub(crate) fn ours(flag: &str, why: &str) -> Self {
        Self {
            flag: flag.into(),
            why: why.into(),
            from: "gobuild-opt".into(),
        }
    }
}

/// A flag of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arg {
    flag: Flag,
    reason: Option<Reason>,
}

impl Arg {
    /// A flag that needs no explanation.
    pub(super) fn plain(name: &str, value: Option<&str>) -> Self {
        Self {
            flag: flag(name, value),
            reason: None,
        }
    }

    /// One of our own. The reason names it without its value.
    pub(super) fn ours(name: &str, value: Option<&str>, why: &str) -> Self {
        Self {
            flag: flag(name, value),
            reason: Some(Reason::ours(&format!("-{name}"), why)),
        }
    }

    /// A flag with the reason that somebody else has for it.
    pub(super) fn because(flag: Flag, reason: Reason) -> Self {
        Self {
            flag,
            reason: Some(reason),
        }
    }
}

fn flag(name: &str, value: Option<&str>) -> Flag {
    Flag {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        bytes: None,
    }
}

/// The flags of one command, in order; without `-o` and packages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    list: Vec<Arg>,
}

impl Flags {
    /// Adds a flag of a layer.
    pub(super) fn add(&mut self, flag: Flag, why: &str, from: &str) {
        let reason = Reason {
            flag: flag.to_arg(),
            why: why.to_owned(),
            from: from.to_owned(),
        };
        self.push(Arg::because(flag, reason));
    }

    /// Adds `-name=value`.
    pub(super) fn set(&mut self, name: &str, value: &str, why: &str, from: &str) {
        self.add(flag(name, Some(value)), why, from);
    }

    /// Adds a flag behind the others.
    pub(super) fn push(&mut self, arg: Arg) {
        self.list.push(arg);
    }

    /// Puts flags before all others.
    pub(super) fn lead(&mut self, args: impl IntoIterator<Item = Arg>) {
        self.list.splice(0..0, args);
    }

    /// Takes every flag of a name out; returns the place of the first one.
    pub(super) fn remove(&mut self, name: &str) -> Option<usize> {
        let first = self.list.iter().position(|arg| arg.flag.name == name);
        self.list.retain(|arg| arg.flag.name != name);
        first
    }

    /// Puts `-name=value`, for each value, where one of that name stood; first of all where none did.
    pub(super) fn replace(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        let at = self.remove(name).unwrap_or(0);
        let args = values.into_iter();
        self.list
            .splice(at..at, args.map(|value| Arg::plain(name, Some(&value))));
    }

    /// The same flags, which the report of the plan does not explain again.
    pub(super) fn unexplained(mut self) -> Self {
        for arg in &mut self.list {
            arg.reason = None;
        }
        self
    }

    /// The values of a flag, in order.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.list.iter().filter(move |arg| arg.flag.name == name);
        named.filter_map(|arg| arg.flag.value.as_deref())
    }

    /// The linker flags, of every `-ldflags`, as single words. Fails with [`crate::error::Kind::Usage`] for a list that
    /// cannot be read.
    pub(crate) fn ldflags(&self) -> Result<Vec<String>> {
        let mut words = Vec::new();
        for value in self.values("ldflags") {
            let read = per_package(value).map_err(|why| unreadable("-ldflags", value, &why))?;
            words.extend(read.flags);
        }
        Ok(words)
    }

    /// As they stand on the command line, byte for byte.
    pub(super) fn args(&self) -> impl Iterator<Item = OsString> {
        self.list.iter().map(|arg| arg.flag.to_os_arg())
    }

    /// One entry per flag that we add or change.
    pub(super) fn reasons(&self) -> impl Iterator<Item = Reason> {
        self.list.iter().filter_map(|arg| arg.reason.clone())
    }
}

pub(super) fn unreadable(origin: &str, value: &str, why: &str) -> Error {
    Error::new(
        Kind::Usage,
        format!("cannot read the flags `{value}` ({origin}): {why}"),
    )
    .hint("separate with spaces; quote what holds spaces with ' or \" at its start")
}
