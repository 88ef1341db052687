//! Lays out memory as the program will see it: the bytes at an address, with the loader's patches applied.
//!
//! Addresses are kept as 32-bit distances from the lowest loaded one ([`Addr`]): half the memory, and no Go program
//! reaches 4 GiB.

pub(super) mod relocations;

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use super::bytes::Reader;
use super::{Binary, Format, Section, buildinfo, wasm};

/// A distance from the lowest loaded address.
pub(super) type Addr = u32;

/// Loaded bytes that stand in the file.
pub(super) struct Region<'a> {
    pub(crate) start: Addr,
    pub(crate) bytes: Cow<'a, [u8]>,
    /// Index into the sections of the binary.
    pub(crate) section: usize,
    pub(crate) executable: bool,
    pub(crate) writable: bool,
}

impl Region<'_> {
    pub(crate) fn end(&self) -> Addr {
        self.start + self.bytes.len() as Addr
    }
}

/// The loaded part of an executable.
pub(super) struct Image<'a> {
    pub(crate) base: u64,
    pub(crate) big_endian: bool,
    pub(crate) pointer_size: u8,
    /// By address, without overlap.
    pub(crate) regions: Vec<Region<'a>>,
    /// The region that was asked for last: neighbours are asked for one after the other.
    last: Cell<usize>,
    /// For wasm: where stretches with bytes in the file begin, and how many bytes of the file stand before each; the
    /// last entry is the end.
    pieces: Option<Vec<(Addr, u32)>>,
    /// For wasm: bytes of data in the file that are not part of the image.
    pub(crate) beyond: u64,
}

