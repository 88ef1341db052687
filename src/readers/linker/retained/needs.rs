//! What each symbol of a program cannot do without.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Labels;
use super::sets::{EVERYTHING, NOTHING, SetId, Sets};
use crate::linker::nodes::{Edge, Kind, Method, mark};
use crate::linker::program::Program;

/// The search, and what it found.
pub(in crate::linker) struct Needs<'p, 'a> {
    program: &'p Program<'a>,
    pub sets: Sets,
    /// What each symbol needs.
    symbols: Vec<SetId>,
    /// What each type needs to become an interface.
    interfaces: Vec<SetId>,
    signatures: Vec<SetId>,
    names: Vec<SetId>,
    /// What is needed so that every exported method is kept.
    reflection: SetId,
    /// The labels of each symbol itself.
    own: Vec<SetId>,
    /// What the init task of a package needs to be in the list of those that run before `main`.
    order: FxHashMap<u32, SetId>,
    list: u32,
    made: FxHashSet<u32>,
    reflecting: FxHashSet<u32>,
    waiting: Waiting,
    dirty: Vec<bool>,
    any: bool,
    tables: Vec<(SetId, u64)>,
}

/// The types whose methods are looked at again.
#[derive(Default)]
struct Waiting {
    signatures: Vec<Vec<u32>>,
    names: Vec<Vec<u32>>,
    exported: Vec<u32>,
}

fn at<T>(all: &mut Vec<T>, index: u32, empty: impl FnMut() -> T) -> &mut T {
    let index = index as usize;
    if all.len() <= index {
        all.resize_with(index + 1, empty);
    }
    &mut all[index]
}

impl Waiting {
    fn of(program: &Program<'_>) -> Self {
        let nodes = &program.nodes;
        let mut found = Self::default();
        for node in 1..nodes.spans.len() as u32 {
            let methods = nodes.edges(node).iter();
            for edge in methods.filter(|edge| edge.kind == Kind::Method) {
                let method = nodes.methods[edge.to as usize];
                at(&mut found.signatures, method.signature, Vec::new).push(node);
                at(&mut found.names, method.name, Vec::new).push(node);
                if method.exported {
                    found.exported.push(node);
                }
            }
        }
        found
    }
}

impl<'p, 'a> Needs<'p, 'a> {
    /// All of it needs everything.
    fn everything(program: &'p Program<'a>) -> Self {
        let nodes = &program.nodes;
        let count = nodes.spans.len();
        Self {
            program,
            sets: Sets::new(),
            symbols: vec![EVERYTHING; count],
            interfaces: vec![EVERYTHING; count],
            signatures: Vec::new(),
            names: Vec::new(),
            reflection: EVERYTHING,
            own: vec![NOTHING; count],
            order: FxHashMap::default(),
            list: program.table.list,
            made: nodes.made.iter().copied().collect(),
            reflecting: nodes.reflecting.iter().copied().collect(),
            waiting: Waiting::of(program),
            dirty: vec![false; count],
            any: false,
            tables: Vec::new(),
        }
    }

    /// Searches.
    pub fn of(program: &'p Program<'a>, labels: &Labels<'_>) -> Self {
        let nodes = &program.nodes;
        let mut needs = Self::everything(program);
        needs.label(labels);
        needs.put_in_order(labels);
        for node in &nodes.in_interface {
            needs.interfaces[*node as usize] = NOTHING;
        }
        for node in &nodes.made {
            needs.symbols[*node as usize] = NOTHING;
        }
        for root in &nodes.roots {
            needs.take(*root, NOTHING);
        }
        let order = needs.in_order_of_need();
        while std::mem::take(&mut needs.any) {
            for node in &order {
                if std::mem::take(&mut needs.dirty[*node as usize]) {
                    needs.expand(*node);
                }
            }
        }
        needs.share();
        needs
    }

    /// What a symbol needs; everything where it is not kept.
    pub fn of_symbol(&self, node: u32) -> SetId {
        self.symbols[node as usize]
    }

    /// What parts of tables that functions share need, and their bytes.
    pub fn tables(&self) -> &[(SetId, u64)] {
        &self.tables
    }

