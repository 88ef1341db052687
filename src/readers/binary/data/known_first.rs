//! What is known of data before anything is searched: by symbols, by the tables of the runtime, by types.

use std::ops::Range;

use crate::binary::anatomy::{LayoutNote, Owners};
use crate::binary::image::Addr;
use crate::binary::moduledata::Moduledata;
use crate::binary::objects::{Data, How, Known, Source, addr_of};
use crate::binary::packages::NONE;
use crate::binary::partition::{Recent, merge};
use crate::binary::pointers::{self, Inside};
use crate::binary::runs::Marks;
use crate::binary::state::State;
use crate::binary::symbols;
use crate::binary::{Kind, Role, extents, objects};

/// What is known to the byte: types, and the runtime's table of contents.
pub(super) fn known(state: &mut State<'_, '_, '_>, module: &Moduledata, data: &mut Data) -> Marks {
    let (image, binary) = (state.image, state.binary);
    let mut marks = Marks::default();
    let (packages, watched) = (&mut state.packages, &mut state.watched);
    match extents::types(image, binary, module, data, packages, watched) {
        Some((types, known, found)) => (state.types, data.known, marks) = (types, known, found),
        None => state.notes.push(LayoutNote::NoTypes),
    }
    let runtime = state.packages.of_prefix(b"runtime");
    let contents = extents::table_of_contents(image, binary, module, runtime);
    data.known.extend(contents);
    data.known.extend(extents::programs(image, module, runtime));
    extents::disjoint(&mut data.known);
    marks
}

/// Adds what has a symbol. Those of the linker stand for many things together, and what has one for each has its users.
/// Returns where something begins that has no size, in order.
pub(super) fn symbols(state: &mut State<'_, '_, '_>, data: &mut Data) -> Vec<Addr> {
    if !state.named {
        extents::disjoint(&mut data.known);
        return Vec::new();
    }
    let (image, packages) = (state.image, &mut state.packages);
    let mut places = Vec::new();
    symbols::read(state.bytes, state.binary, |symbol| {
        let Some(start) = image.addr(symbol.address) else {
            return;
        };
        // C code has symbols of its own, elsewhere.
        let run = data.runs.partition_point(|run| run.range.end <= start);
        let run = data.runs.get(run).filter(|run| run.range.contains(&start));
        let Some(run) = run.filter(|run| run.content.has_symbols()) else {
            return;
        };
        let name = symbol.name;
        if name.starts_with(b"go:") || name.starts_with(b"type:") {
            return;
        }
        let owner = packages.of_data(name);
        let end = symbol
            .size
            .and_then(|size| start.checked_add(u32::try_from(size).ok()?));
        match end.filter(|end| *end <= run.range.end) {
            Some(end) => data.known.push(Known {
                start,
                end,
                owner,
                kind: Kind::Data,
                how: How::Symbol,
            }),
            None if symbol.size.is_none() && owner != NONE => {
                places.push(objects::start(start, Source::Symbol, owner));
            }
            None => {}
        }
    });
    extents::disjoint(&mut data.known);
    let mut named: Vec<Addr> = places.iter().map(|place| addr_of(*place)).collect();
    named.sort_unstable();
    merge(&mut data.starts, places);
    if !named.is_empty() || data.known.iter().any(|object| object.how == How::Symbol) {
        state.owners = Owners::Symbols;
    }
    named
}

/// Where functions keep what they say of themselves (`go:func.*`): numbers and distances, some of which look like addresses.
pub(super) fn records(
    state: &State<'_, '_, '_>,
    module: &Moduledata,
    marks: &Marks,
) -> Option<Range<Addr>> {
    let start = module.gofunc?;
    let region = state.image.region(start)?;
    let masks = marks.masks.as_ref().map(|mask| mask.start);
    match masks.filter(|mask| (start..region.end()).contains(mask)) {
        Some(masks) => Some(start..masks),
        None if state.binary.sections[region.section].role == Role::Pclntab => {
            Some(start..region.end())
        }
        None => None,
    }
}

/// Adds what types point to, which is known once and for all.
pub(super) fn follow_types(state: &State<'_, '_, '_>, data: &mut Data) {
    let Some((first, last)) = data.areas.first().zip(data.areas.last()) else {
        return;
    };
    let all = first.start..last.end;
    let inside = Inside::new(data, &all);
    let mut recent = Recent::new();
    let mut found = Vec::new();
    let types = data
        .known
        .iter()
        .filter(|object| object.kind == Kind::Types);
    let name = |object: &&Known| {
        let found = data
            .texts
            .binary_search_by_key(&object.start, |text| text.start);
        found.is_ok_and(|at| data.texts[at].end == object.end)
    };
    for it in types.filter(|object| object.owner != NONE && !name(object)) {
        pointers::words(state.image, &(it.start..it.end), &all, |at, target| {
            // Most lead to other types.
            if inside.contains(target) || pointers::is_number(&state.types, it.start, at, data.word)
            {
                return;
            }
            let place = objects::start(target, Source::Pointer, it.owner);
            if recent.is_new(place) {
                found.push(place);
            }
        });
    }
    merge(&mut data.starts, found);
}
