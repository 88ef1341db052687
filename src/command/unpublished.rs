//! Executables that are built to be looked at: nothing is published or stamped, and no gate judges them.

use super::Session;
use crate::build::stage::Stage;
use crate::build::{self, Built};
use crate::error::Result;
use crate::facts::stage;
use crate::facts::{Prepared, Purpose, Wanted, gather};
use crate::plan::Plan;

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
pub fn build(prepared: Prepared, session: &mut Session<'_>) -> Result<Unpublished> {
    built(prepared, true, session)
}

/// As [`build()`], without collecting the escapes.
pub fn build_plain(prepared: Prepared, session: &mut Session<'_>) -> Result<Unpublished> {
    built(prepared, false, session)
}

fn built(prepared: Prepared, escapes: bool, session: &mut Session<'_>) -> Result<Unpublished> {
    let Prepared {
        mut loaded,
        mut typed,
        ..
    } = prepared;
    Wanted::Trial { escapes }.narrow(&mut loaded, &mut typed);
    let mut prepared = gather(loaded, typed, Purpose::Build, session)?;
    prepared.keep_nothing();
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
