//! Lesson 6: short slices that keep large arrays.

use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::number::grouped;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO306",
    lesson: 6,
    summary: "large objects stay in use, and a part of one is kept on the same line",
    manual: "\
What it sees: in a heap profile, a line that takes a part of what it reads (`x[a:b]`), whose objects
are 64 KiB or larger on average, of which at least half is still in use. It is a hint, no more: a
profile tells who allocated the memory, not who keeps it.

Why it matters: a short slice or string keeps all of the array behind it.

What to do: copy the part that is kept: slices.Clone, bytes.Clone, strings.Clone. A full slice
expression `x[a:b:b]` does not help.

When not to: where the whole is needed anyway, a copy is only more memory.",
    run,
};

/// Bytes from which on an object is large.
const LARGE: i64 = 64 << 10;

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let memory = it.memory.filter(|_| it.measure == Measure::InUse)?;
    let shape = it.shape?;
    let average = memory.in_use.checked_div(memory.objects_in_use)?;
    let slices = shape.text.contains('[') && shape.text.contains(':') && shape.text.contains(']');
    let keeps = slices && !shape.text.contains("Clone");
    if average < LARGE || memory.in_use.saturating_mul(2) < memory.bytes || !keeps {
        return None;
    }
    Some(Advice {
        seen: format!(
            "objects of {} bytes on average are in use, and the line keeps a part of one",
            grouped(average.unsigned_abs())
        ),
        attempt: match it.go {
            (1, ..=17) => "copy the part that is kept: `append([]T(nil), part...)`",
            (1, 18..=20) => {
                "copy the part that is kept: strings.Clone, or `append([]T(nil), part...)`"
            }
            _ => "copy the part that is kept: bytes.Clone, strings.Clone or slices.Clone",
        }
        .into(),
        unless: "the whole is needed anyway".into(),
    })
}
