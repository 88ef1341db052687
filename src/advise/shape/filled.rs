//! Finds where a slice or map that grows in a loop is declared, and how often the loop runs.

use tree_sitter::Node;

use super::{Source, is_within, loops};

/// A slice or a map that something is put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Growth {
    /// What grows.
    pub(crate) name: String,
    /// It is declared in this function without a size, outside of the one loop that fills it.
    pub(crate) begins_empty: bool,
    /// How many there are at last, by what the loop walks over: `len(xs)`, a number, `len(xs)+1`.
    pub(crate) bound: Option<String>,
    /// The loop walks something whose length is known, or counts to an end.
    pub(crate) ends_somewhere: bool,
    /// What is put in is a list whose length nobody sees here: `append(all, f()...)`.
    pub(crate) by_lists: bool,
    /// More than `bound` may be put in, elsewhere.
    pub(crate) at_least: bool,
    /// Something decides, per element, whether it is put in.
    pub(crate) filtered: bool,
    /// It gets a size in this function: somebody thought of it.
    pub(crate) sized: bool,
    /// It is a parameter: who calls the function makes it.
    pub(crate) handed: bool,
    /// Nobody can say here how far it grows: the loop returns it when enough is there, or it is a field of what the function
    /// makes itself, and nothing in the text counts the rounds.
    pub(crate) nobody_knows: bool,
}

impl Source {
    /// Whether a variable lives longer than one round of the loop around it.
    pub(super) fn declared_outside(&self, name: Node<'_>, at: Node<'_>) -> bool {
        let declared = self.declaration_of(self.text(name), at);
        match (declared, loops(at).first()) {
            (Some(declared), Some(inner)) => !is_within(declared, *inner),
            _ => true,
        }
    }

    /// How something grows where `at` stands.
    pub(super) fn growth(
        &self,
        target: Option<Node<'_>>,
        at: Node<'_>,
        kind: &str,
    ) -> Option<Growth> {
        let target = target?;
        let name = self.text(target).to_owned();
        let loops = loops(at);
        let inner = loops.first()?;
        let declared = (target.kind() == "identifier")
            .then(|| self.declaration_of(&name, at))
            .flatten();
        // A literal may run many times, each time with what the run before has left.
        let crosses = declared.is_some() && self.is_of_outer_function(&name, at);
        // A second loop between the declaration and here multiplies what the bound says.
        let alone = declared.is_some_and(|node| {
            !crosses
                && !is_within(node, *inner)
                && loops.get(1).is_none_or(|outer| is_within(node, *outer))
        });
        let bound = self
            .bound(*inner)
            .filter(|_| !self.returns_it(*inner, &name));
        let mut growth = Growth {
            begins_empty: alone && declared.is_some_and(|node| self.is_empty(node, &name, kind)),
            bound,
            ends_somewhere: self.ends_somewhere(*inner),
            by_lists: false,
            at_least: false,
            filtered: jumps_before(at, *inner) || decides(at, *inner),
            // Which of them a round puts something into is not known before: `groups[key] = append(groups[key], x)`.
            nobody_knows: crosses
                || target.kind() == "index_expression"
                || self.returns_it(*inner, &name)
                || self.drops_repeats(at, *inner, &name)
                || self.bound(*inner).is_none() && self.is_of_what_is_made(&name, at),
            sized: self.has_room(&name)
                || self.is_sized_before(&name, at)
                || declared.is_some_and(|node| self.text(node).contains("make("))
                    && !declared.is_some_and(|node| self.is_empty(node, &name, kind)),
            handed: declared.is_some_and(|node| self.is_parameter(node)),
            name,
        };
        if let (Some(declared), "slice") = (declared, kind) {
            self.count(&mut growth, declared, *inner, at);
        }
        Some(growth)
    }

    /// Whether a declaration is that of a parameter, and of no result.
    fn is_parameter(&self, declared: Node<'_>) -> bool {
        let list = declared.parent();
        let function = list.and_then(|list| list.parent());
        let parameters = function.and_then(|node| node.child_by_field_name("parameters"));
        list.is_some() && list == parameters
    }

