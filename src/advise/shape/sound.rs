//! Checks whether the text alone shows that a change keeps what the code does; where it does not, none is written.

use tree_sitter::Node;

use super::{Source, all_below};

impl Source {
    /// Whether a name stands in a function literal of a function, or as `&name`: somebody else may read or set it.
    pub(super) fn is_shared(&self, function: Node<'_>, name: &str) -> bool {
        self.mentions(function, name).into_iter().any(|node| {
            let mut at = node;
            let mut direct = true;
            while let Some(parent) = at.parent().filter(|parent| *parent != function) {
                match parent.kind() {
                    "func_literal" => return true,
                    "unary_expression" if direct && self.text(parent).starts_with('&') => {
                        return true;
                    }
                    "parenthesized_expression" => {}
                    _ => direct = false,
                }
                at = parent;
            }
            false
        })
    }

    /// Whether a loop may end before its bound: by a statement anywhere in it.
    pub(super) fn ends_early(&self, looping: Node<'_>) -> bool {
        for node in all_below(looping) {
            let ends = match node.kind() {
                "return_statement" | "break_statement" | "goto_statement" => true,
                "continue_statement" => node.named_child_count() > 0,
                _ => false,
            };
            if ends {
                return true;
            }
        }
        false
    }
}

/// Whether a bound is made of `len` of variables and numbers: never below zero, known before the loop, and no larger than
/// what is there already.
pub(super) fn is_certain(bound: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |text: &str| {
        let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        !text.is_empty() && text.chars().all(named)
    };
    let is_length = |text: &str| {
        let length = text
            .strip_prefix("len(")
            .and_then(|rest| rest.strip_suffix(')'));
        length.is_some_and(is_name)
    };
    let is_part = |part: &str| match part.split_once('*') {
        Some((factor, rest)) => is_number(factor) && is_length(rest),
        None => is_number(part) || is_length(part),
    };
    bound.split('+').all(|part| is_part(part.trim()))
}

/// A text with the line ends of a file.
pub(super) fn with_ends_of(file: &str, text: &str) -> String {
    match file.contains("\r\n") {
        true => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => text.to_owned(),
    }
}
