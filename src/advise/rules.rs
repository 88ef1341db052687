//! Every rule: one file each, and a line of [`RULES`].

pub mod boxing;

pub mod cgo;

pub mod channels;

pub mod concat;

pub mod constructors;

pub mod copies;

pub mod goroutines;

pub mod sizing;

pub mod locks;

pub mod moved;

pub mod pool;

pub mod subslice;

use super::rule::Rule;

/// Every rule, in the order of the lessons.
pub const RULES: &[Rule] = &[
    sizing::RULE,
    pool::RULE,
    concat::RULE,
    subslice::RULE,
    copies::RULE,
    channels::RULE,
    locks::RULE,
    goroutines::RULE,
    constructors::RULE,
    boxing::RULE,
    moved::RULE,
    cgo::RULE,
];

/// The rule of an ID.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
