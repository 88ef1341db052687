//! Rewrites a file so that it follows the advice of a finding, where the text alone shows how.
//!
//! What is written is compiled before anybody is shown a gain: without types, the text may say too little.

mod builder;

use std::ops::Range;

use tree_sitter::Node;

use super::sound::{is_certain, with_ends_of};
use super::{Source, child, loops};
use crate::order::Order;

/// A file with some advice followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// The whole file.
    pub(crate) text: String,
    /// What is no longer the same; empty: nothing.
    pub(crate) caution: &'static str,
}

/// A part of the file, and what stands there instead.
type Edit = (Range<usize>, String);

/// Functions whose single result is worth keeping, and what such a variable is called.
const KEPT: &[(&str, &str)] = &[
    ("regexp.MustCompile", "Pattern"),
    ("regexp.MustCompilePOSIX", "Pattern"),
    ("strings.NewReplacer", "Replacer"),
    ("netip.MustParsePrefix", "Prefix"),
    ("netip.MustParseAddr", "Address"),
];

const NIL: &str = "where nothing is put in, the result is empty and no longer nil";

impl Source {
    /// Follows the advice of a rule on a line; `None` where the text does not say how. `beside` is the text of the other
    /// files of the package, whose names are taken.
    pub(crate) fn mended(&self, rule: &str, line: i64, beside: &str) -> Option<Mend> {
        let (edits, caution) = match rule {
            "GBO303" => self.sized(line)?,
            "GBO305" => (self.built(line)?, ""),
            "GBO314" => (
                self.made_once(line, beside)?,
                "what the call panics for now ends each program that imports the package, at its start, and each pays for the call there",
            ),
            "GBO317" => (
                self.by_index(line)?,
                "the variable is the element itself and no longer a copy of it",
            ),
            _ => return None,
        };
        let text = std::str::from_utf8(&self.text).ok()?;
        let ended = |(range, instead): Edit| (range, with_ends_of(text, &instead));
        Some(Mend {
            text: edited(text, edits.into_iter().map(ended).collect()),
            caution,
        })
    }

