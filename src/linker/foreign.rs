//! An ELF object of a C compiler in, its sections with their symbols and relocations out, as Go's own linker loads them
//! (`cmd/link/internal/loadelf`): only what takes memory, and all of a section or none of it.

use rustc_hash::FxHashSet;

/// What was read.
#[derive(Debug)]
pub(super) struct Foreign<'a> {
    pub(crate) sections: Vec<Section>,
    /// By their number in the object; the first is none.
    pub(crate) symbols: Vec<Symbol<'a>>,
}

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Code,
    Constants,
    Data,
    /// Memory that is zero: nothing in the file.
    Zero,
}

/// A section that takes memory.
#[derive(Debug)]
pub(super) struct Section {
    /// As Go's linker calls it: `net(.text)`.
    pub(crate) name: Vec<u8>,
    pub(crate) content: Content,
    pub(crate) size: u32,
    pub(crate) align: u32,
    /// The symbols that its relocations name, by number.
    pub(crate) targets: Vec<u32>,
}

/// Who finds a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Nobody: the linker leaves it out.
    Nobody,
    /// It stands for its section.
    Section,
    /// The object.
    Object,
    /// All, by its name.
    Program,
}

/// A symbol of the object.
#[derive(Debug)]
pub(super) struct Symbol<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) scope: Scope,
    /// The section that it is a part of, by its place in [`Foreign::sections`].
    pub(crate) section: Option<u32>,
    /// Memory that the linker finds a place for.
    pub(crate) common: bool,
}

const MAGIC: &[u8] = b"\x7fELF";
const RELOCATABLE: u16 = 1;
const PROGBITS: u32 = 1;
const SYMTAB: u32 = 2;
const RELA: u32 = 4;
const NOBITS: u32 = 8;
const REL: u32 = 9;
const COMMON: u16 = 0xfff2;

/// A header of a section.
#[derive(Debug, Clone, Copy)]
struct Header {
    name: u32,
    kind: u32,
    flags: u64,
    offset: u64,
    size: u64,
    link: u32,
    info: u32,
    align: u64,
}

/// Little-endian ELF of 32 or 64 bits.
struct Elf<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl<'a> Elf<'a> {
    fn half(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }

    fn word(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.bytes.get(at..)?.first_chunk()?))
    }

    /// A number of the width of the object: at one place in wide objects, at another in the others.
    fn long(&self, wide: usize, narrow: usize) -> Option<u64> {
        match self.wide {
            true => Some(u64::from_le_bytes(*self.bytes.get(wide..)?.first_chunk()?)),
            false => self.word(narrow).map(u64::from),
        }
    }

    fn pick(&self, wide: usize, narrow: usize) -> usize {
        if self.wide { wide } else { narrow }
    }

    fn headers(&self) -> Option<Vec<Header>> {
        let start = usize::try_from(self.long(0x28, 0x20)?).ok()?;
        let size = usize::from(self.half(self.pick(0x3a, 0x2e))?);
        let count = usize::from(self.half(self.pick(0x3c, 0x30))?);
        let header = |index: usize| {
            let at = start.checked_add(index.checked_mul(size)?)?;
            // Nothing lies behind the last byte of memory.
            at.checked_add(64)?;
            Some(Header {
                name: self.word(at)?,
                kind: self.word(at + 4)?,
                flags: self.long(at + 8, at + 8)?,
                offset: self.long(at + 24, at + 16)?,
                size: self.long(at + 32, at + 20)?,
                link: self.word(self.pick(at + 40, at + 24))?,
                info: self.word(self.pick(at + 44, at + 28))?,
                align: self.long(at + 48, at + 32)?,
            })
        };
        (0..count).map(header).collect()
    }

    fn content(&self, header: &Header) -> Option<&'a [u8]> {
        let start = usize::try_from(header.offset).ok()?;
        let size = usize::try_from(header.size).ok()?;
        self.bytes.get(start..start.checked_add(size)?)
    }
}

/// So many bytes of names may an object have for each byte of it: several names may lie in one, but not many long ones.
const NAMES: usize = 8;

/// Text up to the next zero, with a limit for all that is read.
struct Texts {
    left: usize,
}

impl Texts {
    /// `None` also where the limit is reached.
    fn text<'t>(&mut self, table: &'t [u8], at: u32) -> Option<&'t [u8]> {
        let rest = table.get(at as usize..)?;
        let rest = rest.get(..rest.len().min(self.left))?;
        let found = rest.get(..memchr::memchr(0, rest)?)?;
        self.left -= found.len();
        Some(found)
    }
}

