//! Sorting for lists that people read, by one piece of code for all types.
//!
//! `slice::sort_by` is compiled anew for each type that is sorted, some 4 KB a time: 690 KB of a static program. Here indices
//! are sorted, by code that is compiled once. Lists of a binary, of a graph or of samples are sorted by the standard library.
//! Collecting into a map or a set sorts, too: another 350 KB. Here its items are inserted one by one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts as the standard library does: what compares as equal stays in its order.
pub(crate) trait Order<T> {
    /// Sorts by a comparison.
    fn order_by(&mut self, compare: impl FnMut(&T, &T) -> Ordering);

    /// Sorts by a key, which is made for each comparison.
    fn order_by_key<K: Ord>(&mut self, key: impl FnMut(&T) -> K);
}

impl<T> Order<T> for [T] {
    fn order_by(&mut self, mut compare: impl FnMut(&T, &T) -> Ordering) {
        let mut places: Vec<usize> = (0..self.len()).collect();
        sort(&mut places, &mut |a, b| compare(&self[a], &self[b]));
        move_to(places, &mut |a, b| self.swap(a, b));
    }

    fn order_by_key<K: Ord>(&mut self, mut key: impl FnMut(&T) -> K) {
        self.order_by(|a, b| key(a).cmp(&key(b)));
    }
}

fn sort(places: &mut [usize], compare: &mut dyn FnMut(usize, usize) -> Ordering) {
    places.sort_by(|a, b| compare(*a, *b));
}

/// Moves what stands at `places[n]` to place n, in circles.
fn move_to(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut places[at], at);
            if from == start {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

/// A map or a set in order, made of an iterator. Of two values of one key the last one stays, as with `collect`.
pub(crate) trait Ordered: Iterator + Sized {
    /// Inserts one item after the other.
    fn ordered<C: InOrder<Self::Item>>(self) -> C {
        let mut made = C::default();
        self.for_each(|item| made.put(item));
        made
    }
}

impl<I: Iterator> Ordered for I {}

/// What `ordered` makes.
pub(crate) trait InOrder<T>: Default {
    /// Takes one more item.
    fn put(&mut self, item: T);
}

impl<K: Ord, V> InOrder<(K, V)> for BTreeMap<K, V> {
    fn put(&mut self, (key, value): (K, V)) {
        self.insert(key, value);
    }
}

impl<T: Ord> InOrder<T> for BTreeSet<T> {
    fn put(&mut self, item: T) {
        self.insert(item);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_order_of_the_standard_library(list in proptest::collection::vec((0_u8..20, any::<u8>()), 0..200)) {
            let (mut ours, mut theirs) = (list.clone(), list);
            ours.order_by_key(|pair| pair.0);
            theirs.sort_by_key(|pair| pair.0);
            prop_assert_eq!(&ours, &theirs);
            ours.order_by(|a, b| b.cmp(a));
            theirs.sort_by(|a, b| b.cmp(a));
            prop_assert_eq!(&ours, &theirs);
            prop_assert_eq!(ours.iter().copied().ordered::<BTreeMap<_, _>>(), theirs.into_iter().collect());
        }
    }
}
