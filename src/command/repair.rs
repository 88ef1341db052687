//! Builds until no stack frame is over its budget because of the profile, or nothing more can be taken out of it.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::Session;
use crate::analysis::frames::Frame;
use crate::analysis::guard::{self, Limits};
use crate::analysis::{grown_frames, large_frames};
use crate::binary::{self, InlinedCall};
use crate::build::derived_profiles;
use crate::build::{self, Built, Event};
use crate::config::{self, layer::Loaded};
use crate::error::Result;
use crate::facts::profiles;
use crate::lock::Lock;
use crate::plan::output::Outputs;
use crate::plan::{self, Facts, Plan, StepKind, Typed};
use crate::profile::Edge;
use crate::report::{self, Repair};

/// How often the profile is cut: first the calls that were inlined into the function, then every call of what was.
const ATTEMPTS: usize = 3;

/// A release whose frames were looked at.
pub(crate) struct Repaired {
    /// The commands of the last build, and of what comes after it.
    pub(crate) plan: Plan,
    /// How all builds went.
    pub(crate) built: Vec<Built>,
    /// What was taken out of profiles.
    pub(crate) repairs: Repairs,
}

/// What was taken out of profiles, by target and main package.
pub(crate) type Repairs = Vec<(usize, String, Repair)>;

/// Runs the plan; where frames have a budget and the user wants it, until they are within it.
pub(crate) fn run(
    plan: Plan,
    loaded: &Loaded,
    typed: &Typed,
    lock: Option<&Lock>,
    session: &mut Session<'_>,
) -> Result<Repaired> {
    let mut built = Vec::new();
    if plan.guard && loaded.config.pgo.repair == config::Repair::Auto {
        return until_repaired(plan, loaded, typed, lock, session);
    }
    some(&plan, loaded, |_| true, &mut built, session)?;
    Ok(Repaired {
        plan,
        built,
        repairs: Vec::new(),
    })
}

/// Runs the plan, and draws and runs it again where a profile has to be cut.
fn until_repaired(
    mut plan: Plan,
    loaded: &Loaded,
    typed: &Typed,
    lock: Option<&Lock>,
    session: &mut Session<'_>,
) -> Result<Repaired> {
    let mut built = Vec::new();
    some(&plan, loaded, is_release, &mut built, session)?;
    // Where a build without the profile is asked for, it shows which frames the profile made large.
    some(&plan, loaded, is_twin, &mut built, session)?;
    let mut repairs: Repairs = Vec::new();
    for attempt in 0..ATTEMPTS {
        let found = look(&plan, &built, loaded, lock)?;
        settle(&mut repairs, &found);
        let mut is_cut = false;
        let large = |found: &&LargeFrame| found.over && !found.frame.hot.is_empty();
        for found in found.iter().filter(large) {
            is_cut |= take_out(found, attempt > 0, &mut plan, &mut repairs, session)?;
        }
        if !is_cut {
            break;
        }
        plan = again(plan, loaded, typed, session.program.as_deref())?;
        some(&plan, loaded, is_release, &mut built, session)?;
    }
    if !repairs.is_empty() {
        settle(&mut repairs, &look(&plan, &built, loaded, lock)?);
    }
    let others = |kind| !is_release(kind) && !is_twin(kind);
    some(&plan, loaded, others, &mut built, session)?;
    Ok(Repaired {
        plan,
        built,
        repairs,
    })
}

fn is_release(kind: StepKind) -> bool {
    matches!(kind, StepKind::Release | StepKind::Libraries)
}

/// The build without the profile stays as it is, whatever is taken out of the profile.
fn is_twin(kind: StepKind) -> bool {
    matches!(kind, StepKind::EffectWithout | StepKind::EffectBuild)
}

/// Runs the commands of the plan that are of some kinds.
fn some(
    plan: &Plan,
    loaded: &Loaded,
    wanted: fn(StepKind) -> bool,
    built: &mut Vec<Built>,
    session: &mut Session<'_>,
) -> Result<()> {
    let (interrupt, show) = (&session.interrupt, &mut *session.show);
    build::execute(plan, &loaded.config, wanted, built, interrupt, show)
}

/// A large frame of an executable.
struct LargeFrame {
    target: usize,
    package: String,
    frame: Frame,
    over: bool,
    /// The hot calls inlined into it whose callee is still a function of its own, and has at least half of the frame.
    large: Vec<InlinedCall<'static>>,
}

/// The large frames of every executable of the plan.
fn look(
    plan: &Plan,
    built: &[Built],
    loaded: &Loaded,
    lock: Option<&Lock>,
) -> Result<Vec<LargeFrame>> {
    let mut all = Vec::new();
    for (index, target) in plan.targets.iter().enumerate() {
        for executable in &target.executables {
            // What cannot be read is reported when the release is analysed.
            let Ok(bytes) = binary::open(&target.release_dir.join(&executable.name)) else {
                continue;
            };
            let grown = match built.get(index).is_some_and(Built::is_also_without_profile) {
                true => grown_frames(target, executable, &bytes),
                false => None,
            };
            let package = &executable.package;
            let limits = Limits {
                without_profile: grown.as_ref(),
                ..report::frame_limits(&loaded.config, lock, &target.facts, package)
            };
            let frames = large_frames(target, executable, &bytes, true);
            all.extend(held_against(&limits, frames, (index, package)));
        }
    }
    Ok(all)
}

