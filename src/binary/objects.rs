//! Known extents and places that something refers to in, every object of the data out: it begins where someone refers
//! to it and ends where the next begins.

use std::ops::Range;

use super::image::{Addr, Image};
use super::ledger::{Kind, Ledger};
use super::packages::{NONE, PackageId};
use super::partition::{Recent, merge};

/// How a place came to be known; of several, the first says whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A function's record: stack maps and the like.
    Record = 0,
    /// It is a function value or an initialisation task, and holds the address of a function.
    Function = 1,
    /// Machine code.
    Code = 2,
    /// A pointer in an object that has an owner.
    Pointer = 3,
}

const SOURCES: [Source; 4] = [
    Source::Record,
    Source::Function,
    Source::Code,
    Source::Pointer,
];

/// A place, how it is known, and who refers to it.
#[inline]
pub(super) fn start(addr: Addr, source: Source, owner: PackageId) -> u64 {
    u64::from(addr) << 32 | (source as u64) << 30 | u64::from(owner & OWNER)
}

/// The bits of an owner; all of them set stand for nobody.
const OWNER: u32 = 0x3fff_ffff;

pub(super) fn addr_of(start: u64) -> Addr {
    (start >> 32) as u32
}

pub(super) fn owner_of(start: u64) -> PackageId {
    match start as u32 & OWNER {
        OWNER => NONE,
        owner => owner,
    }
}

/// An extent that is known exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub start: Addr,
    pub end: Addr,
    pub owner: PackageId,
    pub kind: Kind,
}

/// A stretch of the data with one owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object {
    pub start: Addr,
    pub end: Addr,
    pub owner: PackageId,
    pub what: What,
    pub shared: bool,
}

/// What is known of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Known(Kind),
    Referred(Source),
    /// What follows a known extent.
    After(Kind),
    /// What nothing refers to.
    Nothing,
}

/// The data of a program.
pub(super) struct Data {
    /// Where objects are looked for, by address, without overlap.
    pub areas: Vec<Range<Addr>>,
    /// By address, without overlap.
    pub known: Vec<Known>,
    /// Sorted, without repetition.
    pub starts: Vec<u64>,
}

impl Data {
    /// Calls `each` with every stretch of every area, in order and without gaps.
    pub fn sweep(&self, mut each: impl FnMut(Object)) {
        let (mut known, mut starts) = (0, 0);
        for area in &self.areas {
            known += self.known[known..].partition_point(|it| it.start < area.start);
            starts += self.starts[starts..].partition_point(|it| addr_of(*it) < area.start);
            self.sweep_area(area, &mut known, &mut starts, &mut each);
        }
    }

    fn sweep_area(
        &self,
        area: &Range<Addr>,
        known: &mut usize,
        starts: &mut usize,
        each: &mut impl FnMut(Object),
    ) {
        let mut current = Object {
            start: area.start,
            end: area.end,
            owner: NONE,
            what: What::Nothing,
            shared: false,
        };
        loop {
            let next_known = self.known.get(*known).map_or(area.end, |it| it.start);
            let next_start = self.starts.get(*starts).map_or(area.end, |it| addr_of(*it));
            let next = next_known.min(next_start).min(area.end);
            if next > current.start {
                each(Object {
                    end: next,
                    ..current
                });
            }
            if next >= area.end {
                return;
            }
            if next == next_known {
                current = self.known_at(*known, area.end, each);
                *known += 1;
                let skip = |it: &&u64| addr_of(**it) < current.start;
                *starts += self.starts[*starts..].iter().take_while(skip).count();
            } else {
                let users = self.starts[*starts..]
                    .iter()
                    .take_while(|it| addr_of(**it) == next);
                let first = self.starts[*starts];
                let others = users.clone().any(|it| owner_of(*it) != owner_of(first));
                *starts += users.count();
                let source = SOURCES[(first as u32 >> 30) as usize];
                let owner = owner_of(first);
                current = Object {
                    start: next,
                    end: area.end,
                    owner,
                    what: What::Referred(source),
                    shared: others,
                };
            }
        }
    }

    /// Reports a known extent; what comes after it is told apart.
    fn known_at(&self, index: usize, limit: Addr, each: &mut impl FnMut(Object)) -> Object {
        let it = self.known[index];
        let end = it.end.min(limit);
        each(Object {
            start: it.start,
            end,
            owner: it.owner,
            what: What::Known(it.kind),
            shared: false,
        });
        Object {
            start: end,
            end: limit,
            owner: it.owner,
            what: What::After(it.kind),
            shared: false,
        }
    }

