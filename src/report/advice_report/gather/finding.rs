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
type ServedBy = (String, String, String, String);

/// A finding, and the others that the same change serves.
pub(super) struct Change {
    /// The heaviest, which comes first; of what a function makes anew the first line, with the share of all.
    pub(super) finding: Finding,
    /// The files and lines of the others.
    others: Vec<(String, u32)>,
}

impl Change {
    /// Whether there is something to say: a conversion counts only where it is made again.
    pub(super) fn says(&self) -> bool {
        !self.finding.needs_others || !self.others.is_empty()
    }

    /// The rule with every file and line that the change serves.
    pub(super) fn places(&self) -> impl Iterator<Item = (String, String, u32)> + '_ {
        let place = &self.finding.place;
        let first = std::iter::once((place.file.clone(), place.line));
        let all = first.chain(self.others.iter().cloned());
        all.map(|(file, line)| (self.finding.rule.clone(), file, line))
    }

    fn add(&mut self, it: Finding) {
        let first = &mut self.finding;
        let mut other = (it.place.file.clone(), it.place.line);
        if it.rule == "GBO314" {
            // One conversion stays, so the heaviest, which comes first, is not saved.
            let (share, amount) = match it.needs_others && self.others.is_empty() {
                true => (it.share, it.amount),
                false => (
                    first.share.plus(it.share),
                    first.amount.saturating_add(it.amount),
                ),
            };
            // The first line stands for all: which is the heaviest changes from profile to profile.
            if it.place.line < first.place.line {
                other = (first.place.file.clone(), first.place.line);
                *first = it;
            }
            (first.share, first.amount) = (share, amount);
        }
        self.others.push(other);
    }

    /// As it is shown.
    pub(super) fn said(mut self) -> Finding {
        if self.finding.rule == "GBO314" && !self.others.is_empty() {
            let lines = counted_of(self.others.len(), "more line");
            self.finding.seen += &match self.finding.needs_others {
                true => format!(": also on {lines}; all but the dearest copy count here"),
                false => format!("; also on {lines} of the function, counted here"),
            };
        }
        self.finding
    }
}

/// By what one change serves: the same variable of a function, and what a function makes anew on several lines, such as the patterns of
/// a list. The heaviest comes first.
pub(super) fn changes(findings: Vec<Finding>) -> Vec<Change> {
    let mut places: HashMap<ServedBy, usize> = HashMap::new();
    let mut found: Vec<Change> = Vec::new();
    for it in findings {
        let known = served_by(&it).map(|change| *places.entry(change).or_insert(found.len()));
        match known.and_then(|place| found.get_mut(place)) {
            Some(change) => change.add(it),
            None => found.push(Change {
                finding: it,
                others: Vec::new(),
            }),
        }
    }
    found
}

/// The change that serves a finding and others; `None` where it serves no other.
fn served_by(it: &Finding) -> Option<ServedBy> {
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
