//! A real executable in, the places that a parser looks at out: tables of rows, with the widths of their columns.

use std::ops::Range;
use std::sync::Arc;

use gobuild_opt::binary::{self, Binary};

/// Rows of fields in a file.
#[derive(Debug, Clone)]
pub struct Table {
    pub start: usize,
    pub length: usize,
    /// Bytes of each field of a row.
    pub widths: Vec<usize>,
}

/// An executable to damage, and where.
pub struct Seed {
    pub name: String,
    pub bytes: Vec<u8>,
    pub big_endian: bool,
    pub tables: Vec<Table>,
}

impl Seed {
    /// Finds the places of one parser; a file without any is no seed for it.
    pub fn new(name: String, bytes: &Arc<Vec<u8>>, find: fn(&File<'_>) -> Vec<Table>) -> Self {
        let read = binary::read(bytes).unwrap();
        let file = File {
            bytes,
            read: &read,
            word: usize::from(read.pointer_size),
        };
        let mut tables = find(&file);
        tables.retain(|it| it.length > 0 && it.start + it.length <= bytes.len());
        assert!(!tables.is_empty(), "{name}: nothing to damage");
        Self {
            name,
            bytes: bytes.to_vec(),
            big_endian: read.big_endian,
            tables,
        }
    }
}

/// A seed while its places are looked for.
pub struct File<'a> {
    pub bytes: &'a [u8],
    pub read: &'a Binary,
    word: usize,
}

pub fn table(start: usize, length: usize, widths: &[usize]) -> Table {
    Table {
        start,
        length,
        widths: widths.to_vec(),
    }
}

impl File<'_> {
    fn number(&self, at: usize, width: usize) -> usize {
        let push = |sum: usize, it: &u8| sum << 8 | usize::from(*it);
        let word = &self.bytes[at..at + width];
        if self.read.big_endian {
            word.iter().fold(0, push)
        } else {
            word.iter().rev().fold(0, push)
        }
    }

    /// Where an address of the program stands in the file.
    fn place(&self, address: usize) -> Option<usize> {
        let address = address as u64;
        let holds = |it: &&binary::Section| {
            it.loaded && (it.address..it.address + it.file_size).contains(&address)
        };
        let found = self.read.sections.iter().find(holds)?;
        Some((found.offset + address - found.address) as usize)
    }

    fn address(&self, place: usize) -> Option<usize> {
        let place = place as u64;
        let holds = |it: &&binary::Section| (it.offset..it.offset + it.file_size).contains(&place);
        let found = self.read.sections.iter().find(holds)?;
        Some((found.address + place - found.offset) as usize)
    }

    fn section(&self, name: &str) -> Option<Range<usize>> {
        let found = self.read.sections.iter().find(|it| it.name == name)?;
        Some(found.offset as usize..(found.offset + found.file_size) as usize)
    }

    /// Where the line table begins.
    fn line_table(&self) -> Option<usize> {
        let mut magic = 0xffff_fff1_u32.to_le_bytes();
        if self.read.big_endian {
            magic.reverse();
        }
        let found = memchr::memmem::find_iter(self.bytes, &magic);
        let mut fits = found.filter(|it| {
            let rest = &self.bytes[it + 4..it + 8];
            rest[..2] == [0, 0] && matches!(rest[2], 1 | 2 | 4) && usize::from(rest[3]) == self.word
        });
        fits.next()
    }

    /// Where the runtime's table of contents begins; in position-independent programs the relocations have it.
    fn contents(&self) -> Option<usize> {
        let table = self.line_table()?;
        let header = self.address(table)?;
        let names = header + self.number(table + 8 + 3 * self.word, self.word);
        let places = (0..self.bytes.len() - 2 * self.word).step_by(self.word);
        let mut fits = places.filter(|&it| {
            self.number(it, self.word) == header && self.number(it + self.word, self.word) == names
        });
        fits.next()
    }
}

/// ELF: header, segments, sections, their names, relocations, notes.
pub fn elf(file: &File<'_>) -> Vec<Table> {
    let word = file.word;
    let wide = word == 8;
    let header = [&[1; 16][..], &[2, 2, 4], &[word; 3], &[4], &[2; 6]].concat();
    let size = header.iter().sum();
    let (segments, sections) = if wide {
        (file.number(32, 8), file.number(40, 8))
    } else {
        (file.number(28, 4), file.number(32, 4))
    };
    let at = if wide { 54 } else { 42 };
    let count = |index: usize| file.number(at + 2 * index, 2);
    let segment: &[usize] = if wide {
        &[4, 4, 8, 8, 8, 8, 8, 8]
    } else {
        &[4; 8]
    };
    let section: &[usize] = if wide {
        &[4, 4, 8, 8, 8, 8, 4, 4, 8, 8]
    } else {
        &[4; 10]
    };
    let mut found = vec![
        table(0, size, &header),
        table(segments, count(0) * count(1), segment),
        table(sections, count(2) * count(3), section),
        table(sections, count(2) * count(3), section),
    ];
    for it in &file.read.sections {
        let (start, length) = (it.offset as usize, it.file_size as usize);
        match it.name.as_str() {
            ".shstrtab" => found.push(table(start, length, &[1])),
            name if name.starts_with(".rel") => found.push(table(start, length, &[word; 3])),
            name if name.starts_with(".note") => found.push(table(start, length, &[4])),
            _ => {}
        }
    }
    found
}

