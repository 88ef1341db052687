//! JSON Schemas of the configuration and the reports, as they lie in `schemas/`: written by a test from the types, so that the
//! program does without the code that makes them.

use serde_json::Value;

/// The schema of the configuration, as its types say it: without the defaults.
pub(crate) const CONFIG: &str = include_str!("../schemas/config.json");

/// The JSON report of release.
pub(crate) const REPORT: &str = include_str!("../schemas/report.json");

/// The JSON report of escape.
pub(crate) const ESCAPE: &str = include_str!("../schemas/escape.json");

/// The JSON report of advise.
pub(crate) const ADVISE: &str = include_str!("../schemas/advise.json");

/// The JSON report of try.
pub(crate) const TRY: &str = include_str!("../schemas/try.json");

/// The JSON report of inspect.
pub(crate) const INSPECT: &str = include_str!("../schemas/inspect.json");

/// The JSON report of compare.
pub(crate) const COMPARE: &str = include_str!("../schemas/compare.json");

/// The JSON of profile show.
pub(crate) const PROFILE: &str = include_str!("../schemas/profile.json");

/// The JSON of profile diff.
pub(crate) const PROFILE_DIFF: &str = include_str!("../schemas/profile-diff.json");

/// The JSON of why.
pub(crate) const WHY: &str = include_str!("../schemas/why.json");

/// The JSON report of prove.
pub(crate) const PROVE: &str = include_str!("../schemas/prove.json");

/// The JSON report of bench.
pub(crate) const BENCH: &str = include_str!("../schemas/bench.json");

/// The JSON report of upgrade.
pub(crate) const UPGRADE: &str = include_str!("../schemas/upgrade.json");

/// A schema, read; a test reads each.
pub(crate) fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
