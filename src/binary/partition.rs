//! Offsets with owners in, intervals with owners out: each begins at an offset and ends at the next.

use super::packages::PackageId;

/// An offset and who refers to it, in one number, so that sorting brings the users of one place together.
#[inline]
pub(super) fn key(offset: u32, owner: PackageId) -> u64 {
    u64::from(offset) << 32 | u64::from(owner)
}

/// The offset of a key.
#[inline]
pub(super) fn offset(key: u64) -> u32 {
    (key >> 32) as u32
}

/// The owner of a key.
#[inline]
pub(super) fn owner(key: u64) -> PackageId {
    key as u32
}

/// An interval of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub start: u32,
    pub end: u32,
    /// The user whose package comes first in the code: the closest to the definition.
    pub owner: PackageId,
    /// Whether other packages use it too.
    pub shared: bool,
}

/// Cuts `0..length` at the offsets. What comes before the first offset is nobody's and left out.
pub(super) fn cut(keys: Vec<u64>, length: u32) -> impl Iterator<Item = Interval> {
    let keys = sorted(keys);
    let mut position = 0;
    std::iter::from_fn(move || {
        let &first = keys.get(position)?;
        let start = offset(first);
        if start >= length {
            return None;
        }
        let users = keys[position..]
            .iter()
            .take_while(|it| offset(**it) == start)
            .count();
        position += users;
        let end = keys
            .get(position)
            .map_or(length, |it| offset(*it))
            .min(length);
        Some(Interval {
            start,
            end,
            owner: owner(first),
            shared: users > 1,
        })
    })
}

/// Sorts keys that mostly ascend: the linker gives out offsets in the order of first use, so that only the later users of
/// a place are out of order.
fn sorted(mut keys: Vec<u64>) -> Vec<u64> {
    let mut largest = 0;
    let mut again = Vec::new();
    keys.retain(|&it| {
        let ascends = it >= largest;
        if ascends {
            largest = it;
        } else {
            again.push(it);
        }
        ascends
    });
    merge(&mut keys, again);
    keys
}

/// Adds numbers to sorted ones, and keeps one of each.
pub(super) fn merge(sorted: &mut Vec<u64>, mut more: Vec<u64>) {
    more.sort_unstable();
    more.dedup();
    sorted.append(&mut more);
    // The stable sort finds the two runs and merges them.
    sorted.sort();
    sorted.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_ends_where_the_next_begins() {
        let keys = vec![key(4, 7), key(10, 1), key(4, 2), key(10, 1), key(90, 3)];
        let found: Vec<Interval> = cut(keys, 20).collect();
        assert_eq!(
            found,
            [
                Interval {
                    start: 4,
                    end: 10,
                    owner: 2,
                    shared: true
                },
                Interval {
                    start: 10,
                    end: 20,
                    owner: 1,
                    shared: false
                },
            ]
        );
    }
}
