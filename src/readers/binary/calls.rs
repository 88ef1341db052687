//! Finds every place in an executable that calls: its function, and its line counted from the function's first line.
//!
//! Calls are found as instructions, and named through the line table and its inline trees, so that nothing of it needs
//! a symbol table. A call that the compiler inlined has no instruction; its inline tree records it. Layout of the
//! trees: `runtime/symtabinl.go` (`inlinedCall`), Go 1.20 to 1.27.

use std::borrow::Cow;

use crate::error::Result;

use super::bytes::Reader;
use super::distinct::Distinct;
use super::functions::{FILES, Tables};
use super::image::{Addr, Image};
use super::moduledata::{self, Moduledata};
use super::pclntab::{self, Found, Pclntab};
use super::stretches::{INLINE_INDEX, INLINE_TREE, Owner, Stretch, node, stretches, value};
use super::{Binary, Role, read};

mod alike;

pub(super) mod callers;

mod instructions;

mod package_calls;

pub use alike::bodies;
pub use callers::{Caller, Callers, callers};
pub use package_calls::package_calls;

use instructions::Decoder;

/// Where a program calls, and where its functions begin.
#[derive(Debug)]
pub struct CallSites<'a> {
    names: Cow<'a, [u8]>,
    files: Cow<'a, [u8]>,
    /// Name, line from the first of the function; sorted, each once.
    sites: Vec<(u32, i32)>,
    /// Name, first line, file; sorted, each once.
    starts: Vec<(u32, i32, u32)>,
}

impl CallSites<'_> {
    /// Linker symbol name of the calling function, and line of the call from its first line; each pair once.
    pub fn sites(&self) -> impl Iterator<Item = (&str, i64)> {
        let sites = self.sites.iter();
        sites.filter_map(|(name, line)| Some((text(&self.names, *name)?, i64::from(*line))))
    }

    /// Every function, inlined ones included.
    pub fn starts(&self) -> impl Iterator<Item = Start<'_>> {
        self.starts.iter().filter_map(|(name, line, file)| {
            let path = text(&self.files, *file).unwrap_or_default();
            Some(Start {
                function: text(&self.names, *name)?,
                file: path.rsplit('/').next().unwrap_or_default(),
                line: i64::from(*line),
            })
        })
    }
}

/// Where a function begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start<'a> {
    /// Its linker symbol name.
    pub function: &'a str,
    /// The file without its directory.
    pub file: &'a str,
    /// The line.
    pub line: i64,
}

fn text(table: &[u8], offset: u32) -> Option<&str> {
    let rest = table.get(offset as usize..)?;
    std::str::from_utf8(&rest[..memchr::memchr(0, rest)?]).ok()
}

/// Finds the calls of a program. `None` where they cannot be determined: an architecture without a decoder here, or a file without
/// a line table that is known, or with one that claims more calls than a program has.
///
/// Fails as [`read`] does.
pub fn calls(bytes: &[u8]) -> Result<Option<CallSites<'_>>> {
    calls_with(bytes, |_| {})
}

/// As [`calls`], and shows `visit` the address of each instruction that calls, in order.
///
/// Fails as [`read`] does.
pub fn calls_with(bytes: &[u8], mut visit: impl FnMut(u64)) -> Result<Option<CallSites<'_>>> {
    let Some(file) = open(bytes)? else {
        return Ok(None);
    };
    Ok(search(&file.opened(), bytes.len(), &mut visit))
}

/// What calls are found in.
pub(super) struct Opened<'o, 'a> {
    binary: &'o Binary,
    image: &'o Image<'a>,
    table: &'o Pclntab,
    module: &'o Moduledata,
    /// `None` where there is none for the architecture.
    decoder: Option<Decoder>,
}

/// The parts of an executable in which calls are found, read for this alone.
struct Read<'a> {
    binary: Binary,
    image: Image<'a>,
    table: Pclntab,
    module: Moduledata,
}

impl<'a> Read<'a> {
    fn opened(&self) -> Opened<'_, 'a> {
        Opened::new(&self.binary, &self.image, &self.table, &self.module)
    }
}

