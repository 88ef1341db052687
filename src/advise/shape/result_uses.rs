//! Finds what the callers in a file do with the result of a function.

use tree_sitter::Node;

use super::{Source, all_below};

impl Source {
    /// What callers in this file do with the result of a function: how often they read fields of it alone, and whether any
    /// does more.
    pub(crate) fn callers(&self, name: &str) -> (u64, bool) {
        let (mut reads, mut more) = (0, false);
        for node in self.named(self.tree.root_node(), name) {
            let parent = node.parent();
            let declares = parent.is_some_and(|parent| {
                parent.kind().ends_with("_declaration")
                    && parent.child_by_field_name("name") == Some(node)
            });
            if declares {
                continue;
            }
            let called = match parent.map(|parent| (parent, parent.kind())) {
                Some((parent, "selector_expression")) => parent,
                _ => node,
            };
            let call = called.parent().filter(|call| {
                call.kind() == "call_expression"
                    && call.child_by_field_name("function") == Some(called)
            });
            match call.is_some_and(|call| self.only_reads(call)) {
                true => reads += 1,
                false => more = true,
            }
        }
        (reads, more)
    }

    /// Identifiers and names of fields and methods of a name.
    fn named<'a>(&self, below: Node<'a>, name: &str) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        for node in all_below(below) {
            let names = matches!(node.kind(), "identifier" | "field_identifier");
            if names && self.text(node) == name {
                found.push(node);
            }
        }
        found
    }

    /// `f().x`, or `v := f()` where all else is `v.x`.
    fn only_reads(&self, call: Node<'_>) -> bool {
        let reads = |node: Node<'_>| {
            let parent = node
                .parent()
                .filter(|parent| parent.kind() == "selector_expression");
            let outer = parent.and_then(|parent| parent.parent());
            let address = outer.is_some_and(|outer| self.text(outer).starts_with('&'));
            parent.is_some() && !address
        };
        if reads(call) {
            return true;
        }
        let list = call
            .parent()
            .filter(|node| node.kind() == "expression_list");
        let statement = list.and_then(|node| node.parent());
        let declared = statement.filter(|node| node.kind() == "short_var_declaration");
        let left = declared.and_then(|node| node.child_by_field_name("left"));
        let name = left.filter(|left| left.named_child_count() == 1);
        let (Some(name), Some(function)) = (
            name.and_then(|left| left.named_child(0)),
            self.enclosing(call),
        ) else {
            return false;
        };
        let mut mentions = self.mentions(function, self.text(name)).into_iter();
        mentions.all(|node| node == name || reads(node))
    }
}
