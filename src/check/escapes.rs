use super::{Check, Context, Seen};
use crate::escape::Escapes;
use crate::gate::Cause;
use crate::number::counted;

pub(crate) const CHECK: Check = Check {
    id: "escapes",
    summary: "whether the escape report is there and complete",
    manual: "\
What it sees: whether the compiler told what escapes, while it compiled the release or in a compile
of its own with -gcflags=-m, and whether it printed lines that this version cannot read.

Why it matters: a report that is missing or incomplete must not look like a clean one.

What to do: read what go said; run `gobuild-opt plan` and paste the command of the escape pass.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let built = context.built?;
    if let Some(failure) = &built.escape_failure {
        let first = failure.lines().next().unwrap_or_default();
        return Some(Seen::bad(
            format!("there is no escape report: {first}"),
            "run `gobuild-opt plan` and paste the command of the escape pass",
        ));
    }
    let Some(collected) = &built.escapes else {
        let layer = context.origins.get("escape.collect");
        let layer = layer.map_or("defaults", String::as_str);
        return Some(Seen::unsaid(Cause::NotCollected(layer.into())));
    };
    let escapes = &collected.escapes;
    if escapes.unparsed > 0 {
        return Some(unparsed(escapes));
    }
    Some(Seen::Good(format!(
        "{}, every line understood",
        counted(escapes.sites, "site")
    )))
}

/// The compiler printed lines that nobody knows here.
fn unparsed(escapes: &Escapes) -> Seen {
    let example = escapes.unparsed_examples.first().map(String::as_str);
    let example = example.unwrap_or_default();
    let lines = counted(escapes.unparsed, "line");
    Seen::bad(
        format!("{lines} of the compiler not understood, such as `{example}`"),
        "they are not in the counts; please report them with your Go version",
    )
}
