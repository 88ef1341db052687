//! The bytes of an ELF file in, its sections out. Headers only: the string table of symbols is never read.

use goblin::elf::Elf;
use goblin::elf::dynamic::{DT_NEEDED, DT_NULL, DT_STRTAB};
use goblin::elf::header::Header;
use goblin::elf::program_header::{PF_W, PF_X, PT_DYNAMIC, PT_INTERP, PT_LOAD, ProgramHeader};
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_NOTE, SHT_STRTAB, SHT_SYMTAB,
    SectionHeader,
};

use super::bytes::{Reader, until_nul};
use super::loader_needs::{MOST_LIBRARIES, name as library_name};
use super::{Container, Format, Linkage, Role, Section};

/// `None` when the headers cannot be read.
pub(super) fn parse(bytes: &[u8]) -> Option<Container> {
    let header = Elf::parse_header(bytes).ok()?;
    if header.e_shnum.max(header.e_phnum) > super::MOST_SECTIONS {
        return None;
    }
    let container = header.container().ok()?;
    let endian = header.endianness().ok()?;
    let context = goblin::container::Ctx::new(container, endian);
    let section_headers = SectionHeader::parse(
        bytes,
        header.e_shoff as usize,
        usize::from(header.e_shnum),
        context,
    )
    .ok()?;
    let names = name_table(bytes, &header, &section_headers);
    let sections: Vec<Section> = section_headers
        .iter()
        .skip(1)
        .map(|header| section(header, names.unwrap_or_default()))
        .collect();
    let symbols = section_headers
        .iter()
        .any(|header| header.sh_type == SHT_SYMTAB && header.sh_size > 0);
    let count = usize::from(header.e_phnum);
    let headers = ProgramHeader::parse(bytes, header.e_phoff as usize, count, context).ok();
    let sections = if sections.is_empty() {
        segments(headers.as_deref()?)
    } else {
        sections
    };
    let reader = Reader {
        data: bytes,
        big_endian: !endian.is_little(),
        pointer_size: if container.is_big() { 8 } else { 4 },
    };
    let linkage = headers.and_then(|headers| linkage(&reader, &headers));
    Some(Container {
        format: Format::Elf,
        goos: operating_system(&header, &sections, bytes),
        goarch: architecture(&header),
        headers: header_ranges(&header, section_headers.len()),
        sections,
        has_symbols: symbols,
        linkage,
        entry: header.e_entry,
        pointer_size: reader.pointer_size,
        big_endian: reader.big_endian,
    })
}

/// Where the headers stand: offsets and lengths.
fn header_ranges(header: &Header, sections: usize) -> Vec<(u64, u64)> {
    let table = |offset: u64, entry: u16, count: usize| {
        (offset, u64::from(entry).saturating_mul(count as u64))
    };
    let segments = usize::from(header.e_phnum);
    vec![
        (0, u64::from(header.e_ehsize)),
        table(header.e_phoff, header.e_phentsize, segments),
        table(header.e_shoff, header.e_shentsize, sections),
    ]
}

/// The bytes of `.shstrtab`; a count of 0xffff (SHN_XINDEX) means that the first header has the index.
fn name_table<'a>(bytes: &'a [u8], header: &Header, headers: &[SectionHeader]) -> Option<&'a [u8]> {
    let index = match header.e_shstrndx {
        0xffff => headers.first()?.sh_link as usize,
        it => usize::from(it),
    };
    let table = headers.get(index)?;
    let start = usize::try_from(table.sh_offset).ok()?;
    let end = start.checked_add(usize::try_from(table.sh_size).ok()?)?;
    bytes.get(start..end.min(bytes.len()))
}

fn section(header: &SectionHeader, names: &[u8]) -> Section {
    let name = until_nul(names.get(header.sh_name..).unwrap_or_default());
    let flags = |flag: u32| header.sh_flags & u64::from(flag) != 0;
    let loaded = flags(SHF_ALLOC);
    Section {
        role: role(&name, header),
        name,
        address: header.sh_addr,
        offset: header.sh_offset,
        file_size: if header.sh_type == SHT_NOBITS {
            0
        } else {
            header.sh_size
        },
        memory_size: if loaded { header.sh_size } else { 0 },
        loaded,
        executable: flags(SHF_EXECINSTR),
        writable: flags(SHF_WRITE),
    }
}

