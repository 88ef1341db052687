//! Looks up what the declarations of names in a build say about memory.
//!
//! The compiler prints a call `f(1)` and a constant `T(1)` of a named type alike, and says of every value in an
//! interface that it escapes: also of one without a size, and of one byte, for which the runtime has a table. The
//! declarations tell them apart. They are found by a scan for what begins a line; only the declaration that is asked
//! for is parsed.

use std::collections::HashMap;

use tree_sitter::Node;

use super::declaration_lines::{declaration, declarations};
use super::file_owner::Sources;
use super::function::parse;

/// What a value of a type takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// No byte.
    Empty,
    /// One byte that is a number or a truth value.
    Byte,
    /// A struct or an array.
    Composite,
    /// The header of a slice.
    Slice,
    /// Anything else, and what is not known.
    Other,
}

impl Shape {
    /// Whether an interface holds every such value without an allocation.
    pub(super) fn is_free(self) -> bool {
        matches!(self, Self::Empty | Self::Byte)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declared {
    /// A function, and its result.
    Function(Shape),
    /// A type.
    Type(Shape),
    /// A variable of a package.
    Variable(Shape),
    /// A constant.
    Constant,
}

/// Where a declaration begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    word: &'static str,
    file: usize,
    at: usize,
}

/// How many names are followed from one declaration to the next.
const DEEPEST: usize = 8;

/// The names of the packages of a build.
pub(super) struct Names<'a> {
    sources: &'a Sources,
    by_path: HashMap<&'a str, usize>,
    by_name: HashMap<&'a str, Vec<usize>>,
    places: HashMap<usize, HashMap<Vec<u8>, Place>>,
    known: HashMap<(usize, String), Option<Declared>>,
    read: &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(
        sources: &'a Sources,
        read: &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Self {
        let mut by_path = HashMap::new();
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, it) in sources.packages.iter().enumerate() {
            // With a profile a package may be there for each main: its files are the same.
            if by_path.insert(it.path(), index).is_none() {
                by_name.entry(it.qualifier()).or_default().push(index);
            }
        }
        Self {
            sources,
            by_path,
            by_name,
            places: HashMap::new(),
            known: HashMap::new(),
            read,
        }
    }

    /// Whether a struct or an array of constants, or a zero one, is read-only data in an
    /// interface: up to Go 1.24 it was copied to the heap (`addrTemp` in `cmd/compile/internal/walk/order.go`).
    pub(super) fn has_static_literals(&self) -> bool {
        self.sources.go.is_none_or(|go| go >= (1, 25))
    }

    /// The bytes of a file.
    pub(super) fn read(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        (self.read)(path)
    }

    /// What `name`, or `qualifier.name`, stands for in a package. Several packages may have the name of the qualifier: then
    /// they have to agree.
    pub(super) fn find(&mut self, package: &str, name: &str) -> Option<Declared> {
        let own = self.by_path.get(package).copied();
        self.resolve(own, name, DEEPEST)
    }

    fn resolve(&mut self, own: Option<usize>, name: &str, depth: usize) -> Option<Declared> {
        let name = name.split('[').next().unwrap_or(name);
        let Some((qualifier, name)) = name.split_once('.') else {
            return self.declared(own?, name, depth);
        };
        if name.contains('.') {
            return None;
        }
        let candidates = self.by_name.get(qualifier)?.clone();
        let mut found = candidates
            .into_iter()
            .filter_map(|candidate| self.declared(candidate, name, depth));
        let first = found.next()?;
        found.all(|declared| declared == first).then_some(first)
    }

    fn declared(&mut self, package: usize, name: &str, depth: usize) -> Option<Declared> {
        let depth = depth.checked_sub(1)?;
        let key = (package, name.to_owned());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // A type that holds itself is no endless loop.
        self.known.insert(key.clone(), None);
        let found = self.look(package, name, depth);
        self.known.insert(key, found);
        found
    }

    fn look(&mut self, package: usize, name: &str, depth: usize) -> Option<Declared> {
        if !self.places.contains_key(&package) {
            let places = self.scan(package);
            self.places.insert(package, places);
        }
        let place = *self.places.get(&package)?.get(name.as_bytes())?;
        if place.word == "const" {
            return Some(Declared::Constant);
        }
        let path = self.path(package, place.file)?;
        let bytes = (self.read)(&path)?;
        let text = declaration(bytes.get(place.at..)?);
        let source = [b"package p\n", place.word.as_bytes(), b" ", text].concat();
        let tree = parse(&source)?;
        let root = tree.root_node();
        let node = root.named_child(1)?;
        let within = Within {
            package,
            source: &source,
        };
        self.of_declaration(place.word, node, within, depth)
    }

