//! What of a run stands on trusted ground, and the text that templates stand for.

use std::path::Path;

use super::Session;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::go::vcs::Templates;
use crate::plan::Typed;
use crate::process::Interrupt;
use crate::quote;
use crate::review::{Ground, Tool};

/// The values of layers that are trusted, and what was typed.
pub fn ground(loaded: &Loaded, typed: &Typed, session: &Session<'_>) -> Ground {
    let mut ground = loaded.ground.clone();
    for flag in &typed.flags {
        ground.trust_flags(&[flag.to_arg()]);
        if flag.bytes.is_some() {
            ground.trust_arg(flag.to_os_arg());
        }
    }
    typed
        .packages
        .iter()
        .for_each(|it| ground.trust_package(it));
    if let Some(program) = &session.program {
        ground.trust_own(program);
    }
    ground
}

/// Fills in the templates of `[build] ldflags`. What is filled into a trusted entry is trusted.
pub fn fill_templates(loaded: &mut Loaded, cwd: &Path, interrupt: &Interrupt) -> Result<()> {
    let mut templates = Templates::default();
    let ground = &mut loaded.ground;
    for value in &mut loaded.config.build.ldflags {
        // Split before filling: a value with spaces or quotes stays one word, whatever it says.
        let unreadable = |why: String| {
            Error::new(
                Kind::Usage,
                format!("cannot read `build.ldflags` `{value}`: {why}"),
            )
        };
        let words = quote::split(value).map_err(unreadable)?;
        let filled = words
            .iter()
            .map(|it| templates.fill(it, cwd, interrupt))
            .collect::<Result<Vec<_>>>()?;
        if ground.holds_list(Tool::Link, &words) {
            ground.trust_list(Tool::Link, &filled);
        }
        *value = quote::join(&filled).map_err(|why| Error::new(Kind::Usage, why))?;
    }
    Ok(())
}
