//! Finds every type descriptor and method table in memory, and the package that each belongs to.
//!
//! Layout: `internal/abi/type.go` and `runtime/type.go`, Go 1.21 to 1.27.

mod naming;

use std::ops::Range;

use super::descriptors::{Descriptors, Head, Layout, UNCOMMON};
use super::image::{Addr, Image};
use super::moduledata::{Listing, Moduledata};
use super::packages::{NONE, PackageId};

mod paths;

/// A chain of unnamed types longer than this is taken to be damage.
const DEPTH: u32 = 16;

/// A descriptor, as far as its size and what it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub(crate) addr: Addr,
    pub(crate) size: u32,
    pub(crate) owner: PackageId,
    head: Head,
    /// How far from its beginning its uncommon part is, or what follows in the place of one.
    uncommon: u32,
}

impl Descriptor {
    /// Whether a word of it, by its distance from the beginning, can be an address; the others are numbers, or distances from the
    /// first type, which look like addresses where these are small. `word`: the bytes of an address.
    fn is_address(&self, distance: u32, word: u32) -> bool {
        let common = 4 * word + 16;
        if distance < common {
            // The function that compares two, and the mask of pointers.
            return [2 * word + 8, 3 * word + 8].contains(&distance);
        }
        let own = distance - common;
        let has_uncommon = self.head.flags & UNCOMMON != 0;
        let behind = self.uncommon + if has_uncommon { 16 } else { 0 };
        let methods = self.size - 16 * u32::from(self.head.methods);
        let listed = (distance < methods).then(|| distance.checked_sub(behind));
        let listed = listed.flatten();
        match self.head.kind {
            // Of arrays the elements and their slice; of maps key, element, group and the function that hashes.
            17 => own < 2 * word,
            18 | 22 | 23 => own < word,
            19 => listed.is_some(),
            20 => own < 2 * word,
            21 => own < 4 * word,
            // The package and the fields: name, type and where it stands.
            25 => own < 2 * word || listed.is_some_and(|field| field % (3 * word) < 2 * word),
            _ => false,
        }
    }
}

/// A method table of a type for an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Itab {
    pub(crate) addr: Addr,
    pub(crate) size: u32,
    pub(crate) concrete: Addr,
}

/// What the walk found.
#[derive(Default)]
pub(super) struct Types {
    /// By address, without overlap.
    pub(crate) descriptors: Vec<Descriptor>,
    pub(crate) itabs: Vec<Itab>,
    /// The sizes and packages of declared types, by address, where the linker sorted them by size.
    pub(crate) declared: Vec<(u32, PackageId)>,
    /// Exported methods, and how many of them the linker removed.
    pub(crate) exported: u64,
    pub(crate) pruned: u64,
}

impl Types {
    /// Whether a word of the data at a place is one of a descriptor that holds no address.
    pub(crate) fn is_number(&self, at: Addr, word: u32) -> bool {
        let behind = self
            .descriptors
            .partition_point(|descriptor| descriptor.addr <= at);
        let found = behind.checked_sub(1).map(|place| &self.descriptors[place]);
        let distance = |it: &Descriptor| at - it.addr;
        found
            .filter(|found| distance(found) < found.size)
            .is_some_and(|found| !found.is_address(distance(found), word))
    }
}

/// The walk from what is listed to all that it refers to.
pub(super) struct Walk<'i> {
    memory: Descriptors<'i>,
    /// A bit for each word where a descriptor may begin: those that were met, and of these, those that are to be read.
    visited: Vec<u64>,
    queue: Vec<u64>,
    found: Types,
    /// Whether the linker put all descriptors together.
    in_rows: bool,
}

impl<'i> Walk<'i> {
    pub(crate) fn new(image: &'i Image<'_>, module: &Moduledata, layout: Layout) -> Option<Self> {
        let memory = Descriptors::new(image, module, layout)?;
        let slots = ((memory.end - memory.types) as usize / layout.word) + 1;
        Some(Self {
            memory,
            visited: vec![0; slots.div_ceil(64)],
            queue: vec![0; slots.div_ceil(64)],
            found: Types::default(),
            in_rows: false,
        })
    }

    /// Queues an address, if it is new and can be a descriptor.
    pub(crate) fn root(&mut self, addr: Addr) {
        let distance = addr.wrapping_sub(self.memory.types) as usize;
        if addr < self.memory.types
            || addr >= self.memory.end
            || !distance.is_multiple_of(self.memory.layout.word)
        {
            return;
        }
        let slot = distance / self.memory.layout.word;
        let bit = 1 << (slot % 64);
        if self.visited[slot / 64] & bit == 0 {
            self.visited[slot / 64] |= bit;
            self.queue[slot / 64] |= bit;
        }
    }

