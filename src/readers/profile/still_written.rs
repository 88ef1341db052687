//! Finds which functions and calls of a profile are still written in Go and assembly files.
//!
//! What the compiler makes is taken on trust where the source that leads to it is there: closures are matched by any
//! `func` literal of their declaration, calls of the runtime by any line of their function, generated functions always.

use std::collections::{HashMap, HashSet};

use tree_sitter::{Node, Parser};

use super::health::{Calls, Program};
use super::hot_summary::{Owner, owner_by_path};
use super::symbol_parts::{Name, parts};
use super::{Edge, Edges};
use crate::escape::walk;

/// The declarations of a set of packages.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// By name without type arguments: `net/http.(*conn).serve`.
    declared: HashMap<String, Vec<Declared>>,
}

/// A function as it is written; lines count from 1.
#[derive(Debug, Clone, Default)]
struct Declared {
    /// Without its directory.
    file: String,
    start: i64,
    end: i64,
    /// Where calls are written.
    calls: HashSet<i64>,
    /// Where code begins that becomes a function of its own: `func` literals, bodies of loops over functions, `go` and `defer`.
    inner: Vec<i64>,
}

/// What stands for a function of a profile.
enum Origin<'a> {
    Declared(&'a [Declared]),
    /// Made of something within these.
    Inner(&'a [Declared]),
    /// Made by the compiler, of no source.
    Generated,
}

impl Sources {
    /// Adds a Go file of a package, named as the linker names it: `main` for commands.
    pub fn go(&mut self, package: &str, file: &str, text: &[u8]) {
        let mut parser = Parser::new();
        let ready = parser.set_language(&tree_sitter_go::LANGUAGE.into());
        let Some(tree) = ready.ok().and_then(|()| parser.parse(text, None)) else {
            return;
        };
        let root = tree.root_node();
        for node in root.named_children(&mut root.walk()) {
            let name = match node.kind() {
                "function_declaration" => name(node, text),
                "method_declaration" => receiver(node, text)
                    .and_then(|receiver| Some(format!("{receiver}.{}", name(node, text)?))),
                // Literals of package variables are closures of `init`, up to Go 1.20 of `glob`.
                "var_declaration" => Some("init".into()),
                _ => None,
            };
            if let Some(name) = name {
                let package = unescaped(package);
                let list = self.declared.entry(format!("{package}.{name}"));
                list.or_default().push(Declared {
                    file: file.into(),
                    ..declaration(node)
                });
            }
        }
    }

    /// Adds an assembly file of a package.
    pub fn assembly(&mut self, package: &str, file: &str, text: &[u8]) {
        let text = String::from_utf8_lossy(text)
            .replace('·', ".")
            .replace('∕', "/");
        let mut current: Option<(String, Declared)> = None;
        for (line, words) in (1..).zip(text.lines()) {
            let words = words.trim_start();
            if let Some(symbol) = words.strip_prefix("TEXT").and_then(symbol) {
                self.declared_in_assembly(current.take());
                let name = match symbol.strip_prefix('.') {
                    Some(name) => format!("{}.{name}", unescaped(package)),
                    None => symbol.to_owned(),
                };
                let start = Declared {
                    file: file.into(),
                    start: line,
                    ..Declared::default()
                };
                current = Some((name, start));
            }
            if let Some((_, function)) = &mut current {
                function.end = line;
                if words.starts_with("CALL") || words.starts_with("BL") {
                    function.calls.insert(line);
                }
            }
        }
        self.declared_in_assembly(current);
    }

    fn declared_in_assembly(&mut self, found: Option<(String, Declared)>) {
        if let Some((name, function)) = found {
            self.declared.entry(name).or_default().push(function);
        }
    }

    /// What these sources are to a profile: its functions and calls that are written in them, and all that they declare.
    pub fn program<'a>(&'a self, edges: &'a Edges) -> Program<'a> {
        let mut functions: HashSet<&str> = self.declared.keys().map(String::as_str).collect();
        let mut calls = HashSet::new();
        for edge in &edges.edges {
            let names = [edge.caller.as_str(), edge.callee.as_str()];
            functions.extend(names.into_iter().filter(|name| self.origin(name).is_some()));
            if self.calls(edge) {
                calls.insert((names[0], names[1], edge.offset));
            }
        }
        let only = |(name, list): (&'a String, &'a Vec<Declared>)| match list.as_slice() {
            [one] => Some((name.as_str(), (one.file.as_str(), one.start))),
            _ => None,
        };
        Program {
            functions,
            calls: Calls::Edges(calls),
            starts: self.declared.iter().filter_map(only).collect(),
        }
    }

    fn calls(&self, edge: &Edge) -> bool {
        let implicit = is_implicit(&edge.callee);
        match self.origin(&edge.caller) {
            None => false,
            Some(Origin::Generated) => true,
            Some(Origin::Declared(list)) => list.iter().any(|declared| {
                let line = declared.start.wrapping_add(edge.offset);
                declared.calls.contains(&line)
                    || (implicit && (declared.start..=declared.end).contains(&line))
            }),
            Some(Origin::Inner(list)) => list.iter().any(|declared| {
                declared
                    .inner
                    .iter()
                    .map(|number| number.wrapping_add(edge.offset))
                    .any(|line| {
                        declared.calls.contains(&line)
                            || (implicit && (declared.start..=declared.end).contains(&line))
                    })
            }),
        }
    }

    fn origin(&self, name: &str) -> Option<Origin<'_>> {
        let name = name.strip_suffix(".abi0").unwrap_or(name);
        let list = |key: &str| self.declared.get(key).map(Vec::as_slice);
        let it = parts(name);
        if is_generated(name, &it) {
            return Some(Origin::Generated);
        }
        if it.package.is_empty() {
            return list(name).map(Origin::Declared);
        }
        let package = unescaped(it.package);
        let pointer = name[it.package.len()..].starts_with(".(*");
        let receiver = match (it.receiver, pointer) {
            ("", _) => String::new(),
            (receiver, true) => format!("(*{receiver})."),
            (receiver, false) => format!("{receiver}."),
        };
        let key = format!("{package}.{receiver}{}", it.function);
        match (list(&key), it.closure) {
            (Some(found), "") => Some(Origin::Declared(found)),
            (Some(found), "-fm") => Some(Origin::Declared(found)),
            (Some(found), _) if found.iter().any(|declared| !declared.inner.is_empty()) => {
                Some(Origin::Inner(found))
            }
            (None, _) if it.function == "glob" => {
                list(&format!("{package}.init")).map(Origin::Inner)
            }
            // A closure of a function that was inlined: `f.g.func1` is a closure of `g` in `f`.
            (None, closure) if !closure.is_empty() && !pointer => {
                list(&format!("{package}.{}", it.receiver)).map(|_| Origin::Generated)
            }
            _ => None,
        }
    }
}

