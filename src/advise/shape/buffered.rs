//! Says whether a channel has a buffer, as far as this file makes it.

use std::collections::HashMap;

use tree_sitter::Node;

use super::{Source, all_below};

/// By the name of a field, whether every channel that the file gives it has a buffer.
pub(super) type Buffered = HashMap<String, bool>;

impl Source {
    /// Whether the channel that a statement or an expression sends to or receives from is made with a buffer here.
    pub(super) fn is_buffered(&self, node: Node<'_>) -> bool {
        let channel = node.child_by_field_name("channel");
        let channel = channel.or_else(|| node.child_by_field_name("operand"));
        match channel.map(|node| self.text(node).rsplit_once('.').ok_or(self.text(node))) {
            Some(Ok((_, field))) => {
                let all = self.buffered.get_or_init(|| self.buffered_fields());
                all.get(field).copied().unwrap_or(false)
            }
            Some(Err(name)) => {
                let declared = self.declaration_of(name, node);
                let made = declared.and_then(|declared| self.made_there(declared));
                made == Some(true)
            }
            None => false,
        }
    }

    /// What is made for the fields of structs: `T{jobs: make(chan T, n)}` and `s.jobs = make(chan T, n)`.
    fn buffered_fields(&self) -> Buffered {
        let mut found = Buffered::new();
        for node in all_below(self.tree.root_node()) {
            let name = match node.kind() {
                "keyed_element" => node.named_child(0).map(|key| self.text(key)),
                "assignment_statement" => node
                    .child_by_field_name("left")
                    .and_then(|left| Some(self.text(left).rsplit_once('.')?.1)),
                _ => None,
            };
            if let Some((name, buffered)) = name.zip(self.made_there(node)) {
                let all = found.entry(name.to_owned()).or_insert(true);
                *all &= buffered;
            }
        }
        found
    }

    /// Whether the only value of a declaration, an assignment or an element is a channel with a buffer; `None` where it is no
    /// channel that is made there.
    fn made_there(&self, node: Node<'_>) -> Option<bool> {
        let mut value = match node.kind() {
            "keyed_element" => node.named_child(1),
            "var_spec" => node.child_by_field_name("value"),
            _ => node.child_by_field_name("right"),
        }?;
        while matches!(value.kind(), "literal_element" | "expression_list") {
            value = value
                .named_child(0)
                .filter(|_| value.named_child_count() == 1)?;
        }
        let function = value.child_by_field_name("function");
        let arguments = value.child_by_field_name("arguments")?;
        let is_make = function.is_some_and(|name| self.text(name) == "make");
        let is_channel = arguments
            .named_child(0)
            .is_some_and(|node| node.kind() == "channel_type");
        let size = arguments.named_child(1);
        (is_make && is_channel).then(|| size.is_some_and(|size| self.text(size) != "0"))
    }
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

func other() {
	jobs := make(chan int)
	one, two := make(chan int, 4), make(chan int)
	s := &server{later: make(chan item)}
	for {
		jobs <- 1
		two <- 1
		s.unknown <- 1
	}
}
";
        let buffered = |text: &str, line| {
            let source = Source::new(text.into()).unwrap();
            source.shape(line).unwrap().buffered
        };
        let first = FILE.split("\nfunc other").next().unwrap();
        let found = [10, 11, 12, 13, 14, 15].map(|line| buffered(first, line));
        assert_eq!(found, [false, false, true, true, false, true]);
        // Of another function, of several at once; a field that also gets one without a buffer.
        let found = [24, 25, 26, 15].map(|line| buffered(FILE, line));
        assert_eq!(found, [false, false, false, false]);
    }
}
