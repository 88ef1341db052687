//! Reads in a Go file what the compiler's text leaves out of a site.

use tree_sitter::{Node, Point, Tree};

use super::class::Class;
use super::closure::captures_nothing;
use super::declared_names::{Names, Shape};
use super::function::{Function, declared, parse};
use super::site::Site;

/// A Go file, parsed.
pub(super) struct File {
    source: Vec<u8>,
    tree: Tree,
    functions: Vec<Function>,
}

impl File {
    pub(super) fn new(source: Vec<u8>) -> Option<Self> {
        let tree = parse(&source)?;
        let functions = declared(&tree, &source);
        Some(Self {
            source,
            tree,
            functions,
        })
    }

    /// The declaration that holds a line: the one that starts last.
    pub(super) fn enclosing(&self, line: u32) -> Option<&Function> {
        let holds =
            |function: &&Function| (function.start_line..=function.end_line).contains(&line);
        self.functions
            .iter()
            .filter(holds)
            .max_by_key(|function| function.start_line)
    }

    /// The class, now that the source can be asked.
    pub(super) fn class(&self, site: &Site) -> Class {
        let (source, line, column) = (&self.source, site.line, site.column);
        match site.class {
            Class::Closure if captures_nothing(&self.tree, source, line, column) => Class::Constant,
            class => class,
        }
    }

    /// The byte at the place of a site. A call and a conversion are reported at their parenthesis; a name there stands for a
    /// constant with a type.
    pub(super) fn byte(&self, site: &Site) -> Option<u8> {
        let (line, column) = (site.line as usize, site.column as usize);
        let mut lines = self.source.split(|byte| *byte == b'\n');
        let line = lines.nth(line.checked_sub(1)?)?;
        line.get(column.checked_sub(1)?).copied()
    }

    /// The node of a kind that starts at a position.
    pub(super) fn at(&self, line: u32, column: u32, kind: &str) -> Option<Node<'_>> {
        let point = Point {
            row: (line as usize).checked_sub(1)?,
            column: (column as usize).checked_sub(1)?,
        };
        let root = self.tree.root_node();
        let mut node = root.descendant_for_point_range(point, point)?;
        while node.kind() != kind {
            node = node
                .parent()
                .filter(|node| node.start_position() == point)?;
        }
        Some(node)
    }

    /// The source of a node.
    pub(super) fn text(&self, node: Node) -> &str {
        let bytes = self.source.get(node.byte_range()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether the file declares a type of that name in the body of a function.
    pub(super) fn local_type(&self, name: &str) -> bool {
        let text = format!("\ttype {name} ");
        memchr::memmem::find(&self.source, text.as_bytes()).is_some()
    }

    /// What the variable at the place of a site takes, where the function around it declares it once, with a type or a value
    /// that shows it.
    pub(super) fn local(&self, site: &Site, names: &mut Names<'_>) -> Option<Shape> {
        let name = self.at(site.line, site.column, "identifier")?;
        if self.text(name) != site.expression {
            return None;
        }
        let declared = self.declaring(name, &site.expression);
        let [declaration] = declared.as_slice() else {
            // Declared twice, it is one of them; by nobody here, it is the package's.
            return (!declared.is_empty()).then_some(Shape::Other);
        };
        let within = names.within(&site.package, &self.source)?;
        let variadic = declaration.kind() == "variadic_parameter_declaration";
        let shape = match declaration.child_by_field_name("type") {
            _ if variadic => Shape::Other,
            Some(of) => names.shape(of, within, Names::deepest()),
            None if declaration.kind() == "short_var_declaration" => {
                let side = |text| declaration.child_by_field_name(text);
                let (left, right) = (side("left")?, side("right")?);
                match (left.named_child_count(), right.named_child_count()) {
                    (1, 1) => names.value(right.named_child(0)?, within, Names::deepest()),
                    _ => Shape::Other,
                }
            }
            None => Shape::Other,
        };
        Some(shape)
    }

    /// The nodes of the declaration around a node that declare a name.
    fn declaring<'t>(&self, node: Node<'t>, name: &str) -> Vec<Node<'t>> {
        let mut around = node;
        while let Some(parent) = around.parent().filter(|node| node.parent().is_some()) {
            around = parent;
        }
        let mut declared = Vec::new();
        super::closure::walk(&mut around.walk(), |node| {
            super::closure::names(node, |it| {
                if self.text(it) == name {
                    declared.push(node);
                }
            });
            true
        });
        declared
    }
}
