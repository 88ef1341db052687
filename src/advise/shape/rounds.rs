//! Counts what each round of a loop appends to a slice, and what is appended to it beside that loop.

use tree_sitter::Node;

use super::{Source, all_below, child, is_within, loops};

/// How many elements are appended: at least, and at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) least: usize,
    most: usize,
}

impl Count {
    fn exactly(count: usize) -> Self {
        Self {
            least: count,
            most: count,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            least: self.least + other.least,
            most: self.most + other.most,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

impl Source {
    /// What a round of a loop appends to a name; `None` where the text does not say: lists, loops in it, function literals.
    pub(super) fn appended_per_round(&self, looping: Node<'_>, name: &str) -> Option<Count> {
        self.appended(looping.child_by_field_name("body")?, name)
    }

    /// The length that a slice has at last, made of the bound of the loop that fills it: `2*len(xs)+1`. `None` where a round
    /// appends what cannot be counted. And whether more may be appended elsewhere, which is not counted.
    pub(super) fn length_at_last(
        &self,
        bound: &str,
        name: &str,
        declared: Node<'_>,
        looping: Node<'_>,
    ) -> Option<(String, bool)> {
        let count = self.appended_per_round(looping, name)?;
        let mut parts = match count.least {
            0 | 1 => vec![bound.to_owned()],
            several => vec![format!("{several}*{}", bracketed(bound))],
        };
        let mut more = count.least != count.most;
        let mut single = 0;
        let function = self.enclosing(looping)?;
        for call in self.appends_to(function, name) {
            let before = call.end_byte() <= declared.start_byte();
            if before || is_within(call, looping) {
                continue;
            }
            let is_repeated = loops(call)
                .into_iter()
                .any(|around| !is_within(declared, around));
            match self.given(call).filter(|_| !is_repeated) {
                Some(Given::Elements(count)) => single += count,
                Some(Given::List(list)) => parts.push(format!("len({list})")),
                None => more = true,
            }
        }
        if single > 0 {
            parts.push(single.to_string());
        }
        Some((parts.join("+"), more))
    }

    /// Whether a loop walks something whose length can be asked for, or counts to an end: then there is a largest size.
    pub(super) fn ends_somewhere(&self, looping: Node<'_>) -> bool {
        if let Some(clause) = child(looping, "range_clause") {
            let over = clause.child_by_field_name("right");
            return over.is_some_and(|over| match over.kind() {
                "identifier" => self.length(over, looping).is_some(),
                kind => kind == "selector_expression",
            });
        }
        let condition = child(looping, "for_clause")
            .and_then(|clause| clause.child_by_field_name("condition"))
            .and_then(|condition| condition.child_by_field_name("operator"));
        condition.is_some_and(|operator| matches!(self.text(operator), "<" | "<="))
    }

    /// Calls of append below a node whose first argument is a name.
    fn appends_to<'a>(&self, below: Node<'a>, name: &str) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        for node in all_below(below) {
            if self.is_append_to(node, name) {
                found.push(node);
            }
        }
        found
    }

    fn is_append_to(&self, node: Node<'_>, name: &str) -> bool {
        let part = |field| node.child_by_field_name(field);
        let (Some(function), Some(arguments)) = (part("function"), part("arguments")) else {
            return false;
        };
        let first = arguments.named_child(0).map(|node| self.text(node));
        self.text(function) == "append" && first == Some(name)
    }

    /// What a call of append appends; `None` where that has no name.
    fn given(&self, call: Node<'_>) -> Option<Given<'_>> {
        let arguments = call.child_by_field_name("arguments")?;
        let count = arguments.named_child_count().checked_sub(1)?;
        if !self
            .text(arguments)
            .trim_end_matches([')', ',', ' ', '\n', '\t'])
            .ends_with("...")
        {
            return Some(Given::Elements(count));
        }
        let list = arguments.named_child(1)?;
        // In some versions of the grammar the dots are a part of the argument.
        let list = match list.kind() {
            "variadic_argument" => list.named_child(0)?,
            _ => list,
        };
        let is_plain = matches!(list.kind(), "identifier" | "selector_expression");
        is_plain.then(|| Given::List(self.text(list)))
    }

    fn appended(&self, node: Node<'_>, name: &str) -> Option<Count> {
        let part = |field| node.child_by_field_name(field);
        match node.kind() {
            "for_statement" | "func_literal" => {
                let none = self.appends_to(node, name).is_empty();
                none.then(Count::default)
            }
            "call_expression" if self.is_append_to(node, name) => match self.given(node)? {
                Given::Elements(count) => Some(Count::exactly(count)),
                Given::List(_) => None,
            },
            "if_statement" => {
                let before = part("initializer").map(|it| self.appended(it, name));
                let before = before.unwrap_or(Some(Count::default()))?;
                let branches = [part("consequence"), part("alternative")];
                self.one_of(&branches, name).map(|it| before.and(it))
            }
            "expression_switch_statement" | "type_switch_statement" | "select_statement" => {
                let mut cursor = node.walk();
                let cases = node.named_children(&mut cursor);
                let mut branches: Vec<Option<Node<'_>>> = cases
                    .filter(|case| case.kind().ends_with("_case"))
                    .map(Some)
                    .collect();
                let is_whole = branches
                    .iter()
                    .flatten()
                    .any(|case| matches!(case.kind(), "default_case" | "communication_case"));
                if !is_whole {
                    branches.push(None);
                }
                self.one_of(&branches, name)
            }
            _ => {
                let mut cursor = node.walk();
                let mut children = node.named_children(&mut cursor);
                children.try_fold(Count::default(), |sum, child| {
                    Some(sum.and(self.appended(child, name)?))
                })
            }
        }
    }

    /// What one of several branches appends; `None` among them stands for doing nothing. Those that end the function do not
    /// count: no round comes after them.
    fn one_of(&self, branches: &[Option<Node<'_>>], name: &str) -> Option<Count> {
        let mut all: Option<Count> = None;
        for branch in branches {
            let count = match branch {
                Some(branch) if self.ends_function(*branch) => continue,
                Some(branch) => self.appended(*branch, name)?,
                None => Count::default(),
            };
            all = Some(all.map_or(count, |it| it.or(count)));
        }
        Some(all.unwrap_or_default())
    }

    /// Whether the last statement of a branch returns or panics.
    fn ends_function(&self, branch: Node<'_>) -> bool {
        let mut cursor = branch.walk();
        let last = branch.named_children(&mut cursor).last();
        last.is_some_and(|last| match last.kind() {
            "return_statement" => true,
            "statement_list" | "block" => self.ends_function(last),
            "expression_statement" => self.text(last).starts_with("panic("),
            _ => false,
        })
    }
}

/// What is appended.
enum Given<'a> {
    Elements(usize),
    List(&'a str),
}

/// A bound as a factor.
fn bracketed(bound: &str) -> String {
    match bound.contains(['+', '-', ' ']) {
        true => format!("({bound})"),
        false => bound.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "package p

func path(xs []int) []int {
	out := []int{}
	out = append(out, 0)
	for _, x := range xs {
		out = append(out, x)
	}
	return append(out, 1, 2)
}

func pairs(xs, ys []int) (out []int) {
	out = append(out, ys...)
	for i := 0; i <= 9; i++ {
		out = append(out, i)
		out = append(out, -i)
	}
	return out
}

func both(xs []int) (out []int) {
	for _, x := range xs {
		if x < 0 {
			out = append(out, -x)
		} else {
			out = append(out, x)
		}
	}
	return out
}

func kinds(xs []any) (out []int, err error) {
	for _, x := range xs {
		switch x := x.(type) {
		case int:
			out = append(out, x)
		case string:
			out = append(out, len(x))
		default:
			return nil, errKind
		}
	}
	return out, nil
}

func some(xs []int) (out []int) {
	for _, x := range xs {
		if x < 0 {
			out = append(out, -x)
		}
	}
	return out
}

func twice(xs []int) (out []int) {
	for _, x := range xs {
		out = append(out, x)
	}
	for _, x := range xs {
		out = append(out, -x)
	}
	return out
}
";

    #[test]
    fn a_slice_has_the_length_that_all_appends_give_it() {
        let source = Source::new(FILE.into()).unwrap();
        for (line, bound, more) in [
            (7, Some("len(xs)+3"), false),
            (15, Some("2*(9+1)+len(ys)"), false),
            (24, Some("len(xs)"), false),
            (26, Some("len(xs)"), false),
            (36, Some("len(xs)"), false),
            (49, None, false),
            (57, Some("len(xs)"), true),
        ] {
            let growth = source.shape(line).unwrap().appends.remove(0);
            let found = growth.bound.as_deref().filter(|_| !growth.filtered);
            assert_eq!(found, bound, "{line}");
            assert_eq!(growth.at_least && bound.is_some(), more, "{line}");
        }
    }
}
