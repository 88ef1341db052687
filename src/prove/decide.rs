//! Judges the pairs so far: faster, slower, no effect, or nothing yet.
//!
//! At each look, in this order:
//! 1. No effect: both one-sided tests refuse a difference as large as the threshold. All looks together are wrong about one of
//!    that size in at most [`MISS`] of the sessions.
//! 2. Faster or slower: the two-sided test refuses that there is none, and the estimate is larger than the floor. All looks
//!    together are wrong about equals in at most [`RISK`] of the sessions.
//! 3. Cannot tell: the pairs are used up, or what is left of them would most likely decide nothing.
//!
//! With one file of each program this is about these files: their layout is in it. With several layouts it is about the
//! code: both tests, that of the pairs and that of the layouts, have to refuse, and nothing is refused before each
//! layout had two rounds.

use super::layout_effect::{Layouts, means, tail};
use super::looks::{Sides, levels, looks};
use super::signed_rank::{Estimate, Signed, estimate};

/// How many of the sessions with equal programs may find a difference.
pub const RISK: f64 = 0.05;
/// How many of the sessions with a difference as large as the threshold may find none.
pub const MISS: f64 = 0.06;
/// How sure the floor is: the interval of equals.
const FLOOR: f64 = 0.1;
/// Before this many pairs the noise is not known well enough to give up.
const PATIENCE: usize = 6;
/// Standard errors that a difference has to be from nothing at the last look to be found: about the quantile of its level.
const FINDS: f64 = 2.2;
/// The same for one that has to be below the threshold to be refused.
const REFUSES: f64 = 1.7;
/// A session goes on while it has this chance to decide something. With the risks above it is what gives, with normal noise and 20
/// pairs, 9 of 10 differences of 1 % where runs scatter by 0.4 to 0.9 %, and spares half of the runs of equals.
const HOPE: f64 = 0.4;

/// How a session is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Pairs at which is looked.
    pub looks: Vec<usize>,
    /// The two-sided level of each look; it falls where several questions are asked.
    levels: Vec<f64>,
    /// The one-sided level of each look for no effect.
    nothing: Vec<f64>,
    /// What difference matters, as a share: 0.01.
    pub threshold: f64,
    /// How many layouts of the code the runs go through, two rounds with each.
    pub layouts: usize,
    /// What has to come out, as a share: it is looked for as long as pairs are left.
    pub demand: Demand,
}

/// What somebody requires.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Demand {
    /// Nothing.
    #[default]
    Nothing,
    /// That the second program surely needs less by this: a finding that shows less does not end the session.
    Less(f64),
    /// That it surely does not need more by this: "no effect" refuses that too.
    NotMore(f64),
}

impl Rules {
    /// For at most `most` pairs, a threshold as a share, and so many questions (programs times what is judged of each), which share
    /// the risk (Bonferroni).
    pub fn new(most: usize, threshold: f64, questions: usize) -> Self {
        let looks = looks(most);
        let share = questions.max(1) as f64;
        Self {
            levels: levels(&looks, RISK / share, Sides::Two),
            nothing: levels(&looks, MISS / share, Sides::One),
            threshold,
            layouts: 1,
            demand: Demand::Nothing,
            looks,
        }
    }

    /// The two-sided level with so many pairs: that of the last look that they reach.
    pub fn level(&self, pairs: usize) -> f64 {
        let reached = self.looks.partition_point(|look| *look <= pairs);
        let place = reached.saturating_sub(1);
        self.levels.get(place).copied().unwrap_or_default()
    }

    /// The one-sided level for no effect: that of the first look that has as many.
    fn nothing(&self, pairs: usize) -> f64 {
        let place = self.looks.partition_point(|look| *look < pairs);
        let level = self.nothing.get(place).or(self.nothing.last());
        level.copied().unwrap_or_default()
    }

