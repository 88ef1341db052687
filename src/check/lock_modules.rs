use super::{Check, Context, Seen};
use crate::config::size::human;
use crate::lock::{Fact, Standing};
use crate::order::Order;

pub(crate) const CHECK: Check = Check {
    id: "lock-modules",
    summary: "modules in the executable that gobuild-opt.lock does not hold",
    manual: "\
What it sees: the modules that have bytes in the finished binary, against those of the lock. How
much a module may grow is a budget: `[budget] modules`.

Why it matters: a new module is new code from somebody else in production: bytes, licences,
vulnerabilities. In go.mod it may have stood for long, as the module of a test or of a tool; that it
is linked, only the binary tells.

What to do: find who imports it with `go mod why -m MODULE`; remove the import, or accept it:
`gobuild-opt accept module:MODULE --reason TEXT`.",
    run,
};

/// Modules that the message names.
const NAMED: usize = 5;

fn run(context: &Context<'_>) -> Option<Seen> {
    if let Err(seen) = context.worse_or_silent(Fact::Modules, |_| false) {
        return seen;
    }
    let changes = context.lock.and_then(Standing::compared)?;
    let mut new: Vec<(&str, u64)> = changes.new_modules().collect();
    new.order_by_key(|pair| std::cmp::Reverse(pair.1));
    let first = new.first()?.0;
    let items: Vec<String> = new
        .iter()
        .map(|pair| format!("module:{}", pair.0))
        .collect();
    let mut names: Vec<String> = new
        .iter()
        .take(NAMED)
        .map(|(path, bytes)| format!("`{path}` ({})", human(*bytes)))
        .collect();
    if new.len() > NAMED {
        names.push(format!("and {} more", new.len() - NAMED));
    }
    Some(Seen::bad(
        format!("new modules are linked: {}", names.join(", ")),
        format!(
            "see `go mod why -m {first}`, or accept it: gobuild-opt accept {} --reason TEXT",
            items.join(" ")
        ),
    ))
}
