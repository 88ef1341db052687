//! Decides whether a Go file holds nothing of which a compile of its package could report anything.

use tree_sitter::Node;

use super::function::parse;

/// Whether a file has only types, constants, variables without a value and generic functions: the compiler makes no code of
/// them in this package, so that it prints nothing with `-m`. A file that cannot be parsed may hold anything.
pub(crate) fn is_without_code(source: &[u8]) -> bool {
    let Some(tree) = parse(source) else {
        return false;
    };
    let root = tree.root_node();
    !root.has_error() && root.named_children(&mut root.walk()).all(makes_no_code)
}

fn makes_no_code(node: Node<'_>) -> bool {
    match node.kind() {
        "package_clause" | "import_declaration" | "const_declaration" | "type_declaration"
        | "comment" => true,
        "function_declaration" => {
            let field = |name| node.child_by_field_name(name).is_some();
            field("type_parameters") || !field("body")
        }
        "method_declaration" => {
            let receiver = node.child_by_field_name("receiver");
            receiver.is_some_and(|receiver| holds(receiver, "generic_type"))
        }
        "var_declaration" => !has_value(node),
        _ => false,
    }
}

fn holds(node: Node<'_>, kind: &str) -> bool {
    node.named_children(&mut node.walk())
        .any(|child| child.kind() == kind || holds(child, kind))
}

/// Whether one of the variables of a declaration gets a value.
fn has_value(node: Node<'_>) -> bool {
    match node.kind() {
        "var_spec" => node.child_by_field_name("value").is_some(),
        _ => node.named_children(&mut node.walk()).any(has_value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(text: &str) -> bool {
        is_without_code(format!("// Text.\npackage p\n\n{text}").as_bytes())
    }

    #[test]
    fn what_is_compiled_elsewhere_is_no_code() {
        for text in [
            "",
            "import \"io\"\n\ntype T struct{ io.Reader }\n\nconst C = len(\"abc\")\n",
            "var a, b int\n\nvar (\n\tc string\n)\n",
            "func F[T any]() *T { return new(T) }\n",
            "type L[T any] struct{ t T }\n\nfunc (l *L[T]) Get() *T { return &l.t }\n\nfunc (L[_]) Put() {}\n",
            "func assembly(a int) int\n",
        ] {
            assert!(is(text), "{text}");
        }
        for text in [
            "func F() {}\n",
            "type T int\n\nfunc (t *T) M() {}\n",
            "var x = new(int)\n",
            "var (\n\ta int\n\tb = f()\n)\n",
            "func F[T any]() {}\n\nfunc G() { F[int]() }\n",
            "var x interface{} = struct{}{}\n",
            "func (",
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
