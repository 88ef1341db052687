//! Bounds the size of an object by the known sizes around it: within a run of the linker's layout sizes never fall.

use super::image::Addr;

/// Sizes that fit each other: by address, and none smaller than the one before.
pub(super) struct Bounds {
    chain: Vec<(Addr, u32)>,
    /// How much of a size may be alignment.
    slack: u32,
    /// How many of the nearest sizes may be wrong.
    doubt: usize,
    /// Where the last question led: they ascend.
    position: usize,
}

impl Bounds {
    /// Keeps as many sizes as fit each other. `sizes` are by address, and what they are without `slack`.
    pub(crate) fn exact(sizes: &[(Addr, u32)]) -> Self {
        Self {
            chain: rising(sizes, 1),
            slack: 0,
            doubt: 0,
            position: 0,
        }
    }

    /// As [`exact`](Self::exact), for distances: they have alignment, and something else may begin within an object.
    pub(crate) fn of_distances(sizes: &[(Addr, u32)], slack: u32) -> Self {
        Self {
            chain: rising(sizes, 1),
            slack,
            doubt: 1,
            position: 0,
        }
    }

    /// The least and the largest size of what begins at an address, and its size where that is known. Addresses ascend.
    pub(crate) fn at(&mut self, addr: Addr) -> Bound {
        while self
            .chain
            .get(self.position)
            .is_some_and(|bound| bound.0 < addr)
        {
            self.position += 1;
        }
        let before = self
            .position
            .checked_sub(1 + self.doubt)
            .map(|at| self.chain[at].1);
        let after = self.chain.get(self.position);
        let most = self.chain.get(self.position + self.doubt);
        let same = most.filter(|most| Some(most.1) == before);
        let least = before.map_or(0, |before| before - self.slack.min(before / 2));
        Bound {
            least: least.max(1),
            most: most.map_or(u32::MAX, |it| it.1.saturating_add(self.slack)),
            exact: after.filter(|entry| entry.0 == addr).map(|entry| entry.1),
            next: after.map(|entry| entry.0),
            same: same.map(|entry| entry.1),
        }
    }
}

/// What sizes around a place say of the object there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    pub(crate) least: u32,
    pub(crate) most: u32,
    pub(crate) exact: Option<u32>,
    /// Where the next of those sizes is.
    pub(crate) next: Option<Addr>,
    /// The size of what stands before and behind, where that is one.
    pub(crate) same: Option<u32>,
}

/// How good a chain is: by what its sizes are worth, then by their sum; and the place of its last.
type Best = (u32, u64, u32);

/// The part of a sequence in which sizes do not fall that is worth the most; of several, that with the most bytes. Each is worth its
/// bytes, up to `most`: with 1 they are counted.
pub(super) fn rising(sizes: &[(Addr, u32)], most: u32) -> Vec<(Addr, u32)> {
    if sizes.is_sorted_by_key(|size| size.1) {
        return sizes.to_vec();
    }
    let mut ranks: Vec<u32> = sizes.iter().map(|size| size.1).collect();
    ranks.sort_unstable();
    ranks.dedup();
    // The best chain that ends with each size or a smaller one, as a tree of prefixes (Fenwick's).
    let mut tree: Vec<Best> = vec![(0, 0, u32::MAX); ranks.len() + 1];
    let mut before = vec![u32::MAX; sizes.len()];
    let mut best: Best = (0, 0, u32::MAX);
    for (index, it) in sizes.iter().enumerate() {
        let rank = ranks.partition_point(|rank| *rank <= it.1);
        let (mut at, mut found) = (rank, (0, 0, u32::MAX));
        while at > 0 {
            found = better(found, tree[at]);
            at &= at - 1;
        }
        before[index] = found.2;
        let worth = it.1.clamp(1, most);
        let longer = (
            found.0.saturating_add(worth),
            found.1 + u64::from(it.1),
            index as u32,
        );
        best = better(best, longer);
        at = rank;
        while at < tree.len() {
            tree[at] = better(tree[at], longer);
            at += at & at.wrapping_neg();
        }
    }
    let mut chain = Vec::new();
    let mut at = best.2;
    while let Some(it) = sizes.get(at as usize) {
        chain.push(*it);
        at = before[at as usize];
    }
    chain.reverse();
    chain
}

fn better(a: Best, b: Best) -> Best {
    if (b.0, b.1) > (a.0, a.1) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_most_is_left_out() {
        let sizes = [(0, 4), (4, 4), (8, 90), (12, 5), (17, 2), (19, 6), (30, 7)];
        assert_eq!(
            rising(&sizes, 1),
            [(0, 4), (4, 4), (12, 5), (19, 6), (30, 7)]
        );
        // Counted, the small ones in the midst of larger ones are more.
        let fields = [(0, 24), (24, 8), (32, 8), (40, 8), (48, 24), (72, 32)];
        let sizes = |found: Vec<(Addr, u32)>| found.iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(sizes(rising(&fields, 1)), [8, 8, 8, 24, 32]);
        assert_eq!(sizes(rising(&fields, 32)), [24, 24, 32]);
        assert_eq!(rising(&[], 1), []);
    }

    #[test]
    fn neighbours_bound_a_size() {
        let mut bounds = Bounds::exact(&[(10, 4), (20, 8)]);
        let mut at = |addr| {
            let it = bounds.at(addr);
            (it.least, it.most, it.exact)
        };
        assert_eq!(at(5), (1, 4, None));
        assert_eq!(at(10), (1, 4, Some(4)));
        assert_eq!(at(14), (4, 8, None));
        assert_eq!(at(20), (4, 8, Some(8)));
        assert_eq!(at(30), (8, u32::MAX, None));
    }
}
