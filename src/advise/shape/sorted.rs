//! What is handed to sort.Sort: a slice, or something that only its methods know.

use tree_sitter::Node;

use super::{Source, all_below};

impl Source {
    /// The type of the argument of sort.Sort or sort.Stable: of a conversion `byName(xs)`, of `x` that is declared in the
    /// function. `None` where that is not shown, or where it is turned around.
    pub(super) fn sorted(&self, callee: &str, given: &[Node<'_>]) -> Option<String> {
        let argument = given
            .first()
            .filter(|_| matches!(callee, "sort.Sort" | "sort.Stable"))?;
        self.type_sorted(*argument, 0)
    }

    fn type_sorted(&self, value: Node<'_>, depth: u8) -> Option<String> {
        let part = |name| value.child_by_field_name(name);
        match value.kind() {
            "call_expression" if self.text(part("function")?) == "sort.Reverse" => {
                let arguments = part("arguments")?;
                self.type_sorted(arguments.named_child(0)?, depth)
            }
            // Of a function the type of the result is not known: then no type has its name.
            "call_expression" => Some(self.text(part("function")?).to_owned()),
            "type_conversion_expression" | "composite_literal" => {
                Some(self.text(part("type")?).to_owned())
            }
            "parenthesized_expression" => self.type_sorted(value.named_child(0)?, depth),
            "unary_expression" => self.type_sorted(part("operand")?, depth),
            "identifier" if depth == 0 => {
                let declared = self.declaration_of(self.text(value), value)?;
                if let Some(of) = declared.child_by_field_name("type") {
                    return Some(self.text(of).trim_start_matches('*').to_owned());
                }
                let side = |name| declared.child_by_field_name(name);
                let right = side("right").or_else(|| side("value"))?;
                let is_one = right.named_child_count() == 1;
                self.type_sorted(right.named_child(0).filter(|_| is_one)?, 1)
            }
            _ => None,
        }
    }

    /// Whether a type is a slice: by its declaration in this file, or one of package sort.
    pub(crate) fn is_slice_type(&self, name: &str) -> bool {
        if matches!(
            name,
            "sort.StringSlice" | "sort.IntSlice" | "sort.Float64Slice"
        ) {
            return true;
        }
        for node in all_below(self.tree.root_node()) {
            let part = |field| node.child_by_field_name(field);
            if let ("type_spec", Some(called), Some(of)) = (node.kind(), part("name"), part("type"))
                && self.text(called) == name
            {
                return of.kind() == "slice_type";
            }
        }
        false
    }
}
