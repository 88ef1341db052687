use super::{Check, Context, Seen};
use crate::gate::{Cause, unjudged};
use crate::lock::{Changes, Item, Standing};
use crate::number::counted_of;

pub(crate) const CHECK: Check = Check {
    id: "lock",
    summary: "whether gobuild-opt.lock speaks of this executable",
    manual: "\
What it sees: whether there is a gobuild-opt.lock, whether it has an entry for this platform and
main package, and whether the Go version and the escape scope are those that it was written with.
The gates that stand open where it is not so are named; with `[checks] not-judged = \"deny\"` they
fail the run, too.

Why it matters: `[escape] gate = \"new\"`, a ratchet and a percentage over the lock hold nothing
back where the lock says nothing. And another Go version changes sizes, settings and escapes of
the same code: that is one cause, not hundreds of findings, and so nothing is compared.

What to do: run `gobuild-opt accept` and commit the file, once in the beginning, after a new main
package or platform, and after a new Go version.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let open = unjudged(context.gates.iter());
    let own = context.lock_is_silent();
    // Without a lock there is nothing to say, unless somebody counts on it.
    if own == Some(Cause::NoLock) && open.is_empty() {
        return None;
    }
    // What the lock lacks is named as well; a cause without a gate only once.
    let mut told: Vec<String> = open.iter().map(|entry| entry.1.clone()).collect();
    let hint = open.first().map(|open| open.0.hint());
    if let Some(cause) = own.filter(|own| open.iter().all(|entry| entry.0 != *own)) {
        told.insert(0, format!("nothing is compared, because {cause}"));
    }
    if !told.is_empty() {
        let moved = context.lock.and_then(size).unwrap_or_default();
        let hint = hint.unwrap_or(Cause::NoLock.hint());
        return Some(Seen::bad(told.join("; ") + &moved, hint));
    }
    context
        .lock?
        .compared()
        .map(|changes| Seen::Good(compared(changes)))
}

/// How the size changed with another Go, all the same.
fn size(standing: &Standing) -> Option<String> {
    let Standing::OtherGo { changes, .. } = standing else {
        return None;
    };
    let size = changes
        .sizes
        .iter()
        .find(|change| change.item == Item::Size)?;
    let (before, after) = (size.before?, size.after?);
    Some(format!(" (size {before} -> {after} B)"))
}

fn compared(changes: &Changes) -> String {
    let sizes = match changes.sizes.len() {
        0 => "every size is as accepted".to_owned(),
        some => format!(
            "{} than in the lock, which fails only where a budget says so",
            counted_of(some, "other size")
        ),
    };
    let facts = match changes.facts.len() {
        0 => "cgo, GODEBUG, dead-code elimination and profile health are as accepted".to_owned(),
        _ => {
            let names: Vec<String> = changes
                .facts
                .iter()
                .map(|change| change.item.to_string())
                .collect();
            format!("other than accepted: {}", names.join(", "))
        }
    };
    format!("{sizes}; {facts}")
}
