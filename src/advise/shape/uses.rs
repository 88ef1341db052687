//! A name in a function in, what becomes of its value out.

use crate::order::Order;
use tree_sitter::Node;

use super::Source;

impl Source {
    /// Whether what a statement sets is returned, sent, or stored beside the variables of the function.
    pub(super) fn leaves(&self, statement: Node<'_>) -> bool {
        let left = statement
            .child_by_field_name("left")
            .or_else(|| statement.child_by_field_name("name"));
        let Some(left) = left else {
            return false;
        };
        let target = match left.kind() {
            "expression_list" => left.named_child(0),
            _ => Some(left),
        };
        let Some(name) = target.filter(|node| node.kind() == "identifier") else {
            return true;
        };
        let Some(function) = enclosing(statement) else {
            return true;
        };
        self.mentions(function, self.text(name))
            .into_iter()
            .any(|node| self.is_handed_on(node))
    }

    /// Variables whose addresses a function returns, stores where others find them, or hands to a function that fills them
    /// through an interface: another form of the code keeps them on the heap as well.
    pub(super) fn kept(&self, function: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        let mut stack = vec![function];
        while let Some(node) = stack.pop() {
            let operand = node.child_by_field_name("operand");
            if let Some(name) = operand.filter(|node| node.kind() == "identifier")
                && node.kind() == "unary_expression"
                && self.text(node).starts_with('&')
                && (self.is_handed_on(node) || self.is_filled(node) || is_returned(node))
            {
                found.push(self.text(name).to_owned());
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        found
    }

    /// `v` and `f` of every `C.f(&v)`.
    pub(super) fn to_c(&self, function: Node<'_>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut stack = vec![function];
        while let Some(node) = stack.pop() {
            let callee = node.child_by_field_name("function");
            let callee = callee.and_then(|node| self.text(node).strip_prefix("C."));
            let given = node.child_by_field_name("arguments");
            if let (Some(callee), Some(given)) = (callee, given) {
                let mut cursor = given.walk();
                let addresses = given.named_children(&mut cursor);
                let addresses = addresses.filter_map(|node| self.text(node).strip_prefix('&'));
                found.extend(addresses.map(|address| (address.to_owned(), callee.to_owned())));
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        found
    }

    /// `json.Unmarshal(b, &v)` and its like.
    fn is_filled(&self, address: Node<'_>) -> bool {
        const FILLING: &[&str] = &[
            "Unmarshal",
            "Decode",
            "Scan",
            "Sscan",
            "Fscan",
            "Read",
            "As",
        ];
        let call = address.parent().and_then(|node| node.parent());
        let function = call.and_then(|node| node.child_by_field_name("function"));
        let name = function.map_or("", |node| self.text(node));
        let last = name.rsplit('.').next().unwrap_or_default();
        FILLING.iter().any(|prefix| last.starts_with(prefix))
    }

    /// `return x`, `return x[:n]`, `c <- x`, `T{f: x}`, `a.b = x`, `append(all, x)`.
    fn is_handed_on(&self, name: Node<'_>) -> bool {
        let mut at = name;
        while let Some(parent) = at.parent() {
            match parent.kind() {
                "slice_expression" if parent.child_by_field_name("operand") == Some(at) => {}
                "parenthesized_expression" | "expression_list" => {}
                "literal_element" | "keyed_element" | "literal_value" | "return_statement" => {
                    return true;
                }
                "send_statement" => return parent.child_by_field_name("value") == Some(at),
                "assignment_statement" => {
                    let left = parent.child_by_field_name("left");
                    let target = left.and_then(|node| node.named_child(0));
                    return left != Some(at)
                        && target.is_some_and(|node| node.kind() != "identifier");
                }
                "argument_list" => {
                    let call = parent.parent();
                    let function = call.and_then(|node| node.child_by_field_name("function"));
                    let first = parent.named_child(0) == Some(at);
                    let append = function.is_some_and(|node| self.text(node) == "append");
                    return append && !first && !ends_with_dots(parent, at);
                }
                _ => return false,
            }
            at = parent;
        }
        false
    }

    /// Every identifier of a name below a node, in the order of the text.
    pub(super) fn mentions<'a>(&self, below: Node<'a>, name: &str) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        let mut stack = vec![below];
        while let Some(node) = stack.pop() {
            if node.kind() == "identifier" && self.text(node) == name {
                found.push(node);
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        found.order_by_key(Node::start_byte);
        found
    }
}

/// The function or method around a node; literals in it belong to it.
pub(super) fn enclosing(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node.parent();
    while let Some(it) = at {
        if matches!(it.kind(), "function_declaration" | "method_declaration") {
            return Some(it);
        }
        at = it.parent();
    }
    None
}

/// Somewhere in what a function returns: `return f(&v)`.
fn is_returned(node: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "return_statement" => return true,
            "func_literal" | "block" => return false,
            _ => at = parent,
        }
    }
    false
}

/// `append(all, x...)` copies what is in x.
fn ends_with_dots(arguments: Node<'_>, at: Node<'_>) -> bool {
    let next = at.next_sibling();
    arguments.kind() == "argument_list" && next.is_some_and(|node| node.kind() == "...")
}
