//! The bytes of a Mach-O file in, its sections out; the parts of `__LINKEDIT`, which has no sections, get names here.

use goblin::container::Ctx;
use goblin::mach::load_command::{
    CommandVariant, DyldInfoCommand, LinkeditDataCommand, LoadCommand,
};
use goblin::mach::parse_magic_and_ctx;
use goblin::mach::segment::Segment;

use crate::error::{Error, Kind, Result};

use super::Linkage;
use super::bytes::{Reader, until_nul};
use super::loader_needs::{MOST_LIBRARIES, name as library_name};
use super::{Container, Format, Role, Section};

/// `None` when the headers cannot be read. The boundary is for goblin, which panics on some damaged load commands.
pub(super) fn parse(bytes: &[u8]) -> Option<Container> {
    super::contain::contain(|| parse_headers(bytes))
}

/// One executable of a universal file.
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    /// Go's name of the architecture; `None` for the only slice of a file that is not universal, and where unknown.
    pub goarch: Option<&'static str>,
    /// The executable, ready for [`read`](super::read).
    pub bytes: &'a [u8],
}

/// The executables of a file: those of a universal Mach-O file, or the whole of any other.
///
/// Fails with [`Kind::Machine`] when the table of a universal file is damaged.
pub fn slices(bytes: &[u8]) -> Result<Vec<Slice<'_>>> {
    if !is_universal(bytes) {
        return Ok(vec![Slice {
            goarch: None,
            bytes,
        }]);
    }
    let damaged = || {
        Error::new(
            Kind::Machine,
            "not a readable universal Mach-O file: damaged or cut short",
        )
    };
    table(bytes).filter(|it| !it.is_empty()).ok_or_else(damaged)
}

/// Java class files begin with the same four bytes; their next word is a version of 45 or more.
fn is_universal(bytes: &[u8]) -> bool {
    let reader = Reader {
        data: bytes,
        big_endian: true,
        pointer_size: 4,
    };
    let count = reader.u32(4).filter(|count| (1..=30).contains(count));
    matches!(reader.u32(0), Some(FAT | FAT_64)) && count.is_some()
}

const FAT: u32 = 0xcafe_babe;
const FAT_64: u32 = 0xcafe_babf;

/// An entry is processor, variant, offset, size and alignment; offsets and sizes are wide in the second form.
fn table(bytes: &[u8]) -> Option<Vec<Slice<'_>>> {
    let reader = Reader {
        data: bytes,
        big_endian: true,
        pointer_size: 8,
    };
    let wide = reader.u32(0)? == FAT_64;
    let entry = |index: usize| {
        let at = 8 + index * if wide { 32 } else { 20 };
        let (offset, size) = if wide {
            (reader.u64(at + 8)?, reader.u64(at + 16)?)
        } else {
            (
                u64::from(reader.u32(at + 8)?),
                u64::from(reader.u32(at + 12)?),
            )
        };
        let bytes = reader.slice(usize::try_from(offset).ok()?, usize::try_from(size).ok()?)?;
        Some(Slice {
            goarch: architecture(reader.u32(at)?),
            bytes,
        })
    };
    (0..reader.u32(4)? as usize).map(entry).collect()
}

/// The error for reading a universal file as if it were one executable.
pub(super) fn universal(bytes: &[u8]) -> Error {
    if !is_universal(bytes) {
        return Error::new(Kind::Machine, "not an ELF, PE, Mach-O or wasm file");
    }
    Error::new(
        Kind::Machine,
        "a universal Mach-O file holds one executable per architecture",
    )
    .hint("take one out of it: `lipo -thin arm64 -output out in`")
}

/// Go's name of a processor.
fn architecture(processor: u32) -> Option<&'static str> {
    match processor {
        7 => Some("386"),
        0x0100_0007 => Some("amd64"),
        12 => Some("arm"),
        0x0100_000c => Some("arm64"),
        _ => None,
    }
}

