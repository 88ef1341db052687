//! Decides whether a function literal captures anything.
//!
//! The compiler reports every literal that escapes. One that captures nothing is a constant of the program: no allocation.

use std::collections::HashSet;

use tree_sitter::{Node, Tree, TreeCursor};

/// Whether the literal at a position, line from 1 and column in bytes from 1, certainly captures no variable.
///
/// Names decide, not types: a name declared anywhere in the function around the literal counts as captured where the literal
/// uses it. A literal in generic code may capture the dictionary of its types.
pub(super) fn captures_nothing(tree: &Tree, source: &[u8], line: u32, column: u32) -> bool {
    let Some(literal) = literal(tree, line, column) else {
        return false;
    };
    let mut around = literal;
    while let Some(parent) = around.parent().filter(|node| node.parent().is_some()) {
        around = parent;
    }
    if is_generic(around) {
        return false;
    }
    let mut declared = declared_around(around, literal, source);
    let lists = ["parameters", "result"].map(|text| literal.child_by_field_name(text));
    for list in lists.into_iter().flatten() {
        for parameter in list.named_children(&mut list.walk()) {
            names(parameter, |node| {
                declared.remove(&source[node.byte_range()]);
            });
        }
    }
    let mut captures = false;
    walk(&mut literal.walk(), |node| {
        captures |= node.kind() == "identifier" && declared.contains(&source[node.byte_range()]);
        !captures
    });
    !captures
}

/// The names that a declaration declares around a literal in it.
fn declared_around<'s>(around: Node, literal: Node, source: &'s [u8]) -> HashSet<&'s [u8]> {
    let range = literal.byte_range();
    let holds = |node: Node| node.start_byte() <= range.start && node.end_byte() >= range.end;
    let mut declared = HashSet::new();
    walk(&mut around.walk(), |node| {
        // What another literal declares cannot be seen from this one, and a package's variables are not captured.
        if node == literal || (node.kind() == "func_literal" && !holds(node)) {
            return false;
        }
        if node.kind() != "var_spec" || !is_top(node, around) {
            names(node, |node| {
                declared.insert(&source[node.byte_range()]);
            });
        }
        true
    });
    declared
}

/// Whether a `var` stands in the declaration of a package variable itself, not in a literal there.
fn is_top(node: Node, declaration: Node) -> bool {
    node.parent()
        .is_none_or(|node| node == declaration || node.parent() == Some(declaration))
}

fn literal(tree: &Tree, line: u32, column: u32) -> Option<Node<'_>> {
    let point = tree_sitter::Point {
        row: (line as usize).checked_sub(1)?,
        column: (column as usize).checked_sub(1)?,
    };
    let mut node = tree.root_node().descendant_for_point_range(point, point)?;
    while node.kind() != "func_literal" {
        node = node
            .parent()
            .filter(|node| node.start_position() == point)?;
    }
    Some(node)
}

/// Whether a declaration has type parameters, of its own or of its receiver.
fn is_generic(declaration: Node) -> bool {
    let receiver = declaration.child_by_field_name("receiver");
    let mut generic = declaration.child_by_field_name("type_parameters").is_some();
    if let Some(receiver) = receiver {
        walk(&mut receiver.walk(), |node| {
            generic |= node.kind() == "generic_type";
            true
        });
    }
    generic
}

/// The variables that a node declares itself.
pub(super) fn names<'a>(node: Node<'a>, mut found: impl FnMut(Node<'a>)) {
    let field = match node.kind() {
        "parameter_declaration" | "variadic_parameter_declaration" | "var_spec" => "name",
        "short_var_declaration" | "range_clause" | "receive_statement" => "left",
        "type_switch_statement" => "alias",
        _ => return,
    };
    for part in node.children_by_field_name(field, &mut node.walk()) {
        walk(&mut part.walk(), |node| {
            if node.kind() == "identifier" {
                found(node);
            }
            true
        });
    }
}

/// Visits a node and what is below it, where `visit` wants to go down. Without recursion: sources can be nested deeply.
pub(crate) fn walk<'a>(cursor: &mut TreeCursor<'a>, mut visit: impl FnMut(Node<'a>) -> bool) {
    let mut depth = 0usize;
    loop {
        if visit(cursor.node()) && cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while depth > 0 && !cursor.goto_next_sibling() {
            cursor.goto_parent();
            depth -= 1;
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::function::parse;

    /// For each `func` literal of the text, in order: whether it captures nothing.
    fn check(text: &str) -> Vec<bool> {
        let source = format!("package p\n{text}");
        let tree = parse(source.as_bytes()).unwrap();
        let position = |at: usize| {
            let before = &source[..at];
            let line = before.matches('\n').count() + 1;
            (line as u32, (at - before.rfind('\n').unwrap()) as u32)
        };
        let literals = source.match_indices("func(").map(|entry| position(entry.0));
        literals
            .map(|(line, column)| captures_nothing(&tree, source.as_bytes(), line, column))
            .collect()
    }

    #[test]
    fn what_uses_a_variable_around_it_captures() {
        assert_eq!(
            check("func f(a int) { g(func() int { return a }) }"),
            [false]
        );
        assert_eq!(
            check("func f() { a := 1; g(func() int { return a }) }"),
            [false]
        );
        assert_eq!(
            check("func f() { for i, v := range x { g(func() { h(i) }); g(func() { h(v) }) } }"),
            [false, false]
        );
        assert_eq!(check("func (r T) f() { g(func() { r.h() }) }"), [false]);
        assert_eq!(
            check("func f() { switch t := x.(type) { case int: g(func() { h(t) }) } }"),
            [false]
        );
        assert_eq!(
            check("func f() { select { case a := <-c: g(func() { h(a) }) } }"),
            [false]
        );
        assert_eq!(
            check("func f() (err error) { defer func() { h(err) }(); return }"),
            [false]
        );
        assert_eq!(check("func f(g ...int) { h(func() { _ = g }) }"), [false]);
        assert_eq!(
            check("var x = func(a int) { g(func() { h(a) }) }"),
            [true, false]
        );
    }

    #[test]
    fn what_uses_its_own_and_the_packages_names_does_not() {
        assert_eq!(
            check("func f(a int) { g(func(b int) int { c := b; return c + d.a }) }"),
            [true]
        );
        assert_eq!(
            check(
                "var table = map[string]any{\n\t\"a\": func(s string) string { return table2[s] },\n}"
            ),
            [true]
        );
        assert_eq!(
            check("var (\n\ta = func() { b() }\n\tb = func() { a() }\n)"),
            [true, true]
        );
        assert_eq!(
            check("func f() { const k = 1; g(func() int { return k }) }"),
            [true]
        );
    }

    #[test]
    fn generic_code_may_capture_its_types() {
        assert_eq!(
            check("func f[T any]() { g(func() { var t T; h(t) }) }"),
            [false]
        );
        assert_eq!(check("func (b *Box[T]) f() { g(func() {}) }"), [false]);
    }

    #[test]
    fn a_position_without_a_literal_is_left_alone() {
        let source = b"package p\nfunc f() { g() }\n";
        let tree = parse(source).unwrap();
        for (line, column) in [(2, 1), (2, 12), (0, 0), (9, 9), (1, 1)] {
            assert!(!captures_nothing(&tree, source, line, column));
        }
    }
}
