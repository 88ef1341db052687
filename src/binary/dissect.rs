//! The steps from bytes to an [`Anatomy`], in order.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Result;

use super::anatomy::{Anatomy, LayoutNote};
use super::assemble::{Parts, assemble};
use super::functions::{Entry, Tables};
use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::moduledata::Moduledata;
use super::objects::{Data, Source};
use super::packages::{NONE, PackageId, Packages};
use super::partition::Recent;
use super::pclntab::{Found, Pclntab};
use super::types::Types;
use super::{
    Binary, Format, Role, extents, functions, lines, loader, moduledata, objects, pclntab,
    references, wasm,
};

/// What the steps share.
struct State<'a, 'i> {
    bytes: &'a [u8],
    binary: &'i Binary,
    image: &'i Image<'a>,
    packages: Packages,
    ledger: Ledger,
    notes: Vec<LayoutNote>,
    types: Types,
}

/// Runs the steps; a step that cannot read its part leaves a note.
pub(super) fn dissect(bytes: &[u8], binary: Binary) -> Result<Anatomy<'_>> {
    let image = Image::new(bytes, &binary);
    let mut entries = Vec::new();
    let mut names = Cow::Borrowed(&[][..]);
    let (packages, mut ledger, notes, types) = match &image {
        Some(image) => {
            let mut state = State {
                bytes,
                binary: &binary,
                image,
                packages: Packages::new(bytes.len()),
                ledger: Ledger::new(binary.sections.len()),
                notes: Vec::new(),
                types: Types::default(),
            };
            if let Some(table) = state.line_table() {
                entries = state.program(table.clone());
                names = borrow(image, table.names);
            }
            if state.packages.cut && !state.notes.contains(&LayoutNote::Inconsistent) {
                state.notes.push(LayoutNote::Inconsistent);
            }
            (state.packages, state.ledger, state.notes, state.types)
        }
        None => {
            let notes = vec![LayoutNote::NoLineTable];
            (
                Packages::new(bytes.len()),
                Ledger::new(binary.sections.len()),
                notes,
                Types::default(),
            )
        }
    };
    ledger.close(&binary, !entries.is_empty())?;
    let parts = Parts {
        base: image.as_ref().map_or(0, |it| it.base),
        entries: &entries,
        names,
        packages: &packages,
        ledger: &ledger,
        types: &types,
        notes,
    };
    Ok(assemble(binary, parts))
}

/// Calls `each` with every function of a wasm module, which are in order, and where its code stands in the file.
fn with_bodies(
    bytes: &[u8],
    entries: &mut [Entry],
    mut each: impl FnMut(&mut Entry, Range<usize>),
) {
    let mut bodies = wasm::bodies(bytes);
    let mut next = 0;
    for entry in entries {
        let Some(skip) = entry.start.checked_sub(next) else {
            continue;
        };
        let Some((offset, length)) = bodies.nth(skip as usize) else {
            return;
        };
        next = entry.start + 1;
        each(entry, offset..offset + length);
    }
}

/// The bytes of a table, borrowed from the file where they stand there as they are in memory.
pub(super) fn borrow<'a>(image: &Image<'a>, range: Range<Addr>) -> Cow<'a, [u8]> {
    let Some(region) = image.region(range.start) else {
        return Cow::Borrowed(&[]);
    };
    let within = (range.start - region.start) as usize..(range.end - region.start) as usize;
    match &region.bytes {
        Cow::Borrowed(it) => Cow::Borrowed(it.get(within).unwrap_or_default()),
        Cow::Owned(it) => Cow::Owned(it.get(within).unwrap_or_default().to_vec()),
    }
}

impl State<'_, '_> {
    fn line_table(&mut self) -> Option<Pclntab> {
        let roles: Vec<Role> = self.binary.sections.iter().map(|it| it.role).collect();
        match pclntab::find(self.image, &roles) {
            Found::Table(it) => return Some(*it),
            Found::Old => self.notes.push(LayoutNote::OldLineTable),
            Found::Nothing => self.notes.push(LayoutNote::NoLineTable),
        }
        None
    }

