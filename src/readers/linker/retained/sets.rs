//! Sets of numbers, each kept once: what two have in common and both together are looked up when they were found before.

use rustc_hash::FxHashMap;

/// A set, by number.
pub(super) type SetId = u32;

/// Stands for the set of all, which nothing was taken from so far.
pub(super) const EVERYTHING: SetId = u32::MAX;

/// The set of none.
pub(super) const NOTHING: SetId = 0;

/// All sets that were met.
#[derive(Debug)]
pub(super) struct Sets {
    all: Vec<Box<[u32]>>,
    numbers: FxHashMap<Box<[u32]>, SetId>,
    common: FxHashMap<(SetId, SetId), SetId>,
    both: FxHashMap<(SetId, SetId), SetId>,
}

impl Sets {
    pub fn new() -> Self {
        let mut sets = Self {
            all: Vec::new(),
            numbers: FxHashMap::default(),
            common: FxHashMap::default(),
            both: FxHashMap::default(),
        };
        sets.number(Vec::new());
        sets
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// What is in a set, in order.
    pub fn labels(&self, set: SetId) -> &[u32] {
        self.all.get(set as usize).map_or(&[], |labels| labels)
    }

    /// The set of some labels in order, each once.
    pub fn number(&mut self, labels: Vec<u32>) -> SetId {
        let labels = labels.into_boxed_slice();
        if let Some(known) = self.numbers.get(&labels) {
            return *known;
        }
        let next = self.all.len() as SetId;
        self.all.push(labels.clone());
        self.numbers.insert(labels, next);
        next
    }

    /// What is in both.
    pub fn common(&mut self, a: SetId, b: SetId) -> SetId {
        match (a, b) {
            _ if a == b => return a,
            (EVERYTHING, other) | (other, EVERYTHING) => return other,
            (NOTHING, _) | (_, NOTHING) => return NOTHING,
            _ => {}
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.common.get(&key) {
            return *known;
        }
        let (first, second) = (self.labels(a), self.labels(b));
        let mut rest = second.iter().peekable();
        let is_there = |label: &&u32| {
            while rest.next_if(|other| *other < *label).is_some() {}
            rest.peek().is_some_and(|other| *other == *label)
        };
        let found = first.iter().filter(is_there).copied().collect();
        let found = self.number(found);
        self.common.insert(key, found);
        found
    }

    /// What is in one or in the other.
    pub fn both(&mut self, a: SetId, b: SetId) -> SetId {
        match (a, b) {
            _ if a == b => return a,
            (EVERYTHING, _) | (_, EVERYTHING) => return EVERYTHING,
            (NOTHING, other) | (other, NOTHING) => return other,
            _ => {}
        }
        let key = (a.min(b), a.max(b));
        if let Some(known) = self.both.get(&key) {
            return *known;
        }
        let mut found = [self.labels(a), self.labels(b)].concat();
        found.sort_unstable();
        found.dedup();
        let found = self.number(found);
        self.both.insert(key, found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_number() {
        let mut sets = Sets::new();
        let (a, b) = (sets.number(vec![1, 3, 5]), sets.number(vec![2, 3, 5, 9]));
        let common = sets.common(a, b);
        assert_eq!(sets.labels(common), [3, 5]);
        assert_eq!(sets.common(b, a), common);
        let both = sets.both(a, b);
        assert_eq!(sets.labels(both), [1, 2, 3, 5, 9]);
        assert_eq!(sets.common(both, a), a);
        assert_eq!(sets.common(EVERYTHING, a), a);
        assert_eq!(sets.both(NOTHING, a), a);
        assert_eq!(sets.common(NOTHING, a), NOTHING);
    }
}
