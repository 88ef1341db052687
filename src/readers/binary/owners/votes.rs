//! Counts which packages stand before which, by the rows of variables, and says where each fits best.

use super::size_classes::Row;
use crate::binary::packages::PackageId;

/// Which package stands before which, and how many variables say so.
pub(super) struct Votes {
    /// By package: the others, and the votes for standing before each less those against.
    pub(crate) by_package: Vec<Vec<Vote>>,
    /// The others of the package that was looked at last, with their places.
    placed: Vec<(f64, Vote)>,
}

/// Another package, and how many votes there are for standing before it, less those against.
type Vote = (PackageId, i32);

impl Votes {
    /// How many of the packages that follow in a row get a vote each.
    const FOLLOWING: usize = 6;

    pub(crate) fn new(rows: &[Row], count: usize) -> Self {
        let mut by_package: Vec<Vec<Vote>> = vec![Vec::new(); count];
        let mut names: Vec<(PackageId, i32)> = Vec::new();
        for row in rows {
            let owned = row
                .seats
                .iter()
                .filter_map(|seat| Some((seat.owner?, seat.weight)));
            names.clear();
            for (owner, weight) in owned.filter(|owned| (owned.0 as usize) < count) {
                match names.last_mut().filter(|last| last.0 == owner) {
                    Some(last) => last.1 = last.1.max(weight),
                    None => names.push((owner, weight)),
                }
            }
            for (at, a) in names.iter().enumerate() {
                let following = names[at + 1..].iter().take(Self::FOLLOWING);
                for b in following.filter(|entry| entry.0 != a.0) {
                    let weight = a.1.min(b.1) * row.worth();
                    by_package[a.0 as usize].push((b.0, weight));
                    by_package[b.0 as usize].push((a.0, -weight));
                }
            }
        }
        for votes in &mut by_package {
            votes.sort_unstable_by_key(|vote| vote.0);
            votes.dedup_by(|next, sum| {
                let same = next.0 == sum.0;
                sum.1 += if same { next.1 } else { 0 };
                same
            });
        }
        Self {
            by_package,
            placed: Vec::new(),
        }
    }

    /// How far a package stands to the front, from -1 to 1.
    pub(crate) fn front(&self, package: PackageId) -> f64 {
        let list = &self.by_package[package as usize];
        let sum: i32 = list.iter().map(|entry| entry.1.signum()).sum();
        f64::from(sum) / list.len().max(1) as f64
    }

    /// Where the fewest votes are against a package, if another place is better than its own. The others have `places`.
    pub(crate) fn better_place(&mut self, package: PackageId, places: &[f64]) -> Option<f64> {
        let here = places[package as usize];
        let (votes, others) = (&mut self.by_package[package as usize], &mut self.placed);
        others.clear();
        others.extend(votes.iter().map(|vote| (places[vote.0 as usize], *vote)));
        let order = |it: &(f64, Vote), other: &(f64, Vote)| {
            it.0.total_cmp(&other.0)
                .then_with(|| it.1.0.cmp(&other.1.0))
        };
        // They stay in this order: from one round to the next little changes.
        others.sort_by(order);
        votes.clear();
        votes.extend(others.iter().map(|entry| entry.1));
        // Before all others, every vote for standing before one is right.
        let (mut sum, mut current) = (0i64, 0i64);
        let (mut best, mut best_at) = (0i64, None);
        for (at, it) in others.iter().enumerate() {
            sum -= 2 * i64::from(it.1.1);
            if it.0 < here {
                current = sum;
            }
            if sum > best {
                (best, best_at) = (sum, Some(at));
            }
        }
        let before = best_at.map(|at| others[at].0);
        let after = others
            .get(best_at.map_or(0, |at| at + 1))
            .map(|entry| entry.0);
        (best > current).then_some(match (before, after) {
            (Some(before), Some(after)) => f64::midpoint(before, after),
            (Some(before), None) => before + 0.5,
            (None, Some(after)) => after - 0.5,
            (None, None) => here,
        })
    }

    /// The places between which a package can stand with no more votes against it than where it stands.
    pub(crate) fn room(&self, package: PackageId, places: &[Option<u32>]) -> (i64, i64) {
        let place = |package: PackageId| places.get(package as usize).copied().flatten();
        let votes = self.by_package[package as usize].iter();
        let placed = votes.filter_map(|vote| Some((place(vote.0)?, vote.1)));
        let mut others: Vec<(u32, i32)> = placed.collect();
        others.sort_unstable();
        let here = others.partition_point(|other| Some(other.0) < place(package));
        let (before, behind) = others.split_at(here);
        // What moving past each of the next costs, until it costs something.
        let past = |cost: &mut i64, vote: i64| {
            *cost += vote;
            Some(*cost)
        };
        let back = before.iter().rev().map(|it| -i64::from(it.1));
        let back = back.scan(0, past).take_while(|cost| *cost <= 0).count();
        let on = behind.iter().map(|it| i64::from(it.1));
        let on = on.scan(0, past).take_while(|cost| *cost <= 0).count();
        let low = before.len().checked_sub(back + 1).map(|at| before[at].0);
        let high = behind.get(on).map(|it| it.0);
        (low.map_or(-1, i64::from), high.map_or(i64::MAX, i64::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::owners::size_classes::Seat;

    #[test]
    fn a_package_has_room_up_to_the_next_that_it_must_stand_before_or_behind() {
        let row = |owners: &[PackageId]| Row {
            seats: owners
                .iter()
                .enumerate()
                .map(|(object, owner)| Seat {
                    object,
                    owner: Some(*owner),
                    weight: 1,
                })
                .collect(),
            sizes: 1,
        };
        // Where 4 stands among 1, 2 and 3 nothing says; it stands behind 0 and before 5.
        let rows = [row(&[0, 1, 2, 3, 5]), row(&[0, 4, 5])];
        let votes = Votes::new(&rows, 7);
        let places = [Some(0), Some(2), Some(3), Some(4), Some(1), Some(5), None];
        assert_eq!(votes.room(4, &places), (0, 5));
        assert_eq!(votes.room(2, &places), (2, 4));
        assert_eq!(votes.room(0, &places), (-1, 1));
    }
}
