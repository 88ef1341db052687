//! Which of several definitions the loader of the linker takes: those with the same content, and those with the same name.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::{Global, Symbols};
use crate::linker::object::{Counts, STATIC, Symbol, flag};

/// The hashes of content that were seen, with the symbol and its size.
#[derive(Default)]
struct Contents {
    short: FxHashMap<u64, (Global, u32)>,
    long: FxHashMap<[u8; 16], (Global, u32)>,
}

/// The symbols of an object, by what they are known by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stretch {
    Defined,
    Hashed64,
    Hashed,
    Named,
}

impl Stretch {
    /// The first local index, and how many there are.
    fn span(self, counts: &Counts) -> (u32, u32) {
        match self {
            Self::Defined => (0, counts.defined),
            Self::Hashed64 => (counts.defined, counts.hashed64),
            Self::Hashed => (counts.defined + counts.hashed64, counts.hashed),
            Self::Named => (counts.definitions() - counts.named, counts.named),
        }
    }
}

impl<'a> Symbols<'a> {
    /// Numbers every definition, and decides which of several stands for all.
    pub(super) fn define(&mut self) {
        let all = 0..self.objects.len();
        for object in all.clone() {
            self.stretch(object, Stretch::Defined, &mut Contents::default());
        }
        let mut contents = Contents::default();
        for object in all {
            self.stretch(object, Stretch::Hashed64, &mut contents);
            self.stretch(object, Stretch::Hashed, &mut contents);
            self.stretch(object, Stretch::Named, &mut contents);
        }
    }

    fn stretch(&mut self, index: usize, stretch: Stretch, contents: &mut Contents) {
        let object = self.objects[index];
        let (start, length) = stretch.span(&object.counts);
        for local in start..start + length {
            let Some(symbol) = object.symbol(local) else {
                continue;
            };
            let home = (index as u32, local);
            let global = match stretch {
                Stretch::Hashed64 => object
                    .hash64(local - start)
                    .map(|hash| self.content(contents.short.entry(hash), symbol.size, home)),
                Stretch::Hashed => object
                    .hash(local - start)
                    .map(|hash| self.content(contents.long.entry(hash), symbol.size, home)),
                _ if symbol.name.is_empty() || symbol.abi == STATIC => None,
                Stretch::Defined => Some(self.defined(&symbol, home)),
                Stretch::Named => Some(self.named(symbol, home)),
            };
            let global = global.unwrap_or_else(|| self.add(home));
            self.globals[index][local as usize] = global;
            if symbol.flags & flag::USED_IN_INTERFACE != 0 {
                self.in_interface.push(global);
            }
            if symbol.flags & self.wasm_export != 0 {
                self.wasm_exports.push(global);
            }
        }
    }

    /// A symbol that only its own object defines.
    fn defined(&mut self, symbol: &Symbol<'a>, home: (u32, u32)) -> Global {
        let global = self.add(home);
        let version = self.version(symbol);
        self.names[version].insert(symbol.name, global);
        global
    }

    /// Of symbols with the same content, the largest stands for all.
    fn content<K>(
        &mut self,
        entry: Entry<'_, K, (Global, u32)>,
        size: u32,
        home: (u32, u32),
    ) -> Global {
        match entry {
            Entry::Vacant(entry) => {
                let global = self.add(home);
                entry.insert((global, size));
                global
            }
            Entry::Occupied(mut entry) => {
                let (global, known) = *entry.get();
                if size > known {
                    self.homes[global as usize] = home;
                    entry.insert((global, size));
                }
                global
            }
        }
    }

    /// Of symbols with the same name, the one that the linker takes stands for all.
    fn named(&mut self, symbol: Symbol<'a>, home: (u32, u32)) -> Global {
        let version = self.version(&symbol);
        let table = &mut self.names[version];
        let global = match table.entry(symbol.name) {
            Entry::Vacant(entry) => {
                let global = self.homes.len() as Global;
                entry.insert(global);
                self.homes.push(home);
                return global;
            }
            Entry::Occupied(entry) => *entry.get(),
        };
        if self.replaces(&symbol, home, self.homes[global as usize]) {
            self.homes[global as usize] = home;
        }
        global
    }

    /// Whether the linker takes a symbol of this name, and not the one that it `knows`.
    fn replaces(&self, symbol: &Symbol<'_>, home: (u32, u32), knows: (u32, u32)) -> bool {
        let object = self.objects.get(knows.0 as usize);
        let Some(known) = object.and_then(|object| object.symbol(knows.1)) else {
            return false;
        };
        if symbol.flags & flag::MAY_REPEAT != 0 {
            return known.size < symbol.size;
        }
        if known.flags & flag::MAY_REPEAT != 0 {
            return false;
        }
        let content = |home: (u32, u32)| !self.objects[home.0 as usize].data(home.1).is_empty();
        let (old, new) = (content(knows), content(home));
        !old && (new || symbol.size > known.size)
    }
}
