//! Finds the tables of the runtime's line table in memory.
//!
//! Layout: `cmd/link/internal/ld/pcln.go`, `runtime/symtab.go`, `internal/abi/symtab.go`, Go 1.20 to 1.27.

use std::ops::Range;

use super::Role;
use super::image::{Addr, Image};

/// The fixed part of a record.
pub(super) const RECORD_SIZE: u32 = 44;

/// Go 1.20 to 1.27; older layouts differ in the function record and are declined.
const MAGIC: u32 = 0xffff_fff1;
const OLDER: [u32; 3] = [0xffff_fff0, 0xffff_fffa, 0xffff_fffb];

/// Where the tables are.
#[derive(Debug, Clone)]
pub(super) struct Pclntab {
    pub(crate) header: Range<Addr>,
    /// NUL-terminated function names.
    pub(crate) names: Range<Addr>,
    /// Offsets into `files`, a row per compile unit.
    pub(crate) units: Range<Addr>,
    /// NUL-terminated file names.
    pub(crate) files: Range<Addr>,
    /// Tables from pc to a value, as varints.
    pub(crate) values: Range<Addr>,
    /// The index of functions and their records; its end is that of the region until more is known.
    pub(crate) functions: Range<Addr>,
    pub(crate) count: u32,
    /// The smallest instruction.
    pub(crate) quantum: u8,
    /// The address of the first function, where the header has it (before Go 1.26).
    pub(crate) text: Option<u64>,
    /// The five offsets of the header: names, units, files, values, functions.
    pub(crate) offsets: [u64; 5],
}

/// What [`find`] met.
pub(super) enum Found {
    Table(Box<Pclntab>),
    /// A table of a Go version before 1.20.
    Old,
    Nothing,
}

/// By the section's role, else by its magic number in any loaded section.
pub(super) fn find(image: &Image<'_>, roles: &[Role]) -> Found {
    let named = |index: usize| roles.get(image.regions[index].section) == Some(&Role::Pclntab);
    let mut order: Vec<usize> = (0..image.regions.len())
        .filter(|&region| !image.regions[region].executable)
        .collect();
    order.sort_by_key(|&region| !named(region));
    let mut old = false;
    for index in order {
        let region = &image.regions[index];
        if let Some(table) = scan(image, index, MAGIC) {
            return Found::Table(Box::new(table));
        }
        let starts = |magic: u32| image.over(&region.bytes).u32(0) == Some(magic);
        old |= named(index) && OLDER.into_iter().any(starts);
    }
    if old { Found::Old } else { Found::Nothing }
}

fn scan(image: &Image<'_>, index: usize, magic: u32) -> Option<Pclntab> {
    let region = &image.regions[index];
    let number = if image.big_endian {
        magic.to_be_bytes()
    } else {
        magic.to_le_bytes()
    };
    let needle = [number[0], number[1], number[2], number[3], 0, 0];
    memchr::memmem::find_iter(&region.bytes, &needle)
        .filter(|at| at % 4 == 0)
        .take(1000)
        .find_map(|at| parse(image, region.start + at as Addr, region.end()))
}

/// `None` when a number in the header is out of order: the magic number also occurs by chance.
fn parse(image: &Image<'_>, start: Addr, end: Addr) -> Option<Pclntab> {
    let reader = image.reader(start)?;
    let word = usize::from(image.pointer_size);
    let quantum = reader.u8(6)?;
    if !matches!(quantum, 1 | 2 | 4) || reader.u8(7)? != image.pointer_size {
        return None;
    }
    let field = |index: usize| reader.word(8 + index * word);
    let count = u32::try_from(field(0)?).ok().filter(|&count| count > 0)?;
    let text = field(2).filter(|&text| text != 0);
    let offsets = [field(3)?, field(4)?, field(5)?, field(6)?, field(7)?];
    if !offsets.is_sorted() || offsets[0] < 8 + 8 * word as u64 {
        return None;
    }
    let at = |index: usize| start.checked_add(u32::try_from(offsets[index]).ok()?);
    let functions = at(4)?;
    // Each function has a place in the index and a record of its own.
    let index_size = u64::from(count) * u64::from(8 + RECORD_SIZE) + 4;
    if u64::from(functions) + index_size > u64::from(end) {
        return None;
    }
    Some(Pclntab {
        header: start..at(0)?,
        names: at(0)?..at(1)?,
        units: at(1)?..at(2)?,
        files: at(2)?..at(3)?,
        values: at(3)?..functions,
        functions: functions..end,
        count,
        quantum,
        text,
        offsets,
    })
}
