use super::{Check, Context, Seen};
use crate::number::counted_of;

pub(crate) const CHECK: Check = Check {
    id: "vendor",
    summary: "whether vendor/ holds what its modules published",
    manual: "\
What it sees: for each module that the build takes from vendor/, every file against the same file of
that module in the module cache, or in the directory that replaces it: files that differ, that the
module has not, and sources that are gone. Modules that the cache has not are named: of them nothing
is known.

Why it matters: go compares vendor/modules.txt with go.mod, and no file below vendor/ with anything.
go.sum holds the hash of a whole module, and vendor/ only a part of it. A change there is built
without a word, and `go mod vendor` takes it back without a word.

What to do: `go mod vendor` writes vendor/ anew; a change that is meant belongs into a fork that
go.mod names with `replace`. `go mod download` fills the module cache, and `go mod verify` compares
the cache with what was downloaded.

Source: cmd/go/internal/modcmd/vendor.go, cmd/go/internal/modload/vendor.go.",
    run,
};

/// How many are named.
const NAMED: usize = 4;

fn run(context: &Context<'_>) -> Option<Seen> {
    let found = context.facts.vendored();
    if found.packages == 0 {
        return None;
    }
    if !found.edited.is_empty() {
        let (what, names) = named(&found.edited, "file");
        return Some(Seen::bad(
            format!("vendor/ was edited, {what} not as published: {names}"),
            "`go mod vendor` writes it anew; what is meant belongs into a fork, with `replace` in go.mod",
        ));
    }
    let unknown = "not known whether vendor/ is as published";
    if !found.unread.is_empty() {
        let (what, names) = named(&found.unread, "file");
        let why = format!("{unknown}: {what} cannot be read: {names}");
        let hint = "see the permissions of vendor/ and of the module cache";
        return Some(Seen::not_judged(why, hint));
    }
    if !found.unknown.is_empty() {
        let (modules, names) = named(&found.unknown, "module");
        let why = format!("{unknown}: the module cache has not {modules}: {names}");
        return Some(Seen::not_judged(
            why,
            "`go mod download` fills the module cache",
        ));
    }
    let packages = counted_of(found.packages, "package");
    let good = format!("vendor/ is as the module cache has it: {packages}");
    Some(Seen::Good(good))
}

/// How many there are, and the names of the first.
fn named(all: &[String], what: &str) -> (String, String) {
    (counted_of(all.len(), what), first(all))
}

fn first(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut text = names[..names.len() - more].join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
