//! Finds the package of each body of code that mentions some data, and which packages call which.
//!
//! A body that was inlined belongs to the package that defines it: what it mentions is known there, and the function
//! that holds it may know nothing of it. Layout of inline trees: [`stretches`](super::stretches).

use super::bytes::Reader;
use super::functions::{self, Entry, Tables};
use super::image::{Addr, Image};
use super::packages::{PackageId, Packages, Set};
use super::partition::{Recent, key};
use super::references::{Mentions, bodies, wasm_code};
use super::stretches::{INLINE_INDEX, INLINE_TREE, Stretch, node, stretches, value};
use super::wasm;

/// What is read of code.
pub(super) struct Origins<'a, 'i> {
    pub(crate) image: &'a Image<'i>,
    /// The file, for wasm: its code is in no memory.
    pub(crate) wasm: Option<&'a [u8]>,
    pub(crate) goarch: Option<&'a str>,
    pub(crate) entries: &'a [Entry],
    pub(crate) mentions: &'a Mentions,
    pub(crate) tables: &'a Tables<'i>,
    /// Where the runtime finds inline trees.
    pub(crate) gofunc: Option<Addr>,
    pub(crate) packages: &'a Packages<'a>,
}

impl Origins<'_, '_> {
    /// Which package's bodies mention each of `targets`, in the functions of `users`; targets are in order.
    pub(crate) fn of_mentions(&self, targets: &[Addr], users: &Set) -> Vec<(Addr, PackageId)> {
        let trees = self.gofunc.and_then(|gofunc| self.image.reader(gofunc));
        let mut found = Vec::new();
        // With the name of the function that was inlined.
        let mut inlined: Vec<(Addr, u32, PackageId)> = Vec::new();
        let mut recent = Recent::new();
        let mut parts = Vec::new();
        let all = (self.entries, self.mentions);
        bodies::mentions(all, targets, users, |entry, mentions| {
            let tree = trees.and_then(|trees| self.parts(entry, trees, &mut parts));
            for it in mentions {
                let row = tree.and_then(|tree| Some((tree, value(&parts, it.at)?)));
                match row.and_then(|(tree, row)| node(tree, row)) {
                    Some(node) => inlined.push((it.target, node.owner.name, entry.package)),
                    None if recent.is_new(key(it.target, entry.package)) => {
                        found.push((it.target, entry.package));
                    }
                    None => {}
                }
            }
        });
        inlined.sort_unstable();
        inlined.dedup();
        found.extend(inlined.into_iter().map(|(target, name, package)| {
            let owner = self.packages.known(self.tables.name(name));
            (target, owner.unwrap_or(package))
        }));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The name of the function whose value stands at a place.
    pub(crate) fn name_of_value(&self, at: Addr) -> Option<&[u8]> {
        let target = self.image.pointer(at)?;
        let entry = functions::at(self.entries, self.wasm.is_some(), target)?;
        Some(self.tables.name(entry.name))
    }

    /// Which packages call which, among the functions of `callers`.
    pub(crate) fn of_calls(&self, callers: &Set) -> Vec<(PackageId, PackageId)> {
        let mut found = Vec::new();
        let each = |from, to| found.push((from, to));
        match self.wasm {
            Some(file) => wasm_calls(file, self.entries, callers, each),
            None => bodies::calls(self.image, self.goarch, self.entries, callers, each),
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Finds the stretches of a function with the row of its inline tree, and gives that; `None` where nothing is inlined.
    fn parts<'t>(
        &self,
        entry: &Entry,
        trees: Reader<'t>,
        parts: &mut Vec<Stretch>,
    ) -> Option<Reader<'t>> {
        let found = functions::references(self.tables, entry)?;
        let tree = found.funcdata(INLINE_TREE)?;
        let data = trees.data.get(tree as usize..)?;
        let offset = found.value(3 + INLINE_INDEX).unwrap_or(0);
        stretches(self.tables, offset, entry.end - entry.start, parts);
        Some(Reader { data, ..trees })
    }
}

/// As [`bodies::calls`], for wasm, where a call has the number of a function.
fn wasm_calls(
    file: &[u8],
    entries: &[Entry],
    callers: &Set,
    mut each: impl FnMut(PackageId, PackageId),
) {
    let imported = wasm::imported_functions(file);
    let package = |number: u32| {
        let found = entries.binary_search_by_key(&number, |entry| entry.start);
        Some(entries[found.ok()?].package)
    };
    for (number, (offset, length)) in (0..).zip(wasm::bodies(file)) {
        let Some(from) = package(number).filter(|from| callers.contains(*from)) else {
            continue;
        };
        wasm_code::calls(&file[offset..offset + length], |called| {
            let to = called.checked_sub(imported).and_then(package);
            if let Some(to) = to.filter(|to| *to != from) {
                each(from, to);
            }
        });
    }
}
