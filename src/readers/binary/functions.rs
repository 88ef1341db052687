//! Reads every function from the line table: where it is, what it is called, its compile unit, its largest stack frame.
//!
//! Layout of a record: `runtime/runtime2.go` (`_func`), the same from Go 1.20 to 1.27.

use super::bytes::{Reader, uvarint};
use super::image::{Addr, Image};
use super::packages::{NONE, PackageId, Packages};
use super::pclntab::{Pclntab, RECORD_SIZE};
use super::wasm;

/// Its number of 32-bit fields.
const FIXED: usize = RECORD_SIZE as usize / 4;
/// Where in a record its flags are, and the one of functions that are written in assembly (`abi.FuncFlagAsm`).
const FLAGS: usize = 41;
const ASSEMBLY: u8 = 4;
/// The field with the table of files.
pub(super) const FILES: usize = 5;
/// Stands for "no stack map".
const ABSENT: u32 = u32::MAX;

/// A function as the line table has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(crate) start: Addr,
    pub(crate) end: Addr,
    /// Bytes of code.
    pub(crate) size: u32,
    /// Offset of the record from the beginning of the index.
    pub(crate) record: u32,
    /// Offset into the names.
    pub(crate) name: u32,
    /// The row of the compile unit.
    pub(crate) unit: u32,
    pub(crate) line: u32,
    /// Who defines it, by its name; by its unit where the name does not say.
    pub(crate) package: PackageId,
    /// Whether the name says it.
    pub(crate) named: bool,
    /// Whether it was written in assembly.
    pub(crate) assembly: bool,
    /// Whether Go's linker took it from an object file of another compiler: it is C code.
    pub(crate) foreign: bool,
    /// Who compiled it, by its unit.
    pub(crate) paid_by: PackageId,
    pub(crate) frame: u32,
}

/// The tables of a line table, ready to be read.
pub(super) struct Tables<'i> {
    pub(crate) names: &'i [u8],
    pub(crate) values: &'i [u8],
    pub(crate) functions: Reader<'i>,
    pub(crate) quantum: u8,
}

impl<'i> Tables<'i> {
    pub(crate) fn new(image: &'i Image<'_>, table: &Pclntab) -> Option<Self> {
        Some(Self {
            names: image.slice(table.names.start, table.names.end)?,
            values: image.slice(table.values.start, table.values.end)?,
            functions: image.over(image.slice(table.functions.start, table.functions.end)?),
            quantum: table.quantum,
        })
    }

    /// The name at an offset.
    pub(crate) fn name(&self, offset: u32) -> &'i [u8] {
        let rest = self.names.get(offset as usize..).unwrap_or_default();
        &rest[..memchr::memchr(0, rest).unwrap_or(rest.len())]
    }

    /// A field of the record at an offset.
    pub(crate) fn field(&self, record: u32, index: usize) -> Option<u32> {
        self.functions.u32(record as usize + 4 * index)
    }
}

/// The function that an address stands for in data; in wasm a number does.
pub(super) fn at(entries: &[Entry], is_wasm: bool, target: Addr) -> Option<&Entry> {
    let start = match is_wasm {
        true => wasm::function_number(target)?,
        false => target,
    };
    let found = entries.binary_search_by_key(&start, |entry| entry.start);
    found.ok().map(|index| &entries[index])
}

/// Reads the index and the fixed part of every record. `locate` turns an offset of the index into an address.
pub(super) fn read(
    tables: &Tables<'_>,
    count: u32,
    packages: &mut Packages<'_>,
    locate: impl Fn(u32) -> Option<Addr>,
) -> Vec<Entry> {
    // The header's count was checked against the table's length, so this is bounded by the file.
    let mut entries: Vec<Entry> = Vec::with_capacity(count as usize);
    let mut free = 0;
    for index in 0..count {
        let found = read_one(tables, index, packages, &locate);
        // The index is sorted; an entry that is not would count bytes twice.
        let Some(entry) = found.filter(|entry| entry.start >= free) else {
            continue;
        };
        free = entry.end;
        entries.push(entry);
    }
    entries
}

