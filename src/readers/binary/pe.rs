//! The bytes of a PE file in, its sections out. Headers only: goblin's import and resource parsers loop on bad input.

use goblin::pe::header::Header;
use goblin::pe::optional_header::OptionalHeader;
use goblin::pe::section_table::SectionTable;

use super::bytes::{Reader, until_nul};
use super::loader_needs::{MOST_LIBRARIES, name as library_name};
use super::{Container, Format, Linkage, Role, Section};

const DISCARDABLE: u32 = 0x0200_0000;
const EXECUTE: u32 = 0x2000_0000;
const WRITE: u32 = 0x8000_0000;
const SECTION_HEADER_SIZE: u64 = 40;
const SYMBOL_SIZE: u64 = 18;

/// `None` when the headers cannot be read.
pub(super) fn parse(bytes: &[u8]) -> Option<Container> {
    super::contain::contain(|| parse_headers(bytes))
}

fn parse_headers(bytes: &[u8]) -> Option<Container> {
    let header = Header::parse(bytes).ok()?;
    let coff = header.coff_header;
    if header.signature != 0x0000_4550 || coff.number_of_sections > super::MOST_SECTIONS {
        return None;
    }
    let mut table = (header.dos_header.pe_pointer as usize)
        .checked_add(24)?
        .checked_add(usize::from(coff.size_of_optional_header))?;
    let after_headers = table as u64 + SECTION_HEADER_SIZE * u64::from(coff.number_of_sections);
    let optional = header.optional_header?;
    let base = optional.windows_fields.image_base;
    // goblin copies long names up to the next NUL wherever that is; without the string table it has none to copy.
    let headers = bytes.get(..usize::try_from(after_headers).ok()?)?;
    let tables = coff.sections(headers, &mut table).ok()?;
    let symbols = u64::from(coff.number_of_symbol_table);
    let start = u64::from(coff.pointer_to_symbol_table);
    let names = usize::try_from(start + symbols * SYMBOL_SIZE)
        .ok()
        .and_then(|at| bytes.get(at..));
    let mut sections: Vec<Section> = tables
        .iter()
        .map(|table| section(table, base, names.unwrap_or_default()))
        .collect();
    sections.extend(symbol_table(bytes, start, symbols, &sections));
    sections.extend(certificates(&optional));
    let linkage = imports(bytes, &optional, &tables);
    Some(Container {
        format: Format::Pe,
        goos: Some("windows"),
        goarch: match coff.machine {
            0x14c => Some("386"),
            0x8664 => Some("amd64"),
            0x1c0 | 0x1c4 => Some("arm"),
            0xaa64 => Some("arm64"),
            _ => None,
        },
        sections,
        headers: vec![(0, after_headers)],
        has_symbols: symbols > 0,
        linkage,
        entry: base.wrapping_add(u64::from(optional.standard_fields.address_of_entry_point)),
        pointer_size: if optional.standard_fields.magic == 0x20b {
            8
        } else {
            4
        },
        big_endian: false,
    })
}

/// A name of more than eight bytes stands in the string table: `/123` is its place there.
fn name(table: &SectionTable, names: &[u8]) -> String {
    let short = until_nul(&table.name);
    let place = short
        .strip_prefix('/')
        .and_then(|rest| rest.parse::<usize>().ok());
    // The table begins with its own length.
    match place
        .filter(|place| *place >= 4)
        .and_then(|place| names.get(place..))
    {
        Some(rest) => until_nul(rest),
        None => short,
    }
}

fn section(table: &SectionTable, base: u64, names: &[u8]) -> Section {
    let name = name(table, names);
    let flags = table.characteristics;
    let role = role(&name, flags);
    // The loader reads `.reloc` before it throws it away; debug sections it never looks at.
    let loaded = !matches!(role, Role::Dwarf | Role::Symbols)
        && (flags & DISCARDABLE == 0 || name == ".reloc");
    Section {
        role,
        name,
        address: base.wrapping_add(u64::from(table.virtual_address)),
        offset: u64::from(table.pointer_to_raw_data),
        file_size: u64::from(table.size_of_raw_data),
        memory_size: if loaded {
            u64::from(table.virtual_size)
        } else {
            0
        },
        loaded,
        executable: flags & EXECUTE != 0,
        writable: flags & WRITE != 0,
    }
}

fn role(name: &str, flags: u32) -> Role {
    match name {
        _ if name.starts_with(".debug_") || name.starts_with(".zdebug_") => Role::Dwarf,
        ".symtab" => Role::Symbols,
        ".rdata" => Role::Rodata,
        ".data" => Role::Data,
        ".bss" => Role::Bss,
        ".pdata" | ".xdata" | ".idata" | ".edata" | ".reloc" | ".rsrc" | ".tls" => Role::Other,
        _ if flags & EXECUTE != 0 => Role::Code,
        _ => Role::Other,
    }
}

/// The symbol and string tables, unless a section holds them, as Go's `.symtab` does.
fn symbol_table(bytes: &[u8], start: u64, count: u64, sections: &[Section]) -> Option<Section> {
    let covered = |section: &Section| {
        section.offset <= start && start < section.offset.saturating_add(section.file_size)
    };
    if start == 0 || start >= bytes.len() as u64 || sections.iter().any(covered) {
        return None;
    }
    let reader = Reader {
        data: bytes,
        big_endian: false,
        pointer_size: 8,
    };
    let symbols = count * SYMBOL_SIZE;
    let strings = usize::try_from(start + symbols)
        .ok()
        .and_then(|at| reader.u32(at));
    Some(unloaded(
        "(symbol table)",
        Role::Symbols,
        start,
        symbols + u64::from(strings.unwrap_or(0)),
    ))
}

fn certificates(optional: &OptionalHeader) -> Option<Section> {
    let table = optional.data_directories.get_certificate_table()?;
    let (start, size) = (u64::from(table.virtual_address), u64::from(table.size));
    (size > 0).then(|| unloaded("(certificates)", Role::Other, start, size))
}

/// The libraries of the import table, which are loaded before the program starts; Go loads most others while it runs. A
/// descriptor of the table is five words: the fourth is where the library's name is; one of zeros is the last.
fn imports(bytes: &[u8], optional: &OptionalHeader, sections: &[SectionTable]) -> Option<Linkage> {
    const DESCRIPTOR: usize = 20;
    let directory = optional.data_directories.get_import_table();
    let Some(table) = directory.filter(|directory| directory.virtual_address != 0) else {
        return Some(Linkage::Static);
    };
    let reader = Reader {
        data: bytes,
        big_endian: false,
        pointer_size: 8,
    };
    let offset = |address: u32| {
        let within = |section: &SectionTable| {
            let distance = address.checked_sub(section.virtual_address)?;
            (distance < section.size_of_raw_data).then_some((section.pointer_to_raw_data, distance))
        };
        let (start, distance) = sections.iter().find_map(within)?;
        Some(start as usize + distance as usize)
    };
    let first = offset(table.virtual_address)?;
    let mut libraries = Vec::new();
    for index in 0..MOST_LIBRARIES {
        let descriptor = first.checked_add(index * DESCRIPTOR)?;
        let name = reader.u32(descriptor.checked_add(12)?)?;
        if name == 0 {
            break;
        }
        libraries.push(library_name(bytes.get(offset(name)?..)?));
    }
    Some(Linkage::of(None, libraries))
}

fn unloaded(name: &str, role: Role, offset: u64, file_size: u64) -> Section {
    Section {
        name: name.to_owned(),
        role,
        address: 0,
        offset,
        file_size,
        memory_size: 0,
        loaded: false,
        executable: false,
        writable: false,
    }
}
