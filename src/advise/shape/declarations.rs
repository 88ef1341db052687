//! Where names are declared: all declarations of a file by name, found in one walk.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use super::{Source, all_below, is_within};
use crate::order::Order;

/// By name, where in the file it is declared, in the order of the text.
pub(super) type Declarations = HashMap<String, Vec<Range<usize>>>;

impl Source {
    /// The function around a node: functions stand at the top of a file.
    pub(super) fn enclosing(&self, node: Node<'_>) -> Option<Node<'_>> {
        let root = self.tree.root_node();
        let found = root.first_named_child_for_byte(node.start_byte())?;
        let is_function = matches!(found.kind(), "function_declaration" | "method_declaration");
        let around = is_within(node, found) && node.id() != found.id();
        Some(found).filter(|_| is_function && around)
    }

    /// The last declaration of a name before a node in its function.
    pub(super) fn declaration_of(&self, name: &str, at: Node<'_>) -> Option<Node<'_>> {
        let function = self.enclosing(at)?;
        let all = self
            .declared
            .get_or_init(|| self.declarations())
            .get(name)?;
        let before = all.partition_point(|range| range.start < at.start_byte());
        let last = all[..before].last()?;
        let inside = last.start >= function.start_byte();
        let found = inside.then(|| {
            let root = self.tree.root_node();
            root.descendant_for_byte_range(last.start, last.end)
        });
        found.flatten()
    }

    /// Names that are declared more than once in a function, in whatever way.
    pub(super) fn repeated(&self, function: Node<'_>) -> Vec<String> {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for node in all_below(function) {
            let field = match node.kind() {
                "short_var_declaration" | "range_clause" | "receive_statement" => "left",
                "type_switch_statement" => "alias",
                "var_spec" | "parameter_declaration" => "name",
                _ => continue,
            };
            let mut cursor = node.walk();
            let names = node.children_by_field_name(field, &mut cursor);
            let names = names.flat_map(|names| self.text(names).split(','));
            for name in names.map(str::trim).filter(|name| *name != "_") {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
        let several = counts.into_iter().filter(|entry| entry.1 > 1);
        let mut names: Vec<String> = several.map(|entry| entry.0).collect();
        names.sort_unstable();
        names
    }

    fn declarations(&self) -> Declarations {
        let mut found = Declarations::new();
        for node in all_below(self.tree.root_node()) {
            let mut cursor = node.walk();
            let names: Vec<&str> = match node.kind() {
                "short_var_declaration" => {
                    let left = node.child_by_field_name("left");
                    let left = left.map_or("", |node| self.text(node));
                    left.split(',').map(str::trim).collect()
                }
                "var_spec" | "parameter_declaration" => node
                    .children_by_field_name("name", &mut cursor)
                    .map(|name| self.text(name))
                    .collect(),
                _ => Vec::new(),
            };
            for it in names {
                let all = found.entry(it.to_owned()).or_default();
                all.push(node.byte_range());
            }
        }
        for all in found.values_mut() {
            all.order_by_key(|range| range.start);
        }
        found
    }
}
