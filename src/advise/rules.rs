//! Every rule: one file each, and a line of [`RULES`].

pub mod boxing;

pub mod cgo;

pub mod channels;

mod cheaper;

pub mod concat;

pub mod constructors;

pub mod copies;

pub mod goroutines;

pub mod sizing;

pub mod locks;

pub mod moved;

pub mod pool;

mod reflected;

pub mod subslice;

use super::cost_class::Class;
use super::rule::{Evidence, Rule, What};
pub(crate) use constructors::counts_together;
use constructors::is_kept;

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

/// Whether what a rule says needs another line of the function that does the same.
pub(crate) fn needs_others(rule: &str, evidence: &Evidence<'_>) -> bool {
    rule == "GBO314" && cheaper::needs_others(evidence)
}

/// Whether advice is about what is made anew, which tests do again and a program does once. An error for what cannot be parsed, and
/// texts that are lowered, belong to what is done.
pub(crate) fn is_made_anew(rule: &str, what: &What<'_>) -> bool {
    let boxes = matches!(
        what,
        What::Cost {
            class: Class::Boxing,
            ..
        }
    );
    match rule {
        "GBO304" => !boxes,
        "GBO314" => is_kept(what),
        _ => false,
    }
}

/// The rule of an ID.
pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}