fn read_one(
    tables: &Tables<'_>,
    index: u32,
    packages: &mut Packages<'_>,
    locate: &impl Fn(u32) -> Option<Addr>,
) -> Option<Entry> {
    let at = index as usize * 8;
    let start = locate(tables.functions.u32(at)?)?;
    let record = tables.functions.u32(at + 4)?;
    let end = locate(tables.functions.u32(at + 8)?)?;
    tables
        .functions
        .slice(record as usize, RECORD_SIZE as usize)?;
    let name = tables.field(record, 1)?;
    let text = tables.name(name);
    let foreign = is_foreign(tables, record, text);
    // Its name is no path and a symbol: gcc puts `.cold` behind some.
    let package = match foreign {
        true => NONE,
        false => packages.of_name(text),
    };
    let mut entry = Entry {
        start,
        end: end.max(start),
        size: end.max(start) - start,
        record,
        name,
        unit: tables.field(record, 8)?,
        line: tables.field(record, 9)?,
        package,
        named: package != NONE,
        assembly: tables.functions.u8(record as usize + FLAGS)? & ASSEMBLY != 0,
        foreign,
        paid_by: NONE,
        frame: 0,
    };
    entry.frame = largest_frame(tables, tables.field(record, 4)?, entry.end - entry.start);
    Some(entry)
}

/// What Go compiles or assembles has tables of stack depth, files and lines; what the linker adds by itself has names of
/// its own: marks in the code, and bridges to functions that are too far away.
fn is_foreign(tables: &Tables<'_>, record: u32, name: &[u8]) -> bool {
    let has_none = (4..=6).all(|field| tables.field(record, field) == Some(0));
    let is_linkers = || name.starts_with(b"go:") || memchr::memmem::find(name, b"-tramp").is_some();
    let marks: [&[u8]; 2] = [b"runtime.text", b"runtime.etext"];
    has_none && !is_linkers() && !marks.contains(&name)
}

/// The largest value of a table from pc to stack depth. Each step covers some code, so that a table that lies about its
/// end is left after as many steps as the function has instructions.
fn largest_frame(tables: &Tables<'_>, offset: u32, code: u32) -> u32 {
    let mut rest = tables.values.get(offset as usize..).unwrap_or_default();
    let (mut depth, mut largest, mut covered) = (-1i64, 0i64, 0u64);
    while offset != 0 && covered < u64::from(code) {
        let Some((delta, used)) = uvarint(rest) else {
            break;
        };
        if delta == 0 && covered > 0 {
            break;
        }
        let Some((pc, more)) = rest.get(used..).and_then(uvarint) else {
            break;
        };
        rest = &rest[used + more..];
        // Zigzag, as Go's writer has it.
        let change = (delta >> 1) as i64;
        depth = depth.wrapping_add(if delta & 1 == 1 { !change } else { change });
        largest = largest.max(depth);
        covered = covered.saturating_add(pc.max(1).saturating_mul(u64::from(tables.quantum)));
    }
    u32::try_from(largest).unwrap_or(0)
}

/// What a record refers to.
pub(super) struct References<'i> {
    /// The record, with its variable part.
    record: Reader<'i>,
    pcdata: usize,
    funcdata: usize,
}

