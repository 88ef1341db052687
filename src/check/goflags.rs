use super::{Check, Context, Seen};
use crate::go::flags;

pub const CHECK: Check = Check {
    id: "goflags",
    summary: "flags that GOFLAGS loses without a word",
    manual: "\
What it sees: entries of GOFLAGS that no go command knows, behind a list such as -ldflags.

Why it matters: GOFLAGS=\"-ldflags=-s -w\" is two entries: -ldflags=-s, and a -w that Go drops
silently since GOFLAGS may hold flags of other commands. The binary is not what you think.

What to do: quote the whole entry: GOFLAGS=\"'-ldflags=-s -w' -trimpath\".

Source: cmd/go/internal/base/goflags.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let list = &context.facts.goflags;
    if list.is_empty() {
        return None;
    }
    let lost: Vec<String> = flags::lost_in_goflags(list)
        .iter()
        .map(|it| format!("`{}`", it.to_arg()))
        .collect();
    let text = &context.facts.toolchain.goflags;
    if lost.is_empty() {
        return Some(Seen::Good(
            "every entry of GOFLAGS is a flag of go build".into(),
        ));
    }
    Some(Seen::Bad(
        format!("Go silently drops {} of GOFLAGS: {text}", lost.join(", ")),
        "quote the whole entry: GOFLAGS=\"'-ldflags=-s -w'\"".into(),
    ))
}