    /// The difference that "no effect" refuses, as a logarithm.
    fn bound(&self) -> f64 {
        match self.demand {
            Demand::NotMore(share) if share > 0.0 => self.threshold.min(share).ln_1p(),
            _ => self.threshold.ln_1p(),
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
    /// By how much more the second program needs at most: what the one-sided test of this look does not refuse.
    pub most: f64,
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
    let (first, second) = (&first[..pairs], &second[..pairs]);
    let seen = Seen {
        differences: differences(first, second),
        layouts: match rules.layouts {
            0 | 1 => None,
            some => Some(Layouts::of(first, second, some)),
        },
    };
    let chance = seen.two_sided();
    let level = rules.level(pairs);
    let estimate = seen.estimate(level);
    let spread = spread(first, second, rules.layouts);
    // Of two programs, each with the mean of its layouts: about half of the range of three.
    let floor = floor(&twins(first, second)).max(spread.unwrap_or_default() / 2.0);
    let is_last = last || pairs >= rules.most();
    let shows_enough = match rules.demand {
        Demand::Less(share) => estimate.low >= 0.0 || estimate.high <= (-share).ln_1p(),
        _ => true,
    };
    let is_finding = chance <= level && estimate.middle.abs() > floor;
    let answer = if seen.is_nothing(rules) {
        Answer::NoEffect
    } else if is_finding && (is_last || shows_enough) {
        match estimate.middle < 0.0 {
            true => Answer::Less,
            false => Answer::More,
        }
    } else if is_last || (!is_finding && is_hopeless(&seen, rules)) {
        Answer::CannotTell
    } else {
        Answer::Open
    };
    Found {
        answer,
        pairs,
        estimate,
        most: seen.most(rules.nothing(pairs)),
        chance,
        floor,
        spread,
        needed: needed(&estimate, pairs, rules),
    }
}

/// What the tests look at.
struct Seen {
    differences: Vec<f64>,
    /// `None`: there is one layout. `Some(None)`: there are several, and too few rounds for them.
    layouts: Option<Option<Layouts>>,
}

impl Seen {
    /// How likely pairs like these are where the programs differ by `shift`: small where the second is faster than that, and small
    /// where it is slower.
    fn chances(&self, shift: f64) -> (f64, f64) {
        let moved: Vec<f64> = self.differences.iter().map(|it| it - shift).collect();
        let signed = Signed::of(&moved);
        let of_pairs = (signed.lower(), signed.upper());
        let of_layouts = match &self.layouts {
            None => (0.0, 0.0),
            Some(None) => (1.0, 1.0),
            Some(Some(layouts)) => layouts.chances(shift),
        };
        (of_pairs.0.max(of_layouts.0), of_pairs.1.max(of_layouts.1))
    }

    fn two_sided(&self) -> f64 {
        let (lower, upper) = self.chances(0.0);
        (2.0 * lower.min(upper)).min(1.0)
    }

    /// What neither test refuses.
    fn estimate(&self, risk: f64) -> Estimate {
        // At a level that no look reaches the interval is the widest one.
        let mut found = estimate(&self.differences, risk.max(f64::MIN_POSITIVE));
        if let Some(Some(layouts)) = &self.layouts {
            let margin = layouts.margin(1.0 - found.level);
            found.low = found.low.min(layouts.middle - margin);
            found.high = found.high.max(layouts.middle + margin);
        }
        found
    }

    /// The upper end of what is not refused on one side with this risk; without an end where there are too few pairs for it.
    fn most(&self, risk: f64) -> f64 {
        let found = self.estimate(2.0 * risk);
        let is_sure = 1.0 - found.level <= 2.0 * risk && !matches!(self.layouts, Some(None));
        match is_sure && !self.differences.is_empty() {
            true => found.high,
            false => f64::INFINITY,
        }
    }

    /// Whether a difference as large as what matters is refused on both sides.
    fn is_nothing(&self, rules: &Rules) -> bool {
        let bound = rules.bound();
        let level = rules.nothing(self.differences.len());
        !self.differences.is_empty()
            && self.chances(bound).0 <= level
            && self.chances(-bound).1 <= level
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

/// The range of the means of layouts, of the program in which it is larger.
fn spread(first: &[f64], second: &[f64], layouts: usize) -> Option<f64> {
    let range = |runs: &[f64]| {
        let means = means(runs, layouts);
        let low = means.iter().copied().fold(f64::INFINITY, f64::min);
        let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (high - low).max(0.0)
    };
    (layouts > 1 && first.len() >= 2 * layouts).then(|| range(first).max(range(second)))
}

fn floor(twins: &[f64]) -> f64 {
    let found = estimate(twins, FLOOR);
    found.half_width().max(found.middle.abs())
}

/// Whether what is left would most likely decide nothing: with the estimate and the noise so far, and as much chance as is left in
/// the pairs to come. Giving up finds nothing, and so costs no risk.
fn is_hopeless(seen: &Seen, rules: &Rules) -> bool {
    let pairs = seen.differences.len();
    if pairs < PATIENCE.max(2 * rules.layouts) {
        return false;
    }
    // The interval that holds two of three.
    let now = seen.estimate(0.32);
    let error = now.half_width();
    let then = error * (pairs as f64 / rules.most() as f64).sqrt();
    // By how much the estimate still moves.
    let moves = (error * error - then * then).max(0.0).sqrt();
    let size = now.middle.abs();
    let above = |bound: f64| {
        let over = tail(((bound - size) / moves).abs(), (pairs - 1) as f64);
        if bound > size { over } else { 1.0 - over }
    };
    if moves <= 0.0 {
        return false;
    }
    let finds = above(FINDS * then) + 1.0 - above(-FINDS * then);
    let edge = rules.bound() - REFUSES * then;
    let finds_nothing = match edge > 0.0 {
        true => above(-edge) - above(edge),
        false => 0.0,
    };
    finds + finds_nothing < HOPE
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

    /// About normal: twelve even numbers, less their mean.
    fn normal(random: &mut Random) -> f64 {
        let even = |random: &mut Random| random.below(1 << 20) as f64 / 1_048_576.0;
        (0..12).map(|_| even(random)).sum::<f64>() - 6.0
    }

    /// Two programs with layouts of their own, which scatter by `layout`, and runs that scatter by `noise`.
    fn laid_out(noise: f64, layout: f64, effect: f64, seed: u64, rules: &Rules) -> Found {
        let mut random = Random::new(seed);
        let mut draw = |by: f64| by * normal(&mut random);
        let of_layouts: Vec<[f64; 2]> = (0..rules.layouts)
            .map(|_| [draw(layout), draw(layout)])
            .collect();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for look in &rules.looks {
            while first.len() < *look {
                let at = of_layouts[first.len() / 2 % rules.layouts];
                first.push((at[0] + draw(noise)).exp());
                second.push((at[1] + draw(noise)).exp() * (1.0 + effect));
            }
            let found = decide(&first, &second, rules, false);
            if found.answer != Answer::Open {
                return found;
            }
        }
        panic!("the last look decides")
    }

    #[test]
    fn layouts_of_equals_are_rarely_told_apart() {
        const SESSIONS: u64 = 120;
        for (layouts, most) in [(2, 20), (3, 20), (5, 40)] {
            let mut rules = Rules::new(most, 0.01, 1);
            rules.layouts = layouts;
            for layout in [0.01, 0.04] {
                let all: Vec<Found> = (0..SESSIONS)
                    .map(|seed| laid_out(0.005, layout, 0.0, seed, &rules))
                    .collect();
                let wrong = count(&all, Answer::Less) + count(&all, Answer::More);
                assert!(wrong as u64 * 20 <= SESSIONS, "{layouts} {layout}: {wrong}");
            }
            // Of the size of the threshold, and taken for none.
            let all: Vec<Found> = (0..SESSIONS)
                .map(|seed| laid_out(0.003, 0.005, 0.01, seed, &rules))
                .collect();
            let missed = count(&all, Answer::NoEffect);
            assert!(missed as u64 * 10 <= SESSIONS, "{layouts}: {missed}");
        }
    }

    #[test]
    fn a_difference_of_the_code_is_found_through_its_layouts() {
        let mut rules = Rules::new(20, 0.01, 1);
        rules.layouts = 3;
        let all: Vec<Found> = (0..100)
            .map(|seed| laid_out(0.004, 0.003, -0.03, seed, &rules))
            .collect();
        let found = count(&all, Answer::Less);
        assert!(found >= 80, "{found}");
        assert!(all.iter().all(|it| it.pairs >= 6));
    }

    #[test]
    fn what_is_required_is_looked_for_to_the_end() {
        let mut rules = Rules::new(20, 0.01, 1);
        // Sure to be faster after eight pairs, and not sure to be so by 2 %.
        let second: Vec<f64> = (1..=20)
            .map(|it| 1.0 - 0.002 * f64::from(it % 7 + 6))
            .collect();
        let first = [1.0; 20];
        assert_eq!(
            decide(&first[..8], &second[..8], &rules, false).answer,
            Answer::Less
        );
        rules.demand = Demand::Less(0.02);
        assert_eq!(
            decide(&first[..8], &second[..8], &rules, false).answer,
            Answer::Open
        );
        assert_eq!(decide(&first, &second, &rules, false).answer, Answer::Less);
        // A bound below the threshold has to be refused too, and what is refused is what is said.
        let near =
            |up: f64| -> Vec<f64> { (0..7).map(|it| 1.0 + up * f64::from(it - 3)).collect() };
        rules.demand = Demand::Nothing;
        assert_eq!(
            decide(&[1.0; 7], &near(0.002), &rules, false).answer,
            Answer::NoEffect
        );
        rules.demand = Demand::NotMore(0.001);
        let found = decide(&[1.0; 7], &near(0.002), &rules, false);
        assert_ne!(found.answer, Answer::NoEffect);
        assert!(found.most > 0.001_f64.ln_1p());
        let found = decide(&[1.0; 7], &near(0.0002), &rules, false);
        assert_eq!(found.answer, Answer::NoEffect);
        assert!(found.most < 0.001_f64.ln_1p());
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
            count(&all, Answer::Less) >= 90,
            "{}",
            count(&all, Answer::Less)
        );
        // Of the size of the threshold, and taken for none.
        assert!(count(&all, Answer::NoEffect) <= 10);
    }

    /// What sessions of all kinds need together: none of the four is bought with another.
    #[test]
    fn few_are_wrong_most_are_found_and_half_of_the_runs_of_equals_are_spared() {
        const SESSIONS: u64 = 200;
        let rules = Rules::new(20, 0.01, 1);
        // Runs scatter by something from `low` to `high`.
        let all = |low: f64, high: f64, effect: f64| -> Vec<Found> {
            let noise = |seed| low + (high - low) * seed as f64 / SESSIONS as f64;
            let seeds = 0..SESSIONS;
            seeds
                .map(|seed| session(noise(seed), effect, 9_000 + seed, &rules))
                .collect()
        };
        let share = |all: &[Found], answer| 100.0 * count(all, answer) as f64 / SESSIONS as f64;
        let found = share(&all(0.004, 0.009, 0.01), Answer::More);
        assert!(found >= 88.0, "1 %: {found}");
        let early = all(0.004, 0.016, 0.03).into_iter();
        let early: Vec<Found> = early.filter(|found| found.pairs <= 10).collect();
        let found = share(&early, Answer::More);
        assert!(found >= 90.0, "3 % within 10 pairs: {found}");
        for (low, high) in [(0.004, 0.009), (0.009, 0.02)] {
            let equals = all(low, high, 0.0);
            let wrong = share(&equals, Answer::Less) + share(&equals, Answer::More);
            assert!(wrong <= 5.0, "{low}: {wrong}");
            let pairs: usize = equals.iter().map(|found| found.pairs).sum();
            let saved = 100.0 - 5.0 * pairs as f64 / SESSIONS as f64;
            assert!(saved >= 48.0, "{low}: {saved}");
        }
    }

    #[test]
    fn what_is_equal_to_the_last_bit_is_nothing_at_the_first_look() {
        let rules = Rules::new(20, 0.01, 1);
        let same = [4096.0; 5];
        let found = decide(&same, &same, &rules, false);
        assert_eq!((found.answer, found.floor), (Answer::NoEffect, 0.0));
        let more = [8192.0; 8];
        assert_eq!(
            decide(&[4096.0; 8], &more, &rules, false).answer,
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
