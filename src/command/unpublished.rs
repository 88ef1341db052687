//! Executables that are built to be looked at: nothing is published or stamped, and no gate judges them.

use super::Session;
use super::prepare::{Prepared, Purpose, gather};
use super::staging::stage;
use crate::build::stage::Stage;
use crate::build::{self, Built};
use crate::config::layer::Loaded;
use crate::config::{Buildvcs, Collect, Effect};
use crate::error::Result;
use crate::plan::{Plan, Typed};

/// What was built, with the directory that it is in.
pub struct Unpublished {
    /// The commands, and where they wrote.
    pub plan: Plan,
    /// How they went, per target.
    pub built: Vec<Built>,
    /// Where the executables are; they go with it.
    pub _stage: Stage,
}

/// Builds the executables of a command line, each package once: no baseline, no price of a profile, no assertions. The escapes
/// are collected. Fails with Go's own words.
pub fn build(mut prepared: Prepared, session: &mut Session<'_>) -> Result<Unpublished> {
    let escape = &mut prepared.loaded.config.escape;
    if escape.collect == Collect::Off {
        escape.collect = Collect::Auto;
    }
    built(prepared, session)
}

/// The same without the escapes.
pub fn build_plain(mut prepared: Prepared, session: &mut Session<'_>) -> Result<Unpublished> {
    prepared.loaded.config.escape.collect = Collect::Off;
    built(prepared, session)
}

fn built(prepared: Prepared, session: &mut Session<'_>) -> Result<Unpublished> {
    let Prepared {
        mut loaded,
        mut typed,
        ..
    } = prepared;
    trim(&mut loaded, &mut typed);
    let mut prepared = gather(loaded, typed, Purpose::Build, session)?;
    keep_nothing(&mut prepared);
    let stage = stage(&mut prepared, None, true, session)?;
    let (loaded, _, plan) = prepared.draw(stage.path(), session)?;
    let mut built: Vec<Built> = Vec::new();
    let (interrupt, show) = (&session.interrupt, &mut *session.show);
    build::execute(&plan, &loaded.config, |_| true, &mut built, interrupt, show)?;
    Ok(Unpublished {
        plan,
        built,
        _stage: stage,
    })
}

/// Leaves out what only a release needs.
pub fn trim(loaded: &mut Loaded, typed: &mut Typed) {
    let config = &mut loaded.config;
    config.build.buildvcs = Buildvcs::False;
    typed
        .flags
        .retain(|flag| !matches!(flag.name.as_str(), "buildvcs" | "o"));
    config.build.out_dir = None;
    config.compare.baseline = "off".into();
    config.pgo.effect = Effect::Off;
    config.assert.clear();
    config.escape.gcassert = false;
    config.budget.frame = None;
    config.budget.frame_growth = None;
}

/// Nothing is published, so nothing that is there is taken for the output.
pub fn keep_nothing(prepared: &mut Prepared) {
    for executable in prepared.outputs.targets.iter_mut().flatten() {
        executable.path = None;
    }
    prepared.outputs.checksums = None;
}
