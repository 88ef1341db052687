//! Takes an executable apart: sections by role, build information, and an owner for every byte.
//!
//! ```text
//! elf, pe, macho, wasm   the container: sections, segments, symbols
//! books                  each byte of the file is in one section, in the headers or padding
//! pclntab, functions     functions with their packages, inline trees (stretches, inlined)
//! types, moduledata      type descriptors, lists of the runtime
//! references, doubt      which code mentions which data
//! objects, extents       where data objects begin and end
//! owners                 which package each data object belongs to
//! data, line_tables, loader   claim their bytes in the ledger
//! ledger                 claims on bytes, each claimed once
//! dissect                all of this in order, into an Anatomy
//! ```
//!
//! [`open`] maps a file, [`read`] gives its [`Binary`]: ELF, PE, Mach-O or wasm, stripped or not. Everything here is a
//! function from bytes to values; the one exception is [`open`].

use std::fmt;

use crate::error::{Error, Kind as ErrorKind, Result};

mod anatomy;
mod assemble;
mod books;
mod bounds;
pub mod buildinfo;
mod bytes;
mod calls;
mod contain;
mod data;
mod descriptors;
mod dissect;
mod distinct;
mod doubt;
mod elf;
mod extents;
mod functions;
mod image;
mod inlined;
mod ledger;
mod line_tables;
mod linknames;
mod listing;
mod loader;
mod loader_needs;
mod macho;
mod map;
mod moduledata;
mod objects;
mod origins;
mod owners;
mod package_names;
mod packages;
mod partition;
mod pclntab;
mod pe;
mod pointers;
mod references;
mod role;
mod runs;
mod state;
mod stretches;
mod symbols;
pub mod texts;
pub mod twin_proof;
mod types;
mod wasm;
mod watched;

pub use anatomy::{
    Anatomy, Function, KindBytes, LayoutNote, Methods, ModuleBytes, Owned, Owners, PackageBytes,
    Request, SHARED, UnownedBytes, first_name,
};
pub use buildinfo::{BuildInfo, Module};
pub use calls::{
    CallSites, Caller, Callers, Start, bodies, callers, calls, calls_with, package_calls,
};
pub use contain::{contain, is_contained};
pub use dissect::anatomy_of;
pub use dissect::{anatomy, anatomy_with};
pub use inlined::{InlinedCall, inlined};
pub use ledger::{ByKind, Kind};
pub use listing::{DataObject, Whose};
pub use loader_needs::{Libc, Linkage};
pub use macho::{Slice, slices};
pub use map::{Mapped, open};
pub use objects::How;
pub use packages::Origin;
pub use role::{Format, Role};
pub use twin_proof::compare_files;
pub use twin_proof::{LoadedDiff, SectionDiff, compare_loaded};

/// A named stretch of the file, of memory, or of both.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Section {
    /// The name as the file has it: `.text`, `__TEXT,__text`; in parentheses where the format gives none.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it is loaded; 0 where it is not.
    pub address: u64,
    /// Where it begins in the file; meaningless when `file_size` is 0.
    pub offset: u64,
    /// Bytes in the file that belong to this section alone; 0 for NOBITS and zerofill sections.
    pub file_size: u64,
    /// Bytes in memory while the program runs; 0 for sections that are not loaded.
    pub memory_size: u64,
    /// Whether the program has it in memory when it runs.
    pub loaded: bool,
    /// Whether the processor may execute it.
    pub(crate) executable: bool,
    /// Whether the program may write it.
    pub(crate) writable: bool,
}

/// Something odd in a file that could still be read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Note {
    /// The section claims bytes beyond the end of the file; they were not counted.
    OutOfFile {
        /// The section's name.
        section: String,
        /// How many of its bytes are missing.
        bytes: u64,
    },
    /// The section claims bytes that another part of the file has already; they were counted once, for that part.
    Overlap {
        /// The section's name.
        section: String,
        /// How many of its bytes were counted elsewhere.
        bytes: u64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfFile { section, bytes } => {
                write!(
                    f,
                    "section `{section}` misses {bytes} bytes: the file is cut short"
                )
            }
            Self::Overlap { section, bytes } => {
                write!(
                    f,
                    "section `{section}` shares {bytes} bytes with another part of the file"
                )
            }
        }
    }
}

