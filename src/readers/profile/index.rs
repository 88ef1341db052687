//! Looks up the position of a row in a table by its ID.

use std::collections::HashMap;

/// Finds a row by its ID. Go numbers rows 1, 2, 3..., which needs no hashing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Rows are numbered from 1 in order.
    in_order: usize,
    /// The other rows.
    others: HashMap<u64, usize>,
}

impl Index {
    /// Indexes the IDs of a table in order. Fails with the first ID that is 0 or occurs twice.
    pub(crate) fn new(ids: impl Iterator<Item = u64>) -> Result<Self, u64> {
        let mut index = Self::default();
        for (position, id) in ids.enumerate() {
            if id == 0 || index.get(id).is_some() {
                return Err(id);
            }
            if index.others.is_empty() && id == position as u64 + 1 {
                index.in_order = position + 1;
            } else {
                index.others.insert(id, position);
            }
        }
        Ok(index)
    }

    /// The position of the row with this ID.
    pub(crate) fn get(&self, id: u64) -> Option<usize> {
        match usize::try_from(id) {
            Ok(id) if (1..=self.in_order).contains(&id) => Some(id - 1),
            _ if self.others.is_empty() => None,
            _ => self.others.get(&id).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_any_order() {
        let index = Index::new([1, 2, 9, 4, u64::MAX].into_iter()).unwrap();
        let found: Vec<_> = [1, 2, 3, 4, 9, u64::MAX, 0].map(|id| index.get(id)).into();
        assert_eq!(
            found,
            [Some(0), Some(1), None, Some(3), Some(2), Some(4), None]
        );
    }

    #[test]
    fn zero_and_repeated_ids_are_refused() {
        assert_eq!(Index::new([1, 0].into_iter()).unwrap_err(), 0);
        assert_eq!(Index::new([1, 2, 1].into_iter()).unwrap_err(), 1);
        assert_eq!(Index::new([7, 7].into_iter()).unwrap_err(), 7);
    }
}
