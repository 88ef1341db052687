//! Plans when the pairs are looked at, and how sure each look has to be.
//!
//! Who looks several times and stops at the first finding finds something more often than who looks once. So all looks
//! share the risk: the level of each is a constant times a power of its share of the pairs (after Wang and Tsiatis
//! 1987), and the constant is so small that all looks together are wrong no more often than the risk says. Looks for a
//! difference spend more of it late, where most is known; looks for none spend it early, where it saves runs. Where
//! both programs are alike, signs and ranks of the differences do not depend on what was measured; so the constant is
//! found by throwing them, once for each plan of looks, always with the same seed.

use super::random::Random;

/// Pairs at which is looked, as far as there are so many.
const LOOKS: &[usize] = &[5, 6, 7, 8, 10, 12, 14, 17, 20, 26, 32, 40, 50, 64, 80, 100];

/// Sessions that are thrown.
const SESSIONS: usize = 20_000;

/// The most pairs of a session.
pub const MOST: usize = 100;

/// The looks of a session of at most `most` pairs; the last is `most` itself.
pub fn looks(most: usize) -> Vec<usize> {
    let earlier = LOOKS.iter().copied().filter(|look| *look < most);
    earlier.chain([most]).collect()
}

/// Both sides, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// A difference either way is a finding.
    Two,
    /// A difference one way is.
    One,
}

impl Sides {
    /// The power of the share of the pairs.
    fn power(self) -> f64 {
        match self {
            Self::Two => 0.7,
            Self::One => -1.0,
        }
    }
}

/// The level of each look with which all looks together find something in at most `risk` of the sessions in which there is nothing;
/// 0 where no look can be so sure.
pub fn levels(looks: &[usize], risk: f64, sides: Sides) -> Vec<f64> {
    let most = looks.last().copied().unwrap_or(1) as f64;
    let share = |pairs: &usize| (*pairs as f64 / most).powf(sides.power());
    let plan: Vec<Look> = looks
        .iter()
        .map(|pairs| Look {
            pairs: *pairs,
            share: share(pairs),
            below: below(*pairs),
        })
        .collect();
    let mut random = Random::new(0x5eed);
    let mut smallest: Vec<f64> = (0..SESSIONS)
        .map(|_| session(&plan, sides, &mut random))
        .collect();
    smallest.sort_by(f64::total_cmp);
    let allowed = (risk * SESSIONS as f64) as usize;
    // All sessions with this smallest chance are wrong together.
    let first_over = smallest.get(allowed).copied().unwrap_or(1.0);
    let within = smallest[..allowed.min(SESSIONS)]
        .iter()
        .rev()
        .find(|chance| **chance < first_over);
    // A chance that is equal to its level is within, whatever dividing and multiplying did to its last bit.
    let constant = within.copied().unwrap_or_default() * (1.0 + 1e-12);
    plan.iter().map(|look| constant * look.share).collect()
}

/// A look: its pairs, how much of the risk it spends for others, and the chance of each sum of ranks.
struct Look {
    pairs: usize,
    share: f64,
    below: Vec<f64>,
}

/// The smallest chance that a look of a session of equals shows, each divided by its share.
fn session(looks: &[Look], sides: Sides, random: &mut Random) -> f64 {
    let mut sorted: Vec<(u64, bool)> = Vec::new();
    let mut smallest = f64::INFINITY;
    for look in looks {
        while sorted.len() < look.pairs {
            let drawn = (random.bits(), random.coin());
            let place = sorted.partition_point(|other| other.0 < drawn.0);
            sorted.insert(place, drawn);
        }
        let ranks = sorted.iter().zip(1..).filter(|(drawn, _)| drawn.1);
        let sum: usize = ranks.map(|(_, rank)| rank).sum();
        let other = look.pairs * (look.pairs + 1) / 2 - sum;
        let chance = match sides {
            Sides::Two => 2.0 * look.below[sum.min(other)],
            Sides::One => look.below[sum],
        };
        smallest = smallest.min(chance / look.share);
    }
    smallest
}

/// How likely a sum of positive ranks is to be this or smaller.
fn below(pairs: usize) -> Vec<f64> {
    let mut chances = vec![0.0; pairs * (pairs + 1) / 2 + 1];
    chances[0] = 1.0;
    for rank in 1..=pairs {
        for sum in (0..chances.len()).rev() {
            let with = if sum < rank { 0.0 } else { chances[sum - rank] };
            chances[sum] = (chances[sum] + with) / 2.0;
        }
    }
    let mut whole = 0.0;
    for chance in &mut chances {
        whole += *chance;
        *chance = whole;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_look_is_at_all_pairs() {
        assert_eq!(looks(20), [5, 6, 7, 8, 10, 12, 14, 17, 20]);
        assert_eq!(looks(12), [5, 6, 7, 8, 10, 12]);
        assert_eq!(looks(5), [5]);
    }

    #[test]
    fn one_look_has_the_whole_risk() {
        // R: 2 * psignrank(52, 20) = 0.04844..., and with 53 it is 0.0532.
        let found = levels(&[20], 0.05, Sides::Two);
        assert!((0.045..=0.05).contains(&found[0]), "{found:?}");
    }

    #[test]
    fn all_looks_share_it() {
        // A simulation of its own (numpy, 40,000 sessions, three seeds) gave 0.0222 to 0.0230 for the last look.
        let found = levels(&looks(20), 0.05, Sides::Two);
        let last = *found.last().unwrap();
        assert!((0.021..0.0245).contains(&last), "{found:?}");
        assert!(found.is_sorted());
        // Five pairs alone can be as sure as 1/32 on one side.
        let found = levels(&looks(20), 0.1, Sides::One);
        assert!(found[0] >= 1.0 / 32.0, "{found:?}");
        assert!(found.is_sorted_by(|one, other| one > other));
        assert_eq!(levels(&[5], 0.05, Sides::Two), [0.0]);
    }
}