/// An executable, as its headers and its build information describe it.
///
/// `headers + padding + the file sizes of all sections == file_size`, checked on every read.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Binary {
    /// The container format.
    pub format: Format,
    /// Go's name of the operating system, from the build information or else from the headers.
    pub goos: Option<String>,
    /// Go's name of the architecture, from the headers.
    pub goarch: Option<String>,
    /// Bytes in the file.
    pub file_size: u64,
    /// Every section, in the order of the file's own table.
    pub sections: Vec<Section>,
    /// Bytes of file headers, section tables and load commands.
    pub headers: u64,
    /// Bytes between sections that belong to none.
    pub padding: u64,
    /// What Go recorded about the build.
    pub build_info: Option<BuildInfo>,
    /// Go's build ID, as `go tool buildid` prints it.
    pub build_id: Option<String>,
    /// Whether there is debug information.
    pub has_dwarf: bool,
    /// Whether there is a symbol table (symbols that only serve dynamic linking do not count).
    pub has_symbols: bool,
    /// What the system has to find before the program runs; `None` for wasm, and where it cannot be read.
    pub linkage: Option<Linkage>,
    /// The address or, for wasm, the index where execution begins.
    pub(crate) entry: u64,
    /// 4 or 8; for wasm the 8 of Go's own data.
    pub pointer_size: u8,
    /// Whether multi-byte values are stored with the high byte first.
    pub big_endian: bool,
    /// Oddities met on the way.
    pub notes: Vec<Note>,
}

/// The sections of one role, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleSum {
    /// The role.
    pub role: Role,
    /// Bytes in the file.
    pub file_size: u64,
    /// Bytes in memory.
    pub memory_size: u64,
}

impl Binary {
    /// Neither symbols nor debug information.
    pub fn stripped(&self) -> bool {
        !self.has_symbols && !self.has_dwarf
    }

    /// One sum per role, in the order of [`Role::ALL`], roles without a section too.
    pub fn roles(&self) -> [RoleSum; 9] {
        let mut sums = Role::ALL.map(|role| RoleSum {
            role,
            file_size: 0,
            memory_size: 0,
        });
        for section in &self.sections {
            let sum = &mut sums[section.role as usize];
            sum.file_size += section.file_size;
            sum.memory_size = sum.memory_size.saturating_add(section.memory_size);
        }
        sums
    }
}

/// What a container parser gives; [`read`] closes the books over it.
struct Container {
    format: Format,
    goos: Option<&'static str>,
    goarch: Option<&'static str>,
    sections: Vec<Section>,
    /// File ranges (start, length) of headers and tables.
    headers: Vec<(u64, u64)>,
    has_symbols: bool,
    linkage: Option<Linkage>,
    entry: u64,
    pointer_size: u8,
    big_endian: bool,
}

/// Reads the headers, sections and build information of an executable.
///
/// Fails with [`Kind::Machine`](crate::error::Kind) when the bytes are not an executable, are cut short within the headers, or are packed.
/// The message does not name the file: the caller knows its path.
pub fn read(bytes: &[u8]) -> Result<Binary> {
    let container = parse_container(bytes)?;
    let closed = books::close(bytes, container.sections, &container.headers)?;
    let build_info = buildinfo::find(container.format, &closed.sections, bytes);
    let build_id = buildinfo::find_build_id(
        container.format,
        &closed.sections,
        bytes,
        container.big_endian,
    );
    let of_setting = |key: &str| {
        let info = build_info.as_ref()?;
        info.setting(key).map(str::to_owned)
    };
    let has_dwarf = closed
        .sections
        .iter()
        .any(|section| section.role == Role::Dwarf && section.file_size > 0);
    Ok(Binary {
        format: container.format,
        goos: of_setting("GOOS").or_else(|| container.goos.map(str::to_owned)),
        goarch: container.goarch.map(str::to_owned),
        file_size: bytes.len() as u64,
        headers: closed.headers,
        padding: closed.padding,
        has_dwarf,
        has_symbols: container.has_symbols,
        linkage: container.linkage,
        entry: container.entry,
        pointer_size: container.pointer_size,
        big_endian: container.big_endian,
        notes: closed.notes,
        sections: closed.sections,
        build_info,
        build_id,
    })
}

