//! Finds an owner for every byte of the data: types, stack maps, texts and variables.

mod known_first;
mod text_lengths;

use std::ops::Range;

use super::anatomy::{LayoutNote, Owners};
use super::functions::{self, Entry, Tables};
use super::image::Addr;
use super::moduledata::Moduledata;
use super::objects::{Data, How, Known, Places, Source, addr_of, source_of};
use super::origins::Origins;
use super::owners::{Owned, Ranked};
use super::packages::{NONE, PackageId};
use super::partition::{Recent, merge};
use super::pointers::{self, Pointers};
use super::references::Mentions;
use super::runs::{Content, Run};
use super::state::{State, with_bodies};
use super::{
    Format, Kind, Role, doubt, extents, listing, loader, objects, owners, references, runs,
};
use known_first::{follow_types, known, records, symbols};

/// Finds the objects of the data and their owners, and claims them. `maps` are where functions keep what they say of
/// themselves, with their packages; `taken` are the tables that have owners already.
pub(super) fn account(
    state: &mut State<'_, '_, '_>,
    (entries, tables): (&[Entry], &Tables<'_>),
    module: &Moduledata,
    maps: Vec<u64>,
    taken: Vec<Range<Addr>>,
) {
    let wasm = state.binary.format == Format::Wasm;
    let function = |target: Addr| {
        let entry = functions::at(entries, wasm, target)?;
        Some(entry.package).filter(|owner| *owner != NONE)
    };
    let data = Data {
        areas: areas(state, taken),
        word: u32::from(state.image.pointer_size),
        ..Data::default()
    };
    let (mut data, named) = gather(state, entries, module, maps, data, function);
    let (found, targets) = pointers_of(state, &data, function);
    let Pointers { edges, lengths, .. } = add_exact(&mut data, found, &targets);
    doubt::drop_false(state, entries, &mut data, &targets);
    (state.done)();
    let starts = doubt::places(&data.starts, &targets);
    let lengths = text_lengths::find(state, (entries, &data), lengths, &starts);
    let found = data.lay_out(&Places {
        starts: &starts,
        lengths: &lengths,
        named: &named,
    });
    let ranked = Ranked {
        packages: &state.packages,
        named: state.owners == Owners::Symbols,
        ranks: ranks(entries),
        declared: &state.types.declared,
    };
    let origins = Origins {
        image: state.image,
        wasm: wasm.then_some(state.bytes),
        goarch: state.binary.goarch.as_deref(),
        entries,
        mentions: &data.mentions,
        tables,
        gofunc: module.gofunc,
        packages: &state.packages,
    };
    let owned = owners::find(&data, &found, &edges, &ranked, &origins, function);
    claim(state, entries, &owned);
    if state.listed {
        state.objects = listing::list(state.image, &data.starts, &edges, &owned);
    }
}

/// What the words of the data lead to, and where that is, in order.
fn pointers_of(
    state: &State<'_, '_, '_>,
    data: &Data,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> (Pointers, Vec<Addr>) {
    // Each takes as much as the bytes of a word.
    let most = state.bytes.len() / 24;
    let mut found = pointers::collect(state.image, (data, &state.types), most, function);
    let mut targets = found.targets();
    if state.binary.format == Format::Wasm || data.word == 4 {
        found = text_lengths::without_false(found, data, &targets);
        targets = found.targets();
    }
    (found, targets)
}

/// Adds extents that stand beside addresses. `targets` are where pointers lead, in order.
fn add_exact(data: &mut Data, mut found: Pointers, targets: &[Addr]) -> Pointers {
    let arrays = arrays(data, std::mem::take(&mut found.slices), targets);
    let exact = found.lists.drain(..).chain(arrays).map(|range| Known {
        start: range.start,
        end: range.end,
        owner: NONE,
        kind: Kind::Data,
        how: How::Length,
    });
    data.known.extend(exact);
    data.known.append(&mut found.values);
    data.known.append(&mut data.values);
    extents::disjoint(&mut data.known);
    found
}

/// What is known of the data before its words are read, and where something with a name begins.
fn gather(
    state: &mut State<'_, '_, '_>,
    entries: &[Entry],
    module: &Moduledata,
    maps: Vec<u64>,
    mut data: Data,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> (Data, Vec<Addr>) {
    (data.starts, data.sure) = mentions(state, entries, module, maps, &mut data);
    let marks = known(state, module, &mut data);
    let is_function = |addr| function(addr).is_some();
    data.runs = runs::find(state.image, state.binary, module, &marks, is_function);
    if let Some(records) = records(state, module, &marks) {
        data.texts.push(records.clone());
        // The line table leads there. Before Go 1.26 the values of functions stand among them, and of all of it code leads only to
        // these (`symtab` in `cmd/link/internal/ld/symtab.go`).
        data.starts.retain(|start| {
            let at = addr_of(*start);
            if source_of(*start) != Source::Code || !records.contains(&at) {
                return true;
            }
            let value = pointers::value_at(state.image, at, &function);
            data.values.extend(value);
            value.is_some()
        });
        data.records = records;
    }
    data.texts.extend(marks.names);
    // Behind the last type stand constants of C; in wasm, variables.
    let foreign = state.image.region(module.etypes);
    let foreign = foreign.filter(|region| !region.writable && region.start < module.etypes);
    let foreign = foreign.filter(|_| state.binary.format != Format::Wasm);
    data.texts
        .extend(foreign.map(|region| module.etypes..region.end()));
    data.texts.sort_by_key(|text| text.start);
    let runtime = state.packages.of_prefix(b"runtime");
    let numbers = extents::small_numbers(state.image, &data.runs, runtime);
    data.known.extend(numbers);
    let tasks = extents::initialisation_tasks(state.image, &data.runs, &function);
    data.known.extend(tasks);
    let named = symbols(state, &mut data);
    follow_types(state, &mut data);
    (data, named)
}

fn claim(state: &mut State<'_, '_, '_>, entries: &[Entry], owned: &[Owned]) {
    let image = state.image;
    // Neighbours that are alike are one, but for those in another section.
    let mut regions = image.regions.iter().map(|region| region.start).peekable();
    let alike = |a: &Owned, b: &Owned| {
        while regions
            .next_if(|region| *region <= a.object.start)
            .is_some()
        {}
        let same = |owned: &Owned| (owned.owner, owned.kind, owned.proven);
        let another = regions.peek() == Some(&b.object.start);
        a.object.end == b.object.start && same(a) == same(b) && !another
    };
    for all in owned.chunk_by(alike) {
        let (first, last) = (&all[0], &all[all.len() - 1]);
        let range = (first.object.start, last.object.end);
        state.ledger.claim(image, range, first.owner, first.kind);
        if first.owner != NONE && !first.proven {
            let bytes = image.file_bytes(range.0, range.1);
            state.ledger.infer(first.owner, bytes);
        }
    }
    if loader::has_tables(state.binary) {
        let objects = owned.iter().map(|owned| (owned.object.start, owned.owner));
        let owners = loader::Owners {
            objects: &objects.collect::<Vec<_>>(),
            entries,
        };
        let (binary, bytes) = (state.binary, state.bytes);
        loader::claim(image, binary, bytes, &owners, &mut state.ledger);
    }
}

/// The place of each package in the code, where packages stand behind those they import: that of the function in its middle,
/// for some have names of another package and stand elsewhere, as instances of generics do.
fn ranks(entries: &[Entry]) -> Vec<u32> {
    let own = || {
        let own = entries
            .iter()
            .map(|entry| (entry.package, entry.paid_by))
            .enumerate();
        own.filter(|(_, it)| it.0 == it.1 && it.0 != NONE)
            .map(|(place, it)| (place as u32, it.0 as usize))
    };
    let most = own().map(|entry| entry.1 + 1).max().unwrap_or(0);
    let mut counts = vec![0u32; most];
    own().for_each(|entry| counts[entry.1] += 1);
    let mut ranks = vec![u32::MAX; most];
    let mut met = vec![0; most];
    for (place, package) in own() {
        if met[package] == counts[package] / 2 {
            ranks[package] = place;
        }
        met[package] += 1;
    }
    ranks
}

/// Arrays behind slices of many numbers: they end where something else begins. Nothing begins within.
fn arrays(data: &Data, slices: Vec<(Addr, u32)>, targets: &[Addr]) -> Vec<Range<Addr>> {
    const ALIGNMENT: u32 = 32;
    let starts = match slices.is_empty() {
        true => Vec::new(),
        false => doubt::places(&data.starts, targets),
    };
    let array = |(start, count): (Addr, u32)| {
        let run = data.runs.partition_point(|run| run.range.end <= start);
        let plain = |run: &&Run| run.content == Content::Plain && run.range.contains(&start);
        let run = data.runs.get(run).filter(plain)?;
        // Numbers of eight bytes to one.
        let sizes = [8, 4, 2, 1].into_iter();
        let mut ends = sizes.filter_map(|size| start.checked_add(count.checked_mul(size)?));
        let end = ends.find(|end| {
            let next = starts.get(starts.partition_point(|start| start < end));
            let next = next.map_or(run.range.end, |next| run.range.end.min(*next));
            next >= *end && next - end < ALIGNMENT
        })?;
        Some(start..end)
    };
    slices.into_iter().filter_map(array).collect()
}

/// Loaded sections with data, without the tables that have owners already.
fn areas(state: &State<'_, '_, '_>, mut taken: Vec<Range<Addr>>) -> Vec<Range<Addr>> {
    taken.sort_by_key(|range| range.start);
    let mut areas = Vec::new();
    for region in &state.image.regions {
        let section = &state.binary.sections[region.section];
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
            .filter(|range| range.end > region.start && range.start < region.end())
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

/// Where functions keep what they say of themselves, what code refers to, and what the runtime does; and what of it code mentions
/// for sure.
fn mentions(
    state: &mut State<'_, '_, '_>,
    entries: &[Entry],
    module: &Moduledata,
    maps: Vec<u64>,
    data: &mut Data,
) -> (Vec<u64>, Vec<Addr>) {
    let mut starts: Vec<u64> = maps
        .into_iter()
        .map(|map| objects::start((map >> 32) as Addr, Source::Record, map as PackageId))
        .collect();
    let mut sure = Vec::new();
    data.mentions = references(state, entries, &data.areas, &mut starts, &mut sure);
    (state.done)();
    sure.sort_unstable();
    sure.dedup();
    let runtime = state.packages.of_prefix(b"runtime");
    let masks = module.masks.iter().flatten();
    starts.extend(masks.map(|mask| objects::start(*mask, Source::Code, runtime)));
    let mut sorted = Vec::new();
    merge(&mut sorted, starts);
    (sorted, sure)
}

/// What code refers to.
fn references(
    state: &mut State<'_, '_, '_>,
    entries: &[Entry],
    areas: &[Range<Addr>],
    starts: &mut Vec<u64>,
    sure: &mut Vec<Addr>,
) -> Mentions {
    let Some((first, last)) = areas.first().zip(areas.last()) else {
        return Mentions::default();
    };
    let all = first.start..last.end;
    // Code mentions the same few places again and again: most repetitions are dropped before they are sorted.
    let mut recent = Recent::new();
    let mut recent_sure = Recent::new();
    let mut push = |addr: Addr, owner: PackageId, is_sure: bool| {
        let it = objects::start(addr, Source::Code, owner);
        if owner != NONE && recent.is_new(it) {
            starts.push(it);
        }
        if is_sure && recent_sure.is_new(u64::from(addr)) {
            sure.push(addr);
        }
    };
    if state.binary.format == Format::Wasm {
        let mut steps = references::wasm_code::Steps::default();
        let mut found = Mentions::default();
        with_bodies(state.bytes, &mut entries.to_vec(), |entry, range| {
            references::wasm_code::scan(&state.bytes[range], &all, &mut steps, |mention| {
                push(mention.target, entry.package, false);
                let length = mention.length.map(|length| (mention.target, length));
                found.lengths.extend(length);
            });
        });
        return found;
    }
    let goarch = state.binary.goarch.as_deref();
    let watched = &mut state.watched;
    let found = references::scan(state.image, goarch, entries, &all, watched, &mut push);
    if found.is_none() && !entries.is_empty() {
        state.notes.push(LayoutNote::NoReferences);
    }
    found.unwrap_or_default()
}
