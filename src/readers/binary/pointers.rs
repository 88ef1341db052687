//! Collects the words of memory that point into the data, and the lengths that stand beside them.

use std::ops::Range;

use super::image::{Addr, Image};
use super::ledger::Kind;
use super::objects::{Data, How, Known};
use super::packages::PackageId;
use super::runs::{Content, Run};
use super::types::Types;

/// What the words of the data lead to.
#[derive(Default)]
pub(super) struct Pointers {
    /// From where to where, by where they stand.
    pub(crate) edges: Vec<(Addr, Addr)>,
    /// Texts with the length behind the address.
    pub(crate) lengths: Vec<(Addr, u32)>,
    /// Lists of embedded files.
    pub(crate) lists: Vec<Range<Addr>>,
    /// Where slices with many elements lead to, and how many they are.
    pub(crate) slices: Vec<(Addr, u32)>,
    /// The values of functions among what functions say of themselves.
    pub(crate) values: Vec<Known>,
}

impl Pointers {
    /// Where they lead, in order.
    pub(crate) fn targets(&self) -> Vec<Addr> {
        let mut targets: Vec<Addr> = self.edges.iter().map(|edge| edge.1).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }
}

/// Reads every word of the data that can be an address. In a damaged file any can: no more than `most` are kept.
pub(super) fn collect(
    image: &Image<'_>,
    (data, types): (&Data, &Types),
    most: usize,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> Pointers {
    let mut found = Pointers::default();
    let Some((first, last)) = data.areas.first().zip(data.areas.last()) else {
        return found;
    };
    let all = first.start..last.end;
    let inside = Inside::new(data, &all);
    let texts = data.runs.iter().find(|run| run.content == Content::Texts);
    let word = u32::from(image.pointer_size);
    for part in pointing(data) {
        let list = |at, target| files(image, at..part.end, target);
        // Where the address space begins low, a length looks like an address.
        let mut numbers = part.end..part.end;
        words(image, &part, &all, |at, target| {
            if numbers.contains(&at) {
                return;
            }
            if inside.contains(target) || found.edges.len() >= most {
                return;
            }
            if is_number_of_types(data, types, at) {
                return;
            }
            if data.records.contains(&target) {
                match value_at(image, target, &function) {
                    Some(value) => found.values.push(value),
                    None => return,
                }
            }
            if let Some(texts) = texts.filter(|text| text.range.contains(&target)) {
                let length = image
                    .reader(at)
                    .and_then(|reader| reader.word(word as usize));
                let length = length.and_then(|length| u32::try_from(length).ok());
                let room = texts.range.end - target;
                // Data has the address of a text only with its length.
                let Some(it) = length.filter(|length| (1..=room).contains(length)) else {
                    return;
                };
                found.lengths.push((target, it));
                numbers = at + word..at + 2 * word;
            } else if let Some(length) = slice(image, &data.areas, at, target) {
                numbers = at + word..at + 3 * word;
                if length >= MANY {
                    found.slices.push((target, length));
                }
            }
            found.edges.push((at, target));
            found.lists.extend(list(at, target));
        });
    }
    found
}

/// The value of a function at a place: a word with its address. `function` says whose the function at an address is.
pub(super) fn value_at(
    image: &Image<'_>,
    at: Addr,
    function: impl Fn(Addr) -> Option<PackageId>,
) -> Option<Known> {
    let word = u32::from(image.pointer_size);
    let target = image.pointer(at).filter(|_| at.is_multiple_of(word))?;
    Some(Known {
        start: at,
        end: at.checked_add(word)?,
        owner: function(target)?,
        kind: Kind::Data,
        how: How::Layout,
    })
}

/// Whether the word at a place of a type or a method table is no address.
fn is_number_of_types(data: &Data, types: &Types, at: Addr) -> bool {
    let known = data.known.partition_point(|known| known.end <= at);
    let known = data.known.get(known).filter(|it| it.kind == Kind::Types);
    let known = known.filter(|known| known.start <= at);
    known.is_some_and(|known| is_number(types, known.start, at, data.word))
}

/// Whether a word at a place is no address, but a number or a distance of the type at `start`, or the hash of the method table there:
/// behind two words (`internal/abi`).
pub(super) fn is_number(types: &Types, start: Addr, at: Addr, word: u32) -> bool {
    at.checked_sub(start) == Some(2 * word) || types.is_number(at, word)
}

/// Elements that are many.
const MANY: u32 = 1024;

/// How many elements the slice at a place has, if one is there: the number stands twice behind the address, and as many bytes
/// do where that leads.
fn slice(image: &Image<'_>, areas: &[Range<Addr>], at: Addr, target: Addr) -> Option<u32> {
    let word = usize::from(image.pointer_size);
    let field = |index: usize| image.reader(at)?.word(index * word);
    let area = areas.get(areas.partition_point(|area| area.end <= target))?;
    let room = area.end - target.max(area.start);
    let length = u32::try_from(field(1)?).ok()?;
    ((1..=room).contains(&length) && field(2)? == u64::from(length)).then_some(length)
}

/// The list of files of an `embed.FS`: a slice, and behind it what it points to, for each file two texts and a sum
/// (`cmd/compile/internal/staticdata/embed.go`).
fn files(image: &Image<'_>, rest: Range<Addr>, target: Addr) -> Option<Range<Addr>> {
    const SUM: u32 = 16;
    let word = u32::from(image.pointer_size);
    let at = rest.start;
    if target != at + 3 * word {
        return None;
    }
    let field = |index: u32| image.reader(at)?.word((index * word) as usize);
    let count = field(1).filter(|count| *count > 0 && Some(*count) == field(2))?;
    let size = u32::try_from(count).ok()?.checked_mul(4 * word + SUM)?;
    let end = target.checked_add(size).filter(|end| *end <= rest.end)?;
    Some(at..end)
}

/// The parts of the areas that can have addresses: texts, masks and variables without pointers have none.
fn pointing(data: &Data) -> Vec<Range<Addr>> {
    let without = |run: &&Run| !run.content.has_pointers();
    let mut barren: Vec<&Range<Addr>> = data.texts.iter().collect();
    barren.extend(data.runs.iter().filter(without).map(|run| &run.range));
    barren.sort_by_key(|range| range.start);
    let mut parts = Vec::new();
    for area in &data.areas {
        let mut start = area.start;
        for run in &barren {
            if run.end > start && run.start < area.end {
                if run.start > start {
                    parts.push(start..run.start);
                }
                start = run.end;
            }
        }
        if start < area.end {
            parts.push(start..area.end);
        }
    }
    parts
}

/// A bit for every 16 bytes that lie wholly within known extents: no object begins there.
pub(super) struct Inside {
    first: Addr,
    bits: Vec<u64>,
}

impl Inside {
    const GRAIN: u32 = 16;

    /// Nothing is known of data that is scattered over the address space, as no linker does: it would take more memory
    /// than the file.
    pub(crate) fn new(data: &Data, all: &Range<Addr>) -> Self {
        let known = &data.known;
        let first = all.start - all.start % Self::GRAIN;
        let present: u64 = data
            .areas
            .iter()
            .map(|area| u64::from(area.end - area.start))
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
            while let Some(next) = known.get(position).filter(|object| object.start == end) {
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

    /// Whether an address not below the first is inside.
    #[inline]
    pub(crate) fn contains(&self, addr: Addr) -> bool {
        let index = ((addr - self.first) / Self::GRAIN) as usize;
        self.bits
            .get(index / 64)
            .is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

/// Calls `each` with the place and the value of every aligned word of a range that is an address within another.
pub(super) fn words(
    image: &Image<'_>,
    range: &Range<Addr>,
    to: &Range<Addr>,
    mut each: impl FnMut(Addr, Addr),
) {
    let Some(bytes) = image.slice(range.start, range.end) else {
        return;
    };
    let first = range.start.next_multiple_of(u32::from(image.pointer_size));
    let bytes = bytes
        .get((first - range.start) as usize..)
        .unwrap_or_default();
    let least = image.base.saturating_add(u64::from(to.start));
    let room = u64::from(to.end.saturating_sub(to.start));
    let mut word = |index: usize, value: u64| {
        let within = value.wrapping_sub(least);
        if within < room {
            let at = first + (index * usize::from(image.pointer_size)) as Addr;
            each(at, to.start + within as Addr);
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
        // Most words are none, and so are most of four.
        let (fours, rest) = bytes.as_chunks::<8>().0.as_chunks::<4>();
        let is_near = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_sub(least) < room;
        for (index, four) in fours.iter().enumerate() {
            if four.iter().fold(false, |any, it| any | is_near(it)) {
                let words = four.iter().enumerate();
                words.for_each(|(at, it)| word(4 * index + at, u64::from_le_bytes(*it)));
            }
        }
        let words = rest.iter().enumerate();
        words.for_each(|(at, it)| word(4 * fours.len() + at, u64::from_le_bytes(*it)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_records_of_functions_have_no_addresses() {
        let range = 60..80;
        let content = Content::Masks;
        let data = Data {
            areas: vec![0..50, 60..100],
            known: Vec::new(),
            starts: Vec::new(),
            sure: Vec::new(),
            mentions: Default::default(),
            runs: vec![Run { range, content }],
            texts: vec![8..16, 16..24, 72..88],
            records: 0..0,
            values: Vec::new(),
            word: 8,
        };
        assert_eq!(pointing(&data), [0..8, 24..50, 88..100]);
    }
}
