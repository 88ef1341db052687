//! Cuts a range at offsets into intervals with owners: each begins at an offset and ends at the next.

use super::packages::{PackageId, Packages};

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
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Its user, or what stands for several.
    pub(crate) owner: PackageId,
}

/// Numbers that were met lately: one is dropped where it would be sorted again and again. It forgets, so that what it
/// lets through may still have repetitions.
pub(super) struct Recent {
    slots: Vec<u64>,
}

impl Recent {
    const BITS: u32 = 13;

    pub(crate) fn new() -> Self {
        // No key is all ones: nothing begins at the last address.
        Self {
            slots: vec![u64::MAX; 1 << Self::BITS],
        }
    }

    /// Whether a number was not met lately; from now on it was.
    #[inline]
    pub(crate) fn is_new(&mut self, number: u64) -> bool {
        let index = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - Self::BITS);
        let slot = &mut self.slots[index as usize];
        std::mem::replace(slot, number) != number
    }
}

/// The first of some addresses in order that is not below one, which stands a little behind the place `from`.
#[inline]
pub(super) fn first_from(addresses: &[u32], from: usize, address: u32) -> usize {
    let rest = &addresses[from.min(addresses.len())..];
    let mut step = 1;
    while rest.get(step).is_some_and(|addr| *addr < address) {
        step *= 2;
    }
    let (low, high) = (step / 2, rest.len().min(step + 1));
    from + low + rest[low..high].partition_point(|addr| *addr < address)
}

/// Some addresses, made to say fast of most others that they are not among them.
pub(super) struct Sieve<'a> {
    /// In order.
    addresses: &'a [u32],
    bits: Vec<u64>,
    shift: u32,
}

impl<'a> Sieve<'a> {
    /// `addresses` are in order.
    pub(crate) fn new(addresses: &'a [u32]) -> Self {
        let bits = (16 * addresses.len())
            .clamp(1 << 10, 1 << 22)
            .next_power_of_two();
        let mut it = Self {
            addresses,
            bits: vec![0; bits / 64],
            shift: 64 - bits.trailing_zeros(),
        };
        for address in addresses {
            let bit = it.bit(*address);
            it.bits[bit / 64] |= 1 << (bit % 64);
        }
        it
    }

    fn bit(&self, address: u32) -> usize {
        (u64::from(address).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    /// The place of an address among them.
    #[inline]
    pub(crate) fn find(&self, address: u32) -> Option<usize> {
        let bit = self.bit(address);
        let may_be = self.bits[bit / 64] >> (bit % 64) & 1 == 1;
        may_be
            .then(|| self.addresses.binary_search(&address).ok())
            .flatten()
    }
}

/// Keys that mostly ascend: the linker gives out offsets in the order of first use, so that only the later users of a place
/// are out of order.
pub(super) struct Keys {
    ascending: Vec<u64>,
    again: Vec<u64>,
    recent: Recent,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            ascending: Vec::new(),
            again: Vec::new(),
            recent: Recent::new(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: u64) {
        if self.ascending.last().is_none_or(|last| key > *last) {
            self.ascending.push(key);
        } else if self.recent.is_new(key) {
            self.again.push(key);
        }
    }

    /// One of each, in order.
    pub(crate) fn sorted(self) -> Vec<u64> {
        let mut keys = self.ascending;
        merge(&mut keys, self.again);
        keys
    }
}

impl FromIterator<u64> for Keys {
    fn from_iter<I: IntoIterator<Item = u64>>(keys: I) -> Self {
        let mut found = Self::new();
        keys.into_iter().for_each(|key| found.push(key));
        found
    }
}

/// Cuts `0..length` at the offsets of sorted keys. What comes before the first offset is nobody's and left out.
pub(super) fn cut<'k>(
    keys: &'k [u64],
    length: u32,
    packages: &'k Packages<'_>,
) -> impl Iterator<Item = Interval> + use<'k> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let &first = keys.get(position)?;
        let start = offset(first);
        if start >= length {
            return None;
        }
        let mut user = owner(first);
        while let Some(it) = keys.get(position).filter(|key| offset(**key) == start) {
            user = packages.join(user, owner(*it));
            position += 1;
        }
        let end = keys
            .get(position)
            .map_or(length, |key| offset(*key))
            .min(length);
        Some(Interval {
            start,
            end,
            owner: user,
        })
    })
}

