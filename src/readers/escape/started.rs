//! Finds what a Go file starts as goroutines: names only, since types are not known here.

use tree_sitter::Node;

use super::function::{parse, text};

/// What a `go` statement starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Started {
    /// A function literal that begins in this line, also one that is handed to a method `Go` (errgroup, sync.WaitGroup).
    Literal(u32),
    /// A function of the package.
    Function(String),
    /// A method of some type, or a function of the package with this import path, if it is one.
    Selected {
        /// The import path where the operand names an import of the file.
        package: Option<String>,
        /// What is called.
        name: String,
    },
}

/// What the file starts. A file that does not parse gives what can be read of it.
pub fn started(source: &[u8]) -> Vec<Started> {
    let Some(tree) = parse(source) else {
        return Vec::new();
    };
    let root = tree.root_node();
    let imports = imports(root, source);
    let mut found = Vec::new();
    let mut stack = vec![root];
    while let Some(node) = stack.pop() {
        match node.kind() {
            "go_statement" => {
                let call = node.named_child(0);
                // With type arguments a call looks like a conversion.
                let field = |name| call.and_then(|node| node.child_by_field_name(name));
                let callee = field("function").or_else(|| field("type"));
                found.extend(callee.and_then(|node| callee_of(node, source, &imports)));
            }
            "call_expression" => found.extend(handed(node, source)),
            _ => {}
        }
        stack.extend(node.named_children(&mut node.walk()));
    }
    found.sort();
    found.dedup();
    found
}

fn callee_of(callee: Node, source: &[u8], imports: &[(String, String)]) -> Option<Started> {
    let field = |name: &str| callee.child_by_field_name(name);
    let selected = |operand: Node, name: Node| {
        let operand = text(operand, source);
        let import = imports.iter().find(|import| import.0 == operand);
        Started::Selected {
            package: import.map(|import| import.1.clone()),
            name: text(name, source),
        }
    };
    match callee.kind() {
        "func_literal" => Some(Started::Literal(line(callee))),
        "identifier" | "type_identifier" => Some(Started::Function(text(callee, source))),
        "selector_expression" => Some(selected(field("operand")?, field("field")?)),
        "qualified_type" => Some(selected(field("package")?, field("name")?)),
        "generic_type" => callee_of(field("type")?, source, imports),
        "index_expression" => callee_of(field("operand")?, source, imports),
        "parenthesized_expression" | "type_instantiation_expression" => {
            callee_of(callee.named_child(0)?, source, imports)
        }
        _ => None,
    }
}

/// The literals in `group.Go(func() { ... })`.
fn handed(call: Node, source: &[u8]) -> Vec<Started> {
    let field = call
        .child_by_field_name("function")
        .filter(|node| node.kind() == "selector_expression")
        .and_then(|node| node.child_by_field_name("field"));
    if field.is_none_or(|node| text(node, source) != "Go") {
        return Vec::new();
    }
    let Some(arguments) = call.child_by_field_name("arguments") else {
        return Vec::new();
    };
    arguments
        .named_children(&mut arguments.walk())
        .filter(|node| node.kind() == "func_literal")
        .map(|node| Started::Literal(line(node)))
        .collect()
}

fn line(node: Node) -> u32 {
    u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX)
}

/// Names and paths. Without a name of its own a package has that of its last element, major versions aside.
fn imports(root: Node, source: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut stack: Vec<Node> = root
        .named_children(&mut root.walk())
        .filter(|node| node.kind() == "import_declaration")
        .collect();
    while let Some(node) = stack.pop() {
        if node.kind() != "import_spec" {
            stack.extend(node.named_children(&mut node.walk()));
            continue;
        }
        let Some(path) = node.child_by_field_name("path") else {
            continue;
        };
        let path = text(path, source).trim_matches(['"', '`']).to_owned();
        let name = match node.child_by_field_name("name") {
            Some(name) => text(name, source),
            None => last_element(&path).to_owned(),
        };
        found.push((name, path));
    }
    found
}

fn last_element(path: &str) -> &str {
    let mut elements = path.rsplit('/');
    let last = elements.next().unwrap_or_default();
    let is_version = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    match elements.next() {
        Some(before) if is_version => before,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_start_is_seen() {
        let found = started(
            b"package p

import (
\t\"example.com/a/worker\"
\tq \"example.com/queue/v2\"
)

func f(g *Group, s *Server) {
\tgo loop(1)
\tgo s.run()
\tgo worker.Start(2)
\tgo q.Drain[int](3)
\tgo func() {
\t\tgo inner()
\t}()
\tg.Go(func() error { return nil })
\tloop(2)
\tdefer func() {}()
}
",
        );
        let name = |package: Option<&str>, name: &str| Started::Selected {
            package: package.map(str::to_owned),
            name: name.into(),
        };
        assert_eq!(
            found,
            [
                Started::Literal(13),
                Started::Literal(16),
                Started::Function("inner".into()),
                Started::Function("loop".into()),
                name(None, "run"),
                name(Some("example.com/a/worker"), "Start"),
                name(Some("example.com/queue/v2"), "Drain"),
            ]
        );
        assert_eq!(started(b"\0\x01go go go"), []);
    }
}
