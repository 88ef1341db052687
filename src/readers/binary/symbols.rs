//! Reads the data symbols of an executable. wasm has none.

use super::bytes::Reader;
use super::{Binary, Format, Role, Section};

/// A name for a place.
pub(super) struct Symbol<'a> {
    pub(crate) address: u64,
    /// `None` where the format has no sizes.
    pub(crate) size: Option<u64>,
    pub(crate) name: &'a [u8],
}

/// Calls `each` with every symbol that a section has; those of code are among them.
pub(super) fn read<'a>(bytes: &'a [u8], binary: &Binary, each: impl FnMut(Symbol<'a>)) {
    let reader = Reader {
        data: bytes,
        big_endian: binary.big_endian,
        pointer_size: binary.pointer_size,
    };
    // A table that is damaged ends early.
    let _ = match binary.format {
        Format::Elf => elf(reader, binary, each),
        Format::Pe => pe(reader, binary, each),
        Format::MachO => mach_o(reader, each),
        Format::Wasm => None,
    };
}

/// The text at an offset, up to its NUL. No name is longer than the longest that a compiler writes.
fn name(strings: &[u8], offset: u32) -> &[u8] {
    const LONGEST: usize = 1 << 16;
    let rest = strings.get(offset as usize..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LONGEST)];
    &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
}

fn content<'a>(reader: Reader<'a>, section: &Section) -> Option<&'a [u8]> {
    let (start, size) = (section.offset, section.file_size);
    reader.slice(usize::try_from(start).ok()?, usize::try_from(size).ok()?)
}

fn elf<'a>(reader: Reader<'a>, binary: &Binary, mut each: impl FnMut(Symbol<'a>)) -> Option<()> {
    let section = |name: &str| {
        let mut all = binary.sections.iter();
        all.find(|section| section.role == Role::Symbols && section.name == name)
    };
    let strings = content(reader, section(".strtab")?)?;
    let table = content(reader, section(".symtab")?)?;
    let wide = reader.pointer_size == 8;
    const OBJECT: u8 = 1;
    for entry in table.chunks_exact(if wide { 24 } else { 16 }) {
        let entry = Reader {
            data: entry,
            ..reader
        };
        let (info, value, size) = match wide {
            true => (4, entry.u64(8)?, entry.u64(16)?),
            false => (12, u64::from(entry.u32(4)?), u64::from(entry.u32(8)?)),
        };
        if entry.u8(info)? & 15 == OBJECT && size > 0 {
            each(Symbol {
                address: value,
                size: Some(size),
                name: name(strings, entry.u32(0)?),
            });
        }
    }
    Some(())
}

/// COFF: a table behind the sections, a string table behind that.
fn pe<'a>(reader: Reader<'a>, binary: &Binary, mut each: impl FnMut(Symbol<'a>)) -> Option<()> {
    const SIZE: usize = 18;
    let header = reader.u32(0x3c)? as usize + 4;
    let (start, count) = (
        reader.u32(header + 8)? as usize,
        reader.u32(header + 12)? as usize,
    );
    let length = count.checked_mul(SIZE)?;
    let table = reader.slice(start, length)?;
    let strings = reader.data.get(start.checked_add(length)?..)?;
    let mut skip = 0;
    for entry in table.chunks_exact(SIZE) {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let entry = Reader {
            data: entry,
            ..reader
        };
        skip = usize::from(entry.u8(17)?);
        let section = usize::from(entry.u16(12)?).checked_sub(1);
        let Some(section) = section.and_then(|section| binary.sections.get(section)) else {
            continue;
        };
        let short = entry.slice(0, 8)?;
        let name = match entry.u32(0)? {
            0 => name(strings, entry.u32(4)?),
            _ => name(short, 0),
        };
        // A section is a symbol, too.
        if section.loaded && !section.executable && name != section.name.as_bytes() {
            each(Symbol {
                address: section.address.wrapping_add(u64::from(entry.u32(8)?)),
                size: None,
                name,
            });
        }
    }
    Some(())
}

fn mach_o<'a>(reader: Reader<'a>, mut each: impl FnMut(Symbol<'a>)) -> Option<()> {
    const SYMTAB: u32 = 2;
    let wide = reader.pointer_size == 8;
    let mut at = if wide { 32 } else { 28 };
    for _ in 0..reader.u32(16)? {
        let (command, size) = (reader.u32(at)?, reader.u32(at + 4)? as usize);
        if command != SYMTAB {
            at = at.checked_add(size.max(8))?;
            continue;
        }
        let field = |index: usize| Some(reader.u32(at + 4 * index)? as usize);
        let strings = reader.slice(field(4)?, field(5)?)?;
        let size = if wide { 16 } else { 12 };
        let table = reader.slice(field(2)?, field(3)?.checked_mul(size)?)?;
        for entry in table.chunks_exact(size) {
            let entry = Reader {
                data: entry,
                ..reader
            };
            // In a section, and not for debuggers.
            if entry.u8(4)? & 0xee == 0x0e {
                let found = name(strings, entry.u32(0)?);
                each(Symbol {
                    address: entry.word(8)?,
                    size: None,
                    name: found.strip_prefix(b"_").unwrap_or(found),
                });
            }
        }
        return Some(());
    }
    None
}
