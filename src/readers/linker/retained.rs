//! What only one package, one module, or the init work of one package keeps alive: for all of them in one pass.
//!
//! A symbol needs X if every way to reach it goes through X. By one step it needs what the source needs. By two conditions, as a
//! method whose type becomes an interface and whose signature is called, it needs what either needs. By several ways it needs
//! what they share. All begin with "needs everything", and shrink until nothing changes: the greatest solution. Sets are kept
//! once, by number.

mod needs;

mod sets;

use std::collections::BTreeMap;

use super::program::Program;
use needs::Needs;
use sets::{EVERYTHING, SetId};

/// What goes without one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Bytes.
    pub bytes: u64,
    /// Functions.
    pub functions: u64,
}

/// What each package, each module and each init work keeps alive alone, by name; what keeps nothing is left out.
#[derive(Debug, Clone, Default)]
pub struct Retained {
    /// By import path: bytes that go when a program has no such package.
    pub packages: BTreeMap<String, Kept>,
    /// The same by module.
    pub modules: BTreeMap<String, Kept>,
    /// By import path: bytes that go when the package has nothing to do before `main`.
    pub inits: BTreeMap<String, Kept>,
}

/// The numbers of what can be left out.
pub(super) struct Labels<'m> {
    /// The module of each package, by number.
    modules: Vec<Option<u32>>,
    names: Vec<&'m str>,
}

impl<'m> Labels<'m> {
    fn of(paths: &[&str], module_of: &impl Fn(&str) -> Option<&'m str>) -> Self {
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut names = Vec::new();
        let mut number = |path: &str| {
            let module = module_of(path)?;
            Some(*numbers.entry(module).or_insert_with(|| {
                names.push(module);
                names.len() as u32 - 1
            }))
        };
        let modules = paths.iter().map(|path| number(path)).collect();
        Self { modules, names }
    }

    /// What a package is a part of: itself and its module.
    fn package(&self, owner: u32) -> Vec<u32> {
        let module = self.modules.get(owner as usize).copied().flatten();
        let count = self.modules.len() as u32;
        let module = module.map(|module| count + module);
        std::iter::once(owner).chain(module).collect()
    }

    /// The init work of a package.
    fn init(&self, owner: u32) -> u32 {
        (self.modules.len() + self.names.len()) as u32 + owner
    }

    fn count(&self) -> usize {
        2 * self.modules.len() + self.names.len()
    }
}

/// Sums by set.
struct Sums {
    bytes: Vec<u64>,
    text: Vec<u64>,
    functions: Vec<u64>,
}

impl Program<'_> {
    /// What each package, module and init work keeps alive alone: what [`Program::freed`] says of its cut, but for the bytes
    /// by which symbols are aligned. Both take an init task out of the list of the program only: what the runtime needs before
    /// `main` stands in its own list, and stays. `module_of`: the module of a package that can be left out as one.
    pub fn retained<'m>(&self, module_of: impl Fn(&str) -> Option<&'m str>) -> Retained {
        let paths: Vec<&str> = self.packages().collect();
        let labels = Labels::of(&paths, &module_of);
        let needs = Needs::of(self, &labels);
        let kept = self.by_label(&needs, labels.count());
        let named = |start: usize, names: &[&str]| {
            let each = names.iter().zip(&kept[start..]);
            let some = each.filter(|(_, kept)| kept.bytes > 0);
            some.map(|(name, kept)| ((*name).to_owned(), *kept))
                .collect()
        };
        Retained {
            packages: named(0, &paths),
            modules: named(paths.len(), &labels.names),
            inits: named(paths.len() + labels.names.len(), &paths),
        }
    }

    fn by_label(&self, needs: &Needs<'_, '_>, count: usize) -> Vec<Kept> {
        let sets = &needs.sets;
        let sums = self.by_set(needs);
        let mut kept = vec![Kept::default(); count];
        let mut text = vec![0_u64; count];
        let mut add = |set: SetId, bytes: u64, functions: u64, code: u64| {
            for label in sets.labels(set) {
                let at = &mut kept[*label as usize];
                at.bytes += bytes;
                at.functions += functions;
                text[*label as usize] += code;
            }
        };
        for set in 0..sets.len() {
            let found = (sums.bytes[set], sums.functions[set], sums.text[set]);
            add(set as SetId, found.0, found.1, found.2);
        }
        for (set, bytes) in needs.tables() {
            add(*set, *bytes, 0, 0);
        }
        let whole = self.bytes().text;
        for (kept, code) in kept.iter_mut().zip(&text) {
            kept.bytes +=
                self.weights.lookup(whole) - self.weights.lookup(whole.saturating_sub(*code));
        }
        kept
    }

    /// What goes when a set of labels goes: each symbol and each entry in the tables counts for its own set.
    fn by_set(&self, needs: &Needs<'_, '_>) -> Sums {
        let sets = &needs.sets;
        let mut sums = Sums {
            bytes: vec![0; sets.len()],
            text: vec![0; sets.len()],
            functions: vec![0; sets.len()],
        };
        for node in 1..self.table.len() as u32 {
            let set = needs.of_symbol(node);
            if set != EVERYTHING {
                let own = self.weights.extent(node);
                sums.bytes[set as usize] += own;
                if self.weights.is_code(node) {
                    sums.text[set as usize] += own;
                }
            }
        }
        for (node, bytes) in self.weights.entries() {
            let set = needs.of_symbol(node);
            if set != EVERYTHING {
                sums.bytes[set as usize] += bytes;
                sums.functions[set as usize] += 1;
            }
        }
        sums
    }
}
