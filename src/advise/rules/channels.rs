//! Lesson 9: channels that carry tiny items.

use crate::advise::class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO309",
    lesson: 9,
    summary: "a loop spends its time in channel operations",
    manual: "\
What it sees: at least 1 % of the CPU in channel operations on one line in a loop; or, in a block
profile, a sender that waits. Receivers that wait, select and WaitGroup.Wait are idle workers and no
finding.

Why it matters: an exchange costs 60 to 200 ns and may put a goroutine to sleep and wake it. For
items that take less to handle, the channel is the work.

What to do: send several items in one message; or give the channel a buffer of 16.

When not to: with some microseconds of work per item a buffer gains next to nothing, and it hides
that the receiver is too slow.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape.filter(|_| it.is(Class::Channel))?;
    let sends = it.entry().starts_with("chansend");
    let seen = match it.measure {
        Measure::Cpu if it.share.percent >= 1.0 && shape.channel && shape.in_loop => {
            "a loop exchanges single items over a channel"
        }
        Measure::Block if sends => "senders wait here for their receiver",
        _ => return None,
    };
    Some(Advice {
        seen: seen.into(),
        attempt: "send several items in one message (a slice), or give the channel a buffer of 16"
            .into(),
        unless: "each item takes microseconds to handle: then the receiver is what to look at"
            .into(),
    })
}
