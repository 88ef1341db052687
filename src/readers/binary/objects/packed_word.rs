//! Where an object begins, how that is known and whose it is, packed into a word: there are many, and they are sorted by it.

use std::ops::Range;

use crate::binary::image::Addr;
use crate::binary::packages::{NONE, PackageId, SHARED, module_of, of_module};

/// How a place came to be known; of several, the first says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::binary) enum Source {
    /// A symbol that names its package.
    Symbol = 0,
    /// A function's record: stack maps and the like.
    Record = 1,
    /// Machine code.
    Code = 2,
    /// A pointer in a type, or in an object that has an owner.
    Pointer = 3,
}

const SOURCES: [Source; 4] = [
    Source::Symbol,
    Source::Record,
    Source::Code,
    Source::Pointer,
];

/// A place, how it is known, and who refers to it.
#[inline]
pub(in crate::binary) fn start(addr: Addr, source: Source, owner: PackageId) -> u64 {
    let owner = match (module_of(owner), owner) {
        (Some(module), _) => MODULE | module as u32,
        (None, it) => it & OWNER,
    };
    u64::from(addr) << 32 | (source as u64) << 30 | u64::from(owner)
}

/// The bits of an owner; all of them set stand for nobody, one less for packages of several modules.
const OWNER: u32 = 0x3fff_ffff;

/// The bit of several packages of a module.
const MODULE: u32 = 1 << 29;

pub(in crate::binary) fn addr_of(start: u64) -> Addr {
    (start >> 32) as u32
}

pub(in crate::binary) fn owner_of(start: u64) -> PackageId {
    match start as u32 & OWNER {
        OWNER => NONE,
        it if it == SHARED & OWNER => SHARED,
        it if it & MODULE != 0 => of_module(it & !MODULE),
        owner => owner,
    }
}

pub(in crate::binary) fn source_of(start: u64) -> Source {
    SOURCES[(start as u32 >> 30) as usize]
}

/// The places at an address or between two, of those in order.
pub(in crate::binary) fn within(starts: &[u64], range: Range<Addr>) -> &[u64] {
    let first = starts.partition_point(|start| addr_of(*start) < range.start);
    let rest = &starts[first..];
    &rest[..rest.partition_point(|start| addr_of(*start) < range.end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_survives_in_a_place() {
        for owner in [0, 7, NONE, SHARED, of_module(0), of_module(1234)] {
            for source in SOURCES {
                let place = start(0xffff_0001, source, owner);
                let parts = (addr_of(place), source_of(place), owner_of(place));
                assert_eq!(parts, (0xffff_0001, source, owner));
            }
        }
    }
}