/// Calls that no source shows: of the runtime, and of what it is made of.
fn is_implicit(callee: &str) -> bool {
    let it = parts(callee);
    let owner = owner_by_path(it.package, "");
    matches!(owner, Owner::Runtime | Owner::Unknown) || callee.starts_with("type:")
}

/// The import path, without the escapes of the linker (`%2e`), which Go 1.27 doubles in places.
pub fn unescaped(package: &str) -> String {
    package.replace("%25", "%").replace("%2e", ".")
}

fn text<'a>(node: Node<'_>, source: &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(source.get(node.byte_range())?).ok()
}

fn name(node: Node<'_>, source: &[u8]) -> Option<String> {
    let name = node.child_by_field_name("name")?;
    text(name, source).map(str::to_owned)
}

/// `T` or `(*T)`, without type parameters.
fn receiver(method: Node<'_>, source: &[u8]) -> Option<String> {
    let list = method.child_by_field_name("receiver")?;
    let declared = text(list, source)?.trim_matches(['(', ')', ' ', '\n', '\t', ',']);
    let plain = declared.split('[').next()?.trim_end();
    let r#type = plain.rsplit([' ', '\t']).next()?;
    let bare = r#type.trim_matches(['(', ')', '*']);
    Some(match plain.contains('*') {
        true => format!("(*{bare})"),
        false => bare.to_owned(),
    })
}

/// Whether the compiler, the linker or cgo writes a function, or puts it together from all over a package.
fn is_generated(name: &str, parts: &Name<'_>) -> bool {
    if name.starts_with("type:") || name.starts_with("go:") {
        return true;
    }
    let by_cgo = parts.function.starts_with("_C") || parts.function.starts_with("_cgo");
    let initialises = parts.receiver.is_empty() && matches!(parts.function, "init" | "map");
    !parts.package.is_empty() && (by_cgo || initialises)
}

