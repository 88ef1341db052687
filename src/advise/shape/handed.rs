//! Decides whether what a function returns or stores holds a variable by way of a call or of a method.

use tree_sitter::Node;

use super::uses::{enclosing, is_returned};
use super::{Source, all_below};

/// The first name that a statement declares or sets.
fn declared_name(statement: Node<'_>) -> Option<Node<'_>> {
    let left = statement.child_by_field_name("left");
    let left = left.or_else(|| statement.child_by_field_name("name"))?;
    match left.kind() {
        "expression_list" => left.named_child(0),
        _ => Some(left),
    }
}

impl Source {
    /// Whether what a statement declares is an argument of a call whose result is returned, which may hold it.
    pub(super) fn is_argument_of_result(&self, statement: Node<'_>) -> bool {
        let (Some(name), Some(function)) = (declared_name(statement), enclosing(statement)) else {
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

    /// Whether what a statement declares is given to a container that keeps it, `cache.Put(key, data)`: a pool is none.
    pub(super) fn is_put_away(&self, statement: Node<'_>) -> bool {
        const KEEPS: [&str; 6] = ["Add", "Insert", "Push", "Put", "Set", "Store"];
        let (Some(name), Some(function)) = (declared_name(statement), enclosing(statement)) else {
            return false;
        };
        self.mentions(function, self.text(name))
            .iter()
            .any(|given| {
                let list = given.parent().filter(|node| node.kind() == "argument_list");
                let called = list.and_then(|list| list.parent()?.child_by_field_name("function"));
                let called = called.and_then(|called| self.text(called).rsplit_once('.'));
                called.is_some_and(|(container, method)| {
                    KEEPS.contains(&method) && !container.to_lowercase().contains("pool")
                })
            })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_keeps_leaves_the_function() {
        const FILE: &str = "package p

func (p *parser) read(n int) {
	kept := make([]byte, n)
	p.cache.Put(n, kept)
	back := make([]byte, n)
	p.pool.Put(back)
	used := make([]byte, n)
	p.hash.Sum(used)
}
";
        let source = Source::new(FILE.into()).unwrap();
        let leaves = [4, 6, 8].map(|line| source.shape(line).unwrap().leaves);
        assert_eq!(leaves, [true, false, false]);
    }
}
