//! Parses a Go file and reads what stands on a line: the statement, and the loops around it.
//!
//! Without types: what the text does not show is not known, and no advice is made of it.

mod about_function;

mod bounds;

mod branches;

mod buffered;

mod cheaper_calls;

mod constants;

mod converted;

mod declarations;

mod result_uses;

mod rounds;

mod scratch;

mod field;

mod filled;

mod handed;

mod mend;

mod sorted;

mod sound;

mod statements;

mod uses;

pub use mend::Mend;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use about_function::AboutFunction;
pub(crate) use branches::{ArrayForBranches, InBranch};
use buffered::Buffered;
pub(crate) use cheaper_calls::{Cheaper, CheaperCall};
use declarations::Declarations;
pub(crate) use filled::Growth;
pub(crate) use scratch::Scratch;
use tree_sitter::{Node, Parser, Point, Tree};
use uses::GoesOn;

/// A Go file, parsed.
pub struct Source {
    text: Vec<u8>,
    tree: Tree,
    declared: OnceCell<Declarations>,
    buffered: OnceCell<Buffered>,
    functions: RefCell<HashMap<usize, Rc<AboutFunction>>>,
    /// By the function and the name of a variable.
    names: RefCell<HashMap<(usize, String), GoesOn>>,
}

/// Which arguments of a call are literals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literals {
    /// Not the first, or there is none.
    None,
    /// The first, and not all.
    First,
    /// All arguments are literals.
    All,
}

/// What stands on a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// The line, without white space around it.
    pub(crate) text: String,
    /// The function around it, with the literals in it.
    pub(crate) function: Rc<AboutFunction>,
    /// It stands in a loop of its function.
    pub(crate) in_loop: bool,
    /// It runs once, when the program starts.
    pub(crate) in_init: bool,
    /// Appends to a slice that begins empty, and to others.
    pub(crate) appends: Vec<Growth>,
    /// Writes to a map that begins empty, and to others.
    pub(crate) writes: Vec<Growth>,
    /// Strings that become longer in a loop: `s += x`, `s = s + x`.
    pub(crate) lengthened: Vec<String>,
    /// The strings of `lengthened` whose value each round of the loop needs.
    pub(crate) read_per_round: Vec<String>,
    /// Something is written to a hash here.
    pub(crate) hashes: bool,
    /// Strings are put together here only to be written.
    pub(crate) joins_to_write: bool,
    /// The type of what is handed to sort.Sort here, where the file shows it.
    pub(crate) sorts: Option<String>,
    /// That type is a slice.
    pub(crate) sorts_slice: bool,
    /// Sends to and receives from channels, and select.
    pub(crate) channel: bool,
    /// A channel among them is made with a buffer in this file.
    pub(crate) buffered: bool,
    /// `go` statements.
    pub(crate) starts: bool,
    /// `defer` statements.
    pub(crate) defers: bool,
    /// The loop that begins here copies each element: the name of the copy, and what it walks over.
    pub(crate) copies: Option<(String, String)>,
    /// Calls, by what is called, and which arguments are literals.
    pub(crate) calls: Vec<(String, Literals)>,
    /// Something that is formatted here is a reflect.Value.
    pub(crate) formats_reflected: bool,
    /// What is written to here has no WriteString, as a tabwriter.
    pub(crate) copies_strings: bool,
    /// Arguments for parameters of type `any`, of functions that this file declares.
    pub(crate) untyped: Vec<String>,
    /// A call that has a cheaper form, for what is done with its result.
    pub(crate) cheaper: Option<CheaperCall>,
    /// A string is put together here only to be the key of a map.
    pub(crate) key_only: bool,
    /// A record that is read here is only looked at, and the reader need not make the next one anew.
    pub(crate) record_of_round: bool,
    /// A buffer is put before what is in memory.
    pub(crate) of_memory: bool,
    /// A map or a slice that each round of a loop makes anew, and leaves behind: it is made or filled here.
    pub(crate) scratch: Option<Scratch>,
    /// An array that is declared here, and that only branches need.
    pub(crate) array_for_branches: Option<ArrayForBranches>,
    /// A copy of what stands behind a pointer, which nothing sets afterwards, and where it comes from.
    pub(crate) copied_from_pointer: Option<(String, String)>,
    /// `string(x)` or `[]byte(x)`, which the function makes of the same value on other lines, too.
    pub(crate) converted_again: Option<String>,
    /// What the line declares is returned, or stored where others find it.
    pub(crate) leaves: bool,
    /// What the line declares is an argument of a call whose result is returned: `return wrap(x)`.
    pub(crate) wrapped: bool,
    /// The struct that the line makes has a method `Reset` in this file.
    pub(crate) resets: bool,
    /// The type `T` of `return &T{...}` in a function whose result is `*T`.
    pub(crate) returned: Option<String>,
    /// That type has methods with a pointer receiver, or a caller does more with the pointer than to read fields, or neither
    /// is known.
    pub(crate) needs_pointer: bool,
    /// A function literal begins here that needs nothing of the round of the loop it is in.
    pub(crate) constant_literal: bool,
    /// Something is appended to a slice here, in a loop or not.
    pub(crate) grows_slice: bool,
    /// A field of the receiver that something is appended to here, in a loop or not, and whose size nobody thought of in this
    /// file.
    pub(crate) grows_field: Option<String>,
    /// Something is put into a map here, in a loop or not.
    pub(crate) grows_map: bool,
    /// What stands behind `//gobuild-opt:ignore` on the line and the one above.
    pub(crate) ignore: Vec<String>,
}

