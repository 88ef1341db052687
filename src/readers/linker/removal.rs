//! What would go: the elimination once more without something, and the difference in bytes.

use std::collections::BTreeMap;

use super::chain::Set;
use super::layout::Bytes;
use super::nodes::mark;
use super::program::Program;
use super::reach::{Reached, Without, eliminate};

/// What to leave out.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// Packages, by import path.
    pub packages: Vec<String>,
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
    pub packages: BTreeMap<String, u64>,
    /// Functions that go.
    pub functions: usize,
    /// Bytes by which the file becomes smaller, in whole pages; `None` where it is not known at what its segments begin.
    pub file: Option<u64>,
}

impl Freed {
    /// Bytes that go in all.
    pub fn total(&self) -> u64 {
        self.before.total().saturating_sub(self.after.total())
    }
}

impl Removal {
    /// Adds another.
    pub fn extend(&mut self, other: &Self) {
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
        let mut nodes = vec![false; self.table.len()];
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
        eliminate(&self.nodes, &without)
    }

    /// What a program needs whose `main` does nothing: it has no packages but those that the runtime loads, and nothing that
    /// others may call.
    pub(super) fn needed_by_all(&self) -> Set {
        let loaded = self.table.loaded_by_runtime();
        let is_gone = |node: u32| {
            let owner = self.table.owner(node).filter(|_| self.is_own(node));
            owner.is_some_and(|owner| !loaded[owner as usize])
        };
        let mut nodes: Set = (0..self.table.len() as u32).map(is_gone).collect();
        let some = [self.table.list, self.table.exports].into_iter();
        for start in some.chain(self.table.mains.iter().copied()) {
            nodes[start as usize] = true;
        }
        let roots = self.nodes.roots.iter().copied();
        let roots: Vec<u32> = roots.filter(|root| !nodes[*root as usize]).collect();
        let without = Without {
            nodes,
            ..Without::default()
        };
        let mut needed = eliminate(&self.nodes, &without).reached;
        let list = Some(self.table.list).filter(|list| *list != 0);
        for node in self.table.mains.iter().copied().chain(list).chain(roots) {
            needed[node as usize] = true;
        }
        needed
    }

    /// Marks what packages define for themselves. Returns the steps to the init tasks that only they bring in: the list of
    /// the program loses these, the list of the runtime may hold the same tasks.
    fn drop_packages(&self, packages: &[String], nodes: &mut Set) -> Vec<(u32, u32)> {
        let loaded = self.table.loaded(packages);
        for node in 1..nodes.len() as u32 {
            let owner = self.table.owner(node);
            let gone = owner.is_some_and(|owner| !loaded[owner as usize]);
            nodes[node as usize] |= gone && self.is_own(node);
        }
        let list = self.table.list;
        if list == 0 {
            return Vec::new();
        }
        let allowed = self.tasks_without(packages);
        let tasks = self.nodes.edges(list).iter().map(|task| task.to);
        let gone = tasks.filter(|task| !allowed[*task as usize]);
        gone.map(|task| (list, task)).collect()
    }

    /// By symbol: the init tasks that the main package still waits for without some packages.
    fn tasks_without(&self, packages: &[String]) -> Set {
        let mut allowed = vec![false; self.table.len()];
        let mut seen = vec![false; self.table.tasks.len()];
        let mut queue: Vec<u32> = (0..seen.len().min(1) as u32).collect();
        while let Some(index) = queue.pop() {
            let task = self.table.tasks[index as usize];
            let Some(path) = self.table.path_of(&task) else {
                continue;
            };
            let first = !std::mem::replace(&mut seen[index as usize], true);
            if !first || packages.iter().any(|gone| gone == path) {
                continue;
            }
            allowed[task.number as usize] = true;
            queue.extend(self.table.before(&task));
        }
        allowed
    }

    /// Whether the package of a symbol alone defines it: what may repeat stands in other packages too.
    pub(super) fn is_own(&self, node: u32) -> bool {
        self.table.is_own(node)
    }

    /// What goes when something is left out.
    pub fn freed(&self, removal: &Removal) -> Freed {
        self.freed_beside(&self.without(removal).reached)
    }

