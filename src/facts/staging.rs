//! Creates the directory that a run builds in; it is removed when the run ends.

use std::path::Path;

use super::Prepared;
use crate::build::Event;
use crate::build::stage::{Stage, Where};
use crate::error::Result;
use crate::go::Toolchain;
use crate::session::Session;

/// A stage on the file system of `outputs`; go keeps its work directories in it, so that none is left
/// when go is ended.
pub(crate) fn stage(
    prepared: &mut Prepared,
    outputs: Option<&Path>,
    wait: bool,
    session: &mut Session<'_>,
) -> Result<Stage> {
    let toolchain = prepared.facts.first().map(|facts| &facts.toolchain);
    let path = |of: fn(&Toolchain) -> &String| {
        let text = toolchain.map(of).filter(|text| !text.is_empty());
        text.map(Path::new)
    };
    let place = Where {
        outputs,
        cache: path(|toolchain| &toolchain.gocache),
        go_tmp: path(|toolchain| &toolchain.gotmpdir),
    };
    let show = &mut *session.show;
    let stage = Stage::create(place, wait, &session.interrupt, &mut |line| {
        show(Event::Talk(line))
    })?;
    for facts in &mut prepared.facts {
        // What -work keeps must not go with the stage.
        if !facts.asked.work {
            facts.go.set("GOTMPDIR", stage.go_tmp());
        }
    }
    Ok(stage)
}