/// Reads an object of a package, whose path is escaped as in names of symbols. `None` for another format, and for what Go's
/// linker would refuse.
pub(super) fn read<'a>(package: &[u8], bytes: &'a [u8]) -> Option<Foreign<'a>> {
    let wide = *bytes.get(4)? == 2;
    let elf = Elf { bytes, wide };
    let little = *bytes.get(5)? == 1;
    if !bytes.starts_with(MAGIC) || !little || elf.half(0x10)? != RELOCATABLE {
        return None;
    }
    let headers = elf.headers()?;
    let names = usize::from(elf.half(elf.pick(0x3e, 0x32))?);
    let names = elf.content(headers.get(names)?)?;
    let table = headers.iter().find(|header| header.kind == SYMTAB);
    let Some(table) = table else {
        // Nothing can refer to it.
        return Some(Foreign {
            sections: Vec::new(),
            symbols: Vec::new(),
        });
    };
    let mut texts = Texts {
        left: bytes.len().saturating_mul(NAMES),
    };
    let (mut sections, places) = sections(package, &elf, &headers, (names, &mut texts))?;
    let strings = elf.content(headers.get(table.link as usize)?)?;
    let is_arm = elf.half(0x12)? == 183;
    let symbols = symbols(&elf, table, (strings, &mut texts), &places, is_arm)?;
    // The lists of relocations lie one behind another: together they are no larger than the object.
    let mut left = bytes.len();
    for header in headers
        .iter()
        .filter(|header| matches!(header.kind, REL | RELA))
    {
        let place = places.get(header.info as usize).copied().flatten();
        let section = place.and_then(|place| sections.get_mut(place as usize));
        if let Some(section) = section.filter(|section| section.content != Content::Zero) {
            left = left.checked_sub(usize::try_from(header.size).ok()?)?;
            section
                .targets
                .extend(targets(&elf, header, symbols.len())?);
        }
    }
    Some(Foreign { sections, symbols })
}

/// The sections that take memory, and where each section of the object stands in them.
fn sections(
    package: &[u8],
    elf: &Elf<'_>,
    headers: &[Header],
    (names, texts): (&[u8], &mut Texts),
) -> Option<(Vec<Section>, Vec<Option<u32>>)> {
    const WRITE: u64 = 1;
    const MEMORY: u64 = 2;
    const CODE: u64 = 4;
    let mut found: Vec<Section> = Vec::new();
    let mut taken: FxHashSet<Vec<u8>> = FxHashSet::default();
    let mut places = vec![None; headers.len()];
    let mut again = 0;
    for (header, place) in headers.iter().zip(&mut places) {
        let flags = header.flags & (WRITE | MEMORY | CODE);
        if !matches!(header.kind, PROGBITS | NOBITS) || flags & MEMORY == 0 {
            continue;
        }
        let content = match flags {
            MEMORY => Content::Constants,
            _ if flags == MEMORY | WRITE && header.kind == NOBITS => Content::Zero,
            _ if flags == MEMORY | WRITE => Content::Data,
            _ if flags == MEMORY | CODE => Content::Code,
            _ => return None,
        };
        if header.kind == PROGBITS {
            elf.content(header)?;
        }
        let plain = texts.text(names, header.name)?;
        let mut name = [package, b"(", plain, b")"].concat();
        while !taken.insert(name.clone()) {
            again += 1;
            let number = again.to_string();
            name = [package, b"(", plain, number.as_bytes(), b")"].concat();
        }
        *place = Some(found.len() as u32);
        found.push(Section {
            name,
            content,
            size: u32::try_from(header.size).ok()?,
            align: u32::try_from(header.align).ok()?,
            targets: Vec::new(),
        });
    }
    Some((found, places))
}

fn symbols<'a>(
    elf: &Elf<'a>,
    table: &Header,
    (strings, texts): (&'a [u8], &mut Texts),
    places: &[Option<u32>],
    is_arm: bool,
) -> Option<Vec<Symbol<'a>>> {
    const LOCAL: u8 = 0;
    const OBJECT: u8 = 1;
    const FUNCTION: u8 = 2;
    const SECTION: u8 = 3;
    const COMMON_SYMBOL: u8 = 5;
    let size = elf.pick(24, 16);
    let symbol = |entry: &[u8]| {
        let number = |at: usize| Some(u32::from_le_bytes(*entry.get(at..)?.first_chunk()?));
        let info = *entry.get(elf.pick(4, 12))?;
        let at = elf.pick(6, 14);
        let index = u16::from_le_bytes([*entry.get(at)?, *entry.get(at + 1)?]);
        let (bind, kind) = (info >> 4, info & 15);
        let name = texts.text(strings, number(0)?)?;
        // Marks of what follows in a section, which assemblers for ARM write.
        let is_mark = is_arm && matches!(name.get(..2), Some(b"$a" | b"$d" | b"$x"));
        let scope = match kind {
            SECTION => Scope::Section,
            0 | OBJECT | FUNCTION | COMMON_SYMBOL if bind == LOCAL && is_mark => Scope::Nobody,
            0 | OBJECT | FUNCTION | COMMON_SYMBOL if bind == LOCAL => Scope::Object,
            0 | OBJECT | FUNCTION | COMMON_SYMBOL => Scope::Program,
            _ => Scope::Nobody,
        };
        Some(Symbol {
            name: if name == b"_GLOBAL_OFFSET_TABLE_" {
                b".got"
            } else {
                name
            },
            scope,
            section: places.get(usize::from(index)).copied().flatten(),
            common: index == COMMON || kind == COMMON_SYMBOL,
        })
    };
    let entries = elf.content(table)?.chunks_exact(size);
    entries.map(symbol).collect()
}