    /// Follows everything queued, by address: what stands together is read together.
    pub(crate) fn run(&mut self) {
        let mut next = Vec::new();
        let mut again = true;
        while std::mem::take(&mut again) {
            for place in 0..self.queue.len() {
                while self.queue[place] != 0 {
                    let slot = place * 64 + self.queue[place].trailing_zeros() as usize;
                    self.queue[place] &= self.queue[place] - 1;
                    let addr = self.memory.types + (slot * self.memory.layout.word) as Addr;
                    self.read(addr, &mut next);
                    for it in next.drain(..) {
                        self.root(it);
                        again |= it < addr;
                    }
                }
            }
        }
    }

    /// Keeps the descriptor at an address, if one is there; `next` gets what it refers to.
    fn read(&mut self, addr: Addr, next: &mut Vec<Addr>) {
        let Some(head) = self.memory.head(addr) else {
            return;
        };
        self.found.descriptors.push(Descriptor {
            addr,
            size: head.size as u32,
            owner: NONE,
            head,
            uncommon: (head.uncommon - self.memory.at(addr)) as u32,
        });
        self.count_methods(addr, &head);
        self.memory.components(addr, &head, |addr| next.push(addr));
        let memory = &self.memory;
        next.extend(memory.distance(memory.at(addr) + 4 * memory.layout.word + 12));
        let methods = memory.methods(addr, &head);
        next.extend(methods.filter_map(|method| memory.distance(method + 4)));
    }

    /// Reads descriptors one after the other, as Go 1.27 places them.
    pub(crate) fn row(&mut self, end: Addr) {
        self.in_rows = true;
        let word = self.memory.layout.word as u32;
        let mut addr = self.memory.types.saturating_add(word);
        while addr < end {
            let Some(head) = self.memory.head(addr) else {
                break;
            };
            self.root(addr);
            addr = addr.saturating_add(head.size as u32).next_multiple_of(word);
        }
        self.run();
    }

    fn count_methods(&mut self, addr: Addr, head: &Head) {
        for method in self.memory.methods(addr, head) {
            let name = self
                .memory
                .distance(method)
                .and_then(|addr| self.memory.name(addr));
            let exported =
                name.is_some_and(|(_, text)| text.first().is_some_and(u8::is_ascii_uppercase));
            if exported {
                let code = self.memory.reader.u32(method + 12).unwrap_or(0);
                self.found.exported += 1;
                self.found.pruned += u64::from(code == 0 || code == u32::MAX);
            }
        }
    }

    /// Adds the method tables, and queues what they refer to.
    pub(crate) fn itabs(&mut self, image: &Image<'_>, listing: &Listing) {
        match *listing {
            Listing::Rows {
                itabs, itabs_end, ..
            } => {
                let mut addr = itabs;
                while addr < itabs_end {
                    let Some(it) = self.itab(image, addr) else {
                        break;
                    };
                    addr = addr.saturating_add(it.size);
                    self.found.itabs.push(it);
                }
            }
            Listing::Links {
                itabs: (start, count),
                ..
            } => {
                let word = self.memory.layout.word as u32;
                let Some(reader) = image.reader(start) else {
                    return;
                };
                for index in 0..count {
                    let Some(value) = reader.word((index * word) as usize) else {
                        break;
                    };
                    let found = image.addr(value).and_then(|addr| self.itab(image, addr));
                    self.found.itabs.extend(found);
                }
            }
        }
        self.run();
    }

