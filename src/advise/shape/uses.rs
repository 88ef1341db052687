//! Finds what a function does with a variable: whether its value is returned, stored, sent or has its address taken.

use crate::order::Order;
use tree_sitter::Node;

use super::{Source, all_below, is_within, loops, row};

/// How the value of a variable leaves a function.
#[derive(Debug, Clone, Copy)]
pub(super) struct GoesOn {
    /// It is returned, sent or stored.
    handed_on: bool,
    /// What is made of it is.
    wrapped: bool,
}

impl GoesOn {
    fn any(self) -> bool {
        self.handed_on || self.wrapped
    }
}

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
        let Some(function) = self.enclosing(statement) else {
            return true;
        };
        let name = self.text(name);
        self.is_named_result(function, name) || self.goes_on(function, name).any()
    }

    /// How the value of a name goes on, by all of its mentions in a function: found once for each.
    fn goes_on(&self, function: Node<'_>, name: &str) -> GoesOn {
        let key = (function.start_byte(), name.to_owned());
        if let Some(known) = self.names.borrow().get(&key) {
            return *known;
        }
        let all = self.mentions(function, name);
        let found = GoesOn {
            handed_on: all.iter().any(|node| self.is_handed_on(*node)),
            wrapped: all.iter().any(|node| self.is_wrapped(*node, function)),
        };
        *self.names.borrow_mut().entry(key).or_insert(found)
    }

    /// `b := bytes.NewBuffer(x)` where `b` is returned, or what is in it.
    fn is_wrapped(&self, name: Node<'_>, function: Node<'_>) -> bool {
        let call = name.parent().and_then(|list| list.parent());
        let callee = call.and_then(|call| call.child_by_field_name("function"));
        let list = call.and_then(|call| call.parent());
        let statement = list.and_then(|list| list.parent());
        let left = statement.and_then(|node| node.child_by_field_name("left"));
        let (Some(callee), Some(left)) = (callee, left) else {
            return false;
        };
        if self.text(callee) != "bytes.NewBuffer" {
            return false;
        }
        let of_buffer = |node: Node<'_>| self.is_handed_on(node) || is_returned(node);
        let mut mentions = self.mentions(function, self.text(left)).into_iter();
        mentions.any(of_buffer)
    }

    /// Variables whose addresses a function returns, stores where others find them, or hands to a function that fills them
    /// through an interface: another form of the code keeps them on the heap as well.
    pub(super) fn kept(&self, function: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for node in all_below(function) {
            if let Some(name) = self.method_of(node) {
                found.push(name.to_owned());
            }
            if let Some(name) = self.addressed(node)
                && (self.is_handed_on(node)
                    || self.is_filled(node)
                    || is_returned(node)
                    || self.has_kept_name(node, function))
            {
                found.push(name.to_owned());
            }
        }
        found
    }

    /// The variable whose address `&v`, `&v.f`, `&v[0]` or `v.f[:n]` takes.
    pub(super) fn addressed(&self, node: Node<'_>) -> Option<&str> {
        let takes = node.kind() == "unary_expression" && self.text(node).starts_with('&');
        // A slice of an array is an address, too.
        if !takes && node.kind() != "slice_expression" {
            return None;
        }
        let mut at = node.child_by_field_name("operand")?;
        while matches!(at.kind(), "selector_expression" | "index_expression") {
            at = at.child_by_field_name("operand")?;
        }
        (at.kind() == "identifier").then(|| self.text(at))
    }

    /// The variables whose addresses a function takes, each with the first line where it does.
    pub(super) fn all_addressed(&self, function: Node<'_>) -> Vec<(String, i64)> {
        let mut found = Vec::new();
        for node in all_below(function) {
            let line = row(node.start_position());
            found.extend(self.addressed(node).map(|name| (name.to_owned(), line)));
        }
        found.sort_unstable();
        found.dedup_by(|a, b| a.0 == b.0);
        found
    }

    /// Whether an address gets a name, `p := &v`, and that is handed on.
    fn has_kept_name(&self, address: Node<'_>, function: Node<'_>) -> bool {
        let list = address
            .parent()
            .filter(|node| node.kind() == "expression_list");
        let statement = list.and_then(|node| node.parent());
        let left = statement.and_then(|node| node.child_by_field_name("left"));
        let name = left.and_then(|node| node.named_child(0));
        let Some(name) = name.filter(|node| node.kind() == "identifier") else {
            return false;
        };
        self.goes_on(function, self.text(name)).handed_on
    }

    /// Whether a literal mentions no variable of the round of the loop around it: then one serves all rounds.
    pub(super) fn is_constant(&self, literal: Node<'_>) -> bool {
        let loops = loops(literal);
        let Some(inner) = loops.first() else {
            return false;
        };
        let is_of_round = |name: &String| {
            let declared = self.declaration_of(name, literal);
            declared.is_some_and(|node| is_within(node, *inner)) || self.is_clause(*inner, name)
        };
        !self.names(literal).iter().any(is_of_round)
    }

    /// Whether the clause of a loop, or of a type switch in it, declares a name.
    fn is_clause(&self, inner: Node<'_>, name: &str) -> bool {
        let mut stack = vec![inner];
        while let Some(node) = stack.pop() {
            let declares = matches!(node.kind(), "range_clause" | "type_switch_statement");
            let left = node
                .child_by_field_name("left")
                .or_else(|| node.child_by_field_name("alias"));
            if let (true, Some(left)) = (declares, left)
                && self.text(left).split(',').any(|part| part.trim() == name)
            {
                return true;
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        false
    }

    /// Every name that stands in a function.
    pub(super) fn names(&self, function: Node<'_>) -> Vec<String> {
        let mut found = Vec::new();
        for node in all_below(function) {
            if node.kind() == "identifier" {
                found.push(self.text(node).to_owned());
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether the function around a node, and no literal in it, has the one result `*name`.
    pub(super) fn is_result(&self, node: Node<'_>, name: &str) -> bool {
        let mut at = Some(node);
        while let Some(node) = at {
            match node.kind() {
                "func_literal" => return false,
                "function_declaration" | "method_declaration" => {
                    let result = node.child_by_field_name("result");
                    let result = result.and_then(|node| self.text(node).strip_prefix('*'));
                    return result == Some(name);
                }
                _ => at = node.parent(),
            }
        }
        false
    }

    /// `v` and `f` of every `C.f(&v)`.
    pub(super) fn to_c(&self, function: Node<'_>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for node in all_below(function) {
            let callee = node.child_by_field_name("function");
            let callee = callee.and_then(|node| self.text(node).strip_prefix("C."));
            let given = node.child_by_field_name("arguments");
            if let (Some(callee), Some(given)) = (callee, given) {
                let mut cursor = given.walk();
                let addresses = given.named_children(&mut cursor);
                let addresses = addresses.filter_map(|node| self.text(node).strip_prefix('&'));
                found.extend(addresses.map(|address| (address.to_owned(), callee.to_owned())));
            }
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
            // Takes it as a writer or a reader, and keeps it or hands it on as one.
            "New",
            "Reset",
            "Fprint",
        ];
        let call = address.parent().and_then(|node| node.parent());
        let function = call.and_then(|node| node.child_by_field_name("function"));
        let name = function.map_or("", |node| self.text(node));
        let last = name.rsplit('.').next().unwrap_or_default();
        // These take an interface whose methods change what stands behind the address.
        let is_ordered = name.starts_with("sort.") || name.starts_with("heap.");
        // Options: what a variable of a function type does with an address cannot be changed here.
        let is_value = function.is_some_and(|node| node.kind() == "identifier")
            && self.declaration_of(name, address).is_some();
        let is_value = is_value || function.is_some_and(|node| self.is_range_variable(node));
        is_ordered || is_value || FILLING.iter().any(|prefix| last.starts_with(prefix))
    }

    /// Whether a name is a variable of a loop around it: `for _, option := range options`.
    fn is_range_variable(&self, name: Node<'_>) -> bool {
        loops(name).into_iter().any(|around| {
            let clause = super::child(around, "range_clause");
            let left = clause.and_then(|clause| clause.child_by_field_name("left"));
            let mut names = left.map_or("", |left| self.text(left)).split(',');
            names.any(|text| text.trim() == self.text(name))
        })
    }

    /// `return x`, `return x[:n]`, `c <- x`, `T{f: x}`, `a.b = x`, `append(all, x)`.
    pub(super) fn is_handed_on(&self, name: Node<'_>) -> bool {
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
        for node in all_below(below) {
            if node.kind() == "identifier" && self.text(node) == name {
                found.push(node);
            }
        }
        found.order_by_key(Node::start_byte);
        found
    }
}

/// Somewhere in what a function returns: `return f(&v)`.
pub(super) fn is_returned(node: Node<'_>) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "package p

func parse(p *parser) (Node, *Problem) {
	start := p.next()
	if start.bad {
		return nil, &Problem{at: &start.where}
	}
	end := p.next()
	use(&end)
	if last := p.last(); last.bad {
		p.problem = &last
	}
	if p.ok {
		return &start, nil
	}
	other := p.next()
	for p.more() {
		p.list = append(p.list, &other)
	}
	var batch struct {
		node  Node
		words [4]Word
	}
	var text bytes.Buffer
	p.encoder.Reset(&text)
	made := &batch.node
	made.words = batch.words[:1]
	return made, nil
}

func pair(a int) *Pair { return &Pair{a} }

func kept(a int) *Pair {
	return &Pair{a}
}

func result() Node {
	make := func() *Pair {
		return &Pair{1}
	}
	return make()
}

func (it *walker) next() Node { return it.at }

func iterate(first Node) func() Node {
	walk := walker{}
	walk.at = first
	return walk.next
}

func callers() int {
	one := pair(1)
	all = append(all, kept(2))
	return one.a + pair(2).a
}
";

    fn source() -> Source {
        Source::new(FILE.into()).unwrap()
    }

    #[test]
    fn a_copy_helps_where_a_branch_alone_takes_the_address() {
        let shape = source().shape(4).unwrap();
        // `start` is what another branch returns, `end` is used by every run, and a loop is no branch.
        let last = crate::advise::shape::InBranch {
            name: "last".into(),
            lines: vec![11],
            captured: false,
        };
        assert_eq!(shape.function.in_branch, [last]);
        let bare = FILE.replace("return &start, nil", "return nil, nil");
        let shape = Source::new(bare.into()).unwrap().shape(4).unwrap();
        let all: Vec<&str> = shape
            .function
            .in_branch
            .iter()
            .map(|branch| branch.name.as_str())
            .collect();
        assert!(all.contains(&"start"), "{all:?}");
        assert!(
            shape.function.kept.contains(&"batch".to_owned()),
            "by another name"
        );
        assert!(!shape.function.kept.contains(&"end".to_owned()));
        assert!(
            shape.function.kept.contains(&"text".to_owned()),
            "a writer of others"
        );
        assert!(!shape.function.mentioned.contains(&"tokens".to_owned()));
    }

    #[test]
    fn a_method_that_is_returned_keeps_its_variable() {
        let line = FILE
            .lines()
            .position(|line| line == "\twalk.at = first")
            .unwrap();
        let shape = source().shape(line as i64 + 1).unwrap();
        assert!(
            shape.function.kept.contains(&"walk".to_owned()),
            "{:?}",
            shape.function.kept
        );
    }

    #[test]
    fn a_pointer_is_needed_where_callers_keep_it() {
        let source = source();
        assert_eq!(source.callers("pair"), (2, false));
        assert_eq!(source.callers("kept"), (0, true));
        assert_eq!(source.callers("nobody"), (0, false));
        let at = |text: &str| {
            let line = FILE.lines().position(|line| line == text).unwrap();
            source.shape(line as i64 + 1).unwrap().returned
        };
        assert_eq!(at("\treturn &Pair{a}"), Some("Pair".into()));
        // A literal's result is nobody's to change, and neither is an interface.
        assert_eq!(at("\t\treturn &Pair{1}"), None);
    }
}
