//! Collects the extents that are known to the byte: type descriptors, their names, method tables, the lists of them,
//! and the runtime's table of contents itself.

use std::ops::Range;

use super::bytes::uvarint;
use super::descriptors::{Layout, minor_version};
use super::image::{Addr, Image};
use super::ledger::Kind;
use super::moduledata::{Listing, Moduledata, length_in_words};
use super::objects::{Data, How, Known, addr_of, owner_of, within};
use super::packages::{NONE, PackageId, Packages};
use super::pointers::words;
use super::runs::{Content, Marks, Run};
use super::types::{Types, Walk};
use super::watched::{PIECE, Watched};
use super::{Binary, Role};

/// Walks the types from what is listed and, where the list is not complete, from what code refers to.
pub(super) fn types(
    image: &Image<'_>,
    binary: &Binary,
    module: &Moduledata,
    data: &Data,
    packages: &mut Packages<'_>,
    watched: &mut Watched,
) -> Option<(Types, Vec<Known>, Marks)> {
    let rows = matches!(module.listing, Listing::Rows { .. });
    let info = binary.build_info.as_ref();
    let version = info.map(|info| info.go_version.as_str());
    let layout = Layout::new(usize::from(image.pointer_size), version, rows);
    let mut walk = Walk::new(image, module, layout).filter(|_| module.etypes > module.types)?;
    match module.listing {
        Listing::Rows { types_end, .. } => walk.row(types_end),
        Listing::Links { types, .. } => walk.links(image, types),
    }
    // The list has only what reflection needs; code and variables refer to the others.
    data.starts
        .iter()
        .for_each(|start| walk.root(addr_of(*start)));
    if !rows {
        let types = module.types..module.etypes;
        let all = (&data.areas[..], &types);
        pointers(image, binary, all, watched, |addr| walk.root(addr));
    }
    walk.run();
    walk.itabs(image, &module.listing);
    let users = |packages: &Packages<'_>, addr: Addr| {
        let users = within(&data.starts, addr..addr.saturating_add(1)).iter();
        users.fold(NONE, |all, it| packages.join(all, owner_of(*it)))
    };
    let masks = walk.masks(image);
    let (types, names) = walk.finish(packages, users);
    let named = names.iter().map(|name| (name.addr, name.size, name.owner));
    let described = described(&types);
    let texts = named
        .clone()
        .map(|(start, size, _)| start..start.saturating_add(size));
    let ends = described.last().map(end).into_iter();
    let types_end = ends
        .chain(named.clone().next_back().as_ref().map(end))
        .max();
    let tables = types.itabs.iter();
    let tables = tables.map(|itab| (itab.addr, itab.size, owner(&types, itab.concrete)));
    let mut known = Vec::with_capacity(described.len() + names.len() + types.itabs.len());
    let described = described.iter().copied();
    known.extend(described.chain(named).chain(tables).map(extent));
    links(image, module, &types, &mut known);
    let marks = Marks {
        types_end: types_end.unwrap_or_default(),
        masks,
        names: texts.collect(),
    };
    (!types.descriptors.is_empty()).then_some((types, known, marks))
}

/// Address, size and owner of each type.
fn described(types: &Types) -> Vec<(Addr, u32, PackageId)> {
    let descriptors = types.descriptors.iter();
    descriptors
        .map(|descriptor| (descriptor.addr, descriptor.size, descriptor.owner))
        .collect()
}

fn end((start, size, _): &(Addr, u32, PackageId)) -> Addr {
    start.saturating_add(*size)
}

