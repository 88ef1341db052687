//! What is true of a whole function, which all of its lines share: made once per function.

use std::ops::Range;
use std::rc::Rc;

use tree_sitter::Node;

use super::Source;
use super::branches::InBranch;

/// What is known of a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AboutFunction {
    /// It is given a reflect.Type: what it finds out is mostly kept by type.
    pub(crate) by_type: bool,
    /// Variables of the function whose addresses it returns, stores or hands to who fills them: these stay on the heap.
    pub(crate) kept: Vec<String>,
    /// Variables whose addresses the function hands to C, with the function of C.
    pub(crate) to_c: Vec<(String, String)>,
    /// Variables whose addresses the function takes. What a literal captures is not among them: there is nothing to find out.
    pub(crate) addressed: Vec<(String, i64)>,
    /// Variables that the function declares without a value: `var x T`.
    pub(crate) without_value: Vec<String>,
    /// The function around it mentions these names.
    pub(crate) mentioned: Vec<String>,
    /// Names that several variables of the function have: what is known of a name may be of another of them.
    pub(crate) repeated: Vec<String>,
    /// Where it converts names and fields between strings and bytes.
    pub(crate) conversions: Vec<Range<usize>>,
    /// Where it sets names or fields, or declares a name anew.
    pub(crate) sets: Vec<Range<usize>>,
    /// Variables that are on the heap because of branches alone.
    pub(crate) in_branch: Vec<InBranch>,
}

impl Source {
    /// What is known of a function; looked for at its first line that is asked about.
    pub(super) fn about_function(&self, function: Node<'_>) -> Rc<AboutFunction> {
        let key = function.start_byte();
        if let Some(known) = self.functions.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found = Rc::new(AboutFunction {
            by_type: self.is_by_type(function),
            kept: each_once(self.kept(function)),
            to_c: self.to_c(function),
            addressed: self.all_addressed(function),
            without_value: self.without_value(function),
            mentioned: self.names(function),
            repeated: self.repeated(function),
            conversions: self.conversions(function),
            sets: self.sets(function),
            in_branch: self.in_branch(function),
        });
        let mut functions = self.functions.borrow_mut();
        Rc::clone(functions.entry(key).or_insert(found))
    }
}

impl Source {
    fn is_by_type(&self, function: Node<'_>) -> bool {
        let parameters = function.child_by_field_name("parameters");
        parameters.is_some_and(|list| self.text(list).contains("reflect.Type"))
    }
}

fn each_once(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}
