//! Diagnostics of one package in, the positions where the compiler repeats a generic function out.
//!
//! For `Map[int]` the compiler makes two functions: `Map[go.shape.int]` holds the code, and `Map[int]` calls it with a
//! dictionary. A small one is inlined into the other, and all of its escapes appear again at the line of the declaration.

use std::collections::HashSet;

use super::hash::Fnv;
use super::parse::Diagnostic;

/// What was seen since the last header; inlining is reported before escapes.
#[derive(Default)]
pub(super) struct Wrappers {
    /// Position and name of generic functions that can be inlined.
    declared: HashSet<u128>,
    /// Positions where one was inlined into its own declaration.
    positions: HashSet<u128>,
}

impl Wrappers {
    /// Takes a message about inlining; any other is ignored.
    pub(super) fn note(&mut self, diagnostic: &Diagnostic) {
        if let Some(name) = diagnostic.message.strip_prefix(b"can inline ") {
            if is_shaped(name) {
                self.declared.insert(key(diagnostic, name));
            }
        } else if let Some(name) = diagnostic.message.strip_prefix(b"inlining call to ")
            && !self.declared.is_empty()
            && is_shaped(name)
            && self.declared.contains(&key(diagnostic, name))
        {
            self.positions.insert(key(diagnostic, b""));
        }
    }

    /// Whether a diagnostic stands where a generic function was inlined into its own declaration.
    pub(super) fn holds(&self, diagnostic: &Diagnostic) -> bool {
        !self.positions.is_empty() && self.positions.contains(&key(diagnostic, b""))
    }

    pub(super) fn clear(&mut self) {
        self.declared.clear();
        self.positions.clear();
    }
}

fn is_shaped(name: &[u8]) -> bool {
    memchr::memmem::find(name, b"[go.shape.").is_some()
}

fn key(diagnostic: &Diagnostic, name: &[u8]) -> u128 {
    let mut hash = Fnv::default();
    hash.write(diagnostic.file);
    hash.write(&diagnostic.line.to_le_bytes());
    hash.write(&diagnostic.column.to_le_bytes());
    hash.write(name);
    hash.0
}