/// Calls `each` with every word of the data that is an address of a type: what a type assertion or a switch looks for stands in
/// variables (`internal/abi/switch.go`), the types of an instance of generic code in its dictionary, which is a constant. The
/// line table has none.
fn pointers(
    image: &Image<'_>,
    binary: &Binary,
    (areas, types): (&[Range<Addr>], &Range<Addr>),
    watched: &mut Watched,
    mut each: impl FnMut(Addr),
) {
    let mut look = |range: &Range<Addr>| words(image, range, types, |_, it| each(it));
    for region in image.regions.iter().filter(|region| !region.executable) {
        let within = region.start..region.end();
        if binary.sections[region.section].role == Role::Pclntab {
            let areas = areas.iter().filter(|area| within.contains(&area.start));
            areas.for_each(&mut look);
            continue;
        }
        for start in within.clone().step_by(PIECE as usize) {
            let end = start.saturating_add(PIECE).min(within.end);
            look(&(start..end));
            watched.look_at_data(image, (start, end));
        }
    }
}

fn extent((start, size, owner): (Addr, u32, PackageId)) -> Known {
    Known {
        start,
        end: start.saturating_add(size),
        owner,
        kind: Kind::Types,
        how: How::Layout,
    }
}

/// The package of the type at an address.
fn owner(types: &Types, addr: Addr) -> PackageId {
    let found = types
        .descriptors
        .binary_search_by_key(&addr, |descriptor| descriptor.addr);
    found.map_or(NONE, |at| types.descriptors[at].owner)
}

/// The entries of the lists of Go 1.21 to 1.26 belong to what they list.
fn links(image: &Image<'_>, module: &Moduledata, types: &Types, known: &mut Vec<Known>) {
    let Listing::Links {
        types: (start, count),
        itabs,
    } = module.listing
    else {
        return;
    };
    // They list what was found, and little of other modules: a count far beyond that is damage.
    let listed = |found: usize| (2 * found + 64) as u32;
    let count = count.min(listed(types.descriptors.len()));
    let tables = itabs.1.min(listed(types.itabs.len()));
    if let Some(reader) = image.reader(start) {
        for index in 0..count {
            let Some(distance) = reader.u32(4 * index as usize) else {
                break;
            };
            let listed = module.types.wrapping_add(distance);
            known.push(extent((start + 4 * index, 4, owner(types, listed))));
        }
    }
    let word = u32::from(image.pointer_size);
    let Some(reader) = image.reader(itabs.0) else {
        return;
    };
    for index in 0..tables {
        let Some(value) = reader.word(word as usize * index as usize) else {
            break;
        };
        let table = image.addr(value).and_then(|addr| image.reader(addr));
        let concrete = table.and_then(|table| image.addr(table.word(word as usize)?));
        let owner = concrete.map_or(NONE, |concrete| owner(types, concrete));
        known.push(extent((itabs.0 + word * index, word, owner)));
    }
}

/// The table of contents itself, which the linker makes for the runtime.
pub(super) fn table_of_contents(
    image: &Image<'_>,
    binary: &Binary,
    module: &Moduledata,
    runtime: PackageId,
) -> Option<Known> {
    let region = image.region(module.addr).filter(|_| module.addr > 0)?;
    let named = binary.sections[region.section].name.contains("module");
    let info = binary.build_info.as_ref();
    let minor = info.and_then(|info| minor_version(&info.go_version));
    let size = length_in_words(minor) * u32::from(image.pointer_size);
    let end = if named {
        region.end()
    } else {
        module.addr.saturating_add(size).min(region.end())
    };
    Some(Known {
        start: module.addr,
        end,
        owner: runtime,
        kind: Kind::Data,
        how: How::Layout,
    })
}

/// The linker's programs that say which words of the variables are pointers (`runtime/mbitmap.go`, `runGCProg`).
pub(super) fn programs(
    image: &Image<'_>,
    module: &Moduledata,
    runtime: PackageId,
) -> impl Iterator<Item = Known> {
    let program = move |start: Addr| {
        let reader = image.reader(start)?;
        Some(Known {
            start,
            end: start.checked_add(program_length(reader.data)?)?,
            owner: runtime,
            kind: Kind::Data,
            how: How::Layout,
        })
    };
    let starts = module.masks.into_iter().flatten();
    starts.filter_map(program)
}

