//! Finds the runtime's own table of contents in memory.
//!
//! It is found by content: seven of its words are addresses that the header of the line table gives. Which of the
//! layouts of Go 1.20 to 1.27 it has is seen from the values, not from a version. Layout: `runtime/symtab.go`.

use super::Section;
use super::image::{Addr, Image};
use super::pclntab::Pclntab;

/// How many words are read; what follows them differs too much and is not needed.
const WORDS: usize = 52;

/// How many words it has in Go 1.`minor` (`type moduledata`, `runtime/symtab.go`; the same for four and eight bytes): the least that
/// any has, where the version is not known.
pub(super) fn length_in_words(minor: Option<u32>) -> u32 {
    match minor {
        Some(..=22 | 26) => 74,
        Some(23..=25) => 73,
        _ => 71,
    }
}

/// What is used of `runtime.firstmoduledata`.
#[derive(Debug, Clone, Default)]
pub(super) struct Moduledata {
    pub(crate) addr: Addr,
    /// Where the line table begins.
    pub(crate) line_table: Addr,
    /// Where Go's code begins.
    pub(crate) text: u64,
    /// Maps parts of the code to addresses where there are several (`ppc64`, `arm`).
    pub(crate) sections: Vec<TextSection>,
    /// Descriptors, names and what else has a `type:` symbol.
    pub(crate) types: Addr,
    pub(crate) etypes: Addr,
    /// Base of the offsets of stack maps and other data per function.
    pub(crate) gofunc: Option<Addr>,
    pub(crate) findfunctab: Option<Addr>,
    /// Variables without and with pointers.
    pub(crate) variables: [Option<(Addr, Addr)>; 2],
    /// GC masks of data and bss.
    pub(crate) masks: [Option<Addr>; 2],
    /// How the types are listed.
    pub(crate) listing: Listing,
}

/// Where the walk over types begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listing {
    /// To Go 1.26: offsets of some types, and pointers to itabs; (address, count).
    Links {
        types: (Addr, u32),
        itabs: (Addr, u32),
    },
    /// From Go 1.27: descriptors in a row from `types`, itabs in a row.
    Rows {
        types_end: Addr,
        itabs: Addr,
        itabs_end: Addr,
    },
}

impl Default for Listing {
    fn default() -> Self {
        Self::Links {
            types: (0, 0),
            itabs: (0, 0),
        }
    }
}

/// A part of the code: offset within the code, its end, and where it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextSection {
    pub(crate) offset: u64,
    pub(crate) end: u64,
    pub(crate) address: u64,
}

/// The first place whose words fit.
pub(super) fn find(image: &Image<'_>, table: &Pclntab, sections: &[Section]) -> Option<Moduledata> {
    let mut order: Vec<usize> = (0..image.regions.len())
        .filter(|&region| !image.regions[region].executable)
        .collect();
    order.sort_by_key(|&it| {
        let region = &image.regions[it];
        let named = sections
            .get(region.section)
            .is_some_and(|section| section.name.contains("module"));
        (!named, !region.writable)
    });
    order
        .into_iter()
        .find_map(|region| scan(image, region, table))
}

fn scan(image: &Image<'_>, index: usize, table: &Pclntab) -> Option<Moduledata> {
    let region = &image.regions[index];
    let word = usize::from(image.pointer_size);
    let address = image.base + u64::from(table.header.start);
    let encoded = if image.big_endian {
        address.to_be_bytes()
    } else {
        address.to_le_bytes()
    };
    let needle = if image.big_endian {
        &encoded[8 - word..]
    } else {
        &encoded[..word]
    };
    memchr::memmem::find_iter(&region.bytes, needle)
        .filter(|at| at % word == 0)
        .find_map(|at| decode(image, region.start + at as Addr, address, table))
}

