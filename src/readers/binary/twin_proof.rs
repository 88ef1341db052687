//! Compares two builds of one program in memory: the proof that stripping changed nothing that runs.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

use super::{Binary, Format, Mapped, Role, Section, buildinfo, loader, read};

/// What differs between the loaded sections of two executables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoadedDiff {
    /// Whether nothing differs but build IDs.
    pub identical: bool,
    /// Whether all that differs is build IDs, sections that stand elsewhere, and pointers to those.
    ///
    /// So it is on Windows, where debug sections stand between others, and on ELF of Go 1.21.
    pub explained: bool,
    /// Bytes that were compared, build IDs not counted.
    pub compared: u64,
    /// Whether execution begins at the same place.
    same_entry: bool,
    /// Sections that differ in any way, or are in one file only, in the order of the first file.
    pub sections: Vec<SectionDiff>,
}

/// One section that is not equal in both files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SectionDiff {
    /// The section's name.
    pub name: String,
    /// Bytes in memory in the first file; `None` when it has no such section.
    pub before: Option<u64>,
    /// Bytes in memory in the second file; `None` when it has no such section.
    pub after: Option<u64>,
    /// Bytes that differ without an explanation, a difference in length counted in full.
    pub differing: u64,
    /// Bytes that differ in pointers to sections that moved, by as much as they moved.
    pub relocated: u64,
    /// Bytes of a build ID that is not the same.
    pub(crate) build_id: u64,
    /// Whether it is loaded at another address.
    pub moved: bool,
}

impl SectionDiff {
    fn is_build_id(&self) -> bool {
        self.is_explained() && !self.moved && self.relocated == 0
    }

    fn is_explained(&self) -> bool {
        self.differing == 0 && self.before == self.after
    }
}

/// Compares the loaded sections of two executables of one format, by name, byte by byte.
///
/// Build IDs are told apart: they name the build and are no part of the program. File headers, load commands (with the
/// `LC_UUID` of Mach-O) and code signatures describe the file rather than the program; they are not sections and are not
/// compared. Fails with [`Kind::Machine`] when a file cannot be read or the formats differ.
pub fn compare_loaded(before: &[u8], after: &[u8]) -> Result<LoadedDiff> {
    by_section(before, after, || {})
}

/// The same for files, of which no more than a section is in memory at once.
pub fn compare_files(before: &Mapped, after: &Mapped) -> Result<LoadedDiff> {
    by_section(before, after, || {
        before.forget();
        after.forget();
    })
}

/// Compares section by section; `done` is called behind each that is large.
fn by_section(before: &[u8], after: &[u8], done: impl Fn()) -> Result<LoadedDiff> {
    const LARGE: u64 = 1 << 20;
    let (old, new) = (read(before)?, read(after)?);
    if old.format != new.format || old.goarch != new.goarch {
        let message = format!(
            "cannot compare a {} file with a {} file",
            old.format, new.format
        );
        return Err(Error::new(Kind::Machine, message));
    }
    let pairs = pairs(&old, &new);
    let moves = moves(before, &old, &pairs);
    let addresses = || moves.iter().map(|moved| &moved.addresses);
    let least = addresses()
        .map(|address| address.start)
        .min()
        .unwrap_or_default();
    let most = addresses()
        .map(|address| address.end)
        .max()
        .unwrap_or_default();
    let twins = Twins {
        before,
        after,
        format: old.format,
        reach: least..most,
        moves,
    };
    let mut diff = LoadedDiff {
        identical: false,
        explained: false,
        compared: 0,
        same_entry: old.entry == new.entry,
        sections: Vec::new(),
    };
    for pair in pairs {
        diff.sections
            .extend(twins.compare(pair, &mut diff.compared));
        if pair
            .0
            .or(pair.1)
            .is_some_and(|section| section.file_size >= LARGE)
        {
            done();
        }
    }
    diff.identical = diff.same_entry && diff.sections.iter().all(SectionDiff::is_build_id);
    diff.explained = diff.same_entry && diff.sections.iter().all(SectionDiff::is_explained);
    Ok(diff)
}

