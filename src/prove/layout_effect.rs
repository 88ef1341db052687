//! Separates the difference of two programs from the effect of code layout: the test of Welch (1947) on the means of
//! the layouts.
//!
//! Rounds with one layout are not independent of each other: the layout, lucky or not, is in all of them. So what
//! speaks of the code, and not of a few files, are the layouts of both programs: as many numbers on each side as there
//! are layouts.

use std::f64::consts::FRAC_PI_2;

/// Pieces of the integral below.
const PIECES: usize = 96;
/// How often the interval of a quantile is halved.
const HALVINGS: usize = 48;

/// What the layouts say of the difference of logarithms, second program less first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layouts {
    /// The difference of the means.
    pub middle: f64,
    /// Its standard error: how far layouts of the same program are apart, and the noise in them.
    error: f64,
    /// Degrees of freedom, from the number of layouts less one to twice that.
    freedom: f64,
}

impl Layouts {
    /// Of runs in rounds, two with each layout in turn. `None` for less than two layouts, and before each had two rounds.
    pub fn of(first: &[f64], second: &[f64], layouts: usize) -> Option<Self> {
        if layouts < 2 || first.len().min(second.len()) < 2 * layouts {
            return None;
        }
        let (one, other) = (means(first, layouts), means(second, layouts));
        let ((a, a_error), (b, b_error)) = (spread(&one), spread(&other));
        let both = a_error + b_error;
        let parts = a_error * a_error + b_error * b_error;
        let least = (layouts - 1) as f64;
        Some(Self {
            middle: b - a,
            error: both.sqrt(),
            freedom: match parts > 0.0 {
                true => (least * both * both / parts).clamp(least, 2.0 * least),
                false => least,
            },
        })
    }

    /// How likely a difference as small as this or smaller is where the programs differ by `shift`: small where the second is
    /// faster than that. And one as large or larger.
    pub fn chances(&self, shift: f64) -> (f64, f64) {
        let by = self.middle - shift;
        if by == 0.0 {
            return (1.0, 1.0);
        }
        let over = tail((by / self.error).abs(), self.freedom);
        match by < 0.0 {
            true => (over, 1.0 - over),
            false => (1.0 - over, over),
        }
    }

    /// Half of the interval that holds the difference but for `risk`, two-sided.
    pub fn margin(&self, risk: f64) -> f64 {
        self.error * quantile(risk / 2.0, self.freedom)
    }
}

/// The mean of the logarithms of each layout.
pub fn means(runs: &[f64], layouts: usize) -> Vec<f64> {
    let of = |layout: usize| {
        let mine = runs.chunks(2).skip(layout).step_by(layouts).flatten();
        let logs: Vec<f64> = mine.map(|run| run.ln()).collect();
        logs.iter().sum::<f64>() / logs.len() as f64
    };
    (0..layouts).map(of).collect()
}

/// The mean, and the square of its standard error.
fn spread(means: &[f64]) -> (f64, f64) {
    let count = means.len() as f64;
    let mean = means.iter().sum::<f64>() / count;
    let squares: f64 = means.iter().map(|it| (it - mean) * (it - mean)).sum();
    (mean, squares / (count - 1.0) / count)
}

/// How likely Student's t is to be `t` or more, `t` from 0 on. With t = sqrt(freedom) tan(x) the density is a power of the cosine.
pub(super) fn tail(t: f64, freedom: f64) -> f64 {
    let from = (t / freedom.sqrt()).atan();
    area(from, freedom) / (2.0 * area(0.0, freedom))
}

fn area(from: f64, freedom: f64) -> f64 {
    let step = (FRAC_PI_2 - from) / PIECES as f64;
    // From the far end, where the sine is exact and the cosine is not.
    let heights = (0..PIECES).map(|piece| ((piece as f64 + 0.5) * step).sin().powf(freedom - 1.0));
    heights.sum::<f64>() * step
}

/// What t exceeds with this chance, below one half.
fn quantile(chance: f64, freedom: f64) -> f64 {
    // As angles, of which there is a last one.
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    let wanted = chance * 2.0 * area(0.0, freedom);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match area(middle, freedom) > wanted {
            true => low = middle,
            false => high = middle,
        }
    }
    low.tan() * freedom.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_are_those_of_the_tables() {
        // Student's table: P(t > x) with so many degrees of freedom.
        for (chance, freedom, x) in [
            (0.025, 1.0, 12.706),
            (0.025, 2.0, 4.303),
            (0.01, 4.0, 3.747),
            (0.05, 8.0, 1.860),
            (0.005, 30.0, 2.750),
        ] {
            let found = quantile(chance, freedom);
            assert!((found / x - 1.0).abs() < 1e-3, "{found} {x}");
            let back = tail(x, freedom);
            assert!((back / chance - 1.0).abs() < 3e-3, "{back} {chance}");
        }
    }

    #[test]
    fn each_layout_counts_once() {
        let first = [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0];
        let second: Vec<f64> = first.iter().map(|it| 1.5 * it).collect();
        let found = Layouts::of(&first, &second, 2).unwrap();
        assert!((found.middle - 1.5_f64.ln()).abs() < 1e-12);
        // Means 0 and ln 2: the square of the error of each is (ln 2 / 2)^2.
        assert!((found.error - 2.0_f64.ln() / 2.0_f64.sqrt()).abs() < 1e-12);
        assert!((found.freedom - 2.0).abs() < 1e-12);
        assert_eq!(Layouts::of(&first[..3], &second, 2), None);
        assert_eq!(Layouts::of(&first, &second, 1), None);
    }
}
