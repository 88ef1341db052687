//! The steps from bytes to an [`Anatomy`], in order.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Result;

use super::anatomy::{
    Anatomy, Function, KindBytes, LayoutNote, Methods, Owned, PackageBytes, UnownedBytes,
};
use super::functions::{Entry, Tables};
use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::moduledata::{Listing, Moduledata};
use super::objects::{Data, Known, Source};
use super::packages::{Modules, NONE, PackageId, Packages};
use super::pclntab::{Found, Pclntab};
use super::types::{Layout, Types, Walk};
use super::{
    Binary, Format, Role, functions, lines, loader, moduledata, objects, pclntab, references, wasm,
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
                packages: Packages::default(),
                ledger: Ledger::new(binary.sections.len()),
                notes: Vec::new(),
                types: Types::default(),
            };
            if let Some(table) = state.line_table() {
                entries = state.program(table.clone());
                names = borrow(image, table.names);
            }
            (state.packages, state.ledger, state.notes, state.types)
        }
        None => {
            let notes = vec![LayoutNote::NoLineTable];
            (
                Packages::default(),
                Ledger::new(binary.sections.len()),
                notes,
                Types::default(),
            )
        }
    };
    ledger.close(&binary)?;
    let base = image.as_ref().map_or(0, |it| it.base);
    Ok(assemble(
        binary, base, &entries, names, &packages, &ledger, notes, &types,
    ))
}