/// A section in the first file, in the second, or in both.
type Pair<'a> = (Option<&'a Section>, Option<&'a Section>);

/// Loaded sections by name; those of one name in their order.
fn pairs<'a>(old: &'a Binary, new: &'a Binary) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    let mut places: HashMap<(&str, usize), usize> = HashMap::new();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for section in old.sections.iter().filter(|section| section.loaded) {
        let count = counts.entry(&section.name).or_default();
        places.insert((&section.name, *count), pairs.len());
        *count += 1;
        pairs.push((Some(section), None));
    }
    counts.clear();
    for section in new.sections.iter().filter(|section| section.loaded) {
        let count = counts.entry(&section.name).or_default();
        match places.get(&(section.name.as_str(), *count)) {
            Some(&place) => pairs[place].1 = Some(section),
            None => pairs.push((None, Some(section))),
        }
        *count += 1;
    }
    pairs
}

/// A section that stands elsewhere: its addresses in the first file, and the distance.
struct Move {
    addresses: Range<u64>,
    distance: u64,
}

/// What moved. In PE a pointer is the lower half of an address or, in its own tables, relative to the image.
fn moves(before: &[u8], old: &Binary, pairs: &[Pair<'_>]) -> Vec<Move> {
    let image_base = match old.format {
        Format::Pe => loader::image_base(before).unwrap_or(0),
        _ => 0,
    };
    // No program has so many sections that move; each is asked about each byte that differs.
    const LIMIT: usize = 256;
    let mut moves = Vec::new();
    for (a, b) in pairs.iter().filter_map(|pair| pair.0.zip(pair.1)) {
        if a.address == b.address || moves.len() >= LIMIT {
            continue;
        }
        let distance = b.address.wrapping_sub(a.address);
        let mut add = |start: u64| {
            // A pointer to the end of a section is one to it.
            let end = start.saturating_add(a.memory_size).saturating_add(1);
            moves.push(Move {
                addresses: start..end,
                distance,
            });
        };
        add(a.address);
        if old.format == Format::Pe {
            add(a.address.wrapping_sub(image_base));
            add(a.address & 0xffff_ffff);
        }
    }
    moves
}

struct Twins<'a> {
    before: &'a [u8],
    after: &'a [u8],
    format: Format,
    moves: Vec<Move>,
    /// From the lowest of their addresses to the highest.
    reach: Range<u64>,
}

