//! Finds variables and arrays that are on the heap because of branches, and copies of what stands behind a pointer.

use tree_sitter::Node;

use super::{Source, is_within, row};

/// A variable that is on the heap because of branches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InBranch {
    /// The variable.
    pub(crate) name: String,
    /// The lines of the branches that take its address, or whose function literals use it.
    pub(crate) lines: Vec<i64>,
    /// A function literal uses it; else its address is taken.
    pub(crate) captured: bool,
}

/// An array that only branches need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArrayForBranches {
    /// The variable.
    pub(crate) name: String,
    /// A slice with as much room: `make([]byte, 0, 128)`.
    pub(crate) made: String,
    /// The lines of the branches that make a slice of it.
    pub(crate) lines: Vec<i64>,
}

impl Source {
    /// Variables whose address the function takes in branches alone, deeper than where they are declared, and hands on there:
    /// a copy made in each would leave the variable on the stack. With the lines.
    pub(super) fn in_branch(&self, function: Node<'_>) -> Vec<InBranch> {
        let mut found: Vec<(InBranch, bool)> = Vec::new();
        let mut stack = vec![function];
        while let Some(node) = stack.pop() {
            if node.kind() == "func_literal" {
                for name in self.names(node) {
                    let rare = self.is_branch(node, &name);
                    let captures = self.declaration_of(&name, node).is_some();
                    note(
                        &mut found,
                        &name,
                        row(node.start_position()),
                        (rare, captures),
                    );
                }
                continue;
            }
            stack.extend(node.named_children(&mut node.walk()));
            let takes = node.kind() == "unary_expression";
            let Some(name) = self.addressed(node).filter(|_| takes) else {
                continue;
            };
            let rare =
                self.is_branch(node, name) && self.is_handed_on(node) && !is_plainly_returned(node);
            note(&mut found, name, row(node.start_position()), (rare, false));
        }
        let rare = found.into_iter().filter(|entry| entry.1);
        rare.map(|entry| entry.0).collect()
    }

    /// What a statement copies from behind a pointer that the function is given, `x := p.f.g`, where nothing sets `x` afterwards:
    /// the name of the copy, and where it comes from.
    pub(super) fn copied_from_pointer(&self, statement: Node<'_>) -> Option<(String, String)> {
        let side = |name| {
            let list = statement.child_by_field_name(name)?;
            list.named_child(0)
                .filter(|_| list.named_child_count() == 1)
        };
        let (left, right) = (side("left")?, side("right")?);
        let mut root = right;
        while root.kind() == "selector_expression" {
            root = root.child_by_field_name("operand")?;
        }
        if right.kind() != "selector_expression" || root.kind() != "identifier" {
            return None;
        }
        let declared = self.declaration_of(self.text(root), statement)?;
        let is_pointer = declared.kind() == "parameter_declaration"
            && declared
                .child_by_field_name("type")
                .is_some_and(|of| of.kind() == "pointer_type");
        let function = self.enclosing(statement)?;
        let mut others = self.mentions(function, self.text(left)).into_iter();
        let is_set = others.any(|node| node != left && self.is_change(node));
        let names = || (self.text(left).to_owned(), self.text(right).to_owned());
        (is_pointer && !is_set).then(names)
    }

    /// The array that a statement declares, `var x [128]byte`, where all its slices are made in branches: with their lines.
    pub(super) fn array_for_branches(&self, spec: Node<'_>) -> Option<ArrayForBranches> {
        let of = spec.child_by_field_name("type")?;
        let name = spec.child_by_field_name("name")?;
        if of.kind() != "array_type" || spec.child_by_field_name("value").is_some() {
            return None;
        }
        let function = self.enclosing(spec)?;
        let text = self.text(name);
        let about = self.about_function(function);
        if about.repeated.iter().any(|repeated| repeated == text) {
            return None;
        }
        let mut lines = Vec::new();
        for node in self.mentions(function, text) {
            if node == name {
                continue;
            }
            let slice = node
                .parent()
                .filter(|node| node.kind() == "slice_expression")?;
            if !self.is_branch(slice, text) {
                return None;
            }
            lines.push(row(node.start_position()));
        }
        lines.dedup();
        let part = |field| of.child_by_field_name(field).map(|node| self.text(node));
        let (length, element) = (part("length")?, part("element")?);
        (!lines.is_empty()).then(|| ArrayForBranches {
            name: text.to_owned(),
            made: format!("make([]{element}, 0, {length})"),
            lines,
        })
    }

    /// Whether a condition stands between the declaration of a name and a node that is no loop: not every run gets there.
    pub(super) fn is_branch(&self, node: Node<'_>, name: &str) -> bool {
        let Some(declared) = self.declaration_of(name, node) else {
            return false;
        };
        let mut at = node;
        while let Some(parent) = at.parent() {
            if is_within(declared, parent) {
                return false;
            }
            let branch = match parent.kind() {
                // What stands in front of the block runs each time: `if v := f(); v.bad {`.
                "block" => parent
                    .parent()
                    .is_some_and(|outer| outer.kind() == "if_statement"),
                "expression_case" | "type_case" | "default_case" => true,
                "func_literal" => return false,
                _ => false,
            };
            if branch {
                return true;
            }
            at = parent;
        }
        false
    }
}

/// Notes that the address of a name is taken, and whether that is rare.
fn note(found: &mut Vec<(InBranch, bool)>, name: &str, line: i64, (rare, captures): (bool, bool)) {
    match found.iter_mut().find(|entry| entry.0.name == name) {
        Some((known, all_rare)) => {
            *all_rare &= rare;
            known.captured |= captures;
            known.lines.push(line);
            known.lines.sort_unstable();
            known.lines.dedup();
        }
        None => {
            let first = InBranch {
                name: name.to_owned(),
                lines: vec![line],
                captured: captures,
            };
            found.push((first, rare));
        }
    }
}

/// `return &v`, and not `return T{f: &v}`: the branch may be what the function is for.
fn is_plainly_returned(address: Node<'_>) -> bool {
    let mut at = address;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "expression_list" | "parenthesized_expression" => at = parent,
            "return_statement" => return true,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_that_only_branches_slice_is_theirs() {
        const FILE: &str = "package p

func deliver(all []Sub) {
	var rare [128]byte
	var usual [64]byte
	name := usual[:0]
	for _, sub := range all {
		if sub.mapped {
			send(append(rare[:0], sub.to...))
		}
		send(name)
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        let array = |line| source.shape(line).unwrap().array_for_branches;
        let rare = array(4).unwrap();
        assert_eq!((rare.name.as_str(), rare.lines), ("rare", vec![9]));
        assert_eq!(rare.made, "make([]byte, 0, 128)");
        assert_eq!(array(5), None);
    }
}