fn role(name: &str, header: &SectionHeader) -> Role {
    let flags = |flag: u32| header.sh_flags & u64::from(flag) != 0;
    if !flags(SHF_ALLOC) {
        return match header.sh_type {
            SHT_SYMTAB => Role::Symbols,
            SHT_STRTAB if name == ".strtab" => Role::Symbols,
            _ if name.starts_with(".debug_") || name.starts_with(".zdebug_") => Role::Dwarf,
            _ => Role::Other,
        };
    }
    // In position-independent executables Go's own read-only sections carry this prefix, for the loader patches them.
    let plain = name.strip_prefix(".data.rel.ro").unwrap_or(name);
    match plain {
        _ if header.sh_type == SHT_NOBITS => Role::Bss,
        _ if flags(SHF_EXECINSTR) => Role::Code,
        ".gopclntab" => Role::Pclntab,
        ".typelink" | ".itablink" | ".go.type" => Role::Types,
        ".gosymtab" => Role::Symbols,
        _ if header.sh_type == SHT_NOTE || is_for_the_loader(plain) => Role::Other,
        _ if plain.len() < name.len() => Role::Rodata,
        _ if flags(SHF_WRITE) => Role::Data,
        _ => Role::Rodata,
    }
}

fn is_for_the_loader(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        ".interp",
        ".dynamic",
        ".dynsym",
        ".dynstr",
        ".hash",
        ".gnu.hash",
        ".gnu.version",
        ".gnu.version_r",
        ".got",
        ".got.plt",
        ".eh_frame",
        ".eh_frame_hdr",
    ];
    NAMES.contains(&name) || name.starts_with(".rel")
}

/// Without a section table (some strippers remove it) the loadable segments are all there is to name.
fn segments(headers: &[ProgramHeader]) -> Vec<Section> {
    let loads = headers.iter().filter(|header| header.p_type == PT_LOAD);
    let sections = loads.enumerate().map(|(index, it)| {
        let (executable, writable) = (it.p_flags & PF_X != 0, it.p_flags & PF_W != 0);
        Section {
            name: format!("(segment {index})"),
            role: match (executable, writable) {
                (true, _) => Role::Code,
                (_, true) => Role::Data,
                _ => Role::Rodata,
            },
            address: it.p_vaddr,
            offset: it.p_offset,
            file_size: it.p_filesz,
            memory_size: it.p_memsz,
            loaded: true,
            executable,
            writable,
        }
    });
    sections.collect()
}

/// By the segments that the loader reads; `None` where they cannot be read, or where there are none, as in an object file.
fn linkage(reader: &Reader<'_>, headers: &[ProgramHeader]) -> Option<Linkage> {
    let segment = |kind: u32| headers.iter().find(|header| header.p_type == kind);
    segment(PT_LOAD)?;
    let bytes = |header: &ProgramHeader| {
        let start = usize::try_from(header.p_offset).ok()?;
        reader.slice(start, usize::try_from(header.p_filesz).ok()?)
    };
    let loader = match segment(PT_INTERP) {
        Some(it) => Some(library_name(bytes(it)?)),
        None => None,
    };
    let Some(dynamic) = segment(PT_DYNAMIC) else {
        return Some(Linkage::of(loader, Vec::new()));
    };
    let table = Reader {
        data: bytes(dynamic)?,
        ..*reader
    };
    let word = usize::from(table.pointer_size);
    let entry = |at: usize| Some((table.word(at)?, table.word(at + word)?));
    let entries = (0..table.data.len()).step_by(2 * word).map_while(entry);
    let entries = entries.take_while(|(tag, _)| *tag != DT_NULL);
    let names = entries.clone().find(|(tag, _)| *tag == DT_STRTAB);
    let needed = entries.filter(|(tag, _)| *tag == DT_NEEDED);
    let libraries = needed.take(MOST_LIBRARIES).map(|(_, offset)| {
        let at = file_offset(headers, names?.1.checked_add(offset)?)?;
        Some(library_name(reader.data.get(at..)?))
    });
    Some(Linkage::of(loader, libraries.collect::<Option<_>>()?))
}

