//! Finds the calls of one function in a Go file.
//!
//! Without types, a call of a method is certain only where the source around it shows the type of the receiver: a
//! parameter, a variable with a type or a value that shows it, a literal, a conversion. Where it does not, the call is
//! reported as unknown.

use std::collections::HashMap;

use tree_sitter::{Node, Point, Tree};

use super::function::{declared, parse};

/// A call that may be the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The line of its parenthesis, as the compiler reports it; counted from 1.
    pub line: u32,
    /// Counted from 1, in bytes.
    pub column: u32,
    /// Whether it certainly calls the function.
    pub certain: bool,
    /// Lines of the generic declaration that it stands in: without instances, it is not compiled.
    pub generic: Option<(u32, u32)>,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'a> {
    /// The import path of its package.
    pub package: &'a str,
    /// Without `(*)`; empty for a function.
    pub receiver: &'a str,
    /// The function or the method.
    pub name: &'a str,
}

/// The calls of `callee` in a file of the package `own`. `name_of` gives the name of a package by its import path.
pub fn calls(
    source: &[u8],
    own: &str,
    callee: Callee<'_>,
    name_of: impl Fn(&str) -> String,
) -> Vec<Call> {
    let mut found = Vec::new();
    if memchr::memmem::find(source, callee.name.as_bytes()).is_none() {
        return found;
    }
    let Some(tree) = parse(source) else {
        return found;
    };
    let file = File {
        source,
        tree: &tree,
        own,
        imports: imports(&tree, source, name_of),
        callee,
    };
    let functions = declared(&tree, source);
    let generics = functions.iter().filter(|function| function.generic);
    let generics: Vec<(u32, u32)> = generics.map(|it| (it.start_line, it.end_line)).collect();
    let mut cursor = tree.walk();
    super::closure::walk(&mut cursor, |node| {
        if let Some(certain) = file.is_call(node)
            && let Some(at) = parenthesis(node)
        {
            found.push(call(at, certain, &generics));
        }
        true
    });
    found
}

/// A call at a place, with the lines of the generic function around it.
fn call(at: Point, certain: bool, generics: &[(u32, u32)]) -> Call {
    let number = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    let line = number(at.row);
    let holds = |entry: &&(u32, u32)| (entry.0..=entry.1).contains(&line);
    Call {
        line,
        column: number(at.column),
        certain,
        generic: generics.iter().find(holds).copied(),
    }
}

/// Where the arguments of a call start.
fn parenthesis(call: Node) -> Option<Point> {
    let arguments = call.child_by_field_name("arguments");
    let open = || {
        let mut cursor = call.walk();
        call.children(&mut cursor).find(|node| node.kind() == "(")
    };
    Some(arguments.or_else(open)?.start_position())
}

/// Name in the file -> import path; `.` for those whose names need no qualifier.
fn imports(
    tree: &Tree,
    source: &[u8],
    name_of: impl Fn(&str) -> String,
) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let root = tree.root_node();
    for node in root.named_children(&mut root.walk()) {
        if node.kind() != "import_declaration" {
            continue;
        }
        super::closure::walk(&mut node.walk(), |node| {
            if node.kind() == "import_spec"
                && let Some(path) = node.child_by_field_name("path")
            {
                let path = text(path, source).trim_matches(['"', '`']).to_owned();
                let name = node.child_by_field_name("name");
                let name =
                    name.map_or_else(|| name_of(&path), |name| text(name, source).to_owned());
                found.insert(name, path);
            }
            true
        });
    }
    found
}

fn text<'a>(node: Node, source: &'a [u8]) -> &'a str {
    let bytes = source.get(node.byte_range()).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A type by its package and name, pointers and type arguments left out.
#[derive(Debug, PartialEq, Eq)]
struct Type<'a> {
    package: &'a str,
    name: &'a str,
}

struct File<'a> {
    source: &'a [u8],
    tree: &'a Tree,
    own: &'a str,
    imports: HashMap<String, String>,
    callee: Callee<'a>,
}

/// How many variables are followed to find a type.
const DEEPEST: usize = 4;

impl<'a> File<'a> {
    /// Whether a call is, certainly or perhaps, one of the callee.
    fn is_call(&self, node: Node<'a>) -> Option<bool> {
        let callee = self.callee;
        let function = match node.kind() {
            "call_expression" => stripped(node.child_by_field_name("function")?),
            // `lib.F[int](x)` reads like a conversion.
            "type_conversion_expression" if callee.receiver.is_empty() => {
                let kind = node.child_by_field_name("type")?;
                let named = Some(kind).filter(|node| node.kind() == "generic_type");
                let wanted = Type {
                    package: callee.package,
                    name: callee.name,
                };
                return (self.named(named?)? == wanted).then_some(true);
            }
            _ => return None,
        };
        match function.kind() {
            "identifier" if callee.receiver.is_empty() => {
                let dotted = self.imports.get(".");
                let dotted = dotted.is_some_and(|import| import == callee.package);
                let here = self.own == callee.package || dotted;
                let named = text(function, self.source) == callee.name;
                (here && named).then(|| self.declarations(function).is_empty())
            }
            "selector_expression" => self.is_selected(function),
            _ => None,
        }
    }

