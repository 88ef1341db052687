//! Memory in, every type descriptor and method table out, with the package each belongs to.
//!
//! Layout: `internal/abi/type.go` and `runtime/type.go`, Go 1.21 to 1.27.

use super::bytes::{Reader, uvarint};
use super::image::{Addr, Image};
use super::moduledata::{Listing, Moduledata};
use super::packages::{NONE, PackageId, Packages};

const NAMED: u8 = 1 << 2;
const UNCOMMON: u8 = 1;
/// A chain of unnamed types longer than this is taken to be damage.
const DEPTH: u32 = 16;

/// What differs between targets and Go versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub word: usize,
    /// The bytes that a map's descriptor has beyond the common part.
    pub map: usize,
}

impl Layout {
    /// Maps were rebuilt in Go 1.24 (unless `noswissmap` was set) and described in more detail from 1.27.
    pub fn new(word: usize, go_version: Option<&str>, rows: bool) -> Self {
        let minor = go_version
            .and_then(minor_version)
            .unwrap_or(if rows { 27 } else { 26 });
        let old =
            minor < 24 || (minor < 26 && go_version.is_some_and(|it| it.contains("noswissmap")));
        let map = if old {
            4 * word + 8
        } else if minor < 27 {
            8 * word
        } else {
            11 * word
        };
        Self { word, map }
    }
}

/// The 27 of `go1.27.3` and of `devel go1.27-abcdef`.
fn minor_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("go1.")?;
    let digits = rest.len()
        - rest
            .trim_start_matches(|it: char| it.is_ascii_digit())
            .len();
    rest[..digits].parse().ok()
}

/// A descriptor, as far as its size and what it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub addr: Addr,
    pub size: u32,
    pub owner: PackageId,
}

/// A method table of a type for an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Itab {
    pub addr: Addr,
    pub size: u32,
    pub concrete: Addr,
}

/// What the walk found.
#[derive(Default)]
pub(super) struct Types {
    /// By address, without overlap.
    pub descriptors: Vec<Descriptor>,
    pub itabs: Vec<Itab>,
    /// Exported methods, and how many of them the linker removed.
    pub exported: u64,
    pub pruned: u64,
}

/// The common part of a descriptor, checked.
#[derive(Clone, Copy)]
struct Head {
    kind: u8,
    flags: u8,
    /// Where the uncommon part, or what follows in its place, begins.
    uncommon: usize,
    methods: u16,
    size: usize,
}

pub(super) struct Walk<'i> {
    reader: Reader<'i>,
    base: u64,
    region: Addr,
    types: Addr,
    end: Addr,
    layout: Layout,
    visited: Vec<u64>,
    queue: Vec<Addr>,
    found: Types,
}

impl<'i> Walk<'i> {
    pub fn new(image: &'i Image<'_>, module: &Moduledata, layout: Layout) -> Option<Self> {
        let region = image.region(module.types)?;
        let end = module.etypes.min(region.end());
        let slots = (end.checked_sub(module.types)? as usize / layout.word) + 1;
        Some(Self {
            reader: image.over(&region.bytes),
            base: image.base,
            region: region.start,
            types: module.types,
            end,
            layout,
            visited: vec![0; slots.div_ceil(64)],
            queue: Vec::new(),
            found: Types::default(),
        })
    }

    fn at(&self, addr: Addr) -> usize {
        (addr - self.region) as usize
    }

    /// The address that a word of the types holds, if it is within them.
    fn pointer(&self, offset: usize) -> Option<Addr> {
        let value = self.reader.word(offset)?.checked_sub(self.base)?;
        let addr = u32::try_from(value).ok()?;
        (addr >= self.types && addr < self.end).then_some(addr)
    }

    /// The address of what a 32-bit distance from the beginning of the types leads to; 0 and -1 lead nowhere.
    fn distance(&self, offset: usize) -> Option<Addr> {
        let value = self.reader.u32(offset)?;
        let addr = self.types.checked_add(value)?;
        (value != 0 && addr < self.end).then_some(addr)
    }

