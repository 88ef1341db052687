//! Executables that are built to be looked at: nothing is published or stamped, and no gate judges them.

use super::Session;
use super::staged::{Executed, Staged};
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::facts::{Prepared, Purpose, Wanted, gather};
use crate::plan::Typed;

/// Builds the executables of a command line, each package once: no baseline, no price of a profile, no assertions. The escapes
/// are collected. Fails with Go's own words.
pub fn build(prepared: Prepared, session: &mut Session<'_>) -> Result<Executed> {
    let wanted = Wanted::Trial { escapes: true };
    staged(prepared.loaded, prepared.typed, wanted, session)?.execute(None, session)
}

/// As [`build()`], without collecting the escapes.
pub fn build_plain(prepared: Prepared, session: &mut Session<'_>) -> Result<Executed> {
    let wanted = Wanted::Trial { escapes: false };
    staged(prepared.loaded, prepared.typed, wanted, session)?.execute(None, session)
}

/// What builds the part of a configuration that is wanted, and publishes nothing. Go is asked for that part: it may have fewer
/// targets than the whole, and other flags.
pub fn staged(
    mut loaded: Loaded,
    mut typed: Typed,
    wanted: Wanted,
    session: &mut Session<'_>,
) -> Result<Staged> {
    wanted.narrow(&mut loaded, &mut typed);
    let mut prepared = gather(loaded, typed, Purpose::Build, session)?;
    prepared.keep_nothing();
    Staged::apart(prepared, session)
}
