//! What `profile show` says, as one value: its JSON, and the source of its other renderings.

use jiff::Timestamp;
use serde::Serialize;

use crate::check::Status;
use crate::profile::hot_summary::Hot;
use crate::profile::{Health, Judgement, Summary, Worth};

/// A profile at a glance.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    /// The file.
    pub(crate) file: String,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// `usable`, `no-samples`, `no-calls`, `no-lines`, `not-cpu` or `no-start-lines`.
    pub(crate) fitness: String,
    /// What that means for `-pgo`, in words.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: String,
    /// What it measures, in words.
    pub(crate) measures: String,
    /// What Go makes of it, and where it comes from.
    pub(crate) judgement: Judgement,
    /// Days since it was collected; `null` where it does not tell.
    pub(crate) age_days: Option<f64>,
    /// The module whose code counts as `main`; `null` where it is not known.
    pub(crate) main_module: Option<String>,
    /// Hot functions, hot calls, and whose code it is.
    pub(crate) summary: Summary,
    /// What it is of, and what speaks against it; `null` of every other kind than CPU.
    pub(crate) worth: Option<Worth>,
    /// Of a heap profile: all that was ever allocated, while `summary` is what is in use. `null` of every other.
    pub(crate) allocated: Option<Summary>,
    /// How much of it fits a program; `null` where none was given.
    pub(crate) health: Option<Fit>,
    /// All of its functions, for a treemap; empty where none is drawn.
    #[serde(skip)]
    pub(crate) everything: Vec<Hot>,
    /// The limits that were given: `min-samples`, `max-age` in days, `min-health` in percent.
    pub(crate) gates: Vec<Gate>,
}

/// A limit, and how the profile stands to it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Gate {
    /// `min-samples`, `max-age` or `min-health`.
    pub(crate) item: String,
    /// Samples, days or percent.
    pub(crate) limit: f64,
    /// The same of the profile; `null` where it does not tell.
    pub(crate) actual: Option<f64>,
    /// `pass` or `fail`.
    pub(crate) status: Status,
}

/// How much of a profile fits a program.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Fit {
    /// The executable; `null` where sources were asked.
    pub(crate) binary: Option<String>,
    /// The patterns of the packages whose sources were asked.
    pub(crate) packages: Vec<String>,
    /// The Go version that built the executable, or that would build the packages.
    pub(crate) go_version: Option<String>,
    /// Shares and vanished functions.
    pub(crate) health: Health,
}

/// Days between the collection of a profile and `now`, to a tenth.
pub(crate) fn age_days(collected: Timestamp, now: Timestamp) -> f64 {
    let days = now.duration_since(collected).as_secs_f64() / 86_400.0;
    (days * 10.0).round() / 10.0
}
