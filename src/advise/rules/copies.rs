//! Lesson 7: large values that are copied, and small ones behind pointers that escape.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO307",
    lesson: 7,
    summary: "a loop copies large elements, or a small struct is allocated to return a pointer",
    manual: "\
What it sees: time spent copying memory on the first line of a loop that gives each element a name
(`for _, v := range xs`). And, in a heap profile, at least 1 % of the bytes at `return &T{...}` whose
objects have at most 64 bytes on average and are dropped soon, where T has no method with a pointer
receiver, and whoever calls the function only reads fields of what it returns.

Why it matters: a large element is copied in each round. A pointer to a small struct costs an
allocation, where the value would travel in registers.

What to do: walk by index: `for i := range xs { v := &xs[i]`. Return the small struct as a value.

When not to: up to about 128 bytes a copy costs nothing worth a change. Since Go 1.27 copies of which
only a field is read are left out. A pointer stays where callers change the struct, share it, or
where nil means something.",
    run,
};

/// Bytes up to which a value is as good as a pointer.
const SMALL: i64 = 64;

/// How much more than what is in use must have been allocated: what is kept in a structure needs its pointer.
const CHURN: i64 = 50;

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape?;
    if it.measure == Measure::Cpu && it.is(Class::Copy) && it.via().is_empty() {
        let (copy, over) = shape.copies.as_ref()?;
        return Some(Advice {
            seen: format!("each round copies an element of `{over}` into `{copy}`"),
            attempt: format!("walk by index: `for i := range {over} {{ {copy} := &{over}[i]`"),
            unless: format!("the body changes `{copy}`, or keeps its address"),
        });
    }
    let memory = it.memory.filter(|_| it.measure == Measure::Allocated)?;
    let average = memory.bytes.checked_div(memory.objects)?;
    let escapes = it.sites.iter().any(|site| site.0 == escape::Class::New);
    let returned = shape.returned.is_some() && !shape.needs_pointer;
    let short_lived = memory.bytes / CHURN >= memory.in_use;
    if !returned || !escapes || !short_lived || average > SMALL || it.share.percent < 1.0 {
        return None;
    }
    Some(Advice {
        seen: format!("structs of {average} bytes are allocated to return pointers to them"),
        attempt: "return the struct as a value".into(),
        unless: "callers change it, compare the pointer, or take nil as an answer".into(),
    })
}