    /// Adds places and puts them in order.
    pub fn add(&mut self, more: Vec<u64>) {
        merge(&mut self.starts, more);
    }

    /// One round of following pointers: from what has an owner to what it points to. Types are known from the beginning:
    /// following them once is enough.
    pub fn follow(&mut self, image: &Image<'_>, with_types: bool) {
        let mut found = Vec::new();
        let Some(all) = self
            .areas
            .first()
            .zip(self.areas.last())
            .map(|(a, b)| a.start..b.end)
        else {
            return;
        };
        let inside = Inside::new(self, &all);
        let mut recent = Recent::new();
        self.sweep(|object| {
            let pointers = match object.what {
                What::Known(kind) => with_types && kind == Kind::Types,
                What::Referred(source) => source != Source::Record,
                What::After(_) | What::Nothing => false,
            };
            if pointers && object.owner != NONE {
                words(image, &object, |_, target| {
                    let it = start(target, Source::Pointer, object.owner);
                    if all.contains(&target) && !inside.contains(target) && recent.is_new(it) {
                        found.push(it);
                    }
                });
            }
        });
        self.add(found);
    }

    /// Gives what holds the address of a function to the function's package: words that nothing refers to, and whoever
    /// refers to them, function values and the tasks that initialise packages.
    pub fn follow_code(&mut self, image: &Image<'_>, function: impl Fn(Addr) -> Option<PackageId>) {
        let mut found = Vec::new();
        self.sweep(|object| match object.what {
            What::Nothing | What::After(_) => words(image, &object, |addr, target| {
                if let Some(owner) = function(target) {
                    found.push(start(addr, Source::Pointer, owner));
                }
            }),
            What::Referred(Source::Code | Source::Pointer) => {
                let owner = function_of(image, &object).and_then(&function);
                found.extend(owner.map(|it| start(object.start, Source::Function, it)));
            }
            _ => {}
        });
        self.add(found);
    }

    /// Claims every stretch.
    pub fn claim(
        &self,
        image: &Image<'_>,
        ledger: &mut Ledger,
        mut each: impl FnMut(Addr, PackageId),
    ) {
        self.sweep(|object| {
            let (owner, kind) = judge(image, &object);
            ledger.claim(image, (object.start, object.end), owner, kind);
            if object.shared {
                ledger.shared += image.file_bytes(object.start, object.end);
            }
            each(object.start, owner);
        });
    }
}

/// A bit for every 16 bytes that lie wholly within known extents: no object begins there.
struct Inside {
    first: Addr,
    bits: Vec<u64>,
}

impl Inside {
    const GRAIN: u32 = 16;

    /// Nothing is known of data that is scattered over the address space, as no linker does: it would take more memory
    /// than the file.
    fn new(data: &Data, all: &Range<Addr>) -> Self {
        let known = &data.known;
        let first = all.start - all.start % Self::GRAIN;
        let present: u64 = data
            .areas
            .iter()
            .map(|it| u64::from(it.end - it.start))
            .sum();
        if u64::from(all.end - all.start) > 16 * present {
            let bits = Vec::new();
            return Self { first, bits };
        }
        let grains = (all.end - first).div_ceil(Self::GRAIN) as usize;
        let mut bits = vec![0u64; grains.div_ceil(64)];
        let mut position = 0;
        while let Some(run) = known.get(position) {
            let (start, mut end) = (run.start, run.end);
            position += 1;
            while let Some(next) = known.get(position).filter(|it| it.start == end) {
                end = next.end;
                position += 1;
            }
            let from = start.max(first).next_multiple_of(Self::GRAIN);
            for grain in (from..end.min(all.end) & !(Self::GRAIN - 1)).step_by(Self::GRAIN as usize)
            {
                let index = ((grain - first) / Self::GRAIN) as usize;
                bits[index / 64] |= 1 << (index % 64);
            }
        }
        Self { first, bits }
    }

    #[inline]
    fn contains(&self, addr: Addr) -> bool {
        let index = ((addr - self.first) / Self::GRAIN) as usize;
        self.bits
            .get(index / 64)
            .is_some_and(|it| it >> (index % 64) & 1 == 1)
    }
}