    fn label(&mut self, labels: &Labels<'_>) {
        let program = self.program;
        let of_package = self.loading(labels);
        for node in 1..self.own.len() as u32 {
            let owner = program.table.owner(node);
            let Some(owner) = owner.filter(|_| program.is_own(node)) else {
                continue;
            };
            self.own[node as usize] = of_package[owner as usize];
        }
        let tasks = program.nodes.edges(self.list);
        for task in tasks {
            if let Some(owner) = program.table.owner(task.to) {
                let init = self.sets.number(vec![labels.init(owner)]);
                let own = self.own[task.to as usize];
                self.own[task.to as usize] = self.sets.both(own, init);
            }
        }
    }

    /// Init tasks stand in the list of the program where a chain of imports leads to their packages.
    fn put_in_order(&mut self, labels: &Labels<'_>) {
        let table = &self.program.table;
        let mut found = vec![EVERYTHING; table.tasks.len()];
        let starts = (0..found.len().min(1) as u32).map(|start| (start, NOTHING));
        let mut queue: VecDeque<(u32, SetId)> = starts.collect();
        while let Some((index, before)) = queue.pop_front() {
            let task = table.tasks[index as usize];
            if table.path_of(&task).is_none() {
                continue;
            }
            let own = self.sets.number(labels.package(task.owner));
            let known = found[index as usize];
            let now = self.sets.both(before, own);
            let now = self.sets.common(known, now);
            if now == known {
                continue;
            }
            found[index as usize] = now;
            queue.extend(table.before(&task).iter().map(|next| (*next, now)));
        }
        let numbered = table.tasks.iter().zip(found);
        let numbered = numbered.filter(|(task, set)| task.number != 0 && *set != EVERYTHING);
        self.order = numbered.map(|(task, set)| (task.number, set)).collect();
    }

    /// What each package needs to be there: itself, and a chain of imports.
    fn loading(&mut self, labels: &Labels<'_>) -> Vec<SetId> {
        let table = &self.program.table;
        let packages = 0..table.paths.len() as u32;
        let own: Vec<SetId> = packages
            .map(|owner| self.sets.number(labels.package(owner)))
            .collect();
        let mut found = vec![EVERYTHING; own.len()];
        let mut queue: VecDeque<(u32, SetId)> =
            table.first_loaded().map(|first| (first, NOTHING)).collect();
        while let Some((library, before)) = queue.pop_front() {
            let known = found[library as usize];
            let now = self.sets.both(before, own[library as usize]);
            let now = self.sets.common(known, now);
            if now != known {
                found[library as usize] = now;
                queue.extend(table.imports_of(library).map(|next| (next, now)));
            }
        }
        let each = found.iter().zip(own);
        each.map(|(found, own)| if *found == EVERYTHING { own } else { *found })
            .collect()
    }

    /// All symbols, each behind those that lead to it, where there is no circle.
    fn in_order_of_need(&self) -> Vec<u32> {
        let nodes = &self.program.nodes;
        let mut seen = vec![false; nodes.spans.len()];
        let mut order = Vec::with_capacity(seen.len());
        let mut next = Vec::new();
        for root in nodes.roots.iter().chain(&nodes.made) {
            let mut stack = vec![(*root, false)];
            while let Some((node, done)) = stack.pop() {
                if done {
                    order.push(node);
                    continue;
                }
                if std::mem::replace(&mut seen[node as usize], true) {
                    continue;
                }
                stack.push((node, true));
                next.clear();
                self.program.each_next(node, |to| next.push(to));
                let unseen = next.iter().filter(|to| !seen[**to as usize]);
                stack.extend(unseen.map(|to| (*to, false)));
            }
        }
        order.reverse();
        order
    }

    fn mark(&mut self, node: u32) {
        self.dirty[node as usize] = true;
        self.any = true;
    }

    /// A symbol is kept by a derivation that needs `set`.
    fn take(&mut self, node: u32, set: SetId) {
        let old = self.symbols[node as usize];
        let with = self.sets.both(set, self.own[node as usize]);
        let new = self.sets.common(old, with);
        if new != old {
            self.symbols[node as usize] = new;
            self.mark(node);
        }
    }

    fn convert(&mut self, node: u32, set: SetId) {
        let old = self.interfaces[node as usize];
        let new = self.sets.common(old, set);
        if new != old {
            self.interfaces[node as usize] = new;
            self.mark(node);
        }
    }

