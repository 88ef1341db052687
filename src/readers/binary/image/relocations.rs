//! Applies ELF relocation tables: in position-independent executables pointers stand in the relocation table rather
//! than in the data.

use super::{Addr, Image};
use crate::binary::bytes::Reader;
use crate::binary::{Binary, Role, Section, buildinfo};

/// Writes the addends of relative relocations into copies of the regions that have any.
pub(in crate::binary) fn patch(image: &mut Image<'_>, binary: &Binary, bytes: &[u8]) {
    for section in tables(binary) {
        for (slot, value) in entries(binary, section, bytes) {
            let Some(addr) = image.addr(slot) else {
                continue;
            };
            // The line table is large, and what is used of it is not patched: no copy is made of it.
            let role = image
                .region(addr)
                .map(|region| binary.sections[region.section].role);
            if role == Some(Role::Pclntab) {
                continue;
            }
            write(image, addr, value);
        }
    }
}

fn tables(binary: &Binary) -> impl Iterator<Item = &Section> {
    binary
        .sections
        .iter()
        .filter(|section| section.loaded && section.name.starts_with(".rela"))
}

/// The patched address and the new value of each relative relocation.
fn entries<'a>(
    binary: &'a Binary,
    section: &Section,
    bytes: &'a [u8],
) -> impl Iterator<Item = (u64, u64)> + 'a {
    let data = buildinfo::content(bytes, section).unwrap_or_default();
    let word = usize::from(binary.pointer_size);
    let kind = relative_kind(binary.goarch.as_deref());
    data.chunks_exact(3 * word).filter_map(move |entry| {
        let reader = Reader {
            data: entry,
            big_endian: binary.big_endian,
            pointer_size: binary.pointer_size,
        };
        let info = reader.word(word)?;
        let type_ = if word == 8 {
            info & 0xffff_ffff
        } else {
            info & 0xff
        };
        (Some(type_) == kind).then_some((reader.word(0)?, reader.word(2 * word)?))
    })
}

/// `R_*_RELATIVE`.
fn relative_kind(goarch: Option<&str>) -> Option<u64> {
    Some(match goarch? {
        "amd64" => 8,
        "arm64" => 1027,
        "s390x" => 12,
        "riscv64" | "loong64" => 3,
        "ppc64" | "ppc64le" => 22,
        _ => return None,
    })
}

fn write(image: &mut Image<'_>, addr: Addr, value: u64) {
    let Some(index) = image.region_index(addr) else {
        return;
    };
    let (big_endian, word) = (image.big_endian, usize::from(image.pointer_size));
    let region = &mut image.regions[index];
    let offset = (addr - region.start) as usize;
    if region.executable || offset + word > region.bytes.len() {
        return;
    }
    let slot = &mut region.bytes.to_mut()[offset..offset + word];
    let encoded = if big_endian {
        value.to_be_bytes()
    } else {
        value.to_le_bytes()
    };
    slot.copy_from_slice(if big_endian {
        &encoded[8 - word..]
    } else {
        &encoded[..word]
    });
}

/// Which addresses each entry of a table patches, in the table's order, with the size of an entry; for owners.
pub(in crate::binary) fn slots(
    image: &Image<'_>,
    bytes: &[u8],
    section: &Section,
) -> (usize, Vec<Option<Addr>>) {
    let word = usize::from(image.pointer_size);
    let size = if section.name.starts_with(".rela") {
        3 * word
    } else {
        2 * word
    };
    let data = buildinfo::content(bytes, section).unwrap_or_default();
    let slot = |entry| image.addr(image.over(entry).word(0)?);
    (size, data.chunks_exact(size).map(slot).collect())
}