/// The bytes of a table, borrowed from the file where they stand there as they are in memory.
fn borrow<'a>(image: &Image<'a>, range: Range<Addr>) -> Cow<'a, [u8]> {
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
            if limit > table.functions.start && limit < table.functions.end {
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
        let bodies = wasm::bodies(self.bytes).unwrap_or_default();
        // The linker numbers from 4096, so that no pc is a small number.
        let first = entries.first().map_or(0, |it| it.start);
        for it in &mut entries {
            (it.start, it.end) = ((it.start - first) >> shift, (it.end - first) >> shift);
            it.size = bodies.get(it.start as usize).map_or(0, |it| it.1);
        }
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
            return;
        }
        for it in entries {
            self.ledger
                .claim(self.image, (it.start, it.end), it.package, Kind::Code);
        }
        // PE and Mach-O keep the build ID before the first function.
        if let Some((text, first)) = self.image.addr(module.text).zip(entries.first())
            && first.start.saturating_sub(text) < 4096
        {
            self.ledger
                .claim(self.image, (text, first.start), NONE, Kind::Loader);
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
        data.known = self.types(module, &data);
        self.describe_module(module, runtime, &mut data.known);
        data.follow(self.image);
        data.follow_code(self.image, |target| {
            let found = entries.binary_search_by_key(&target, |it| it.start).ok()?;
            Some(entries[found].package).filter(|it| *it != NONE)
        });
        data.follow(self.image);
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
        let mut previous = 0;
        let mut push = |addr: Addr, owner: PackageId| {
            let it = objects::start(addr, Source::Code, owner);
            if it != previous && owner != NONE {
                starts.push(it);
                previous = it;
            }
        };
        if self.binary.format == Format::Wasm {
            let bodies = wasm::bodies(self.bytes).unwrap_or_default();
            for entry in entries {
                let Some(&(offset, length)) = bodies.get(entry.start as usize) else {
                    continue;
                };
                let code = self
                    .bytes
                    .get(offset as usize..(offset + length) as usize)
                    .unwrap_or_default();
                references::scan_wasm(code, &all, |it| push(it, entry.package));
            }
            return;
        }
        references::scan(
            self.image,
            self.binary.goarch.as_deref(),
            entries,
            &all,
            &mut push,
        );
        if starts.is_empty() && !entries.is_empty() {
            self.notes.push(LayoutNote::NoReferences);
        }
    }

    /// Walks the types, and gives their extents.
    fn types(&mut self, module: &Moduledata, data: &Data) -> Vec<Known> {
        let rows = matches!(module.listing, Listing::Rows { .. });
        let version = self
            .binary
            .build_info
            .as_ref()
            .map(|it| it.go_version.as_str());
        let layout = Layout::new(usize::from(self.image.pointer_size), version, rows);
        let walk = (module.etypes > module.types)
            .then(|| Walk::new(self.image, module, layout))
            .flatten();
        let Some(mut walk) = walk else {
            self.notes.push(LayoutNote::NoTypes);
            return Vec::new();
        };
        match module.listing {
            Listing::Rows { types_end, .. } => walk.row(types_end),
            Listing::Links { types, .. } => {
                walk.links(self.image, types);
                // The list has only what reflection needs; code and data refer to the others.
                data.starts
                    .iter()
                    .for_each(|it| walk.root((it >> 32) as Addr));
                walk.run();
            }
        }
        walk.itabs(self.image, &module.listing);
        let runtime = self.packages.of_prefix(b"runtime");
        let fallback = |addr: Addr| {
            let index = data
                .starts
                .partition_point(|it| *it < u64::from(addr) << 32);
            let found = data
                .starts
                .get(index)
                .filter(|it| (**it >> 32) as Addr == addr);
            found.map_or(runtime, |it| objects::owner_of(*it))
        };
        let (types, names) = walk.finish(&mut self.packages, fallback);
        let mut known =
            Vec::with_capacity(types.descriptors.len() + names.len() + types.itabs.len());
        let mut push = |start: Addr, size: u32, owner| {
            known.push(Known {
                start,
                end: start.saturating_add(size),
                owner,
                kind: Kind::Types,
            });
        };
        let owner = |addr: Addr| {
            let found = types.descriptors.binary_search_by_key(&addr, |it| it.addr);
            found.map_or(NONE, |it| types.descriptors[it].owner)
        };
        types
            .descriptors
            .iter()
            .for_each(|it| push(it.addr, it.size, it.owner));
        names.iter().for_each(|it| push(it.addr, it.size, it.owner));
        types
            .itabs
            .iter()
            .for_each(|it| push(it.addr, it.size, owner(it.concrete)));
        if let Listing::Links {
            types: (start, count),
            itabs,
        } = module.listing
        {
            self.links(module, (start, count), itabs, &types, &mut push);
        }
        if types.descriptors.is_empty() {
            self.notes.push(LayoutNote::NoTypes);
        }
        self.types = types;
        known
    }

    /// The entries of the lists themselves belong to what they list.
    fn links(
        &self,
        module: &Moduledata,
        (start, count): (Addr, u32),
        itabs: (Addr, u32),
        types: &Types,
        push: &mut impl FnMut(Addr, u32, PackageId),
    ) {
        let owner = |addr: Addr| {
            let found = types.descriptors.binary_search_by_key(&addr, |it| it.addr);
            found.map_or(NONE, |it| types.descriptors[it].owner)
        };
        let word = u32::from(self.image.pointer_size);
        if let Some(reader) = self.image.reader(start) {
            for index in 0..count {
                let Some(distance) = reader.u32(4 * index as usize) else {
                    break;
                };
                push(
                    start + 4 * index,
                    4,
                    owner(module.types.wrapping_add(distance)),
                );
            }
        }
        if let Some(reader) = self.image.reader(itabs.0) {
            for index in 0..itabs.1 {
                let Some(value) = reader.word((word * index) as usize) else {
                    break;
                };
                let concrete = self
                    .image
                    .addr(value)
                    .and_then(|it| self.image.reader(it)?.word(word as usize));
                let found = concrete
                    .and_then(|it| self.image.addr(it))
                    .map_or(NONE, owner);
                push(itabs.0 + word * index, word, found);
            }
        }
    }

    /// Adds the table of contents itself, then brings what is known into order and drops what overlaps.
    fn describe_module(&self, module: &Moduledata, runtime: PackageId, known: &mut Vec<Known>) {
        let region = self.image.region(module.addr).filter(|_| module.addr > 0);
        if let Some(region) = region {
            let named = self.binary.sections[region.section].name.contains("module");
            let size = 52 * u32::from(self.image.pointer_size);
            let end = if named {
                region.end()
            } else {
                (module.addr + size).min(region.end())
            };
            known.push(Known {
                start: module.addr,
                end,
                owner: runtime,
                kind: Kind::Data,
            });
        }
        known.sort_unstable_by_key(|it| (it.start, it.end));
        let mut free = 0;
        known.retain(|it| {
            let keep = it.start >= free && it.end > it.start;
            if keep {
                free = it.end;
            }
            keep
        });
    }
}

