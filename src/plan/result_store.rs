//! Where results are kept that need no second computation, and for which version of this program they hold.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::config::{Config, Switch};

/// A place beside Go's build cache. By default there is none, and everything is computed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// The directory; `None` where nothing is kept.
    pub(crate) place: Option<PathBuf>,
    /// The directory of this user for what nobody else may know; `None` where there is none.
    pub(crate) private: Option<PathBuf>,
    /// This very program: what another one found out is not asked for.
    pub(crate) tool: String,
}

impl Memory {
    /// The place beside `cache`. `program` is this program's file.
    pub(crate) fn of(config: &Config, cache: &str, program: Option<&Path>) -> Self {
        let cache = Path::new(cache);
        let usable = config.cache == Switch::On && cache.is_absolute();
        let Some(program) = program.filter(|_| usable) else {
            return Self::default();
        };
        let about = program.metadata().ok();
        let made = about.as_ref().and_then(|metadata| metadata.modified().ok());
        let made = made.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Self {
            place: Some(cache.join("gobuild-opt/known")),
            private: None,
            // A version may be built more than once while somebody works on it.
            tool: format!(
                "{} {} {}",
                env!("CARGO_PKG_VERSION"),
                about.map_or(0, |about| about.len()),
                made.map_or(0, |made| made.as_nanos())
            ),
        }
    }
}
