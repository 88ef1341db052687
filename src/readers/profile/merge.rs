//! Merges several profiles into one: equal stacks become one sample with the sum of their values.
//!
//! Without weights the result is that of Go's own merge (`go tool pprof -proto a b`), down to the order of the tables.
//! Source: `profile/merge.go` of pprof, as vendored in Go 1.24.

use std::borrow::Cow;
use std::fmt;

use super::combine::{Combiner, Header};
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
    /// They measure different things: no sample type is in all of them, or periods differ.
    Kinds {
        /// Position of the first one that does not fit to those before it.
        at: usize,
        /// Sample types of input 0.
        first: String,
        /// Sample types of the one that does not fit.
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

/// Merges profiles. Weights and normalisation keep the number of samples: they move weight, they invent none. Of different
/// sample types those remain that all profiles have, so that a slim profile merges with a full one.
pub fn merge(inputs: &[Input<'_>], normalize: Normalize) -> Result<Profile, MergeError> {
    check_weights(inputs)?;
    let profiles = alike(inputs)?;
    let scales = scales(inputs, &profiles, normalize)?;
    let mut header = Header::of(&profiles[0]);
    profiles[1..]
        .iter()
        .for_each(|profile| header.join(profile));
    let mut combiner = Combiner::new(header);
    for (profile, scale) in profiles.iter().zip(scales) {
        if (scale - 1.0).abs() < 1e-12 {
            combiner.add(profile, &profile.raw().sample);
        } else {
            combiner.add(profile, &scaled(profile, scale));
        }
    }
    read::check(combiner.finish()).map_err(MergeError::Broken)
}

fn check_weights(inputs: &[Input<'_>]) -> Result<(), MergeError> {
    for (at, input) in inputs.iter().enumerate() {
        let weight = input.weight;
        if !(weight.is_finite() && weight > 0.0) {
            return Err(MergeError::Weight { at, weight });
        }
    }
    Ok(())
}

/// The profiles with the sample types that they have in common, in the order of the first one.
fn alike<'a>(inputs: &[Input<'a>]) -> Result<Vec<Cow<'a, Profile>>, MergeError> {
    let first = inputs.first().ok_or(MergeError::Nothing)?.profile;
    let types = |of: &'a Profile| of.raw().sample_type.iter().map(|kind| text(of, kind));
    let mut common: Vec<_> = types(first).collect();
    for (at, Input { profile, .. }) in inputs.iter().enumerate() {
        let types: Vec<_> = types(profile).collect();
        common.retain(|word| types.contains(word));
        if common.is_empty() || period(profile) != period(first) {
            return Err(MergeError::Kinds {
                at,
                first: first.sample_types(),
                other: profile.sample_types(),
            });
        }
    }
    Ok(inputs
        .iter()
        .map(|input| reduced(input.profile, &common))
        .collect())
}

fn text(profile: &Profile, value: &proto::ValueType) -> String {
    format!(
        "{}/{}",
        profile.text(value.r#type),
        profile.text(value.unit)
    )
}

fn period(profile: &Profile) -> String {
    text(profile, &profile.raw().period_type.unwrap_or_default())
}

/// The profile with only these sample types, in this order.
fn reduced<'a>(profile: &'a Profile, types: &[String]) -> Cow<'a, Profile> {
    let own = &profile.raw().sample_type;
    let at = |name: &String| own.iter().position(|kind| text(profile, kind) == *name);
    let kept: Vec<usize> = types.iter().filter_map(at).collect();
    if kept.iter().copied().eq(0..own.len()) {
        return Cow::Borrowed(profile);
    }
    let mut reduced = profile.clone();
    let raw = &mut reduced.raw;
    raw.sample_type = kept.iter().map(|it| own[*it]).collect();
    for sample in &mut raw.sample {
        sample.value = kept.iter().map(|it| sample.value[*it]).collect();
    }
    let default = profile.bytes(raw.default_sample_type);
    if !raw
        .sample_type
        .iter()
        .any(|kind| profile.bytes(kind.r#type) == default)
    {
        raw.default_sample_type = raw.sample_type[0].r#type;
    }
    Cow::Owned(reduced)
}

/// Factors for the values of each input, such that the sum over all of them stays what it is.
fn scales(
    inputs: &[Input<'_>],
    profiles: &[Cow<'_, Profile>],
    normalize: Normalize,
) -> Result<Vec<f64>, MergeError> {
    let mut scales = Vec::new();
    let (mut before, mut after) = (0.0, 0.0);
    for (at, (input, profile)) in inputs.iter().zip(profiles).enumerate() {
        let total = profile.total(0) as f64;
        let size = match normalize {
            Normalize::Off => 1.0,
            Normalize::Samples => total.max(1.0),
            Normalize::Duration => {
                let duration = profile.duration();
                duration.ok_or(MergeError::NoDuration { at })?.as_secs_f64()
            }
        };
        let scale = input.weight / size;
        before += total;
        after += total * scale;
        scales.push(scale);
    }
    let whole = if after > 0.0 { before / after } else { 1.0 };
    Ok(scales.into_iter().map(|scale| scale * whole).collect())
}

/// Samples with scaled values. Most stacks have one or two samples, which plain rounding would wipe out or double; so
/// the remainder is carried from each stack to the next one of the same leaf, and the sum stays right to one sample.
fn scaled(profile: &Profile, scale: f64) -> Vec<proto::Sample> {
    let mut samples = profile.raw().sample.clone();
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by_cached_key(|index| {
        let frames = profile.frames(&samples[*index]);
        frames.take(2).map(|frame| frame.name).collect::<Vec<_>>()
    });
    let mut carry = 0.0;
    for at in order {
        let values = &mut samples[at].value;
        let Some(first) = values.first().copied().filter(|value| *value != 0) else {
            values
                .iter_mut()
                .for_each(|value| *value = (*value as f64 * scale).round() as i64);
            continue;
        };
        let wanted = first as f64 * scale + carry;
        let given = wanted.round();
        carry = wanted - given;
        // All values of a sample grow alike: 3 samples of 10 ms stay 30 ms.
        let ratio = given / first as f64;
        values
            .iter_mut()
            .for_each(|value| *value = (*value as f64 * ratio).round() as i64);
    }
    samples
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
