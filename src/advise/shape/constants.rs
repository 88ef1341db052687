//! Which expressions the compiler knows the value of, as far as one file shows.

use tree_sitter::Node;

use super::{Literals, Source, all_below};

impl Source {
    /// Which of the arguments of a call have a value that the compiler knows.
    pub(super) fn literals(&self, given: &[Node<'_>]) -> Literals {
        match given
            .iter()
            .take_while(|node| self.is_known(**node))
            .count()
        {
            0 => Literals::None,
            count if count == given.len() => Literals::All,
            _ => Literals::First,
        }
    }

    /// A literal, a constant of this file, and what is put together of these.
    pub(super) fn is_known(&self, node: Node<'_>) -> bool {
        match node.kind() {
            "composite_literal" | "func_literal" => false,
            "true" | "false" | "nil" | "iota" => true,
            "identifier" => self.is_constant_of_file(node),
            "parenthesized_expression" | "binary_expression" => {
                let mut cursor = node.walk();
                node.named_children(&mut cursor)
                    .all(|part| self.is_known(part))
            }
            "unary_expression" => {
                let operand = node.child_by_field_name("operand");
                !self.text(node).starts_with(['&', '<'])
                    && operand.is_some_and(|value| self.is_known(value))
            }
            kind => kind.ends_with("_literal"),
        }
    }

    fn is_constant_of_file(&self, name: Node<'_>) -> bool {
        let text = self.text(name);
        // A variable of the function hides the constant.
        if self.declaration_of(text, name).is_some() {
            return false;
        }
        let declares = |node: &Node<'_>| {
            let mut cursor = node.walk();
            let mut names = node.children_by_field_name("name", &mut cursor);
            names.any(|name| self.text(name) == text)
        };
        for node in all_below(self.tree.root_node()) {
            if node.kind() == "const_spec" && declares(&node) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_that_are_joined_are_literals() {
        const FILE: &str = "package p

const host = `[a-z]+`

func f(text string) {
	a(`^` + host + `$`)
	b(host, text)
	c(`^` + text)
	d((host))
	e(-1, !true)
	g(other)
	{
		host := text
		h(host)
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, literals) in [
            (6, Literals::All),
            (7, Literals::First),
            (8, Literals::None),
            (9, Literals::All),
            (10, Literals::All),
            (11, Literals::None),
            (14, Literals::None),
        ] {
            assert_eq!(source.shape(line).unwrap().calls[0].1, literals, "{line}");
        }
    }
}
