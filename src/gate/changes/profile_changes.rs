//! Compares what two revisions ask of a profile: what the later one loosens.

use super::{limit, lowered};
use crate::config::OnMissing;
use crate::config::Pgo;
use crate::config::pgo_keys::Profiles;

/// What is asked of a profile.
pub(super) fn profile(old: &Pgo, new: &Pgo, told: &mut Vec<String>) {
    let missing = |policy: OnMissing| match policy {
        OnMissing::Off => 0,
        OnMissing::Warn => 1,
        OnMissing::Fail => 2,
    };
    if missing(new.on_missing) < missing(old.on_missing) {
        let word = |policy: OnMissing| format!("{policy:?}").to_lowercase();
        let (a, b) = (word(old.on_missing), word(new.on_missing));
        told.push(lowered("`[pgo] on-missing`", &a, &b));
    }
    if old.require_proof && !new.require_proof {
        told.push("`[pgo] require-proof` was taken away".into());
    }
    told.extend(age(old, new));
    let health = |of: &Pgo| of.min_health.map(u32::from);
    for (what, old, new) in [
        ("min-samples", old.min_samples, new.min_samples),
        ("min-health", health(old), health(new)),
    ] {
        if old > new {
            let word = |it: Option<u32>| it.map_or("none".into(), |it| it.to_string());
            let (a, b) = (word(old), word(new));
            told.push(format!("`[pgo] {what}` was lowered from {a} to {b}"));
        }
    }
}

/// How old a profile may be.
fn age(old: &Pgo, new: &Pgo) -> Option<String> {
    let looser = old.max_age.zip(new.max_age).is_some_and(|(a, b)| b > a);
    let days = |age: crate::config::size::Age| {
        let noun = if age.0 > 1.0 { "days" } else { "day" };
        format!("{} {noun}", age.0)
    };
    let (a, b) = (old.max_age.map(days), new.max_age.map(days));
    limit("`[pgo] max-age`", a, b, looser)
}

/// A profile that was judged, and is not wanted any more.
pub(super) fn without_profile(old: &Pgo, new: &Pgo, told: &mut Vec<String>) {
    let judged = old.on_missing == OnMissing::Fail
        || old.max_age.is_some()
        || old.min_samples.is_some()
        || old.min_health.is_some();
    let off = |profiles: &Profiles| *profiles == Profiles::One("off".into());
    if judged && !off(&old.profile) && off(&new.profile) {
        told.push("`[pgo] profile` was set to \"off\": no profile is judged".into());
    }
}
