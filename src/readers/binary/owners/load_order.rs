//! Takes variables in link order; returns the misplaced ones, and judges which packages each of them can belong to.
//!
//! Among variables of equal size the linker keeps the order in which it loaded the packages (`dodataSect` in
//! `cmd/link/internal/ld/data.go`, `LoadSyms` in `cmd/link/internal/loader/loader.go`, Go 1.21 to 1.27): the main
//! package first, then what it imports. What most variables say of that order shows which of them count for a package
//! that only mentions them.

use super::size_classes::{Anchor, Row, Seat};
use super::votes::Votes;
use crate::binary::packages::PackageId;

/// The order in which the linker loaded the packages, as far as the rows say.
pub(super) struct LoadOrder {
    /// The place of each package, where it is known.
    places: Vec<Option<u32>>,
    /// By package: the places between which it can stand as well, with no more votes against it.
    room: Vec<(i64, i64)>,
    /// The packages in order.
    pub(crate) packages: Vec<PackageId>,
    /// The packages of whose place nothing is known.
    nowhere: Vec<PackageId>,
}

impl LoadOrder {
    /// The order that the fewest rows contradict, as far as moving single packages finds it. `main` is first.
    pub(crate) fn new(rows: &[Row], count: usize, main: Option<PackageId>) -> Self {
        const ROUNDS: usize = 30;
        let mut votes = Votes::new(rows, count);
        let is_known = |package: &PackageId| !votes.by_package[*package as usize].is_empty();
        let (mut packages, nowhere): (Vec<_>, Vec<_>) = (0..count as PackageId).partition(is_known);
        let front = |package: &PackageId| match Some(*package) == main {
            true => f64::INFINITY,
            false => votes.front(*package),
        };
        packages.sort_by(|a, b| front(b).total_cmp(&front(a)));
        for _ in 0..ROUNDS {
            // Places with room between them: what is moved stands between two others.
            let mut places = vec![f64::NAN; count];
            for (place, it) in packages.iter().enumerate() {
                places[*it as usize] = place as f64;
            }
            let mut moved = false;
            for it in packages.iter().filter(|package| Some(**package) != main) {
                if let Some(better) = votes.better_place(*it, &places) {
                    places[*it as usize] = better;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
            // Nothing can be moved before the main package.
            let place = |package: &PackageId| match Some(*package) == main {
                true => f64::NEG_INFINITY,
                false => places[*package as usize],
            };
            packages.sort_by(|a, b| place(a).total_cmp(&place(b)));
        }
        let mut places = vec![None; count];
        for (place, it) in packages.iter().enumerate() {
            places[*it as usize] = Some(place as u32);
        }
        let room = (0..count as PackageId).map(|it| votes.room(it, &places));
        Self {
            room: room.collect(),
            places,
            packages,
            nowhere,
        }
    }

    /// The packages that can stand between two places, also those that the order has elsewhere for no better reason, as far as
    /// their code stands before that of all `users`.
    pub(crate) fn around(
        &self,
        (low, high): Between,
        users: &[PackageId],
        text: impl Fn(PackageId) -> u32,
    ) -> Vec<PackageId> {
        let before = users.iter().map(|user| text(*user)).min();
        let before = before.unwrap_or(u32::MAX);
        let can =
            |package: &PackageId| self.has_room(*package, (low, high)) && text(*package) < before;
        self.packages.iter().copied().filter(can).collect()
    }

    /// Whether a package can stand between two places with no more votes against it than where the order has it.
    pub(crate) fn has_room(&self, package: PackageId, (low, high): Between) -> bool {
        let (after, until) = self.room[package as usize];
        after < i64::from(high) && i64::from(low) < until
    }

    /// Whether nothing is known of any package.
    pub(crate) fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// The place of a package, where it is known.
    pub(crate) fn place(&self, package: PackageId) -> Option<u32> {
        self.places.get(package as usize).copied().flatten()
    }

    /// Whose a misplaced variable can be that some packages mention. `text` is the place of each package in the code, where
    /// packages stand behind those they import.
    pub(crate) fn judge(
        &self,
        (low, high): Between,
        users: &[PackageId],
        text: impl Fn(PackageId) -> u32,
    ) -> Verdict {
        let range = low..=high;
        let fits = |package: &PackageId| self.place(*package).is_some_and(|it| range.contains(&it));
        let fitting = users.iter().copied().filter(fits);
        if let Some(first) = fitting.min_by_key(|package| text(*package)) {
            return Verdict::User(first);
        }
        let before = users
            .iter()
            .map(|user| text(*user))
            .min()
            .unwrap_or(u32::MAX);
        let can = |package: &PackageId| text(*package) < before;
        let placed = &self.packages[low as usize..=high as usize];
        let nowhere = self.nowhere.iter().copied().filter(|_| low < high);
        Verdict::Of {
            placed: placed.iter().copied().filter(can).collect(),
            nowhere: nowhere.filter(can).collect(),
        }
    }
}

/// A variable that stands where those of its seeming owner cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(crate) object: usize,
    /// Whether that is no coincidence.
    pub(crate) is_sure: bool,
    /// Between which places it stands; `None` where nothing is known.
    pub(crate) between: Option<Between>,
    /// The number of the gap between two variables of the order that it stands in; `None` where the order may begin anew within
    /// it.
    pub(crate) gap: Option<u32>,
}

/// The places of the packages that a variable can be of: from the first to the last.
pub(super) type Between = (u32, u32);

impl Misplaced {
    /// A variable of whose place nothing is known.
    pub(crate) fn perhaps(object: usize) -> Self {
        Self {
            object,
            is_sure: false,
            between: None,
            gap: None,
        }
    }
}

/// Whose a misplaced variable can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One of its users, after all.
    User(PackageId),
    /// One of these packages.
    Of {
        placed: Vec<PackageId>,
        /// Nothing says where these stand.
        nowhere: Vec<PackageId>,
    },
}