    /// The nodes of a kind that begin on a line.
    fn on_line(&self, line: i64, kind: &str) -> Vec<Node<'_>> {
        let Some(row) = usize::try_from(line).ok().and_then(|it| it.checked_sub(1)) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut stack = vec![self.tree.root_node()];
        while let Some(node) = stack.pop() {
            if node.start_position().row > row || node.end_position().row < row {
                continue;
            }
            if node.kind() == kind && node.start_position().row == row {
                found.push(node);
            }
            stack.extend(node.named_children(&mut node.walk()));
        }
        found
    }

    /// The white space that a node's line begins with.
    fn indent(&self, node: Node<'_>) -> String {
        let before = &self.text[..node.start_byte()];
        let start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |it| it + 1);
        let line = &self.text[start..node.start_byte()];
        let blank = line
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        String::from_utf8_lossy(&line[..blank]).into_owned()
    }

    /// `make` with the size that the loop around an append or a write to a map shows.
    fn sized(&self, line: i64) -> Option<(Vec<Edit>, &'static str)> {
        let (at, target, kind) = self.filled(line)?;
        let growth = self.growth(Some(target), at, kind)?;
        if !growth.begins_empty || growth.filtered {
            return None;
        }
        let looping = *loops(at).first()?;
        let bound = growth.bound.filter(|bound| is_certain(bound))?;
        if self.ends_early(looping) {
            return None;
        }
        let name = self.text(target);
        let declared = self.declaration_of(name, at)?;
        let of = self.type_of(declared, kind)?;
        let made = match kind {
            "slice" => format!("make({of}, 0, {bound})"),
            _ => format!("make({of}, {bound})"),
        };
        let statement = match declared.kind() {
            "var_spec" => declared
                .parent()
                .filter(|node| node.named_child_count() == 1)?,
            _ => declared,
        };
        let caution = if self.begins_nil(declared) { NIL } else { "" };
        let single = declared.kind() != "parameter_declaration" && self.is_single(declared);
        let next = statement.next_named_sibling();
        if single && next == Some(looping) {
            let edit = (statement.byte_range(), format!("{name} := {made}"));
            return Some((vec![edit], caution));
        }
        let begin = labelled(looping);
        let function = self.enclosing(at)?;
        let between = declared.end_byte()..begin.start_byte();
        let mentioned = self.mentions(function, name);
        if mentioned
            .iter()
            .any(|node| between.contains(&node.start_byte()))
        {
            return None;
        }
        let indent = self.indent(begin);
        let text = format!("{name} = {made}\n{indent}");
        let edit = (begin.start_byte()..begin.start_byte(), text);
        Some((vec![edit], caution))
    }

    /// What is filled on a line: the statement, the slice or the map, and which of both it is.
    fn filled(&self, line: i64) -> Option<(Node<'_>, Node<'_>, &'static str)> {
        for call in self.on_line(line, "call_expression") {
            let function = call.child_by_field_name("function")?;
            if self.text(function) == "append" {
                let target = call.child_by_field_name("arguments")?.named_child(0)?;
                return Some((call, target, "slice"));
            }
        }
        let writes = self.on_line(line, "assignment_statement");
        writes.into_iter().find_map(|node| {
            let left = node.child_by_field_name("left")?.named_child(0)?;
            Some((node, left.child_by_field_name("operand")?, "map"))
        })
    }

    /// Whether a declaration has one name.
    fn is_single(&self, declared: Node<'_>) -> bool {
        match declared.child_by_field_name("left") {
            Some(left) => left.named_child_count() == 1,
            None => {
                let mut cursor = declared.walk();
                declared.children_by_field_name("name", &mut cursor).count() == 1
            }
        }
    }

    /// The type of a slice or a map that begins empty.
    fn type_of(&self, declared: Node<'_>, kind: &str) -> Option<String> {
        if let Some(of) = declared.child_by_field_name("type") {
            return Some(self.text(of).to_owned());
        }
        let value = declared
            .child_by_field_name("right")
            .or_else(|| declared.child_by_field_name("value"))?;
        let text = self.text(value.named_child(0)?);
        let text = match text.strip_prefix("make(") {
            Some(rest) => rest.trim_end_matches(')').trim_end_matches(", 0"),
            None => text.trim_end_matches("{}").trim_end_matches("(nil)"),
        };
        let wanted = if kind == "slice" { "[]" } else { "map[" };
        let one_line = !text.contains(['\n', '(']);
        (text.starts_with(wanted) && one_line).then(|| text.trim().to_owned())
    }

    /// A package variable in place of a call with literals alone.
    fn made_once(&self, line: i64, beside: &str) -> Option<Vec<Edit>> {
        let calls = self.on_line(line, "call_expression");
        let (call, kind) = calls.into_iter().find_map(|call| {
            let function = self.text(call.child_by_field_name("function")?);
            let kind = KEPT.iter().find(|it| it.0 == function)?.1;
            let arguments = call.child_by_field_name("arguments")?;
            let mut cursor = arguments.walk();
            let mut all = arguments.named_children(&mut cursor);
            all.all(|node| node.kind().ends_with("string_literal"))
                .then_some((call, kind))
        })?;
        // It changes the expression, which others would then find changed.
        let text = self.text_of_file()?;
        if kind == "Pattern" && text.contains(".Longest") {
            return None;
        }
        let function = self.enclosing(call)?;
        let own = self.text(function.child_by_field_name("name")?);
        let mut first = own.chars();
        let lower = first
            .next()?
            .to_lowercase()
            .chain(first)
            .collect::<String>();
        let name = self.unused(&format!("{lower}{kind}"), beside)?;
        let begin = self.documented(function);
        let variable = format!("var {name} = {}\n\n", self.text(call));
        Some(vec![(begin..begin, variable), (call.byte_range(), name)])
    }

    /// A name that the package does not have.
    fn unused(&self, wanted: &str, beside: &str) -> Option<String> {
        let text = self.text_of_file()?;
        let mut names = std::iter::once(wanted.to_owned())
            .chain((2..100).map(|number| format!("{wanted}{number}")));
        names.find(|name| {
            ![text, beside]
                .iter()
                .any(|text| text.contains(name.as_str()))
        })
    }

    /// Where a declaration begins with its comment.
    fn documented(&self, declaration: Node<'_>) -> usize {
        let mut at = declaration;
        while let Some(before) = at.prev_sibling().filter(|node| node.kind() == "comment") {
            if before.end_position().row + 1 < at.start_position().row {
                break;
            }
            at = before;
        }
        at.start_byte()
    }

    /// A loop by index in place of one that copies each element into a variable that escapes.
    fn by_index(&self, line: i64) -> Option<Vec<Edit>> {
        let looping = *self.on_line(line, "for_statement").first()?;
        let clause = child(looping, "range_clause")?;
        let left = clause.child_by_field_name("left")?;
        let over = clause.child_by_field_name("right")?;
        if left.named_child_count() != 2
            || !matches!(over.kind(), "identifier" | "selector_expression")
        {
            return None;
        }
        let (index, name) = (left.named_child(0)?, self.text(left.named_child(1)?));
        let function = self.enclosing(looping)?;
        let index = match self.text(index) {
            "_" => ["i", "j", "k", "at"]
                .into_iter()
                .find(|text| self.mentions(function, text).is_empty())?,
            given => given,
        };
        let body = looping.child_by_field_name("body")?;
        let mut edits = Vec::new();
        for mention in self.mentions(body, name) {
            let parent = mention.parent()?;
            match parent.kind() {
                "unary_expression" if self.text(parent).starts_with('&') => {
                    edits.push((parent.byte_range(), name.to_owned()));
                }
                "selector_expression" if !is_written(parent) => {}
                _ => return None,
            }
        }
        let list = self.text(over);
        let indent = self.indent(looping);
        let open = body.start_byte() + 1;
        edits.push((left.byte_range(), index.to_owned()));
        edits.push((
            open..open,
            format!("\n{indent}\t{name} := &{list}[{index}]"),
        ));
        Some(edits)
    }

    /// An import that the file does not have yet.
    fn import(&self, path: &str) -> Option<Edit> {
        let quoted = format!("\"{path}\"");
        let root = self.tree.root_node();
        let mut cursor = root.walk();
        let all: Vec<Node<'_>> = root
            .named_children(&mut cursor)
            .filter(|node| node.kind() == "import_declaration")
            .collect();
        if all.iter().any(|node| self.text(*node).contains(&quoted)) {
            return None;
        }
        let list = all.iter().find_map(|node| child(*node, "import_spec_list"));
        if let Some(list) = list {
            let mut cursor = list.walk();
            let specs: Vec<Node<'_>> = list.named_children(&mut cursor).collect();
            let spec = |node: &&Node<'_>| {
                node.kind() == "import_spec" && self.text(**node) < quoted.as_str()
            };
            return Some(match specs.iter().rfind(spec) {
                Some(before) => (
                    before.end_byte()..before.end_byte(),
                    format!("\n\t{quoted}"),
                ),
                None => {
                    let open = list.start_byte() + 1;
                    (open..open, format!("\n\t{quoted}"))
                }
            });
        }
        let at = match all.last() {
            Some(last) => last.end_byte(),
            None => child(root, "package_clause")?.end_byte(),
        };
        Some((at..at, format!("\nimport {quoted}")))
    }
}

