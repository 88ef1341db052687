//! What `profile show` says, as one value: its JSON, and the source of its other renderings.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::check::Status;
use crate::profile::summary::Hot;
use crate::profile::{Health, Judgement, Summary, Worth};

/// A profile at a glance.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Shown {
    /// The file.
    pub file: String,
    /// Bytes of the file.
    pub size: u64,
    /// `usable`, `no-samples`, `no-calls`, `no-lines`, `not-cpu` or `no-start-lines`.
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
    /// What it is of, and what speaks against it; `null` of every other kind than CPU.
    pub worth: Option<Worth>,
    /// Of a heap profile: all that was ever allocated, while `summary` is what is in use. `null` of every other.
    pub allocated: Option<Summary>,
    /// How much of it fits a program; `null` where none was given.
    pub health: Option<Fit>,
    /// All of its functions, for a treemap; empty where none is drawn.
    #[serde(skip)]
    pub everything: Vec<Hot>,
    /// The limits that were given: `min-samples`, `max-age` in days, `min-health` in percent.
    pub gates: Vec<Gate>,
}

/// A limit, and how the profile stands to it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Gate {
    /// `min-samples`, `max-age` or `min-health`.
    pub item: String,
    /// Samples, days or percent.
    pub limit: f64,
    /// The same of the profile; `null` where it does not tell.
    pub actual: Option<f64>,
    /// `pass` or `fail`.
    pub status: Status,
}

/// How much of a profile fits a program.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Fit {
    /// The executable; `null` where sources were asked.
    pub binary: Option<String>,
    /// The patterns of the packages whose sources were asked.
    pub packages: Vec<String>,
    /// The Go version that built the executable, or that would build the packages.
    pub go_version: Option<String>,
    /// Shares and vanished functions.
    pub health: Health,
}

/// Days between the collection of a profile and `now`, to a tenth.
pub fn age_days(collected: Timestamp, now: Timestamp) -> f64 {
    let days = now.duration_since(collected).as_secs_f64() / 86_400.0;
    (days * 10.0).round() / 10.0
}
