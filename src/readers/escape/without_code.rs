//! Decides whether a Go file holds nothing of which a compile of its package could report anything.

use tree_sitter::Node;

use super::function::parse;

/// Whether a file has only types, constants, variables without a value and generic functions: the compiler makes no code of
/// them in this package, so that it prints nothing with `-m`. An instance of a generic type, and a field that is embedded,
/// bring methods with them. A file that cannot be parsed may hold anything.
pub fn is_without_code(source: &[u8]) -> bool {
    let Some(tree) = parse(source) else {
        return false;
    };
    let root = tree.root_node();
    !root.has_error() && root.named_children(&mut root.walk()).all(makes_no_code)
}

fn makes_no_code(node: Node<'_>) -> bool {
    let has = |name| node.child_by_field_name(name).is_some();
    match node.kind() {
        "package_clause" | "import_declaration" | "const_declaration" | "comment" => true,
        "function_declaration" if has("type_parameters") => true,
        "function_declaration" => !has("body") && !brings_methods(node),
        "method_declaration" => {
            let receiver = node.child_by_field_name("receiver");
            receiver.is_some_and(|receiver| any_below(receiver, |of| of.kind() == "generic_type"))
        }
        "type_declaration" => {
            let mut cursor = node.walk();
            let mut types = node.named_children(&mut cursor);
            types.all(|of| {
                of.child_by_field_name("type_parameters").is_some() || !brings_methods(of)
            })
        }
        "var_declaration" => {
            let is_set =
                |of: Node<'_>| of.kind() == "var_spec" && of.child_by_field_name("value").is_some();
            !any_below(node, is_set) && !brings_methods(node)
        }
        _ => false,
    }
}

/// Whether an instance of a generic type, or an embedded field, stands below a node.
fn brings_methods(node: Node<'_>) -> bool {
    any_below(node, |of| match of.kind() {
        "generic_type" => true,
        "field_declaration" => of.child_by_field_name("name").is_none(),
        _ => false,
    })
}

fn any_below(node: Node<'_>, is: impl Fn(Node<'_>) -> bool) -> bool {
    let mut stack = vec![node];
    while let Some(of) = stack.pop() {
        if is(of) {
            return true;
        }
        stack.extend(of.named_children(&mut of.walk()));
    }
    false
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
            "import \"io\"\n\ntype T struct{ r io.Reader }\n\nconst C = len(\"abc\")\n",
            "var a, b int\n\nvar (\n\tc string\n)\n",
            "func F[T any]() *T { return new(T) }\n",
            "type L[T any] struct{ t T }\n\nfunc (l *L[T]) Get() *T { return &l.t }\n\nfunc (L[_]) Put() {}\n",
            "type L[T any] struct{ of M[T] }\n",
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
            "type I struct{ q.L[int] }\n",
            "type I struct{ l q.L[int] }\n",
            "type J = q.L[string]\n",
            "var X q.L[float64]\n",
            "type T struct{ bytes.Buffer }\n",
            "type T struct{ *bytes.Buffer }\n",
            "func (",
        ] {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn depth_is_no_trouble() {
        let deep = format!(
            "func ({}t T{}) M()\n",
            "(".repeat(30_000),
            ")".repeat(30_000)
        );
        assert!(!is(&deep));
    }
}
