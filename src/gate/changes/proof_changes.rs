//! Compares what `[prove]` requires in two revisions.

use crate::config::Prove;
use crate::config::prove_keys::Require;

/// A sentence for each way in which `now` requires less, or measures something else. Without a requirement before there was no
/// gate.
pub(super) fn loosened(before: &Prove, now: &Prove, told: &mut Vec<String>) {
    let Some(required) = before.require else {
        return;
    };
    match now.require {
        None => told.push(format!("`[prove] require = \"{required}\"` was taken away")),
        Some(other) if is_less(required, other) => told.push(format!(
            "`[prove] require` was changed from `{required}` to `{other}`"
        )),
        Some(_) => {}
    }
    for (key, a, b) in [
        ("pairs", before.pairs, now.pairs),
        ("layouts", before.layouts, now.layouts),
    ] {
        changed(key, a.map(Tight::More), b.map(Tight::More), told);
    }
    let threshold = |of: &Prove| of.threshold.map(|percent| Tight::Less(percent.0));
    changed("threshold", threshold(before), threshold(now), told);
    let measured = measures(before).into_iter().zip(measures(now));
    for ((key, a), (_, b)) in measured {
        if a != b {
            told.push(format!(
                "`[prove] {key}` was changed: another thing is measured"
            ));
        }
    }
    if before.variant != now.variant {
        told.push("`[[prove.variant]]` was changed: other programs are compared".into());
    }
}

/// What decides what is measured.
fn measures(of: &Prove) -> [(&'static str, &Option<String>); 6] {
    [
        ("workload", &of.workload),
        ("setup", &of.setup),
        ("teardown", &of.teardown),
        ("serve", &of.serve),
        ("ready", &of.ready),
        ("metric", &of.metric),
    ]
}

/// A number of which more, or less, makes the proof harder.
#[derive(Clone, Copy, PartialEq)]
enum Tight {
    More(u32),
    Less(f64),
}

/// A number that was loosened, or moved from or to the default, which nobody wrote down.
fn changed(key: &str, a: Option<Tight>, b: Option<Tight>, told: &mut Vec<String>) {
    let is_tighter = match (a, b) {
        (Some(Tight::More(a)), Some(Tight::More(b))) => b > a,
        (Some(Tight::Less(a)), Some(Tight::Less(b))) => b < a,
        _ => false,
    };
    if a == b || is_tighter {
        return;
    }
    let word = |of| match of {
        None => "the default".to_owned(),
        Some(Tight::More(number)) => number.to_string(),
        Some(Tight::Less(percent)) => format!("{percent}%"),
    };
    let (a, b) = (word(a), word(b));
    told.push(format!("`[prove] {key}` was changed from {a} to {b}"));
}

fn is_less(before: Require, now: Require) -> bool {
    match (before, now) {
        (Require::Faster(a), Require::Faster(b)) => b.0 < a.0,
        (Require::NotSlower(a), Require::NotSlower(b)) => b.0 > a.0,
        (Require::Faster(_), Require::NotSlower(_)) => true,
        (Require::NotSlower(_), Require::Faster(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::size::Percent;

    #[test]
    fn less_is_required() {
        let of = |require| Prove {
            require,
            threshold: Some(Percent(1.0)),
            pairs: Some(20),
            workload: Some("{bin} a".into()),
            ..Prove::default()
        };
        let said = |before, now: Prove| {
            let mut told = Vec::new();
            loosened(&of(before), &now, &mut told);
            told
        };
        let faster = Some(Require::Faster(Percent(1.0)));
        assert_eq!(
            said(faster, of(Some(Require::Faster(Percent(2.0))))),
            [""; 0]
        );
        assert_eq!(said(None, Prove::default()), [""; 0]);
        let harder = Prove {
            threshold: Some(Percent(0.5)),
            pairs: Some(40),
            ..of(faster)
        };
        assert_eq!(said(faster, harder), [""; 0]);
        let not_slower = Some(Require::NotSlower(Percent(50.0)));
        assert_eq!(
            said(faster, of(not_slower)),
            ["`[prove] require` was changed from `faster 1%` to `not-slower 50%`"]
        );
        let other = Prove {
            pairs: Some(2),
            threshold: Some(Percent(60.0)),
            workload: Some("true".into()),
            ..of(None)
        };
        assert_eq!(
            said(faster, other),
            [
                "`[prove] require = \"faster 1%\"` was taken away",
                "`[prove] pairs` was changed from 20 to 2",
                "`[prove] threshold` was changed from 1% to 60%",
                "`[prove] workload` was changed: another thing is measured",
            ]
        );
    }
}
