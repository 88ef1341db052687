//! Finds the places that call a function, and whether each gives it a zero.
//!
//! No symbol table is needed. Only functions whose bytes have the address of the callee are decoded, on amd64, 386 and
//! arm64.

use crate::error::Result;

use super::{Opened, Search, open, text};
use crate::binary::descriptors::minor_version;
use crate::binary::functions::Tables;
use crate::binary::image::Addr;
use crate::binary::partition::first_from;
use crate::binary::watched::{Watched, holds, offsets};

mod argument;

mod call_target;

use argument::Convention;
pub(super) use call_target::Machine;

/// Who calls a function.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Callers {
    /// The function is not part of the program.
    Absent,
    /// Every direct call. `by_value`: its address stands in data too, so that it may be called through a variable.
    Found {
        /// By address.
        calls: Vec<Caller>,
        /// Whether more calls cannot be ruled out.
        by_value: bool,
    },
    /// It cannot be determined: wasm, or no line table that is known.
    #[default]
    Unknown,
}

/// A place that calls a function.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Caller {
    /// Linker symbol name of the function whose source holds the call.
    pub function: String,
    /// Its file, as the compiler wrote it down.
    pub file: String,
    /// The line of the call.
    pub line: u32,
    /// Whether the first argument is the constant 0, proven by the instructions before the call; `None` where these cannot be
    /// decoded.
    pub zero: Option<bool>,
}

/// Finds the direct calls of the function of that name.
///
/// Fails as [`read`](crate::binary::read) does.
pub fn callers(bytes: &[u8], name: &str) -> Result<Callers> {
    let Some(file) = open(bytes)? else {
        return Ok(Callers::Unknown);
    };
    let nothing_seen = Watched::default();
    Ok(find(&file.opened(), bytes.len(), name, &nothing_seen).unwrap_or_default())
}

const MOST_COPIES: usize = 8;
/// More calls than a program has, and longer names.
const MOST_CALLS: usize = 1000;
const MOST_IN_ONE: usize = 16;
const LONGEST_NAME: usize = 4096;

/// As [`callers`], without looking again for what was seen of the function already.
pub(in crate::binary) fn find(
    opened: &Opened<'_, '_>,
    file_size: usize,
    name: &str,
    seen: &Watched,
) -> Option<Callers> {
    let tables = Tables::new(opened.image, opened.table)?;
    let wanted = match &seen.functions {
        Some(known) => known.clone(),
        None => named(opened, &tables, name),
    };
    if wanted.is_empty() {
        return Some(Callers::Absent);
    }
    // No program has several, but for a wrapper; a damaged file may have one per function.
    if wanted.len() > MOST_COPIES {
        return None;
    }
    let machine = Machine::of(opened.binary.goarch.as_deref()?)?;
    let calls = direct(opened, &tables, file_size, (machine, &wanted), seen)?;
    let in_data = || wanted.iter().any(|start| is_in_data(opened, *start));
    let by_value = seen.in_data.unwrap_or_else(in_data);
    Some(Callers::Found { calls, by_value })
}

/// Where the functions of a name begin.
fn named(opened: &Opened<'_, '_>, tables: &Tables<'_>, name: &str) -> Vec<Addr> {
    let named = offsets(tables.names, name.as_bytes());
    let is_wanted = |(_, _, record): &(Addr, Addr, u32)| {
        let offset = tables.field(*record, super::NAME);
        offset.is_some_and(|offset| named.binary_search(&offset).is_ok())
    };
    let functions = opened.functions(tables).filter(is_wanted);
    functions.map(|(start, _, _)| start).collect()
}

/// The calls that lead to `wanted` from any other function, in order of their addresses; `None` where there are more than any
/// program has.
fn direct(
    opened: &Opened<'_, '_>,
    tables: &Tables<'_>,
    file_size: usize,
    (machine, wanted): (Machine, &[Addr]),
    seen: &Watched,
) -> Option<Vec<Caller>> {
    let info = opened.binary.build_info.as_ref();
    let minor = info.and_then(|info| minor_version(&info.go_version));
    let image = opened.image;
    let (names, files) = (opened.names(), opened.files());
    let mut calls = Vec::new();
    let mut next = 0;
    let others = opened.functions(tables);
    for (start, end, record) in others.filter(|(start, _, _)| !wanted.contains(start)) {
        if let Some(sites) = &seen.sites {
            next = first_from(sites, next, start);
            if sites.get(next).is_none_or(|site| *site >= end) {
                continue;
            }
        }
        let Some(code) = image.slice(start, end) else {
            continue;
        };
        let mut places = Vec::new();
        let address = image.base + u64::from(start);
        machine.targets(code, address, image.big_endian, |at, to| {
            places.extend(wanted.contains(&start.wrapping_add(to)).then_some(at));
        });
        if places.is_empty() {
            continue;
        }
        if calls.len() > MOST_CALLS || places.len() > MOST_IN_ONE {
            return None;
        }
        let mut search = Search::new(opened, tables, file_size)?;
        search.function(start, end, record, None);
        for at in places {
            let zero = opened
                .decoder
                .and_then(|decoder| argument::is_zero(Convention::of(decoder, minor), code, at));
            // Bytes that look like a call, in the middle of an instruction.
            if opened.decoder.is_none() || zero.is_some() {
                let place = search.place(record, at);
                calls.extend(place.and_then(|place| caller(place, (&names, &files), zero)));
            }
        }
    }
    if calls.len() > MOST_CALLS {
        return None;
    }
    calls.dedup();
    Some(calls)
}

fn caller(
    (function, line, file): (u32, i32, u32),
    (names, files): (&[u8], &[u8]),
    zero: Option<bool>,
) -> Option<Caller> {
    let short = |text: &str| text.get(..=LONGEST_NAME).unwrap_or(text).to_owned();
    Some(Caller {
        function: short(text(names, function)?),
        file: short(text(files, file).unwrap_or_default()),
        line: u32::try_from(line).unwrap_or_default(),
        zero,
    })
}

/// Whether a word of data is the address: a function that is used as a value has one.
fn is_in_data(opened: &Opened<'_, '_>, addr: Addr) -> bool {
    let table = opened.table.header.start..opened.table.header.end;
    let regions = opened.image.regions.iter();
    let mut data = regions.filter(|region| !region.executable && !table.contains(&region.start));
    data.any(|region| holds(opened.image, (region.start, region.end()), addr))
}
