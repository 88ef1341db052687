//! Whether an expression is a constant text: the compiler then writes it where the linker replaces it.

use tree_sitter::Node;

use super::{DEEPEST, Kind, Lookup, Scope, UNIVERSE};

/// What an expression is before the program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// A constant of type string.
    Text,
    /// A constant of another type, or a value that never is a string.
    Other,
    /// Computed when the program starts.
    Computed,
    /// It stands where it cannot be read: C, a dot import.
    Unknown,
}

/// Reads an expression that stands in a file of a package.
pub(super) fn value<'f>(
    scope: &Scope<'f>,
    file: usize,
    node: Node<'f>,
    lookup: Lookup<'_, 'f>,
) -> Value {
    Reader { lookup, depth: 0 }.value(scope, file, node)
}

#[derive(Clone, Copy)]
struct Reader<'a, 'f> {
    lookup: Lookup<'a, 'f>,
    depth: usize,
}

impl<'f> Reader<'_, 'f> {
    fn value(self, scope: &Scope<'f>, file: usize, node: Node<'f>) -> Value {
        if self.depth > DEEPEST {
            return Value::Unknown;
        }
        let deeper = Self {
            depth: self.depth + 1,
            ..self
        };
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "interpreted_string_literal" | "raw_string_literal" => Value::Text,
            "int_literal" | "float_literal" | "imaginary_literal" | "rune_literal" | "true"
            | "false" | "nil" | "iota" | "composite_literal" | "func_literal" => Value::Other,
            "parenthesized_expression" => match node.named_child(0) {
                Some(inner) => deeper.value(scope, file, inner),
                None => Value::Unknown,
            },
            "identifier" => deeper.name(scope, &scope.files[file].text(node)),
            "selector_expression" => deeper.selected(scope, file, node),
            "binary_expression" => {
                let of = |node: Option<Node<'f>>| node.map(|node| deeper.value(scope, file, node));
                deeper.sum(of(field("left")), of(field("right")))
            }
            "unary_expression" => match field("operand") {
                Some(operand) => match deeper.value(scope, file, operand) {
                    Value::Text => Value::Other,
                    other => other,
                },
                None => Value::Unknown,
            },
            "call_expression" | "type_conversion_expression" => deeper.call(scope, file, node),
            "index_expression" | "slice_expression" | "type_assertion_expression" => {
                Value::Computed
            }
            _ => Value::Unknown,
        }
    }

    fn sum(self, left: Option<Value>, right: Option<Value>) -> Value {
        match (left, right) {
            (Some(Value::Text), Some(Value::Text)) => Value::Text,
            (Some(Value::Computed), _) | (_, Some(Value::Computed)) => Value::Computed,
            (Some(Value::Other), Some(Value::Other)) => Value::Other,
            _ => Value::Unknown,
        }
    }

    /// A name of the package itself.
    fn name(self, scope: &Scope<'f>, name: &str) -> Value {
        let Some(found) = scope.names.get(name) else {
            return match name {
                "true" | "false" | "nil" | "iota" => Value::Other,
                // A dot import.
                _ => Value::Unknown,
            };
        };
        match (found.kind, found.value) {
            (Kind::Variable, _) => Value::Computed,
            (Kind::Constant, Some(value)) => self.value(scope, found.file, value),
            // The constants of a group may repeat what stands above them.
            _ => Value::Unknown,
        }
    }

    /// `package.Name`, or a field of something.
    fn selected(self, scope: &Scope<'f>, file: usize, node: Node<'f>) -> Value {
        let text = |node: Node<'f>| scope.files[file].text(node);
        let operand = node.child_by_field_name("operand");
        let Some(operand) = operand.filter(|node| node.kind() == "identifier") else {
            return Value::Computed;
        };
        let operand = text(operand);
        let Some(path) = scope.imports[file].get(&operand) else {
            return match scope.names.contains_key(&operand) {
                true => Value::Computed,
                false => Value::Unknown,
            };
        };
        match (
            (self.lookup)(path),
            node.child_by_field_name("field").map(text),
        ) {
            (Some(other), Some(name)) => self.name(other, &name),
            _ => Value::Unknown,
        }
    }

    /// A conversion, or a call.
    fn call(self, scope: &Scope<'f>, file: usize, node: Node<'f>) -> Value {
        let function = node
            .child_by_field_name("function")
            .or_else(|| node.child_by_field_name("type"));
        let argument = match node.child_by_field_name("arguments") {
            Some(list) => list.named_child(0),
            None => node.child_by_field_name("operand"),
        };
        let Some(function) = function else {
            return Value::Unknown;
        };
        if function.kind() == "func_literal" {
            return self.body(scope, file, function);
        }
        if !matches!(function.kind(), "identifier" | "type_identifier") {
            return Value::Computed;
        }
        let name = scope.files[file].text(function);
        self.call_of(&name, scope, file, argument)
    }

    /// A conversion, or a call, of what has a name in the package.
    fn call_of(
        self,
        name: &str,
        scope: &Scope<'f>,
        file: usize,
        argument: Option<Node<'f>>,
    ) -> Value {
        let declared = scope.names.get(name);
        match declared.map(|declared| (declared.kind, declared)) {
            Some((Kind::Function, it)) => match it.value {
                Some(body) => self.body(scope, it.file, body),
                None => Value::Computed,
            },
            Some((Kind::Type, _)) => Value::Other,
            Some((Kind::Alias, it)) => match it.declared {
                Some(declared) if scope.other_type(declared, it.file, DEEPEST).is_some() => {
                    Value::Other
                }
                _ => self.converted(scope, file, argument, Value::Text),
            },
            Some(_) => Value::Computed,
            None if name == "string" => self.converted(scope, file, argument, Value::Text),
            None if name == "len" || UNIVERSE.contains(&name) => {
                self.converted(scope, file, argument, Value::Other)
            }
            // Declared by cgo or by a dot import, or a function of the language.
            None => Value::Computed,
        }
    }

    /// What a constant becomes; what is none stays computed, as `string(bytes)`.
    fn converted(
        self,
        scope: &Scope<'f>,
        file: usize,
        argument: Option<Node<'f>>,
        to: Value,
    ) -> Value {
        let Some(argument) = argument else {
            return Value::Unknown;
        };
        if matches!(argument.kind(), "composite_literal" | "func_literal") {
            return Value::Computed;
        }
        match self.value(scope, file, argument) {
            Value::Text | Value::Other => to,
            other => other,
        }
    }

    /// A function that does nothing but return a constant is inlined, and its result is one.
    fn body(self, scope: &Scope<'f>, file: usize, function: Node<'f>) -> Value {
        let values = returned(function);
        match values.as_slice() {
            [one] => match self.value(scope, file, *one) {
                Value::Text => Value::Text,
                Value::Unknown => Value::Unknown,
                _ => Value::Computed,
            },
            _ => Value::Computed,
        }
    }
}

/// What a function returns that does nothing else.
fn returned<'f>(function: Node<'f>) -> Vec<Node<'f>> {
    let statements = function.child_by_field_name("body").map(|body| {
        let inner: Vec<Node<'f>> = body.named_children(&mut body.walk()).collect();
        match inner.as_slice() {
            [list] if list.kind() == "statement_list" => {
                list.named_children(&mut list.walk()).collect()
            }
            _ => inner,
        }
    });
    let returned = match statements.as_deref() {
        Some([only]) if only.kind() == "return_statement" => only.named_child(0),
        _ => None,
    };
    match returned {
        Some(list) if list.kind() == "expression_list" => {
            list.named_children(&mut list.walk()).collect()
        }
        Some(one) => vec![one],
        None => Vec::new(),
    }
}
