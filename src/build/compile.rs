//! Runs one build by go, and hands on what it prints.

use std::path::PathBuf;

use super::lanes::Lane;
use super::run_step::{failure, lines};
use super::{Event, tools};
use crate::error::Result;
use crate::go::Words;
use crate::plan::{Step, StepKind, TargetPlan};
use crate::process::{Interrupt, Outcome, Stream};

/// How a build went, and the packages that it compiled.
pub(super) type Compiled = (Outcome, Vec<String>);

/// Runs a build with `-v`: a line that is the import path of a package is progress, the rest is
/// for the user.
pub(super) fn compile(
    step: &Step,
    target: &TargetPlan,
    lane: Lane,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Compiled> {
    let known = target.facts.import_paths();
    let asked = &target.facts.asked;
    let ours = matches!(step.kind, StepKind::Release | StepKind::Libraries);
    let at_once = ours && (asked.commands || asked.work);
    let mut words = Words::default();
    let mut compiled = Vec::new();
    let invocation = lane.invocation(step, &target.facts.goflags);
    let outcome = lines(&invocation, interrupt, |stream, line| {
        let text = || String::from_utf8_lossy(line);
        if asked.json && stream == Stream::Stdout {
            if ours {
                show(Event::Data(&text()));
            }
        } else if known.contains(line) {
            compiled.push(text().into_owned());
            show(Event::Package(&text()));
            if ours && asked.names {
                show(Event::Asked(&text()));
            }
        } else if at_once {
            show(Event::Asked(&text()));
        } else {
            words.keep(line);
        }
    })?;
    if !outcome.status.success() {
        let victim = tools::victim(&tools::ran(target));
        let places = places(step, target);
        return Err(words.error_about(failure(step.kind), &outcome, victim.as_ref(), &places));
    }
    let text = words.text();
    // The diagnostics of the effect's own link were read before.
    if !text.is_empty() && step.kind != StepKind::EffectBuild {
        show(match ours {
            true => Event::Words(&text),
            false => Event::Talk(&text),
        });
    }
    Ok((outcome, compiled))
}

/// Where go writes while it builds.
pub(super) fn places(step: &Step, target: &TargetPlan) -> Vec<PathBuf> {
    let mut env = step.invocation.env.iter();
    let work = env.find(|entry| entry.0 == "GOTMPDIR");
    let cache = PathBuf::from(&target.facts.toolchain.gocache);
    let work = work.map(|work| PathBuf::from(&work.1));
    let stage = target.release_dir.clone();
    work.into_iter().chain([stage, cache]).collect()
}
