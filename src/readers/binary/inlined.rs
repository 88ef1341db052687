//! Finds the calls that the compiler inlined into some of an executable's functions.
//!
//! The inline tree of a function has a row per inlined call: who was inlined, and an instruction that stands for the
//! place of the call. Layout: `runtime/symtab.go` (`funcdata`), `runtime/symtabinl.go` (`inlinedCall`), Go 1.20 to
//! 1.27.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::error::Result;

use super::bytes::Reader;
use super::functions::{self, Entry, Tables};
use super::image::Image;
use super::packages::Packages;
use super::pclntab::{self, Found};
use super::stretches::{INLINE_INDEX, INLINE_TREE, Owner, Stretch, node, stretches, value};
use super::{Format, moduledata, read};

/// The tables of the tree's rows and of lines, among the value tables of [`functions::References`].
const ROWS: usize = 3 + INLINE_INDEX;
const LINES: usize = 2;

/// A call that was inlined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct InlinedCall<'a> {
    /// The function whose body holds the call: itself, or one that was inlined before.
    pub caller: Cow<'a, str>,
    /// The function that was inlined.
    pub callee: Cow<'a, str>,
    /// Line of the call, counted from the line of the caller's declaration: as profiles count.
    pub offset: i64,
}

impl InlinedCall<'_> {
    /// A copy that does not borrow from the bytes of the executable.
    pub fn into_owned(self) -> InlinedCall<'static> {
        InlinedCall {
            caller: self.caller.into_owned().into(),
            callee: self.callee.into_owned().into(),
            offset: self.offset,
        }
    }
}

/// Shows `visit` each call that was inlined into a function for which `wanted` holds: the function's name, and the call.
/// A call whose code was split is shown several times. None are shown for wasm and for a line table that is not known.
///
/// Fails as [`read`] does.
pub fn inlined(
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
    mut visit: impl FnMut(&str, InlinedCall<'_>),
) -> Result<()> {
    let binary = read(bytes)?;
    let roles: Vec<_> = binary.sections.iter().map(|section| section.role).collect();
    let image = Image::new(bytes, &binary).filter(|_| binary.format != Format::Wasm);
    let Some(image) = image else {
        return Ok(());
    };
    let Found::Table(table) = pclntab::find(&image, &roles) else {
        return Ok(());
    };
    let module = moduledata::find(&image, &table, &binary.sections);
    let (Some(module), Some(tables)) = (module, Tables::new(&image, &table)) else {
        return Ok(());
    };
    let Some(trees) = module.gofunc.and_then(|gofunc| image.reader(gofunc)) else {
        return Ok(());
    };
    let locate = |offset: u32| image.addr(module.entry(u64::from(offset)));
    for entry in functions::read(
        &tables,
        table.count,
        &mut Packages::new(bytes.len(), None),
        locate,
    ) {
        let name = String::from_utf8_lossy(tables.name(entry.name));
        if !wanted(&name) {
            continue;
        }
        calls(&tables, &entry, trees, |call| visit(&name, call));
    }
    Ok(())
}

/// What is read of one function.
pub(crate) struct Function<'t, 'a> {
    tables: &'t Tables<'a>,
    /// The function itself.
    owner: Owner,
    /// From the first row to the end of the region.
    tree: Reader<'a>,
    /// The row of the tree, below 0 where nothing is inlined.
    rows: Vec<Stretch>,
    lines: Vec<Stretch>,
}

/// Shows the calls one by one: a damaged file may claim as many as it has bytes, each with names as long.
pub(crate) fn calls(
    tables: &Tables<'_>,
    entry: &Entry,
    trees: Reader<'_>,
    mut visit: impl FnMut(InlinedCall<'_>),
) -> Option<()> {
    let found = functions::references(tables, entry)?;
    let tree = found.funcdata(INLINE_TREE)?;
    let table = |index: usize| {
        let mut all = Vec::new();
        let offset = found.value(index).unwrap_or(0);
        stretches(tables, offset, entry.end - entry.start, &mut all);
        all
    };
    let function = Function {
        tables,
        owner: Owner {
            name: entry.name,
            start_line: entry.line.cast_signed(),
        },
        tree: Reader {
            data: trees.data.get(tree as usize..)?,
            ..trees
        },
        rows: table(ROWS),
        lines: table(LINES),
    };
    let mut seen = HashSet::new();
    let mut next: Vec<i32> = function.rows.iter().map(|row| row.1).collect();
    while let Some(number) = next.pop() {
        if number < 0 || !seen.insert(number) {
            continue;
        }
        let Some((call, parent)) = function.call(number) else {
            continue;
        };
        next.push(parent);
        visit(call);
    }
    Some(())
}

impl<'a> Function<'_, 'a> {
    /// The call in a row of the tree, and the row of its caller; -1 for the function itself.
    fn call(&self, number: i32) -> Option<(InlinedCall<'a>, i32)> {
        let callee = node(self.tree, number)?;
        let parent = value(&self.rows, callee.parent).unwrap_or(-1);
        let caller = match parent {
            -1 => self.owner,
            row => node(self.tree, row)?.owner,
        };
        let text = |name: u32| String::from_utf8_lossy(self.tables.name(name));
        let call = InlinedCall {
            caller: text(caller.name),
            callee: text(callee.owner.name),
            offset: i64::from(caller.offset(value(&self.lines, callee.parent)?)),
        };
        Some((call, parent))
    }
}
