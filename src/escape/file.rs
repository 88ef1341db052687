//! The bytes of a Go file in, what the compiler's text leaves out of a site in it out.

use tree_sitter::Tree;

use super::class::Class;
use super::closure::captures_nothing;
use super::expression::constant_call;
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

    /// The name of the declaration that holds a line: the one that starts last.
    pub(super) fn enclosing(&self, line: u32) -> Option<String> {
        let holds = |it: &&Function| (it.start_line..=it.end_line).contains(&line);
        self.functions
            .iter()
            .filter(holds)
            .max_by_key(|it| it.start_line)
            .map(|it| it.name.clone())
    }

    /// The class, now that the source can be asked.
    pub(super) fn class(&self, site: &Site) -> Class {
        let (source, line, column) = (&self.source, site.line, site.column);
        match site.class {
            Class::Closure if captures_nothing(&self.tree, source, line, column) => Class::Constant,
            Class::Boxing | Class::Constant => match constant_call(site.expression.as_bytes()) {
                Some(callee) => self.boxed_call(site, callee),
                None => site.class,
            },
            class => class,
        }
    }

    /// The class of `T("text")` and `f(3)`.
    fn boxed_call(&self, site: &Site, callee: &[u8]) -> Class {
        let line = self
            .source
            .split(|it| *it == b'\n')
            .nth((site.line as usize).saturating_sub(1));
        // A call is reported at its parenthesis; a name there stands for a typed constant.
        match line.and_then(|it| it.get((site.column as usize).checked_sub(1)?)) {
            Some(b'(') if self.functions.iter().any(|it| it.name.as_bytes() == callee) => {
                Class::Boxing
            }
            Some(it) if it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.') => Class::Constant,
            _ => site.class,
        }
    }
}
