//! The pairs so far in, what they say out: faster, slower, no effect, or nothing yet.
//!
//! At each look, in this order:
//! 1. No effect: both one-sided tests refuse a difference as large as the threshold. All looks together are wrong about one of
//!    that size in at most [`MISS`] of the sessions.
//! 2. Faster or slower: the two-sided test refuses that there is none, and the estimate is larger than the floor. All looks
//!    together are wrong about equals in at most [`RISK`] of the sessions.
//! 3. Cannot tell: the pairs are used up, or what is left of them would most likely decide nothing.

use super::looks::{Sides, level, looks};
use super::rank::{Estimate, Signed, estimate, median};

/// How many of the sessions with equal programs may find a difference.
pub const RISK: f64 = 0.05;
/// How many of the sessions with a difference as large as the threshold may find none.
pub const MISS: f64 = 0.1;
/// How sure the floor is: the interval of equals.
const FLOOR: f64 = 0.1;
/// Before this many pairs the noise is not known well enough to give up.
const PATIENCE: usize = 7;

/// How a session is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Pairs at which is looked.
    pub looks: Vec<usize>,
    /// The two-sided level of each look; it falls where several questions are asked.
    pub level: f64,
    /// The one-sided level of each look for no effect.
    pub nothing: f64,
    /// What difference matters, as a share: 0.01.
    pub threshold: f64,
    /// How many layouts of the code the runs go through, two rounds with each.
    pub layouts: usize,
}

impl Rules {
    /// For at most `most` pairs, a threshold as a share, and so many questions (programs times what is judged of each), which share
    /// the risk (Bonferroni).
    pub fn new(most: usize, threshold: f64, questions: usize) -> Self {
        let looks = looks(most);
        let share = questions.max(1) as f64;
        Self {
            level: level(&looks, RISK / share, Sides::Two),
            nothing: level(&looks, MISS / share, Sides::One),
            threshold,
            layouts: 1,
            looks,
        }
    }

    /// The most pairs.
    pub fn most(&self) -> usize {
        self.looks.last().copied().unwrap_or_default()
    }
}

/// What pairs say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The second program needs less.
    Less,
    /// It needs more.
    More,
    /// The difference, if any, is smaller than the threshold.
    NoEffect,
    /// Nothing yet; more pairs may tell.
    Open,
    /// Nothing, and more pairs would not tell either.
    CannotTell,
}

/// What was found in pairs. Differences are logarithms of quotients, second program through first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The answer.
    pub answer: Answer,
    /// Pairs that were there.
    pub pairs: usize,
    /// The estimate and the interval of the level of this look.
    pub estimate: Estimate,
    /// The two-sided probability of differences like these between equals.
    pub chance: f64,
    /// How far apart the same program comes out by so many pairs or, if that is more, did come out, or comes out by its layout.
    pub floor: f64,
    /// How far apart layouts of the same code come out; `None` where there is one.
    pub spread: Option<f64>,
    /// Pairs that would be needed to tell a difference as large as the threshold.
    pub needed: usize,
}

/// Judges the pairs that are there: of each program the runs in order, every number above 0. `last`: no more will come.
pub fn decide(first: &[f64], second: &[f64], rules: &Rules, last: bool) -> Found {
    let pairs = first.len().min(second.len());
    let differences = differences(first, second);
    let twins = twins(&first[..pairs], &second[..pairs]);
    let signed = Signed::of(&differences);
    let chance = signed.two_sided();
    // At a level that no look reaches the interval is the widest one.
    let estimate = estimate(&differences, rules.level.max(f64::MIN_POSITIVE));
    let spread = spread(&first[..pairs], &second[..pairs], rules.layouts);
    // Of two programs, each with the mean of its layouts: about half of the range of three.
    let floor = floor(&twins).max(spread.unwrap_or_default() / 2.0);
    let is_last = last || pairs >= rules.most();
    let answer = if is_nothing(&differences, rules) {
        Answer::NoEffect
    } else if chance <= rules.level && estimate.middle.abs() > floor {
        match estimate.middle < 0.0 {
            true => Answer::Less,
            false => Answer::More,
        }
    } else if is_last || is_hopeless(&differences, rules) {
        Answer::CannotTell
    } else {
        Answer::Open
    };
    Found {
        answer,
        pairs,
        estimate,
        chance,
        floor,
        spread,
        needed: needed(&estimate, pairs, rules),
    }
}