/// Where the byte of an address is in the file.
fn file_offset(headers: &[ProgramHeader], address: u64) -> Option<usize> {
    let offset = headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD)
        .find_map(|header| {
            let offset = address
                .checked_sub(header.p_vaddr)
                .filter(|distance| *distance < header.p_filesz)?;
            header.p_offset.checked_add(offset)
        });
    usize::try_from(offset?).ok()
}

/// What the dynamic linker is called where only one system has it (`cmd/link/internal/{amd64,arm64,...}/obj.go`).
const LINKERS: &[(&str, &str)] = &[
    ("/system/bin/linker", "android"),
    ("/lib/ld.so.1", "solaris"),
    ("/lib/amd64/ld.so.1", "solaris"),
    ("/usr/lib/ld.so.1", "solaris"),
    ("/usr/lib/amd64/ld.so.1", "solaris"),
    ("/usr/libexec/ld-elf.so.2", "dragonfly"),
];

/// By the dynamic linker that the file names.
fn by_linker(sections: &[Section], bytes: &[u8]) -> Option<&'static str> {
    let section = sections.iter().find(|section| section.name == ".interp")?;
    let start = usize::try_from(section.offset).ok()?;
    let size = usize::try_from(section.file_size).ok()?.min(64);
    let name = bytes.get(start..)?.get(..size)?;
    let name = name.split(|byte| *byte == 0).next()?;
    let name = std::str::from_utf8(name).ok()?;
    let found = LINKERS.iter().find(|entry| match entry.1 {
        // `linker` or `linker64`.
        "android" => name.starts_with(entry.0),
        // Linux on ppc64 and MIPS has the name of one of Solaris, on other machines.
        _ => name == entry.0,
    });
    found.map(|entry| entry.1)
}

fn operating_system(header: &Header, sections: &[Section], bytes: &[u8]) -> Option<&'static str> {
    let has = |name: &str| sections.iter().any(|section| section.name == name);
    match header.e_ident[7] {
        2 => Some("netbsd"),
        6 => Some("solaris"),
        9 => Some("freebsd"),
        12 => Some("openbsd"),
        _ if has(".note.netbsd.ident") => Some("netbsd"),
        _ if has(".note.openbsd.ident") => Some("openbsd"),
        // Go marks neither Solaris, illumos and Android nor DragonFly; what is linked statically is Linux.
        0 | 3 => by_linker(sections, bytes)
            .filter(|text| *text != "solaris" || header.e_machine == 62)
            .or(Some("linux")),
        _ => None,
    }
}

/// Go's name, from the machine number, class and byte order (`cmd/link/internal/ld/elf.go`).
fn architecture(header: &Header) -> Option<&'static str> {
    let (wide, little) = (header.e_ident[4] == 2, header.e_ident[5] == 1);
    Some(match (header.e_machine, wide, little) {
        (3, ..) => "386",
        (62, ..) => "amd64",
        (40, ..) => "arm",
        (183, ..) => "arm64",
        (243, ..) => "riscv64",
        (258, ..) => "loong64",
        (22, ..) => "s390x",
        (21, _, true) => "ppc64le",
        (21, _, false) => "ppc64",
        (8, true, true) => "mips64le",
        (8, true, false) => "mips64",
        (8, false, true) => "mipsle",
        (8, false, false) => "mips",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dynamic_linker_tells_the_system() {
        let check = |linker: &str| {
            let bytes = [b"....", linker.as_bytes(), b"\0rest"].concat();
            let section = Section {
                name: ".interp".into(),
                role: Role::Other,
                address: 0,
                offset: 4,
                file_size: linker.len() as u64 + 1,
                memory_size: 0,
                loaded: true,
                executable: false,
                writable: false,
            };
            by_linker(&[section], &bytes).unwrap_or("unknown")
        };
        assert_eq!(check("/system/bin/linker64"), "android");
        assert_eq!(check("/system/bin/linker"), "android");
        assert_eq!(check("/lib/amd64/ld.so.1"), "solaris");
        assert_eq!(check("/usr/libexec/ld-elf.so.2"), "dragonfly");
        assert_eq!(check("/lib64/ld-linux-x86-64.so.2"), "unknown");
        assert_eq!(by_linker(&[], b""), None);
    }
}
