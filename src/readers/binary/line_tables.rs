//! Claims every byte of the line table for its owner: names, value tables, records, files, the index by address.

use super::functions::{Entry, Tables, references};
use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::packages::{NONE, PackageId, Packages};
use super::partition::{Keys, cut, key, offset};
use super::pclntab::Pclntab;

/// Claims the line table; gives back where stack maps and the like begin, as keys of address and owner.
pub(super) fn claim(
    image: &Image<'_>,
    table: &Pclntab,
    tables: &Tables<'_>,
    entries: &[Entry],
    packages: &mut Packages<'_>,
    gofunc: Option<Addr>,
    ledger: &mut Ledger,
) -> Vec<u64> {
    let runtime = packages.of_prefix(b"runtime");
    let mut book = Book {
        image,
        ledger,
        packages,
        runtime,
    };
    let (start, end) = (table.header.start, table.header.end);
    book.ledger
        .claim(image, (start, end), book.runtime, Kind::LineTables);
    names(&mut book, table, tables, entries);
    files(&mut book, table, entries);
    let mut maps = Keys::new();
    let mut values = Keys::new();
    let mut records = Keys::new();
    for entry in entries {
        records.push(key(entry.record, entry.package));
        let Some(found) = references(tables, entry) else {
            continue;
        };
        for it in found.values().filter(|value| *value != 0) {
            values.push(key(it, entry.package));
        }
        for it in found.data() {
            if let Some(addr) = gofunc.and_then(|gofunc| gofunc.checked_add(it)) {
                maps.push(key(addr, entry.package));
            }
        }
    }
    book.partition(table.values.start, table.values.end, values);
    index(&mut book, table, entries, records);
    maps.sorted()
}

struct Book<'a, 'b, 'i> {
    image: &'a Image<'b>,
    ledger: &'a mut Ledger,
    packages: &'a mut Packages<'i>,
    runtime: PackageId,
}

impl Book<'_, '_, '_> {
    /// Cuts a table at the offsets of its users; the few bytes before the first are the runtime's.
    fn partition(&mut self, start: Addr, end: Addr, keys: Keys) {
        self.partition_sorted(start, end, &keys.sorted());
    }

    fn partition_sorted(&mut self, start: Addr, end: Addr, keys: &[u64]) {
        let all = cut(keys, end - start, self.packages)
            .map(|interval| (interval.start, interval.end, interval.owner));
        let mut first = end - start;
        joined(all, |from, to, owner| {
            first = first.min(from);
            let range = (start + from, start + to);
            self.ledger
                .claim(self.image, range, owner, Kind::LineTables);
        });
        let range = (start, start + first);
        self.ledger
            .claim(self.image, range, self.runtime, Kind::LineTables);
    }
}

/// Calls `each` with the beginning, the end and the owner of stretches; neighbours of one owner are one.
fn joined(
    stretches: impl Iterator<Item = (Addr, Addr, PackageId)>,
    mut each: impl FnMut(Addr, Addr, PackageId),
) {
    let mut last: Option<(Addr, Addr, PackageId)> = None;
    for it in stretches {
        match &mut last {
            Some(last) if last.1 == it.0 && last.2 == it.2 => last.1 = it.1,
            _ => {
                if let Some((start, end, owner)) = last.replace(it) {
                    each(start, end, owner);
                }
            }
        }
    }
    if let Some((start, end, owner)) = last {
        each(start, end, owner);
    }
}

/// Names stand for inlined functions too; those without a package have that of the function which has the name.
fn names(book: &mut Book<'_, '_, '_>, table: &Pclntab, tables: &Tables<'_>, entries: &[Entry]) {
    let nameless = entries.iter().filter(|entry| !entry.named);
    let mut fallback: Vec<(u32, PackageId)> =
        nameless.map(|entry| (entry.name, entry.package)).collect();
    fallback.sort_unstable();
    let mut foreign: Vec<u32> = entries
        .iter()
        .filter(|entry| entry.foreign)
        .map(|entry| entry.name)
        .collect();
    foreign.sort_unstable();
    let region = table.names.start;
    let mut offset = 0u32;
    // Neighbours mostly share a package: one claim for a run of names.
    let mut run = (0u32, book.runtime);
    while (offset as usize) < tables.names.len() {
        let name = tables.name(offset);
        let is_foreign = foreign.binary_search(&offset).is_ok();
        let mut owner = match is_foreign {
            true => NONE,
            false => book.packages.of_name(name),
        };
        if owner == NONE && !is_foreign {
            let found = fallback.binary_search_by_key(&offset, |entry| entry.0);
            owner = found.map_or(book.runtime, |at| fallback[at].1);
        }
        if owner != run.1 {
            book.ledger.claim(
                book.image,
                (region + run.0, region + offset),
                run.1,
                Kind::FunctionNames,
            );
            run = (offset, owner);
        }
        offset = offset.saturating_add(name.len() as u32 + 1);
    }
    let end = tables.names.len() as u32;
    book.ledger.claim(
        book.image,
        (region + run.0, region + end),
        run.1,
        Kind::FunctionNames,
    );
}

