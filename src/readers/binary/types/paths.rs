//! Finds the package whose path stands at an address.

use crate::binary::descriptors::Descriptors;
use crate::binary::image::Addr;
use crate::binary::packages::{NONE, PackageId, Packages};

/// The packages of paths, by where these stand: types of one package follow each other nowhere.
pub(super) struct Paths<'p, 'i> {
    packages: &'p mut Packages<'i>,
    recent: Vec<(Addr, PackageId)>,
}

impl<'p, 'i> Paths<'p, 'i> {
    const SLOTS: usize = 1 << 12;

    pub fn new(packages: &'p mut Packages<'i>) -> Self {
        Self {
            packages,
            // No path begins at the last address.
            recent: vec![(Addr::MAX, NONE); Self::SLOTS],
        }
    }

    /// The package with the path at an address; `None` where there is no path.
    pub fn owner(&mut self, memory: &Descriptors<'_>, addr: Addr) -> Option<PackageId> {
        let slot = &mut self.recent[addr as usize % Self::SLOTS];
        if slot.0 != addr {
            let (_, path) = memory.name(addr).filter(|entry| !entry.1.is_empty())?;
            *slot = (addr, self.packages.of_prefix(path));
        }
        Some(slot.1)
    }
}
