//! Finds calls that have a cheaper form, by what the function does with their results.

use tree_sitter::Node;

use super::{Source, is_within};

/// A call that has a cheaper form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheaperCall {
    /// The function that is called, `strings.SplitN`.
    pub(crate) callee: String,
    /// What does the same.
    pub(crate) form: Cheaper,
    /// Its first argument is `string(b)`: what is taken apart are bytes.
    pub(crate) of_bytes: bool,
}

/// A cheaper form of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cheaper {
    /// The parts before and behind the first separator: `Cut`.
    Cut,
    /// Parts that are only walked over: `SplitSeq`.
    Walk,
    /// Parts that are only counted: `Count`.
    Count,
}

impl Source {
    /// The cheaper form of a call of strings or bytes.
    pub(super) fn cheaper(
        &self,
        callee: &str,
        call: Node<'_>,
        given: &[Node<'_>],
    ) -> Option<CheaperCall> {
        let (package, function) = callee.split_once('.')?;
        if !matches!(package, "strings" | "bytes") {
            return None;
        }
        // Without a separator every character is a part.
        let separator = given.get(1).map(|node| self.text(*node));
        if separator == Some("\"\"") {
            return None;
        }
        let is_pair = || given.get(2).is_some_and(|count| self.text(*count) == "2");
        let form = match function {
            "SplitN" if is_pair() && self.is_read_by_index(call, &["0", "1"]) => Cheaper::Cut,
            "Split" if self.is_index(call, &["0"]) => Cheaper::Cut,
            "Split" if self.is_measured(call) => Cheaper::Count,
            "Split" | "SplitAfter" | "Fields" | "FieldsFunc" if self.is_walked(call) => {
                Cheaper::Walk
            }
            _ => return None,
        };
        let first = given.first().map_or("", |node| self.text(*node));
        Some(CheaperCall {
            callee: callee.to_owned(),
            form,
            of_bytes: first.starts_with("string("),
        })
    }

    /// Whether a record that a call returns is only read by index, length and range, and nothing of the file asks for `ReuseRecord`.
    pub(super) fn is_record_of_round(&self, callee: &str, call: Node<'_>) -> bool {
        let reads = callee.ends_with(".Read");
        let asks = || String::from_utf8_lossy(&self.text).contains("ReuseRecord");
        reads && !asks() && self.is_only_looked_at(call)
    }

    /// Whether a reader or scanner with a buffer reads from what is in memory: `bufio.NewReader(strings.NewReader(s))`, or the
    /// variable that `.Scan` is called on is made so.
    pub(super) fn is_of_memory(&self, callee: &str, call: Node<'_>, given: &[Node<'_>]) -> bool {
        if callee.starts_with("bufio.New") {
            let of_memory = given
                .first()
                .is_some_and(|node| is_memory(self.text(*node)));
            // Who is handed a bufio.Reader needs one.
            let is_receiver = |node: &Node<'_>| {
                let parent = node.parent();
                parent.is_some_and(|parent| parent.kind() == "selector_expression")
            };
            let uses = self.uses_of_result(call);
            return of_memory && !uses.is_empty() && uses.iter().all(is_receiver);
        }
        let name = callee.strip_suffix(".Scan");
        let declared = name.and_then(|name| self.declaration_of(name, call));
        let made = declared.map_or("", |node| self.text(node));
        let reads = made.split_once("bufio.NewScanner(");
        reads.is_some_and(|(_, of)| is_memory(of))
    }

    /// Whether the string that an expression puts together is only the key of a map: in the brackets, or by a name that stands
    /// nowhere else.
    pub(super) fn is_key_only(&self, made: Node<'_>) -> bool {
        let is_key = |node: Node<'_>| {
            let parent = node.parent();
            let index = parent.and_then(|parent| parent.child_by_field_name("index"));
            let of = parent.filter(|parent| parent.kind() == "index_expression");
            let of = of.and_then(|parent| parent.child_by_field_name("operand"));
            let is_index = of.is_some_and(|of| self.is_own_map(self.text(of)));
            // `delete(m, key)`
            let list = parent
                .filter(|list| list.kind() == "argument_list" && list.named_child(1) == Some(node));
            let callee = list.and_then(|list| list.parent()?.child_by_field_name("function"));
            let map = list.and_then(|list| list.named_child(0));
            let deletes = callee.is_some_and(|callee| self.text(callee) == "delete")
                && map.is_some_and(|map| self.is_own_map(self.text(map)));
            (is_index && index == Some(node)) || deletes
        };
        let joins = made.kind() != "binary_expression" || self.text(made).contains('+');
        let all = self.uses_of_result(made);
        joins && (is_key(made) || !all.is_empty() && all.iter().all(|node| is_key(*node)))
    }

    /// Whether this file declares a map of strings under the last name of a path, and so names the type of its key.
    fn is_own_map(&self, path: &str) -> bool {
        let name = path.rsplit('.').next().unwrap_or(path);
        let text = String::from_utf8_lossy(&self.text);
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let is_whole = before.is_none_or(|before| !before.is_alphanumeric() && before != '_');
            let rest = text[at + name.len()..].trim_start_matches([' ', ':', '=', '\t']);
            let rest = rest.strip_prefix("make(").unwrap_or(rest);
            is_whole && rest.starts_with("map[string]")
        })
    }

    /// `f(x)[0]`
    fn is_index(&self, call: Node<'_>, indexes: &[&str]) -> bool {
        let outer = call
            .parent()
            .filter(|node| node.kind() == "index_expression");
        let index = outer.and_then(|node| node.child_by_field_name("index"));
        index.is_some_and(|index| indexes.contains(&self.text(index)))
    }

    /// `len(f(x))`
    fn is_measured(&self, call: Node<'_>) -> bool {
        self.call_around(call) == Some("len")
    }

    /// The function whose only argument a node is.
    fn call_around(&self, node: Node<'_>) -> Option<&str> {
        let list = node
            .parent()
            .filter(|list| list.kind() == "argument_list" && list.named_child_count() == 1)?;
        Some(self.text(list.parent()?.child_by_field_name("function")?))
    }

    /// Whether the result of a call is only read by some literal indexes and by its length.
    fn is_read_by_index(&self, call: Node<'_>, indexes: &[&str]) -> bool {
        if self.is_index(call, indexes) {
            return true;
        }
        let all = self.uses_of_result(call);
        !all.is_empty()
            && all.iter().all(|node| {
                (self.is_index(*node, indexes) && !is_set(*node)) || self.is_measured(*node)
            })
    }

    /// Whether the result of a call is walked over once, without the numbers of the elements, and nothing else: `for _, x := range f()`.
    fn is_walked(&self, call: Node<'_>) -> bool {
        let walks = |node: Node<'_>| {
            let clause = node.parent().filter(|node| node.kind() == "range_clause");
            let left = clause.and_then(|clause| clause.child_by_field_name("left"));
            left.is_some_and(|left| self.text(left).replace(' ', "").starts_with("_,"))
        };
        walks(call) || matches!(self.uses_of_result(call)[..], [one] if walks(one))
    }

    /// Whether the result of a call is only read by index, length and range.
    fn is_only_looked_at(&self, call: Node<'_>) -> bool {
        let looks = |node: &Node<'_>| {
            let parent = node.parent();
            let kind = parent.map_or("", |parent| parent.kind());
            let is_index = kind == "index_expression" && !is_set(*node);
            is_index || kind == "range_clause" || self.is_measured(*node)
        };
        let all = self.uses_of_result(call);
        !all.is_empty() && all.iter().all(looks)
    }

    /// Where a function mentions the variable that gets the first result of a call; nothing where other variables have that name.
    fn uses_of_result(&self, call: Node<'_>) -> Vec<Node<'_>> {
        let statement = call.parent().and_then(|list| list.parent());
        let statement = statement.filter(|node| node.kind() == "short_var_declaration");
        let left = statement.and_then(|node| node.child_by_field_name("left"));
        let name = left.and_then(|left| left.named_child(0));
        let (Some(name), Some(function)) = (name, self.enclosing(call)) else {
            return Vec::new();
        };
        let text = self.text(name);
        let about = self.about_function(function);
        if text == "_" || about.repeated.iter().any(|repeated| repeated == text) {
            return Vec::new();
        }
        let mut all = self.mentions(function, text);
        all.retain(|node| !is_within(*node, name));
        all
    }
}

