//! How often a loop runs, where its text shows it.

use tree_sitter::Node;

use super::{Source, all_below, child};

impl Source {
    /// How often a loop runs, where the text shows it.
    pub(super) fn bound(&self, it: Node<'_>) -> Option<String> {
        if let Some(clause) = child(it, "range_clause") {
            let over = clause.child_by_field_name("right")?;
            return match over.kind() {
                "int_literal" => Some(self.text(over).to_owned()),
                "identifier" => self.length(over, it),
                "selector_expression" => Some(format!("len({})", self.text(over))),
                _ => None,
            };
        }
        let Some(clause) = child(it, "for_clause") else {
            let condition = it.named_child(0)?;
            let begin = self.counted_by_hand(it, condition)?;
            return self.counted(condition, begin);
        };
        let condition = clause.child_by_field_name("condition")?;
        if !self.counts_by_one(it, clause, condition) {
            return None;
        }
        let begin = clause.child_by_field_name("initializer")?;
        self.counted(condition, self.text(begin.child_by_field_name("right")?))
    }

    /// The rounds of a loop that counts from a number on, one by one, while a condition holds.
    fn counted(&self, condition: Node<'_>, begin: &str) -> Option<String> {
        let operator = condition.child_by_field_name("operator")?;
        let right = condition.child_by_field_name("right")?;
        let counted = matches!(self.text(operator), "<" | "<=");
        let plain = matches!(
            right.kind(),
            "identifier" | "int_literal" | "selector_expression"
        ) || (right.kind() == "call_expression"
            && self.text(right).starts_with("len("));
        let one_more = self.text(operator) == "<=" && begin != "1";
        let rounds = self.text(right).to_owned();
        (counted && plain).then(|| match one_more {
            true => rounds + "+1",
            false => rounds,
        })
    }

    /// Whether what is put in already decides whether more is, `if !seen[x] { seen[x] = true; all = append(all, x) }`, or the
    /// caller does. How much is left then is not known before.
    pub(super) fn drops_repeats(&self, at: Node<'_>, inner: Node<'_>, name: &str) -> bool {
        let above = std::iter::successors(at.parent(), Node::parent);
        let mut deciding = above
            .take_while(|node| *node != inner)
            .filter(|node| node.kind() == "if_statement");
        let is_of_loop = |text: &String| text == name || self.is_written_by_index(inner, text);
        deciding.any(|statement| {
            let parts = [
                statement.child_by_field_name("initializer"),
                statement.child_by_field_name("condition"),
            ];
            let mut names = parts
                .into_iter()
                .flatten()
                .flat_map(|part| self.names(part));
            let asks = statement
                .child_by_field_name("condition")
                .is_some_and(|condition| self.asks_caller(condition));
            asks || names.any(|text| is_of_loop(&text))
        })
    }

    /// Whether a condition calls a parameter: `if keep(x)`. Then only callers know how many it keeps.
    fn asks_caller(&self, condition: Node<'_>) -> bool {
        for node in all_below(condition) {
            let function = node
                .child_by_field_name("function")
                .filter(|callee| callee.kind() == "identifier");
            let declared =
                function.and_then(|callee| self.declaration_of(self.text(callee), callee));
            if declared.is_some_and(|node| node.kind() == "parameter_declaration") {
                return true;
            }
        }
        false
    }

    /// `name[x] = y` below a node.
    fn is_written_by_index(&self, below: Node<'_>, name: &str) -> bool {
        self.mentions(below, name).into_iter().any(|node| {
            let index = node
                .parent()
                .filter(|parent| parent.kind() == "index_expression");
            let list = index.and_then(|index| index.parent());
            let statement = list.and_then(|list| list.parent());
            let left = statement.and_then(|statement| statement.child_by_field_name("left"));
            left.is_some() && left == list
        })
    }

