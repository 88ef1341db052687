//! Computes Wilcoxon's signed-rank test and the estimate of Hodges and Lehmann from differences of pairs: exact, also
//! with ties.
//!
//! Zeros are left out of the test, as Wilcoxon has it and R and scipy do by default; they count in the estimate. Where
//! ranks are tied they share the mean rank, and the distribution is that of these ranks.

/// The signs and ranks of differences: what the test looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// Twice the rank of each difference that is not 0, in any order: mean ranks are halves.
    ranks: Vec<usize>,
    /// Twice the sum of the ranks of positive differences.
    positive: usize,
}

impl Signed {
    /// Ranks the differences by their size.
    pub fn of(differences: &[f64]) -> Self {
        let mut sorted: Vec<f64> = differences.to_vec();
        sorted.retain(|difference| *difference != 0.0 && !difference.is_nan());
        sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let (mut ranks, mut positive) = (Vec::with_capacity(sorted.len()), 0);
        let mut at = 0;
        while at < sorted.len() {
            let size = sorted[at].abs();
            let tied = sorted[at..].iter().take_while(|other| other.abs() == size);
            let count = tied.count();
            // The ranks at+1 to at+count, on average, twice.
            let rank = 2 * at + count + 1;
            for difference in &sorted[at..at + count] {
                ranks.push(rank);
                if *difference > 0.0 {
                    positive += rank;
                }
            }
            at += count;
        }
        Self { ranks, positive }
    }

    /// The sum of the ranks of positive differences.
    pub fn statistic(&self) -> f64 {
        self.positive as f64 / 2.0
    }

    /// How likely a sum as small as this or smaller is where both programs are alike: small where the second is faster.
    pub fn lower(&self) -> f64 {
        let below = self.distribution();
        below[..=self.positive].iter().sum::<f64>().min(1.0)
    }

    /// The same for a sum as large as this or larger: small where the second is slower.
    pub fn upper(&self) -> f64 {
        let below = self.distribution();
        below[self.positive..].iter().sum::<f64>().min(1.0)
    }

    /// The two-sided probability: twice the smaller of both, at most 1.
    pub fn two_sided(&self) -> f64 {
        (2.0 * self.lower().min(self.upper())).min(1.0)
    }

    /// The probability of each sum, twice the sum being the place: every sign is a throw of a coin.
    fn distribution(&self) -> Vec<f64> {
        distribution(&self.ranks)
    }
}

fn distribution(ranks: &[usize]) -> Vec<f64> {
    let whole: usize = ranks.iter().sum();
    let mut chances = vec![0.0; whole + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = match sum.checked_sub(*rank) {
                Some(rest) => chances[rest],
                None => 0.0,
            };
            chances[sum] = (chances[sum] + with) / 2.0;
        }
    }
    chances
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The middle: the median of all means of two differences (Hodges and Lehmann 1963).
    pub middle: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How sure the interval is: 1 - this is at least what was asked for, or as near to it as so few pairs allow.
    pub level: f64,
}