    /// Whether a variable is declared outside of the function literal that a node is in.
    pub(super) fn is_of_outer_function(&self, name: &str, at: Node<'_>) -> bool {
        let declared = self.declaration_of(name, at);
        declared.is_some_and(|node| literal_around(node) != literal_around(at))
    }

    /// Counts what is appended to a slice in each round, and beside the loop.
    fn count(&self, growth: &mut Growth, declared: Node<'_>, inner: Node<'_>, at: Node<'_>) {
        let count = self.appended_per_round(inner, &growth.name);
        // Every branch appends: which one runs is the same to the length.
        growth.filtered &= jumps_before(at, inner) || count.is_none_or(|count| count.least == 0);
        let whole = growth
            .bound
            .take()
            .and_then(|bound| self.length_at_last(&bound, &growth.name, declared, inner));
        if let Some((bound, more)) = whole {
            growth.bound = Some(bound);
            growth.at_least = more;
        }
    }

    /// Whether a declaration makes a slice or a map without a size.
    pub(super) fn is_empty(&self, declaration: Node<'_>, name: &str, kind: &str) -> bool {
        match declaration.kind() {
            "var_spec" => match declaration.child_by_field_name("value") {
                Some(value) => self.makes_empty(self.text(value), kind),
                None => {
                    let of = declaration.child_by_field_name("type");
                    kind == "slice" && of.is_some_and(|node| self.text(node).starts_with("[]"))
                }
            },
            "short_var_declaration" => {
                let side = |text| declaration.child_by_field_name(text);
                let (Some(left), Some(right)) = (side("left"), side("right")) else {
                    return false;
                };
                let names = self
                    .text(left)
                    .split(',')
                    .position(|part| part.trim() == name);
                let value = names.and_then(|name| right.named_child(u32::try_from(name).ok()?));
                value.is_some_and(|node| self.makes_empty(self.text(node), kind))
            }
            // A named result.
            "parameter_declaration" => {
                let is_result = declaration
                    .parent()
                    .and_then(|list| list.parent()?.child_by_field_name("result"))
                    .is_some_and(|node| is_within(declaration, node));
                let of = declaration.child_by_field_name("type");
                kind == "slice"
                    && is_result
                    && of.is_some_and(|node| self.text(node).starts_with("[]"))
            }
            _ => false,
        }
    }

    /// Whether what is declared is nil until something is put in: it has no value, or a conversion of nil.
    pub(super) fn begins_nil(&self, declared: Node<'_>) -> bool {
        let text = self.text(declared);
        let value = text.split_once('=').map(|(_, value)| value);
        value.is_none_or(|value| value.contains("(nil)"))
    }

    fn makes_empty(&self, value: &str, kind: &str) -> bool {
        let value: String = value.chars().filter(|c| !c.is_whitespace()).collect();
        match kind {
            "slice" => {
                (value.starts_with("[]") && value.ends_with("{}"))
                    || (value.starts_with("make([]") && value.ends_with(",0)"))
                    || (value.starts_with("[]") && value.ends_with("(nil)"))
            }
            _ => {
                (value.starts_with("map[") && value.ends_with("{}"))
                    || (value.starts_with("make(map[") && !has_size(&value))
            }
        }
    }

    /// Whether something below a node sets a variable or takes its address.
    pub(super) fn is_changed(&self, below: Node<'_>, name: &str) -> bool {
        let mut mentions = self.mentions(below, name).into_iter();
        mentions.any(|node| self.is_change(node))
    }

    /// Whether a mention of a variable sets it or takes its address.
    pub(super) fn is_change(&self, node: Node<'_>) -> bool {
        let parent = node.parent();
        let list = parent.filter(|parent| parent.kind() == "expression_list");
        let outer = list.and_then(|list| list.parent());
        let is_left = outer.is_some_and(|outer| {
            outer.kind() == "assignment_statement" && outer.child_by_field_name("left") == list
        });
        let by_itself = parent.is_some_and(|parent| {
            matches!(parent.kind(), "inc_statement" | "dec_statement")
                || (parent.kind() == "unary_expression" && self.text(parent).starts_with('&'))
        });
        is_left || by_itself
    }

