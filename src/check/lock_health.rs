use super::{Check, Context, Seen};
use crate::lock::{Fact, Item};

pub(crate) const CHECK: Check = Check {
    id: "lock-health",
    summary: "whether the profile fits the program as well as it did",
    manual: "\
What it sees: the share of the profile's weight whose functions exist in the finished binary,
against that of the lock. A fall of 5 points or more is a finding. `pgo-health` judges the share
itself.

Why it matters: a rename or a rewrite of a hot function makes its part of the profile useless,
silently. It is cheapest to see in the change that does it.

What to do: collect a profile from the new release once it runs, or accept it:
`gobuild-opt accept profile-health --reason TEXT`.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let worse = match context.worse_or_silent(Fact::Health, |item| *item == Item::Health) {
        Ok(worse) => worse,
        Err(seen) => return seen,
    };
    let it = worse.first()?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Some(Seen::bad(
        format!(
            "the profile fits worse than it did: {} -> {} of its weight",
            text(&it.before),
            text(&it.after)
        ),
        "collect it again once this release runs, or accept it: gobuild-opt accept profile-health --reason TEXT",
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_manual_tells_the_limit() {
        let words = format!("A fall of {} points", crate::lock::HEALTH_FALL);
        assert!(super::CHECK.manual.contains(&words));
    }
}