/// `None` where there is no line table that is known.
fn open(bytes: &[u8]) -> Result<Option<Read<'_>>> {
    let binary = read(bytes)?;
    let Some(image) = Image::new(bytes, &binary) else {
        return Ok(None);
    };
    let roles: Vec<Role> = binary.sections.iter().map(|section| section.role).collect();
    let Found::Table(table) = pclntab::find(&image, &roles) else {
        return Ok(None);
    };
    let module = moduledata::find(&image, &table, &binary.sections);
    Ok(module.map(|module| Read {
        binary,
        image,
        table: *table,
        module,
    }))
}

impl<'o, 'a> Opened<'o, 'a> {
    pub fn new(
        binary: &'o Binary,
        image: &'o Image<'a>,
        table: &'o Pclntab,
        module: &'o Moduledata,
    ) -> Self {
        Self {
            decoder: binary.goarch.as_deref().and_then(Decoder::of),
            binary,
            image,
            table,
            module,
        }
    }

    /// Where each function begins and ends, and its record.
    fn functions(&self, tables: &Tables<'_>) -> impl Iterator<Item = (Addr, Addr, u32)> {
        let mut free = 0;
        let one = move |index: usize| {
            let at = |offset: usize| tables.functions.u32(index * 8 + offset);
            let place = |offset: u32| self.image.addr(self.module.entry(u64::from(offset)));
            let (start, record, end) = (place(at(0)?)?, at(4)?, place(at(8)?)?);
            // The index is sorted; what is not would be searched again and again.
            if start < free || end <= start {
                return None;
            }
            free = end;
            Some((start, end, record))
        };
        (0..self.table.count as usize).filter_map(one)
    }

    fn names(&self) -> Cow<'a, [u8]> {
        self.image.borrowed(self.table.names.clone())
    }

    fn files(&self) -> Cow<'a, [u8]> {
        self.image.borrowed(self.table.files.clone())
    }
}

fn search<'a>(
    opened: &Opened<'_, 'a>,
    file_size: usize,
    visit: &mut dyn FnMut(u64),
) -> Option<CallSites<'a>> {
    let tables = Tables::new(opened.image, opened.table)?;
    let decoder = opened.decoder?;
    let mut search = Search::new(opened, &tables, file_size)?;
    for (start, end, record) in opened.functions(&tables) {
        search.function(start, end, record, Some((decoder, &mut *visit)));
    }
    let (sites, starts) = (search.sites.sorted()?, search.starts.sorted()?);
    Some(CallSites {
        names: opened.names(),
        files: opened.files(),
        sites,
        starts,
    })
}

struct Search<'i, 'a> {
    image: &'i Image<'a>,
    tables: &'i Tables<'i>,
    /// Where the data of functions is counted from.
    trees: Addr,
    /// For each file of a compile unit, where its name is.
    units: Reader<'i>,
    sites: Distinct<(u32, i32)>,
    starts: Distinct<(u32, i32, u32)>,
    /// The stretches of code of the current function, each with its line.
    lines: Vec<Stretch>,
    /// The stretches of code, each with its node of the inline tree; below 0 where nothing is inlined.
    inlined: Vec<Stretch>,
    /// The stretches of code, each with its file, counted from the first of the unit.
    files: Vec<Stretch>,
    /// Where the inline tree of the current function is.
    tree: Option<Reader<'i>>,
}

/// Indices into a record: `_func` in `runtime/runtime2.go`.
const NAME: usize = 1;
const LINES: usize = 6;
const TABLES: usize = 7;
const UNIT: usize = 8;
const START_LINE: usize = 9;
const FIRST_TABLE: usize = 11;

impl<'i, 'a> Search<'i, 'a> {
    fn new(opened: &Opened<'i, 'a>, tables: &'i Tables<'i>, file_size: usize) -> Option<Self> {
        let (image, units) = (opened.image, &opened.table.units);
        Some(Self {
            image,
            tables,
            trees: opened.module.gofunc?,
            // Real programs have less than a quarter of what fits.
            sites: Distinct::new(file_size / 12),
            starts: Distinct::new(file_size / 24),
            units: image.over(image.slice(units.start, units.end)?),
            lines: Vec::new(),
            inlined: Vec::new(),
            files: Vec::new(),
            tree: None,
        })
    }

