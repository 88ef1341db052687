//! The bytes of a wasm module in, its sections and Go's linear memory out.

use std::ops::Range;

use wasmparser::{DataKind, Operator, Parser, Payload, TypeRef};

use super::bytes::uvarint;

use super::{Container, Format, Role, Section};

/// `None` when the module cannot be read.
pub(super) fn parse(bytes: &[u8]) -> Option<Container> {
    let mut sections = Vec::new();
    let mut headers = Vec::new();
    let mut wasi = false;
    let mut start = 0;
    let mut has_symbols = false;
    let mut position = 0;
    for payload in payloads(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { range, .. } => {
                headers.push((range.start as u64, range.len() as u64))
            }
            Payload::ImportSection(it) => wasi = imports_wasi(it.clone()),
            Payload::StartSection { func, .. } => start = u64::from(*func),
            Payload::CustomSection(it) => has_symbols |= it.name() == "name",
            Payload::End(_) => break,
            _ => {}
        }
        let end = match payload.as_section() {
            Some((_, range)) => {
                // The section's number and length stand before its content.
                headers.push((position, (range.start as u64).saturating_sub(position)));
                sections.push(section(&payload, range.start, range.len()));
                range.end
            }
            None => 8,
        };
        position = end as u64;
    }
    (!sections.is_empty()).then_some(Container {
        format: Format::Wasm,
        goos: Some(if wasi { "wasip1" } else { "js" }),
        goarch: Some("wasm"),
        sections,
        headers,
        has_symbols,
        linkage: None,
        entry: start,
        pointer_size: 8,
        big_endian: false,
    })
}

/// Whole sections; `wasmparser` is not asked to look into function bodies.
fn payloads(bytes: &[u8]) -> impl Iterator<Item = Option<Payload<'_>>> {
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let chunk = parser.parse(rest, true).ok();
        let Some(wasmparser::Chunk::Parsed { consumed, payload }) = chunk else {
            done = true;
            return Some(None);
        };
        rest = rest.get(consumed..).unwrap_or_default();
        match &payload {
            Payload::CodeSectionStart { size, .. } => {
                parser.skip_section();
                match rest.get(*size as usize..) {
                    Some(it) => rest = it,
                    None => done = true,
                }
            }
            Payload::End(_) => done = true,
            _ => {}
        }
        Some(Some(payload))
    })
}

/// The number of a function of wasm from what stands for its address (`cmd/link/internal/wasm/asm.go`).
pub(super) fn function_number(target: u32) -> Option<u32> {
    const FIRST: u32 = 0x1000;
    // The rest says where in the function: at its beginning.
    let is_start = target & 0xffff == 0;
    (target >> 16).checked_sub(FIRST).filter(|_| is_start)
}

/// How many functions a module imports: numbers of functions begin with these.
pub(super) fn imported_functions(bytes: &[u8]) -> u32 {
    let mut payloads = payloads(bytes).map_while(|payload| payload);
    let imports = payloads.find_map(|payload| match payload {
        Payload::ImportSection(imports) => Some(imports),
        _ => None,
    });
    let imports = imports.into_iter().flat_map(|it| it.into_imports());
    let functions = imports.map_while(Result::ok);
    let functions = functions.filter(|import| matches!(import.ty, TypeRef::Func(_)));
    u32::try_from(functions.count()).unwrap_or(u32::MAX)
}

fn imports_wasi(imports: wasmparser::ImportSectionReader<'_>) -> bool {
    imports
        .into_imports()
        .map_while(Result::ok)
        .any(|import| import.module.starts_with("wasi_"))
}

fn section(payload: &Payload<'_>, offset: usize, length: usize) -> Section {
    let (name, role) = match payload {
        Payload::CodeSectionStart { .. } => ("code", Role::Code),
        Payload::DataSection(_) => ("data", Role::Data),
        Payload::CustomSection(it) if it.name() == "name" => ("name", Role::Symbols),
        Payload::CustomSection(it) if it.name().starts_with(".debug_") => (it.name(), Role::Dwarf),
        Payload::CustomSection(it) => (it.name(), Role::Other),
        other => (standard_name(other), Role::Other),
    };
    let loaded = !matches!(payload, Payload::CustomSection(_));
    Section {
        name: name.to_owned(),
        role,
        address: 0,
        offset: offset as u64,
        file_size: length as u64,
        memory_size: if loaded { length as u64 } else { 0 },
        loaded,
        executable: role == Role::Code,
        writable: role == Role::Data,
    }
}