    /// Whether a loop returns what grows in it, be it as a named result by a bare `return`: then it is over when enough is
    /// there.
    fn returns_it(&self, looping: Node<'_>, name: &str) -> bool {
        let is_named = || {
            let declared = self.declaration_of(name, looping)?;
            let result = declared.parent()?.parent()?.child_by_field_name("result")?;
            Some(is_within(declared, result))
        };
        if has_bare_return(looping) && is_named() == Some(true) {
            return true;
        }
        self.mentions(looping, name).into_iter().any(|node| {
            let mut at = node.parent();
            while let Some(parent) = at.filter(|parent| *parent != looping) {
                match parent.kind() {
                    "return_statement" => return true,
                    "expression_list" | "call_expression" | "argument_list" => {
                        at = parent.parent();
                    }
                    _ => return false,
                }
            }
            false
        })
    }

    /// Whether the loop around `at` needs the value of a name in each round, beside what makes it longer and its length. True
    /// where there is no loop.
    pub(super) fn is_read_per_round(&self, name: &str, at: Node<'_>) -> bool {
        let around = loops(at);
        let Some(inner) = around.first() else {
            return true;
        };
        self.mentions(*inner, name).into_iter().any(|node| {
            let above = |kind| {
                let mut above = std::iter::successors(node.parent(), Node::parent);
                above.find(|node| node.kind() == kind)
            };
            let lengthens = above("assignment_statement").is_some_and(|statement| {
                let left = statement.child_by_field_name("left");
                left.is_some_and(|left| self.text(left) == name)
            });
            let measures = above("call_expression").is_some_and(|call| {
                let text: String = self.text(call).split_whitespace().collect();
                text == format!("len({name})")
            });
            !lengthens && !measures
        })
    }
}

/// Whether something between a loop and a node in it decides about that node.
fn decides(at: Node<'_>, inner: Node<'_>) -> bool {
    let above = std::iter::successors(at.parent(), Node::parent);
    let mut between = above.take_while(|node| *node != inner);
    between.any(|node| {
        matches!(
            node.kind(),
            "if_statement"
                | "expression_case"
                | "type_case"
                | "communication_case"
                | "default_case"
        )
    })
}

/// Whether a round of a loop may be over before it gets to a node.
fn jumps_before(at: Node<'_>, inner: Node<'_>) -> bool {
    let mut stack = vec![inner];
    while let Some(node) = stack.pop() {
        if node.kind() == "func_literal" || node.start_byte() >= at.start_byte() && node != inner {
            continue;
        }
        if matches!(
            node.kind(),
            "continue_statement" | "break_statement" | "goto_statement"
        ) {
            return true;
        }
        stack.extend(node.named_children(&mut node.walk()));
    }
    false
}

/// `make(map[K]V, n)` has a comma outside of every bracket.
fn has_size(make: &str) -> bool {
    let mut depth = 0i32;
    make.bytes().any(|byte| {
        match byte {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth -= 1,
            _ => {}
        }
        byte == b',' && depth == 1
    })
}

/// Whether a `return` without values stands below a node, those of function literals left out.
fn has_bare_return(below: Node<'_>) -> bool {
    let mut stack = vec![below];
    while let Some(node) = stack.pop() {
        match node.kind() {
            "return_statement" if node.named_child_count() == 0 => return true,
            "func_literal" => {}
            _ => stack.extend(node.named_children(&mut node.walk())),
        }
    }
    false
}

/// Where the function literal around a node begins; `None` in no literal.
pub(super) fn literal_around(node: Node<'_>) -> Option<usize> {
    let mut at = node;
    while let Some(parent) = at.parent() {
        if parent.kind() == "func_literal" {
            return Some(parent.start_byte());
        }
        at = parent;
    }
    None
}