fn decode(image: &Image<'_>, addr: Addr, header: u64, table: &Pclntab) -> Option<Moduledata> {
    let reader = image.reader(addr)?;
    let word = usize::from(image.pointer_size);
    let mut words = [0u64; WORDS];
    for (index, slot) in words.iter_mut().enumerate() {
        *slot = reader.word(index * word).unwrap_or(0);
    }
    let [names, units, files, values, functions] =
        table.offsets.map(|offset| header.wrapping_add(offset));
    let expected = [
        (1, names),
        (4, units),
        (7, files),
        (10, values),
        (13, functions),
        (16, functions),
    ];
    if expected.iter().any(|&(index, value)| words[index] != value) {
        return None;
    }
    let mut found = Moduledata {
        addr,
        line_table: table.header.start,
        text: words[22],
        ..Moduledata::default()
    };
    found.findfunctab = image
        .addr(words[19])
        .filter(|&addr| image.region(addr).is_some());
    let range = |at: usize| image.addr(words[at]).zip(image.addr(words[at + 1]));
    found.variables = [24, 26].map(|it| range(it).filter(|entry| entry.0 < entry.1));
    found.masks = [35, 36].map(|index| image.addr(words[index]));
    layout(image, &words, &mut found);
    Some(found)
}

/// Fills in what stands after `types`, whose place differs between versions.
fn layout(image: &Image<'_>, words: &[u64; WORDS], found: &mut Moduledata) {
    let region = |value: u64| image.addr(value).and_then(|addr| image.region_index(addr));
    let lengths = words[38] < words[37] && words[40] < words[39] && words[39] >= words[37];
    let rows_fit = words[37]
        .saturating_add(words[40])
        .saturating_add(words[41])
        <= words[39];
    let (etypes, gofunc, map) = if lengths && rows_fit {
        (39, 43, 45)
    } else {
        // Two slices follow, `textsectmap` and `typelinks`; their lengths equal their capacities. Go 1.26 put a word before them.
        let inserted = words[43] == words[44] && words[46] == words[47];
        (38, 40, if inserted { 42 } else { 41 })
    };
    found.gofunc = image
        .addr(words[gofunc])
        .filter(|&addr| image.region(addr).is_some());
    let (Some(types), Some(end)) = (image.addr(words[37]), image.addr(words[etypes])) else {
        return;
    };
    if types > end || region(words[37]).is_none() {
        return;
    }
    (found.types, found.etypes) = (types, end);
    found.sections = text_sections(image, words[map], words[map + 1]);
    let slice = |index: usize| {
        (
            image.addr(words[index]).unwrap_or(0),
            u32::try_from(words[index + 1]).unwrap_or(0),
        )
    };
    found.listing = if etypes == 39 {
        let at = |distance: u64| {
            types
                .saturating_add(u32::try_from(distance).unwrap_or(0))
                .min(end)
        };
        Listing::Rows {
            types_end: at(words[38]),
            itabs: at(words[40]),
            itabs_end: at(words[40].saturating_add(words[41])),
        }
    } else {
        Listing::Links {
            types: slice(map + 3),
            itabs: slice(map + 6),
        }
    };
}

/// Only where there are several: one part needs no map.
fn text_sections(image: &Image<'_>, address: u64, count: u64) -> Vec<TextSection> {
    if !(2..=1024).contains(&count) {
        return Vec::new();
    }
    let Some(reader) = image.addr(address).and_then(|addr| image.reader(addr)) else {
        return Vec::new();
    };
    let word = usize::from(image.pointer_size);
    let entry = |index: usize| {
        let field = |field: usize| reader.word((index * 3 + field) * word);
        Some(TextSection {
            offset: field(0)?,
            end: field(1)?,
            address: field(2)?,
        })
    };
    (0..count as usize).map_while(entry).collect()
}

impl Moduledata {
    /// The address of a function from its offset in the line table.
    pub(crate) fn entry(&self, offset: u64) -> u64 {
        let part = self
            .sections
            .iter()
            .find(|section| section.offset <= offset && offset < section.end);
        match part {
            Some(it) => it.address.wrapping_add(offset - it.offset),
            None => self.text.wrapping_add(offset),
        }
    }
}
