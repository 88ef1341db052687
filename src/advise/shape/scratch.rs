//! Finds maps and slices that are made anew in each round of a loop and leave nothing behind.

use tree_sitter::Node;

use super::filled::literal_around;
use super::{Source, is_within, loops, row};

/// Something that is made in each round of a loop, filled there, and looked at by that round alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scratch {
    /// The variable.
    pub(crate) name: String,
    /// A map; else a slice.
    pub(crate) is_map: bool,
    /// The line on which the loop begins.
    pub(crate) looped_on: i64,
}

/// Functions that have read what they are given when they return. A writer must not keep it, either (io.Writer).
const KEEPS_NOTHING: &[&str] = &[
    "len",
    "cap",
    "delete",
    "clear",
    "copy",
    "string",
    "strings.Join",
    "bytes.Join",
    "sort.Strings",
    "sort.Ints",
    "slices.Sort",
];

impl Source {
    /// The map or the slice that a name stands for, where each round of a loop makes it anew, and nobody else gets it.
    pub(super) fn scratch(&self, name: Node<'_>) -> Option<Scratch> {
        let text = self.text(name);
        let function = self.enclosing(name)?;
        let about = self.about_function(function);
        if name.kind() != "identifier" || about.repeated.iter().any(|repeated| repeated == text) {
            return None;
        }
        let mentions = self.mentions(function, text);
        let first = *mentions.first()?;
        let declared = match self.declaration_of(text, *mentions.get(1)?) {
            Some(node) if is_within(first, node) => node,
            _ => return None,
        };
        let around = loops(declared);
        let inner = around.first()?;
        let is_map = match (
            self.is_empty(declared, text, "map"),
            self.is_empty(declared, text, "slice"),
        ) {
            (true, _) => true,
            (_, true) => false,
            _ => return None,
        };
        let is_own = |node: &Node<'_>| {
            is_within(*node, *inner)
                && literal_around(*node) == literal_around(declared)
                && self.is_of_round(*node)
        };
        let all = mentions[1..].iter().all(is_own);
        all.then(|| Scratch {
            name: text.to_owned(),
            is_map,
            looped_on: row(inner.start_position()),
        })
    }

    /// Whether a mention fills or reads a map or a slice, and gives nobody the whole.
    fn is_of_round(&self, name: Node<'_>) -> bool {
        let Some(parent) = name.parent() else {
            return false;
        };
        match parent.kind() {
            "index_expression" => {
                parent.child_by_field_name("operand") == Some(name) && !self.gives_address(parent)
            }
            // `append(all, xs...)` copies them.
            "variadic_argument" => {
                let call = parent.parent().and_then(|list| list.parent());
                let callee = call.and_then(|call| call.child_by_field_name("function"));
                callee.is_some_and(|callee| self.text(callee) == "append")
            }
            "range_clause" => parent.child_by_field_name("right") == Some(name),
            "argument_list" => {
                let call = parent.parent();
                let callee = call.and_then(|call| call.child_by_field_name("function"));
                let callee = callee.map_or("", |callee| self.text(callee));
                let is_first = parent.named_child(0) == Some(name);
                match callee {
                    "append" => {
                        is_first
                            && call.is_some_and(|call| self.is_stored_in(self.text(name), call))
                    }
                    callee => KEEPS_NOTHING.contains(&callee) || callee.ends_with(".Write"),
                }
            }
            // `xs = append(xs, x)`
            "expression_list" => {
                let statement = parent.parent();
                let right = statement
                    .filter(|node| node.kind() == "assignment_statement")
                    .filter(|node| node.child_by_field_name("left") == Some(parent))
                    .and_then(|node| node.child_by_field_name("right"));
                let begin = format!("append({},", self.text(name));
                right.is_some_and(|right| self.text(right).replace(' ', "").starts_with(&begin))
            }
            _ => false,
        }
    }

    /// Whether the address of an element, or of a part of it, may get away: `&xs[i].f`, or a method of it, which may take the address.
    /// What stands in an element may go anywhere.
    fn gives_address(&self, element: Node<'_>) -> bool {
        let mut at = element;
        while let Some(outer) = at.parent().filter(|outer| {
            matches!(outer.kind(), "selector_expression" | "index_expression")
                && outer.child_by_field_name("operand") == Some(at)
        }) {
            at = outer;
        }
        let Some(outer) = at.parent() else {
            return false;
        };
        let takes = outer.kind() == "unary_expression" && self.text(outer).starts_with('&');
        let is_called = outer.child_by_field_name("function") == Some(at);
        takes || is_called && at != element
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_round_fills_and_reads_is_scratch() {
        const FILE: &str = "package p

func places(all []Stack) {
	for i, stack := range all {
		seen := map[int]bool{}
		kept := map[int]bool{}
		var own []int
		given := []int{}
		for j, source := range stack.sources {
			if seen[source] {
				continue
			}
			seen[source] = true
			kept[source] = true
			own = append(own, j)
			given = append(given, j)
		}
		all[i].kept = kept
		for _, j := range own {
			use(j, len(seen))
		}
		use(given)
	}
	once := map[int]bool{}
	for _, stack := range all {
		once[stack.id] = true
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        let scratch = |line| source.shape(line).unwrap().scratch;
        let seen = scratch(13).unwrap();
        assert_eq!(
            (seen.name.as_str(), seen.is_map, seen.looped_on),
            ("seen", true, 4)
        );
        assert_eq!(scratch(5).unwrap().name, "seen");
        let own = scratch(15).unwrap();
        assert_eq!((own.name.as_str(), own.is_map), ("own", false));
        for line in [6, 14, 8, 16, 26] {
            assert_eq!(scratch(line), None, "{line}");
        }
    }

    #[test]
    fn what_nobody_keeps_is_scratch_and_what_may_be_kept_is_none() {
        const FILE: &str = "package p

func rows(all []Stack, w io.Writer) {
	for _, stack := range all {
		var parts []string
		var points []Point
		var copied []byte
		var counters []Counter
		var written []byte
		for j := range stack.sources {
			parts = append(parts, name(j))
			points = append(points, Point{j})
			copied = append(copied, 'x')
			counters = append(counters, Counter{})
			written = append(written, 'x')
		}
		line := strings.Join(parts, sep)
		use(&points[0].x)
		text = append(text, copied...)
		counters[0].Start()
		w.Write(written)
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, is_scratch) in [(11, true), (12, false), (13, true), (14, false), (15, true)] {
            let found = source.shape(line).unwrap().scratch;
            assert_eq!(found.is_some(), is_scratch, "{line}");
        }
    }
}
