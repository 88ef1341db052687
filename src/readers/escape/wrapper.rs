//! Finds, among the diagnostics of a package, the positions where the compiler repeats a generic function.
//!
//! For `Map[int]` the compiler makes two functions: `Map[go.shape.int]` holds the code, and `Map[int]` calls it with a
//! dictionary. A small one is inlined into the other, and all of its escapes appear again at the line of the
//! declaration.

use std::collections::HashSet;

use super::hash::hash;

/// What was seen since the last header; inlining is reported before escapes.
#[derive(Default)]
pub(super) struct Wrappers {
    /// Position and name of generic functions that can be inlined.
    declared: HashSet<u128>,
    /// Positions where one was inlined into its own declaration.
    positions: HashSet<u128>,
}

impl Wrappers {
    /// Whether a message is one for [`Wrappers::note`].
    pub(super) fn concerns(&self, message: &[u8]) -> bool {
        let inlining =
            message.starts_with(CAN) || (!self.declared.is_empty() && message.starts_with(CALL));
        inlining && memchr::memmem::find(message, b"[go.shape.").is_some()
    }

    /// Takes a message about inlining of a generic function.
    pub(super) fn note(&mut self, position: u128, message: &[u8]) {
        if let Some(name) = message.strip_prefix(CAN) {
            self.declared.insert(hash(position, name));
        } else if let Some(name) = message.strip_prefix(CALL)
            && self.declared.contains(&hash(position, name))
        {
            self.positions.insert(position);
        }
    }

    /// Whether a generic function was inlined into its own declaration at this position.
    pub(super) fn holds(&self, position: u128) -> bool {
        !self.positions.is_empty() && self.positions.contains(&position)
    }

    pub(super) fn clear(&mut self) {
        self.declared.clear();
        self.positions.clear();
    }
}

const CAN: &[u8] = b"can inline ";
const CALL: &[u8] = b"inlining call to ";