/// A row of the unit table belongs to its unit, a file name to the first unit that has it.
fn files(book: &mut Book<'_, '_, '_>, table: &Pclntab, entries: &[Entry]) {
    let length = table.units.end - table.units.start;
    let rows = entries
        .iter()
        .filter_map(|entry| Some(key(entry.unit.checked_mul(4)?, entry.paid_by)))
        .collect::<Keys>()
        .sorted();
    let reader = book
        .image
        .slice(table.units.start, table.units.end)
        .map(|bytes| book.image.over(bytes));
    let mut names = Keys::new();
    for row in cut(&rows, length, book.packages) {
        for at in (row.start..row.end).step_by(4) {
            let name = reader.and_then(|reader| reader.u32(at as usize));
            if let Some(name) = name.filter(|name| *name != u32::MAX) {
                names.push(key(name, row.owner));
            }
        }
    }
    book.partition_sorted(table.units.start, table.units.end, &rows);
    book.partition(table.files.start, table.files.end, names);
}

/// Eight bytes per function in the index, then the records.
fn index(book: &mut Book<'_, '_, '_>, table: &Pclntab, entries: &[Entry], records: Keys) {
    let start = table.functions.start;
    let size = table.count * 8 + 4;
    let mut position = start;
    let rows = entries.iter().map(|entry| {
        let row = (position, position + 8, entry.package);
        position += 8;
        row
    });
    joined(rows, |start, end, owner| {
        book.ledger
            .claim(book.image, (start, end), owner, Kind::LineTables);
    });
    let rest = (position, start + size);
    book.ledger
        .claim(book.image, rest, book.runtime, Kind::LineTables);
    let mut records = records.sorted();
    records.retain(|record| offset(*record) >= size);
    records
        .iter_mut()
        .for_each(|record| *record -= u64::from(size) << 32);
    book.partition_sorted(start + size, table.functions.end, &records);
}

/// The table that finds a function by address: 20 bytes for each 4 KiB of code, given to the function at its beginning.
/// In wasm every function has 64 KiB of the address space, so that it takes 16 entries.
pub(super) fn claim_buckets(
    image: &Image<'_>,
    start: Addr,
    entries: &[Entry],
    wasm: bool,
    ledger: &mut Ledger,
) -> Addr {
    const BUCKET: u32 = 4096;
    const BUCKET_SIZE: u32 = 20;
    const PER_WASM_FUNCTION: u32 = 16;
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return start;
    };
    let Some(region) = image.region(start) else {
        return start;
    };
    let span = last.end - first.start;
    let buckets = if wasm {
        span.saturating_sub(1)
            .saturating_mul(PER_WASM_FUNCTION)
            .saturating_add(1)
    } else {
        span.div_ceil(BUCKET)
    };
    let mut position = start;
    let mut after = 0;
    let owned = (0..buckets).map_while(|bucket| {
        let place = position;
        let distance = if wasm {
            bucket / PER_WASM_FUNCTION
        } else {
            bucket * BUCKET
        };
        let at = first.start.saturating_add(distance);
        after += entries[after..]
            .iter()
            .take_while(|entry| entry.start <= at)
            .count();
        let owner = entries
            .get(after.saturating_sub(1))
            .map_or(NONE, |entry| entry.package);
        position = place.saturating_add(BUCKET_SIZE).min(region.end());
        (place < region.end()).then_some((place, position, owner))
    });
    let mut end = start;
    joined(owned, |from, to, owner| {
        ledger.claim(image, (from, to), owner, Kind::LineTables);
        end = to;
    });
    end
}