/// The symbols that relocations name, each below `count`.
fn targets(elf: &Elf<'_>, header: &Header, count: usize) -> Option<Vec<u32>> {
    let size = match (elf.wide, header.kind == RELA) {
        (true, true) => 24,
        (true, false) => 16,
        (false, true) => 12,
        (false, false) => 8,
    };
    let mut all = Vec::new();
    for entry in elf.content(header)?.chunks_exact(size) {
        let number = |at: usize| Some(u32::from_le_bytes(*entry.get(at..)?.first_chunk()?));
        let (kind, symbol) = match elf.wide {
            true => (number(8)?, number(12)?),
            false => (number(4)? & 0xff, number(4)? >> 8),
        };
        if kind != 0 && symbol != 0 {
            all.push(Some(symbol).filter(|symbol| (*symbol as usize) < count)?);
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit object: names, a table of symbols, `sections` that all take memory, and `lists` of relocations that all lie over
    /// all of it.
    fn object(names: &[u8], symbols: &[u32], sections: u16, lists: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        let at = bytes.len() as u64;
        bytes.extend(names);
        let table = bytes.len() as u64;
        for name in symbols {
            bytes.extend(name.to_le_bytes());
            bytes.extend([0; 20]);
        }
        let start = bytes.len() as u64;
        let mut header = |kind: u32, flags: u64, offset: u64, size: u64, link: u32, info: u32| {
            bytes.extend([0, kind].iter().flat_map(|n| n.to_le_bytes()));
            bytes.extend(
                [flags, 0, offset, size]
                    .iter()
                    .flat_map(|n| n.to_le_bytes()),
            );
            bytes.extend([link, info].iter().flat_map(|n| n.to_le_bytes()));
            bytes.extend([1_u64, 0].iter().flat_map(|n| n.to_le_bytes()));
        };
        header(3, 0, at, names.len() as u64, 0, 0);
        header(SYMTAB, 0, table, 24 * symbols.len() as u64, 0, 0);
        for _ in 0..sections {
            header(PROGBITS, 2, 0, 0, 0, 0);
        }
        for _ in 0..lists {
            header(RELA, 0, 64, start - 64, 1, 2);
        }
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4..6].copy_from_slice(&[2, 1]);
        bytes[0x10] = RELOCATABLE as u8;
        bytes[0x28..0x30].copy_from_slice(&start.to_le_bytes());
        bytes[0x3a..0x3c].copy_from_slice(&64_u16.to_le_bytes());
        bytes[0x3c..0x3e].copy_from_slice(&(2 + sections + lists).to_le_bytes());
        bytes
    }

    #[test]
    fn a_hostile_object_is_refused_at_once() {
        let names = [vec![b'x'; 100_000], vec![0]].concat();
        let some = read(b"p", &object(&names, &[0, 99_000], 1, 0)).map(|found| found.sections);
        assert_eq!(some.map(|sections| sections.len()), Some(1));
        // As many sections of one name as there can be.
        let many = read(b"p", &object(b"\0", &[0], 60_000, 0)).map(|found| found.sections);
        assert_eq!(many.map(|sections| sections.len()), Some(60_000));
        // Lists of relocations that lie over each other, and names that do.
        let zeros = vec![0; 1 << 20];
        assert!(read(b"p", &object(&zeros, &[0], 1, 1)).is_some());
        assert!(read(b"p", &object(&zeros, &[0], 1, 60_000)).is_none());
        assert!(read(b"p", &object(&names, &vec![0; 100_000], 1, 0)).is_none());
        assert!(read(b"p", &object(&vec![b'x'; 100_000], &[0], 1, 0)).is_none());
    }
}
