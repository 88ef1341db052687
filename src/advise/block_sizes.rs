//! Counts the objects that each line allocates by their size, from the blocks of a heap profile.
//!
//! The runtime keeps one block per stack and size. What grows leaves blocks of several sizes behind, each larger than the one
//! before; where all are of one size, nothing has grown.

use std::collections::{BTreeMap, HashMap};

use super::charge::{Functions, Line, line, starts};
use super::cost_class::Role;
use crate::profile::Profile;

/// Objects by the size that the allocator gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sizes {
    objects: BTreeMap<i64, i64>,
}

/// The share of objects of one size from which on nothing grows.
const NEARLY_ALL: f64 = 0.9;

impl Sizes {
    /// Notes objects that are `size` bytes each.
    pub(crate) fn add(&mut self, size: i64, objects: i64) {
        let sum = self.objects.entry(rounded(size)).or_default();
        *sum = sum.saturating_add(objects);
    }

    /// Notes what another profile says of the same line.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (size, objects) in &other.objects {
            self.add(*size, *objects);
        }
    }

    /// How many objects there are.
    pub(crate) fn objects(&self) -> i64 {
        self.objects.values().sum()
    }

    /// Whether no size holds half of the objects: most of what is filled there grows several times.
    pub(crate) fn are_many(&self) -> bool {
        let all: i64 = self.objects.values().sum();
        let most = self.objects.values().max().copied().unwrap_or_default();
        most.saturating_mul(2) <= all && self.objects.len() > 2
    }

    /// Whether nearly all objects have one size: what is filled there gets its memory once.
    pub(crate) fn is_one(&self) -> bool {
        let all: i64 = self.objects.values().sum();
        let most = self.objects.values().max().copied().unwrap_or_default();
        all > 0 && most as f64 >= NEARLY_ALL * all as f64
    }
}

#[cfg(test)]
impl Sizes {
    /// Of sizes and how many objects have them.
    pub(crate) fn of(list: &[(i64, i64)]) -> Self {
        let mut sizes = Self::default();
        list.iter().for_each(|it| sizes.add(it.0, it.1));
        sizes
    }
}

/// What lines of the user allocate themselves, by size. Empty for a profile that counts no objects.
pub(crate) fn block_sizes(
    profile: &Profile,
    is_own: impl Fn(&str) -> bool,
) -> HashMap<Line, Sizes> {
    let value = |name, unit| profile.value_index(name, unit);
    let mut found: HashMap<Line, Sizes> = HashMap::new();
    let (Some(bytes), Some(objects)) = (
        value("alloc_space", "bytes"),
        value("alloc_objects", "count"),
    ) else {
        return found;
    };
    let mut functions = Functions::new(is_own);
    let starts = starts(profile);
    for sample in &profile.raw().sample {
        let at = |index: usize| sample.value.get(index).copied().unwrap_or_default();
        let Some(size) = at(bytes).checked_div(at(objects)) else {
            continue;
        };
        let mut frames = profile.frames(sample);
        // The first frame that is nobody's runtime allocates.
        let owner = frames.find_map(|frame| {
            let function = functions.get(frame.name);
            (function.role == Role::Code).then(|| (frame, function.clone()))
        });
        let Some((frame, function)) = owner.filter(|(_, function)| function.is_own()) else {
            continue;
        };
        let seen = super::charge::Seen { frame, function };
        let sizes = found.entry(line(&seen, &starts)).or_default();
        sizes.add(size, at(objects));
    }
    found
}

/// The size that Go's allocator gives an object: multiples of 8 up to 32, of 16 up to 128, then eight steps until each
/// doubling, which is a little finer or coarser than its table.
fn rounded(size: i64) -> i64 {
    let step = match size {
        ..=32 => 8,
        33..=128 => 16,
        _ => {
            let below = 63 - (size - 1).leading_zeros();
            (1_i64 << below) / 8
        }
    };
    size.saturating_add(step - 1) / step * step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_allocator() {
        for (size, class) in [
            (1, 8),
            (8, 8),
            (9, 16),
            (33, 48),
            (128, 128),
            (129, 144),
            (250, 256),
            (257, 288),
            (1024, 1024),
            (4097, 4608),
        ] {
            assert_eq!(rounded(size), class, "{size}");
        }
    }

    #[test]
    fn what_never_grows_has_one_size() {
        assert!(Sizes::of(&[(8, 1000)]).is_one());
        assert!(Sizes::of(&[(5, 500), (8, 400), (16, 50)]).is_one());
        assert!(!Sizes::of(&[(8, 1000), (16, 500), (32, 200)]).is_one());
        assert!(!Sizes::default().is_one());
        assert!(Sizes::of(&[(8, 300), (16, 300), (32, 200)]).are_many());
        assert!(!Sizes::of(&[(8, 900), (16, 300), (32, 200)]).are_many());
        assert!(!Sizes::default().are_many());
    }
}