    fn call(&mut self, kind: Kind, index: u32, set: SetId) {
        let (all, waiting) = match kind {
            Kind::Signature => (&mut self.signatures, &self.waiting.signatures),
            _ => (&mut self.names, &self.waiting.names),
        };
        let slot = at(all, index, || EVERYTHING);
        let new = self.sets.common(*slot, set);
        if new != std::mem::replace(slot, new) {
            for node in waiting.get(index as usize).into_iter().flatten() {
                self.dirty[*node as usize] = true;
                self.any = true;
            }
        }
    }

    fn reflect(&mut self, set: SetId) {
        let new = self.sets.common(self.reflection, set);
        if new != std::mem::replace(&mut self.reflection, new) {
            for node in &self.waiting.exported {
                self.dirty[*node as usize] = true;
                self.any = true;
            }
        }
    }

    /// What a symbol keeps, with what it needs itself.
    fn expand(&mut self, node: u32) {
        let set = self.symbols[node as usize];
        if set == EVERYTHING || self.made.contains(&node) {
            return;
        }
        let nodes = &self.program.nodes;
        let marks = nodes.marks[node as usize];
        if marks & mark::REFLECT != 0 || self.reflecting.contains(&node) {
            self.reflect(set);
        }
        let used = match marks & mark::TYPE {
            0 => EVERYTHING,
            _ => self.sets.both(set, self.interfaces[node as usize]),
        };
        for edge in nodes.edges(node) {
            self.follow(node, *edge, set, used);
        }
    }

    fn follow(&mut self, node: u32, edge: Edge, set: SetId, used: SetId) {
        match edge.kind {
            Kind::Method if used == EVERYTHING => {}
            Kind::Method => {
                let method = self.program.nodes.methods[edge.to as usize];
                self.convert(method.parts[0], used);
                self.keep(method, used);
            }
            Kind::Interface => self.convert(edge.to, set),
            Kind::Signature | Kind::Named => self.call(edge.kind, edge.to, set),
            Kind::Component => {
                self.take(edge.to, set);
                self.convert(edge.to, used);
            }
            _ if node == self.list => {
                let order = self.order.get(&edge.to).copied().unwrap_or(NOTHING);
                let with = self.sets.both(set, order);
                self.take(edge.to, with);
            }
            _ => self.take(edge.to, set),
        }
    }

    fn keep(&mut self, method: Method, used: SetId) {
        let of = |all: &[SetId], index: u32| all.get(index as usize).copied().unwrap_or(EVERYTHING);
        let signature = of(&self.signatures, method.signature);
        let name = of(&self.names, method.name);
        let mut called = self.sets.common(signature, name);
        if method.exported {
            called = self.sets.common(called, self.reflection);
        }
        let all = self.sets.both(used, called);
        if all != EVERYTHING {
            for part in method.parts.into_iter().filter(|part| *part != 0) {
                self.take(part, all);
            }
        }
    }

    /// A name or a file of the tables goes with the last function that needs it.
    fn share(&mut self) {
        let program = self.program;
        let weights = &program.weights;
        let mut names = vec![EVERYTHING; weights.shared_sizes().len()];
        let mut files: FxHashMap<u32, Vec<(u32, SetId)>> = FxHashMap::default();
        for function in weights.functions() {
            let set = self.symbols[function.node as usize];
            for index in weights.shared_of(function) {
                let slot = &mut names[*index as usize];
                *slot = self.sets.common(*slot, set);
            }
            let of = files.entry(function.object).or_default();
            of.push((function.files, set));
        }
        let sizes = weights.shared_sizes().iter().map(|size| u64::from(*size));
        let known = |(set, _): &(SetId, u64)| *set != EVERYTHING;
        self.tables = names.into_iter().zip(sizes).filter(known).collect();
        for mut of in files.into_values() {
            // So many files stand in the table of an object as the function needs that needs most.
            of.sort_unstable_by_key(|(count, _)| std::cmp::Reverse(*count));
            let mut set = EVERYTHING;
            for at in 0..of.len() {
                set = self.sets.common(set, of[at].1);
                let below = of.get(at + 1).map_or(0, |next| next.0);
                self.tables.push((set, 4 * u64::from(of[at].0 - below)));
            }
        }
    }
}
