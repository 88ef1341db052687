//! The escapes of every platform, collected without a build.

use std::time::SystemTime;

use super::Session;
use super::staged::{Executed, Staged};
use crate::assertion::Judged;
use crate::build::asserting;
use crate::build::escape_pass::{self, Collected};
use crate::build::stage::Stage;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::facts::{Prepared, Wanted};
use crate::go;
use crate::plan::escape_steps::Source;
use crate::plan::{self, TargetPlan};

/// What was found, per platform, and what it was made of.
pub(crate) struct Pass {
    /// The commands of a platform, and what they left.
    pub(crate) found: Vec<(TargetPlan, Collected)>,
    /// What must hold of functions, in the same order.
    pub(crate) asserted: Vec<Judged>,
    /// Where go works; it may be asked again.
    pub(crate) _stage: Stage,
}

impl Pass {
    /// The escapes that a build collected.
    pub(crate) fn of(executed: Executed) -> Self {
        let escapes = executed.built.into_iter();
        let escapes = escapes.map(|built| built.escapes.unwrap_or_default());
        Self {
            found: executed.plan.targets.into_iter().zip(escapes).collect(),
            asserted: Vec::new(),
            _stage: executed.stage,
        }
    }
}

/// Collects the escapes of every platform. Fails with Go's own words when the code does not compile.
pub(crate) fn collect(mut prepared: Prepared, session: &mut Session<'_>) -> Result<Pass> {
    prepared.narrow(Wanted::Sites);
    let Staged {
        loaded,
        plan,
        stage,
        ..
    } = Staged::apart(prepared, session)?;
    let (mut found, mut asserted) = (Vec::new(), Vec::new());
    for target in plan.targets {
        let (collected, judged) = of_target(&target, &loaded.config, session)?;
        asserted.push(judged);
        found.push((target, collected));
    }
    Ok(Pass {
        found,
        asserted,
        _stage: stage,
    })
}

/// The escapes of a platform, and what they say of its assertions.
fn of_target(
    target: &TargetPlan,
    config: &Config,
    session: &mut Session<'_>,
) -> Result<(Collected, Judged)> {
    if let Source::Off {
        reason: Some(reason),
    } = &target.collection.source
    {
        let message = format!("there is no escape report: {reason}");
        return Err(Error::new(Kind::Usage, message));
    }
    preprofile(target, session)?;
    let subjects = asserting::find(config, &target.facts);
    let run = escape_pass::Run {
        target,
        config,
        since: SystemTime::now(),
        asserted: !subjects.is_empty(),
        names: None,
    };
    let collected = run.collect(&session.interrupt, session.show)?;
    let collected = collected.unwrap_or_default();
    let mut judged = asserting::judge(subjects, Ok(&collected), &target.facts);
    asserting::explain(&mut judged, target, &session.interrupt)?;
    Ok((collected, judged))
}

fn preprofile(target: &TargetPlan, session: &Session<'_>) -> Result<()> {
    for invocation in plan::preprofile(&target.facts) {
        go::answer(
            &invocation,
            &session.interrupt,
            "go cannot read the profile",
        )?;
    }
    Ok(())
}