    /// The length of what a name stands for; `None` for channels, functions and what is not declared here.
    pub(super) fn length(&self, name: Node<'_>, at: Node<'_>) -> Option<String> {
        let text = self.text(name);
        let declared = self.declaration_of(text, at)?;
        let of = declared
            .child_by_field_name("type")
            .map_or("", |node| self.text(node));
        let value = declared
            .child_by_field_name("right")
            .or_else(|| declared.child_by_field_name("value"))
            .map_or("", |node| self.text(node));
        let endless = |text: &str| {
            text.contains("chan ")
                || text.starts_with("func")
                || text.contains("iter.")
                || text.contains("Seq(")
        };
        if endless(of) || endless(value) {
            return None;
        }
        if matches!(of, "int" | "int64" | "uint" | "int32" | "uint32" | "uint64") {
            return Some(text.to_owned());
        }
        Some(format!("len({text})"))
    }

    /// Whether a loop counts a variable of its own from a number on, one by one, and nothing else in it changes that.
    fn counts_by_one(&self, it: Node<'_>, clause: Node<'_>, condition: Node<'_>) -> bool {
        let part = |name| clause.child_by_field_name(name);
        let (Some(begin), Some(update)) = (part("initializer"), part("update")) else {
            return false;
        };
        let Some(counter) = condition.child_by_field_name("left") else {
            return false;
        };
        let name = self.text(counter);
        let begins = begin.kind() == "short_var_declaration"
            && begin
                .child_by_field_name("left")
                .map(|node| self.text(node))
                == Some(name)
            && begin
                .child_by_field_name("right")
                .is_some_and(|node| self.text(node).bytes().all(|byte| byte.is_ascii_digit()));
        let text: String = self.text(update).split_whitespace().collect();
        let steps = [
            format!("{name}++"),
            format!("{name}+=1"),
            format!("{name}={name}+1"),
        ];
        let Some(body) = it.child_by_field_name("body") else {
            return false;
        };
        begins && steps.contains(&text) && !self.is_changed(body, name)
    }

    /// The number that `for i < n { ...; i++ }` begins at, where `i` is declared as one, and that step alone changes it.
    fn counted_by_hand(&self, it: Node<'_>, condition: Node<'_>) -> Option<&str> {
        let counter = condition.child_by_field_name("left").filter(|left| {
            condition.kind() == "binary_expression" && left.kind() == "identifier"
        })?;
        let name = self.text(counter);
        let declared = self.declaration_of(name, it)?;
        let begin = self.text(declared.child_by_field_name("right")?);
        let is_number = begin.bytes().all(|byte| byte.is_ascii_digit());
        let body = it.child_by_field_name("body")?;
        let mut changes = self
            .mentions(self.enclosing(it)?, name)
            .into_iter()
            .filter(|node| node.start_byte() > declared.end_byte() && self.is_change(*node));
        let step = changes.next()?.parent()?;
        let block = step.parent()?;
        let in_each_round = block == body || block.parent() == Some(body);
        let alone = changes.next().is_none() && step.kind() == "inc_statement";
        (is_number && in_each_round && alone && !has_continue(body)).then_some(begin)
    }
}

/// Whether a round may be over before its end.
fn has_continue(below: Node<'_>) -> bool {
    for node in all_below(below) {
        if node.kind() == "continue_statement" {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_counts_by_hand_has_its_bound() {
        const FILE: &str = "package p

func f(n int) (out []int) {
	i := 0
	for i < n {
		out = append(out, i)
		i++
	}
	j := 0
	for j < n {
		if j == 3 {
			j++
		}
		out = append(out, j)
		j++
	}
	k := 0
	k = 2
	for k < n {
		out = append(out, k)
		k++
	}
	l := 0
	for l < n {
		if skip(l) {
			continue
		}
		out = append(out, l)
		l++
	}
	return out
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, bound) in [(6, true), (14, false), (20, false), (28, false)] {
            let growth = source.shape(line).unwrap().appends.remove(0);
            assert_eq!(
                growth.bound.is_some_and(|rounds| rounds.starts_with('n')),
                bound,
                "{line}"
            );
        }
    }
}
