use super::{Check, Context, Seen, accepted};
use crate::lock::Item;

pub(crate) const CHECK: Check = Check {
    id: "lock-cgo",
    summary: "packages with cgo that gobuild-opt.lock does not hold",
    manual: "\
What it sees: the packages of the executable that import \"C\" in this build, against those of the
lock.

Why it matters: the first package with cgo makes a static binary a dynamic one: it needs a C
compiler to build and a libc of the right kind to run, and fails in an image without one. Every
call into C costs tens of nanoseconds and keeps a thread.

What to do: build with CGO_ENABLED=0 where the package has a Go version (net and os/user have), or
accept it: `gobuild-opt accept cgo:PACKAGE --reason TEXT`.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    if let Some(cause) = context.lock_is_silent() {
        return Some(Seen::unsaid(cause));
    }
    let worse = context.worse(|item| matches!(item, Item::Cgo(_)));
    worse.first()?;
    let names: Vec<String> = worse
        .iter()
        .map(|change| change.item.to_string().replacen("cgo:", "`", 1) + "`")
        .collect();
    Some(Seen::bad(
        format!("cgo is new in {}", names.join(", ")),
        format!(
            "try CGO_ENABLED=0, or accept it: gobuild-opt accept {} --reason TEXT",
            accepted(&worse)
        ),
    ))
}
