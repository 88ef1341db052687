//! Lesson 11: locks that others wait for.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO311",
    lesson: 11,
    summary: "others wait for a lock that is released here",
    manual: "\
What it sees: in a mutex profile, at least 10 % of the delay at one line that releases a lock. Locks
of the runtime itself, which Go 1.22 to 1.24 put into the profile, are left out. A CPU profile has
next to no samples of waiting, and is not asked.

Why it matters: what waits for a lock does nothing else.

What to do: do less while the lock is held (prepare before, publish after); split the data into
shards with a lock each; use an atomic for a single word.

When not to: an RWMutex helps only where readers hold it for long: it scales badly with many cores.
sync.Map is slower than a map with a mutex where much is stored.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    if it.measure != Measure::Mutex || it.share.percent < 10.0 {
        return None;
    }
    if matches!(it.what, crate::advise::rule::What::Cost { class, .. } if class != Class::Lock) {
        return None;
    }
    Some(Advice {
        seen: format!(
            "others waited {:.2} s for the lock that is released here",
            it.amount as f64 / 1e9
        ),
        attempt: "shorten what runs while the lock is held, or split the data into shards".into(),
        unless: "the delay is small beside the time the program ran".into(),
    })
}
