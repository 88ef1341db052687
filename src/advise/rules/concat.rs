//! Lesson 5: strings that become longer in a loop.

use crate::advise::class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};

/// The rule.
pub const RULE: Rule = Rule {
    id: "GBO305",
    lesson: 5,
    summary: "a string becomes longer in a loop",
    manual: "\
What it sees: time or memory spent on concatenation on a line such as `s += x` in a loop, where s is
declared outside of the loop.

Why it matters: each round copies all of the string so far: n pieces cost n * n / 2. The compiler's
escape report does not show it.

What to do: a strings.Builder outside of the loop, with Grow where the length is known; or collect
the pieces and strings.Join them.

When not to: a single expression `a + b + c` is one allocation and needs nothing. So does a loop of
two or three rounds.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let name = it.shape?.lengthened.first()?;
    if !measured || !it.is(Class::Concat) {
        return None;
    }
    Some(Advice {
        seen: format!("`{name}` becomes longer in a loop: each round copies all of it"),
        attempt: format!(
            "write to a strings.Builder instead, and set `{name}` after the loop; or strings.Join the pieces"
        ),
        unless: "the loop has two or three rounds".into(),
    })
}