/// Everything below a declaration that calls.
fn declaration(node: Node<'_>) -> Declared {
    let mut found = Declared {
        start: line(node.start_position().row),
        end: line(node.end_position().row),
        ..Declared::default()
    };
    let (mut exits, mut defers) = (vec![found.end], false);
    walk(&mut node.walk(), |node| {
        let first = line(node.start_position().row);
        match node.kind() {
            "call_expression" | "type_conversion_expression" => {
                found.calls.insert(first);
                found.calls.extend(line_of_name(node));
            }
            "func_literal" => {
                found.inner.push(first);
                exits.push(line(node.end_position().row));
            }
            "go_statement" => found.inner.push(first),
            "defer_statement" => {
                found.inner.push(first);
                defers = true;
            }
            "return_statement" => exits.push(first),
            "range_clause" => {
                // A loop over a function calls it, and its body becomes a function.
                found.calls.insert(first);
                found.inner.push(first);
            }
            _ => {}
        }
        true
    });
    if defers {
        found.calls.extend(exits);
    }
    found
}

/// A row of a syntax tree as people count it.
fn line(row: usize) -> i64 {
    i64::try_from(row).unwrap_or(0) + 1
}

/// The line of the name of what is called. A call stands where its operand begins; in a chain the line of its name is what
/// people count. `None` for the call of a literal.
fn line_of_name(call: Node<'_>) -> Option<i64> {
    let called = call.child_by_field_name("function")?;
    let arguments = call.child_by_field_name("arguments")?;
    (called.kind() != "func_literal").then(|| line(arguments.start_position().row))
}

/// `runtime.memmove` of ` runtime.memmove<ABIInternal>(SB), NOSPLIT, $0-24`.
fn symbol(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let end = rest.find(['<', '('])?;
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const GO: &str = "package p

func f(n int) {
\tg(n)
\tx := n
\tgo func() {
\t\th(x)
\t}()
\t(&T{}).
\t\tm(
\t\t\tx)
}

func (t *T[K]) m(n int) {}
func (T) v() { defer f(1)
\treturn
}
var table = func() { f(2) }
";

    fn edge(caller: &str, offset: i64, callee: &str) -> Edge {
        Edge {
            caller: caller.into(),
            callee: callee.into(),
            offset,
            weight: 1,
        }
    }

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.go("example.com/p%2ex", "p.go", GO.as_bytes());
        sources.assembly(
            "runtime",
            "memmove_amd64.s",
            "TEXT ·memmove<ABIInternal>(SB), NOSPLIT, $0\n\tCALL body<>(SB)\n\tRET\nTEXT body<>(SB), NOSPLIT, $0\n"
                .as_bytes(),
        );
        sources
    }

    #[test]
    fn functions_are_found_under_the_names_of_the_linker() {
        let sources = sources();
        let exists = |name: &str| sources.origin(name).is_some();
        for name in [
            "example.com/p%2ex.f",
            "example.com/p%2ex.f.func1",
            "example.com/p%2ex.f.gowrap1",
            "example.com/p%2ex.(*T[go.shape.int]).m",
            "example.com/p%2ex.T.v",
            "example.com/p%2ex.T.v-fm",
            "example.com/p%2ex.init.func1",
            "example.com/p%2ex.glob..func1",
            "example.com/p%252ex.f",
            "type:.eq.example.com/p.T",
            "runtime.memmove.abi0",
            "body",
        ] {
            assert!(exists(name), "{name}");
        }
        for name in [
            "example.com/p%2ex.g",
            "example.com/p%2ex.T.m",
            "example.com/p%2ex.(*T).v",
            "example.com/p%2ex.(*T).m.func1",
            "example.com/q.f",
            "runtime.body",
            "memmove",
        ] {
            assert!(!exists(name), "{name}");
        }
    }

    #[test]
    fn calls_are_found_in_their_lines() {
        let sources = sources();
        let stands = |caller: &str, offset: i64, callee: &str| {
            sources.calls(&edge(
                &format!("example.com/p%2ex.{caller}"),
                offset,
                callee,
            ))
        };
        assert!(stands("f", 1, "example.com/p%2ex.g"));
        assert!(!stands("f", 2, "example.com/p%2ex.g"));
        // Assigning may allocate; a line behind the end cannot.
        assert!(stands("f", 2, "runtime.newobject"));
        assert!(!stands("f", 40, "runtime.newobject"));
        assert!(stands("f.func1", 1, "example.com/p%2ex.h"));
        assert!(!stands("f.func1", 2, "example.com/p%2ex.h"));
        assert!((6..=7).all(|it| stands("f", it, "example.com/p%2ex.(*T[go.shape.int]).m")));
        // What is deferred runs where the function returns.
        assert!(stands("T.v", 1, "example.com/p%2ex.f"));
        assert!(sources.calls(&edge("runtime.memmove", 1, "body")));
        assert!(!sources.calls(&edge("runtime.memmove", 2, "example.com/p%2ex.f")));
    }
}