/// The variables that are not of whom they seem to be. `users` are the packages that mention an object.
pub(super) fn misplaced(
    rows: &[Row],
    order: &LoadOrder,
    users: impl Fn(usize) -> Vec<PackageId>,
) -> Vec<Misplaced> {
    let anchors: Vec<Vec<Anchor>> = rows.iter().map(|row| row.anchors(order)).collect();
    let trusted = trusted(rows, &anchors, order);
    let is_main = |package: PackageId| order.packages.first() == Some(&package);
    let (mut found, mut gap) = (Vec::new(), 0);
    for (row, anchors) in rows.iter().zip(&anchors) {
        let mut next = 0;
        gap += 1;
        for (seat, it) in row.seats.iter().enumerate() {
            if anchors.get(next).is_some_and(|anchor| anchor.seat == seat) {
                next += 1;
                gap += 1;
                continue;
            }
            let before = next.checked_sub(1).map(|at| &anchors[at]);
            let Some((low, high)) = before.zip(anchors.get(next)) else {
                continue;
            };
            let range = low.place..=high.place;
            let place = it.owner.map(|owner| order.place(owner));
            let fits = match place {
                Some(Some(it)) => range.contains(&it),
                // Nothing is known of its seeming owner.
                Some(None) => true,
                None => false,
            };
            if fits || range.is_empty() {
                continue;
            }
            // What only one package mentions is most likely its own.
            let own = match users(it.object)[..] {
                [only] => !is_main(only) && (row.sizes > 1 || !trusted[only as usize]),
                _ => false,
            };
            // What a package has of one size stands together.
            let among = row.sizes <= 1 && low.place == high.place;
            found.push(Misplaced {
                object: it.object,
                is_sure: among || !own && row.is_evidence(low.before, high.after),
                between: Some((low.place, high.place)),
                gap: Some(gap).filter(|_| row.sizes <= 1),
            });
        }
    }
    found
}

/// Narrows down between which places each of some variables stands by the others of its gap, which stand in the order of their
/// packages: not before any that stands before it, and not behind any that stands behind it. Variables come gap by gap, in
/// order. Where those of a gap contradict each other, nothing is said by them; what has no gap stands for itself.
pub(super) fn narrow<'m>(variables: impl Iterator<Item = (&'m Misplaced, &'m mut Between)>) {
    let mut all: Vec<_> = variables.collect();
    for gap in all.chunk_by_mut(|a, b| a.0.gap.is_some() && a.0.gap == b.0.gap) {
        let mut narrowed: Vec<Between> = gap.iter().map(|variable| *variable.1).collect();
        for at in 1..narrowed.len() {
            narrowed[at].0 = narrowed[at].0.max(narrowed[at - 1].0);
        }
        for at in (1..narrowed.len()).rev() {
            narrowed[at - 1].1 = narrowed[at - 1].1.min(narrowed[at].1);
        }
        if narrowed.iter().all(|(low, high)| low <= high) {
            for (it, narrowed) in gap.iter_mut().zip(narrowed) {
                *it.1 = narrowed;
            }
        }
    }
}

