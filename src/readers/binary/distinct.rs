//! Keeps each of many values once and in order, in bounded memory.

/// Values with repetitions; those are dropped before they take more room.
pub(super) struct Distinct<T> {
    all: Vec<T>,
    /// The most values at a time.
    most: usize,
    overflown: bool,
}

impl<T: Ord + Copy> Distinct<T> {
    /// Keeps up to half of `most` different values; of more, none.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            all: Vec::new(),
            most,
            overflown: false,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        // Neighbours are often the same.
        if self.overflown || self.all.last() == Some(&value) {
            return;
        }
        if self.all.len() >= self.most {
            self.order();
            if self.all.len() > self.most / 2 {
                self.all = Vec::new();
                self.overflown = true;
                return;
            }
        }
        self.all.push(value);
    }

    fn order(&mut self) {
        self.all.sort_unstable();
        self.all.dedup();
    }

    /// One of each, in order; `None` where there are too many.
    pub(crate) fn sorted(mut self) -> Option<Vec<T>> {
        self.order();
        (!self.overflown && self.all.len() <= self.most / 2).then_some(self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_take_no_room() {
        let of = |values: &mut dyn Iterator<Item = u32>| {
            let mut found = Distinct::new(8);
            values.for_each(|value| found.push(value));
            found.sorted()
        };
        assert_eq!(of(&mut (0..100).map(|it| it % 3)), Some(vec![0, 1, 2]));
        assert_eq!(of(&mut (0..100).map(|it| it % 7)), None);
        assert_eq!(of(&mut (0..5)), None);
        assert_eq!(of(&mut [2, 1, 1, 0].into_iter()), Some(vec![0, 1, 2]));
    }
}