    /// What a declaration says, by its keyword.
    fn of_declaration(
        &mut self,
        word: &str,
        node: Node,
        within: Within<'_>,
        depth: usize,
    ) -> Option<Declared> {
        match word {
            "func" => {
                let result = node.child_by_field_name("result");
                let shape = result.map(|node| self.shape(node, within, depth));
                Some(Declared::Function(shape.unwrap_or(Shape::Other)))
            }
            "type" => {
                let spec = node.named_child(0)?;
                let generic = spec.child_by_field_name("type_parameters").is_some();
                let of = spec.child_by_field_name("type")?;
                let shape = self.shape(of, within, depth);
                // What a type argument takes is not known here.
                let shape = match shape {
                    Shape::Empty | Shape::Byte if generic => Shape::Composite,
                    it => it,
                };
                Some(Declared::Type(shape))
            }
            _ => {
                let spec = node.named_child(0)?;
                let shape = match spec.child_by_field_name("type") {
                    Some(of) => self.shape(of, within, depth),
                    None => {
                        let value = spec.child_by_field_name("value")?.named_child(0)?;
                        self.value(value, within, depth)
                    }
                };
                Some(Declared::Variable(shape))
            }
        }
    }

    fn path(&self, package: usize, file: usize) -> Option<Vec<u8>> {
        let package = self.sources.packages.get(package)?;
        let file = package.files.get(file)?;
        Some([package.dir.as_slice(), b"/", file.as_bytes()].concat())
    }

    /// Where the declarations of a package begin.
    fn scan(&mut self, package: usize) -> HashMap<Vec<u8>, Place> {
        let mut places = HashMap::new();
        let files = self.sources.packages[package].files.len();
        for file in 0..files {
            let path = self.path(package, file);
            if let Some(bytes) = path.and_then(|path| (self.read)(&path)) {
                declarations(&bytes, |name, word, at| {
                    places.insert(name.to_vec(), Place { word, file, at });
                });
            }
        }
        places
    }

    /// What a value of the type that `node` writes takes.
    pub(super) fn shape(&mut self, node: Node, within: Within<'_>, depth: usize) -> Shape {
        match node.kind() {
            "type_identifier" => match within.text(node) {
                "bool" | "byte" | "uint8" | "int8" => Shape::Byte,
                name => self.type_shape(within, name, depth),
            },
            "qualified_type" => self.type_shape(within, within.text(node), depth),
            "parenthesized_type" => match node.named_child(0) {
                Some(inner) => self.shape(inner, within, depth),
                None => Shape::Other,
            },
            "slice_type" => Shape::Slice,
            "array_type" => {
                let length = node.child_by_field_name("length");
                let element = node.child_by_field_name("element");
                let empty = length.is_some_and(|node| within.text(node) == "0")
                    || element.is_some_and(|node| self.shape(node, within, depth) == Shape::Empty);
                if empty {
                    Shape::Empty
                } else {
                    Shape::Composite
                }
            }
            "struct_type" => {
                let fields = self.fields(node, within, depth);
                match fields.as_slice() {
                    fields if fields.iter().all(|shape| *shape == Shape::Empty) => Shape::Empty,
                    [Shape::Byte] => Shape::Byte,
                    _ => Shape::Composite,
                }
            }
            _ => Shape::Other,
        }
    }

    /// What each field of a struct type takes.
    fn fields(&mut self, node: Node, within: Within<'_>, depth: usize) -> Vec<Shape> {
        let mut fields = Vec::new();
        let list = node.named_child(0);
        let declared: Vec<Node> = list
            .map(|node| node.named_children(&mut node.walk()).collect())
            .unwrap_or_default();
        let is_field = |node: &&Node| node.kind() == "field_declaration";
        for field in declared.iter().filter(is_field) {
            let mut cursor = field.walk();
            let names = field.children_by_field_name("name", &mut cursor).count();
            // An embedded pointer `*T` has its star outside of the type.
            let pointer = within.text(*field).starts_with('*');
            let shape = match field.child_by_field_name("type") {
                Some(of) if !pointer => self.shape(of, within, depth),
                _ => Shape::Other,
            };
            fields.extend(std::iter::repeat_n(shape, names.max(1)));
        }
        fields
    }

    fn type_shape(&mut self, within: Within<'_>, name: &str, depth: usize) -> Shape {
        match self.resolve(Some(within.package), name, depth) {
            Some(Declared::Type(shape)) => shape,
            _ => Shape::Other,
        }
    }

