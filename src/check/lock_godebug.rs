use super::{Check, Context, Seen, accepted};
use crate::gate::Cause;
use crate::lock::{FactChange, Item};

pub(crate) const CHECK: Check = Check {
    id: "lock-godebug",
    summary: "GODEBUG settings that gobuild-opt.lock does not hold",
    manual: "\
What it sees: the GODEBUG defaults in the build information of the finished binary, against those
of the lock.

Why it matters: each of them holds the program back at the behaviour of an older Go, in
networking, cryptography or the runtime. They come from a lower `go` line in go.mod or go.work, from
`godebug` lines there, or from //go:debug comments; a new one is seldom meant.

What to do: raise the go line, remove the setting, or accept it:
`gobuild-opt accept godebug:NAME --reason TEXT`.

Source: go.dev/doc/godebug, internal/godebugs/table.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    if let Some(cause) = context.lock_is_silent() {
        return Some(Seen::unsaid(cause));
    }
    let untold = |artifact: &crate::analysis::Artifact| {
        let binary = artifact.binary.as_ref();
        binary.is_none_or(|binary| binary.build_info.is_none())
    };
    if context.artifact.is_some_and(untold) {
        let why = "the file has no build information";
        return Some(Seen::unsaid(Cause::Other(why.into(), "")));
    }
    let worse = context.worse(|item| matches!(item, Item::Godebug(_)));
    worse.first()?;
    let settings: Vec<String> = worse.iter().map(|change| setting(change)).collect();
    Some(Seen::bad(
        format!(
            "GODEBUG holds back what it did not: {}",
            settings.join(", ")
        ),
        format!(
            "see the `go` and `godebug` lines of go.mod and //go:debug comments, or accept it: gobuild-opt accept {} --reason TEXT",
            accepted(&worse)
        ),
    ))
}

/// A setting with its value, and the one before.
fn setting(change: &FactChange) -> String {
    let name = change.item.to_string().replacen("godebug:", "", 1);
    let value = change.after.as_deref().unwrap_or_default();
    match &change.before {
        Some(before) => format!("{name}={value} (was {before})"),
        None => format!("{name}={value}"),
    }
}
