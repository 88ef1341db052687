//! The steps from bytes to an [`Anatomy`], in order.

use std::borrow::Cow;

use crate::error::Result;

use super::anatomy::{Anatomy, LayoutNote, Owners, Request};
use super::assemble::{Parts, assemble};
use super::calls::{Callers, Opened};
use super::functions::{Entry, Tables};
use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::listing::Listed;
use super::moduledata::Moduledata;
use super::packages::{NONE, Packages};
use super::pclntab::{Found, Pclntab};
use super::state::{State, with_bodies};
use super::types::Types;
use super::watched::Watched;
use super::{
    Binary, BuildInfo, Format, Mapped, Role, calls, functions, line_tables, linknames, listing,
    moduledata, pclntab, read, wasm,
};

/// Finds the owner and the kind of every byte.
///
/// Fails as [`read`] does. A file that is no Go program, or of a Go that is not known, is no failure: less of it has an owner.
pub fn anatomy(bytes: &[u8]) -> Result<Anatomy<'_>> {
    anatomy_with(bytes, &Request::default())
}

/// As [`anatomy`], with what the request asks for in addition.
pub fn anatomy_with<'a>(bytes: &'a [u8], request: &Request) -> Result<Anatomy<'a>> {
    dissect(bytes, read(bytes)?, request, &|| {})
}

/// As [`anatomy_with`], for a file: no more of it is in memory at once than a step needs, so that reading takes a
/// little longer.
pub fn anatomy_of<'a>(file: &'a Mapped, request: &Request) -> Result<Anatomy<'a>> {
    dissect(file, read(file)?, request, &|| file.forget())
}

/// Runs the steps; a step that cannot read its part leaves a note. `done` is called behind steps that read much.
fn dissect<'a>(
    bytes: &'a [u8],
    binary: Binary,
    request: &Request,
    done: &dyn Fn(),
) -> Result<Anatomy<'a>> {
    let image = Image::new(bytes, &binary);
    let info = binary.build_info.clone();
    let mut accounts = Accounts::empty(bytes.len(), &binary, info.as_ref());
    match &image {
        Some(image) => {
            let state = State {
                done,
                bytes,
                binary: &binary,
                image,
                packages: accounts.packages,
                ledger: accounts.ledger,
                notes: accounts.notes,
                types: accounts.types,
                listed: request.objects,
                named: binary.has_symbols && !request.without_symbols,
                objects: accounts.objects,
                owners: accounts.owners,
                callers_of: request.callers_of,
                watched: Watched::default(),
            };
            accounts = state.accounts();
        }
        None => accounts.notes.push(LayoutNote::NoLineTable),
    }
    accounts
        .ledger
        .close(&binary, !accounts.entries.is_empty())?;
    let parts = Parts {
        base: image.as_ref().map_or(0, |image| image.base),
        entries: &accounts.entries,
        names: accounts.names,
        packages: &accounts.packages,
        ledger: &accounts.ledger,
        types: &accounts.types,
        objects: accounts.objects,
        callers: accounts.callers,
        owners: accounts.owners,
        notes: accounts.notes,
    };
    let mut found = assemble(binary, parts);
    if request.objects {
        listing::name(bytes, &found.binary, &mut found.objects);
    }
    Ok(found)
}

/// What the steps leave.
struct Accounts<'a, 'p> {
    entries: Vec<Entry>,
    names: Cow<'a, [u8]>,
    packages: Packages<'p>,
    ledger: Ledger,
    notes: Vec<LayoutNote>,
    types: Types,
    objects: Vec<Listed>,
    owners: Owners,
    callers: Callers,
}

impl<'p> Accounts<'_, 'p> {
    /// The accounts of a file of `size` bytes of which nothing has been read.
    fn empty(size: usize, binary: &Binary, info: Option<&'p BuildInfo>) -> Self {
        Self {
            entries: Vec::new(),
            names: Cow::Borrowed(&[]),
            packages: Packages::new(size, info),
            ledger: Ledger::new(binary.sections.len()),
            notes: Vec::new(),
            types: Types::default(),
            objects: Vec::new(),
            owners: Owners::References,
            callers: Callers::Unknown,
        }
    }
}

