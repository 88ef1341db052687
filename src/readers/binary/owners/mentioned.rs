//! Says which packages mention an object, and whose it seems to be.

use super::Owned;
use crate::binary::objects::{Data, What, addr_of, owner_of};
use crate::binary::packages::PackageId;

/// Who mentions each object.
pub(super) struct Users<'a> {
    pub(crate) data: &'a Data,
    /// Where those of each object begin.
    pub(crate) places: &'a [u32],
    pub(crate) owned: &'a [Owned],
    /// The number of packages.
    pub(crate) count: usize,
}

impl Users<'_> {
    pub(crate) fn mentions(&self, object: usize) -> impl Iterator<Item = &u64> {
        let start = self.owned[object].object.start;
        let first = self.places.get(object).map_or(0, |place| *place as usize);
        let rest = self.data.starts[first..].iter();
        rest.take_while(move |it| addr_of(**it) == start)
    }

    pub(crate) fn is_mentioned(&self, object: usize) -> bool {
        self.mentions(object).next().is_some()
    }

    /// The package that an object seems to be of, and how much that says of the order.
    pub(crate) fn seat(&self, object: usize) -> (Option<PackageId>, i32) {
        const EXACT: i32 = 5;
        let it = &self.owned[object];
        let is_exact = it.certain && matches!(it.object.what, What::Known(_));
        let owner = Some(it.owner).filter(|owner| (*owner as usize) < self.count);
        (owner, if is_exact { EXACT } else { 1 })
    }

    /// The packages that mention an object, and the one that it seems to be of.
    pub(crate) fn of(&self, object: usize) -> Vec<PackageId> {
        let mentions = self.mentions(object).map(|mention| owner_of(*mention));
        let mut all: Vec<PackageId> = mentions.chain([self.owned[object].owner]).collect();
        all.retain(|owner| (*owner as usize) < self.count);
        all.sort_unstable();
        all.dedup();
        all
    }
}