    /// Queues an address, if it is new and can be a descriptor.
    pub fn root(&mut self, addr: Addr) {
        if addr < self.types
            || addr >= self.end
            || !((addr - self.types) as usize).is_multiple_of(self.layout.word)
        {
            return;
        }
        let slot = (addr - self.types) as usize / self.layout.word;
        if self.visited[slot / 64] & (1 << (slot % 64)) == 0 {
            self.visited[slot / 64] |= 1 << (slot % 64);
            self.queue.push(addr);
        }
    }

    /// Follows everything queued.
    pub fn run(&mut self) {
        while let Some(addr) = self.queue.pop() {
            let Some(head) = self.head(addr) else {
                continue;
            };
            self.found.descriptors.push(Descriptor {
                addr,
                size: head.size as u32,
                owner: NONE,
            });
            self.count_methods(addr, &head);
            let mut next = Vec::new();
            self.components(addr, &head, |it| next.push(it));
            next.extend(self.distance(self.at(addr) + 4 * self.layout.word + 12));
            next.extend(
                self.methods(addr, &head)
                    .filter_map(|it| self.distance(it + 4)),
            );
            next.into_iter().for_each(|it| self.root(it));
        }
    }

    /// Reads descriptors one after the other, as Go 1.27 places them.
    pub fn row(&mut self, end: Addr) {
        let word = self.layout.word as u32;
        let mut addr = self.types.saturating_add(word);
        while addr < end {
            let Some(head) = self.head(addr) else { break };
            self.root(addr);
            addr = addr.saturating_add(head.size as u32).next_multiple_of(word);
        }
        self.run();
    }

    fn head(&self, addr: Addr) -> Option<Head> {
        let (word, at) = (self.layout.word, self.at(addr));
        let [flags, align, field_align, kind] =
            *self.reader.slice(at + 2 * word + 4, 4)?.first_chunk()?;
        let aligned = |it: u8| it.is_power_of_two() && it <= 16;
        let (size, pointers) = (self.reader.word(at)?, self.reader.word(at + word)?);
        let kind = kind & 31;
        if !(1..=26).contains(&kind) || !aligned(align) || !aligned(field_align) || pointers > size
        {
            return None;
        }
        let (_, text) = self.name(self.distance(at + 4 * word + 8)?)?;
        if text.is_empty() || std::str::from_utf8(text).is_err() {
            return None;
        }
        let base = at + 4 * word + 16;
        let (own, added) = self.extra(kind, base)?;
        let uncommon = base.checked_add(own)?;
        let has_uncommon = flags & UNCOMMON != 0;
        let methods = if has_uncommon {
            self.reader.u16(uncommon + 4)?
        } else {
            0
        };
        let end = uncommon + if has_uncommon { 16 } else { 0 };
        let end = end
            .checked_add(added)?
            .checked_add(16 * usize::from(methods))?;
        (end <= self.at(self.end)).then_some(Head {
            kind,
            flags,
            uncommon,
            methods,
            size: end - at,
        })
    }

    /// The bytes that a kind has after the common part, and those after the uncommon part.
    fn extra(&self, kind: u8, base: usize) -> Option<(usize, usize)> {
        let word = self.layout.word;
        let count = || usize::try_from(self.reader.word(base + 2 * word)?).ok();
        Some(match kind {
            17 => (3 * word, 0),
            18 => (2 * word, 0),
            19 => {
                let (inputs, outputs) =
                    (self.reader.u16(base)?, self.reader.u16(base + 2)? & 0x7fff);
                (word, (usize::from(inputs) + usize::from(outputs)) * word)
            }
            20 => (4 * word, count()?.checked_mul(8)?),
            21 => (self.layout.map, 0),
            22 | 23 => (word, 0),
            25 => (4 * word, count()?.checked_mul(3 * word)?),
            _ => (0, 0),
        })
    }

    /// Offsets of the method entries.
    fn methods(&self, addr: Addr, head: &Head) -> impl Iterator<Item = usize> + use<> {
        let end = self.at(addr) + head.size;
        let first = end - 16 * usize::from(head.methods);
        (first..end).step_by(16)
    }