    /// What the value of an expression takes, where its form shows its type.
    pub(super) fn value(&mut self, node: Node, within: Within<'_>, depth: usize) -> Shape {
        match node.kind() {
            "composite_literal" | "type_conversion_expression" => {
                match node.child_by_field_name("type") {
                    Some(of) => self.shape(of, within, depth),
                    None => Shape::Other,
                }
            }
            "true" | "false" => Shape::Byte,
            "call_expression" => {
                let Some(callee) = node.child_by_field_name("function") else {
                    return Shape::Other;
                };
                match (callee.kind(), within.text(callee)) {
                    (_, "bool" | "byte" | "uint8" | "int8") => Shape::Byte,
                    ("identifier" | "selector_expression", name) => {
                        match self.resolve(Some(within.package), name, depth) {
                            Some(Declared::Function(it) | Declared::Type(it)) => it,
                            _ => Shape::Other,
                        }
                    }
                    _ => Shape::Other,
                }
            }
            _ => Shape::Other,
        }
    }

    /// The text of a file of `package` as what names are looked up in.
    pub(super) fn within<'s>(&self, package: &str, source: &'s [u8]) -> Option<Within<'s>> {
        let package = *self.by_path.get(package)?;
        Some(Within { package, source })
    }

    /// Without a limit of ours.
    pub(super) const fn deepest() -> usize {
        DEEPEST
    }
}

/// A piece of source, and the package that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Within<'s> {
    package: usize,
    source: &'s [u8],
}

impl<'s> Within<'s> {
    fn text(&self, node: Node) -> &'s str {
        let bytes = self.source.get(node.byte_range()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::file_owner::Package;
    use super::*;

    const LIB: &str = "package lib

import \"encoding/binary\"

type none struct{}
type pair struct {
\tnone
\tother [0]int
}
type (
\tflag bool
\twords []string
\tKind uint8
)
type Box[T any] struct{ v T }
type big struct{ a, b int }
type loop struct{ next *loop }
type held struct{ *none }
type table map[string]int

var Little binary.Order
var NoBody = noBody{}
var (
\tready flag
\tcount = Count()
)

const Limit = 3

func Count() int { return 1 }
func Is(x int) (ok bool) {
\treturn true
}
func Flag(x int) flag { return true }
func (none) Method() {}

type noBody struct{}
";
    const BINARY: &str = "package binary\n\ntype Order struct{}\n";

    fn check(name: &str) -> String {
        let package = |path: &str, name: &str| Package {
            import_path: path.into(),
            name: name.into(),
            dir: format!("/{path}").into_bytes(),
            files: vec!["a.go".into()],
            ..Package::default()
        };
        let sources = Sources {
            packages: vec![
                package("ex.com/lib", "lib"),
                package("encoding/binary", "binary"),
            ],
            ..Sources::default()
        };
        let mut read = |path: &[u8]| match path {
            b"/ex.com/lib/a.go" => Some(LIB.as_bytes().to_vec()),
            b"/encoding/binary/a.go" => Some(BINARY.as_bytes().to_vec()),
            _ => None,
        };
        let found = Names::new(&sources, &mut read).find("ex.com/lib", name);
        found.map_or("nothing".into(), |declared| format!("{declared:?}"))
    }

    #[test]
    fn declarations_tell_what_their_values_take() {
        insta::assert_snapshot!(check("none"), @"Type(Empty)");
        insta::assert_snapshot!(check("lib.pair"), @"Type(Empty)");
        insta::assert_snapshot!(check("flag"), @"Type(Byte)");
        insta::assert_snapshot!(check("Kind"), @"Type(Byte)");
        insta::assert_snapshot!(check("words"), @"Type(Slice)");
        insta::assert_snapshot!(check("table"), @"Type(Other)");
        insta::assert_snapshot!(check("Box[T]"), @"Type(Composite)");
        insta::assert_snapshot!(check("big"), @"Type(Composite)");
        insta::assert_snapshot!(check("loop"), @"Type(Composite)");
        insta::assert_snapshot!(check("held"), @"Type(Composite)");
        insta::assert_snapshot!(check("Little"), @"Variable(Empty)");
        insta::assert_snapshot!(check("NoBody"), @"Variable(Empty)");
        insta::assert_snapshot!(check("ready"), @"Variable(Byte)");
        insta::assert_snapshot!(check("count"), @"Variable(Other)");
        insta::assert_snapshot!(check("Limit"), @"Constant");
        insta::assert_snapshot!(check("Count"), @"Function(Other)");
        insta::assert_snapshot!(check("Flag"), @"Function(Byte)");
        insta::assert_snapshot!(check("binary.Order"), @"Type(Empty)");
        insta::assert_snapshot!(check("Method"), @"nothing");
        insta::assert_snapshot!(check("a.b.c"), @"nothing");
    }
}