impl<'a, 'p> State<'a, '_, 'p> {
    /// Every step, in order.
    fn accounts(mut self) -> Accounts<'a, 'p> {
        let mut entries = Vec::new();
        let mut names = Cow::Borrowed(&[][..]);
        let mut callers = Callers::Unknown;
        if let Some(table) = self.line_table() {
            let module = moduledata::find(self.image, &table, &self.binary.sections);
            entries = self.program(table.clone(), module.as_ref());
            callers = self.callers(&table, module.as_ref()).unwrap_or_default();
            names = self.image.borrowed(table.names);
        }
        if self.packages.cut && !self.notes.contains(&LayoutNote::Inconsistent) {
            self.notes.push(LayoutNote::Inconsistent);
        }
        Accounts {
            entries,
            names,
            packages: self.packages,
            ledger: self.ledger,
            notes: self.notes,
            types: self.types,
            objects: self.objects,
            owners: self.owners,
            callers,
        }
    }
}

impl State<'_, '_, '_> {
    fn line_table(&mut self) -> Option<Pclntab> {
        let roles: Vec<Role> = self
            .binary
            .sections
            .iter()
            .map(|section| section.role)
            .collect();
        match pclntab::find(self.image, &roles) {
            Found::Table(it) => return Some(*it),
            Found::Old => self.notes.push(LayoutNote::OldLineTable),
            Found::Nothing => self.notes.push(LayoutNote::NoLineTable),
        }
        None
    }

    /// Everything that the line table leads to.
    fn program(&mut self, mut table: Pclntab, module: Option<&Moduledata>) -> Vec<Entry> {
        if module.is_none() {
            self.notes.push(LayoutNote::NoModuledata);
        }
        let module = module.cloned().unwrap_or_else(|| self.guess(&table));
        // What follows the table begins at one of these. In wasm all of it is one region.
        let variables = module.variables.iter().flatten().map(|range| range.0);
        let fixed = [module.gofunc, module.findfunctab].into_iter().flatten();
        for limit in fixed.chain(variables) {
            let least = u64::from(table.functions.start) + 8 * u64::from(table.count) + 4;
            if u64::from(limit) >= least && limit < table.functions.end {
                table.functions.end = limit;
            }
        }
        let Some(tables) = Tables::new(self.image, &table) else {
            self.notes.push(LayoutNote::Inconsistent);
            return Vec::new();
        };
        let mut entries = self.functions(&table, &tables, &module);
        if let Some(name) = self.callers_of {
            self.watched = Watched::new(name, &entries, &tables);
        }
        functions::label_units(&mut entries, &tables);
        self.claim_code(&entries, &module);
        let maps = line_tables::claim(
            self.image,
            &table,
            &tables,
            &entries,
            &mut self.packages,
            module.gofunc,
            &mut self.ledger,
        );
        (self.done)();
        let mut taken = Vec::new();
        taken.push(table.header.start..table.functions.end);
        if let Some(start) = module.findfunctab {
            taken.push(
                start
                    ..line_tables::claim_buckets(
                        self.image,
                        start,
                        &entries,
                        self.binary.format == Format::Wasm,
                        &mut self.ledger,
                    ),
            );
        }
        // Code counts for the package that its name has, as in a symbol table, and what it mentions for who wrote it.
        let named = linknames::by_writer(&mut entries, &tables, &table, self.image);
        super::data::account(self, (&entries, &tables), &module, maps, taken);
        for (place, package) in named {
            entries[place].package = package;
        }
        entries
    }

    /// Who calls the function that was asked about; `None` where that cannot be determined.
    fn callers(&mut self, table: &Pclntab, module: Option<&Moduledata>) -> Option<Callers> {
        self.watched.finish();
        let opened = Opened::new(self.binary, self.image, table, module?);
        calls::callers::find(&opened, self.bytes.len(), self.callers_of?, &self.watched)
    }

    /// Without the runtime's table of contents, code begins where the header or the sections say.
    fn guess(&self, table: &Pclntab) -> Moduledata {
        let first = self
            .image
            .regions
            .iter()
            .find(|region| region.executable)
            .map(|region| self.image.base + u64::from(region.start));
        Moduledata {
            text: table.text.or(first).unwrap_or(0),
            ..Moduledata::default()
        }
    }

    fn functions(
        &mut self,
        table: &Pclntab,
        tables: &Tables<'_>,
        module: &Moduledata,
    ) -> Vec<Entry> {
        if self.binary.format != Format::Wasm {
            let locate = |offset: u32| self.image.addr(module.entry(u64::from(offset)));
            let entries = functions::read(tables, table.count, &mut self.packages, locate);
            if entries.len() < table.count as usize {
                self.notes.push(LayoutNote::Inconsistent);
            }
            return entries;
        }
        // In wasm a pc is the number of a function; before Go 1.25 with room for places within it.
        let mut entries = functions::read(tables, table.count, &mut self.packages, Some);
        let shift = if entries.iter().all(|entry| entry.start & 0xffff == 0) {
            16
        } else {
            0
        };
        // The linker numbers from 4096, so that no pc is a small number.
        let first = entries.first().map_or(0, |entry| entry.start);
        for it in &mut entries {
            (it.start, it.end) = ((it.start - first) >> shift, (it.end - first) >> shift);
            it.size = 0;
        }
        with_bodies(self.bytes, &mut entries, |entry, range| {
            entry.size = range.len() as u32
        });
        entries
    }

    fn claim_code(&mut self, entries: &[Entry], module: &Moduledata) {
        if self.binary.format == Format::Wasm {
            self.claim_bodies(entries);
            self.claim_segment_headers();
            return;
        }
        for it in entries {
            let kind = if it.foreign { Kind::CCode } else { Kind::Code };
            self.ledger
                .claim(self.image, (it.start, it.end), it.package, kind);
        }
        if let Some(end) = entries.last().map(|entry| entry.end) {
            self.claim_filler(end);
        }
        // PE and Mach-O keep the build ID before the first function.
        if let Some((text, first)) = self.image.addr(module.text).zip(entries.first())
            && first.start.saturating_sub(text) < 4096
        {
            self.ledger
                .claim(self.image, (text, first.start), NONE, Kind::Loader);
        }
    }

    /// In wasm the number of functions stands before the first.
    fn claim_bodies(&mut self, entries: &[Entry]) {
        let mut sections = self.binary.sections.iter();
        let Some(section) = sections.position(|section| section.role == Role::Code) else {
            return;
        };
        let count = wasm::bytes_before_bodies(self.bytes);
        self.ledger.add(section, count, NONE, Kind::Headers);
        for it in entries {
            self.ledger
                .add(section, u64::from(it.size), it.package, Kind::Code);
        }
    }

    /// What stands behind the last function up to the end of its section, where it is nothing but filler.
    fn claim_filler(&mut self, end: Addr) {
        let Some(region) = self.image.region(end.saturating_sub(1)) else {
            return;
        };
        let rest = &region.bytes[(end - region.start) as usize..];
        let first = rest.first().copied().unwrap_or(0);
        if matches!(first, 0 | 0x90 | 0xcc) && rest.iter().all(|byte| *byte == first) {
            let range = (end, region.end());
            self.ledger.claim(self.image, range, NONE, Kind::Padding);
        }
    }

    /// In wasm every stretch of data has its address and length before it.
    fn claim_segment_headers(&mut self) {
        for region in &self.image.regions {
            let memory = self.image.file_bytes(region.start, region.end());
            let size = self.binary.sections[region.section].file_size;
            self.ledger.add(
                region.section,
                size.saturating_sub(memory)
                    .saturating_sub(self.image.beyond),
                NONE,
                Kind::Headers,
            );
        }
    }
}
