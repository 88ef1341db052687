//! `[advise]`: which profiles are read, and what is worth a word.

use std::path::PathBuf;

use serde::Deserialize;

use super::size::Percent;

/// `[advise]`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Advise {
    /// Profiles by what they measure, relative to the configuration; without one, that of the build.
    pub(crate) profiles: AdviseProfiles,
    /// The share of a profile below which nothing is advised.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) min_share: Option<Percent>,
    /// Samples below which nothing is said of a line.
    pub(crate) min_samples: Option<u32>,
    /// Rule IDs and package patterns that are no findings.
    pub(crate) ignore: Vec<String>,
    /// Which findings fail the run.
    pub(crate) gate: AdviseGate,
}

/// `[advise] gate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AdviseGate {
    /// None.
    #[default]
    Off,
    /// Those that the lock does not hold.
    New,
}

/// `[advise] profiles`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AdviseProfiles {
    /// /debug/pprof/profile
    pub(crate) cpu: Option<PathBuf>,
    /// /debug/pprof/heap or allocs
    pub(crate) heap: Option<PathBuf>,
    /// /debug/pprof/mutex
    pub(crate) mutex: Option<PathBuf>,
    /// /debug/pprof/block
    pub(crate) block: Option<PathBuf>,
    /// /debug/pprof/goroutine
    pub(crate) goroutine: Option<PathBuf>,
    /// /debug/pprof/goroutineleak, Go 1.27
    pub(crate) goroutineleak: Option<PathBuf>,
}

impl AdviseProfiles {
    /// Those that are set.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let all = [
            &self.cpu,
            &self.heap,
            &self.mutex,
            &self.block,
            &self.goroutine,
            &self.goroutineleak,
        ];
        all.into_iter().flatten()
    }
}
