//! Where names are declared: all declarations of a file by name, found in one walk.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use super::uses::enclosing;
use super::{Source, all_below};
use crate::order::Order;

/// By name, where in the file it is declared, in the order of the text.
pub(super) type Declarations = HashMap<String, Vec<Range<usize>>>;

impl Source {
    /// The last declaration of a name before a node in its function.
    pub(super) fn declaration_of(&self, name: &str, at: Node<'_>) -> Option<Node<'_>> {
        let function = enclosing(at)?;
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