    /// What goes when only this is kept.
    fn freed_beside(&self, kept: &Set) -> Freed {
        let (before, after) = (self.bytes(), self.weights.bytes(kept));
        let (mut packages, functions) = self.gone_by_package(kept);
        let freed = before.total().saturating_sub(after.total());
        let owned: u64 = packages.values().sum();
        if freed > owned {
            packages.insert(String::new(), freed - owned);
        }
        let files = [&before, &after].map(|bytes| self.layout.file(bytes));
        Freed {
            file: files[0]
                .zip(files[1])
                .map(|(before, after)| before.saturating_sub(after)),
            before,
            after,
            packages,
            functions,
        }
    }

    /// The bytes that go when only this is kept, by the package that owns them, and how many functions.
    fn gone_by_package(&self, kept: &Set) -> (BTreeMap<String, u64>, usize) {
        let goes = |node: u32| self.whole.reached[node as usize] && !kept[node as usize];
        let mut by_owner = vec![0_u64; self.table.paths.len() + 1];
        let mut count = |node: u32, bytes: u64| {
            if let Some(owner) = self.table.owner(node) {
                by_owner[owner as usize] += bytes;
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
        let mut packages = BTreeMap::new();
        for (path, bytes) in self.table.paths.iter().zip(&by_owner) {
            if *bytes > 0 {
                *packages.entry(path.clone()).or_default() += bytes;
            }
        }
        (packages, functions)
    }

    /// Bytes of all that is kept, by package; what packages share stands under `""`. The sum is that of [`Program::bytes`].
    pub fn by_package(&self) -> BTreeMap<String, u64> {
        let mut by_owner = vec![0_u64; self.table.paths.len()];
        let own = (1..self.table.len() as u32).map(|node| (node, self.weights.extent(node)));
        for (node, bytes) in own.chain(self.weights.entries()) {
            if let Some(owner) = self.table.owner(node) {
                by_owner[owner as usize] += bytes;
            }
        }
        let total = self.bytes().total();
        let shared = total.saturating_sub(by_owner.iter().sum());
        let mut all = BTreeMap::from([(String::new(), shared)]);
        for (path, bytes) in self.table.paths.iter().zip(by_owner) {
            *all.entry(path.clone()).or_default() += bytes;
        }
        all
    }

    /// The functions that call methods by names that are not known: each keeps every exported method by itself.
    pub fn reflecting(&self) -> Vec<u32> {
        let nodes = &self.nodes;
        let marked = |node: &u32| {
            self.whole.reached[*node as usize]
                && (nodes.marks[*node as usize] & mark::REFLECT != 0
                    || nodes.reflecting.contains(node))
        };
        (1..self.table.len() as u32).filter(marked).collect()
    }

    /// What goes when all of several functions, those that [`Program::reflecting`] has, did not call methods by unknown names;
    /// and the bytes that go when one of them did not and the others still did. Runs the elimination twice at most.
    pub fn freed_by_each(&self, all: &[u32]) -> (Freed, Vec<u64>) {
        let without = |marks: &[u32]| Removal {
            without_marks: marks.to_vec(),
            ..Removal::default()
        };
        // Of those that are needed in any case, each keeps every method: one alone frees nothing unless it is the only one.
        let needed = self.without(&without(all)).reached;
        let mut first = all.iter().filter(|node| needed[**node as usize]);
        let only = first.next().filter(|_| first.next().is_none());
        let bytes = |node: &u32| match Some(node) == only {
            true => self.freed_bytes(&without(&[*node])),
            false => 0,
        };
        let each = all.iter().map(bytes).collect();
        (self.freed_beside(&needed), each)
    }

    fn freed_bytes(&self, removal: &Removal) -> u64 {
        let after = self.weights.bytes(&self.without(removal).reached);
        self.bytes().total().saturating_sub(after.total())
    }

    /// What goes when these functions did not call methods by unknown names.
    pub fn freed_without_marks(&self, of: &[u32]) -> Freed {
        self.freed(&Removal {
            without_marks: of.to_vec(),
            ..Removal::default()
        })
    }
}
