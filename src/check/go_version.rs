use super::{Check, Context, Seen};

pub(crate) const CHECK: Check = Check {
    id: "go-version",
    summary: "whether the toolchain still gets fixes",
    manual: "\
What it sees: the version of the toolchain that built the binary.

Why it matters: the Go team fixes the two newest releases. An older one has known holes in the
standard library, which is part of your binary.

What to do: build with one of the two newest. The toolchain may be newer than the go line of
go.mod: the go line keeps the old run-time behaviour (GODEBUG defaults) until you raise it.

Source: go.dev/doc/devel/release. The newest release known to this program is in the message.",
    run,
};

/// The newest Go release known when this program was built.
const NEWEST: u32 = 27;

fn run(context: &Context<'_>) -> Option<Seen> {
    let version = &context.facts.toolchain.version;
    let Some((1, minor)) = context.facts.toolchain.minor() else {
        let why = format!("`{version}` is not a release");
        return Some(Seen::not_judged(why, "build with a release of Go"));
    };
    if minor + 1 >= NEWEST {
        return Some(Seen::Good(format!(
            "{version} is one of the releases that get fixes"
        )));
    }
    Some(Seen::bad(
        format!(
            "{version} gets no more security fixes: 1.{} and 1.{NEWEST} do",
            NEWEST - 1
        ),
        format!(
            "build with Go 1.{} or 1.{NEWEST}; `gobuild-opt upgrade --go 1.{NEWEST}` shows what that changes",
            NEWEST - 1
        ),
    ))
}
