//! Takes from the statements of a line what they show.

use tree_sitter::Node;

use super::{Growth, Shape, Source, child, loops};

impl Source {
    /// Takes what a node that begins on the line says.
    pub(super) fn look(&self, node: Node<'_>, shape: &mut Shape) {
        match node.kind() {
            "go_statement" => shape.starts = true,
            "defer_statement" => shape.defers = true,
            "func_literal" => shape.constant_literal |= self.is_constant(node),
            "send_statement" => {
                shape.channel = true;
                shape.buffered |= self.is_buffered(node);
            }
            "select_statement" | "communication_case" => shape.channel = true,
            "unary_expression" if self.text(node).starts_with("<-") => {
                shape.channel = true;
                shape.buffered |= self.is_buffered(node);
            }
            "receive_statement" => shape.channel = true,
            "for_statement" => self.range(node, shape),
            "binary_expression" => shape.key_only |= self.is_key_only(node),
            "type_conversion_expression" => self.conversion(node, shape),
            "call_expression" => {
                self.conversion(node, shape);
                self.call(node, shape);
                shape.wrapped |= self.is_buffer_of_result(node);
            }
            "assignment_statement" => {
                self.assignment(node, shape);
                shape.leaves |= self.leaves(node);
            }
            "short_var_declaration" | "var_spec" => {
                shape.leaves |= self.leaves(node) || self.is_put_away(node);
                shape.wrapped |= self.is_argument_of_result(node);
                shape.copied_from_pointer = self.copied_from_pointer(node);
                shape.array_for_branches = self
                    .array_for_branches(node)
                    .or_else(|| shape.array_for_branches.take());
                let left = node
                    .child_by_field_name("left")
                    .and_then(|left| left.named_child(0));
                self.scratch_of(left.or_else(|| node.child_by_field_name("name")), shape);
            }
            // A field of a literal that began on a line above goes where that goes.
            "keyed_element" => shape.leaves |= self.is_field_of_what_leaves(node),
            "inc_statement" | "dec_statement" => {
                if let Some(index) = node
                    .named_child(0)
                    .filter(|node| node.kind() == "index_expression")
                {
                    self.scratch_of(index.child_by_field_name("operand"), shape);
                    let growth = self.growth(index.child_by_field_name("operand"), node, "map");
                    shape.writes.extend(growth.map(|growth| Growth {
                        filtered: true,
                        ..growth
                    }));
                }
            }
            _ => {}
        }
    }

    /// Notes what is made anew in each round and left behind.
    fn scratch_of(&self, name: Option<Node<'_>>, shape: &mut Shape) {
        let found = name.and_then(|name| self.scratch(name));
        shape.scratch = shape.scratch.take().or(found);
    }

    /// Notes a conversion that is made again elsewhere.
    fn conversion(&self, node: Node<'_>, shape: &mut Shape) {
        let found = self.converted_again(node);
        shape.converted_again = shape.converted_again.take().or(found);
    }

    fn range(&self, node: Node<'_>, shape: &mut Shape) {
        let Some(clause) = child(node, "range_clause") else {
            return;
        };
        let left = clause
            .child_by_field_name("left")
            .map_or("", |node| self.text(node));
        let over = clause
            .child_by_field_name("right")
            .map_or("", |node| self.text(node));
        let mut names = left.split(',').map(str::trim);
        if let Some(copy) = names.nth(1).filter(|name| *name != "_") {
            shape.copies = Some((copy.to_owned(), over.to_owned()));
        }
    }

