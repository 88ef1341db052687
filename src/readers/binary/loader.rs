//! Claims the tables for the loader and the unwinder: an entry belongs to the owner of the place that it patches or
//! describes.

use super::functions::Entry;
use super::image::relocations;
use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::packages::{NONE, PackageId};
use super::{Binary, Format, Section, buildinfo};

/// Who owns an address: objects by where they begin, and functions.
pub(crate) struct Owners<'a> {
    pub(crate) objects: &'a [(Addr, PackageId)],
    pub(crate) entries: &'a [Entry],
}

impl Owners<'_> {
    fn of(&self, image: &Image<'_>, addr: Addr) -> PackageId {
        match image.region(addr) {
            Some(it) if it.executable => self.of_code(addr),
            Some(_) => {
                let after = self.objects.partition_point(|object| object.0 <= addr);
                after.checked_sub(1).map_or(NONE, |at| self.objects[at].1)
            }
            None => NONE,
        }
    }

    fn of_code(&self, addr: Addr) -> PackageId {
        let after = self.entries.partition_point(|entry| entry.start <= addr);
        let found = after.checked_sub(1).map(|at| &self.entries[at]);
        found
            .filter(|entry| addr < entry.end)
            .map_or(NONE, |entry| entry.package)
    }
}

/// Whether a file has tables that need the owners of objects.
pub(super) fn has_tables(binary: &Binary) -> bool {
    binary.format == Format::Pe || binary.sections.iter().any(is_relocations)
}

fn is_relocations(section: &Section) -> bool {
    section.loaded && section.name.starts_with(".rel")
}

/// Claims relocation tables of ELF, and relocations and unwind tables of PE.
pub(super) fn claim(
    image: &Image<'_>,
    binary: &Binary,
    bytes: &[u8],
    owners: &Owners<'_>,
    ledger: &mut Ledger,
) {
    for (index, section) in binary.sections.iter().enumerate() {
        match (binary.format, section.name.as_str()) {
            (Format::Elf, _) if is_relocations(section) => {
                let (size, slots) = relocations::slots(image, bytes, section);
                for slot in slots {
                    let owner = slot.map_or(NONE, |slot| owners.of(image, slot));
                    ledger.add(index, size as u64, owner, Kind::Loader);
                }
            }
            (Format::Pe, ".pdata") => {
                unwind(image, binary, bytes, (index, section), owners, ledger)
            }
            (Format::Pe, ".reloc") => pages(image, binary, bytes, (index, section), owners, ledger),
            _ => {}
        }
    }
}

/// What addresses in the tables of PE are relative to.
pub(super) fn image_base(bytes: &[u8]) -> Option<u64> {
    let reader = super::bytes::Reader {
        data: bytes,
        big_endian: false,
        pointer_size: 8,
    };
    let header = reader.u32(0x3c)? as usize + 24;
    match reader.u16(header)? {
        0x20b => reader.u64(header + 24),
        _ => reader.u32(header + 28).map(u64::from),
    }
}

/// The loaded bytes of a section: PE pads it in the file.
fn table<'a>(bytes: &'a [u8], section: &Section) -> &'a [u8] {
    let content = buildinfo::content(bytes, section).unwrap_or_default();
    let length = usize::try_from(section.memory_size).unwrap_or(usize::MAX);
    content.get(..length).unwrap_or(content)
}

/// `RUNTIME_FUNCTION`: begin, end, unwind information; on arm64 begin and unwind information.
fn unwind(
    image: &Image<'_>,
    binary: &Binary,
    bytes: &[u8],
    (index, section): (usize, &Section),
    owners: &Owners<'_>,
    ledger: &mut Ledger,
) {
    let Some(base) = image_base(bytes) else {
        return;
    };
    let size = if binary.goarch.as_deref() == Some("amd64") {
        12
    } else {
        8
    };
    for entry in table(bytes, section).chunks_exact(size) {
        let begin = image
            .over(entry)
            .u32(0)
            .and_then(|it| image.addr(base.wrapping_add(u64::from(it))));
        let owner = begin.map_or(NONE, |begin| owners.of_code(begin));
        ledger.add(index, size as u64, owner, Kind::Loader);
    }
}

/// A page address and a size, then two bytes for each patched place on the page.
fn pages(
    image: &Image<'_>,
    _binary: &Binary,
    bytes: &[u8],
    (index, section): (usize, &Section),
    owners: &Owners<'_>,
    ledger: &mut Ledger,
) {
    const HEADER: usize = 8;
    let Some(base) = image_base(bytes) else {
        return;
    };
    let mut rest = table(bytes, section);
    while let Some(reader) = (rest.len() >= HEADER).then(|| image.over(rest)) {
        let (Some(page), Some(size)) = (reader.u32(0), reader.u32(4)) else {
            break;
        };
        let size = (size as usize).clamp(HEADER, rest.len());
        let mut last = NONE;
        for place in rest[HEADER..size].chunks_exact(2) {
            let offset = image.over(place).u16(0).unwrap_or(0) & 0xfff;
            let address = base
                .wrapping_add(u64::from(page))
                .wrapping_add(u64::from(offset));
            // The last entry may be there for alignment only; it has offset 0.
            let owner = image
                .addr(address)
                .map_or(NONE, |addr| owners.of(image, addr));
            last = if owner == NONE { last } else { owner };
            ledger.add(index, 2, last, Kind::Loader);
        }
        ledger.add(index, HEADER as u64, last, Kind::Loader);
        rest = &rest[size..];
    }
}
