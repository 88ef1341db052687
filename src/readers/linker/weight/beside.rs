//! What C code and shared libraries cost in a file that Go links.

use super::{Place, Weight};
use crate::linker::foreign::Content;
use crate::linker::layout::Layout;
use crate::linker::outside::Part;

/// What C code weighs, as far as Go links it.
pub(super) fn foreign(part: Part, name: &[u8], layout: Layout) -> Weight {
    let (place, size, align) = match part {
        Part::Section(Content::Code, size, align) | Part::Function(size, align) if size > 0 => {
            (Place::Text, size.max(16), align.max(layout.function_align))
        }
        Part::Section(Content::Constants, size, align) => (Place::ReadOnly, size, align),
        Part::Section(Content::Data, size, align) => (Place::PlainData, size, align),
        // Of other formats than ELF it is not known.
        Part::Import if layout.page > 1 => {
            (Place::ReadOnly, imported(layout) + name.len() as u32 + 1, 1)
        }
        _ => (Place::Nowhere, 0, 1),
    };
    Weight {
        place,
        size,
        align: align.clamp(1, 1 << 16),
        listed: 0,
        task: 0,
        extent: size,
    }
}

/// Bytes for a symbol of a shared library, beside its name: its entries in the tables of symbols, versions, relocations and
/// addresses, and the jump to it.
fn imported(layout: Layout) -> u32 {
    const JUMP: u32 = 16;
    const VERSION: u32 = 2;
    match layout.pointer {
        8 => 24 + VERSION + 24 + 8 + JUMP,
        _ => 16 + VERSION + 8 + 4 + JUMP,
    }
}
