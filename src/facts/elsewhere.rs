//! Names in an error the main packages below a directory that has none: those of most modules are in cmd/.

use std::path::Path;

use crate::config::Config;
use crate::error::{Error, Kind};
use crate::go::Package;
use crate::go::flags::{self, Arity};
use crate::number::counted_of;
use crate::plan::Typed;
use crate::process::Interrupt;

use super::recorded::Asking;

/// Main packages that are named.
const NAMED: usize = 4;

/// Whether go says that no package is here.
pub fn is_elsewhere(error: &Error) -> bool {
    let words = error.detail.as_deref().unwrap_or_default();
    error.kind == Kind::Go && words.starts_with("no Go files in ")
}

/// Adds to an error the main packages that can be named. Any other error is returned as it is.
pub fn lead_on(
    error: Error,
    asking: &Asking<'_>,
    typed: &Typed,
    config: &Config,
    interrupt: &Interrupt,
) -> Error {
    if let Some(flag) =
        unknown_flag(typed).filter(|_| error.kind == Kind::Go && error.hint.is_none())
    {
        return error.hint(flags::instead_of(&flag.name));
    }
    let is_named = !typed.packages.is_empty() || !config.build.packages.is_empty();
    let no_main =
        error.kind == Kind::Usage && error.message.starts_with("there is no main package");
    if is_named || !(no_main || is_elsewhere(&error)) {
        return error;
    }
    let all = ["./...".into()];
    let Ok(packages) = asking.go.packages(asking.flags, &all, interrupt) else {
        return error;
    };
    let mains = mains(&packages, &typed.cwd);
    match named(mains) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// What to do where these are the main packages; `None` where there is none.
fn named(mut mains: Vec<String>) -> Option<String> {
    let rest = mains.len().saturating_sub(NAMED);
    mains.truncate(NAMED);
    let more = match rest {
        0 => String::new(),
        rest => format!(" and {}", counted_of(rest, "other")),
    };
    match mains.as_slice() {
        [] => None,
        [only] => Some(format!(
            "the main package is {only}: name it, or run `gobuild-opt init`, which writes it into a configuration"
        )),
        several => Some(format!(
            "the main packages are {}{more}: name one, or run `gobuild-opt init`, which writes them into a configuration",
            several.join(", ")
        )),
    }
}

/// A flag that go does not know: what stands behind it is taken for a package.
fn unknown_flag(typed: &Typed) -> Option<&flags::Flag> {
    let mut flags = typed.flags.iter();
    flags.find(|flag| flags::arity(&flag.name) == Arity::Unknown)
}

/// The main packages below a directory as they are named there, sorted.
fn mains(packages: &[Package], cwd: &Path) -> Vec<String> {
    let mains = packages.iter().filter(|package| package.is_named_main());
    let mut mains: Vec<String> = mains
        .filter_map(|package| Path::new(&package.dir).strip_prefix(cwd).ok())
        .map(|path| format!("`./{}`", path.display()))
        .collect();
    mains.sort();
    mains
}
