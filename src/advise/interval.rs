//! Computes how far chance may move a share of a profile: a 95 % margin from the number of samples.

use serde::{Deserialize, Serialize};

/// A share of a profile, with how far chance may move it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Interval {
    /// Samples behind it.
    pub(crate) samples: u64,
    /// Percent of the profile.
    pub(crate) percent: f64,
    /// Percent points to each side, at 95 %.
    pub(crate) margin: f64,
}

impl Interval {
    /// Of `weight` in `total`, seen in `samples`.
    ///
    /// Samples come independently, so their number has the spread of a Poisson distribution: 1.96 times its root.
    pub(crate) fn new(samples: u64, weight: i64, total: i64) -> Self {
        if samples == 0 || total <= 0 {
            return Self::default();
        }
        let percent = weight as f64 * 100.0 / total as f64;
        Self {
            samples,
            percent,
            margin: percent * 1.96 / (samples as f64).sqrt(),
        }
    }

    /// Of both, in other samples of the same profile.
    pub(crate) fn plus(self, other: Self) -> Self {
        let samples = self.samples.saturating_add(other.samples);
        let percent = self.percent + other.percent;
        Self {
            samples,
            percent,
            margin: percent * 1.96 / (samples.max(1) as f64).sqrt(),
        }
    }

    /// What it is at least, in percent: what is ranked by.
    pub(crate) fn lower(&self) -> f64 {
        (self.percent - self.margin).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_samples_prove_little() {
        let many = Interval::new(100, 100, 10_000);
        assert!((many.percent - 1.0).abs() < 1e-9);
        assert!((many.margin - 0.196).abs() < 1e-9);
        let few = Interval::new(2, 300, 10_000);
        assert!(few.percent > many.percent && few.lower() < many.lower());
        assert_eq!(Interval::new(0, 5, 10), Interval::default());
        assert_eq!(Interval::new(5, 5, 0), Interval::default());
    }
}