/// PE: headers, directories, sections, unwind tables, relocations, symbols.
pub fn pe(file: &File<'_>) -> Vec<Table> {
    let coff = file.number(0x3c, 4) + 4;
    let optional = file.number(coff + 16, 2);
    let sections = coff + 20 + optional;
    let count = file.number(coff + 2, 2);
    let mut found = vec![
        table(0x3c, 4, &[4]),
        table(coff - 4, 24, &[4, 2, 2, 4, 4, 4, 2, 2]),
        table(coff + 20, optional, &[2, 2]),
        table(coff + 20, optional, &[4, 4]),
        table(sections, count * 40, &[8, 4, 4, 4, 4, 4, 4, 2, 2, 4]),
        table(sections, count * 40, &[8, 4, 4, 4, 4, 4, 4, 2, 2, 4]),
    ];
    for (name, widths) in [(".pdata", &[4; 3][..]), (".reloc", &[4, 4, 2, 2, 2, 2])] {
        let range = file.section(name).unwrap_or_default();
        found.push(table(range.start, range.len(), widths));
    }
    let range = file.section(".symtab").unwrap_or_default();
    found.push(table(range.start, range.len(), &[8, 4, 2, 2, 1, 1]));
    found
}

/// Mach-O: header and load commands, as words of both widths.
pub fn mach_o(file: &File<'_>) -> Vec<Table> {
    let commands = file.number(20, 4);
    vec![
        table(0, 32, &[4; 8]),
        table(32, commands, &[4]),
        table(32, commands, &[8]),
        // A segment with the first of its sections.
        table(
            32,
            commands.min(72 + 80),
            &[4, 4, 16, 8, 8, 8, 8, 4, 4, 4, 4],
        ),
    ]
}

/// wasm: what stands before each section and before stretches of data, function bodies, names.
pub fn wasm(file: &File<'_>) -> Vec<Table> {
    let mut found = vec![table(0, 8, &[4])];
    for it in &file.read.sections {
        let (start, length) = (it.offset as usize, it.file_size as usize);
        found.push(table(start.saturating_sub(6), 24, &[1]));
        match it.name.as_str() {
            "data" => {
                found.push(table(start, length, &[1]));
                found.push(table(start, length.min(200), &[1]));
            }
            "code" => found.push(table(start, length, &[1])),
            _ => found.push(table(start, length.min(400), &[1])),
        }
    }
    found
}

/// Go's build information, whose lengths are varints.
pub fn build_info(file: &File<'_>) -> Vec<Table> {
    let magic = b"\xff Go buildinf:";
    let places = memchr::memmem::find_iter(file.bytes, magic);
    let mut found: Vec<Table> = places
        .flat_map(|it| [table(it, 80, &[1]), table(it, 600, &[1])])
        .collect();
    for mark in [&b"\x30\x77\xaf\x0c"[..], b"\xff Go build ID"] {
        let places = memchr::memmem::find_iter(file.bytes, mark);
        found.extend(places.map(|it| table(it, 400, &[1])));
    }
    found
}

/// The line table: header, index, records, and the tables of bytes.
pub fn line_table(file: &File<'_>) -> Vec<Table> {
    let Some(start) = file.line_table() else {
        return Vec::new();
    };
    let word = file.word;
    let header = [&[4, 1, 1, 1, 1][..], &[word; 8]].concat();
    let field = |index: usize| file.number(start + 8 + index * word, word);
    let (count, index) = (field(0), start + field(7));
    let records = index + 8 * count + 4;
    vec![
        table(start, 8 + 8 * word, &header),
        table(start, 8 + 8 * word, &header),
        table(index, 8 * count, &[4, 4]),
        table(records, 60 * count, &[4]),
        table(records, 440, &[4; 11]),
        table(start + field(3), field(4) - field(3), &[1]),
        table(start + field(4), field(6) - field(4), &[4]),
        table(start + field(6), field(7) - field(6), &[1]),
    ]
}

/// The runtime's table of contents.
pub fn contents(file: &File<'_>) -> Vec<Table> {
    let Some(start) = file.contents() else {
        return Vec::new();
    };
    let widths = [file.word; 1];
    vec![
        table(start, 60 * file.word, &widths),
        // Where the versions differ.
        table(start + 35 * file.word, 18 * file.word, &widths),
    ]
}

/// Type descriptors, their names, and method tables.
pub fn types(file: &File<'_>) -> Vec<Table> {
    let Some(contents) = file.contents() else {
        return Vec::new();
    };
    let field = |index: usize| file.number(contents + index * file.word, file.word);
    // A length stands between begin and end from Go 1.27 on.
    let end = if field(38) < field(37) {
        field(39)
    } else {
        field(38)
    };
    let (Some(start), length) = (file.place(field(37)), end - field(37)) else {
        return Vec::new();
    };
    let word = file.word;
    let head = [&[word, word, 4, 1, 1, 1, 1][..], &[word, word, 4, 4]].concat();
    vec![
        table(start, length, &[word]),
        table(start, length, &[4]),
        table(start, length, &[1]),
        table(start + word, length - word, &head),
        table(contents + 37 * word, 14 * word, &[word]),
    ]
}
