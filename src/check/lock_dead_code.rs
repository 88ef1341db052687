use super::{Check, Context, Seen};
use crate::lock::{Fact, Item};

pub(crate) const CHECK: Check = Check {
    id: "lock-dead-code",
    summary: "whether the linker still removes methods that nothing calls",
    manual: "\
What it sees: the share of exported methods that the linker removed, from the type descriptors of
the finished binary: two thirds where dead-code elimination of methods works, below a tenth where
it is switched off. The lock says that it was on.

Why it matters: one reachable call of reflect.Value.Method or MethodByName with a name that is no
constant keeps every exported method of every reachable type, with all that these methods call.
Binaries grow by a fifth and more at once. text/template and html/template are the usual ways in.

What to do: find the new import with `go mod why` or `go list -deps`, or accept it:
`gobuild-opt accept dead-code --reason TEXT`.

Source: cmd/link/internal/ld/deadcode.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let worse = match context.worse_or_silent(Fact::DeadCode, |item| *item == Item::DeadCode) {
        Ok(worse) => worse,
        Err(seen) => return seen,
    };
    worse.first()?;
    let methods = context.artifact.and_then(|artifact| artifact.methods)?;
    Some(Seen::bad(
        format!(
            "dead-code elimination of methods is switched off now: {} of {} exported methods are removed",
            methods.pruned, methods.exported
        ),
        "look for a new use of reflect.Method, MethodByName or a template package, or accept it: gobuild-opt accept dead-code --reason TEXT",
    ))
}