    /// Everything that the line table leads to.
    fn program(&mut self, mut table: Pclntab) -> Vec<Entry> {
        let module = moduledata::find(self.image, &table, &self.binary.sections);
        if module.is_none() {
            self.notes.push(LayoutNote::NoModuledata);
        }
        let module = module.unwrap_or_else(|| self.guess(&table));
        for limit in [module.gofunc, module.findfunctab].into_iter().flatten() {
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
        functions::label_units(&mut entries, &tables);
        self.claim_code(&entries, &module);
        let maps = lines::claim(
            self.image,
            &table,
            &tables,
            &entries,
            &mut self.packages,
            module.gofunc,
            &mut self.ledger,
        );
        let mut taken = Vec::new();
        taken.push(table.header.start..table.functions.end);
        if let Some(start) = module.findfunctab {
            taken.push(
                start
                    ..lines::claim_buckets(
                        self.image,
                        start,
                        &entries,
                        self.binary.format == Format::Wasm,
                        &mut self.ledger,
                    ),
            );
        }
        self.data(&entries, &module, maps, taken);
        entries
    }

    /// Without the runtime's table of contents, code begins where the header or the sections say.
    fn guess(&self, table: &Pclntab) -> Moduledata {
        let first = self
            .image
            .regions
            .iter()
            .find(|it| it.executable)
            .map(|it| self.image.base + u64::from(it.start));
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
        let shift = if entries.iter().all(|it| it.start & 0xffff == 0) {
            16
        } else {
            0
        };
        // The linker numbers from 4096, so that no pc is a small number.
        let first = entries.first().map_or(0, |it| it.start);
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
            if let Some(section) = self
                .binary
                .sections
                .iter()
                .position(|it| it.role == Role::Code)
            {
                for it in entries {
                    self.ledger
                        .add(section, u64::from(it.size), it.package, Kind::Code);
                }
            }
            self.claim_segment_headers();
            return;
        }
        for it in entries {
            let kind = if it.foreign { Kind::CCode } else { Kind::Code };
            self.ledger
                .claim(self.image, (it.start, it.end), it.package, kind);
        }
        if let Some(end) = entries.last().map(|it| it.end) {
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

    /// What stands behind the last function up to the end of its section, where it is nothing but filler.
    fn claim_filler(&mut self, end: Addr) {
        let Some(region) = self.image.region(end.saturating_sub(1)) else {
            return;
        };
        let rest = &region.bytes[(end - region.start) as usize..];
        let first = rest.first().copied().unwrap_or(0);
        if matches!(first, 0 | 0x90 | 0xcc) && rest.iter().all(|it| *it == first) {
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

    /// Types, stack maps, strings and variables.
    fn data(
        &mut self,
        entries: &[Entry],
        module: &Moduledata,
        maps: Vec<u64>,
        taken: Vec<Range<Addr>>,
    ) {
        let mut data = Data {
            areas: self.areas(taken),
            known: Vec::new(),
            starts: Vec::new(),
        };
        let mut starts: Vec<u64> = maps
            .into_iter()
            .map(|it| objects::start((it >> 32) as Addr, Source::Record, it as PackageId))
            .collect();
        self.references(entries, &data.areas, &mut starts);
        let runtime = self.packages.of_prefix(b"runtime");
        let masks = module.masks.iter().flatten();
        starts.extend(masks.map(|it| objects::start(*it, Source::Code, runtime)));
        data.add(starts);
        match extents::types(self.image, self.binary, module, &data, &mut self.packages) {
            Some((types, known)) => (self.types, data.known) = (types, known),
            None => self.notes.push(LayoutNote::NoTypes),
        }
        let contents = extents::table_of_contents(self.image, self.binary, module, runtime);
        data.known.extend(contents);
        extents::disjoint(&mut data.known);
        data.follow(self.image, true);
        data.follow_code(self.image, |target| {
            let found = entries.binary_search_by_key(&target, |it| it.start).ok()?;
            Some(entries[found].package).filter(|it| *it != NONE)
        });
        data.follow(self.image, false);
        let needs_owners = loader::has_tables(self.binary);
        let mut objects = Vec::new();
        data.claim(self.image, &mut self.ledger, |start, owner| {
            if needs_owners {
                objects.push((start, owner));
            }
        });
        let owners = loader::Owners {
            objects: &objects,
            entries,
        };
        loader::claim(
            self.image,
            self.binary,
            self.bytes,
            &owners,
            &mut self.ledger,
        );
    }

    /// Loaded sections with data, without the tables that have owners already.
    fn areas(&self, mut taken: Vec<Range<Addr>>) -> Vec<Range<Addr>> {
        taken.sort_by_key(|it| it.start);
        let mut areas = Vec::new();
        for region in &self.image.regions {
            let section = &self.binary.sections[region.section];
            let roles = [Role::Rodata, Role::Pclntab, Role::Types, Role::Data];
            if region.executable
                || !roles.contains(&section.role)
                || section.name.contains("buildinfo")
                || section.name.contains("fipsinfo")
            {
                continue;
            }
            let mut start = region.start;
            for it in taken
                .iter()
                .filter(|it| it.end > region.start && it.start < region.end())
            {
                if it.start > start {
                    areas.push(start..it.start);
                }
                start = start.max(it.end);
            }
            if start < region.end() {
                areas.push(start..region.end());
            }
        }
        areas
    }

    /// What code refers to.
    fn references(&mut self, entries: &[Entry], areas: &[Range<Addr>], starts: &mut Vec<u64>) {
        let Some((first, last)) = areas.first().zip(areas.last()) else {
            return;
        };
        let all = first.start..last.end;
        // Code mentions the same few places again and again: most repetitions are dropped before they are sorted.
        let mut recent = Recent::new();
        let mut push = |addr: Addr, owner: PackageId| {
            let it = objects::start(addr, Source::Code, owner);
            if owner != NONE && recent.is_new(it) {
                starts.push(it);
            }
        };
        if self.binary.format == Format::Wasm {
            with_bodies(self.bytes, &mut entries.to_vec(), |entry, range| {
                let code = &self.bytes[range];
                references::scan_wasm(code, &all, |it| push(it, entry.package));
            });
            return;
        }
        let searched = references::scan(
            self.image,
            self.binary.goarch.as_deref(),
            entries,
            &all,
            &mut push,
        );
        if !searched && !entries.is_empty() {
            self.notes.push(LayoutNote::NoReferences);
        }
    }
}
