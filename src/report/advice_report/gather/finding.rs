//! Makes findings of what rules say, and puts the worthiest first.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Charge;
use crate::advise::{Advice, Interval, Measure};
use crate::number::counted_of;
use crate::order::Order;
use crate::report::advice_report::locate::Located;
use crate::report::advice_report::{Finding, LineCost, Place, Target, Used};

/// Which of two comes first, for being worth more. Bytes are worth what the program spends on memory: so they stand among processor time.
fn by_worth(a: &Finding, b: &Finding, memory_work: f64) -> Ordering {
    let worth = |finding: &Finding| match finding.measure {
        Measure::Cpu => (0, finding.share.lower()),
        Measure::Allocated => (0, finding.share.lower() * memory_work),
        other => (1 + other as u8, finding.share.lower()),
    };
    let (one, other) = (worth(a), worth(b));
    one.0.cmp(&other.0).then(other.1.total_cmp(&one.1))
}

/// The worthiest first.
pub(super) fn order_findings(findings: &mut [Finding], memory_work: f64) {
    findings.order_by(|a, b| {
        let place = || (&a.place.file, a.place.line).cmp(&(&b.place.file, b.place.line));
        by_worth(a, b, memory_work).then_with(place)
    });
}

/// Of what several profiles say of a line, what is worth most.
pub(super) fn worthiest(findings: Vec<Finding>, memory_work: f64) -> Option<Finding> {
    let all = findings.into_iter();
    all.min_by(|a, b| by_worth(a, b, memory_work))
}

/// Whether a slice or a map whose growth takes time takes little memory, where a heap profile is there to say so: a size would save
/// about half of it.
pub(super) fn is_little_memory(finding: &Finding, target: &Target, min_samples: u64) -> bool {
    const LITTLE: f64 = 2.0;
    // One in which as much would have too few samples, or that is of another program, says nothing.
    let says = |used: &Used| {
        let expected = used.samples as f64 * LITTLE / 100.0;
        used.measure == Measure::Allocated && expected >= min_samples.max(1) as f64
    };
    let is_ours = |cost: &LineCost| cost.measure == Measure::Allocated && cost.class.is_some();
    let has_heap = target.profiles.iter().any(says) && target.costs.iter().any(is_ours);
    if finding.rule != "GBO303" || finding.measure != Measure::Cpu || !has_heap {
        return false;
    }
    let of_line = |cost: &&LineCost| {
        let (a, b) = (&cost.place, &finding.place);
        is_ours(cost) && a.line == b.line && a.file == b.file
    };
    let shares = target.costs.iter().filter(of_line);
    shares.map(|cost| cost.share.percent).sum::<f64>() < LITTLE
}

/// What one change serves, by rule, package and function.
type Change = (String, String, String, String);

/// Of findings about the same variable of a function the heaviest, which comes first: one change serves all of them. What a function
/// makes anew on several lines, such as the patterns of a list, is said once, too.
pub(super) fn each_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut places: HashMap<Change, usize> = HashMap::new();
    let mut kept: Vec<(Finding, usize)> = Vec::new();
    for it in findings {
        let known = change(&it).map(|change| *places.entry(change).or_insert(kept.len()));
        match known.filter(|place| *place < kept.len()) {
            Some(place) => {
                // The first line stands for all: which is the heaviest changes from profile to profile.
                let (first, others) = &mut kept[place];
                *others += 1;
                if it.rule == "GBO314" {
                    let share = first.share.plus(it.share);
                    let amount = first.amount.saturating_add(it.amount);
                    if it.place.line < first.place.line {
                        *first = it;
                    }
                    (first.share, first.amount) = (share, amount);
                }
            }
            None => kept.push((it, 0)),
        }
    }
    kept.retain(|(it, others)| !it.needs_others || *others > 0);
    let with_others = |(mut it, others): (Finding, usize)| {
        if it.rule == "GBO314" && others > 0 {
            let lines = counted_of(others, "more line");
            it.seen += &format!("; also on {lines} of the function, counted here");
        }
        it
    };
    kept.into_iter().map(with_others).collect()
}

/// The change that serves a finding and others; `None` where it serves no other.
fn change(it: &Finding) -> Option<Change> {
    let name = match it.rule.as_str() {
        "GBO303" | "GBO305" => it.seen.split('`').nth(1)?.to_owned(),
        "GBO314" => format!("{} {}", it.measure.words(), it.seen),
        _ => return None,
    };
    let (package, function) = (it.place.package.clone(), it.place.function.clone());
    Some((it.rule.clone(), package, function, name))
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
        needs_others: false,
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