    /// Where the first of the masks that say which words of a type are pointers begins, and the last ends.
    pub(crate) fn masks(&self, image: &Image<'_>) -> Option<Range<Addr>> {
        let word = self.memory.layout.word;
        let reader = self.memory.reader;
        let mask = |descriptor: &Descriptor| {
            let at = self.memory.at(descriptor.addr);
            // Long ones are made at run time, in a variable.
            const ON_DEMAND: u8 = 1 << 4;
            let bits = reader.word(at + word)? / word as u64;
            let addr = image.addr(reader.word(at + 3 * word + 8)?)?;
            let size = u32::try_from(bits.div_ceil(8)).ok()?;
            let fits = image
                .region(addr)
                .filter(|region| !region.writable && !region.executable);
            let end = addr.checked_add(size)?;
            ((1..=2048).contains(&size)
                && descriptor.head.flags & ON_DEMAND == 0
                && fits?.end() >= end)
                .then_some(addr..end)
        };
        let all = self.found.descriptors.iter().filter_map(mask);
        all.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end))
    }

    fn itab(&mut self, image: &Image<'_>, addr: Addr) -> Option<Itab> {
        let word = self.memory.layout.word;
        let reader = image.reader(addr)?;
        let interface = image.addr(reader.word(0)?)?;
        let concrete = image.addr(reader.word(word)?)?;
        if interface < self.memory.types || interface >= self.memory.end {
            return None;
        }
        let head = self.memory.head(interface).filter(|head| head.kind == 20)?;
        let methods = self.memory.reader.word(head.uncommon - 2 * word)?.max(1);
        let size = (2 * word + word.max(4)) as u64 + word as u64 * methods;
        reader.slice(0, usize::try_from(size).ok()?)?;
        self.root(interface);
        self.root(concrete);
        Some(Itab {
            addr,
            size: size as u32,
            concrete,
        })
    }

    /// Adds the types that Go 1.21 to 1.26 list.
    pub(crate) fn links(&mut self, image: &Image<'_>, (start, count): (Addr, u32)) {
        let Some(reader) = image.reader(start) else {
            return;
        };
        for index in 0..count as usize {
            let Some(distance) = reader.u32(4 * index) else {
                break;
            };
            self.memory
                .types
                .checked_add(distance)
                .into_iter()
                .for_each(|addr| self.root(addr));
        }
        self.run();
    }

    /// Sorts descriptors, and drops what overlaps.
    fn order(&mut self) {
        let all = &mut self.found.descriptors;
        // Each sweep finds them in order: the stable sort merges them.
        all.sort_by_key(|descriptor| descriptor.addr);
        let mut free = 0;
        all.retain(|descriptor| {
            let keep = descriptor.addr >= free;
            if keep {
                free = descriptor.addr + descriptor.size;
            }
            keep
        });
    }

    /// The linker keeps a few types that nothing refers to any more: they stand between those that were found.
    fn gaps(&mut self) {
        let word = self.memory.layout.word as u32;
        let mut free = self.memory.types;
        let ends = self
            .found
            .descriptors
            .iter()
            .map(|descriptor| (descriptor.addr, descriptor.addr + descriptor.size));
        let gaps: Vec<(Addr, Addr)> = ends
            .filter_map(|(start, end)| {
                let gap = (free.next_multiple_of(word), start);
                free = end;
                (gap.0 < gap.1).then_some(gap)
            })
            .collect();
        for (mut at, end) in gaps {
            while at < end {
                let head = self
                    .memory
                    .head(at)
                    .filter(|head| at + head.size as u32 <= end);
                match head {
                    Some(it) => {
                        self.root(at);
                        at = (at + it.size as u32).next_multiple_of(word);
                    }
                    None => at += word,
                }
            }
        }
        self.run();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that can be addresses, of a type of a kind whose own part, uncommon part included, has so many words, and with one
    /// method behind it.
    #[track_caller]
    fn check(kind: u8, own: u32, uncommon: bool, word: u32, expected: &[u32]) {
        let common = 4 * word + 16;
        let fields = match kind {
            19 => 1,
            20 | 25 => 4,
            _ => own,
        };
        let size = common + own * word + if uncommon { 32 } else { 0 };
        let descriptor = Descriptor {
            addr: 0x1000,
            size,
            owner: NONE,
            head: Head {
                kind,
                flags: if uncommon { UNCOMMON } else { 0 },
                uncommon: 0,
                methods: u16::from(uncommon),
                size: size as usize,
            },
            uncommon: common + fields * word,
        };
        let words = (0..size).step_by(word as usize);
        let found: Vec<u32> = words
            .filter(|at| descriptor.is_address(*at, word))
            .map(|at| at / word)
            .collect();
        assert_eq!(found, expected, "kind {kind}, {word} bytes");
    }

    /// `internal/abi/type.go`: of the common part the function that compares two, and the mask.
    #[test]
    fn few_words_of_a_type_are_addresses() {
        // Of a number; with methods, whose words are distances.
        check(2, 0, false, 8, &[3, 4]);
        check(2, 0, true, 8, &[3, 4]);
        check(2, 0, false, 4, &[4, 5]);
        // Array: element, slice, length. Pointer: element. Channel: element, direction.
        check(17, 3, false, 8, &[3, 4, 6, 7]);
        check(22, 1, true, 8, &[3, 4, 6]);
        check(18, 2, false, 4, &[4, 5, 8]);
        // Function: counts, and behind its uncommon part the types.
        check(19, 3, false, 8, &[3, 4, 7, 8]);
        check(19, 3, true, 8, &[3, 4, 9, 10]);
        // Interface: package and list, whose entries are distances.
        check(20, 6, false, 8, &[3, 4, 6, 7]);
        // Struct: package and list; of each field name and type, not where it stands.
        check(25, 10, false, 8, &[3, 4, 6, 7, 10, 11, 13, 14]);
        check(25, 7, true, 8, &[3, 4, 6, 7, 12, 13]);
        // Map: key, element, group, hash function; then numbers.
        check(21, 8, false, 8, &[3, 4, 6, 7, 8, 9]);
    }
}
