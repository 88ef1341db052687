//! Reads the sources of a platform, and judges its assertions.

use std::collections::HashMap;

use super::escape_pass::Collected;
use super::excerpt::{excerpt_of, read};
use super::refusals::refusals;
use crate::assertion::{self, Claim, Evidence, Files, Gap, Judged, Outcome, Status, Subject};
use crate::config::Config;
use crate::error::Result;
use crate::escape::not_inlined::Refusal;
use crate::plan::overlay::Overlay;
use crate::plan::{Facts, StepKind, TargetPlan};
use crate::process::Interrupt;

/// Finds what is asserted. Reads every source of the scope where comments count, otherwise those that are named.
pub(crate) fn find(config: &Config, facts: &Facts) -> Vec<Subject> {
    let overlay = Overlay::of(facts);
    let list = |directory: &str| {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    };
    let mut files = Files {
        read: &mut |it| read(it, &overlay),
        list: &mut |text| list(text),
    };
    assertion::find(config, facts, &mut files)
}

/// Judges what was found in the build of these facts.
pub(crate) fn judge(
    subjects: Vec<Subject>,
    collected: Result<&Collected, Gap>,
    facts: &Facts,
) -> Judged {
    let overlay = Overlay::of(facts);
    let evidence = collected.map(|collected| Evidence {
        sites: &collected.sites,
        beyond: &collected.beyond,
        remarks: &collected.remarks,
    });
    let mut outcomes = assertion::judge(&subjects, evidence);
    let mut sources: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    for it in outcomes
        .iter_mut()
        .filter(|outcome| outcome.status == Status::Fail)
    {
        if let Some(path) = &it.source {
            let bytes = sources
                .entry(path.clone())
                .or_insert_with(|| read(path, &overlay).unwrap_or_default());
            it.excerpt = excerpt_of(bytes, it.line);
        }
    }
    Judged { subjects, outcomes }
}

/// Asks the compiler why it cannot inline what must be inlined: one more compile of those packages, and only then. What
/// cannot be asked stays unexplained.
pub(crate) fn explain(
    judged: &mut Judged,
    target: &TargetPlan,
    interrupt: &Interrupt,
) -> Result<()> {
    let packages = unexplained(judged);
    if packages.is_empty() {
        return Ok(());
    }
    let mut found: Vec<Refusal> = Vec::new();
    for step in target.steps_of(StepKind::Escape) {
        match refusals(step, target, &packages, interrupt) {
            Ok(more) => found.extend(more),
            Err(_) => return interrupt.check(),
        }
    }
    for outcome in judged.outcomes.iter_mut().filter(|it| is_refused(it)) {
        let subject = &judged.subjects[outcome.subject];
        let same = |refusal: &&Refusal| {
            refusal.source == outcome.source && refusal.function == subject.function
        };
        if let Some(refusal) = found.iter().find(same) {
            outcome.message = format!("{}: {}", outcome.message, refusal.reason);
        }
    }
    Ok(())
}

/// Whether a function is not inlined that must be, and nobody knows why.
fn is_refused(outcome: &Outcome) -> bool {
    outcome.status == Status::Fail && outcome.claim == Claim::Inlined && outcome.column == 0
}

/// The packages of functions that are not inlined and must be, sorted.
fn unexplained(judged: &Judged) -> Vec<String> {
    let subject = |outcome: &Outcome| &judged.subjects[outcome.subject];
    let refused = judged.outcomes.iter().filter(|it| is_refused(it));
    let whole = refused.map(subject).filter(|subject| subject.whole);
    let mut packages: Vec<String> = whole.map(|subject| subject.package.clone()).collect();
    packages.sort();
    packages.dedup();
    packages
}
