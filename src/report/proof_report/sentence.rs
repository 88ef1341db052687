//! What came out of a comparison, in one line.

use super::{Comparison, Outcome, cost};
use crate::number::{counted, counted_of};
use crate::prove::run::Metric;

/// The words for less and more of a metric.
fn words(metric: &str) -> [&'static str; 2] {
    match Metric::of(metric) {
        Metric::Peak => ["less memory:", "more memory:"],
        Metric::Faults => ["fewer page faults:", "more page faults:"],
        Metric::Instructions => ["fewer instructions:", "more instructions:"],
        Metric::Cpu | Metric::Wall => ["faster", "slower"],
        Metric::Own(_) => ["better", "worse"],
    }
}

/// `faster 3.1 % [1.9, 4.2] in 12 pairs, floor 0.5 % -> keep it; +0.8 % size`
pub(super) fn sentence(it: &Comparison, is_profile: bool) -> String {
    let size = match it.size_change {
        change if change.abs() < 0.05 => String::new(),
        change => format!("; {change:+.1} % size"),
    };
    let layout = match it.layout_spread {
        Some(spread) => format!("; layout alone moves it by up to {spread:.1} %"),
        None => String::new(),
    };
    match it.outcome {
        Outcome::HotSame => {
            "nothing that the profile has seen run differs: not measured".to_owned()
        }
        Outcome::Same => "the same machine code: nothing to measure".to_owned(),
        _ => format!(
            "{}{}{size}{layout}",
            found(it),
            advice(it.outcome, is_profile)
        ),
    }
}

/// What the runs say.
fn found(it: &Comparison) -> String {
    let pairs = counted_of(it.pairs, "pair");
    let floor = it.floor;
    let [less, more] = words(&it.metric);
    // Of a rate less is worse.
    let (change, low, high) = cost(it);
    match it.outcome {
        Outcome::Faster => format!(
            "{less} {:.1} % [{:.1}, {:.1}] in {pairs}, floor {floor:.1} %",
            -change, -high, -low
        ),
        Outcome::Slower => {
            format!("{more} {change:.1} % [{low:.1}, {high:.1}] in {pairs}, floor {floor:.1} %")
        }
        Outcome::CannotTell => {
            let needed = counted(it.needed_pairs as u64, "pair");
            format!(
                "cannot tell on this machine: {:+.1} to {:+.1} % in {pairs}, floor {floor:.1} %; about {needed} would be needed",
                it.low, it.high
            )
        }
        Outcome::NoEffect | Outcome::Same | Outcome::HotSame => {
            format!("no effect ({:+.1} to {:+.1} %) in {pairs}", it.low, it.high)
        }
    }
}

/// What to do with a profile.
fn advice(outcome: Outcome, is_profile: bool) -> &'static str {
    match outcome {
        _ if !is_profile => "",
        Outcome::Faster => " -> keep the profile",
        Outcome::Slower => " -> build without the profile, or collect another",
        Outcome::NoEffect => " -> not worth its build time",
        Outcome::CannotTell | Outcome::Same | Outcome::HotSame => "",
    }
}
