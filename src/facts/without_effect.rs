//! Finds flags and levels that go accepts silently but that have no effect: an error, or a note in the facts.

use super::purpose::Purpose;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::go::{Go, Toolchain, level};
use crate::plan::build_flags::Inputs;
use crate::plan::undone;
use crate::plan::{Facts, Typed, lost};
use crate::session::Session;

/// Fails for an architecture level that go does not know: go builds another one without a word, under that name.
pub(super) fn level_outside(go: &Go, toolchain: &Toolchain, session: &Session<'_>) -> Result<()> {
    let Some(variable) = level::variable(&toolchain.goarch) else {
        return Ok(());
    };
    let ours = go.env.iter().find(|(name, _)| name == variable);
    let value = ours
        .map(|ours| &ours.1)
        .or_else(|| session.variable(variable));
    match value
        .and_then(|value| value.to_str())
        .filter(|text| !text.is_empty())
    {
        Some(value) => level::check(&toolchain.goarch, value, &toolchain.version),
        None => Ok(()),
    }
}

/// Looks for flags that have no effect: what means no package at all is an error, the rest is part of the report.
pub(super) fn note_lost(
    loaded: &Loaded,
    typed: &Typed,
    purpose: Purpose,
    facts: &mut [Facts],
) -> Result<()> {
    for at in 0..facts.len() {
        let inputs = Inputs {
            config: &loaded.config,
            origins: &loaded.origins,
            target: &facts[at].target,
            goflags: &facts[at].goflags,
            typed: &typed.flags,
            pgo: None,
        };
        if at == 0 {
            lost::require(&inputs, facts, purpose != Purpose::Escapes)?;
        }
        let undone = undone::of(&inputs, &facts[at].packages)?;
        facts[at].lost = lost::lost(&inputs, &facts[at])?;
        facts[at].pgo.undone = undone;
    }
    Ok(())
}
