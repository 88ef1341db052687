//! Memory in, every type descriptor and method table out, with the package each belongs to.
//!
//! Layout: `internal/abi/type.go` and `runtime/type.go`, Go 1.21 to 1.27.

use std::ops::Range;

use super::descriptors::{Descriptors, Head, Layout, NAMED, UNCOMMON};
use super::image::{Addr, Image};
use super::moduledata::{Listing, Moduledata};
use super::packages::{NONE, PackageId, Packages};
use super::partition::{Recent, key, offset, owner, sort};

mod paths;

use paths::Paths;

/// A chain of unnamed types longer than this is taken to be damage.
const DEPTH: u32 = 16;

/// A descriptor, as far as its size and what it refers to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descriptor {
    pub(crate) addr: Addr,
    pub(crate) size: u32,
    pub(crate) owner: PackageId,
    head: Head,
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
        });
        self.count_methods(addr, &head);
        self.memory.components(addr, &head, |it| next.push(it));
        let memory = &self.memory;
        next.extend(memory.distance(memory.at(addr) + 4 * memory.layout.word + 12));
        let methods = memory.methods(addr, &head);
        next.extend(methods.filter_map(|it| memory.distance(it + 4)));
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
                .and_then(|it| self.memory.name(it));
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
                    let found = image.addr(value).and_then(|it| self.itab(image, it));
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
        let mask = |it: &Descriptor| {
            let at = self.memory.at(it.addr);
            // Long ones are made at run time, in a variable.
            const ON_DEMAND: u8 = 1 << 4;
            let bits = reader.word(at + word)? / word as u64;
            let addr = image.addr(reader.word(at + 3 * word + 8)?)?;
            let size = u32::try_from(bits.div_ceil(8)).ok()?;
            let fits = image
                .region(addr)
                .filter(|it| !it.writable && !it.executable);
            let end = addr.checked_add(size)?;
            ((1..=2048).contains(&size) && it.head.flags & ON_DEMAND == 0 && fits?.end() >= end)
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
        let head = self.memory.head(interface).filter(|it| it.kind == 20)?;
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
                .for_each(|it| self.root(it));
        }
        self.run();
    }

    /// Sorts descriptors, and drops what overlaps.
    fn order(&mut self) {
        let all = &mut self.found.descriptors;
        // Each sweep finds them in order: the stable sort merges them.
        all.sort_by_key(|it| it.addr);
        let mut free = 0;
        all.retain(|it| {
            let keep = it.addr >= free;
            if keep {
                free = it.addr + it.size;
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
            .map(|it| (it.addr, it.addr + it.size));
        let gaps: Vec<(Addr, Addr)> = ends
            .filter_map(|(start, end)| {
                let gap = (free.next_multiple_of(word), start);
                free = end;
                (gap.0 < gap.1).then_some(gap)
            })
            .collect();
        for (mut at, end) in gaps {
            while at < end {
                let head = self.memory.head(at).filter(|it| at + it.size as u32 <= end);
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

    /// Sorts, drops what overlaps, and finds owners: types that no package names belong to who uses them. `users` says whose
    /// code refers to an address.
    pub(crate) fn finish(
        mut self,
        packages: &mut Packages<'_>,
        users: impl Fn(&Packages<'_>, Addr) -> PackageId,
    ) -> (Types, Vec<Name>) {
        self.order();
        // Before Go 1.27 other things stand between types, of which some look like types.
        if self.in_rows {
            self.gaps();
            self.order();
        }
        let mut found = std::mem::take(&mut self.found);
        let mut paths = Paths::new(packages);
        for index in 0..found.descriptors.len() {
            let owner = self.owner(&found.descriptors, index, &mut paths, 0);
            found.descriptors[index].owner = owner;
        }
        if !self.in_rows {
            let declared = found.descriptors.iter().filter(|it| self.is_declared(it));
            found.declared = declared.map(|it| (it.size, it.owner)).collect();
        }
        self.nameless(&mut found.descriptors, packages, users);
        let names = self.names(&found.descriptors, packages);
        (found, names)
    }

    /// Whether a type has a name of its own: not an instance of a generic one, which any package may make.
    fn is_declared(&self, it: &Descriptor) -> bool {
        let name = self.memory.at(it.addr) + 4 * self.memory.layout.word + 8;
        let name = self
            .memory
            .distance(name)
            .and_then(|at| self.memory.name(at));
        it.owner != NONE
            && it.head.flags & NAMED != 0
            && it.head.flags & UNCOMMON != 0
            && name.is_some_and(|(_, text)| memchr::memchr(b'[', text).is_none())
    }

    /// Gives types that are made of none with a name to whose code or types refer to them; others are the runtime's.
    fn nameless(
        &mut self,
        all: &mut [Descriptor],
        packages: &mut Packages<'_>,
        users: impl Fn(&Packages<'_>, Addr) -> PackageId,
    ) {
        let runtime = packages.of_prefix(b"runtime");
        // The bits of the walk are used once more: those of types without an owner.
        self.visited.fill(0);
        for it in all.iter().filter(|it| it.owner == NONE) {
            let slot = (it.addr - self.memory.types) as usize / self.memory.layout.word;
            self.visited[slot / 64] |= 1 << (slot % 64);
        }
        let mut used: Vec<(Addr, PackageId)> = Vec::new();
        for it in all.iter().filter(|it| it.owner != NONE) {
            self.memory.components(it.addr, &it.head, |part| {
                let slot = (part - self.memory.types) as usize / self.memory.layout.word;
                if self.visited[slot / 64] >> (slot % 64) & 1 == 1
                    && used.last() != Some(&(part, it.owner))
                {
                    used.push((part, it.owner));
                }
            });
        }
        used.sort_unstable();
        used.dedup();
        for it in all.iter_mut().filter(|it| it.owner == NONE) {
            let first = used.partition_point(|user| user.0 < it.addr);
            let mine = used[first..].iter().take_while(|user| user.0 == it.addr);
            let owner = mine.fold(users(packages, it.addr), |all, user| {
                packages.join(all, user.1)
            });
            it.owner = if owner == NONE { runtime } else { owner };
        }
    }

    /// A named type belongs to its package, another to its first component that belongs to one. Descriptors before this
    /// one have their owners already.
    fn owner(
        &self,
        all: &[Descriptor],
        index: usize,
        paths: &mut Paths<'_, '_>,
        depth: u32,
    ) -> PackageId {
        let descriptor = all[index];
        if descriptor.owner != NONE || depth > DEPTH {
            return descriptor.owner;
        }
        let head = descriptor.head;
        if head.flags & UNCOMMON != 0
            && let Some(place) = self.memory.distance(head.uncommon)
            && let Some(owner) = paths.owner(&self.memory, place)
        {
            return owner;
        }
        if head.flags & NAMED != 0 {
            return NONE;
        }
        // A type as wide as it is deep would be walked exponentially: only so many components are asked.
        let mut parts = [0; 8];
        let mut count = 0;
        self.memory.components(descriptor.addr, &head, |it| {
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
            let owner = self.owner(all, found, paths, depth + 2);
            if owner != NONE {
                return owner;
            }
        }
        NONE
    }

    /// The names that descriptors refer to, each for its users, by address and without overlap.
    fn names(&self, descriptors: &[Descriptor], packages: &Packages<'_>) -> Vec<Name> {
        let mut found = Vec::new();
        let mut recent = Recent::new();
        for it in descriptors {
            self.memory.names_of(it.addr, &it.head, |addr| {
                let it = key(addr, it.owner);
                if recent.is_new(it) {
                    found.push(it);
                }
            });
        }
        sort(&mut found);
        let mut free = 0;
        let name = |users: &[u64]| {
            let addr = offset(users[0]);
            let (size, _) = self.memory.name(addr).filter(|_| addr >= free)?;
            free = addr + size;
            let users = users.iter().map(|it| owner(*it));
            Some(Name {
                addr,
                size,
                owner: users.fold(NONE, |all, it| packages.join(all, it)),
            })
        };
        let same = |a: &u64, b: &u64| offset(*a) == offset(*b);
        found.chunk_by(same).filter_map(name).collect()
    }
}

/// A name of a type, field, method or package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(crate) addr: Addr,
    pub(crate) size: u32,
    pub(crate) owner: PackageId,
}
