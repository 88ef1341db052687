use super::{Check, Context, Seen};
use crate::lock::{Changes, FILE, Item, Standing};

pub const CHECK: Check = Check {
    id: "lock",
    summary: "whether gobuild-opt.lock speaks of this executable",
    manual: "\
What it sees: whether there is a gobuild-opt.lock, whether it has an entry for this platform and
main package, and whether the Go version is the one that it was written with.

Why it matters: `[escape] gate = \"new\"`, a ratchet and a percentage over the lock hold nothing
back where the lock says nothing. And another Go version changes sizes, settings and escapes of
the same code: that is one cause, not hundreds of findings, and so nothing is compared.

What to do: run `gobuild-opt accept` and commit the file, once in the beginning, after a new main
package or platform, and after a new Go version.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let accept = || "run `gobuild-opt accept`, and commit the file".to_owned();
    Some(match context.lock? {
        Standing::NoLock => {
            let gate = context.gate_on_lock?;
            let message = format!("there is no {FILE}, and so `{gate}` holds nothing back");
            Seen::Bad(message, accept())
        }
        Standing::NoEntry => Seen::Bad(
            format!(
                "{FILE} has no entry for {} on {}",
                context.package,
                context.facts.key()
            ),
            accept(),
        ),
        Standing::OtherGo { go, changes } => Seen::Skipped(format!(
            "{FILE} is from {go} and this is {}: nothing is compared{}, `gobuild-opt accept` writes it anew",
            context.facts.toolchain.version,
            size(changes)
        )),
        Standing::Compared(changes) => Seen::Good(compared(changes)),
    })
}

fn size(changes: &Changes) -> String {
    let size = changes.sizes.iter().find(|it| it.item == Item::Size);
    let Some((Some(before), Some(after))) = size.map(|it| (it.before, it.after)) else {
        return String::new();
    };
    format!(" (size {before} -> {after} B)")
}

fn compared(changes: &Changes) -> String {
    let sizes = match changes.sizes.len() {
        0 => "every size is as accepted".to_owned(),
        1 => "1 size differs".to_owned(),
        more => format!("{more} sizes differ"),
    };
    let facts = match changes.facts.len() {
        0 => "cgo, GODEBUG, dead-code elimination and profile health are as accepted".to_owned(),
        _ => {
            let names: Vec<String> = changes.facts.iter().map(|it| it.item.to_string()).collect();
            format!("other than accepted: {}", names.join(", "))
        }
    };
    format!("{sizes}; {facts}")
}
