//! Machine code in, the package of the body that mentions each of some data out, and which packages call which.
//!
//! A body that was inlined belongs to the package that defines it: what it mentions is known there, and the function that
//! holds it may know nothing of it. Layout of inline trees: [`stretches`](super::stretches).

use super::bytes::Reader;
use super::functions::{self, Entry, Tables};
use super::image::{Addr, Image};
use super::packages::{PackageId, Packages};
use super::references::bodies;
use super::stretches::{INLINE_INDEX, INLINE_TREE, Stretch, node, stretches};

/// What is read of code.
pub(super) struct Origins<'a, 'i> {
    pub(crate) image: &'a Image<'i>,
    pub(crate) goarch: Option<&'a str>,
    pub(crate) entries: &'a [Entry],
    pub(crate) tables: &'a Tables<'i>,
    /// Where the runtime finds inline trees.
    pub(crate) gofunc: Option<Addr>,
    pub(crate) packages: &'a Packages<'a>,
}

impl Origins<'_, '_> {
    /// Which package's bodies mention each of `targets`, in the functions of `users`; all are in order.
    pub(crate) fn of_mentions(
        &self,
        targets: &[Addr],
        users: &[PackageId],
    ) -> Vec<(Addr, PackageId)> {
        let trees = self.gofunc.and_then(|it| self.image.reader(it));
        let mut found = Vec::new();
        let is_user = |it: PackageId| users.binary_search(&it).is_ok();
        let (image, entries) = (self.image, self.entries);
        let parts = |entry: &Entry| self.parts(entry);
        bodies::mentions(
            image,
            self.goarch,
            entries,
            targets,
            is_user,
            parts,
            |target, entry, row| {
                let inlined = trees.and_then(|trees| self.inlined(entry, trees, row));
                found.push((target, inlined.unwrap_or(entry.package)));
            },
        );
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Which packages call which, among the functions of `callers`.
    pub(crate) fn of_calls(&self, callers: &[PackageId]) -> Vec<(PackageId, PackageId)> {
        let mut found = Vec::new();
        bodies::calls(
            self.image,
            self.goarch,
            self.entries,
            callers,
            |from, to| {
                found.push((from, to));
            },
        );
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Stretches of a function with the row of its inline tree.
    fn parts(&self, entry: &Entry) -> Vec<Stretch> {
        let mut all = Vec::new();
        let found = functions::references(self.tables, entry);
        let offset = found.and_then(|it| it.value(3 + INLINE_INDEX)).unwrap_or(0);
        stretches(self.tables, offset, entry.end - entry.start, &mut all);
        all
    }

    fn inlined(&self, entry: &Entry, trees: Reader<'_>, row: i32) -> Option<PackageId> {
        let tree = functions::references(self.tables, entry)?.funcdata(INLINE_TREE)?;
        let data = trees.data.get(tree as usize..)?;
        let found = node(Reader { data, ..trees }, row)?;
        self.packages.known(self.tables.name(found.owner.name))
    }
}
