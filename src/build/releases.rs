//! Runs the commands of a target that build what is shipped: gives go the outputs of the last run, and makes the second
//! link of each executable beside the first.

use std::collections::BTreeSet;

use super::compile::{Compiled, compile};
use super::lanes::Lane;
use super::tools::Tool;
use super::{Built, Event, announce, capture, inputs, reuse, tools, twin};
use crate::error::Result;
use crate::plan::escape_steps::Source;
use crate::plan::{Step, StepKind, TargetPlan};
use crate::process::Interrupt;

/// Collects the escapes.
pub(super) type Escapes<'a> =
    &'a mut dyn FnMut(&mut Built, &mut dyn FnMut(Event<'_>)) -> Result<()>;

/// Runs what builds the executables that are shipped, and looks at what go did. The second link of each goes on meanwhile, and
/// may end later than go: until then the first one is read, and the escapes are collected.
pub(super) fn releases(
    target: &TargetPlan,
    lane: Lane,
    built: &mut Built,
    interrupt: &Interrupt,
    escapes: Escapes<'_>,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    built.trouble = capture_trouble(target);
    let mut work = |ended: &dyn Fn(bool)| {
        let candidates = reuse::before(target, built);
        let (done, seeds) = reuse::with_seeds(candidates, target, interrupt, || {
            compiles(target, lane, built, interrupt, show)
        });
        ended(done.is_ok());
        built.tools = tools::ran(target);
        done?;
        built.seeds = seeds;
        built.again = inputs::explain(target, built);
        reuse::after(target, built, interrupt, |built| escapes(built, show))
    };
    let (done, twins) = match lane.twin {
        true => twin::beside(target, interrupt, &mut work),
        false => (work(&|_| {}), BTreeSet::new()),
    };
    built.twins.extend(twins);
    built.tools = tools::ran(target);
    done
}

/// Runs go.
fn compiles(
    target: &TargetPlan,
    lane: Lane,
    built: &mut Built,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let ours = |step: &&Step| matches!(step.kind, StepKind::Release | StepKind::Libraries);
    for step in target.steps.iter().filter(ours) {
        announce(step.kind, target, show);
        let ((outcome, compiled), repeated) = release(step, target, lane, interrupt, show)?;
        built.compiled += compiled.len() as u64;
        built.packages.extend(compiled);
        built.release += outcome.wall;
        built.trouble = built.trouble.take().or(repeated);
    }
    Ok(())
}

/// Why nothing can be captured, known before the compile.
fn capture_trouble(target: &TargetPlan) -> Option<String> {
    let Source::Capture { store, .. } = &target.collection.source else {
        return None;
    };
    let error = capture::try_store(store).err()?;
    let place = store.display();
    Some(format!("nothing can be kept in `{place}`: {error}"))
}

/// Builds, and once more without the capture where that may have been what failed; says so then.
fn release(
    step: &Step,
    target: &TargetPlan,
    lane: Lane,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<(Compiled, Option<String>)> {
    let error = match compile(step, target, lane, interrupt, show) {
        Ok(done) => return Ok((done, None)),
        Err(error) => error,
    };
    // What ended the tool itself would end it without us, too.
    let by_signal = |tool: &Tool| tool.counts() && tool.is_by_signal();
    if error.memory || tools::ran(target).iter().any(by_signal) {
        return Err(error);
    }
    let (Some(without), Source::Capture { program, .. }) =
        (&step.without, &target.collection.source)
    else {
        return Err(error);
    };
    // What the compiler says of the code is said without us; go names us where we did not start, or were killed.
    let detail = error.detail.as_deref().unwrap_or_default();
    let ours = [&*program.to_string_lossy(), capture::toolexec_call::SPEAKS];
    if !ours.iter().any(|word| detail.contains(word)) {
        return Err(error);
    }
    interrupt.check()?;
    let reason = "the build failed while escapes were captured, and was repeated without";
    show(Event::Talk(detail));
    show(Event::Talk(reason));
    Ok((
        compile(without, target, lane, interrupt, show)?,
        Some(reason.to_owned()),
    ))
}
