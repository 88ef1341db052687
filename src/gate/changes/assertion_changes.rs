//! Compares what two revisions assert of functions: what the later one loosens.

use std::collections::BTreeSet;

use super::limit;
use crate::config::Assertion;
use crate::config::size::human;
use crate::order::Ordered;

/// A sentence for each claim about a function that is not made any more.
pub(super) fn asserted(before: &[Assertion], now: &[Assertion], told: &mut Vec<String>) {
    for old in before {
        let same = now.iter().filter(|now| now.function == old.function);
        let same: Vec<&Assertion> = same.collect();
        if same.is_empty() {
            let function = &old.function;
            told.push(format!("the assertion about `{function}` was removed"));
            continue;
        }
        claims(old, &same, told);
        targets(old, &same, told);
    }
}

/// What the assertions about a function claim now, against what one claimed.
fn claims(old: &Assertion, now: &[&Assertion], told: &mut Vec<String>) {
    type Claim = fn(&Assertion) -> bool;
    const CLAIMS: [(&str, Claim); 4] = [
        ("no-escape", |assertion| assertion.no_escape),
        ("inlined", |assertion| assertion.inlined),
        ("no-bounds-checks", |assertion| assertion.no_bounds_checks),
        ("must-exist", |assertion| assertion.must_exist),
    ];
    let function = &old.function;
    for (name, claims) in CLAIMS {
        if claims(old) && !now.iter().any(|assertion| claims(assertion)) {
            told.push(format!("`{name}` of `{function}` is not asserted any more"));
        }
    }
    let frames = now.iter().filter_map(|assertion| assertion.max_frame).min();
    let looser = old.max_frame.zip(frames).is_some_and(|(a, b)| b > a);
    let what = format!("`max-frame` of `{function}`");
    let text = |size: crate::config::size::Size| human(size.0);
    let (was, is) = (old.max_frame.map(text), frames.map(text));
    told.extend(limit(&what, was, is, looser));
}

/// The platforms that the assertions about a function hold for now, against those of one.
fn targets(old: &Assertion, now: &[&Assertion], told: &mut Vec<String>) {
    let everywhere = now.iter().any(|assertion| assertion.targets.is_empty());
    let kept: BTreeSet<&String> = now
        .iter()
        .flat_map(|assertion| &assertion.targets)
        .ordered();
    let narrower =
        old.targets.is_empty() || old.targets.iter().any(|target| !kept.contains(target));
    if !everywhere && narrower {
        let targets: Vec<&str> = kept.iter().map(|text| text.as_str()).collect();
        let (function, targets) = (&old.function, targets.join(", "));
        told.push(format!(
            "the assertion about `{function}` holds for {targets} alone"
        ));
    }
}