/// By package, whether its place in the order is one that most of its variables agree with.
fn trusted(rows: &[Row], anchors: &[Vec<Anchor>], order: &LoadOrder) -> Vec<bool> {
    const FITTING: u32 = 3;
    // In how many rows one of them fits, and in how many none.
    let mut counts = vec![(0u32, 0u32); order.places.len()];
    for (row, anchors) in rows.iter().zip(anchors) {
        let owners = |seats: &mut dyn Iterator<Item = &Seat>| {
            let mut all: Vec<PackageId> = seats.filter_map(|seat| seat.owner).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let fitting = owners(&mut anchors.iter().map(|anchor| &row.seats[anchor.seat]));
        for it in owners(&mut row.seats.iter()) {
            let count = &mut counts[it as usize];
            match fitting.binary_search(&it) {
                Ok(_) => count.0 += 1,
                Err(_) => count.1 += 1,
            }
        }
    }
    counts
        .iter()
        .map(|count| count.0 > 0 && count.0 >= FITTING * count.1)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(owners: &[PackageId]) -> Row {
        let seat = |(object, owner): (usize, &PackageId)| Seat {
            object,
            owner: Some(*owner),
            weight: 1,
        };
        Row {
            seats: owners.iter().enumerate().map(seat).collect(),
            sizes: 1,
        }
    }

    #[test]
    fn most_rows_say_the_order_and_main_is_first() {
        let rows = [
            row(&[0, 3, 1, 2]),
            row(&[0, 3, 3, 2, 4]),
            row(&[3, 1, 4]),
            row(&[1, 3, 2]),
            row(&[1, 2, 4]),
        ];
        let order = LoadOrder::new(&rows, 6, Some(0));
        assert_eq!(order.packages, [0, 3, 1, 2, 4]);
        assert_eq!(order.nowhere, [5]);
    }

    #[test]
    fn what_main_mentions_between_others_is_not_of_main() {
        let rows = [row(&[0, 1, 2, 3, 4, 5]), row(&[1, 2, 0, 0, 3, 4, 5])];
        let order = LoadOrder::new(&rows, 6, Some(0));
        let found = misplaced(&rows, &order, |_| vec![0]);
        let between = |object| Misplaced {
            object,
            is_sure: true,
            between: Some((2, 3)),
            gap: Some(10), // in two rows, each begins with one, and each variable that fits begins another
        };
        assert_eq!(found, [between(2), between(3)]);
        // Both 2 and 3 can have it, if main imports them; of what 2 mentions as well, 2 is the owner.
        let of = |users: &[PackageId]| order.judge((2, 3), users, |it| 10 - it);
        let (placed, nowhere) = (vec![2, 3], vec![]);
        assert_eq!(of(&[0]), Verdict::Of { placed, nowhere });
        assert_eq!(of(&[0, 2]), Verdict::User(2));
        assert_eq!(order.around((2, 3), &[0], |it| 10 - it), [2, 3]);
        // Of 6 the rows say only that it stands before 4: it can stand there as well.
        let wider = [row(&[0, 1, 2, 3, 4, 5]), row(&[0, 6, 4])];
        let wider = LoadOrder::new(&wider, 7, Some(0));
        assert!(wider.around((2, 3), &[0], |it| 10 - it).contains(&6));
        // What is known of one says something of those beside it.
        let narrowed = |known: [Between; 2]| {
            let mut known = known;
            narrow(found.iter().zip(&mut known));
            known
        };
        assert_eq!(narrowed([(2, 3), (2, 2)]), [(2, 2), (2, 2)]);
        assert_eq!(narrowed([(3, 3), (2, 3)]), [(3, 3), (3, 3)]);
        assert_eq!(narrowed([(3, 3), (2, 2)]), [(3, 3), (2, 2)]);
        // Where sizes are aligned alike, the order begins anew with each; and another gap says nothing.
        let apart = |gaps: [Option<u32>; 2]| {
            let mut known = [(3, 3), (2, 3)];
            let mut all = [found[0], found[1]];
            (all[0].gap, all[1].gap) = (gaps[0], gaps[1]);
            narrow(all.iter().zip(&mut known));
            known
        };
        assert_eq!(apart([None, None]), [(3, 3), (2, 3)]);
        assert_eq!(apart([Some(1), Some(2)]), [(3, 3), (2, 3)]);
        // At an end of a row nothing stands against it.
        let rows = [row(&[0, 1, 2, 3]), row(&[1, 2, 3, 0])];
        assert_eq!(misplaced(&rows, &order, |_| vec![0]), []);
    }
}