/// More sections than any linker writes; each takes more memory than its header takes in the file.
const MOST_SECTIONS: u16 = 4096;

fn parse_container(bytes: &[u8]) -> Result<Container> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::Machine, "the file is empty"));
    }
    let container = match bytes {
        [0x7f, b'E', b'L', b'F', ..] => elf::parse(bytes),
        [b'M', b'Z', ..] => pe::parse(bytes),
        [0, b'a', b's', b'm', ..] => wasm::parse(bytes),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => return Err(macho::universal(bytes)),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..] => {
            macho::parse(bytes)
        }
        _ => None,
    };
    let few = |container: &Container| container.sections.len() <= usize::from(MOST_SECTIONS);
    let container = container.filter(few).ok_or_else(|| unreadable(bytes))?;
    if is_packed(bytes, &container.sections) {
        return Err(Error::new(
            ErrorKind::Machine,
            "packed by UPX: its sections cannot be seen",
        )
        .hint("unpack it first: `upx -d`"));
    }
    Ok(container)
}

/// The error for bytes that no parser took: another kind of file, or the beginning of an executable only.
fn unreadable(bytes: &[u8]) -> Error {
    let kind = match bytes {
        [0x7f, b'E', b'L', b'F', ..] => "ELF",
        [b'M', b'Z', ..] => "PE",
        [0, b'a', b's', b'm', ..] => "wasm",
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..] => "Mach-O",
        [0x01, 0xf7 | 0xdf, ..] => {
            let message = "an XCOFF file, the format of AIX: ELF, PE, Mach-O and wasm can be read";
            return Error::new(ErrorKind::Machine, message)
                .hint("look at it with `go tool nm -size` and `go version -m`");
        }
        // `a.out.h` of Plan 9: 386, arm, amd64.
        [0, 0, 0x01, 0xeb, ..] | [0, 0, 0x06, 0x47, ..] | [0, 0, 0x8a, 0x97, ..] => {
            let message =
                "an a.out file, the format of Plan 9: ELF, PE, Mach-O and wasm can be read";
            return Error::new(ErrorKind::Machine, message)
                .hint("look at it with `go tool nm -size` and `go version -m`");
        }
        _ => return Error::new(ErrorKind::Machine, "not an ELF, PE, Mach-O or wasm file"),
    };
    Error::new(
        ErrorKind::Machine,
        format!("not a readable {kind} file: damaged or cut short"),
    )
}

/// UPX leaves its mark near the headers, and in PE names its sections after itself. Without sections, as it leaves ELF,
/// or with those of a loader, there is no line table.
fn is_packed(bytes: &[u8], sections: &[Section]) -> bool {
    let by_name = sections
        .iter()
        .any(|section| section.name == "UPX0" || section.name == "UPX1");
    let first_page = bytes.get(..4096).unwrap_or(bytes);
    let has_lines = sections.iter().any(|section| section.role == Role::Pclntab);
    by_name || (!has_lines && memchr::memmem::find(first_page, b"UPX!").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_executable_is_named_as_such() {
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(message(b""), "the file is empty");
        assert_eq!(
            message(b"#!/bin/sh\n"),
            "not an ELF, PE, Mach-O or wasm file"
        );
        assert_eq!(
            message(b"\x7fELF"),
            "not a readable ELF file: damaged or cut short"
        );
        assert_eq!(
            message(b"MZ"),
            "not a readable PE file: damaged or cut short"
        );
        assert_eq!(
            message(b"\xcf\xfa\xed\xfe\0"),
            "not a readable Mach-O file: damaged or cut short"
        );
        assert_eq!(
            message(b"\0asm\x01"),
            "not a readable wasm file: damaged or cut short"
        );
    }
}
