use super::{Check, Context, Seen};

pub(crate) const CHECK: Check = Check {
    id: "ambient",
    summary: "settings from outside that change the binary",
    manual: "\
What it sees: variables of the environment, and of the file that `go env -w` writes, that change
the bits of the binary (GOFLAGS, GOAMD64, GOEXPERIMENT, CGO_ENABLED, CC and the like) and that
gobuild-opt.toml does not set to the same value; and a go.work that go found above the repository,
which decides which modules are built, and which replace those of go.mod and of vendor/.

Why it matters: the same commit gives another binary on another machine, and nothing in the
repository says why.

What to do: write what you mean into gobuild-opt.toml: `[build] flags`, `env`, `tags`, or the
`level` of a target; and unset the variable, or leave it equal. A go.work above is ignored with
`[build.env] GOWORK = \"off\"`. `[build] ambient` decides what a leak does: \"warn\", \"deny\" (exit
code 1) or \"allow\".

Source: cmd/go/internal/cfg, `go help environment`.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let found = &context.facts.ambient;
    if found.is_empty() {
        return Some(Seen::Good(
            "no setting from outside changes the binary".into(),
        ));
    }
    let all: Vec<String> = found
        .iter()
        .map(|ambient| format!("{}={} ({})", ambient.name, ambient.value, ambient.from))
        .collect();
    Some(Seen::bad(
        format!(
            "set outside, and part of what was built: {}",
            all.join(", ")
        ),
        "write them into gobuild-opt.toml, or set `[build] ambient = \"allow\"`",
    ))
}
