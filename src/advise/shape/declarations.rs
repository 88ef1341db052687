//! Where names are declared: all declarations of a file by name, found in one walk.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

use super::{Source, all_below};
use crate::order::Order;

/// By name, where in the file it is declared, in the order of the text.
pub(super) type Declarations = HashMap<String, Vec<Range<usize>>>;

impl Source {
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

    /// Names that are declared more than once in a function, by loops and as parameters, too.
    pub(super) fn repeated(&self, function: Node<'_>) -> Vec<String> {
        let (start, end) = (function.start_byte(), function.end_byte());
        let all = self.declared.get_or_init(|| self.declarations());
        let count = |places: &Vec<Range<usize>>| {
            let inside = places
                .iter()
                .filter(|it| start <= it.start && it.end <= end);
            inside.count()
        };
        let loops = all_below(function).filter(|node| node.kind() == "range_clause");
        let loops = loops.filter_map(|clause| clause.child_by_field_name("left"));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in loops.flat_map(|left| self.text(left).split(',')) {
            *counts.entry(name.trim()).or_default() += 1;
        }
        let of_loops = |name: &str| counts.get(name).copied().unwrap_or_default();
        let several = all
            .iter()
            .filter(|entry| count(entry.1) + of_loops(entry.0) > 1);
        let mut names: Vec<String> = several.map(|entry| entry.0.clone()).collect();
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