fn parse_headers(bytes: &[u8]) -> Option<Container> {
    let (_, context) = parse_magic_and_ctx(bytes, 0).ok()?;
    let context = context?;
    let wide = context.is_big();
    let reader = Reader {
        data: bytes,
        big_endian: !context.le.is_little(),
        pointer_size: if wide { 8 } else { 4 },
    };
    let mut found = Found::default();
    let (commands, mut size) = (reader.u32(16)?, u64::from(reader.u32(20)?));
    let header_size: usize = if wide { 32 } else { 28 };
    let mut offset = header_size;
    size += header_size as u64;
    for _ in 0..commands {
        // goblin reads within a command without looking at its size.
        let length = reader.u32(offset.checked_add(4)?)? as usize;
        if length < 8 || offset + length > bytes.len() {
            return None;
        }
        let command = LoadCommand::parse(bytes, &mut { offset }, context.le).ok()?;
        found.command(bytes, &command, offset, context)?;
        offset += length;
    }
    Some(Container {
        format: Format::MachO,
        goos: Some(found.platform.unwrap_or("darwin")),
        goarch: architecture(reader.u32(4)?),
        sections: found.sections,
        headers: vec![(0, size)],
        has_symbols: found.has_symbols,
        linkage: (!found.misnamed).then(|| Linkage::of(found.loader, found.libraries)),
        entry: found.entry,
        pointer_size: reader.pointer_size,
        big_endian: reader.big_endian,
    })
}

#[derive(Default)]
struct Found {
    sections: Vec<Section>,
    has_symbols: bool,
    entry: u64,
    platform: Option<&'static str>,
    loader: Option<String>,
    libraries: Vec<String>,
    /// A library's name could not be read.
    misnamed: bool,
}

impl Found {
    fn command(
        &mut self,
        bytes: &[u8],
        command: &LoadCommand,
        offset: usize,
        context: Ctx,
    ) -> Option<()> {
        use CommandVariant as C;
        match command.command {
            C::Segment32(it) => {
                self.segment(&Segment::from_32_lossy(bytes, &it, offset, context).ok()?);
            }
            C::Segment64(it) => {
                self.segment(&Segment::from_64_lossy(bytes, &it, offset, context).ok()?);
            }
            C::Symtab(it) => {
                let size = u64::from(it.nsyms) * if context.is_big() { 16 } else { 12 };
                self.linkedit("symbols", Role::Symbols, it.symoff, size);
                let size = u64::from(it.strsize);
                self.linkedit("symbol names", Role::Symbols, it.stroff, size);
            }
            C::Dysymtab(it) => {
                // Undefined symbols serve the loader; the others are what `-s` takes away.
                self.has_symbols = it.nlocalsym > 0 || it.nextdefsym > 0;
                let size = u64::from(it.nindirectsyms) * 4;
                self.linkedit("indirect symbols", Role::Other, it.indirectsymoff, size);
            }
            C::DyldInfo(it) | C::DyldInfoOnly(it) => self.fixups(&it),
            C::DyldChainedFixups(it) => self.part("fixups", &it),
            C::DyldExportsTrie(it) => self.part("exports", &it),
            C::CodeSignature(it) => self.part("signature", &it),
            C::FunctionStarts(it) => self.part("function starts", &it),
            C::DataInCode(it) => self.part("data in code", &it),
            C::Main(it) => self.entry = it.entryoff,
            C::LoadDylinker(it) => self.loader = text(bytes, offset, it.name, it.cmdsize),
            C::LoadDylib(it) | C::LoadWeakDylib(it) | C::ReexportDylib(it) => {
                match text(bytes, offset, it.dylib.name, it.cmdsize) {
                    Some(name) if self.libraries.len() < MOST_LIBRARIES => {
                        self.libraries.push(name)
                    }
                    Some(_) => {}
                    None => self.misnamed = true,
                }
            }
            // iOS, and its simulator.
            C::BuildVersion(it) if matches!(it.platform, 2 | 7) => self.platform = Some("ios"),
            _ => {}
        }
        Some(())
    }

    fn part(&mut self, name: &str, it: &LinkeditDataCommand) {
        self.linkedit(name, Role::Other, it.dataoff, u64::from(it.datasize));
    }