/// A loop with the label before it.
fn labelled(looping: Node<'_>) -> Node<'_> {
    looping
        .parent()
        .filter(|node| node.kind() == "labeled_statement")
        .unwrap_or(looping)
}

/// Whether a field is set, or its address taken.
fn is_written(selector: Node<'_>) -> bool {
    let mut at = selector;
    while let Some(parent) = at.parent() {
        match parent.kind() {
            "selector_expression" | "index_expression" => at = parent,
            "inc_statement" | "dec_statement" | "unary_expression" => return true,
            "expression_list" => {
                let statement = parent.parent();
                let left = statement.and_then(|node| node.child_by_field_name("left"));
                let assigns = statement.is_some_and(|node| node.kind() == "assignment_statement");
                return assigns && left == Some(parent);
            }
            _ => return false,
        }
    }
    false
}

/// A text with parts replaced.
fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.order_by_key(|edit| (edit.0.start, edit.0.end));
    let mut out = String::new();
    let mut at = 0;
    for (range, instead) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&instead);
        at = at.max(range.end);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The changed lines of a file whose marked line a rule is asked about.
    fn mend(rule: &str, text: &str) -> String {
        let line = text.lines().position(|it| it.contains("// HERE")).unwrap() as i64 + 1;
        let source = Source::new(text.as_bytes().to_vec()).unwrap();
        source
            .mended(rule, line, "var usedPattern = 1")
            .map_or("-".into(), |it| it.text)
    }

    #[test]
    fn a_slice_gets_its_size() {
        let text = "package p\n\nfunc f(xs []int) []int {\n\tvar out []int\n\tfor _, x := range xs {\n\t\tout = append(out, x) // HERE\n\t}\n\treturn out\n}\n";
        assert!(mend("GBO303", text).contains("\tout := make([]int, 0, len(xs))\n\tfor _, x"));
        let counted = text
            .replace("range xs", "range n")
            .replace("xs []int", "n int");
        // Nobody knows how much that is.
        assert_eq!(mend("GBO303", &counted), "-");
        let literal = text.replace("_, x := range xs", "x := range 9");
        assert!(mend("GBO303", &literal).contains("make([]int, 0, 9)"));
        for early in ["break", "return nil", "goto out", "if x > 2 { return out }"] {
            let ends = text.replace("// HERE\n", &format!("// HERE\n\t\t{early}\n"));
            assert_eq!(mend("GBO303", &ends), "-", "{early}");
        }
        let dos = mend("GBO303", &text.replace('\n', "\r\n"));
        assert!(dos.contains("len(xs))\r\n\tfor"), "{dos:?}");
        assert!(!dos.replace("\r\n", "").contains('\n'), "{dos:?}");
        let map = "package p\n\nfunc f(xs []int) map[int]bool {\n\tm := map[int]bool{}\n\tlog()\n\tfor _, x := range xs {\n\t\tm[x] = true // HERE\n\t}\n\treturn m\n}\n";
        assert!(mend("GBO303", map).contains("\tm = make(map[int]bool, len(xs))\n\tfor"));
        // What was put in before would be lost.
        let filled = map.replace("log()", "m[0] = true");
        assert_eq!(mend("GBO303", &filled), "-");
        let filtered = text.replace("\t\tout =", "\t\tif x > 0 { continue }\n\t\tout =");
        assert_eq!(mend("GBO303", &filtered), "-");
    }

    #[test]
    fn a_caution_is_for_what_was_nil() {
        let caution = |declared: &str, put: &str| {
            let text = format!(
                "package p\n\nfunc f(xs []int) any {{\n\t{declared}\n\tlog()\n\tfor _, x := range xs {{\n\t\t{put} // HERE\n\t}}\n\treturn out\n}}\n"
            );
            let source = Source::new(text.into_bytes()).unwrap();
            source.mended("GBO303", 7, "").unwrap().caution
        };
        let append = "out = append(out, x)";
        assert_eq!(caution("var out []int", append), NIL);
        assert_eq!(caution("out := []int(nil)", append), NIL);
        assert_eq!(caution("out := []int{}", append), "");
        assert_eq!(caution("out := map[int]bool{}", "out[x] = true"), "");
    }

    #[test]
    fn a_string_gets_a_builder() {
        let text = "package p\n\nimport \"fmt\"\n\nfunc f(xs []string) string {\n\tall := \"\"\n\tfor _, x := range xs {\n\t\tall += x + \",\" // HERE\n\t}\n\treturn fmt.Sprint(all)\n}\n";
        let mended = mend("GBO305", text);
        for wanted in [
            "import \"fmt\"\nimport \"strings\"\n",
            "\tvar allBuilder strings.Builder\n\tfor",
            "\t\tallBuilder.WriteString(x + \",\") // HERE",
            "\t}\n\tall = allBuilder.String()\n\treturn",
        ] {
            assert!(mended.contains(wanted), "{wanted}: {mended}");
        }
        // Who reads the string in the loop needs it there.
        let read = text.replace("\t}\n\treturn", "\t\tfmt.Print(all)\n\t}\n\treturn");
        assert_eq!(mend("GBO305", &read), "-");
        for shared in [
            "defer func() { fmt.Print(all) }()",
            "keep(&all)",
            "keep(&(all))",
        ] {
            let seen = text.replace("\tfor", &format!("\t{shared}\n\tfor"));
            assert_eq!(mend("GBO305", &seen), "-", "{shared}");
            let behind = text.replace("\treturn", &format!("\t{shared}\n\treturn"));
            assert_eq!(mend("GBO305", &behind), "-", "{shared}");
        }
        let dos = mend("GBO305", &text.replace('\n', "\r\n"));
        assert!(!dos.replace("\r\n", "").contains('\n'), "{dos:?}");
        let longer = text
            .replace("all += x", "all = all + x")
            .replace("\"\"", "\"[\"");
        assert!(mend("GBO305", &longer).contains("allBuilder.WriteString(all)\n\tfor"));
    }

    #[test]
    fn a_constructor_gets_a_variable_and_a_loop_its_index() {
        let text = "package p\n\n// Match says.\nfunc Match(s string) bool {\n\treturn regexp.MustCompile(`a`).MatchString(s) // HERE\n}\n";
        let mended = mend("GBO314", text);
        assert!(
            mended.contains("var matchPattern = regexp.MustCompile(`a`)\n\n// Match says."),
            "{mended}"
        );
        assert!(mended.contains("\treturn matchPattern.MatchString(s)"));
        let used = mend("GBO314", &text.replace("Match(s string)", "Used(s string)"));
        assert!(used.contains("var usedPattern2 = "), "{used}");
        let longest = text.replace("return regexp", "re := regexp");
        let longest = longest.replace(".MatchString(s)", "\n\tre.Longest()");
        let longest = longest.replace("\n\tre.Longest", " // HERE\n\tre.Longest");
        let longest = longest.replacen(" // HERE\n}", "\n}", 1);
        assert_eq!(mend("GBO314", &longest), "-", "{longest}");
        let text = "package p\n\nfunc f(ps []pass) {\n\tfor _, p := range ps { // HERE\n\t\tuse(&p, p.name)\n\t}\n}\n";
        let mended = mend("GBO317", text);
        assert!(
            mended.contains("\tfor i := range ps { // HERE\n\t\tuse(p, p.name)")
                || mended
                    .contains("\tfor i := range ps {\n\t\tp := &ps[i] // HERE\n\t\tuse(p, p.name)"),
            "{mended}"
        );
        assert_eq!(
            mend("GBO317", &text.replace("p.name)", "p.name); p.n = 1")),
            "-"
        );
        assert_eq!(mend("GBO317", &text.replace("&p,", "p,")), "-");
    }
}