    fn call(&self, node: Node<'_>, shape: &mut Shape) {
        let Some(function) = node.child_by_field_name("function") else {
            return;
        };
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return;
        };
        let name = self.text(function).to_owned();
        let given: Vec<Node<'_>> = arguments.named_children(&mut arguments.walk()).collect();
        if name == "append" {
            shape.grows_slice = true;
            let grown = given.first().map(|node| self.text(*node).to_owned());
            let single =
                given.len() > 1 && !self.text(arguments).trim_end_matches(')').ends_with("...");
            // Who appends lists to a field has a container; a buffer of bytes is there to be used again.
            let counts = |path: &String| single || self.holds_bytes(path);
            let grown = grown.filter(|path| {
                counts(path)
                    && !path.contains('[')
                    && self.is_stored_in(path, node)
                    && self.is_of_receiver(path, node)
                    && !self.has_room(path)
            });
            shape.grows_field = grown.or(shape.grows_field.take());
            self.scratch_of(given.first().copied(), shape);
            let growth = self.growth(given.first().copied(), node, "slice");
            let by_lists = !single && given.get(1).is_some_and(|list| !self.is_part(*list));
            let bound = |growth: Growth| Growth {
                bound: growth.bound.filter(|_| single),
                by_lists,
                ..growth
            };
            shape.appends.extend(growth.map(bound));
        }
        let literals = self.literals(&given);
        let untyped = self.untyped(&name, given.len());
        let passed = given.iter().zip(untyped).filter(|(_, untyped)| *untyped);
        shape
            .untyped
            .extend(passed.map(|(argument, _)| self.text(*argument).to_owned()));
        shape.sorts = shape.sorts.take().or_else(|| self.sorted(&name, &given));
        if name.starts_with("fmt.") {
            let is = |node: &Node<'_>, words: &[&str]| self.is_declared_with(*node, words);
            let of_reflect = ["reflect.Value", "reflect.Indirect(", "reflect.New("];
            shape.formats_reflected |= given.iter().any(|node| is(node, &of_reflect));
            let writers = ["tabwriter.", "gzip.", "zlib.", "flate."];
            shape.copies_strings |= given.first().is_some_and(|node| is(node, &writers));
        }
        shape.key_only |= name == "fmt.Sprintf" && self.is_key_only(node);
        let cheaper = self.cheaper(&name, node, &given);
        shape.cheaper = shape.cheaper.take().or(cheaper);
        shape.record_of_round |= self.is_record_of_round(&name, node);
        shape.of_memory |= self.is_of_memory(&name, node, &given);
        shape.hashes |= self.writes_to_hash(function);
        shape.joins_to_write |= self.joins_to_write(&name, &given);
        shape.calls.push((name, literals));
    }

    /// Whether what a call of append returns is stored where it came from; `return append(x.f, list...)` grows nothing that
    /// stays.
    pub(super) fn is_stored_in(&self, path: &str, call: Node<'_>) -> bool {
        let list = call.parent();
        let statement = list
            .and_then(|list| list.parent())
            .filter(|node| node.kind() == "assignment_statement");
        let left = statement.and_then(|node| node.child_by_field_name("left"));
        let mut targets = left.map_or("", |left| self.text(left)).split(',');
        targets.any(|target| target.trim() == path)
    }

    /// Whether a variable is declared with one of some words: its type, or what makes it.
    fn is_declared_with(&self, name: Node<'_>, words: &[&str]) -> bool {
        let declared = (name.kind() == "identifier")
            .then(|| self.declaration_of(self.text(name), name))
            .flatten();
        let text = declared.map_or("", |node| self.text(node));
        words.iter().any(|word| text.contains(word))
    }

    /// `h.Write(b)`, where the function makes `h` as a hash, or gets one: a hash has no WriteString.
    fn writes_to_hash(&self, function: Node<'_>) -> bool {
        let of = function.child_by_field_name("operand");
        let of = of.filter(|_| self.text(function).ends_with(".Write"));
        let declared = of.and_then(|of| self.declaration_of(self.text(of), of));
        let text: String = declared.map_or("", |node| self.text(node)).to_lowercase();
        let named = of.map_or("", |of| self.text(of)).to_lowercase();
        let words = [
            "hash", "hmac", "sha1", "sha256", "sha512", "sha3", "md5", "crc", "fnv", "blake",
        ];
        let says = |text: &str| words.iter().any(|word| text.contains(word));
        says(&text) || says(&named)
    }

    /// `w.WriteString(a + b)`, `io.WriteString(w, a+b)`, where the compiler does not put them together.
    fn joins_to_write(&self, callee: &str, given: &[Node<'_>]) -> bool {
        let writes = callee.ends_with(".WriteString");
        let joined = given
            .last()
            .filter(|node| node.kind() == "binary_expression");
        writes && joined.is_some_and(|node| self.text(*node).contains('+') && !self.is_known(*node))
    }

    /// Which parameters of a function of this file are of type `any`, for a call with so many arguments; nothing where it is
    /// not declared here.
    fn untyped(&self, callee: &str, given: usize) -> Vec<bool> {
        // Of a method the receiver would have to be known.
        let root = self.tree.root_node();
        let is_it = |node: &Node<'_>| {
            let declared = node.child_by_field_name("name");
            node.kind() == "function_declaration"
                && declared.is_some_and(|declared| self.text(declared) == callee)
        };
        let declared = root.named_children(&mut root.walk()).find(is_it);
        let parameters = declared.and_then(|node| node.child_by_field_name("parameters"));
        let Some(parameters) = parameters else {
            return Vec::new();
        };
        // What looks at the type of its arguments takes any of them on purpose.
        let body = declared.map_or("", |node| self.text(node));
        if body.contains("reflect.") || body.contains(".(type)") {
            return Vec::new();
        }
        let mut found = Vec::new();
        for parameter in parameters.named_children(&mut parameters.walk()) {
            let kind = parameter.child_by_field_name("type");
            let kind = kind.map_or("", |kind| self.text(kind));
            let names = parameter
                .children_by_field_name("name", &mut parameter.walk())
                .count();
            let is_any = matches!(kind, "any" | "interface{}");
            let count = match parameter.kind() {
                "variadic_parameter_declaration" => given,
                _ => names.max(1),
            };
            found.extend(std::iter::repeat_n(is_any, count));
        }
        found
    }

    fn assignment(&self, node: Node<'_>, shape: &mut Shape) {
        let (Some(left), Some(right)) = (
            node.child_by_field_name("left"),
            node.child_by_field_name("right"),
        ) else {
            return;
        };
        let operator = node
            .child_by_field_name("operator")
            .map_or("", |node| self.text(node));
        let (target, value) = (self.text(left), self.text(right));
        let itself = value
            .strip_prefix(target)
            .is_some_and(|rest| rest.trim_start().starts_with('+'));
        let outside = left.named_child(0).is_some_and(|child| {
            child.kind() != "identifier" || self.declared_outside(child, node)
        });
        let lengthens = operator == "+=" || (operator == "=" && itself);
        let outside = outside && !self.is_of_outer_function(target, node);
        if lengthens && !loops(node).is_empty() && outside {
            shape.lengthened.push(target.to_owned());
            if self.is_read_per_round(target, node) {
                shape.read_per_round.push(target.to_owned());
            }
        }
        if let Some(index) = left
            .named_child(0)
            .filter(|node| node.kind() == "index_expression")
        {
            shape.grows_map = true;
            self.scratch_of(index.child_by_field_name("operand"), shape);
            let growth = self.growth(index.child_by_field_name("operand"), node, "map");
            let counts = operator != "=";
            shape.writes.extend(growth.map(|growth| Growth {
                filtered: growth.filtered || counts,
                ..growth
            }));
        }
    }
}
