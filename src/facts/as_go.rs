//! A configuration for this program called as `go`.

use super::going::go_command;
use super::wanted::Wanted;
use crate::config::Target;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::go::level;
use crate::plan::Typed;
use crate::session::Session;

/// Packages, platform and outputs are those of `go build`, whatever the configuration says.
pub(crate) fn as_go_has_it(
    loaded: &mut Loaded,
    typed: &mut Typed,
    session: &Session<'_>,
) -> Result<()> {
    Wanted::Typed.narrow(loaded, typed);
    if loaded.config.target.is_empty() {
        return Ok(());
    }
    let go = go_command(loaded, typed, &Target::default(), session)?;
    let toolchain = go.toolchain(&session.interrupt)?;
    let is =
        |wanted: &Option<String>, real: &str| wanted.as_deref().is_none_or(|text| text == real);
    // The level and the tags of the target that is this platform; go's own variables win.
    let mut targets = std::mem::take(&mut loaded.config.target);
    targets.retain(|target| is(&target.os, &toolchain.goos) && is(&target.arch, &toolchain.goarch));
    targets.truncate(1);
    if let Some(target) = targets.first_mut()
        && level::variable(&toolchain.goarch)
            .is_some_and(|variable| session.variable(variable).is_some())
    {
        target.level = None;
    }
    loaded.config.target = targets;
    Ok(())
}