/// A byte of 0 ends it; others are followed by bits or say what is repeated how often.
fn program_length(bytes: &[u8]) -> Option<u32> {
    let mut at = 0;
    loop {
        let it = *bytes.get(at)?;
        at += 1;
        match it {
            0 => return u32::try_from(at).ok(),
            1..0x80 => at += usize::from(it).div_ceil(8),
            _ => {
                let counts = if it == 0x80 { 2 } else { 1 };
                for _ in 0..counts {
                    at += uvarint(bytes.get(at..)?)?.1;
                }
            }
        }
    }
}

/// The numbers from 0 to 255, which the runtime keeps so that they need no memory where they become an interface
/// (`staticuint64s`). Code of any package mentions places within.
pub(super) fn small_numbers(image: &Image<'_>, runs: &[Run], runtime: PackageId) -> Option<Known> {
    const WORD: usize = 8;
    let numbers = (0..=255u64).flat_map(|it| match image.big_endian {
        true => it.to_be_bytes(),
        false => it.to_le_bytes(),
    });
    let numbers: Vec<u8> = numbers.collect();
    // Zeros are everywhere: the last few are looked for.
    let finder = memchr::memmem::Finder::new(&numbers[253 * WORD..]);
    let runs = runs.iter().filter(|run| run.content.has_symbols());
    let start = runs.filter_map(|run| {
        let bytes = image.slice(run.range.start, run.range.end)?;
        let last = finder.find(bytes)?;
        let first = last.checked_sub(253 * WORD)?;
        let is_whole = bytes[first..].starts_with(&numbers);
        is_whole.then_some(run.range.start + first as Addr)
    });
    start.take(1).next().map(|start| Known {
        start,
        end: start + numbers.len() as Addr,
        owner: runtime,
        kind: Kind::Data,
        how: How::Layout,
    })
}

/// What the runtime runs before main, for each package: a state of 0, a number, and as many addresses of functions
/// (`runtime/proc.go`, `initTask`). `package` is that of a function.
pub(super) fn initialisation_tasks(
    image: &Image<'_>,
    runs: &[Run],
    package: impl Fn(Addr) -> Option<PackageId>,
) -> Vec<Known> {
    const HEAD: u32 = 8;
    const MOST: u32 = 1000;
    let word = u32::from(image.pointer_size);
    let mut found = Vec::new();
    for run in runs.iter().filter(|run| run.content == Content::Plain) {
        let Some(bytes) = image.slice(run.range.start, run.range.end) else {
            continue;
        };
        let reader = image.over(bytes);
        let function = |at: u32| package(image.addr(reader.word(at as usize)?)?);
        let mut at = run.range.start.next_multiple_of(word) - run.range.start;
        while let Some((state, count)) = reader.u32(at as usize).zip(reader.u32(at as usize + 4)) {
            let is_task = state == 0
                && (1..MOST).contains(&count)
                && (0..count).all(|it| function(at + HEAD + it * word).is_some());
            let owner = function(at + HEAD).filter(|_| is_task);
            let size = owner.map_or(word, |_| HEAD + count * word);
            found.extend(owner.map(|owner| Known {
                start: run.range.start + at,
                end: run.range.start + at + size,
                owner,
                kind: Kind::Data,
                how: How::Layout,
            }));
            at += size;
        }
    }
    found
}

/// Brings extents into order and drops what overlaps.
pub(super) fn disjoint(known: &mut Vec<Known>) {
    // Types, names and tables are in order among themselves: the stable sort merges them.
    known.sort_by_key(|object| u64::from(object.start) << 32 | u64::from(object.end));
    let mut free = 0;
    known.retain(|object| {
        let keep = object.start >= free && object.end > object.start;
        if keep {
            free = object.end;
        }
        keep
    });
}