    fn count_methods(&mut self, addr: Addr, head: &Head) {
        for method in self.methods(addr, head) {
            let name = self.distance(method).and_then(|it| self.name(it));
            let exported =
                name.is_some_and(|(_, text)| text.first().is_some_and(u8::is_ascii_uppercase));
            if exported {
                let code = self.reader.u32(method + 12).unwrap_or(0);
                self.found.exported += 1;
                self.found.pruned += u64::from(code == 0 || code == u32::MAX);
            }
        }
    }

    /// The descriptors that one is made of, in the order in which they name its owner.
    fn components(&self, addr: Addr, head: &Head, mut each: impl FnMut(Addr)) {
        let word = self.layout.word;
        let base = self.at(addr) + 4 * word + 16;
        let after = head.uncommon + if head.flags & UNCOMMON != 0 { 16 } else { 0 };
        let end = self.at(addr) + head.size - 16 * usize::from(head.methods);
        let mut point = |offset: usize| self.pointer(offset).into_iter().for_each(&mut each);
        match head.kind {
            17 | 18 | 22 | 23 => point(base),
            21 => [base + word, base, base + 2 * word]
                .into_iter()
                .for_each(point),
            19 => (after..end).step_by(word).for_each(point),
            25 => (after..end)
                .step_by(3 * word)
                .for_each(|it| point(it + word)),
            20 => (after..end)
                .step_by(8)
                .filter_map(|it| self.distance(it + 4))
                .for_each(each),
            _ => {}
        }
    }

    /// The length of a name with everything attached to it, and its text.
    fn name(&self, addr: Addr) -> Option<(u32, &'i [u8])> {
        let at = self.at(addr);
        let flags = self.reader.u8(at)?;
        let text = |from: usize| {
            let (length, used) = uvarint(self.reader.data.get(from..)?)?;
            let text = self
                .reader
                .slice(from + used, usize::try_from(length).ok()?)?;
            Some((from + used + text.len(), text))
        };
        let (mut end, found) = text(at + 1)?;
        if flags & 2 != 0 {
            end = text(end)?.0;
        }
        if flags & 4 != 0 {
            end += 4;
        }
        (flags < 16 && end <= self.at(self.end)).then_some((u32::try_from(end - at).ok()?, found))
    }

