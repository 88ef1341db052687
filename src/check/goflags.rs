use super::{Check, Context, Seen};
use crate::go::flags;
use crate::plan::Facts;

pub(crate) const CHECK: Check = Check {
    id: "goflags",
    summary: "flags that Go loses without a word",
    manual: "\
What it sees: entries of GOFLAGS that no go command knows, behind a list such as -ldflags; and
values of -ldflags, -gcflags, -asmflags and -tags, of GOFLAGS, of the configuration or typed, that
have no effect, because a later value hides them or their pattern means no package of the build.

Why it matters: GOFLAGS=\"-ldflags=-s -w\" is two entries: -ldflags=-s, and a -w that Go drops
silently since GOFLAGS may hold flags of other commands. Of several -ldflags, or -gcflags, that
mean a package, Go takes the last one whole: -ldflags=-X=p.A=1 -ldflags=-X=p.B=2 sets only B. The
binary is not what you think.

What to do: quote the whole entry: GOFLAGS=\"'-ldflags=-s -w' -trimpath\"; write one list instead of
two: '-ldflags=-X=p.A=1 -X=p.B=2'.

Source: cmd/go/internal/base/goflags.go, cmd/go/internal/load/flag.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let facts = context.facts;
    let dropped: Vec<String> = flags::lost_in_goflags(&facts.goflags)
        .iter()
        .map(|flag| format!("`{}`", flag.to_arg()))
        .collect();
    let parts = without_effect(facts, &dropped);
    if parts.is_empty() {
        let good = || Seen::Good("every entry of GOFLAGS is a flag of go build".into());
        return (!facts.goflags.is_empty()).then(good);
    }
    let hint = if dropped.is_empty() {
        "write one list instead of several, for packages of the build"
    } else {
        "quote the whole entry: GOFLAGS=\"'-ldflags=-s -w'\""
    };
    Some(Seen::bad(parts.join("; "), hint))
}

/// A sentence for what Go drops of GOFLAGS, and for each flag that does nothing.
fn without_effect(facts: &Facts, dropped: &[String]) -> Vec<String> {
    let text = &facts.toolchain.goflags;
    let names = dropped.join(", ");
    let drops = format!("Go silently drops {names} of GOFLAGS: {text}");
    let lost = facts.lost.iter().map(|lost| {
        let (flag, from, why) = (&lost.flag, &lost.from, &lost.why);
        format!("`{flag}` of {from} has no effect: {why}")
    });
    let drops = (!dropped.is_empty()).then_some(drops);
    drops.into_iter().chain(lost).collect()
}
