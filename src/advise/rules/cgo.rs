//! Lesson 18: calls of C on hot lines.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO318",
    lesson: 18,
    summary: "a loop calls C, or arguments of C escape",
    manual: "\
What it sees: at least 0.5 % of the CPU in calls of C on one line in a loop; and allocations of a
variable whose address goes to C.

Why it matters: the way into C and back costs 48 ns up to Go 1.25, 26 ns since. Memory whose address
goes to C is moved to the heap.

What to do: one call for many items. `#cgo noescape f` and `#cgo nocallback f` (Go 1.24) where C keeps
no pointer and does not call back. Go 1.26 nearly halves the price of a call.

When not to: where C works for microseconds, the way does not count.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let shape = it.shape.filter(|_| measured)?;
    let calls = shape.calls.iter().find(|call| call.0.starts_with("C."));
    if it.measure == Measure::Cpu && it.is(Class::Cgo) && shape.in_loop && it.share.percent >= 0.5 {
        let name = calls.map_or("C", |call| call.0.as_str());
        return Some(Advice {
            seen: format!("a loop calls {name} once per round"),
            attempt: "hand over many items in one call".into(),
            unless: "C works for microseconds per call".into(),
        });
    }
    // `noescape` came with Go 1.24.
    if !it.is(Class::New) || it.go < (1, 24) {
        return None;
    }
    let mut moved = it
        .sites
        .iter()
        .filter(|site| site.0 == escape::Class::Moved);
    let (name, function) =
        moved.find_map(|site| shape.function.to_c.iter().find(|it| it.0 == site.1))?;
    Some(Advice {
        seen: format!(
            "`{name}` is moved to the heap each time, because its address goes to C.{function}"
        ),
        attempt: format!("add `#cgo noescape {function}` to the preamble"),
        unless: "C keeps the pointer".into(),
    })
}
