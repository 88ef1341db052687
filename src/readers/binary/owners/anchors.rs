//! Chooses the variables of a row that fit the load order of packages: as many as possible.

use std::cmp::Ordering;

use super::load_order::LoadOrder;
use super::size_classes::{Anchor, Row};

impl Row {
    /// The variables that fit the order, as many as can. A row may begin anew.
    pub(crate) fn anchors(&self, order: &LoadOrder) -> Vec<Anchor> {
        const PACKAGE: i64 = 16;
        const ANEW: i64 = 3 * PACKAGE;
        // The best that ends with a package up to each place, as a tree of prefixes (Fenwick's).
        let mut tree: Vec<Best> = vec![(0, None); order.packages.len() + 1];
        let mut before = vec![None; self.seats.len()];
        let (mut best, mut last): (Best, _) = ((0, None), None);
        for (seat, it) in self.seats.iter().enumerate() {
            let Some(place) = it.owner.and_then(|owner| order.place(owner)) else {
                continue;
            };
            let again = last == it.owner;
            last = it.owner;
            let mut found = if best.0 > ANEW {
                (best.0 - ANEW, best.1)
            } else {
                (0, None)
            };
            let mut at = place as usize + 1;
            while at > 0 {
                if tree[at].1.is_some() && tree[at].0 >= found.0 {
                    found = tree[at];
                }
                at &= at - 1;
            }
            before[seat] = found.1;
            // Many beside each other say no more than one.
            let weight = match (it.weight, again) {
                (1, true) => 1,
                (weight, _) => PACKAGE * i64::from(weight),
            };
            let longer = (found.0 + weight, Some(seat));
            if longer.0 >= best.0 {
                best = longer;
            }
            at = place as usize + 1;
            while at < tree.len() {
                if longer.0 >= tree[at].0 {
                    tree[at] = longer;
                }
                at += at & at.wrapping_neg();
            }
        }
        let seats = std::iter::successors(best.1, |at| before[*at]);
        let place = |seat: usize| self.seats[seat].owner.and_then(|owner| order.place(owner));
        let mut found: Vec<Anchor> = seats
            .filter_map(|seat| {
                let (before, after) = (1, 1);
                place(seat).map(|place| Anchor {
                    seat,
                    place,
                    before,
                    after,
                })
            })
            .collect();
        found.reverse();
        count(&mut found);
        found
    }
}

/// The best chain of anchors so far: what it is worth, and its last seat.
type Best = (i64, Option<usize>);

/// Counts the packages before and after each anchor.
fn count(anchors: &mut [Anchor]) {
    let next = |count: u32, low: u32, high: u32| match low.cmp(&high) {
        Ordering::Less => count + 1,
        Ordering::Equal => count,
        Ordering::Greater => 1,
    };
    for at in 1..anchors.len() {
        let last = anchors[at - 1];
        anchors[at].before = next(last.before, last.place, anchors[at].place);
    }
    for at in (1..anchors.len()).rev() {
        let after = anchors[at];
        anchors[at - 1].after = next(after.after, anchors[at - 1].place, after.place);
    }
}
