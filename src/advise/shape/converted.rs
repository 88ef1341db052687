//! Finds conversions between strings and bytes that a function makes several times of the same value.

use std::ops::Range;

use tree_sitter::Node;

use super::filled::literal_around;
use super::{Source, all_below, row};
use crate::order::Order;

/// How many of the nearest conversions are looked at.
const NEAR: usize = 8;

impl Source {
    /// `string(x)` or `[]byte(x)` of a name or a field, where the function makes the same again on a line that may run as well,
    /// and does not change it between.
    pub(super) fn converted_again(&self, node: Node<'_>) -> Option<String> {
        if !self.is_conversion(node) || self.is_free(node) {
            return None;
        }
        let function = self.enclosing(node)?;
        let about = self.about_function(function);
        let text = self.text(node);
        let root = self.tree.root_node();
        let is_again = |other: Node<'_>| {
            row(other.start_position()) != row(node.start_position())
                && literal_around(other) == literal_around(node)
                && !self.is_free(other)
                && !is_instead(node, other)
                && !self.is_set_between(node, other, &about.sets)
        };
        let alike = |range: &&Range<usize>| self.text_at(range) == text;
        let mut all: Vec<&Range<usize>> = about.conversions.iter().filter(alike).collect();
        // A table that a tool wrote may have thousands: the nearest are the ones that nothing has set in between.
        all.order_by_key(|range| range.start.abs_diff(node.start_byte()));
        let mut near = all
            .iter()
            .take(NEAR)
            .filter_map(|range| root.descendant_for_byte_range(range.start, range.end));
        near.any(is_again).then(|| text.to_owned())
    }

    /// Where a function converts names and fields between strings and bytes.
    pub(super) fn conversions(&self, function: Node<'_>) -> Vec<Range<usize>> {
        let all = all_below(function).filter(|node| self.is_conversion(*node));
        all.map(|node| node.byte_range()).collect()
    }

    /// Where a function sets names or fields, or declares a name anew.
    pub(super) fn sets(&self, function: Node<'_>) -> Vec<Range<usize>> {
        let all = all_below(function).filter_map(target);
        all.map(|node| node.byte_range()).collect()
    }

    /// `string(x.y)`, `[]byte(x)`
    fn is_conversion(&self, node: Node<'_>) -> bool {
        let of = match node.kind() {
            "call_expression" => {
                let function = node.child_by_field_name("function");
                let arguments = node.child_by_field_name("arguments");
                let is_string = function.is_some_and(|function| self.text(function) == "string");
                arguments
                    .filter(|list| is_string && list.named_child_count() == 1)
                    .and_then(|list| list.named_child(0))
            }
            "type_conversion_expression" => {
                let to = node.child_by_field_name("type");
                let is_bytes = to.is_some_and(|to| self.text(to) == "[]byte");
                node.child_by_field_name("operand").filter(|_| is_bytes)
            }
            _ => None,
        };
        of.is_some_and(|of| self.is_path(of))
    }

    /// A name, or fields of one: it has the same value until somebody sets it.
    fn is_path(&self, node: Node<'_>) -> bool {
        match node.kind() {
            "identifier" => true,
            "selector_expression" => {
                let operand = node.child_by_field_name("operand");
                operand.is_some_and(|operand| self.is_path(operand))
            }
            _ => false,
        }
    }

    /// Whether the compiler copies nothing: a key that is looked up, a comparison, a concatenation, what is walked over.
    fn is_free(&self, node: Node<'_>) -> bool {
        let Some(parent) = node.parent() else {
            return true;
        };
        match parent.kind() {
            "index_expression" => !is_written(parent),
            "binary_expression" | "range_clause" | "expression_switch_statement" => true,
            "argument_list" => {
                let call = parent.parent();
                let function = call.and_then(|call| call.child_by_field_name("function"));
                function.is_some_and(|function| {
                    matches!(self.text(function), "len" | "append" | "copy")
                })
            }
            _ => false,
        }
    }

    /// Whether something between two nodes sets what they convert.
    fn is_set_between(&self, one: Node<'_>, other: Node<'_>, sets: &[Range<usize>]) -> bool {
        let (begin, end) = match one.start_byte() < other.start_byte() {
            true => (one.end_byte(), other.start_byte()),
            false => (other.end_byte(), one.start_byte()),
        };
        let text = self.text(one);
        let inside = text
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let is_part = |target: &str| {
            let rest = inside.strip_prefix(target);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let between = |range: &&Range<usize>| range.start >= begin && range.start < end;
        let mut all = sets.iter().filter(between);
        all.any(|range| self.text_at(range).split(',').map(str::trim).any(is_part))
    }
}