/// The large frames of an executable, and which of them are over their limits.
fn held_against(
    limits: &Limits<'_>,
    frames: Vec<Frame>,
    (target, package): (usize, &str),
) -> Vec<LargeFrame> {
    let over = guard::over(&frames, limits);
    let over: HashSet<&str> = over.iter().map(|it| it.frame.function.as_str()).collect();
    let is_large = |call: &InlinedCall<'_>, of: &Frame| {
        let callee = frames.iter().find(|other| other.function == *call.callee);
        callee.is_some_and(|callee| callee.bytes * 2 >= of.bytes)
    };
    let found = |frame: &Frame| {
        let large = frame.hot.iter().filter(|call| is_large(call, frame));
        LargeFrame {
            target,
            package: package.to_owned(),
            over: over.contains(frame.function.as_str()),
            large: large.cloned().collect(),
            frame: frame.clone(),
        }
    };
    frames.iter().map(found).collect()
}

/// Says of each repair what the frame is now.
fn settle(repairs: &mut [(usize, String, Repair)], found: &[LargeFrame]) {
    for (target, package, repair) in repairs {
        let now = found.iter().find(|found| {
            found.target == *target
                && found.package == *package
                && found.frame.function == repair.function
        });
        repair.after = now.map(|found| found.frame.bytes);
        repair.repaired = !now.is_some_and(|found| found.over);
    }
}

/// Takes the hot calls that were inlined into the function out of the profile of its executable. `all`: every call of what
/// was inlined, from wherever.
fn take_out(
    found: &LargeFrame,
    all: bool,
    plan: &mut Plan,
    repairs: &mut Repairs,
    session: &mut Session<'_>,
) -> Result<bool> {
    let calls = culprits(found, all);
    let callees: BTreeSet<&str> = calls.iter().map(|call| &*call.callee).collect();
    let exact: HashSet<(&str, &str, i64)> = calls
        .iter()
        .map(|call| (&*call.caller, &*call.callee, call.offset))
        .collect();
    let hide = |edge: &Edge| match all {
        true => callees.contains(edge.callee.as_str()),
        false => exact.contains(&(edge.caller.as_str(), edge.callee.as_str(), edge.offset)),
    };
    let facts = &mut plan.targets[found.target].facts;
    if !cut(facts, &found.package, hide)? {
        return Ok(false);
    }
    let names: Vec<String> = callees.into_iter().map(str::to_owned).collect();
    (session.show)(Event::Talk(&format!(
        "the stack frame of {} has {} bytes: building again with fewer calls of {} in the profile",
        found.frame.function,
        found.frame.bytes,
        names.join(", ")
    )));
    note(found, names, calls.len() as u64, repairs);
    Ok(true)
}

/// Takes calls out of the profile of an executable, and keeps what is left beside go's build cache. Whether there was anything
/// to take out.
fn cut(facts: &mut Facts, package: &str, hide: impl Fn(&Edge) -> bool) -> Result<bool> {
    let mains = facts.packages.iter().filter(|it| it.is_named_main());
    let mains: Vec<String> = mains.map(|package| package.import_path.clone()).collect();
    let Some(candidate) = facts.pgo.applied(package) else {
        return Ok(false);
    };
    let bytes = match &candidate.derived {
        Some(derived) => derived.bytes.to_vec(),
        None => profiles::read(&candidate.file(&facts.go.cwd))?.unwrap_or_default(),
    };
    let cache = Path::new(&facts.toolchain.gocache).to_path_buf();
    let Some(derived) = facts.pgo.cut(package, &mains, &bytes, hide, &cache)? else {
        return Ok(false);
    };
    derived_profiles::keep(&derived, &cache)?;
    Ok(true)
}

fn note(found: &LargeFrame, names: Vec<String>, calls: u64, repairs: &mut Repairs) {
    let known = repairs.iter_mut().find(|repair| {
        (repair.0, &repair.1, &repair.2.function)
            == (found.target, &found.package, &found.frame.function)
    });
    if let Some((_, _, repair)) = known {
        repair.calls += calls;
        repair.no_inline.extend(names);
        repair.no_inline.sort();
        repair.no_inline.dedup();
        return;
    }
    let repair = Repair {
        function: found.frame.function.clone(),
        before: found.frame.bytes,
        after: None,
        repaired: false,
        no_inline: names,
        calls,
    };
    repairs.push((found.target, found.package.clone(), repair));
}

/// The calls that made the frame large: of functions whose own frame is, where some are still there; else all of them.
fn culprits(found: &LargeFrame, all: bool) -> Vec<&InlinedCall<'static>> {
    match found.large.is_empty() || all {
        true => found.frame.hot.iter().collect(),
        false => found.large.iter().collect(),
    }
}

/// Draws the plan again, with the profiles as they are now.
fn again(plan: Plan, loaded: &Loaded, typed: &Typed, program: Option<&Path>) -> Result<Plan> {
    let (facts, targets) = plan
        .targets
        .into_iter()
        .map(|target| (target.facts, target.executables))
        .unzip();
    let outputs = Outputs {
        targets,
        checksums: plan.checksums,
    };
    plan::draw(
        &loaded.config,
        &loaded.origins,
        typed,
        facts,
        outputs,
        &plan.stage,
        program,
    )
}
