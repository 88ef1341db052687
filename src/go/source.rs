//! The bytes of a Go file in, its package variables out: what `-X` of the linker can set.

use tree_sitter::{Node, Parser};

/// A package variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether `-X` works on it.
    pub settable: Settable,
}

/// Whether the linker can set a variable: it has to be a string without a value, or with a constant
/// one (`cmd/link`, flag -X).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settable {
    /// Yes.
    Yes,
    /// It has another type.
    NoString,
    /// Its initial value is computed when the program starts, after the linker's.
    Computed,
    /// It is a constant.
    Constant,
}

/// The package variables and constants of a file. A file that does not parse gives what can be read of it.
pub fn variables(source: &[u8]) -> Vec<Variable> {
    let mut parser = Parser::new();
    if parser
        .set_language(&tree_sitter_go::LANGUAGE.into())
        .is_err()
    {
        return Vec::new();
    }
    let Some(tree) = parser.parse(source, None) else {
        return Vec::new();
    };
    let root = tree.root_node();
    let mut found = Vec::new();
    for node in root.named_children(&mut root.walk()) {
        if matches!(node.kind(), "var_declaration" | "const_declaration") {
            specs(node, source, &mut found);
        }
    }
    found
}

fn specs(node: Node<'_>, source: &[u8], found: &mut Vec<Variable>) {
    for child in node.named_children(&mut node.walk()) {
        match child.kind() {
            "var_spec" | "const_spec" => spec(child, source, found),
            "var_spec_list" => specs(child, source, found),
            _ => {}
        }
    }
}

fn spec(node: Node<'_>, source: &[u8], found: &mut Vec<Variable>) {
    let names: Vec<Node<'_>> = node
        .children_by_field_name("name", &mut node.walk())
        .collect();
    let values: Vec<Node<'_>> = match node.child_by_field_name("value") {
        Some(list) => list.named_children(&mut list.walk()).collect(),
        None => Vec::new(),
    };
    let declared = node.child_by_field_name("type").map(|it| text(it, source));
    for (index, name) in names.iter().enumerate() {
        let settable = if node.kind() == "const_spec" {
            Settable::Constant
        } else {
            judge(
                declared.as_deref(),
                values.get(index).copied(),
                values.len() == names.len(),
            )
        };
        found.push(Variable {
            name: text(*name, source),
            settable,
        });
    }
}

fn judge(declared: Option<&str>, value: Option<Node<'_>>, one_each: bool) -> Settable {
    // A named type may be a string: the linker decides.
    const OTHERS: &[&str] = &[
        "bool",
        "byte",
        "rune",
        "error",
        "any",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "uintptr",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ];
    if declared.is_some_and(|it| {
        OTHERS.contains(&it)
            || it.starts_with(['*', '[', '('])
            || it.starts_with("map[")
            || it.starts_with("func")
            || it.starts_with("chan ")
    }) {
        return Settable::NoString;
    }
    match value {
        None => Settable::Yes,
        Some(_) if !one_each => Settable::Computed,
        Some(value) => judge_value(value),
    }
}

fn judge_value(value: Node<'_>) -> Settable {
    match value.kind() {
        "int_literal" | "float_literal" | "imaginary_literal" | "rune_literal" | "true"
        | "false" | "nil" | "composite_literal" | "func_literal" => Settable::NoString,
        "call_expression"
        | "index_expression"
        | "slice_expression"
        | "type_assertion_expression" => Settable::Computed,
        // Literals, constants by name, and sums of those.
        _ => Settable::Yes,
    }
}

fn text(node: Node<'_>, source: &[u8]) -> String {
    String::from_utf8_lossy(source.get(node.byte_range()).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_linker_can_set_is_known() {
        let source = br#"package main
var version string
var (
	commit, date = "none", "unknown"
	count = 1
	built = time.Now().String()
	names []string
)
const fixed = "x"
func f() { var local string }
"#;
        let found: Vec<String> = variables(source)
            .iter()
            .map(|it| format!("{} {:?}", it.name, it.settable))
            .collect();
        assert_eq!(
            found,
            [
                "version Yes",
                "commit Yes",
                "date Yes",
                "count NoString",
                "built Computed",
                "names NoString",
                "fixed Constant"
            ]
        );
    }
}