/// Names and orders what was counted.
#[allow(clippy::too_many_arguments)]
fn assemble<'a>(
    binary: Binary,
    base: u64,
    entries: &[Entry],
    names: Cow<'a, [u8]>,
    packages: &Packages,
    ledger: &Ledger,
    notes: Vec<LayoutNote>,
    types: &Types,
) -> Anatomy<'a> {
    let (list, places) = package_list(&binary, entries, packages, ledger);
    let functions = entries
        .iter()
        .map(|it| Function::new(it, base, &places))
        .collect();
    let mut kinds = Kind::ALL
        .map(|kind| KindBytes {
            kind,
            bytes: 0,
            unowned: 0,
        })
        .to_vec();
    for (kind, sum) in kinds.iter_mut().enumerate() {
        sum.bytes = list.iter().map(|it| it.by_kind[kind]).sum();
    }
    let mut unowned: Vec<UnownedBytes> = Vec::new();
    for (&(section, kind), &bytes) in &ledger.unowned {
        kinds[kind as usize].bytes += bytes;
        kinds[kind as usize].unowned += bytes;
        unowned.push(UnownedBytes {
            section: binary.sections[section].name.clone(),
            kind,
            bytes,
        });
    }
    for (kind, bytes) in [
        (Kind::Headers, binary.headers),
        (Kind::Padding, binary.padding),
    ] {
        kinds[kind as usize].bytes += bytes;
        kinds[kind as usize].unowned += bytes;
    }
    unowned.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let in_file = |it: &&super::Section| it.loaded;
    let padding: u64 = unowned
        .iter()
        .filter(|it| it.kind == Kind::Padding)
        .map(|it| it.bytes)
        .sum();
    let loaded = binary
        .sections
        .iter()
        .filter(in_file)
        .map(|it| it.file_size)
        .sum::<u64>();
    let owned = list.iter().map(|it| it.bytes).sum();
    let methods = Methods {
        exported: types.exported,
        pruned: types.pruned,
    };
    Anatomy {
        functions,
        packages: list,
        kinds,
        unowned,
        shared: ledger.shared,
        loaded: Owned {
            bytes: loaded - padding.min(loaded),
            owned,
        },
        types: types.descriptors.len() as u64,
        itabs: types.itabs.len() as u64,
        methods: (!types.descriptors.is_empty()).then_some(methods),
        notes,
        names,
        binary,
    }
}

/// Packages with bytes, the largest first, and the place of each number among them.
fn package_list(
    binary: &Binary,
    entries: &[Entry],
    packages: &Packages,
    ledger: &Ledger,
) -> (Vec<PackageBytes>, Vec<u32>) {
    let modules = Modules::new(binary.build_info.as_ref());
    let mut numbers: Vec<u32> = (0..packages.paths.len() as u32).collect();
    let sum = |number: u32| {
        ledger
            .owned
            .get(number as usize)
            .map_or(0, |it| it.iter().sum::<u64>())
    };
    numbers.retain(|it| sum(*it) > 0);
    numbers.sort_by_key(|it| {
        (
            std::cmp::Reverse(sum(*it)),
            packages.paths[*it as usize].as_str(),
        )
    });
    let mut places = vec![NONE; packages.paths.len()];
    let mut list = Vec::with_capacity(numbers.len());
    for (place, &number) in numbers.iter().enumerate() {
        places[number as usize] = place as u32;
        let path = modules.import_path(&packages.paths[number as usize]);
        let (module, origin) = modules.of(&path);
        list.push(PackageBytes {
            path,
            module: module.map(|it| it.path.clone()),
            version: module
                .map(|it| it.version.clone())
                .filter(|it| !it.is_empty()),
            origin,
            bytes: sum(number),
            by_kind: ledger.owned[number as usize],
            paid_for: 0,
            functions: 0,
        });
    }
    for entry in entries {
        let place = |number: u32| places.get(number as usize).map_or(NONE, |it| *it) as usize;
        if let Some(it) = list.get_mut(place(entry.package)) {
            it.functions += 1;
        }
        if let Some(it) = list.get_mut(place(entry.paid_by)) {
            it.paid_for += u64::from(entry.size);
        }
    }
    (list, places)
}