impl<'a> Image<'a> {
    /// The bytes of a table, borrowed from the file where they stand there as they are in memory.
    pub(super) fn borrowed(&self, range: Range<Addr>) -> Cow<'a, [u8]> {
        let Some(region) = self.region(range.start) else {
            return Cow::Borrowed(&[]);
        };
        let within = (range.start - region.start) as usize..(range.end - region.start) as usize;
        match &region.bytes {
            Cow::Borrowed(it) => Cow::Borrowed(it.get(within).unwrap_or_default()),
            Cow::Owned(it) => Cow::Owned(it.get(within).unwrap_or_default().to_vec()),
        }
    }

    /// `None` when the program has no loaded bytes or spans 4 GiB.
    pub(crate) fn new(bytes: &'a [u8], binary: &Binary) -> Option<Self> {
        if binary.format == Format::Wasm {
            return Self::of_wasm(bytes, binary);
        }
        let in_file =
            |it: &&(usize, &Section)| it.1.loaded && it.1.file_size > 0 && it.1.memory_size > 0;
        let mut sections: Vec<(usize, &Section)> = binary.sections.iter().enumerate().collect();
        sections.retain(|section| in_file(&section));
        sections.sort_by_key(|section| section.1.address);
        // Down to a page, so that distances are aligned as addresses are.
        let base = sections.first()?.1.address & !0xfff;
        let mut image = Self {
            base,
            big_endian: binary.big_endian,
            pointer_size: binary.pointer_size,
            regions: Vec::with_capacity(sections.len()),
            last: Cell::default(),
            pieces: None,
            beyond: 0,
        };
        let mut free = 0;
        for (index, section) in sections {
            let content = buildinfo::content(bytes, section)?;
            // PE pads sections in the file beyond what is loaded.
            let length = content
                .len()
                .min(usize::try_from(section.memory_size).ok()?);
            let start = u32::try_from(section.address - base).ok()?;
            let end = start.checked_add(u32::try_from(length).ok()?)?;
            if start < free {
                continue;
            }
            free = end;
            image.regions.push(Region {
                start,
                bytes: Cow::Borrowed(&content[..length]),
                section: index,
                executable: section.executable,
                writable: section.writable,
            });
        }
        if binary.format == Format::Elf {
            relocations::patch(&mut image, binary, bytes);
        }
        Some(image)
    }

    fn of_wasm(bytes: &[u8], binary: &Binary) -> Option<Self> {
        let memory = wasm::memory(bytes)?;
        let section = binary
            .sections
            .iter()
            .position(|section| section.name == "data")?;
        Some(Self {
            base: 0,
            big_endian: false,
            pointer_size: 8,
            regions: vec![Region {
                start: memory.start,
                bytes: Cow::Owned(memory.bytes),
                section,
                executable: false,
                writable: false,
            }],
            last: Cell::default(),
            pieces: Some(memory.pieces),
            beyond: memory.beyond,
        })
    }

    /// The distance of an address from the lowest one.
    #[inline]
    pub(crate) fn addr(&self, address: u64) -> Option<Addr> {
        u32::try_from(address.checked_sub(self.base)?).ok()
    }

    /// The region with this address.
    #[inline]
    pub(crate) fn region(&self, addr: Addr) -> Option<&Region<'a>> {
        self.regions.get(self.region_index(addr)?)
    }

    /// The index of the region with this address.
    #[inline]
    pub(crate) fn region_index(&self, addr: Addr) -> Option<usize> {
        let holds = |region: &Region<'_>| region.start <= addr && addr < region.end();
        let last = self.last.get();
        if self.regions.get(last).is_some_and(holds) {
            return Some(last);
        }
        let after = self.regions.partition_point(|region| region.start <= addr);
        let index = after.checked_sub(1)?;
        self.last.set(index);
        holds(&self.regions[index]).then_some(index)
    }

    /// A reader over the bytes from an address to the end of its region.
    #[inline]
    pub(crate) fn reader(&self, addr: Addr) -> Option<Reader<'_>> {
        let region = self.region(addr)?;
        Some(self.over(&region.bytes[(addr - region.start) as usize..]))
    }

    /// The address in the word at a place.
    #[inline]
    pub(crate) fn pointer(&self, at: Addr) -> Option<Addr> {
        self.addr(self.reader(at)?.word(0)?)
    }

    /// A reader with the byte order and pointer size of the image.
    #[inline]
    pub(crate) fn over<'b>(&self, data: &'b [u8]) -> Reader<'b> {
        Reader {
            data,
            big_endian: self.big_endian,
            pointer_size: self.pointer_size,
        }
    }

    /// The bytes between two addresses of one region.
    pub(crate) fn slice(&self, start: Addr, end: Addr) -> Option<&[u8]> {
        let region = self.region(start)?;
        region
            .bytes
            .get((start - region.start) as usize..end.checked_sub(region.start)? as usize)
    }

    /// How many bytes of the file stand between two addresses of one region.
    #[inline]
    pub(crate) fn file_bytes(&self, start: Addr, end: Addr) -> u64 {
        match &self.pieces {
            None => u64::from(end.saturating_sub(start)),
            Some(pieces) => below(pieces, end).saturating_sub(below(pieces, start)),
        }
    }
}

/// How many bytes of the file stand below an address.
fn below(pieces: &[(Addr, u32)], addr: Addr) -> u64 {
    let after = pieces.partition_point(|piece| piece.0 <= addr);
    let Some(&(start, before)) = after.checked_sub(1).and_then(|at| pieces.get(at)) else {
        return 0;
    };
    let length = pieces.get(after).map_or(0, |piece| piece.1 - before);
    u64::from(before) + u64::from((addr - start).min(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<'a> Image<'a> {
        /// The memory of a test: 64-bit words, the small end first.
        pub fn of_regions(base: u64, regions: Vec<Region<'a>>) -> Self {
            Self {
                base,
                big_endian: false,
                pointer_size: 8,
                regions,
                last: Cell::default(),
                pieces: None,
                beyond: 0,
            }
        }
    }

    #[test]
    fn only_what_stands_in_the_file_is_counted() {
        let pieces = [(10, 0), (20, 5), (30, 15)];
        assert_eq!(
            [0, 10, 12, 15, 19, 20, 25, 40].map(|it| below(&pieces, it)),
            [0, 0, 2, 5, 5, 5, 10, 15]
        );
    }
}