    /// Adds the method tables, and queues what they refer to.
    pub fn itabs(&mut self, image: &Image<'_>, listing: &Listing) {
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
                let word = self.layout.word as u32;
                let Some(reader) = image.reader(start) else {
                    return;
                };
                for index in 0..count {
                    let Some(value) = reader.word((index * word) as usize) else {
                        break;
                    };
                    let found = image.addr(value).and_then(|it| self.itab(image, it));
                    self.found.itabs.extend(found);
                }
            }
        }
        self.run();
    }

    fn itab(&mut self, image: &Image<'_>, addr: Addr) -> Option<Itab> {
        let word = self.layout.word;
        let reader = image.reader(addr)?;
        let interface = image.addr(reader.word(0)?)?;
        let concrete = image.addr(reader.word(word)?)?;
        if interface < self.types || interface >= self.end {
            return None;
        }
        let head = self.head(interface).filter(|it| it.kind == 20)?;
        let methods = self.reader.word(head.uncommon - 2 * word)?.max(1);
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
    pub fn links(&mut self, image: &Image<'_>, (start, count): (Addr, u32)) {
        let Some(reader) = image.reader(start) else {
            return;
        };
        for index in 0..count as usize {
            let Some(distance) = reader.u32(4 * index) else {
                break;
            };
            self.types
                .checked_add(distance)
                .into_iter()
                .for_each(|it| self.root(it));
        }
        self.run();
    }

    /// Sorts, drops what overlaps, and finds owners: `fallback` is asked for types that no package names.
    pub fn finish(
        mut self,
        packages: &mut Packages,
        fallback: impl Fn(Addr) -> PackageId,
    ) -> (Types, Vec<Name>) {
        let mut found = std::mem::take(&mut self.found);
        found.descriptors.sort_unstable_by_key(|it| it.addr);
        let mut free = 0;
        found.descriptors.retain(|it| {
            let keep = it.addr >= free;
            if keep {
                free = it.addr + it.size;
            }
            keep
        });
        for index in 0..found.descriptors.len() {
            let owner = self.owner(&found.descriptors, index, packages, 0);
            found.descriptors[index].owner = owner;
        }
        for it in &mut found.descriptors {
            if it.owner == NONE {
                it.owner = fallback(it.addr);
            }
        }
        let names = self.names(&found.descriptors);
        (found, names)
    }

    /// A named type belongs to its package, another to its first component that belongs to one. Descriptors before this
    /// one have their owners already.
    fn owner(
        &self,
        all: &[Descriptor],
        index: usize,
        packages: &mut Packages,
        depth: u32,
    ) -> PackageId {
        let descriptor = all[index];
        if descriptor.owner != NONE || depth > DEPTH {
            return descriptor.owner;
        }
        let Some(head) = self.head(descriptor.addr) else {
            return NONE;
        };
        if head.flags & UNCOMMON != 0
            && let Some((_, path)) = self.distance(head.uncommon).and_then(|it| self.name(it))
            && !path.is_empty()
        {
            return packages.of_prefix(path);
        }
        if head.flags & NAMED != 0 {
            return NONE;
        }
        // A type as wide as it is deep would be walked exponentially: only so many components are asked.
        let mut parts = [0; 8];
        let mut count = 0;
        self.components(descriptor.addr, &head, |it| {
            if count < parts.len() {
                parts[count] = it;
                count += 1;
            }
        });
        let budget = if depth == 0 { count } else { count.min(2) };
        for part in &parts[..budget] {
            let Ok(found) = all.binary_search_by_key(part, |it| it.addr) else {
                continue;
            };
            let owner = self.owner(all, found, packages, depth + 2);
            if owner != NONE {
                return owner;
            }
        }
        NONE
    }

    /// The names that descriptors refer to, each for its first user, by address and without overlap.
    fn names(&self, descriptors: &[Descriptor]) -> Vec<Name> {
        let mut found: Vec<Name> = Vec::with_capacity(descriptors.len() * 2);
        for it in descriptors {
            let Some(head) = self.head(it.addr) else {
                continue;
            };
            self.names_of(it.addr, &head, |addr| {
                found.push(Name {
                    addr,
                    size: 0,
                    owner: it.owner,
                })
            });
        }
        found.sort_unstable_by_key(|it| (it.addr, it.owner));
        found.dedup_by_key(|it| it.addr);
        let mut free = 0;
        found.retain_mut(|it| {
            let Some((size, _)) = self.name(it.addr).filter(|_| it.addr >= free) else {
                return false;
            };
            it.size = size;
            free = it.addr + size;
            true
        });
        found
    }

    fn names_of(&self, addr: Addr, head: &Head, mut each: impl FnMut(Addr)) {
        let word = self.layout.word;
        let at = self.at(addr);
        let base = at + 4 * word + 16;
        let after = head.uncommon + if head.flags & UNCOMMON != 0 { 16 } else { 0 };
        let end = at + head.size - 16 * usize::from(head.methods);
        self.distance(base - 8).into_iter().for_each(&mut each);
        if head.flags & UNCOMMON != 0 {
            self.distance(head.uncommon).into_iter().for_each(&mut each);
        }
        for method in self.methods(addr, head) {
            self.distance(method).into_iter().for_each(&mut each);
        }
        if matches!(head.kind, 20 | 25) {
            self.pointer(base).into_iter().for_each(&mut each);
        }
        match head.kind {
            20 => (after..end)
                .step_by(8)
                .filter_map(|it| self.distance(it))
                .for_each(each),
            25 => (after..end)
                .step_by(3 * word)
                .filter_map(|it| self.pointer(it))
                .for_each(each),
            _ => {}
        }
    }
}

/// A name of a type, field, method or package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub addr: Addr,
    pub size: u32,
    pub owner: PackageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_differ_by_version() {
        let map = |version: &str| Layout::new(8, Some(version), false).map;
        assert_eq!(map("go1.23.9"), 40);
        assert_eq!(map("go1.24.11"), 64);
        assert_eq!(map("go1.24.11 X:noswissmap"), 40);
        assert_eq!(map("devel go1.27-0123abc"), 88);
        assert_eq!(Layout::new(8, None, true).map, 88);
    }
}
