//! Finds the functions of a Go file.

use tree_sitter::{Node, Parser, Tree};

/// A declaration that code runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// `name`, `T.name` or `(*T).name`, without type parameters; `var name` for the initial value of a package variable.
    pub name: String,
    /// Counted from 1.
    pub start_line: u32,
    /// Counted from 1, included.
    pub end_line: u32,
    /// Whether it has type parameters, of its own or of its receiver: code comes of it only where it is instantiated.
    pub generic: bool,
}

/// The functions, methods and package variables of a file, in its order. A file that does not parse gives what can be read
/// of it.
pub fn functions(source: &[u8]) -> Vec<Function> {
    parse(source)
        .map(|tree| declared(&tree, source))
        .unwrap_or_default()
}

pub(super) fn parse(source: &[u8]) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
    parser.parse(source, None)
}

pub(super) fn declared(tree: &Tree, source: &[u8]) -> Vec<Function> {
    let root = tree.root_node();
    let mut found = Vec::new();
    for node in root.named_children(&mut root.walk()) {
        match node.kind() {
            "var_declaration" => variables(node, source, &mut found),
            _ => found.extend(declaration(node, source)),
        }
    }
    found
}

/// The function or the method that a node declares.
pub(super) fn declaration(node: Node, source: &[u8]) -> Option<Function> {
    let name = name(node, source);
    match node.kind() {
        "function_declaration" => {
            let generic = node.child_by_field_name("type_parameters").is_some();
            function(node, name, generic)
        }
        "method_declaration" => {
            let (receiver, generic) = receiver(node, source);
            function(node, name.map(|name| format!("{receiver}.{name}")), generic)
        }
        _ => None,
    }
}

fn function(node: Node, name: Option<String>, generic: bool) -> Option<Function> {
    let line = |row: usize| u32::try_from(row + 1).unwrap_or(u32::MAX);
    Some(Function {
        name: name?,
        start_line: line(node.start_position().row),
        end_line: line(node.end_position().row),
        generic,
    })
}

fn name(node: Node, source: &[u8]) -> Option<String> {
    node.child_by_field_name("name")
        .map(|node| text(node, source))
}

pub(super) fn text(node: Node, source: &[u8]) -> String {
    String::from_utf8_lossy(source.get(node.byte_range()).unwrap_or_default()).into_owned()
}

/// `T` or `(*T)`, and whether it is generic.
fn receiver(method: Node, source: &[u8]) -> (String, bool) {
    let mut generic = false;
    let Some(list) = method.child_by_field_name("receiver") else {
        return (String::new(), generic);
    };
    let declared = list
        .named_children(&mut list.walk())
        .find_map(|node| node.child_by_field_name("type"));
    let (mut node, mut pointer) = (declared, false);
    while let Some(it) = node {
        match it.kind() {
            "pointer_type" => pointer = true,
            "generic_type" => {
                generic = true;
                node = it.child_by_field_name("type");
                continue;
            }
            "parenthesized_type" => {}
            _ => {
                let name = text(it, source);
                let name = if pointer { format!("(*{name})") } else { name };
                return (name, generic);
            }
        }
        node = it.named_child(0);
    }
    (String::new(), generic)
}

/// `var a = ...` and `var ( a = ...; b = ... )`.
fn variables(node: Node, source: &[u8], found: &mut Vec<Function>) {
    for child in node.named_children(&mut node.walk()) {
        match child.kind() {
            "var_spec" => {
                let name = name(child, source).map(|name| format!("var {name}"));
                found.extend(function(child, name, false));
            }
            "var_spec_list" => variables(child, source, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> String {
        let shown = |function: &Function| {
            format!(
                "{} {}-{}",
                function.name, function.start_line, function.end_line
            )
        };
        functions(source.as_bytes())
            .iter()
            .map(shown)
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn declarations_have_their_receivers_and_lines() {
        insta::assert_snapshot!(check("package p

// F has a comment.
func F() { go func() {}() }
func Map[T, U any](in []T) []U {
\treturn nil
}
func (b *Box[T]) Get() T { return b.v }
func (Box[T]) Name() {}
func (t (*T)) Odd() {}
var a, b = 1, &T{}
var (
\tc = 1
\td = func() {
\t}
)
type X struct{}
"), @"F 4-4, Map 5-7, (*Box).Get 8-8, Box.Name 9-9, (*T).Odd 10-10, var a 11-11, var c 13-13, var d 14-15");
    }

    #[test]
    fn a_file_that_does_not_parse_gives_what_it_can() {
        insta::assert_snapshot!(check("package p\nfunc f() {}\nfunc ( {\nfunc g() {}\n"), @"f 2-2");
        insta::assert_snapshot!(check("\u{0}\u{1}}}}"), @"");
    }
}
