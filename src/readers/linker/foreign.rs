//! An ELF object of a C compiler in, its sections with their symbols and relocations out, as Go's own linker loads them
//! (`cmd/link/internal/loadelf`): only what takes memory, and all of a section or none of it.

use goblin::container::Ctx;
use goblin::elf::header::{EM_AARCH64, ET_REL, Header};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHN_COMMON, SHT_NOBITS, SHT_PROGBITS, SHT_REL, SHT_RELA,
    SHT_SYMTAB, SectionHeader,
};
use goblin::elf::sym::{
    STB_LOCAL, STT_COMMON, STT_FUNC, STT_NOTYPE, STT_OBJECT, STT_SECTION, Sym, Symtab,
};
use goblin::elf::{self, RelocSection};
use rustc_hash::FxHashSet;

use crate::binary::contain;

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

/// An object, with its header and those of its sections.
struct Elf<'a> {
    bytes: &'a [u8],
    header: Header,
    context: Ctx,
    headers: Vec<SectionHeader>,
}

impl<'a> Elf<'a> {
    /// `None` for another format than little-endian objects, and for one whose headers lie outside of it.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let header = elf::Elf::parse_header(bytes).ok()?;
        let endian = header.endianness().ok()?;
        // A count of 0 stands for more sections than Go's linker reads.
        if !endian.is_little() || header.e_type != ET_REL || header.e_shnum == 0 {
            return None;
        }
        let context = Ctx::new(header.container().ok()?, endian);
        let (start, count) = (usize::try_from(header.e_shoff).ok()?, header.e_shnum.into());
        Some(Self {
            bytes,
            context,
            headers: SectionHeader::parse(bytes, start, count, context).ok()?,
            header,
        })
    }

    fn content(&self, header: &SectionHeader) -> Option<&'a [u8]> {
        let (start, size) = span(header)?;
        self.bytes.get(start..start.checked_add(size)?)
    }
}

/// Where a section begins in the object, and how long it is.
fn span(header: &SectionHeader) -> Option<(usize, usize)> {
    let start = usize::try_from(header.sh_offset).ok()?;
    Some((start, usize::try_from(header.sh_size).ok()?))
}

/// So many bytes of names may an object have for each byte of it: several names may lie in one, but not many long ones.
const NAMES: usize = 8;

/// Text up to the next zero, with a limit for all that is read.
struct Texts {
    left: usize,
}

impl Texts {
    /// `None` also where the limit is reached.
    fn text<'t>(&mut self, table: &'t [u8], at: usize) -> Option<&'t [u8]> {
        let rest = table.get(at..)?;
        let rest = rest.get(..rest.len().min(self.left))?;
        let found = rest.get(..memchr::memchr(0, rest)?)?;
        self.left -= found.len();
        Some(found)
    }
}

/// Reads an object of a package, whose path is escaped as in names of symbols. `None` for another format, and for what Go's
/// linker would refuse.
pub(super) fn read<'a>(package: &[u8], bytes: &'a [u8]) -> Option<Foreign<'a>> {
    contain(|| parse(package, bytes))
}

fn parse<'a>(package: &[u8], bytes: &'a [u8]) -> Option<Foreign<'a>> {
    let elf = Elf::of(bytes)?;
    let names = elf.headers.get(usize::from(elf.header.e_shstrndx))?;
    let names = elf.content(names)?;
    let mut tables = elf.headers.iter();
    let Some(table) = tables.find(|header| header.sh_type == SHT_SYMTAB) else {
        // Nothing can refer to it.
        return Some(Foreign {
            sections: Vec::new(),
            symbols: Vec::new(),
        });
    };
    let mut texts = Texts {
        left: bytes.len().saturating_mul(NAMES),
    };
    let (mut sections, places) = sections(package, &elf, (names, &mut texts))?;
    let symbols = symbols(&elf, table, &mut texts, &places)?;
    add_targets(&elf, &mut sections, (&places, symbols.len()))?;
    Some(Foreign { sections, symbols })
}

/// Adds to each section what its relocations name, of so many `symbols`.
fn add_targets(
    elf: &Elf<'_>,
    sections: &mut [Section],
    (places, symbols): (&[Option<u32>], usize),
) -> Option<()> {
    // The lists of relocations lie one behind another: together they are no larger than the object.
    let mut left = elf.bytes.len();
    for header in &elf.headers {
        let place = places.get(header.sh_info as usize).copied().flatten();
        let section = place.and_then(|place| sections.get_mut(place as usize));
        let section = section.filter(|section| section.content != Content::Zero);
        if let Some(section) = section.filter(|_| matches!(header.sh_type, SHT_REL | SHT_RELA)) {
            left = left.checked_sub(usize::try_from(header.sh_size).ok()?)?;
            section.targets.extend(targets(elf, header, symbols)?);
        }
    }
    Some(())
}

