//! Says whether a channel has a buffer, as far as this file makes it.

use tree_sitter::Node;

use super::{Source, all_below};

impl Source {
    /// Whether the channel that a statement or an expression sends to or receives from is made with a buffer here.
    pub(super) fn is_buffered(&self, node: Node<'_>) -> bool {
        let channel = node.child_by_field_name("channel");
        let channel = channel.or_else(|| node.child_by_field_name("operand"));
        let Some(name) = channel.map(|it| last_name(self.text(it))) else {
            return false;
        };
        all_below(self.tree.root_node())
            .filter(|it| self.makes_buffer(*it))
            .any(|it| self.named_by(it).is_some_and(|other| other == name))
    }

    /// `make(chan T, n)`, but for 0.
    fn makes_buffer(&self, node: Node<'_>) -> bool {
        let field = |name| node.child_by_field_name(name);
        let is_make = field("function").is_some_and(|it| self.text(it) == "make");
        let Some(arguments) = field("arguments").filter(|_| is_make) else {
            return false;
        };
        let is_channel = |it: Node<'_>| it.kind() == "channel_type";
        arguments.named_child(0).is_some_and(is_channel)
            && arguments
                .named_child(1)
                .is_some_and(|it| self.text(it) != "0")
    }

    /// The last name of the variable or the field that gets a value.
    fn named_by(&self, value: Node<'_>) -> Option<&str> {
        let mut at = value.parent()?;
        while matches!(at.kind(), "literal_element" | "expression_list") {
            at = at.parent()?;
        }
        let name = match at.kind() {
            "keyed_element" => at.named_child(0),
            "short_var_declaration" | "assignment_statement" => at.child_by_field_name("left"),
            "var_spec" => at.child_by_field_name("name"),
            _ => None,
        };
        name.map(|it| last_name(self.text(it)))
    }
}

/// What stands behind the last dot.
fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_with_a_buffer_is_known_by_where_it_is_made() {
        const FILE: &str = "package p

func start() *server {
	free := make(chan int)
	none := make(chan int, 0)
	jobs := make(chan int, 4)
	s := &server{queue: make(chan item, size), done: make(chan bool)}
	s.later = make(chan item, 1)
	for {
		free <- 1
		none <- 1
		jobs <- 1
		s.queue <- item{}
		<-s.done
		<-s.later
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        let buffered = |line| source.shape(line).unwrap().buffered;
        let found = [10, 11, 12, 13, 14, 15].map(buffered);
        assert_eq!(found, [false, false, true, true, false, true]);
    }
}