impl References<'_> {
    fn fields(&self, from: usize, count: usize) -> impl Iterator<Item = u32> {
        let fields = from..from + count;
        fields.map_while(|field| self.record.u32(4 * field))
    }

    /// Offsets into the value tables; 0 is "none".
    pub(crate) fn values(&self) -> impl Iterator<Item = u32> {
        self.fields(4, 3).chain(self.fields(FIXED, self.pcdata))
    }

    /// The offset of a value table by its place among [`References::values`].
    pub(crate) fn value(&self, index: usize) -> Option<u32> {
        self.values().nth(index)
    }

    /// The offset of what `FUNCDATA_*` of this number stands for.
    pub(crate) fn funcdata(&self, index: usize) -> Option<u32> {
        let mut all = self.fields(FIXED + self.pcdata, self.funcdata);
        all.nth(index).filter(|map| *map != ABSENT)
    }

    /// Offsets of stack maps.
    pub(crate) fn data(&self) -> impl Iterator<Item = u32> {
        let all = self.fields(FIXED + self.pcdata, self.funcdata);
        all.filter(|map| *map != ABSENT)
    }
}

/// Finds the variable part of a record. No Go version has as many as 16 tables of either sort: what has is damaged.
pub(super) fn references<'i>(tables: &Tables<'i>, entry: &Entry) -> Option<References<'i>> {
    const MOST: usize = 16;
    let pcdata = tables.field(entry.record, 7)? as usize;
    let funcdata = usize::from(tables.functions.u8(entry.record as usize + 43)?);
    if pcdata > MOST || funcdata > MOST {
        return None;
    }
    let size = RECORD_SIZE as usize + 4 * (pcdata + funcdata);
    let data = tables.functions.slice(entry.record as usize, size)?;
    Some(References {
        record: Reader {
            data,
            ..tables.functions
        },
        pcdata,
        funcdata,
    })
}

/// Gives each compile unit to the package that most of its functions name, and each function to the unit's package where
/// its own name has none. Instances of generics and generated functions have no vote: they are compiled where they are used.
/// Nor has assembly, which names functions of other packages; its units, one a file, stand after the Go code of their package:
/// where that has none, its own names are all there is.
pub(super) fn label_units(entries: &mut [Entry], tables: &Tables<'_>) {
    let votes = |entry: &Entry| {
        entry.package != NONE && !entry.assembly && has_vote(tables.name(entry.name))
    };
    let mut ballots: Vec<u64> = entries
        .iter()
        .filter(|entry| votes(entry))
        .map(|entry| u64::from(entry.unit) << 32 | u64::from(entry.package))
        .collect();
    // Units follow each other in the code: the stable sort finds them in order.
    ballots.sort();
    let mut labels: Vec<(u32, PackageId)> = Vec::new();
    let mut best = 0;
    for same in ballots.chunk_by(|a, b| a == b) {
        let (unit, package) = ((same[0] >> 32) as u32, same[0] as u32);
        match labels.last_mut() {
            Some(last) if last.0 == unit && same.len() <= best => continue,
            Some(last) if last.0 == unit => last.1 = package,
            _ => labels.push((unit, package)),
        }
        best = same.len();
    }
    let mut with_code: Vec<PackageId> = labels.iter().map(|label| label.1).collect();
    with_code.sort_unstable();
    let mut previous = NONE;
    for entry in entries.iter_mut().filter(|entry| !entry.foreign) {
        let found = labels.binary_search_by_key(&entry.unit, |label| label.0);
        entry.paid_by = match found {
            Ok(it) => labels[it].1,
            Err(_) if entry.assembly && previous != NONE => {
                match with_code.binary_search(&entry.package) {
                    Err(_) if entry.named => entry.package,
                    _ => previous,
                }
            }
            Err(_) => entry.package,
        };
        if entry.package == NONE {
            entry.package = entry.paid_by;
        }
        // What the linker itself adds is nobody's.
        if entry.package == NONE && !tables.name(entry.name).starts_with(b"go:") {
            (entry.package, entry.paid_by) = (previous, previous);
        }
        if entry.paid_by != NONE {
            previous = entry.paid_by;
        }
    }
}

/// Whether a function of this name is compiled with the package that its name has, unless somebody wants it otherwise.
pub(super) fn has_vote(name: &[u8]) -> bool {
    !name.starts_with(b"type:") && !name.starts_with(b"go:") && memchr::memchr(b'[', name).is_none()
}
