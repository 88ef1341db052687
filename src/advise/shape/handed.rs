//! Decides whether what a function returns or stores holds a variable by way of a call or of a method.

use tree_sitter::Node;

use super::uses::{enclosing, is_returned};
use super::{Source, all_below};

impl Source {
    /// Whether what a statement declares is an argument of a call whose result is returned, which may hold it.
    pub(super) fn is_argument_of_result(&self, statement: Node<'_>) -> bool {
        let left = statement
            .child_by_field_name("left")
            .or_else(|| statement.child_by_field_name("name"));
        let name = match left.map(|left| (left, left.kind())) {
            Some((left, "expression_list")) => left.named_child(0),
            Some((left, _)) => Some(left),
            None => None,
        };
        let (Some(name), Some(function)) = (name, enclosing(statement)) else {
            return false;
        };
        let is_given = |node: &Node<'_>| {
            let list = node.parent().filter(|list| list.kind() == "argument_list");
            let Some(call) = list.and_then(|list| list.parent()) else {
                return false;
            };
            // `x := wrap(s)`, and x is returned.
            let statement = call.parent().and_then(|list| list.parent());
            let left = statement.and_then(|node| node.child_by_field_name("left"));
            let made = left.and_then(|left| left.named_child(0));
            let is_named = made.is_some_and(|made| {
                let mut all = self.mentions(function, self.text(made)).into_iter();
                all.any(is_returned)
            });
            is_returned(*node) || is_named
        };
        self.mentions(function, self.text(name))
            .iter()
            .any(is_given)
    }

    /// Whether a function has a result of a name: whatever it is set to, callers get.
    pub(super) fn is_named_result(&self, function: Node<'_>, name: &str) -> bool {
        let results = function
            .child_by_field_name("result")
            .filter(|node| node.kind() == "parameter_list");
        let mut all = results.into_iter().flat_map(all_below);
        all.any(|node| node.kind() == "identifier" && self.text(node) == name)
    }

    /// `x` of `x.next` that is returned or stored and not called, where this file has such a method: it holds x.
    pub(super) fn method_of(&self, node: Node<'_>) -> Option<&str> {
        let selector = Some(node).filter(|node| node.kind() == "selector_expression")?;
        let operand = selector.child_by_field_name("operand")?;
        let method = self.text(selector.child_by_field_name("field")?);
        let is_name = operand.kind() == "identifier" && self.is_handed_on(selector);
        let root = self.tree.root_node();
        let mut all = root
            .named_children(&mut root.walk())
            .collect::<Vec<_>>()
            .into_iter();
        let ends = |name: String| name.rsplit('.').next() == Some(method) && name.contains('.');
        let declared = is_name && all.any(|node| self.declared(node).is_some_and(ends));
        declared.then(|| self.text(operand))
    }
}
