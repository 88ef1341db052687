//! Makes findings of what rules say, and puts the worthiest first.

use std::collections::HashSet;

use super::Charge;
use crate::advise::{Advice, Interval, Measure};
use crate::order::Order;
use crate::report::advice_report::locate::Located;
use crate::report::advice_report::{Finding, Place};

/// The worthiest first. Bytes are worth what the program spends on memory: so they stand among processor time.
pub(super) fn order_findings(findings: &mut [Finding], memory_work: f64) {
    let worth = |finding: &Finding| match finding.measure {
        Measure::Cpu => (0, finding.share.lower()),
        Measure::Allocated => (0, finding.share.lower() * memory_work),
        other => (1 + other as u8, finding.share.lower()),
    };
    findings.order_by(|a, b| {
        let (one, other) = (worth(a), worth(b));
        let place = || (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line));
        let order = one.0.cmp(&other.0).then(other.1.total_cmp(&one.1));
        order.then_with(place)
    });
}

/// Of findings about the same variable of a function the heaviest, which comes first: one change serves all of them.
pub(super) fn each_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = HashSet::new();
    let is_first = |finding: &Finding| {
        let place = &finding.place;
        let named = finding.seen.split('`').nth(1).map(str::to_owned);
        let grows = matches!(finding.rule.as_str(), "GBO303" | "GBO305");
        let Some(name) = named.filter(|_| grows) else {
            return true;
        };
        let (package, function) = (place.package.clone(), place.function.clone());
        seen.insert((finding.rule.clone(), package, function, name))
    };
    findings.into_iter().filter(is_first).collect()
}

pub(super) fn finding(
    rule: &crate::advise::Rule,
    advice: Advice,
    charge: &Charge<'_>,
    share: Interval,
    located: &Located,
) -> Finding {
    let place: &Place = &located.place;
    let verify = match charge.measure {
        Measure::Cpu | Measure::Allocated | Measure::InUse => format!(
            "allocs/op and time of a benchmark before and after: go test -run=NONE -bench=. -benchmem {}",
            place.package
        ),
        _ => "the same profile again, under the same load".to_owned(),
    };
    let at = format!("{}:{}", place.file, place.line);
    let function = format!("{}.{}", place.package, place.function);
    Finding {
        id: crate::lock::advice_id(rule.id, &function, &place.source),
        new: None,
        rule: rule.id.to_owned(),
        lesson: rule.lesson,
        measure: charge.measure,
        share,
        amount: charge.sum.weight,
        place: place.clone(),
        seen: advice.seen,
        attempt: advice.attempt.replace("FILE:LINE", &at),
        unless: advice.unless,
        verify,
        patch: None,
    }
}

/// Whether a function may be one that loads something once, by its name.
pub(super) fn loads(function: &str) -> bool {
    let name = function
        .rsplit('.')
        .next()
        .unwrap_or(function)
        .to_lowercase();
    ["init", "load", "mustload", "setup", "readconfig"]
        .iter()
        .any(|word| name.starts_with(word))
}
