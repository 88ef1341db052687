//! What the steps of an anatomy share.

use std::ops::Range;

use super::anatomy::{LayoutNote, Owners};
use super::functions::Entry;
use super::image::Image;
use super::ledger::Ledger;
use super::listing::Listed;
use super::packages::Packages;
use super::types::Types;
use super::watched::Watched;
use super::{Binary, wasm};

/// What the steps share.
pub(super) struct State<'a, 'i, 'p> {
    /// Called where much was read of which little is read again.
    pub(crate) done: &'i dyn Fn(),
    pub(crate) bytes: &'a [u8],
    pub(crate) binary: &'i Binary,
    pub(crate) image: &'i Image<'a>,
    pub(crate) packages: Packages<'p>,
    pub(crate) ledger: Ledger,
    pub(crate) notes: Vec<LayoutNote>,
    pub(crate) types: Types,
    /// Whether symbols may name the data.
    pub(crate) named: bool,
    /// Whether objects are listed one by one, and what they are.
    pub(crate) listed: bool,
    pub(crate) objects: Vec<Listed>,
    /// How it is known whose the data are.
    pub(crate) owners: Owners,
    /// The function whose callers are wanted, and what was seen of it.
    pub(crate) callers_of: Option<&'static str>,
    pub(crate) watched: Watched,
}

/// Calls `each` with every function of a wasm module, which are in order, and where its code stands in the file.
pub(super) fn with_bodies(
    bytes: &[u8],
    entries: &mut [Entry],
    mut each: impl FnMut(&mut Entry, Range<usize>),
) {
    let mut bodies = wasm::bodies(bytes);
    let mut next = 0;
    for entry in entries {
        let Some(skip) = entry.start.checked_sub(next) else {
            continue;
        };
        let Some((offset, length)) = bodies.nth(skip as usize) else {
            return;
        };
        next = entry.start + 1;
        each(entry, offset..offset + length);
    }
}