/// What a statement sets or declares.
fn target(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "assignment_statement" | "short_var_declaration" | "range_clause" | "receive_statement" => {
            node.child_by_field_name("left")
        }
        "inc_statement" | "dec_statement" => node.named_child(0),
        "var_spec" => node.child_by_field_name("name"),
        _ => None,
    }
}

/// `m[string(b)] = v` stores the key.
fn is_written(index: Node<'_>) -> bool {
    let list = index.parent();
    let statement = list.and_then(|list| list.parent());
    statement.is_some_and(|statement| {
        statement.kind() == "assignment_statement" && statement.child_by_field_name("left") == list
    })
}

/// Whether two nodes never run both: they stand in two branches of one statement, or the block of the first ends with a way out.
fn is_instead(one: Node<'_>, other: Node<'_>) -> bool {
    let (first, second) = match one.start_byte() < other.start_byte() {
        true => (one, other),
        false => (other, one),
    };
    let holds = |node: &Node<'_>| {
        node.start_byte() <= second.start_byte() && second.end_byte() <= node.end_byte()
    };
    let mut at = first;
    while let Some(parent) = at.parent() {
        let is_common = holds(&parent);
        if is_common {
            let of_condition = parent.child_by_field_name("condition") == Some(at);
            return match parent.kind() {
                "if_statement" => !of_condition,
                "expression_switch_statement" | "type_switch_statement" | "select_statement" => {
                    at.kind().ends_with("_case")
                }
                _ => false,
            };
        }
        if matches!(
            at.kind(),
            "block" | "expression_case" | "default_case" | "type_case"
        ) && leaves_at_end(at)
        {
            return true;
        }
        at = parent;
    }
    false
}

/// Whether a block ends with what leaves it: return, continue, break, goto.
fn leaves_at_end(block: Node<'_>) -> bool {
    let mut last = block;
    while let Some(node) = last
        .named_child(u32::try_from(last.named_child_count().saturating_sub(1)).unwrap_or(0))
        .filter(|node| {
            matches!(
                last.kind(),
                "block" | "statement_list" | "expression_case" | "default_case" | "type_case"
            ) && node.id() != last.id()
        })
    {
        last = node;
    }
    matches!(
        last.kind(),
        "return_statement" | "continue_statement" | "break_statement" | "goto_statement"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_run_twice_is_made_again() {
        const FILE: &str = "package p

func (c *client) deliver(m map[string]int, b []byte) {
	if allowed(string(c.subject)) {
		match(string(c.subject))
		m[string(c.subject)] = 1
	}
	n := m[string(b)]
	if n > 1 {
		use(string(b))
		return
	}
	use(string(b))
	name := string(c.reply)
	c.reply = nil
	use(name, string(c.reply))
	if n > 0 {
		use(string(c.other))
	} else {
		use(string(c.other))
	}
	for _, d := range c.all {
		use(string(d))
	}
	for _, d := range c.more {
		use(string(d))
	}
	go func() { use(string(c.name)) }()
	use(string(c.name))
	use(string(c.name))
}
";
        let source = Source::new(FILE.into()).unwrap();
        let made = |line| source.shape(line).unwrap().converted_again;
        for line in [4, 5, 6] {
            assert_eq!(made(line).as_deref(), Some("string(c.subject)"), "{line}");
        }
        assert_eq!(made(30).as_deref(), Some("string(c.name)"));
        for line in [8, 10, 13, 14, 16, 18, 20, 23, 26, 28] {
            assert_eq!(made(line), None, "{line}");
        }
    }
}