fn standard_name(payload: &Payload<'_>) -> &'static str {
    match payload {
        Payload::TypeSection(_) => "type",
        Payload::ImportSection(_) => "import",
        Payload::FunctionSection(_) => "function",
        Payload::TableSection(_) => "table",
        Payload::MemorySection(_) => "memory",
        Payload::TagSection(_) => "tag",
        Payload::GlobalSection(_) => "global",
        Payload::ExportSection(_) => "export",
        Payload::StartSection { .. } => "start",
        Payload::ElementSection(_) => "element",
        Payload::DataCountSection { .. } => "datacount",
        _ => "(unknown)",
    }
}

/// The linear memory as it is when the program starts.
pub(super) struct Memory {
    /// The page in which the first segment begins: the linker leaves out the first pages (`wasmMinDataAddr` in
    /// `cmd/link/internal/ld/data.go`), so that small numbers are no addresses.
    pub(crate) start: u32,
    /// Memory from there to the end of the last segment.
    pub(crate) bytes: Vec<u8>,
    /// Where each stretch with bytes in the file begins, and how many bytes of the file stand before it; the last entry
    /// is the end of all.
    pub(crate) pieces: Vec<(u32, u32)>,
    /// Bytes of segments that are too far away to be rebuilt.
    pub(crate) beyond: u64,
}

/// Rebuilds the memory from the data segments: Go leaves out long runs of zeros, so that one table is many segments.
/// What stands further than twice the file is left out.
pub(super) fn memory(bytes: &[u8]) -> Option<Memory> {
    let limit = bytes.len().checked_mul(2)?;
    let (mut start, mut end, mut count, mut beyond) = (usize::MAX, 0, 0, 0);
    segments(bytes, |address, data| {
        match address.checked_add(data.len()) {
            Some(it) if it <= limit => {
                start = start.min(address);
                end = end.max(it);
                count += 1;
            }
            _ => beyond += data.len() as u64,
        }
    })?;
    // The section begins with a page, and zeros at its front are left out (`writeDataSec` in `cmd/link/internal/wasm/asm.go`).
    let start = start.min(end) & !0xfff;
    let mut memory = Memory {
        start: u32::try_from(start).ok()?,
        bytes: vec![0; end - start],
        pieces: Vec::with_capacity(count + 1),
        beyond,
    };
    segments(bytes, |address, data| {
        let from = address.wrapping_sub(start);
        if let Some(place) = memory.bytes.get_mut(from..from.wrapping_add(data.len())) {
            place.copy_from_slice(data);
            memory.pieces.push((address as u32, data.len() as u32));
        }
    })?;
    // The linker writes them by section, and sections not by address.
    memory.pieces.sort_unstable();
    let (mut before, mut free, mut apart) = (0u32, 0u64, true);
    for (address, length) in &mut memory.pieces {
        apart &= u64::from(*address) >= free;
        free = u64::from(*address) + u64::from(*length);
        let through = before.saturating_add(*length);
        *length = std::mem::replace(&mut before, through);
    }
    memory.pieces.push((u32::try_from(end).ok()?, before));
    apart.then_some(memory)
}

/// Calls `each` with the address and the bytes of every segment of data that has any; `None` where one cannot be read.
fn segments(bytes: &[u8], mut each: impl FnMut(usize, &[u8])) -> Option<()> {
    let data = payloads(bytes)
        .map_while(|payload| payload)
        .find_map(|payload| match payload {
            Payload::DataSection(it) => Some(it),
            _ => None,
        })?;
    for segment in data {
        let segment = segment.ok()?;
        let DataKind::Active { offset_expr, .. } = segment.kind else {
            continue;
        };
        let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() else {
            continue;
        };
        if !segment.data.is_empty() {
            each(value.cast_unsigned() as usize, segment.data);
        }
    }
    Some(())
}

/// The length of what stands before the first function in the section of code: how many there are.
pub(super) fn bytes_before_bodies(bytes: &[u8]) -> u64 {
    let code = code(bytes).unwrap_or_default().1;
    let count = bytes.get(code).and_then(uvarint);
    count.map_or(0, |count| count.1 as u64)
}

/// The number of functions that the module defines, and the contents of the section of code.
fn code(bytes: &[u8]) -> Option<(u32, Range<usize>)> {
    let mut payloads = payloads(bytes).map_while(|payload| payload);
    payloads.find_map(|payload| match payload {
        Payload::CodeSectionStart { count, range, .. } => Some((count, range)),
        _ => None,
    })
}

/// The code of each function that the module defines, as offset and length in the file, with its length prefix; ends where
/// a length leads out of the section.
pub(super) fn bodies(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let (count, range) = code(bytes).unwrap_or_default();
    let data = bytes.get(range.clone()).unwrap_or_default();
    let mut position = uvarint(data).map_or(0, |it| it.1);
    let next = move || {
        let (length, prefix) = uvarint(data.get(position..)?)?;
        let length = prefix.checked_add(usize::try_from(length).ok()?)?;
        data.get(position..position.checked_add(length)?)?;
        position += length;
        Some((range.start + position - length, length))
    };
    std::iter::from_fn(next).take(count as usize)
}
