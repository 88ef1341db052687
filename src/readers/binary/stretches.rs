//! Decodes tables of the line table into stretches of code with their values; and reads the rows of inline trees, which
//! two of these tables lead to.
//!
//! Layouts: `runtime/symtab.go` (`step`), `runtime/symtabinl.go` (`inlinedCall`), `internal/abi/symtab.go`; Go 1.20 to
//! 1.27.

use super::bytes::{Reader, uvarint};
use super::functions::Tables;

/// `PCDATA_InlTreeIndex` and `FUNCDATA_InlTree`.
pub(super) const INLINE_INDEX: usize = 2;
pub(super) const INLINE_TREE: usize = 3;

/// Where a stretch ends, counted from the first byte of the function, and its value.
pub(super) type Stretch = (u32, i32);

/// Reads a table from places in the code to a value; an offset of 0 is none. Each step covers some code, so that a table
/// that lies about its end is left after as many steps as the function has bytes.
pub(super) fn stretches(tables: &Tables<'_>, offset: u32, size: u32, found: &mut Vec<Stretch>) {
    found.clear();
    let mut rest = tables.values.get(offset as usize..).unwrap_or_default();
    let (mut end, mut value) = (0u32, -1i32);
    while offset != 0 && end < size {
        let Some((delta, used)) = uvarint(rest) else {
            break;
        };
        if delta == 0 && end > 0 {
            break;
        }
        let Some((code, more)) = rest.get(used..).and_then(uvarint) else {
            break;
        };
        rest = &rest[used + more..];
        let change = (delta as u32 >> 1).cast_signed();
        value = value.wrapping_add(if delta & 1 == 1 { !change } else { change });
        let step = (code as u32)
            .max(1)
            .saturating_mul(u32::from(tables.quantum));
        end = end.saturating_add(step);
        found.push((end, value));
    }
}

/// The value of a place in the code.
pub(super) fn value(stretches: &[Stretch], at: u32) -> Option<i32> {
    let index = stretches.partition_point(|stretch| stretch.0 <= at);
    stretches.get(index).map(|stretch| stretch.1)
}

/// A function that code belongs to: itself, or one that was inlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// Offset into the names.
    pub(crate) name: u32,
    pub(crate) start_line: i32,
}

impl Owner {
    /// A line of the file, counted from the first of the function; as Go does, without a care for overflow.
    pub(crate) fn offset(self, line: i32) -> i32 {
        line.wrapping_sub(self.start_line)
    }
}

/// A call that was inlined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(crate) owner: Owner,
    /// A place in the code that stands for the line of the call.
    pub(crate) parent: u32,
}

/// A row of an inline tree; a number below 0 is none.
pub(super) fn node(tree: Reader<'_>, number: i32) -> Option<Node> {
    const SIZE: usize = 16;
    let at = usize::try_from(number).ok()?.checked_mul(SIZE)?;
    Some(Node {
        owner: Owner {
            name: tree.u32(at.checked_add(4)?)?,
            start_line: tree.u32(at.checked_add(12)?)?.cast_signed(),
        },
        parent: tree.u32(at.checked_add(8)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[u8], size: u32) -> Vec<Stretch> {
        let functions = Reader {
            data: &[],
            big_endian: false,
            pointer_size: 8,
        };
        let tables = Tables {
            names: &[],
            values,
            functions,
            quantum: 1,
        };
        let mut found = vec![(7, 7)];
        stretches(&tables, 1, size, &mut found);
        found
    }

    #[test]
    fn a_table_is_stretches_with_values() {
        // +6 for 3 bytes, -2 for 4, and the end.
        let found = read(&[0, 12, 3, 3, 4, 0], 100);
        assert_eq!(found, [(3, 5), (7, 3)]);
        let values = [0, 2, 3, 6, 7].map(|it| value(&found, it));
        assert_eq!(values, [Some(5), Some(5), Some(3), Some(3), None]);
    }

    #[test]
    fn damaged_tables_end_and_overflow_as_in_go() {
        // Steps without code, and without an end.
        assert_eq!(
            read(&[&[0][..], &[2, 0].repeat(1000)].concat(), 10).len(),
            10
        );
        let most = [0xff, 0xff, 0xff, 0xff, 0x0f, 1];
        let found = read(
            &[&[0][..], &[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], &most, &most].concat(),
            9,
        );
        assert_eq!(found.len(), 3);
        let owner = Owner {
            name: 0,
            start_line: i32::MIN,
        };
        assert_eq!(owner.offset(i32::MAX), -1);
    }
}
