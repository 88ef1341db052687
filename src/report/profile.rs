//! What `profile show` says, as one value: its JSON, and the source of its other renderings.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::profile::{Health, Judgement, Summary};

/// A profile at a glance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shown {
    /// The file.
    pub file: String,
    /// Bytes of the file.
    pub size: u64,
    /// `usable`, `no-samples`, `no-calls`, `not-cpu` or `no-start-lines`.
    pub fitness: String,
    /// What that means for `-pgo`, in words.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// What it measures, in words.
    pub measures: String,
    /// What Go makes of it, and where it comes from.
    pub judgement: Judgement,
    /// Days since it was collected; `null` where it does not tell.
    pub age_days: Option<f64>,
    /// The module whose code counts as `main`; `null` where it is not known.
    pub main_module: Option<String>,
    /// Hot functions, hot calls, and whose code it is.
    pub summary: Summary,
    /// How much of it fits a binary; `null` where none was given.
    pub health: Option<Fit>,
}

/// How much of a profile fits a binary.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fit {
    /// The file.
    pub binary: String,
    /// The Go version in its build information.
    pub go_version: Option<String>,
    /// Shares and vanished functions.
    pub health: Health,
}

/// Days between the collection of a profile and `now`, to a tenth.
pub fn age_days(collected: Timestamp, now: Timestamp) -> f64 {
    let days = now.duration_since(collected).as_secs_f64() / 86_400.0;
    (days * 10.0).round() / 10.0
}
