//! Decides whether what a function returns or stores holds a variable by way of a call or of a method.

use tree_sitter::Node;

use super::uses::is_returned;
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
        let (Some(name), Some(function)) = (declared_name(statement), self.enclosing(statement))
        else {
            return false;
        };
        let is_given = |node: &Node<'_>| {
            let list = node.parent().filter(|list| list.kind() == "argument_list");
            let call = list.and_then(|list| list.parent());
            let Some(call) = call.filter(|call| !self.is_read_by(*call)) else {
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

    /// Whether a call has read what it is given when it returns, as io.Copy and io.ReadAll have.
    fn is_read_by(&self, call: Node<'_>) -> bool {
        let function = call.child_by_field_name("function");
        function.is_some_and(|name| {
            let name = self.text(name);
            name.starts_with("io.Copy") || name.starts_with("io.Read")
        })
    }

    /// Whether a field is one of a literal that is returned, or that leaves the function by the name that it gets.
    pub(super) fn is_field_of_what_leaves(&self, field: Node<'_>) -> bool {
        let mut at = field;
        while let Some(parent) = at.parent() {
            match parent.kind() {
                "return_statement" | "send_statement" => return true,
                "short_var_declaration" | "var_spec" | "assignment_statement" => {
                    return self.leaves(parent) || self.is_put_away(parent);
                }
                "block" | "argument_list" => return false,
                _ => at = parent,
            }
        }
        false
    }

    /// Whether a reader or writer that a call makes is an argument of another call whose result has a name: that may hold it. What
    /// io copies it has read.
    pub(super) fn is_buffer_of_result(&self, call: Node<'_>) -> bool {
        let function = call.child_by_field_name("function");
        let makes = function.is_some_and(|name| self.text(name).starts_with("bufio.New"));
        let list = call.parent().filter(|list| list.kind() == "argument_list");
        let outer = list.filter(|_| makes).and_then(|list| list.parent());
        let outer = outer.filter(|outer| !self.is_read_by(*outer));
        let statement = outer.and_then(|outer| outer.parent()?.parent());
        let left = statement.and_then(|node| node.child_by_field_name("left"));
        let names = left.map_or("", |left| self.text(left)).split(',');
        let mut names = names.map(str::trim).filter(|name| !name.is_empty());
        names.any(|name| name != "_" && name != "err")
    }

    /// Whether what a statement declares is given to a container that keeps it, `cache.Put(key, data)`: a pool is none.
    pub(super) fn is_put_away(&self, statement: Node<'_>) -> bool {
        const KEEPS: [&str; 6] = ["Add", "Insert", "Push", "Put", "Set", "Store"];
        let (Some(name), Some(function)) = (declared_name(statement), self.enclosing(statement))
        else {
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
    fn a_field_goes_where_its_literal_goes() {
        const FILE: &str = "package p

func New(n int) *DB {
	p := &DB{
		data: make([]byte, n),
	}
	return p
}

func Make(n int) *DB {
	return &DB{
		data: make([]byte, n),
	}
}

func use(n int) int {
	p := DB{
		data: make([]byte, n),
	}
	return p.sum()
}
";
        let source = Source::new(FILE.into()).unwrap();
        let leaves = [5, 12, 18].map(|line| source.shape(line).unwrap().leaves);
        assert_eq!(leaves, [true, true, false]);
    }

    #[test]
    fn a_reader_may_be_held_by_what_a_call_gives_back() {
        const FILE: &str = "package p

func (d *decoder) start(r io.Reader) {
	inner, err := d.wrap(bufio.NewReader(r))
	d.inner = inner
}

func (d *decoder) copy(r io.Reader) {
	n, err := io.Copy(d.w, bufio.NewReader(r))
	err = d.fill(bufio.NewReader(r))
}
";
        let source = Source::new(FILE.into()).unwrap();
        let wrapped = [4, 9, 10].map(|line| source.shape(line).unwrap().wrapped);
        assert_eq!(wrapped, [true, false, false]);
    }

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
