//! Lesson 12: goroutines for tiny tasks, many of them, and such that never end.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::number::counted;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO312",
    lesson: 12,
    summary: "a loop starts a goroutine per item, very many exist, or some never end",
    manual: "\
What it sees: at least 3 % of the CPU in starting goroutines at a go statement in a loop; 10,000 or
more goroutines that were started at one line, by a goroutine profile; any goroutine that can never
run again, by a goroutineleak profile (Go 1.27).

Why it matters: starting a goroutine costs half a microsecond, which counts for tasks below ten. Each
that exists holds a stack of 2 KiB or more. One that waits for what nobody will do is never freed.

What to do: a bound: errgroup.Group with SetLimit, or a fixed number of workers that take from a
channel. For a leak: a context, or closing the channel it waits for.

When not to: goroutines that mostly wait for the network are what they are for.",
    run,
};

/// Goroutines of one line from which on they are many.
const MANY: i64 = 10_000;

/// Percent of the CPU from which on starting goroutines is worth another form of the program.
const MUCH: f64 = 3.0;

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let bound = "bound them: errgroup.Group with SetLimit, or a fixed number of workers";
    let (seen, attempt) = match it.measure {
        Measure::Leaked => (
            format!(
                "{} can never run again",
                counted(it.amount.unsigned_abs(), "goroutine")
            ),
            "close the channel that they wait for, or give them a context that ends",
        ),
        Measure::Goroutines if it.amount >= MANY => (
            format!(
                "{} exist that are here",
                counted(it.amount.unsigned_abs(), "goroutine")
            ),
            bound,
        ),
        Measure::Cpu if it.is(Class::Goroutine) && it.share.percent >= MUCH => {
            let shape = it.shape.filter(|shape| shape.in_loop)?;
            if !shape.starts && !shape.calls.iter().any(|call| call.0.ends_with(".Go")) {
                return None;
            }
            ("a loop starts a goroutine per item".into(), bound)
        }
        _ => return None,
    };
    Some(Advice {
        seen,
        attempt: attempt.into(),
        unless: "the tasks take more than ten microseconds each, or mostly wait".into(),
    })
}
