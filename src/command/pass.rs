//! The escapes of every platform, collected without a build.

use std::path::Path;
use std::time::SystemTime;

use super::Session;
use crate::assertion::Judged;
use crate::build::asserting;
use crate::build::escape_pass::{self, Collected};
use crate::build::stage::Stage;
use crate::error::{Error, Kind, Result};
use crate::facts::stage;
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

/// Collects the escapes of every platform. Fails with Go's own words when the code does not compile.
pub(crate) fn collect(mut prepared: Prepared, session: &mut Session<'_>) -> Result<Pass> {
    let stage = stage(&mut prepared, None, true, session)?;
    prepared.narrow(Wanted::Sites);
    let (loaded, _, plan) = prepared.draw(Path::new(""), session)?;
    let (mut found, mut asserted) = (Vec::new(), Vec::new());
    for target in plan.targets {
        if let Source::Off {
            reason: Some(reason),
        } = &target.collection.source
        {
            return Err(Error::new(
                Kind::Usage,
                format!("there is no escape report: {reason}"),
            ));
        }
        preprofile(&target, session)?;
        let subjects = asserting::find(&loaded.config, &target.facts);
        let run = escape_pass::Run {
            target: &target,
            config: &loaded.config,
            since: SystemTime::now(),
            asserted: !subjects.is_empty(),
            names: None,
        };
        let collected = run.collect(&session.interrupt, session.show)?;
        let collected = collected.unwrap_or_default();
        let mut judged = asserting::judge(subjects, Ok(&collected), &target.facts);
        asserting::explain(&mut judged, &target, &session.interrupt)?;
        asserted.push(judged);
        found.push((target, collected));
    }
    Ok(Pass {
        found,
        asserted,
        _stage: stage,
    })
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
