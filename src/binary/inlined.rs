//! An executable in, the calls that the compiler inlined into some of its functions out.
//!
//! The inline tree of a function has a row per inlined call: who was inlined, and an instruction that stands for the place
//! of the call. Layout: `runtime/symtab.go` (`funcdata`), `runtime/symtabinl.go` (`inlinedCall`), Go 1.20 to 1.27.

use std::collections::BTreeSet;

use crate::error::Result;

use super::bytes::{Reader, uvarint};
use super::functions::{self, Entry, References, Tables};
use super::image::Image;
use super::packages::Packages;
use super::pclntab::{self, Found};
use super::{Format, moduledata, read};

/// `PCDATA_InlTreeIndex`, among the value tables of [`References`].
const INDEX: usize = 3 + 2;
/// The table of lines, likewise.
const LINES: usize = 2;
/// `FUNCDATA_InlTree`
const TREE: usize = 3;
/// Bytes of a row.
const ROW: u32 = 16;

/// A call that was inlined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InlinedCall {
    /// The function whose body holds the call: itself, or one that was inlined before.
    pub caller: String,
    /// The function that was inlined.
    pub callee: String,
    /// Line of the call, counted from the line of the caller's declaration: as profiles count.
    pub offset: i64,
}

/// Shows `visit` each call that was inlined into a function for which `wanted` holds: the function's name, and the call.
/// A call whose code was split is shown several times. None are shown for wasm and for a line table that is not known.
///
/// Fails as [`read`] does.
pub fn inlined(
    bytes: &[u8],
    wanted: impl Fn(&str) -> bool,
    mut visit: impl FnMut(&str, InlinedCall),
) -> Result<()> {
    let binary = read(bytes)?;
    let roles: Vec<_> = binary.sections.iter().map(|it| it.role).collect();
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
    let Some(trees) = module.gofunc.and_then(|it| image.reader(it)) else {
        return Ok(());
    };
    let locate = |offset: u32| image.addr(module.entry(u64::from(offset)));
    for entry in functions::read(&tables, table.count, &mut Packages::default(), locate) {
        let name = String::from_utf8_lossy(tables.name(entry.name));
        if !wanted(&name) {
            continue;
        }
        for call in calls(&tables, &entry, trees).unwrap_or_default() {
            visit(&name, call);
        }
    }
    Ok(())
}

/// What is read of one function.
struct Function<'a> {
    tables: &'a Tables<'a>,
    trees: Reader<'a>,
    entry: &'a Entry,
    found: References<'a>,
    tree: u32,
}

fn calls(tables: &Tables<'_>, entry: &Entry, trees: Reader<'_>) -> Option<Vec<InlinedCall>> {
    let found = functions::references(tables, entry)?;
    let function = Function {
        tables,
        trees,
        entry,
        tree: found.funcdata(TREE)?,
        found,
    };
    let mut seen = BTreeSet::new();
    let mut next: Vec<i64> = function.steps(INDEX).map(|it| it.1).collect();
    let mut calls = Vec::new();
    while let Some(index) = next.pop() {
        if index < 0 || !seen.insert(index) {
            continue;
        }
        let Some(call) = function.call(index) else {
            continue;
        };
        next.push(call.1);
        calls.push(call.0);
    }
    Some(calls)
}

impl Function<'_> {
    /// The call in a row of the tree, and the row of its caller; -1 for the function itself.
    fn call(&self, index: i64) -> Option<(InlinedCall, i64)> {
        let (name, pc, _) = self.row(index)?;
        let parent = self.value(INDEX, pc).unwrap_or(-1);
        let (caller, start) = match parent {
            -1 => (self.entry.name, i64::from(self.entry.line)),
            row => self.row(row).map(|(name, _, line)| (name, line))?,
        };
        let text = |name: u32| String::from_utf8_lossy(self.tables.name(name)).into_owned();
        let call = InlinedCall {
            caller: text(caller),
            callee: text(name),
            offset: self.value(LINES, pc)? - start,
        };
        Some((call, parent))
    }

    /// Name, place of the call, and first line of what was inlined.
    fn row(&self, index: i64) -> Option<(u32, u32, i64)> {
        let index = u32::try_from(index).ok()?;
        let at = self.tree.checked_add(index.checked_mul(ROW)?)? as usize;
        let field = |offset: usize| self.trees.u32(at + offset);
        Some((field(4)?, field(8)?, i64::from(field(12)?)))
    }

    /// The value of a table at an instruction.
    fn value(&self, table: usize, pc: u32) -> Option<i64> {
        let mut steps = self.steps(table);
        steps.find(|(end, _)| u64::from(pc) < *end).map(|it| it.1)
    }

    /// Where each step ends, and its value. There are at most as many as the function has instructions.
    fn steps(&self, table: usize) -> impl Iterator<Item = (u64, i64)> {
        let offset = self.found.value(table).unwrap_or(0);
        let mut rest = self
            .tables
            .values
            .get(offset as usize..)
            .unwrap_or_default();
        let quantum = u64::from(self.tables.quantum);
        let size = u64::from(self.entry.end - self.entry.start);
        let (mut value, mut end) = (-1i64, 0u64);
        std::iter::from_fn(move || {
            if offset == 0 || end >= size {
                return None;
            }
            let (delta, used) = uvarint(rest)?;
            if delta == 0 && end > 0 {
                return None;
            }
            let (pc, more) = uvarint(rest.get(used..)?)?;
            rest = &rest[used + more..];
            let change = (delta >> 1) as i64;
            value = value.wrapping_add(if delta & 1 == 1 { !change } else { change });
            end = end.saturating_add(pc.max(1).saturating_mul(quantum));
            Some((end, value))
        })
    }
}