    fn function(
        &mut self,
        start: Addr,
        end: Addr,
        record: u32,
        code: Option<(Decoder, &mut dyn FnMut(u64))>,
    ) -> Option<()> {
        let tables = self.tables;
        let field = |index: usize| tables.field(record, index);
        let owner = Owner {
            name: field(NAME)?,
            start_line: field(START_LINE)?.cast_signed(),
        };
        let unit = field(UNIT)?;
        let count = field(TABLES)? as usize;
        let data = usize::from(tables.functions.u8(record as usize + 43)?);
        let size = end - start;
        stretches(tables, field(LINES)?, size, &mut self.lines);
        stretches(tables, field(FILES)?, size, &mut self.files);
        let file = self.file(unit, 0);
        self.starts.push((owner.name, owner.start_line, file));
        self.inlined.clear();
        let mut tree = None;
        if count > INLINE_INDEX && data > INLINE_TREE {
            stretches(
                tables,
                field(FIRST_TABLE + INLINE_INDEX)?,
                size,
                &mut self.inlined,
            );
            let offset = field(FIRST_TABLE.checked_add(count)?.checked_add(INLINE_TREE)?)?;
            tree = self
                .trees
                .checked_add(offset)
                .and_then(|addr| self.image.reader(addr));
        }
        self.tree = tree;
        self.nodes(owner, tree, unit);
        if let Some((decoder, visit)) = code {
            self.code(owner, tree, (start, end), decoder, visit);
        }
        Some(())
    }

    /// Name, line and file of what the source has at a place in the function that was read last.
    fn place(&self, record: u32, at: u32) -> Option<(u32, i32, u32)> {
        let field = |index: usize| self.tables.field(record, index);
        let number = value(&self.inlined, at).unwrap_or(-1);
        let inlined = self.tree.and_then(|tree| node(tree, number));
        let name = match inlined {
            Some(node) => node.owner.name,
            None => field(NAME)?,
        };
        Some((name, value(&self.lines, at)?, self.file(field(UNIT)?, at)))
    }

    /// Where the name of the file at a place in the code is.
    fn file(&self, unit: u32, at: u32) -> u32 {
        let number = value(&self.files, at).and_then(|change| unit.checked_add_signed(change));
        let offset = number.and_then(|number| self.units.u32((number as usize).checked_mul(4)?));
        offset.unwrap_or(u32::MAX)
    }

    /// Every inlined call.
    fn nodes(&mut self, owner: Owner, tree: Option<Reader<'_>>, unit: u32) {
        let begins = std::iter::once(0).chain(self.inlined.iter().map(|entry| entry.0));
        let mut numbers: Vec<(i32, u32)> = self
            .inlined
            .iter()
            .map(|entry| entry.1)
            .zip(begins)
            .collect();
        numbers.sort_unstable();
        numbers.dedup_by_key(|number| number.0);
        for (number, begin) in numbers.into_iter().filter(|number| number.0 >= 0) {
            let Some(node) = tree.and_then(|tree| node(tree, number)) else {
                continue;
            };
            let file = self.file(unit, begin);
            self.starts
                .push((node.owner.name, node.owner.start_line, file));
            self.site(owner, tree, node.parent);
        }
    }

    /// Every instruction that calls.
    fn code(
        &mut self,
        owner: Owner,
        tree: Option<Reader<'_>>,
        (start, end): (Addr, Addr),
        decoder: Decoder,
        visit: &mut dyn FnMut(u64),
    ) -> Option<()> {
        let region = self.image.region(start)?;
        let code = region.bytes.get(
            (start - region.start) as usize..(end.min(region.end()) - region.start) as usize,
        )?;
        let first = self.image.base + u64::from(start);
        decoder.calls(code, |at| {
            visit(first + u64::from(at));
            self.site(owner, tree, at);
        });
        Some(())
    }

    /// Notes the call at a place in the code.
    fn site(&mut self, function: Owner, tree: Option<Reader<'_>>, at: u32) {
        let Some(line) = value(&self.lines, at) else {
            return;
        };
        let number = value(&self.inlined, at).unwrap_or(-1);
        let inlined = tree.and_then(|tree| node(tree, number));
        let owner = inlined.map_or(function, |inlined| inlined.owner);
        self.sites.push((owner.name, owner.offset(line)));
    }
}
