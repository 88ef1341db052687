//! Several profiles in, one out: equal stacks become one sample with the sum of their values.
//!
//! Without weights the result is that of Go's own merge (`go tool pprof -proto a b`), down to the order of the tables.
//! Source: `profile/merge.go` of pprof, as vendored in Go 1.24.

use std::fmt;

use super::combine::Combiner;
use super::{Profile, ReadError, proto, read};
use crate::error::{Error, Kind};

/// A profile and how much it counts.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its share beside the others; 1 where the user gave none.
    pub weight: f64,
}

/// What is made equal before weights apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Normalize {
    /// Nothing: a profile with more samples counts more.
    #[default]
    Off,
    /// The time of collection: a minute here counts as much as a minute there.
    Duration,
    /// The sum of values: each profile counts the same.
    Samples,
}

/// Why profiles cannot be merged.
#[derive(Debug, Clone, PartialEq)]
pub enum MergeError {
    /// There is none.
    Nothing,
    /// They measure different things.
    Kinds {
        /// Position of the first one that differs from input 0.
        at: usize,
        /// Sample types of input 0.
        first: String,
        /// Sample types of the one that differs.
        other: String,
    },
    /// A weight is not a positive number.
    Weight {
        /// Position of the input.
        at: usize,
        /// Its weight.
        weight: f64,
    },
    /// To be normalised by duration, but this one has none.
    NoDuration {
        /// Position of the input.
        at: usize,
    },
    /// What came out is not a profile.
    Broken(ReadError),
}

/// Merges profiles. Weights and normalisation keep the number of samples: they move weight, they invent none.
pub fn merge(inputs: &[Input<'_>], normalize: Normalize) -> Result<Profile, MergeError> {
    check(inputs)?;
    let scales = scales(inputs, normalize)?;
    let mut combiner = Combiner::new(combined_header(inputs));
    for (input, scale) in inputs.iter().zip(scales) {
        if (scale - 1.0).abs() < 1e-12 {
            combiner.add(input.profile, &input.profile.raw().sample);
        } else {
            combiner.add(input.profile, &scaled(input.profile, scale));
        }
    }
    read::check(combiner.finish()).map_err(MergeError::Broken)
}

fn check(inputs: &[Input<'_>]) -> Result<(), MergeError> {
    let first = inputs.first().ok_or(MergeError::Nothing)?;
    for (at, input) in inputs.iter().enumerate() {
        if measures(input.profile) != measures(first.profile) {
            return Err(MergeError::Kinds {
                at,
                first: first.profile.sample_types(),
                other: input.profile.sample_types(),
            });
        }
        let weight = input.weight;
        if !(weight.is_finite() && weight > 0.0) {
            return Err(MergeError::Weight { at, weight });
        }
    }
    Ok(())
}

/// Sample types and period type as text: what must be equal.
fn measures(profile: &Profile) -> (String, String) {
    let period = profile.raw().period_type.unwrap_or_default();
    let period = format!(
        "{}/{}",
        profile.text(period.r#type),
        profile.text(period.unit)
    );
    (profile.sample_types(), period)
}

/// Factors for the values of each input, such that the sum over all of them stays what it is.
fn scales(inputs: &[Input<'_>], normalize: Normalize) -> Result<Vec<f64>, MergeError> {
    let mut scales = Vec::new();
    let (mut before, mut after) = (0.0, 0.0);
    for (at, input) in inputs.iter().enumerate() {
        let total = input.profile.total(0) as f64;
        let size = match normalize {
            Normalize::Off => 1.0,
            Normalize::Samples => total.max(1.0),
            Normalize::Duration => {
                let duration = input.profile.duration();
                duration.ok_or(MergeError::NoDuration { at })?.as_secs_f64()
            }
        };
        let scale = input.weight / size;
        before += total;
        after += total * scale;
        scales.push(scale);
    }
    let whole = if after > 0.0 { before / after } else { 1.0 };
    Ok(scales.into_iter().map(|it| it * whole).collect())
}

/// Samples with scaled values. Most stacks have one or two samples, which plain rounding would wipe out or double; so
/// the remainder is carried from each stack to the next one of the same leaf, and the sum stays right to one sample.
fn scaled(profile: &Profile, scale: f64) -> Vec<proto::Sample> {
    let mut samples = profile.raw().sample.clone();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_cached_key(|it| {
        let frames = profile.frames(&samples[*it]);
        frames.take(2).map(|it| it.name).collect::<Vec<_>>()
    });
    let mut carry = 0.0;
    for at in order {
        let values = &mut samples[at].value;
        let Some(first) = values.first().copied().filter(|it| *it != 0) else {
            values
                .iter_mut()
                .for_each(|it| *it = (*it as f64 * scale).round() as i64);
            continue;
        };
        let wanted = first as f64 * scale + carry;
        let given = wanted.round();
        carry = wanted - given;
        // All values of a sample grow alike: 3 samples of 10 ms stay 30 ms.
        let ratio = given / first as f64;
        values
            .iter_mut()
            .for_each(|it| *it = (*it as f64 * ratio).round() as i64);
    }
    samples
}

/// Everything but samples and tables, with string indices into the table of input 0 resolved by the combiner.
fn combined_header(inputs: &[Input<'_>]) -> super::combine::Header {
    let mut header = super::combine::Header::of(inputs[0].profile);
    for input in &inputs[1..] {
        header.join(input.profile);
    }
    header
}

impl MergeError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Nothing => "name at least one profile",
            Self::Kinds { .. } => "merge profiles of one kind: CPU with CPU, heap with heap",
            Self::Weight { .. } => "a weight is a number above 0; leave the file out to ignore it",
            Self::NoDuration { .. } => "normalise by samples instead",
            Self::Broken(error) => error.hint(),
        }
    }
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is no profile to merge"),
            Self::Kinds { at, first, other } => write!(
                f,
                "profile {} measures `{other}`, but the first one `{first}`",
                at + 1
            ),
            Self::Weight { at, weight } => {
                write!(
                    f,
                    "the weight `{weight}` of profile {} is not above 0",
                    at + 1
                )
            }
            Self::NoDuration { at } => write!(f, "profile {} does not tell its duration", at + 1),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MergeError {}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Self {
        let hint = error.hint();
        Self::new(Kind::Usage, error.to_string()).hint(hint)
    }
}
