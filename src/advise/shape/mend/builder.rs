//! Writes a strings.Builder in place of a string that becomes longer in a loop.

use tree_sitter::Node;

use super::{Edit, labelled};
use crate::advise::shape::all_below;
use crate::advise::shape::{Source, is_within, loops};

impl Source {
    /// A strings.Builder in place of a string that becomes longer in a loop.
    pub(super) fn built(&self, line: i64) -> Option<Vec<Edit>> {
        let all = self.on_line(line, "assignment_statement");
        let at = all
            .into_iter()
            .find(|node| self.lengthens(*node).is_some())?;
        let name = self.text(at.child_by_field_name("left")?.named_child(0)?);
        let declared = self.declaration_of(name, at)?;
        if declared.kind() == "parameter_declaration" || !self.is_single(declared) {
            return None;
        }
        let around = loops(at);
        let mut outside = around.iter().filter(|node| !is_within(declared, **node));
        let looping = *outside.next_back()?;
        if self.jumps(looping) || self.is_shared(self.enclosing(at)?, name) {
            return None;
        }
        let builder = format!("{name}Builder");
        let mut edits = Vec::new();
        let mut seen = 0;
        let mut stack = vec![looping];
        while let Some(node) = stack.pop() {
            if node.kind() == "assignment_statement"
                && let Some((target, piece, mentions)) = self.lengthens(node)
                && target == name
            {
                seen += mentions;
                edits.push((node.byte_range(), format!("{builder}.WriteString({piece})")));
                continue;
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        // Whoever reads the string in the loop needs it there.
        if self.mentions(looping, name).len() != seen || seen == 0 {
            return None;
        }
        let begin = labelled(looping);
        let indent = self.indent(begin);
        let start = match self.is_empty_text(declared) && begin == looping {
            true => String::new(),
            false => format!("{builder}.WriteString({name})\n{indent}"),
        };
        let before = format!("var {builder} strings.Builder\n{indent}{start}");
        edits.push((begin.start_byte()..begin.start_byte(), before));
        let after = format!("\n{indent}{name} = {builder}.String()");
        edits.push((begin.end_byte()..begin.end_byte(), after));
        edits.extend(self.import("strings"));
        Some(edits)
    }

    /// `s += x` and `s = s + x`: the name, what is put behind it, and how often the name stands in the statement.
    fn lengthens(&self, node: Node<'_>) -> Option<(&str, &str, usize)> {
        let left = node.child_by_field_name("left")?;
        let right = node.child_by_field_name("right")?;
        if left.named_child_count() != 1 || left.named_child(0)?.kind() != "identifier" {
            return None;
        }
        let (name, value) = (self.text(left), self.text(right));
        let operator = node.child_by_field_name("operator")?;
        let within = self.mentions(right, name).len();
        match self.text(operator) {
            "+=" if within == 0 => Some((name, value, 1)),
            "=" => {
                let piece = value.strip_prefix(name)?.trim_start().strip_prefix('+')?;
                (within == 1).then(|| (name, piece.trim(), 2))
            }
            _ => None,
        }
    }

    /// Whether a loop may be left for somewhere else than its end, or runs code of its own.
    fn jumps(&self, looping: Node<'_>) -> bool {
        for node in all_below(looping) {
            let jumps = match node.kind() {
                "goto_statement" | "func_literal" | "labeled_statement" => true,
                "break_statement" | "continue_statement" => node.named_child_count() > 0,
                _ => false,
            };
            if jumps {
                return true;
            }
        }
        false
    }

    /// Whether a string begins empty, right before its loop.
    fn is_empty_text(&self, declared: Node<'_>) -> bool {
        let value = declared
            .child_by_field_name("right")
            .or_else(|| declared.child_by_field_name("value"));
        let empty = value.is_none_or(|node| matches!(self.text(node), "\"\"" | "``"));
        let statement = match declared.kind() {
            "var_spec" => declared.parent(),
            _ => Some(declared),
        };
        let next = statement.and_then(|node| node.next_named_sibling());
        empty && next.is_some_and(|node| node.kind() == "for_statement")
    }
}
