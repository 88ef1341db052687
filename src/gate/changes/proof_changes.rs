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
        let word = |of: Option<u32>| of.map_or("the default".into(), |it: u32| it.to_string());
        // From or to the default, which may be fewer.
        if a != b && !matches!((a, b), (Some(a), Some(b)) if b > a) {
            let (a, b) = (word(a), word(b));
            told.push(format!("`[prove] {key}` was changed from {a} to {b}"));
        }
    }
    let threshold = |of: &Prove| of.threshold.map(|percent| percent.0);
    if before.threshold != now.threshold {
        let word = |of: &Prove| threshold(of).map_or("the default".into(), |it| format!("{it}%"));
        let (a, b) = (word(before), word(now));
        told.push(format!("`[prove] threshold` was changed from {a} to {b}"));
    }
    let measured = |of: &Prove| {
        [
            ("workload", of.workload.clone()),
            ("setup", of.setup.clone()),
            ("teardown", of.teardown.clone()),
            ("serve", of.serve.clone()),
            ("ready", of.ready.clone()),
            ("metric", of.metric.clone()),
        ]
    };
    for ((key, a), (_, b)) in measured(before).into_iter().zip(measured(now)) {
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
