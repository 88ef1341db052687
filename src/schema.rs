//! JSON Schemas of the configuration and the reports, as they lie in `schemas/`: written by a test from the types, so that the
//! program does without the code that makes them.

use serde_json::Value;

use crate::packed;

/// A schema as the build leaves it.
macro_rules! packed {
    ($name:literal) => {
        packed::file!(concat!($name, ".json"))
    };
}

/// The schema of the configuration, as its types say it: without the defaults.
pub(crate) const CONFIG: &[u8] = packed!("config");

/// The JSON report of release.
pub(crate) const REPORT: &[u8] = packed!("report");

/// The JSON report of escape.
pub(crate) const ESCAPE: &[u8] = packed!("escape");

/// The JSON report of advise.
pub(crate) const ADVISE: &[u8] = packed!("advise");

/// The JSON report of try.
pub(crate) const TRY: &[u8] = packed!("try");

/// The JSON report of inspect.
pub(crate) const INSPECT: &[u8] = packed!("inspect");

/// The JSON report of compare.
pub(crate) const COMPARE: &[u8] = packed!("compare");

/// The JSON of profile show.
pub(crate) const PROFILE: &[u8] = packed!("profile");

/// The JSON of profile diff.
pub(crate) const PROFILE_DIFF: &[u8] = packed!("profile-diff");

/// The JSON of why.
pub(crate) const WHY: &[u8] = packed!("why");

/// The JSON report of prove.
pub(crate) const PROVE: &[u8] = packed!("prove");

/// The JSON report of bench.
pub(crate) const BENCH: &[u8] = packed!("bench");

/// The JSON report of upgrade.
pub(crate) const UPGRADE: &[u8] = packed!("upgrade");

/// A schema, read; a test reads each.
pub(crate) fn value(packed: &[u8]) -> Value {
    serde_json::from_str(&packed::text(packed)).unwrap_or_default()
}
