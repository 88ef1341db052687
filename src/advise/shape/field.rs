//! What a function says of the room that something has which grows: whose field it is, and where it gets a size.

use tree_sitter::Node;

use super::{Source, all_below};

impl Source {
    /// Whether a field, by a path such as `b.node.trans`, belongs to the receiver of the method around it.
    pub(super) fn is_of_receiver(&self, path: &str, at: Node<'_>) -> bool {
        let Some((root, _)) = path.split_once('.') else {
            return false;
        };
        let mut around = std::iter::successors(at.parent(), Node::parent);
        let method = around.find(|node| node.kind() == "method_declaration");
        let receiver = method.and_then(|method| method.child_by_field_name("receiver"));
        let named = receiver.and_then(|list| list.named_child(0)?.child_by_field_name("name"));
        named.is_some_and(|name| self.text(name) == root)
    }

    /// Whether this file declares a field of the name of a path as bytes.
    pub(super) fn holds_bytes(&self, path: &str) -> bool {
        let field = path.rsplit('.').next().unwrap_or(path);
        for node in all_below(self.tree.root_node()) {
            if node.kind() == "field_declaration" {
                let of = node.child_by_field_name("type");
                let mut cursor = node.walk();
                let mut names = node.children_by_field_name("name", &mut cursor);
                let is_bytes = of.is_some_and(|of| self.text(of) == "[]byte");
                if is_bytes && names.any(|name| self.text(name) == field) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a list that is appended is a part of another, `x[a:b]...`, or literal: what it comes from tells of the size.
    pub(super) fn is_part(&self, list: Node<'_>) -> bool {
        let inner = match list.kind() {
            "variadic_argument" => list.named_child(0),
            _ => Some(list),
        };
        inner.is_some_and(|node| {
            node.kind() == "slice_expression" || node.kind().ends_with("_literal")
        })
    }

    /// Whether this file gives a field a size where it is made, or keeps its array: `f: make([]T, 0, n)`, `x.f = x.f[:0]`,
    /// `x.f = slices.Grow(x.f, n)`. Fields of other structs with that name count as well: then somebody may have thought of it.
    pub(super) fn has_room(&self, path: &str) -> bool {
        let Some((_, field)) = path.rsplit_once('.') else {
            return false;
        };
        let mut stack = vec![self.tree.root_node()];
        while let Some(node) = stack.pop() {
            let pair = match node.kind() {
                "assignment_statement" => "=",
                "keyed_element" => ":",
                _ => {
                    stack.extend(node.named_children(&mut node.walk()));
                    continue;
                }
            };
            let text: String = self.text(node).split_whitespace().collect();
            let Some((to, value)) = text.split_once(pair) else {
                continue;
            };
            if to == field || to.ends_with(&format!(".{field}")) {
                let is_made = value.starts_with("make([]") && !value.ends_with(",0)");
                // `x.f = append(x.f, make([]T, n)...)` is what grows it by a plan.
                let is_planned = value.starts_with("append(") && value.contains(",make([]");
                let grows = is_planned || value.starts_with("slices.Grow(");
                if is_made || grows || value.ends_with("[:0]") {
                    return true;
                }
            }
            // A literal of a struct may stand in what is assigned.
            stack.extend(node.named_children(&mut node.walk()));
        }
        false
    }

    /// Whether the function of a node gives a name a size before it, be it in a branch: `xs = make([]T, 0, n)`.
    pub(super) fn is_sized_before(&self, name: &str, at: Node<'_>) -> bool {
        let mut around = std::iter::successors(at.parent(), Node::parent);
        let function = around
            .find(|node| matches!(node.kind(), "function_declaration" | "method_declaration"));
        let mut stack: Vec<Node<'_>> = function.into_iter().collect();
        while let Some(node) = stack.pop() {
            if node.kind() == "assignment_statement" && node.end_byte() <= at.start_byte() {
                let text: String = self.text(node).split_whitespace().collect();
                let value = text.split_once('=').filter(|(to, _)| *to == name);
                if value.is_some_and(|(_, value)| {
                    value.starts_with("make([]") && !value.ends_with(",0)")
                }) {
                    return true;
                }
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        false
    }

    /// Whether a field, `r.tokens`, belongs to something that its function declares itself: it has no array of a time before.
    pub(super) fn is_of_what_is_made(&self, path: &str, at: Node<'_>) -> bool {
        let root = path.split_once('.').map(|(root, _)| root);
        let declared = root.and_then(|root| self.declaration_of(root, at));
        declared.is_some_and(|node| node.kind() != "parameter_declaration")
    }

    /// Variables that a function declares without a value: `var x T`.
    pub(super) fn without_value(&self, function: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for node in all_below(function) {
            if node.kind() == "var_spec" && node.child_by_field_name("value").is_none() {
                let mut cursor = node.walk();
                let names = node.children_by_field_name("name", &mut cursor);
                found.extend(names.map(|name| self.text(name).to_owned()));
            }
        }
        found
    }
}
