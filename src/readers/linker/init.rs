//! What stays in a program only because of package initialisation.

use std::cmp::Reverse;

use super::program::Program;
use super::removal::{Freed, Removal};
use super::retained::Kept;

/// The work of a package before `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitWork {
    /// Its import path, `main` for the main package.
    pub package: String,
    /// What goes when it has nothing to do.
    pub kept: Kept,
    /// The largest symbols of that: name and bytes. None for those that were not looked at.
    pub largest: Vec<(String, u64)>,
}

/// Symbols that are named.
const NAMED: usize = 3;

impl Program<'_> {
    /// What goes when no package had anything to do before `main`.
    pub fn freed_without_inits(&self) -> Freed {
        self.freed(&Removal::of_symbols(self.tasks(|_| true)))
    }

    /// The init tasks of some packages.
    fn tasks(&self, wanted: impl Fn(&str) -> bool) -> Vec<u32> {
        let list = Some(self.table.list).filter(|list| *list != 0);
        let tasks = list.map(|list| self.nodes.edges(list));
        let tasks = tasks.unwrap_or_default().iter().map(|edge| edge.to);
        tasks.filter(|task| wanted(self.package(*task))).collect()
    }

    /// The init work of each wanted package that keeps something alone, the most first; of the first `most` the largest
    /// symbols.
    pub fn init_work(&self, most: usize, wanted: impl Fn(&str) -> bool) -> Vec<InitWork> {
        let kept = self.retained(|_| None).inits;
        let kept = kept.into_iter().filter(|(package, _)| wanted(package));
        let each = kept.map(|(package, kept)| InitWork {
            package,
            kept,
            largest: Vec::new(),
        });
        let mut all: Vec<InitWork> = each.collect();
        all.sort_by_key(|work| (Reverse(work.kept.bytes), work.package.clone()));
        for work in all.iter_mut().take(most) {
            work.largest = self.largest_without(&work.package);
        }
        all
    }

    fn largest_without(&self, package: &str) -> Vec<(String, u64)> {
        let tasks = self.tasks(|path| path == package);
        let kept = self.without(&Removal::of_symbols(tasks)).reached;
        let goes = |node: &u32| self.whole.reached[*node as usize] && !kept[*node as usize];
        let named = |node: &u32| !self.table.name(*node).is_empty();
        let gone = (1..kept.len() as u32).filter(goes).filter(named);
        let mut gone: Vec<(u64, u32)> = gone.map(|node| (self.weights.own(node), node)).collect();
        gone.sort_by_key(|(bytes, node)| (Reverse(*bytes), *node));
        gone.truncate(NAMED);
        gone.into_iter()
            .map(|(bytes, node)| (self.shown(node), bytes))
            .collect()
    }
}
