//! Lesson 3: slices and maps that grow in a loop whose length is known before it begins.

use crate::advise::class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::advise::shape::Growth;
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO303",
    lesson: 3,
    summary: "a slice or a map grows in a loop whose length is known",
    manual: "\
What it sees: time or memory spent growing a slice or a map on a line that fills it in a loop, where
the slice or the map begins empty in the same function, nothing in the loop decides per element, and
the number of rounds stands in the text: a range over a slice, or a counted loop. And, without such a
bound, at least 5 % of the allocated bytes in growing one slice in a loop, or a field by one call at a time: no
size is advised then.

Why it matters: a slice that grows to n elements copies about as many on the way and leaves the old
arrays to the collector; a map writes its entries again each time it doubles.

What to do: give the size once: make([]T, 0, len(xs)), make(map[K]V, len(xs)).

When not to: where a filter keeps few elements, the bound is only an upper one: the larger memory
costs more than the growth. The rule is silent there. Up to eight entries a map gains nothing.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    if !matches!(it.measure, Measure::Cpu | Measure::Allocated) || !it.via().is_empty() {
        return None;
    }
    let shape = it.shape?;
    let (grown, make) = if it.is(Class::Append) {
        (&shape.appends, "make([]T, 0, ")
    } else if it.is(Class::MapGrow) {
        (&shape.writes, "make(map[K]V, ")
    } else {
        return None;
    };
    let known =
        |growth: &&Growth| growth.begins_empty && !growth.filtered && growth.bound.is_some();
    let Some(growth) = grown.iter().find(known) else {
        return unbounded(it, grown);
    };
    let bound = growth.bound.as_ref()?;
    let what = match it.is(Class::Append) {
        true => "the slice",
        false => "the map",
    };
    Some(Advice {
        seen: format!(
            "{what} `{}` begins empty and grows in a loop of {bound} rounds",
            growth.name
        ),
        attempt: format!("give it its size where it is declared: {make}{bound})"),
        unless:
            "most rounds leave it as it is, or the function is called with a handful of elements"
                .into(),
    })
}

/// Percent of the allocated bytes from which on a slice without a visible bound is worth a look.
const MUCH: f64 = 5.0;

/// A slice that grows, nobody knows how far, where that is much of what is allocated.
fn unbounded(it: &Evidence<'_>, grown: &[Growth]) -> Option<Advice> {
    let much = it.measure == Measure::Allocated && it.share.lower() >= MUCH;
    // What else the line allocates cannot be told from the growth in a heap profile.
    let alone = it
        .sites
        .iter()
        .all(|site| !site.0.allocates() || site.0 == escape::Class::Append);
    if !much || !alone || !it.is(Class::Append) {
        return None;
    }
    let shape = it.shape?;
    if !shape.in_loop {
        // One that grows by an element per call belongs to somebody who lives longer: `p.tokens`.
        let field = shape
            .grows_slice
            .as_ref()
            .filter(|name| name.contains('.'))?;
        return Some(Advice {
            seen: format!(
                "`{field}` grows by one call at a time, and each step leaves an array behind"
            ),
            attempt: format!(
                "give `{field}` a size where it is made, from what is known there (the length of the input, the size of the time before), or keep its array: `{field} = {field}[:0]`"
            ),
            unless: "most are short and few are very long: then memory lies idle".into(),
        });
    }
    let name = &grown.first()?.name;
    Some(Advice {
        seen: format!("`{name}` grows step by step in a loop: each step leaves an array behind"),
        attempt: format!(
            "grow it once before the loop to what is usual (slices.Grow), or keep the array of the time before: `{name} = {name}[:0]`"
        ),
        unless: "most are short and few are very long: then memory lies idle".into(),
    })
}
