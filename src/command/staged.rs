//! The one way from what go says to what its commands leave: claims a directory, draws the plan, runs it. What a command does
//! not want of a release is left out before, with [`Wanted`](crate::facts::Wanted).

use std::path::Path;

use super::Session;
use super::repair::{self, Repaired, Repairs};
use crate::analysis::{self, Artifact};
use crate::build::Built;
use crate::build::stage::Stage;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::facts::{Prepared, stage};
use crate::lock::Lock;
use crate::plan::{Plan, Typed};

/// A plan whose commands can be run.
pub(crate) struct Staged {
    /// The configuration.
    pub(crate) loaded: Loaded,
    typed: Typed,
    /// The commands.
    pub(crate) plan: Plan,
    /// Where they write: it goes with this value.
    pub(crate) stage: Stage,
}

impl Staged {
    /// For a run that publishes nothing.
    pub(crate) fn apart(prepared: Prepared, session: &mut Session<'_>) -> Result<Self> {
        Self::beside(None, true, prepared, session)
    }

    /// On the file system of `outputs`. `wait`: for another run that writes there.
    pub(crate) fn beside(
        outputs: Option<&Path>,
        wait: bool,
        mut prepared: Prepared,
        session: &mut Session<'_>,
    ) -> Result<Self> {
        let stage = stage(&mut prepared, outputs, wait, session)?;
        let (loaded, typed, plan) = prepared.draw(stage.path(), session)?;
        Ok(Self {
            loaded,
            typed,
            plan,
            stage,
        })
    }

    /// Runs the plan; where stack frames have a budget, until they are within it. `lock`: what their growth is held against.
    ///
    /// Fails with Go's own words when a release build fails.
    pub(crate) fn execute(
        self,
        lock: Option<&Lock>,
        session: &mut Session<'_>,
    ) -> Result<Executed> {
        let Self {
            loaded,
            typed,
            plan,
            stage,
        } = self;
        let Repaired {
            plan,
            built,
            repairs,
        } = repair::run(plan, &loaded, &typed, lock, session)?;
        Ok(Executed {
            loaded,
            plan,
            built,
            repairs,
            stage,
        })
    }
}

/// What the commands of a plan left.
pub(crate) struct Executed {
    /// The configuration.
    pub(crate) loaded: Loaded,
    /// The commands, and where they wrote.
    pub(crate) plan: Plan,
    /// How they went, per target.
    pub(crate) built: Vec<Built>,
    /// What was taken out of profiles.
    pub(crate) repairs: Repairs,
    /// Where the executables are; they go with it.
    pub(crate) stage: Stage,
}

impl Executed {
    /// Reads the executables.
    pub(crate) fn analyze(&self, session: &Session<'_>) -> Result<Vec<Artifact>> {
        analysis::analyze(&self.plan, &self.built, &session.interrupt)
    }
}