/// The address in a function value, which is nothing else, or in an initialisation task: a state of 0, a small number,
/// and as many addresses (`runtime/proc.go`, `initTask`).
fn function_of(image: &Image<'_>, object: &Object) -> Option<Addr> {
    let word = usize::from(image.pointer_size);
    let reader = image.over(image.slice(object.start, object.end)?);
    let size = reader.data.len();
    if size == word {
        return image.addr(reader.word(0)?);
    }
    let tasks = reader.u32(4)? as usize;
    let is_task = reader.u32(0)? == 0 && (1..1000).contains(&tasks) && size >= 8 + tasks * word;
    is_task.then(|| image.addr(reader.word(8)?)).flatten()
}

/// Calls `each` with the place and the value of every aligned word that is an address of the image.
fn words(image: &Image<'_>, object: &Object, mut each: impl FnMut(Addr, Addr)) {
    let Some(bytes) = image.slice(object.start, object.end) else {
        return;
    };
    let first = object.start.next_multiple_of(u32::from(image.pointer_size));
    let bytes = bytes
        .get((first - object.start) as usize..)
        .unwrap_or_default();
    let mut word = |index: usize, value: u64| {
        if let Some(target) = image.addr(value) {
            each(
                first + (index * usize::from(image.pointer_size)) as Addr,
                target,
            );
        }
    };
    if image.pointer_size == 4 {
        for (index, it) in bytes.as_chunks().0.iter().enumerate() {
            let it = if image.big_endian {
                u32::from_be_bytes(*it)
            } else {
                u32::from_le_bytes(*it)
            };
            word(index, u64::from(it));
        }
    } else if image.big_endian {
        let words = bytes.as_chunks().0.iter().enumerate();
        words.for_each(|(index, it)| word(index, u64::from_be_bytes(*it)));
    } else {
        let words = bytes.as_chunks().0.iter().enumerate();
        words.for_each(|(index, it)| word(index, u64::from_le_bytes(*it)));
    }
}

/// The owner and the kind of a stretch. Alignment after a known extent goes with it.
fn judge(image: &Image<'_>, object: &Object) -> (PackageId, Kind) {
    const ALIGNMENT: u32 = 64;
    match object.what {
        What::Known(kind) => (object.owner, kind),
        What::Referred(Source::Record) => (object.owner, Kind::StackMaps),
        What::Referred(_) => (
            object.owner,
            if is_text(image, object) {
                Kind::Strings
            } else {
                Kind::Data
            },
        ),
        What::After(kind) => {
            let bytes = image.slice(object.start, object.end).unwrap_or_default();
            let alignment =
                object.end - object.start < ALIGNMENT && bytes.iter().all(|&it| it == 0);
            (if alignment { object.owner } else { NONE }, kind)
        }
        What::Nothing => (NONE, Kind::Data),
    }
}

/// Read-only bytes without a NUL that are UTF-8.
fn is_text(image: &Image<'_>, object: &Object) -> bool {
    let Some(region) = image.region(object.start).filter(|it| !it.writable) else {
        return false;
    };
    let bytes =
        &region.bytes[(object.start - region.start) as usize..(object.end - region.start) as usize];
    memchr::memchr(0, bytes).is_none() && std::str::from_utf8(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_covers_every_byte_once() {
        let data = Data {
            areas: vec![0..50, 60..100],
            known: vec![super::Known {
                start: 20,
                end: 30,
                owner: 9,
                kind: Kind::Types,
            }],
            starts: vec![
                start(10, Source::Code, 1),
                start(10, Source::Code, 2),
                start(25, Source::Code, 3),
                start(40, Source::Record, 4),
                start(55, Source::Code, 5),
                start(70, Source::Pointer, 6),
            ],
        };
        let mut found = Vec::new();
        data.sweep(|it| found.push((it.start, it.end, it.owner, it.what, it.shared)));
        use What::{After, Nothing, Referred};
        assert_eq!(
            found,
            [
                (0, 10, NONE, Nothing, false),
                (10, 20, 1, Referred(Source::Code), true),
                (20, 30, 9, What::Known(Kind::Types), false),
                (30, 40, 9, After(Kind::Types), false),
                (40, 50, 4, Referred(Source::Record), false),
                (60, 70, NONE, Nothing, false),
                (70, 100, 6, Referred(Source::Pointer), false),
            ]
        );
    }
}