impl Twins<'_> {
    /// `None` for sections that are equal in every way.
    fn compare(&self, (a, b): Pair<'_>, compared: &mut u64) -> Option<SectionDiff> {
        let section = a.or(b)?;
        let content = |bytes, it: Option<&Section>| {
            it.and_then(|section| buildinfo::content(bytes, section))
                .unwrap_or_default()
        };
        let (old, new): (&[u8], &[u8]) = (content(self.before, a), content(self.after, b));
        // musl compares slices byte by byte.
        let is_same = old.len() == new.len() && equal_bytes(old, new) == old.len();
        let (id, (differing, relocated)) = match is_same {
            true => (0..0, (0, 0)),
            false => {
                let id = build_id(self.format, section, old, new);
                // Code has pointers of that size in PE alone: whole addresses of 32 bits.
                let is_code = section.role == Role::Code && self.format != Format::Pe;
                let counts = match self.moves.is_empty() || is_code {
                    true => (differing(old, new, &id), 0),
                    false => self.count(old, new, &id),
                };
                (id, counts)
            }
        };
        *compared += (old.len().max(new.len()) - id.len()) as u64;
        let found = SectionDiff {
            name: section.name.clone(),
            before: a.map(|section| section.memory_size),
            after: b.map(|section| section.memory_size),
            differing,
            relocated,
            build_id: id.len() as u64,
            moved: a.zip(b).is_some_and(|(a, b)| a.address != b.address),
        };
        (!found.is_build_id() || found.build_id > 0).then_some(found)
    }

    /// Bytes that differ outside the build ID: without an explanation, and in pointers of eight bytes (four in PE) to what moved.
    fn count(&self, old: &[u8], new: &[u8], id: &Range<usize>) -> (u64, u64) {
        let shared = old.len().min(new.len());
        let (a, b) = (&old[..shared], &new[..shared]);
        let (mut differing, mut relocated) = (0, 0);
        let (mut at, mut looked) = (0, 0);
        while at < shared {
            if a[at] == b[at] {
                at += equal_bytes(&a[at..], &b[at..]);
            } else if id.contains(&at) {
                at += 1;
            } else if let Some(pointer) = self.moved_pointer(a, b, looked, at) {
                let bytes = a[pointer.clone()].iter().zip(&b[pointer.clone()]);
                relocated += bytes.filter(|(a, b)| a != b).count() as u64;
                looked = at + 1;
                at = pointer.end;
            } else {
                differing += 1;
                at += 1;
                looked = at;
            }
        }
        (differing + beyond(old, new, id), relocated)
    }

    /// The pointer to a section that moved which has its first differing byte here. PE does not align its own tables. Places
    /// below `looked` were looked at: none of them is one.
    fn moved_pointer(
        &self,
        old: &[u8],
        new: &[u8],
        looked: usize,
        at: usize,
    ) -> Option<Range<usize>> {
        if self.moves.is_empty() {
            return None;
        }
        let word = if self.format == Format::Pe { 4 } else { 8 };
        // The upper half of a low address is 0, wherever it begins: it has this byte or the one four bytes on.
        let may_be = |at: usize| old.get(at).is_some_and(|byte| *byte == 0);
        if word == 8 && self.reach.end <= 1 << 32 && !may_be(at) && !may_be(at + 4) {
            return None;
        }
        let starts = looked.max(at.saturating_sub(word - 1))..=at;
        let points = |start: &usize| {
            let pair = match word {
                4 => half(old, *start).zip(half(new, *start)),
                _ => whole(old, *start).zip(whole(new, *start)),
            };
            pair.is_some_and(|(a, b)| self.same_place(a, b, word))
        };
        let start = starts.rev().find(points)?;
        Some(start..start + word)
    }

    /// Whether two words point to the same place of a section that moved.
    fn same_place(&self, a: u64, b: u64, word: usize) -> bool {
        // Most words are no addresses at all.
        if !self.reach.contains(&a) {
            return false;
        }
        let mask = if word < 8 { 0xffff_ffff } else { u64::MAX };
        let explains = |moved: &Move| {
            moved.addresses.contains(&a) && a.wrapping_add(moved.distance) & mask == b
        };
        self.moves.iter().any(explains)
    }
}

/// Bytes that differ outside the build ID, a difference in length counted in full.
fn differing(old: &[u8], new: &[u8], id: &Range<usize>) -> u64 {
    let count = |range: Range<usize>| {
        let (a, b) = (&old[range.clone()], &new[range]);
        let (blocks, rest) = a.as_chunks::<64>();
        let (others, other_rest) = b.as_chunks::<64>();
        // A byte counts to 64: so the compiler compares many at once.
        let block = |(a, b): (&[u8; 64], &[u8; 64])| {
            u64::from(a.iter().zip(b).map(|(a, b)| u8::from(a != b)).sum::<u8>())
        };
        let rest = rest.iter().zip(other_rest).filter(|(a, b)| a != b);
        blocks.iter().zip(others).map(block).sum::<u64>() + rest.count() as u64
    };
    let shared = old.len().min(new.len());
    let (before, behind) = (id.start.min(shared), id.end.min(shared));
    count(0..before) + count(behind..shared) + beyond(old, new, id)
}

/// Bytes that one has more than the other, outside the build ID.
fn beyond(old: &[u8], new: &[u8], id: &Range<usize>) -> u64 {
    let shared = old.len().min(new.len());
    (shared.max(id.end)..old.len().max(new.len())).len() as u64
}