/// Whether an argument is what reads from memory.
fn is_memory(argument: &str) -> bool {
    ["strings.NewReader(", "bytes.NewReader(", "bytes.NewBuffer"]
        .iter()
        .any(|made| argument.starts_with(made))
}

/// Whether an element, `x[0]`, is set or its address taken.
fn is_set(name: Node<'_>) -> bool {
    let element = name.parent();
    let outer = element.and_then(|element| element.parent());
    let statement = outer.and_then(|outer| outer.parent());
    let is_left = statement.is_some_and(|statement| {
        statement.kind() == "assignment_statement" && statement.child_by_field_name("left") == outer
    });
    let kind = outer.map_or("", |outer| outer.kind());
    let is_counted = matches!(kind, "inc_statement" | "dec_statement");
    let takes = kind == "unary_expression"
        && outer
            .and_then(|outer| outer.child_by_field_name("operator"))
            .is_some_and(|operator| operator.kind() == "&");
    is_left || is_counted || takes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_that_is_only_a_key_is_recognized() {
        const FILE: &str = "package p

func f(h http.Header, a, b string) {
	m := map[string]int{}
	m[a+\":\"+b]++
	key := fmt.Sprintf(\"%s:%s\", a, b)
	if _, ok := m[key]; ok { delete(m, key) }
	name := a + b
	m[name] = 1
	use(name)
	h[\"X-\"+a] = nil
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, is_key) in [(5, true), (6, true), (8, false), (11, false)] {
            assert_eq!(source.shape(line).unwrap().key_only, is_key, "{line}");
        }
    }

    #[test]
    fn what_is_done_with_the_parts_decides_the_form() {
        const FILE: &str = "package p

func f(line string, r *csv.Reader) {
	kv := strings.SplitN(line, \":\", 2)
	if len(kv) == 2 { use(kv[0], kv[1]) }
	pair := strings.SplitN(line, \":\", 2)
	use(pair)
	first := strings.Split(line, \",\")[0]
	number := len(bytes.Split(line, sep))
	for _, part := range strings.Split(line, first) { use(part) }
	for i, part := range strings.Split(line, first) { use(i, part) }
	parts := strings.Fields(line)
	for _, part := range parts { use(part) }
	words := strings.Fields(line)
	for _, part := range words { use(part, len(words)) }
	letters := strings.SplitN(line, \"\", 2)
	use(letters[0])
	set := strings.SplitN(line, \"=\", 2)
	set[1] = number
	record, err := r.Read()
	row[0] = record[0]
	kept, err := r.Read()
	rows = append(rows, kept)
	lines := bufio.NewScanner(strings.NewReader(line))
	for lines.Scan() { use(lines.Text()) }
	other := bufio.NewReader(os.Stdin)
	word := bufio.NewReader(strings.NewReader(line))
	word.ReadString(' ')
	request := bufio.NewReader(strings.NewReader(line))
	http.ReadRequest(request)
}
";
        let source = Source::new(FILE.into()).unwrap();
        let form = |line| source.shape(line).unwrap().cheaper.map(|call| call.form);
        for (line, wanted) in [
            (4, Some(Cheaper::Cut)),
            (6, None),
            (8, Some(Cheaper::Cut)),
            (9, Some(Cheaper::Count)),
            (10, Some(Cheaper::Walk)),
            (11, None),
            (12, Some(Cheaper::Walk)),
            (14, None),
            (16, None),
            (18, None),
        ] {
            assert_eq!(form(line), wanted, "{line}");
        }
        let is_looked_at = |line| source.shape(line).unwrap().record_of_round;
        assert!(is_looked_at(20));
        assert!(!is_looked_at(22));
        let of_memory = |line| source.shape(line).unwrap().of_memory;
        assert!(of_memory(24));
        assert!(of_memory(25));
        assert!(!of_memory(26));
        assert!(of_memory(27));
        assert!(!of_memory(29), "it is handed on");
    }
}
