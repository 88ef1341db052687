//! Reads the layers of a command line, and has go asked.

use super::Session;
use crate::build::Event;
use crate::cli::Settings;
use crate::config;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::{self, Prepared, Purpose};
use crate::plan::Typed;

/// [`prepare_for`] executables.
pub(crate) fn prepare(
    settings: &Settings,
    typed: &Typed,
    session: &mut Session<'_>,
) -> Result<Prepared> {
    prepare_for(settings, typed, Purpose::Build, session)
}

/// Reads the configuration, asks go, judges the profile and decides about the outputs.
pub(crate) fn prepare_for(
    settings: &Settings,
    typed: &Typed,
    purpose: Purpose,
    session: &mut Session<'_>,
) -> Result<Prepared> {
    let loaded = config::load(&settings.sources(&typed.cwd, session.text_env())?)?;
    prepare_loaded(loaded, settings, typed, purpose, session)
}

/// As [`prepare_for`], for a configuration that is read already.
pub(crate) fn prepare_loaded(
    mut loaded: Loaded,
    settings: &Settings,
    typed: &Typed,
    purpose: Purpose,
    session: &mut Session<'_>,
) -> Result<Prepared> {
    warn(&loaded.warnings, session);
    let earlier = {
        let sources = || settings.sources(&typed.cwd, session.text_env());
        let from = settings.config_from.as_deref();
        facts::find_earlier(from, &sources, &mut loaded, &typed.cwd, session)?
    };
    if let Some(limit) = loaded.config.build.timeout {
        session.interrupt.limit(limit.0);
    }
    if settings.out_dir.is_some() && typed.flags.iter().any(|flag| flag.name == "o") {
        let message = "`-o` and `--out-dir` both say where the outputs go";
        return Err(Error::new(Kind::Usage, message)
            .hint("give one of them; `-o DIR/` is go's, `--out-dir` adds SHA256SUMS"));
    }
    warn(facts::without_heap(&loaded, &session.cwd).iter(), session);
    facts::ask(loaded, typed, purpose, earlier, session)
}

fn warn<'a>(lines: impl IntoIterator<Item = &'a String>, session: &mut Session<'_>) {
    for line in lines {
        (session.show)(Event::Talk(&format!("warning: {line}")));
    }
}