    fn fixups(&mut self, it: &DyldInfoCommand) {
        let parts = [
            (it.rebase_off, it.rebase_size),
            (it.bind_off, it.bind_size),
            (it.weak_bind_off, it.weak_bind_size),
            (it.lazy_bind_off, it.lazy_bind_size),
            (it.export_off, it.export_size),
        ];
        for (offset, size) in parts {
            self.linkedit("fixups", Role::Other, offset, u64::from(size));
        }
    }

    fn segment(&mut self, segment: &Segment<'_>) {
        let name = until_nul(&segment.segname);
        // 0x4: the protection bit that allows execution; 0x2: writing.
        let (executable, writable) = (segment.initprot & 0x4 != 0, segment.initprot & 0x2 != 0);
        // The count may lie; what is beyond the command is not a section of it.
        let size = if segment.cmd == 0x19 { 80 } else { 68 };
        let count = (segment.cmdsize / size).min(u32::from(super::MOST_SECTIONS) + 1) as usize;
        for (section, _) in segment
            .into_iter()
            .take(count)
            .map_while(std::result::Result::ok)
        {
            let own = until_nul(&section.sectname);
            let zerofill = matches!(section.flags & 0xff, 0x1 | 0xc | 0x12);
            let role = role(&name, &own, zerofill, section.flags);
            let loaded = name != "__DWARF";
            self.sections.push(Section {
                name: format!("{name},{own}"),
                role,
                address: section.addr,
                offset: u64::from(section.offset),
                file_size: if zerofill { 0 } else { section.size },
                memory_size: if loaded { section.size } else { 0 },
                loaded,
                executable: executable && role == Role::Code,
                writable,
            });
        }
    }

    /// A part of `__LINKEDIT`: mapped, but read by the loader alone.
    fn linkedit(&mut self, name: &str, role: Role, offset: u32, size: u64) {
        if size > 0 {
            self.sections.push(Section {
                name: format!("__LINKEDIT,({name})"),
                role,
                address: 0,
                offset: u64::from(offset),
                file_size: size,
                memory_size: 0,
                loaded: false,
                executable: false,
                writable: false,
            });
        }
    }
}

/// A text behind a load command, by its distance from where that begins.
fn text(bytes: &[u8], command: usize, distance: u32, size: u32) -> Option<String> {
    let end = command.checked_add(size as usize)?;
    let start = command.checked_add(distance as usize)?;
    Some(library_name(bytes.get(start..end)?))
}

fn role(segment: &str, name: &str, zerofill: bool, flags: u32) -> Role {
    /// Only machine instructions, or some (`S_ATTR_PURE_INSTRUCTIONS`, `S_ATTR_SOME_INSTRUCTIONS`).
    const INSTRUCTIONS: u32 = 0x8000_0400;
    match name {
        _ if zerofill => Role::Bss,
        _ if segment == "__DWARF" => Role::Dwarf,
        _ if name.ends_with("gopclntab") => Role::Pclntab,
        "__typelink" | "__itablink" | "__go_type" => Role::Types,
        "__gosymtab" => Role::Symbols,
        "__eh_frame" | "__unwind_info" | "__got" | "__la_symbol_ptr" | "__nl_symbol_ptr" => {
            Role::Other
        }
        _ if flags & INSTRUCTIONS != 0 => Role::Code,
        _ if segment == "__TEXT" || segment == "__DATA_CONST" => Role::Rodata,
        _ => Role::Data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn universal_file(offset: u32, size: u32) -> Vec<u8> {
        let words = [FAT, 1, 0x0100_000c, 0, offset, size, 14];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        bytes.extend(b"slice");
        bytes
    }

    #[test]
    fn a_universal_file_has_slices() {
        let bytes = universal_file(28, 5);
        let found = slices(&bytes).unwrap();
        assert_eq!(
            (found[0].goarch, found[0].bytes),
            (Some("arm64"), &b"slice"[..])
        );
        assert!(slices(&universal_file(28, 6)).is_err());
        assert!(slices(&universal_file(u32::MAX, u32::MAX)).is_err());
    }

    #[test]
    fn other_files_are_one_slice() {
        // A Java class file: version 52.
        let bytes = [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52];
        assert_eq!(slices(&bytes).unwrap()[0].bytes, bytes);
        assert_eq!(
            universal(&bytes).to_string(),
            "not an ELF, PE, Mach-O or wasm file"
        );
    }
}