fn whole(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

/// How many bytes are equal, from the first on; of two of one length.
#[inline(always)]
fn equal_bytes(a: &[u8], b: &[u8]) -> usize {
    let ((words, rest), (others, other_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (index, (a, b)) in words.iter().zip(others).enumerate() {
        let differs = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differs != 0 {
            return 8 * index + differs.trailing_zeros() as usize / 8;
        }
    }
    let rest = rest.iter().zip(other_rest);
    8 * words.len() + rest.take_while(|(a, b)| a == b).count()
}

/// The stretch of a section that holds a build ID which is not the same in both: a whole note in ELF, a text in the
/// code elsewhere. Empty when there is none. The contents are not equal.
fn build_id(format: Format, section: &Section, old: &[u8], new: &[u8]) -> Range<usize> {
    let notes = [".note.go.buildid", ".note.gnu.build-id"];
    if format == Format::Elf && notes.contains(&section.name.as_str()) {
        return 0..old.len().max(new.len());
    }
    if format == Format::Elf || section.role != Role::Code {
        return 0..0;
    }
    match (buildinfo::in_code(old), buildinfo::in_code(new)) {
        (Some(a), Some(b)) if a == b => a,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Twins<'_> {
        /// Byte by byte, with every place of a pointer looked at for each.
        fn slowly(&self, a: &[u8], b: &[u8], id: &Range<usize>) -> (u64, u64) {
            let shared = a.len().min(b.len());
            let (mut differing, mut relocated, mut at) = (0, 0, 0);
            while at < shared {
                if a[at] == b[at] || id.contains(&at) {
                    at += 1;
                } else if let Some(pointer) = self.moved_pointer(&a[..shared], &b[..shared], 0, at)
                {
                    let differs = |at: &usize| a[*at] != b[*at];
                    relocated += pointer.clone().filter(differs).count() as u64;
                    at = pointer.end;
                } else {
                    differing += 1;
                    at += 1;
                }
            }
            let beyond = (shared.max(id.end)..a.len().max(b.len())).len();
            (differing + beyond as u64, relocated)
        }
    }

    #[test]
    fn bytes_that_differ_are_counted_as_one_by_one() {
        let old: Vec<u8> = (0..300).map(|it| (it * 7 % 251) as u8).collect();
        let mut new = old.clone();
        new.extend([1; 20]);
        for at in [0, 5, 63, 64, 65, 128, 255, 256, 299] {
            new[at] ^= 0x55;
        }
        new[64..128].iter_mut().for_each(|byte| *byte = !*byte);
        for id in [0..0, 60..70, 250..320, 290..300] {
            let pairs = (0..320).filter(|at| !id.contains(at));
            let naive = pairs.filter(|at| old.get(*at) != new.get(*at)).count();
            assert_eq!(differing(&old, &new, &id), naive as u64, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_looked_at_is_no_pointer(
            old in prop::collection::vec(prop_oneof![3 => Just(0), 2 => 0x10..0x14_u8, 1 => any::<u8>()], 0..80),
            new in prop::collection::vec(prop_oneof![3 => Just(0), 2 => 0x10..0x14_u8, 1 => any::<u8>()], 0..80),
            id in 0..40_usize,
            pe in any::<bool>(),
        ) {
            let moved = |start, distance| Move { addresses: start..start + 0x203, distance };
            let twins = Twins {
                before: &[],
                after: &[],
                format: if pe { Format::Pe } else { Format::Elf },
                moves: vec![moved(0x1010, 0x101), moved(0x10, 1), moved(0x10_0000, 0x1000)],
                reach: 0x10..0x10_0203,
            };
            // The new one is the old one with a part of its own and with pointers that moved.
            let mut mixed = new.clone();
            for at in (0..old.len().min(new.len()).saturating_sub(8)).step_by(5) {
                if new[at] > 0x10 {
                    let word = whole(&old, at).unwrap();
                    mixed[at..at + 8].copy_from_slice(&word.wrapping_add(0x101).to_le_bytes());
                }
            }
            let id = id..id + 3 * usize::from(pe);
            prop_assert_eq!(twins.count(&old, &mixed, &id), twins.slowly(&old, &mixed, &id));
        }
    }
}
