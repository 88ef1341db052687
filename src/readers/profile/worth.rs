//! What a CPU profile was taken of, and whether that is worth optimising by.
//!
//! A profile that Go takes may still be of a program that did nothing: its few calls then count as hot.

use serde::{Deserialize, Serialize};

use super::fitness::judge_profile;
use super::hot_summary::{Owner, Share, owner_by_path, summary};
use super::{Judgement, Kind, Profile};
use crate::number::counted_of;

/// What a CPU profile is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Worth {
    /// Seconds of CPU per second of collection; `null` where it does not tell.
    pub(crate) busy: Option<f64>,
    /// Percent of it in code that the compiler can change: all but the runtime and what has no package.
    changeable: f64,
    /// Percent of it in the main module.
    pub(crate) main: f64,
    /// What speaks against it, as sentences; empty: nothing.
    pub against: Vec<String>,
}

/// Seconds of CPU per second below which a program did next to nothing.
const IDLE: f64 = 0.05;

/// Percent in code below which there is little to optimise.
const LITTLE: f64 = 20.0;

/// Stacks below which the profile tells of a few moments.
const FEW: usize = 20;

impl Worth {
    /// In one sentence: what speaks for it, or against it.
    pub fn sentence(&self) -> String {
        if !self.against.is_empty() {
            return format!("it may be worth little: {}", self.against.join("; "));
        }
        let busy = self.busy.map_or(String::new(), |busy| {
            format!("{busy:.2} s of CPU per second, ")
        });
        format!(
            "worth building by: {busy}{:.0} % of it in code that the compiler can change",
            self.changeable
        )
    }
}

/// Judges a profile that was read; `main_module` may be empty.
pub fn worth_of(profile: &Profile, main_module: &str) -> Option<Worth> {
    let value = profile.pgo_value_index()?;
    let owners = summary(profile, value, 0, |text| owner_by_path(text, main_module)).owners;
    worth(&judge_profile(profile), &owners)
}

/// Judges what a CPU profile is of; `None` for every other kind.
pub fn worth(judgement: &Judgement, owners: &[Share]) -> Option<Worth> {
    if judgement.kind != Some(Kind::Cpu) || judgement.total <= 0 {
        return None;
    }
    let busy = busy(judgement);
    let share = |wanted: &[Owner]| -> f64 {
        let mine = owners.iter().filter(|share| wanted.contains(&share.owner));
        mine.map(|share| share.percent).sum()
    };
    let changeable = share(&[Owner::Main, Owner::Dependency, Owner::Std]);
    Some(Worth {
        against: against(judgement, busy, changeable),
        busy,
        changeable,
        main: share(&[Owner::Main]),
    })
}

/// Seconds of CPU for each second; `None` where it is not known how long the profile took.
fn busy(judgement: &Judgement) -> Option<f64> {
    let origin = judgement.origin.as_ref()?;
    let duration = origin.duration_ms.filter(|duration| *duration > 0)?;
    Some(judgement.total as f64 / 1e6 / duration as f64)
}

/// A sentence for each reason why a profile is worth little.
fn against(judgement: &Judgement, busy: Option<f64>, changeable: f64) -> Vec<String> {
    let mut against = Vec::new();
    if let Some(busy) = busy.filter(|busy| *busy < IDLE) {
        against.push(format!(
            "the program was idle: {busy:.3} s of CPU per second"
        ));
    }
    if changeable < LITTLE {
        against.push(format!(
            "only {changeable:.0} % of it is in code that the compiler can change, the rest is the runtime"
        ));
    }
    if judgement.stacks < FEW {
        against.push(format!(
            "it has {} only",
            counted_of(judgement.stacks, "stack")
        ));
    }
    against
}