impl Source {
    /// Parses a file. `None` where it cannot be.
    pub(crate) fn new(text: Vec<u8>) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
        let tree = parser.parse(&text, None)?;
        Some(Self {
            text,
            tree,
            declared: OnceCell::new(),
            buffered: OnceCell::new(),
            functions: RefCell::default(),
            names: RefCell::default(),
        })
    }

    /// The whole file; `None` where it is no UTF-8.
    pub(crate) fn text_of_file(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    /// The declaration of a function or a method `T.m`, by its bare name, in lines.
    pub(crate) fn declaration(&self, name: &str) -> Option<(i64, i64)> {
        let root = self.tree.root_node();
        let found = root
            .named_children(&mut root.walk())
            .find(|node| self.declared(*node).as_deref() == Some(name))?;
        Some((row(found.start_position()), row(found.end_position())))
    }

    /// The function or the method `T.m` that a line is in.
    pub(crate) fn function_at(&self, line: i64) -> Option<String> {
        let root = self.tree.root_node();
        let holds = |node: &Node<'_>| {
            (row(node.start_position())..=row(node.end_position())).contains(&line)
        };
        let found = root.named_children(&mut root.walk()).find(holds)?;
        self.declared(found)
    }

    fn declared(&self, node: Node<'_>) -> Option<String> {
        let name = self.text(node.child_by_field_name("name")?);
        match node.kind() {
            "function_declaration" => Some(name.to_owned()),
            "method_declaration" => {
                let receiver = self.text(node.child_by_field_name("receiver")?);
                let plain = receiver.split('[').next()?.trim_matches(['(', ')', ' ']);
                let of = plain.rsplit([' ', '*', '\t']).next()?;
                Some(format!("{of}.{name}"))
            }
            _ => None,
        }
    }

    /// Whether a type has a method with a pointer receiver in this file.
    pub(crate) fn has_pointer_methods(&self, name: &str) -> bool {
        let text = String::from_utf8_lossy(&self.text);
        let receiver = |line: &str| {
            let receiver = line.strip_prefix("func (")?.split(')').next()?;
            let of = receiver.split('*').nth(1)?;
            Some(of.split('[').next()?.trim() == name)
        };
        text.lines().any(|line| receiver(line) == Some(true))
    }

    /// Whether a type has a method `Reset` with a pointer receiver in this file.
    fn has_reset(&self, name: &str) -> bool {
        let root = self.tree.root_node();
        let wanted = format!("{name}.Reset");
        let mut all = root
            .named_children(&mut root.walk())
            .collect::<Vec<_>>()
            .into_iter();
        all.any(|node| self.declared(node).as_deref() == Some(&wanted))
    }

    /// What stands on a line, counted from 1. `None` past the end.
    pub(crate) fn shape(&self, line: i64) -> Option<Shape> {
        let row = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.text.split(|byte| *byte == b'\n').nth(row)?;
        let mut shape = Shape {
            text: String::from_utf8_lossy(text).trim().to_owned(),
            ignore: self.ignored(row),
            needs_pointer: true,
            ..Shape::default()
        };
        let begin = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let end = text.len();
        let root = self.tree.root_node();
        let (start, end) = (Point::new(row, begin), Point::new(row, end));
        let around = root.descendant_for_point_range(start, end)?;
        self.surroundings(around, &mut shape);
        shape.resets = made(&shape.text).is_some_and(|name| self.has_reset(name));
        shape.returned = returned(&shape.text).filter(|name| self.is_result(around, name));
        let mut stack = vec![around];
        while let Some(node) = stack.pop() {
            if node.start_position().row > row || node.end_position().row < row {
                continue;
            }
            if node.start_position().row == row {
                self.look(node, &mut shape);
            }
            let mut cursor = node.walk();
            stack.extend(node.named_children(&mut cursor));
        }
        shape.sorts_slice = shape
            .sorts
            .as_deref()
            .is_some_and(|of| self.is_slice_type(of));
        shape.appends.reverse();
        shape.calls.reverse();
        Some(shape)
    }

    /// What comments on a line and the one above take out of the findings.
    fn ignored(&self, row: usize) -> Vec<String> {
        const IGNORE: &str = "//gobuild-opt:ignore";
        let lines = self.text.split(|byte| *byte == b'\n');
        let near = lines
            .skip(row.saturating_sub(1))
            .take(if row == 0 { 1 } else { 2 });
        let behind = near.filter_map(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            let at = text.find(IGNORE)?;
            Some(text[at + IGNORE.len()..].trim().to_owned())
        });
        behind.collect()
    }

    fn surroundings(&self, node: Node<'_>, shape: &mut Shape) {
        shape.in_loop = !loops(node).is_empty();
        let mut at = Some(node);
        let mut function = None;
        while let Some(node) = at {
            if matches!(node.kind(), "function_declaration" | "method_declaration") {
                function = Some(node);
            }
            at = node.parent();
        }
        if let Some(node) = function {
            shape.function = self.about_function(node);
        }
        shape.in_init = match function.and_then(|node| self.declared(node)) {
            Some(name) => name == "init",
            None => true,
        };
    }

    fn text(&self, node: Node<'_>) -> &str {
        self.text_at(&node.byte_range())
    }

    fn text_at(&self, range: &Range<usize>) -> &str {
        let bytes = self.text.get(range.clone()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// The type of `&T{` or `new(T)`, where it is one of this package.
fn made(text: &str) -> Option<&str> {
    let literal = text
        .split_once('&')
        .and_then(|(_, rest)| rest.split_once('{'));
    let call = || {
        text.split_once("new(")
            .and_then(|(_, rest)| rest.split_once(')'))
    };
    let name = literal.or_else(call)?.0;
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// `T` of `return &T{`.
fn returned(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("return &")?;
    let end = rest.find(['{', '['])?;
    Some(rest[..end].trim().to_owned())
}

/// The loops around a node up to its function, innermost first. A loop's own first line is not in it.
fn loops(node: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut at = node;
    while let Some(parent) = at.parent() {
        if matches!(
            parent.kind(),
            "function_declaration" | "method_declaration" | "func_literal"
        ) {
            break;
        }
        if parent.kind() == "for_statement" && parent.child_by_field_name("body") == Some(at) {
            found.push(parent);
        }
        at = parent;
    }
    found
}

/// A node and all nodes below it.
fn all_below(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut open = vec![node];
    std::iter::from_fn(move || {
        let node = open.pop()?;
        open.extend(node.named_children(&mut node.walk()));
        Some(node)
    })
}

fn child<'a>(node: Node<'a>, kind: &str) -> Option<Node<'a>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .find(|node| node.kind() == kind)
}

fn is_within(inner: Node<'_>, outer: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}

fn row(point: Point) -> i64 {
    i64::try_from(point.row).unwrap_or(0) + 1
}