/// The logarithm of each quotient, second through first.
pub fn differences(first: &[f64], second: &[f64]) -> Vec<f64> {
    let quotient = |(one, other): (&f64, &f64)| (other / one).ln();
    first.iter().zip(second).map(quotient).collect()
}

/// Differences between runs of the same program: those of pairs that stand side by side.
fn twins(first: &[f64], second: &[f64]) -> Vec<f64> {
    let all = first.chunks_exact(2).chain(second.chunks_exact(2));
    all.map(|two| (two[1] / two[0]).ln()).collect()
}

/// The range of the middles of layouts, of the program in which it is larger.
fn spread(first: &[f64], second: &[f64], layouts: usize) -> Option<f64> {
    let range = |runs: &[f64]| {
        let of = |layout: usize| -> Vec<f64> {
            let mine = runs.chunks(2).skip(layout).step_by(layouts).flatten();
            let mut logs: Vec<f64> = mine.map(|it| it.ln()).collect();
            logs.sort_by(f64::total_cmp);
            logs
        };
        let there = (0..layouts).map(of).filter(|runs| !runs.is_empty());
        let middles: Vec<f64> = there.map(|runs| median(&runs)).collect();
        let low = middles.iter().copied().fold(f64::INFINITY, f64::min);
        let high = middles.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (high - low).max(0.0)
    };
    (layouts > 1 && first.len() >= 2 * layouts).then(|| range(first).max(range(second)))
}

fn floor(twins: &[f64]) -> f64 {
    let found = estimate(twins, FLOOR);
    found.half_width().max(found.middle.abs())
}

/// Whether a difference as large as the threshold is refused on both sides.
fn is_nothing(differences: &[f64], rules: &Rules) -> bool {
    let bound = rules.threshold.ln_1p();
    let moved = |by: f64| -> Vec<f64> { differences.iter().map(|it| it + by).collect() };
    !differences.is_empty()
        && Signed::of(&moved(-bound)).lower() <= rules.nothing
        && Signed::of(&moved(bound)).upper() <= rules.nothing
}

/// Whether what is left would most likely decide nothing: with the noise so far, neither an estimate as far out as its error
/// makes likely would be a finding with all pairs, nor one as near to nothing would be none. Giving up finds nothing, and so costs
/// no risk.
fn is_hopeless(differences: &[f64], rules: &Rules) -> bool {
    let pairs = differences.len();
    if pairs < PATIENCE {
        return false;
    }
    // The interval that holds two of three.
    let now = estimate(differences, 0.32);
    let error = now.half_width();
    let then = error * (pairs as f64 / rules.most() as f64).sqrt();
    let size = now.middle.abs();
    // About the quantiles of the levels of both tests.
    let finds = size + error >= 2.4 * then;
    let finds_nothing = (size - error).max(0.0) + 2.0 * then <= rules.threshold.ln_1p();
    !finds && !finds_nothing
}