/// Sorts numbers digit by digit, the lowest first: several times faster than by comparing where there are many.
pub(super) fn sort(numbers: &mut Vec<u64>) {
    const FEW: usize = 1024;
    const DIGITS: usize = 8;
    if numbers.len() < FEW {
        numbers.sort_unstable();
        return;
    }
    let mut counts = vec![[0u32; 256]; DIGITS];
    for it in &*numbers {
        for (count, digit) in counts.iter_mut().zip(it.to_le_bytes()) {
            count[usize::from(digit)] += 1;
        }
    }
    let mut others = vec![0; numbers.len()];
    for (digit, counts) in counts.iter_mut().enumerate() {
        // A digit that all have alike moves none.
        if counts.iter().any(|count| *count as usize == numbers.len()) {
            continue;
        }
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for it in &*numbers {
            let place = &mut counts[(it >> (8 * digit)) as usize & 0xff];
            others[*place as usize] = *it;
            *place += 1;
        }
        std::mem::swap(numbers, &mut others);
    }
}

/// Adds numbers to sorted ones, and keeps one of each.
pub(super) fn merge(sorted: &mut Vec<u64>, mut more: Vec<u64>) {
    sort(&mut more);
    more.dedup();
    if sorted.is_empty() {
        *sorted = more;
        return;
    }
    // From the end, where there is room: what was not merged yet is never written over.
    let (mut old, mut new) = (sorted.len(), more.len());
    sorted.resize(old + new, 0);
    while old > 0 && new > 0 {
        let (a, b) = (sorted[old - 1], more[new - 1]);
        sorted[old + new - 1] = a.max(b);
        (old, new) = if a > b {
            (old - 1, new)
        } else {
            (old, new - 1)
        };
    }
    sorted[..new].copy_from_slice(&more[..new]);
    sorted.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::binary::packages::SHARED;

    #[test]
    fn an_interval_ends_where_the_next_begins() {
        let keys = [key(4, 7), key(10, 1), key(4, 2), key(10, 1), key(90, 3)];
        let keys = keys.into_iter().collect::<Keys>().sorted();
        let mut packages = Packages::new(1 << 20, None);
        for path in [
            "a.com/0", "a.com/1", "a.com/2", "a.com/3", "a.com/4", "a.com/5", "a.com/6", "a.com/7",
        ] {
            packages.of_prefix(path.as_bytes());
        }
        let found: Vec<Interval> = cut(&keys, 20, &packages).collect();
        assert_eq!(
            found,
            [
                Interval {
                    start: 4,
                    end: 10,
                    owner: SHARED
                },
                Interval {
                    start: 10,
                    end: 20,
                    owner: 1
                },
            ]
        );
    }

    #[test]
    fn the_first_from_a_place_is_the_first_of_all() {
        let all = [0, 3, 5, 5, 9, 20, 21, 22, 40];
        for address in 0..50 {
            let expected = all.partition_point(|addr| *addr < address);
            for from in 0..=expected {
                assert_eq!(
                    first_from(&all, from, address),
                    expected,
                    "{from} {address}"
                );
            }
        }
    }

    #[test]
    fn a_sieve_finds_what_is_there_and_nothing_else() {
        let all: Vec<u32> = (0..5000).map(|it| it * 7).chain([u32::MAX]).collect();
        let sieve = Sieve::new(&all);
        for address in (0..40_000).chain([u32::MAX - 1, u32::MAX]) {
            assert_eq!(sieve.find(address), all.binary_search(&address).ok());
        }
        assert_eq!(Sieve::new(&[]).find(0), None);
    }

    #[test]
    fn numbers_are_sorted_by_all_their_digits() {
        use proptest::prelude::*;
        let some = prop::collection::vec(any::<u64>(), 0..3000);
        let alike = prop::collection::vec(any::<u32>().prop_map(|it| u64::from(it) << 16), 2000);
        proptest!(ProptestConfig::with_cases(16), |(some in some, alike in alike)| {
            for mut numbers in [some, alike] {
                let mut expected = numbers.clone();
                expected.sort_unstable();
                sort(&mut numbers);
                prop_assert_eq!(numbers, expected);
            }
        });
    }

    #[test]
    fn merged_numbers_are_in_order_and_one_of_each() {
        use proptest::prelude::*;
        let numbers = || prop::collection::vec(0u64..40, 0..60);
        proptest!(|(first in numbers(), second in numbers())| {
            let expected: std::collections::BTreeSet<u64> =
                first.iter().chain(&second).copied().collect();
            let mut sorted = first.into_iter().collect::<Keys>().sorted();
            merge(&mut sorted, second);
            prop_assert_eq!(sorted, Vec::from_iter(expected));
        });
    }
}