impl Estimate {
    /// Half of the interval.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The means of each two differences, each with itself too, sorted.
pub fn walsh(differences: &[f64]) -> Vec<f64> {
    let mut means = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (at, one) in differences.iter().enumerate() {
        means.extend(differences[at..].iter().map(|other| (one + other) / 2.0));
    }
    means.sort_by(f64::total_cmp);
    means
}

/// The middle of sorted numbers; 0 where there is none.
pub fn median(sorted: &[f64]) -> f64 {
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}

/// The estimate, and the exact interval that the test gives: what it would not refuse with `risk` (two-sided).
pub fn estimate(differences: &[f64], risk: f64) -> Estimate {
    let means = walsh(differences);
    let ranks: Vec<usize> = (1..=differences.len()).map(|rank| 2 * rank).collect();
    let chances = distribution(&ranks);
    // How many means lie outside on each side: the largest number whose chance is at most half of the risk.
    let (mut outside, mut sum, mut spent) = (0, 0.0, None);
    for rank_sum in 0..=means.len() {
        sum += chances.get(2 * rank_sum).copied().unwrap_or_default();
        if sum > risk / 2.0 {
            break;
        }
        outside = rank_sum + 1;
        spent = Some(2.0 * sum);
    }
    // Too few for the risk: the widest interval there is, and what it is worth.
    let first = chances.first().copied().unwrap_or(1.0);
    let cut = outside.max(1).min(means.len().div_ceil(2)).max(1) - 1;
    Estimate {
        middle: median(&means),
        low: means.get(cut).copied().unwrap_or_default(),
        high: means
            .len()
            .checked_sub(1 + cut)
            .map_or(0.0, |place| means[place]),
        level: 1.0 - spent.unwrap_or((2.0 * first).min(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Reference {
        differences: &'static [f64],
        /// The sum of positive ranks, then the chances of one as small, as large, and both.
        statistic: f64,
        lower: f64,
        upper: f64,
        two_sided: f64,
        middle: f64,
    }

    /// What scipy 1.17.1 says: `wilcoxon(d[d != 0], alternative=..., method="exact")`, with ties
    /// `PermutationMethod(n_resamples=inf)`, which throws every sign; the middle is the median of all means.
    const REFERENCES: &[Reference] = &[
        // The soporific drugs of Student (1908), `sleep` in R.
        Reference {
            differences: &[1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4],
            statistic: 45.0,
            lower: 1.0,
            upper: 0.001_953_125,
            two_sided: 0.003_906_25,
            middle: 1.3,
        },
        Reference {
            differences: &[0.011, -0.004, 0.023, 0.017, 0.009, -0.002, 0.031],
            statistic: 25.0,
            lower: 0.976_562_5,
            upper: 0.039_062_5,
            two_sided: 0.078_125,
            middle: 0.012,
        },
        Reference {
            differences: &[
                -0.5, 0.3, -1.1, 2.2, 0.8, -0.9, 1.7, 0.05, -0.15, 0.6, 1.25, -0.35,
            ],
            statistic: 50.0,
            lower: 0.809_814_453_1,
            upper: 0.211_914_062_5,
            two_sided: 0.423_828_125,
            middle: 0.3,
        },
        Reference {
            differences: &[0.021, 0.013, 0.034, 0.008, 0.017],
            statistic: 15.0,
            lower: 1.0,
            upper: 0.031_25,
            two_sided: 0.062_5,
            middle: 0.017,
        },
        Reference {
            differences: &[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, 7.0, -8.0, -9.0, -10.5],
            statistic: 7.0,
            lower: 0.018_554_687_5,
            upper: 0.986_328_125,
            two_sided: 0.037_109_375,
            middle: -4.5,
        },
        // Ties and a zero.
        Reference {
            differences: &[1.0, 1.0, -1.0, 2.0, 2.0, -2.0, 3.0, 3.0, 3.0, 0.0],
            statistic: 38.0,
            lower: 0.978_515_625,
            upper: 0.039_062_5,
            two_sided: 0.078_125,
            middle: 1.5,
        },
    ];

    #[test]
    fn the_test_is_that_of_scipy() {
        for it in REFERENCES {
            let found = Signed::of(it.differences);
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
            near(found.statistic(), it.statistic);
            near(found.lower(), it.lower);
            near(found.upper(), it.upper);
            near(found.two_sided(), it.two_sided);
            near(estimate(it.differences, 0.05).middle, it.middle);
        }
    }

    #[test]
    fn the_interval_is_what_the_test_does_not_refuse() {
        // R: qsignrank(0.025, 10) is 9, 2 * psignrank(8, 10) is 0.048828125.
        let found = estimate(REFERENCES[4].differences, 0.05);
        assert!((found.level - 0.951_171_875).abs() < 1e-12);
        let means = walsh(REFERENCES[4].differences);
        assert_eq!((found.low, found.high), (means[8], means[means.len() - 9]));
        for (shift, inside) in [
            (found.low - 0.01, false),
            (found.low + 0.01, true),
            (found.high - 0.01, true),
            (found.high + 0.01, false),
        ] {
            let moved = REFERENCES[4].differences.iter().map(|it| it - shift);
            let p = Signed::of(&moved.collect::<Vec<_>>()).two_sided();
            assert_eq!(p > 0.05, inside, "{shift} {p}");
        }
    }

    #[test]
    fn five_pairs_are_never_sure_by_95_percent() {
        let found = estimate(REFERENCES[3].differences, 0.05);
        assert_eq!((found.low, found.high), (0.008, 0.034));
        assert_eq!(found.level, 0.937_5);
    }

    #[test]
    fn few_differences_and_none_have_an_estimate() {
        for differences in [&[][..], &[1.0], &[0.0, 0.0], &[1.0, 2.0]] {
            let found = estimate(differences, 0.05);
            assert!(found.low <= found.middle && found.middle <= found.high);
            assert!(Signed::of(differences).two_sided() <= 1.0);
        }
    }
}
