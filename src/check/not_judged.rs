use super::{Check, Context, Seen};
use crate::gate::unjudged;

pub(crate) const CHECK: Check = Check {
    id: "not-judged",
    summary: "gates that were asked for and could not be judged",
    manual: "\
What it sees: every gate that you asked for (the escape gate, budgets, denied checks, assertions)
and that could not be judged in this run, with the cause: the escapes were not collected, the file
does not tell its modules, the baseline is another program's, no profile is applied. What the lock
does not say is told by the check `lock`.

Why it matters: a gate that looked at nothing must not look like one that found nothing. One edited
line of a configuration or of the lock can switch off every gate behind it.

What to do: take the cause away, or take back the gate. With `[checks] not-judged = \"deny\"` a gate
that is not judged fails the run, also where the cause is the lock. `--quiet` prints what was not
judged even where it only warns.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let open = unjudged(context.gates.iter());
    let hint = open.first()?.0.hint();
    let told: Vec<&str> = open.iter().map(|entry| entry.1.as_str()).collect();
    Some(Seen::bad(told.join("; "), hint))
}
