//! Computes the interval that resampling the pairs gives: a second opinion beside the exact one.

use super::random::Random;
use super::signed_rank::{median, walsh};

/// How often the pairs are drawn anew.
const DRAWS: usize = 4_000;

/// The ends between which the estimate lies in all but `risk` of the draws, half of it on each side (the percentile interval of
/// Efron and Tibshirani 1993, chapter 13). Pairs stay together.
pub fn interval(differences: &[f64], risk: f64, seed: u64) -> (f64, f64) {
    if differences.is_empty() {
        return (0.0, 0.0);
    }
    let mut random = Random::new(seed);
    let mut middles: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = differences
                .iter()
                .map(|_| differences[random.below(differences.len())]);
            median(&walsh(&drawn.collect::<Vec<_>>()))
        })
        .collect();
    middles.sort_by(f64::total_cmp);
    let place = |share: f64| {
        let place = (share * (DRAWS - 1) as f64).round();
        middles[(place as usize).min(DRAWS - 1)]
    };
    (place(risk / 2.0), place(1.0 - risk / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_scipy() {
        // scipy 1.17.1: bootstrap((d,), hodges_lehmann, n_resamples=200000, method="percentile",
        // random_state=1).
        for (differences, low, high) in [
            (
                &[
                    -0.5, 0.3, -1.1, 2.2, 0.8, -0.9, 1.7, 0.05, -0.15, 0.6, 1.25, -0.35,
                ][..],
                -0.3,
                0.925,
            ),
            (
                &[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, 7.0, -8.0, -9.0, -10.5],
                -7.0,
                -1.0,
            ),
        ] {
            let found = interval(differences, 0.05, 7);
            let near = |a: f64, b: f64| assert!((a - b).abs() < 0.06 * (high - low), "{a} {b}");
            near(found.0, low);
            near(found.1, high);
            assert_eq!(found, interval(differences, 0.05, 7));
        }
    }
}
