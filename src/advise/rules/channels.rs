//! Lesson 9: channels that carry tiny items.

use crate::advise::cost_class::Class;
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

A select is left alone: with a default nobody waits there, and with several cases the time is not
that of one channel.

When not to: with some microseconds of work per item a buffer gains next to nothing, and it hides
that the receiver is too slow.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape.filter(|_| it.is(Class::Channel))?;
    // `select` with a default waits for nobody: the channel is a queue, or is asked in passing. One with several cases waits for
    // whatever comes first.
    if it.entry().starts_with("selectnb") || it.entry().starts_with("selectgo") {
        return None;
    }
    let sends = it.entry().starts_with("chansend");
    let seen = match it.measure {
        Measure::Cpu if it.share.lower() >= 1.0 && shape.channel && shape.in_loop => {
            "a loop exchanges single items over a channel"
        }
        Measure::Block if sends => "senders wait here for their receiver",
        _ => return None,
    };
    Some(Advice {
        seen: seen.into(),
        attempt: match shape.buffered {
            true => "send several items in one message (a slice): the channel has a buffer already",
            false => {
                "send several items in one message (a slice), or give the channel a buffer of 16"
            }
        }
        .into(),
        unless: "each item takes microseconds to handle: then the receiver is what to look at"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;
    use crate::advise::rule::What;

    #[test]
    fn a_channel_that_nobody_waits_for_is_left_alone() {
        const FILE: &str = "package p

func (l *lexer) next() item {
	for {
		select {
		case item := <-l.items:
			return item
		default:
			l.step()
		}
	}
}
";
        let shape = Source::new(FILE.into()).unwrap().shape(6).unwrap();
        let advice = |entry| {
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Channel, &shape);
            evidence.what = What::Cost {
                class: Class::Channel,
                via: "",
                entry,
            };
            run(&evidence).is_some()
        };
        assert!(!advice("runtime.selectnbrecv"));
        assert!(!advice("runtime.selectgo"));
        assert!(advice("runtime.chanrecv1"));
    }
}
