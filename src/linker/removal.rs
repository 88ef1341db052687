//! What would go: the elimination once more without something, and the difference in bytes.

use std::collections::BTreeMap;

use super::chain::Set;
use super::constants::{Meaning, WEAK};
use super::layout::Bytes;
use super::nodes::mark;
use super::object::{STATIC, flag};
use super::program::Program;
use super::reach::{Reached, Without, eliminate};

/// What to leave out.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Packages, by import path.
    pub(crate) packages: Vec<String>,
    /// Symbols, by number.
    symbols: Vec<u32>,
    /// Steps, by number.
    steps: Vec<(u32, u32)>,
    /// Functions whose calls of methods by unknown names do not count.
    pub(super) without_marks: Vec<u32>,
}

/// What goes with a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freed {
    /// Bytes of a stripped file before and after.
    pub(crate) before: Bytes,
    /// After the removal.
    pub(crate) after: Bytes,
    /// Bytes that go, by package; what functions share in tables stands under `""`.
    pub(crate) packages: BTreeMap<String, u64>,
    /// Functions that go.
    pub functions: usize,
    /// Bytes by which the file becomes smaller, in whole pages where its segments begin at such.
    pub(crate) file: u64,
}

impl Freed {
    /// Bytes that go in all.
    pub fn total(&self) -> u64 {
        self.before.total().saturating_sub(self.after.total())
    }
}

impl Removal {
    /// Adds another.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.packages.extend(other.packages.iter().cloned());
        self.symbols.extend(&other.symbols);
        self.steps.extend(&other.steps);
        self.without_marks.extend(&other.without_marks);
    }

    pub(super) fn of_packages(packages: Vec<String>) -> Self {
        Self {
            packages,
            ..Self::default()
        }
    }

    pub(super) fn of_symbols(symbols: Vec<u32>) -> Self {
        Self {
            symbols,
            ..Self::default()
        }
    }

    pub(super) fn of_steps(steps: Vec<(u32, u32)>) -> Self {
        Self {
            steps,
            ..Self::default()
        }
    }
}