    fn is_selected(&self, selector: Node<'a>) -> Option<bool> {
        let field = selector.child_by_field_name("field")?;
        let operand = stripped(selector.child_by_field_name("operand")?);
        if text(field, self.source) != self.callee.name {
            return None;
        }
        let imported = (operand.kind() == "identifier")
            .then(|| self.imports.get(text(operand, self.source)))
            .flatten()
            .filter(|_| self.declarations(operand).is_empty());
        if self.callee.receiver.is_empty() {
            return imported
                .filter(|imported| *imported == self.callee.package)
                .map(|_| true);
        }
        if imported.is_some() {
            return None;
        }
        match self.type_of(operand, DEEPEST) {
            Some(it) => (it == self.wanted()).then_some(true),
            None => Some(false),
        }
    }

    fn wanted(&self) -> Type<'a> {
        Type {
            package: self.callee.package,
            name: self.callee.receiver,
        }
    }

    /// The type of an expression, where it can be determined: the wanted type, an interface or another one.
    fn type_of(&self, expression: Node<'a>, depth: usize) -> Option<Type<'_>> {
        let it = stripped(expression);
        match it.kind() {
            "composite_literal" | "type_conversion_expression" | "type_assertion_expression" => {
                self.named(it.child_by_field_name("type")?)
            }
            "unary_expression" => {
                let operator = it.child_by_field_name("operator")?;
                let operand = it.child_by_field_name("operand")?;
                match text(operator, self.source) {
                    "&" | "*" => self.type_of(operand, depth),
                    _ => None,
                }
            }
            "call_expression" => self.converted(it),
            "identifier" => self.variable(it, depth.checked_sub(1)?),
            _ => None,
        }
    }

    /// `new(T)`, and `T(x)` where `T` is the wanted type: another name may be that of a function.
    fn converted(&self, call: Node<'a>) -> Option<Type<'_>> {
        let function = stripped(call.child_by_field_name("function")?);
        if text(function, self.source) == "new" {
            let arguments = call.child_by_field_name("arguments")?;
            let argument = arguments.named_child(0)?;
            // A lone name is read as an expression.
            return self
                .named(argument)
                .or_else(|| self.expression_type(argument));
        }
        self.expression_type(function)
            .filter(|it| *it == self.wanted())
    }

    /// A type that was read as an expression: `T`, `lib.T`.
    fn expression_type(&self, node: Node<'a>) -> Option<Type<'_>> {
        match node.kind() {
            "identifier" => Some(Type {
                package: self.own,
                name: text(node, self.source),
            }),
            "selector_expression" => {
                let package = text(node.child_by_field_name("operand")?, self.source);
                Some(Type {
                    package: self.imports.get(package)?,
                    name: text(node.child_by_field_name("field")?, self.source),
                })
            }
            _ => None,
        }
    }

    fn named(&self, node: Node<'a>) -> Option<Type<'_>> {
        match node.kind() {
            "type_identifier" => Some(Type {
                package: self.own,
                name: text(node, self.source),
            }),
            "qualified_type" => Some(Type {
                package: self
                    .imports
                    .get(text(node.child_by_field_name("package")?, self.source))?,
                name: text(node.child_by_field_name("name")?, self.source),
            }),
            "generic_type" => self.named(node.child_by_field_name("type")?),
            "pointer_type" | "parenthesized_type" => self.named(node.named_child(0)?),
            _ => None,
        }
    }

    /// The type of a variable by its only declaration in the function around it, or in the file.
    fn variable(&self, name: Node<'a>, depth: usize) -> Option<Type<'_>> {
        let declarations = self.declarations(name);
        let (node, index) = match declarations.as_slice() {
            [one] => *one,
            [] => self.package_variable(name)?,
            _ => return None,
        };
        if let Some(kind) = node.child_by_field_name("type") {
            return self.named(kind);
        }
        let values = node
            .child_by_field_name("value")
            .or_else(|| node.child_by_field_name("right"))?;
        let names = match node.child_by_field_name("left") {
            Some(left) => left.named_child_count(),
            None => node
                .children_by_field_name("name", &mut node.walk())
                .count(),
        };
        let same = names == values.named_child_count();
        let value = values
            .named_child(u32::try_from(index).ok()?)
            .filter(|_| same)?;
        self.type_of(value, depth)
    }

    /// Where the declaration around a name declares it, with its place in the list of names.
    fn declarations(&self, name: Node<'a>) -> Vec<(Node<'a>, usize)> {
        let mut around = name;
        while let Some(parent) = around.parent().filter(|node| node.parent().is_some()) {
            around = parent;
        }
        let mut found = Vec::new();
        if around.kind() != "var_declaration" {
            super::closure::walk(&mut around.walk(), |node| {
                found.extend(self.position(node, name).map(|at| (node, at)));
                true
            });
        }
        found
    }

    fn package_variable(&self, name: Node<'a>) -> Option<(Node<'a>, usize)> {
        let root = self.tree.root_node();
        let mut found = None;
        for node in root.named_children(&mut root.walk()) {
            if node.kind() == "var_declaration" {
                super::closure::walk(&mut node.walk(), |node| {
                    let top = node.kind() == "var_spec";
                    found =
                        found.or_else(|| Some((node, self.position(node, name).filter(|_| top)?)));
                    node.kind() != "func_literal"
                });
            }
        }
        found
    }

    /// Which of the names that a node declares is this one.
    fn position(&self, node: Node<'a>, name: Node<'a>) -> Option<usize> {
        let wanted = text(name, self.source);
        let same = |node: &Node| node.kind() == "identifier" && text(*node, self.source) == wanted;
        match node.kind() {
            "parameter_declaration"
            | "variadic_parameter_declaration"
            | "var_spec"
            | "const_spec" => node
                .children_by_field_name("name", &mut node.walk())
                .filter(|node| node.is_named())
                .position(|node| same(&node)),
            "short_var_declaration" | "range_clause" | "receive_statement" => {
                let left = node.child_by_field_name("left")?;
                left.named_children(&mut left.walk())
                    .position(|node| same(&node))
            }
            "type_switch_statement" => {
                let alias = node.child_by_field_name("alias")?;
                alias
                    .named_children(&mut alias.walk())
                    .position(|node| same(&node))
            }
            _ => None,
        }
    }
}

/// Without parentheses and type arguments.
fn stripped(mut node: Node) -> Node {
    loop {
        let inner = match node.kind() {
            "parenthesized_expression" => node.named_child(0),
            "index_expression" => node.child_by_field_name("operand"),
            "type_instantiation_expression" => node.child_by_field_name("type"),
            _ => None,
        };
        match inner {
            Some(it) => node = it,
            None => return node,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &str, receiver: &str, name: &str, source: &str) -> String {
        let callee = Callee {
            package: "ex.com/lib",
            receiver,
            name,
        };
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let shown = |call: Call| {
            let generic = call.generic.map_or("", |_| " generic");
            let certain = if call.certain { "" } else { "?" };
            format!("{}:{}{certain}{generic}", call.line, call.column)
        };
        let calls = calls(source.as_bytes(), own, callee, base);
        calls.into_iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn functions_are_told_by_their_package() {
        let source = "package p
import (
\t\"ex.com/lib\"
\tother \"ex.com/lib2\"
)
func f() { F(1); lib.F(2); other.F(3); x.F(4); lib.F[int](5); (lib.F)(6) }
func g(lib *T) { lib.F(7) }
func h[T any]() { lib.F(8) }
";
        insta::assert_snapshot!(check("ex.com/p", "", "F", source), @"6:23 6:58 6:70 8:24 generic");
        insta::assert_snapshot!(check("ex.com/lib", "", "F", "package lib\nfunc f() { F(1); G(F(2)); F[int](3) }\nfunc g(F func()) { F() }\n"), @"2:13 2:21 2:33 3:21?");
        insta::assert_snapshot!(check("ex.com/p", "", "F", "package p\nimport . \"ex.com/lib\"\nfunc f() { F(1) }\n"), @"3:13");
    }

    #[test]
    fn methods_are_told_where_the_type_is_seen() {
        let source = "package lib
var global = &Box{}
func (b *Box) f(o Other, n int) {
\tb.Get()
\to.Get()
\tx := Box{}
\tx.Get()
\t(&Box{}).Get()
\tBox(n).Get()
\tnew(Box).Get()
\tmake2().Get()
\tglobal.Get()
\tvar i any = n
\ti.(*Box).Get()
\ti.(interface{ Get() }).Get()
\ty, err := make2()
\ty.Get()
}
";
        insta::assert_snapshot!(check("ex.com/lib", "Box", "Get", source), @"4:7 7:7 8:14 9:12 10:14 11:13? 12:12 14:14 15:28? 17:7?");
        insta::assert_snapshot!(check("ex.com/p", "Box", "Get", "package p\nimport l \"ex.com/lib\"\nfunc f(b *l.Box, c Box) { b.Get(); c.Get(); l.Box{}.Get(); l.Get() }\n"), @"3:32 3:56");
    }

    #[test]
    fn a_broken_file_is_no_trouble() {
        assert_eq!(check("ex.com/lib", "", "F", "package lib\nfunc ((F(\n"), "");
    }
}
