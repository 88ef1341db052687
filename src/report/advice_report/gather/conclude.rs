//! Decides at the end what is said: of findings that one change serves the heaviest, and none that is too little.

use std::collections::HashSet;

use super::Gathering;
use super::costs::order_costs;
use super::finding::{Change, changes, is_little_memory, order_findings, worthiest};
use crate::go::pattern;
use crate::report::advice_report::{Finding, Target};

impl Gathering<'_> {
    /// Gives a platform its findings.
    pub(super) fn finish(mut self, target: &mut Target) {
        let ignore = &self.inputs.config.advise.ignore;
        let named = |finding: &Finding| {
            ignore
                .iter()
                .any(|word| *word == finding.rule || pattern::matches(word, &finding.place.package))
        };
        let work = self.memory_work.unwrap_or(1.0);
        let all = std::mem::take(&mut self.findings).into_values();
        let all = all.filter_map(|of_line| worthiest(of_line, work));
        let all = all.filter(|finding| !is_little_memory(finding, target, self.min_samples));
        let (ignored, mut kept): (Vec<Finding>, Vec<Finding>) =
            all.partition(|finding| named(finding) || self.locator.is_ignored(finding));
        order_findings(&mut kept, work);
        let is_small = |finding: &Finding| self.is_small(finding.measure, &finding.share);
        let says = |change: &Change| change.says() && !is_small(&change.finding);
        let said: Vec<Change> = changes(kept).into_iter().filter(says).collect();
        let out: Vec<Change> = changes(ignored).into_iter().filter(says).collect();
        target.ignored = out
            .iter()
            .map(|change| change.places().count() as u64)
            .sum();
        // A line of which nothing is said in the end stands among those without advice.
        let served = said.iter().chain(&out).flat_map(Change::places);
        let served: HashSet<(String, String, u32)> = served.collect();
        for cost in &mut target.costs {
            let place = (cost.place.file.clone(), cost.place.line);
            let is_served = |rule: &String| served.contains(&(rule.clone(), place.0, place.1));
            cost.rule = cost.rule.take().filter(is_served);
        }
        target.findings = said.into_iter().map(Change::said).collect();
        order_findings(&mut target.findings, work);
        order_costs(&mut target.costs);
    }
}