impl Program<'_> {
    /// The elimination without something.
    pub(super) fn without(&self, removal: &Removal) -> Reached {
        let mut nodes = vec![false; self.dense.globals.len()];
        for node in &removal.symbols {
            nodes[*node as usize] = true;
        }
        let mut edges = removal.steps.clone();
        if !removal.packages.is_empty() {
            edges.extend(self.drop_packages(&removal.packages, &mut nodes));
        }
        let without = Without {
            nodes,
            edges,
            unmarked: removal.without_marks.clone(),
        };
        eliminate(&self.dense.nodes, &without)
    }

    /// What a program needs whose `main` does nothing.
    pub(super) fn needed_by_all(&self) -> Set {
        let named = |name: &[u8]| {
            let found = [0, 1].map(|version| self.symbols.lookup(name, version));
            let numbers = found.into_iter().flatten();
            numbers.filter_map(|global| self.dense.number(global))
        };
        let mut nodes = vec![false; self.dense.globals.len()];
        let starts: Vec<u32> = named(b"main.main")
            .chain(named(b"go:main.inittasks"))
            .collect();
        for start in &starts {
            nodes[*start as usize] = true;
        }
        let without = Without {
            nodes,
            ..Without::default()
        };
        let mut needed = eliminate(&self.dense.nodes, &without).reached;
        for node in starts.iter().chain(&self.dense.nodes.roots) {
            needed[*node as usize] = true;
        }
        needed
    }

    /// Marks what packages define for themselves. Returns the steps to the init tasks that only they bring in: the list of
    /// the program loses these, the list of the runtime may hold the same tasks.
    fn drop_packages(&self, packages: &[String], nodes: &mut Set) -> Vec<(u32, u32)> {
        let gone = self.in_packages(|path| packages.iter().any(|gone| gone == path));
        for node in (0..gone.len() as u32).filter(|node| gone[*node as usize]) {
            nodes[node as usize] |= self.is_own(node);
        }
        let mut allowed = vec![false; nodes.len()];
        let mut seen = rustc_hash::FxHashSet::default();
        let mut queue: Vec<u32> = self
            .symbols
            .lookup(b"main..inittask", 0)
            .into_iter()
            .collect();
        while let Some(task) = queue.pop() {
            let number = self.dense.number(task);
            let Some((object, local)) = self.symbols.home(task) else {
                continue;
            };
            let owner = self.symbols.owners[object as usize] as usize;
            let path = self.libraries.libraries[owner].path;
            if !seen.insert(task) || packages.iter().any(|gone| gone == path) {
                continue;
            }
            if let Some(number) = number {
                allowed[number as usize] = true;
            }
            for relocation in self.symbols.objects[object as usize].relocations(local) {
                if self.meaning(relocation.number & !WEAK) == Meaning::Order {
                    queue.push(self.symbols.resolve(object, relocation.target));
                }
            }
        }
        let list = self.symbols.lookup(b"go:main.inittasks", 0);
        let Some(list) = list.and_then(|list| self.dense.number(list)) else {
            return Vec::new();
        };
        let tasks = self.dense.nodes.edges(list).iter().map(|task| task.to);
        let gone = tasks.filter(|task| !allowed[*task as usize]);
        gone.map(|task| (list, task)).collect()
    }

    /// Whether the package of a symbol alone defines it: what may repeat stands in other packages too.
    pub(super) fn is_own(&self, node: u32) -> bool {
        let symbol = self.symbols.symbol(self.dense.globals[node as usize]);
        let own = symbol.is_some_and(|symbol| {
            let named = !symbol.name.is_empty() && symbol.abi != STATIC;
            named && symbol.flags & flag::MAY_REPEAT == 0
        });
        own && !self.is_hashed(node)
    }

    /// Whether a symbol is known by its content.
    fn is_hashed(&self, node: u32) -> bool {
        let home = self.symbols.home(self.dense.globals[node as usize]);
        home.is_some_and(|(object, local)| {
            let counts = self.symbols.objects[object as usize].counts;
            (counts.defined..counts.definitions() - counts.named).contains(&local)
        })
    }

    /// What goes when something is left out.
    pub fn freed(&self, removal: &Removal) -> Freed {
        let kept = self.without(removal).reached;
        let goes = |node: u32| self.whole.reached[node as usize] && !kept[node as usize];
        let (before, after) = (self.bytes(), self.weights.bytes(&kept));
        let mut packages: BTreeMap<String, u64> = BTreeMap::new();
        let mut by_owner = vec![0_u64; self.libraries.libraries.len() + 1];
        let mut owned = 0;
        let mut count = |node: u32, bytes: u64| {
            let home = self.symbols.home(self.dense.globals[node as usize]);
            let owner = home.map(|(object, _)| self.symbols.owners[object as usize] as usize);
            if let Some(owner) = owner {
                by_owner[owner] += bytes;
                owned += bytes;
            }
        };
        for node in (1..kept.len() as u32).filter(|node| goes(*node)) {
            count(node, self.weights.own(node));
        }
        let mut functions = 0;
        for (node, bytes) in self.weights.entries().filter(|(node, _)| goes(*node)) {
            count(node, bytes);
            functions += 1;
        }
        for (library, bytes) in self.libraries.libraries.iter().zip(&by_owner) {
            if *bytes > 0 {
                *packages.entry(library.path.to_owned()).or_default() += bytes;
            }
        }
        let freed = before.total().saturating_sub(after.total());
        if freed > owned {
            packages.insert(String::new(), freed - owned);
        }
        let file = self
            .layout
            .file(&before)
            .saturating_sub(self.layout.file(&after));
        Freed {
            file,
            before,
            after,
            packages,
            functions,
        }
    }

    /// Bytes of all that is kept, by package; what packages share stands under `""`. The sum is that of [`Program::bytes`].
    pub fn by_package(&self) -> BTreeMap<String, u64> {
        let mut by_owner = vec![0_u64; self.libraries.libraries.len()];
        let own =
            (1..self.dense.globals.len() as u32).map(|node| (node, self.weights.extent(node)));
        for (node, bytes) in own.chain(self.weights.entries()) {
            let home = self.symbols.home(self.dense.globals[node as usize]);
            if let Some((object, _)) = home {
                by_owner[self.symbols.owners[object as usize] as usize] += bytes;
            }
        }
        let total = self.bytes().total();
        let shared = total.saturating_sub(by_owner.iter().sum());
        let mut all = BTreeMap::from([(String::new(), shared)]);
        for (library, bytes) in self.libraries.libraries.iter().zip(by_owner) {
            *all.entry(library.path.to_owned()).or_default() += bytes;
        }
        all
    }

    /// The functions that call methods by names that are not known: each keeps every exported method by itself.
    pub fn reflecting(&self) -> Vec<u32> {
        let nodes = &self.dense.nodes;
        let marked = |node: &u32| {
            self.whole.reached[*node as usize]
                && (nodes.marks[*node as usize] & mark::REFLECT != 0
                    || nodes.reflecting.contains(node))
        };
        (1..self.dense.globals.len() as u32)
            .filter(marked)
            .collect()
    }

    /// What goes when these functions did not call methods by unknown names.
    pub fn freed_without_marks(&self, of: &[u32]) -> Freed {
        self.freed(&Removal {
            without_marks: of.to_vec(),
            ..Removal::default()
        })
    }
}