const WRITE: u64 = SHF_WRITE as u64;
const MEMORY: u64 = SHF_ALLOC as u64;
const CODE: u64 = SHF_EXECINSTR as u64;

/// Whether a section is in memory when the program runs.
fn takes_memory(header: &SectionHeader) -> bool {
    matches!(header.sh_type, SHT_PROGBITS | SHT_NOBITS) && header.sh_flags & MEMORY != 0
}

/// What a section holds that takes memory. `None` for what Go's linker does not read.
fn content(header: &SectionHeader) -> Option<Content> {
    const VARIABLES: u64 = MEMORY | WRITE;
    const FUNCTIONS: u64 = MEMORY | CODE;
    match header.sh_flags & (WRITE | MEMORY | CODE) {
        MEMORY => Some(Content::Constants),
        VARIABLES if header.sh_type == SHT_NOBITS => Some(Content::Zero),
        VARIABLES => Some(Content::Data),
        FUNCTIONS => Some(Content::Code),
        _ => None,
    }
}

/// The sections that take memory, and where each section of the object stands in them.
fn sections(
    package: &[u8],
    elf: &Elf<'_>,
    (names, texts): (&[u8], &mut Texts),
) -> Option<(Vec<Section>, Vec<Option<u32>>)> {
    let mut found: Vec<Section> = Vec::new();
    let mut taken: FxHashSet<Vec<u8>> = FxHashSet::default();
    let mut places = vec![None; elf.headers.len()];
    let mut again = 0;
    for (header, place) in elf.headers.iter().zip(&mut places) {
        if !takes_memory(header) {
            continue;
        }
        let content = content(header)?;
        if header.sh_type == SHT_PROGBITS {
            elf.content(header)?;
        }
        let plain = texts.text(names, header.sh_name)?;
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
            size: u32::try_from(header.sh_size).ok()?,
            align: u32::try_from(header.sh_addralign).ok()?,
            targets: Vec::new(),
        });
    }
    Some((found, places))
}

fn symbols<'a>(
    elf: &Elf<'a>,
    table: &SectionHeader,
    texts: &mut Texts,
    places: &[Option<u32>],
) -> Option<Vec<Symbol<'a>>> {
    let strings = elf.headers.get(table.sh_link as usize)?;
    let strings = elf.content(strings)?;
    let (start, size) = span(table)?;
    let count = size / Sym::size(elf.context.container);
    let all = Symtab::parse(elf.bytes, start, count, elf.context).ok()?;
    let is_arm = elf.header.e_machine == EM_AARCH64;
    let symbol = |symbol: Sym| {
        let name = texts.text(strings, symbol.st_name)?;
        Some(Symbol {
            name: if name == b"_GLOBAL_OFFSET_TABLE_" {
                b".got"
            } else {
                name
            },
            scope: scope(&symbol, name, is_arm),
            section: places.get(symbol.st_shndx).copied().flatten(),
            common: symbol.st_shndx == SHN_COMMON as usize || symbol.st_type() == STT_COMMON,
        })
    };
    all.iter().map(symbol).collect()
}

fn scope(symbol: &Sym, name: &[u8], is_arm: bool) -> Scope {
    let is_local = symbol.st_bind() == STB_LOCAL;
    // Marks of what follows in a section, which assemblers for ARM write.
    let is_mark = is_arm && matches!(name.get(..2), Some(b"$a" | b"$d" | b"$x"));
    match symbol.st_type() {
        STT_SECTION => Scope::Section,
        STT_NOTYPE | STT_OBJECT | STT_FUNC | STT_COMMON => match is_local {
            true if is_mark => Scope::Nobody,
            true => Scope::Object,
            false => Scope::Program,
        },
        _ => Scope::Nobody,
    }
}

/// The symbols that relocations name, each below `count`.
fn targets(elf: &Elf<'_>, header: &SectionHeader, count: usize) -> Option<Vec<u32>> {
    let (start, size) = span(header)?;
    let with_addend = header.sh_type == SHT_RELA;
    let all = RelocSection::parse(elf.bytes, start, size, with_addend, elf.context).ok()?;
    let all = all
        .iter()
        .filter(|found| found.r_type != 0 && found.r_sym != 0);
    let target = |symbol: usize| (symbol < count).then_some(symbol as u32);
    all.map(|found| target(found.r_sym)).collect()
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
        header(SHT_SYMTAB, 0, table, 24 * symbols.len() as u64, 0, 0);
        for _ in 0..sections {
            header(SHT_PROGBITS, 2, 0, 0, 0, 0);
        }
        for _ in 0..lists {
            header(SHT_RELA, 0, 64, start - 64, 1, 2);
        }
        bytes[..4].copy_from_slice(b"\x7fELF");
        bytes[4..6].copy_from_slice(&[2, 1]);
        bytes[0x10] = ET_REL as u8;
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