/// Pairs with which half of the interval would be the threshold.
fn needed(estimate: &Estimate, pairs: usize, rules: &Rules) -> usize {
    let times = estimate.half_width() / rules.threshold.ln_1p();
    let pairs = pairs as f64 * times * times;
    // What is above is no number that anybody would wait for.
    pairs.ceil().clamp(5.0, 1e6) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::random::Random;

    /// Two programs whose runs scatter by `noise`, the second slower by `effect`.
    fn session(noise: f64, effect: f64, seed: u64, rules: &Rules) -> Found {
        let mut random = Random::new(seed);
        // About normal: twelve even numbers, less their mean.
        let mut run = || {
            let sum: f64 = (0..12)
                .map(|_| random.below(1 << 20) as f64 / 1048576.0)
                .sum();
            (noise * (sum - 6.0)).exp()
        };
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for look in &rules.looks {
            while first.len() < *look {
                first.push(run());
                second.push(run() * (1.0 + effect));
            }
            let found = decide(&first, &second, rules, false);
            if found.answer != Answer::Open {
                return found;
            }
        }
        panic!("the last look decides")
    }

    fn of_hundred(noise: f64, effect: f64, rules: &Rules) -> Vec<Found> {
        (0..100)
            .map(|it| session(noise, effect, it, rules))
            .collect()
    }

    fn count(all: &[Found], answer: Answer) -> usize {
        all.iter().filter(|it| it.answer == answer).count()
    }

    #[test]
    fn equals_are_rarely_told_apart_and_soon_let_go() {
        let rules = Rules::new(20, 0.01, 1);
        for noise in [0.003, 0.006, 0.015, 0.04] {
            let all = of_hundred(noise, 0.0, &rules);
            let wrong = count(&all, Answer::Less) + count(&all, Answer::More);
            assert!(wrong <= 5, "{noise}: {wrong}");
            let pairs: usize = all.iter().map(|it| it.pairs).sum();
            let most = if noise < 0.01 { 1000 } else { 1500 };
            assert!(pairs <= most, "{noise}: {pairs}");
        }
    }

    #[test]
    fn a_difference_is_found() {
        let rules = Rules::new(20, 0.01, 1);
        let all = of_hundred(0.009, 0.03, &rules);
        let found = all
            .iter()
            .filter(|it| it.answer == Answer::More && it.pairs <= 10);
        assert!(found.count() >= 90);
        let all = of_hundred(0.006, -0.01, &rules);
        assert!(
            count(&all, Answer::Less) >= 85,
            "{}",
            count(&all, Answer::Less)
        );
        // Of the size of the threshold, and taken for none.
        assert!(count(&all, Answer::NoEffect) <= 10);
    }

    #[test]
    fn what_is_equal_to_the_last_bit_is_nothing_at_the_first_look() {
        let rules = Rules::new(20, 0.01, 1);
        let same = [4096.0; 5];
        let found = decide(&same, &same, &rules, false);
        assert_eq!((found.answer, found.floor), (Answer::NoEffect, 0.0));
        let more = [8192.0; 7];
        assert_eq!(
            decide(&[4096.0; 7], &more, &rules, false).answer,
            Answer::More
        );
    }

    #[test]
    fn what_layout_can_do_is_no_finding() {
        let mut rules = Rules::new(20, 0.01, 1);
        // Layouts of 1, 1.04 and 0.98, two rounds each; the second program is 1 % faster in every pair.
        let runs = |factor: f64| -> Vec<f64> {
            let layouts = [1.0, 1.0, 1.04, 1.04, 0.98, 0.98];
            (0..10).map(|it| factor * layouts[it % 6]).collect()
        };
        let found = decide(&runs(1.0), &runs(0.985), &rules, false);
        assert_eq!((found.answer, found.spread), (Answer::Less, None));
        rules.layouts = 3;
        let found = decide(&runs(1.0), &runs(0.985), &rules, false);
        assert!((found.spread.unwrap() - (1.04_f64 / 0.98).ln()).abs() < 1e-9);
        assert!(
            !matches!(found.answer, Answer::Less | Answer::More),
            "{found:?}"
        );
    }

    #[test]
    fn too_few_pairs_tell_nothing() {
        let rules = Rules::new(20, 0.01, 1);
        let found = decide(&[1.0, 1.0], &[2.0, 2.0], &rules, true);
        assert_eq!(found.answer, Answer::CannotTell);
        assert_eq!(decide(&[], &[], &rules, true).answer, Answer::CannotTell);
    }
}
