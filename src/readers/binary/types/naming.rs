//! Decides who each type belongs to, and what it is called.

use super::paths::Paths;
use super::{DEPTH, Descriptor, Types, Walk};
use crate::binary::descriptors::{NAMED, UNCOMMON};
use crate::binary::image::Addr;
use crate::binary::packages::{NONE, PackageId, Packages};
use crate::binary::partition::{Recent, key, offset, owner, sort};

/// A name of a type, field, method or package.
#[derive(Debug, Clone, Copy)]
pub(in crate::binary) struct Name {
    pub(crate) addr: Addr,
    pub(crate) size: u32,
    pub(crate) owner: PackageId,
}

impl Walk<'_> {
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
            let declared = found
                .descriptors
                .iter()
                .filter(|descriptor| self.is_declared(descriptor));
            found.declared = declared
                .map(|descriptor| (descriptor.size, descriptor.owner))
                .collect();
        }
        self.nameless(&mut found.descriptors, packages, users);
        let names = self.names(&found.descriptors, packages);
        (found, names)
    }

    /// Whether a type has a name of its own: not an instance of a generic one, which any package may make.
    pub(super) fn is_declared(&self, it: &Descriptor) -> bool {
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
    pub(super) fn nameless(
        &mut self,
        all: &mut [Descriptor],
        packages: &mut Packages<'_>,
        users: impl Fn(&Packages<'_>, Addr) -> PackageId,
    ) {
        let runtime = packages.of_prefix(b"runtime");
        // The bits of the walk are used once more: those of types without an owner.
        self.visited.fill(0);
        for it in all.iter().filter(|descriptor| descriptor.owner == NONE) {
            let slot = (it.addr - self.memory.types) as usize / self.memory.layout.word;
            self.visited[slot / 64] |= 1 << (slot % 64);
        }
        let mut used: Vec<(Addr, PackageId)> = Vec::new();
        for it in all.iter().filter(|descriptor| descriptor.owner != NONE) {
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
        for it in all.iter_mut().filter(|descriptor| descriptor.owner == NONE) {
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
    pub(super) fn owner(
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
            let Ok(found) = all.binary_search_by_key(part, |descriptor| descriptor.addr) else {
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
    pub(super) fn names(&self, descriptors: &[Descriptor], packages: &Packages<'_>) -> Vec<Name> {
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
            let users = users.iter().map(|user| owner(*user));
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
