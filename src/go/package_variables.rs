//! Finds the package variables in the Go files of a package: what `-X` of the linker can set.
//!
//! The linker sets a variable of type string whatever its initial value is. But a value that is computed
//! when the program starts is assigned after that, and wins: only a constant one is replaced
//! (`addstrdata`, `cmd/link/internal/ld/data.go`; `staticcopy`, `cmd/compile/internal/staticinit`).

mod constant;

use std::collections::HashMap;

use tree_sitter::{Node, Parser, Tree};

use constant::Value;

/// What `-X` does to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settable {
    /// The linker sets the variable.
    Yes,
    /// The variable is no string: its type, or what the type begins with.
    NoString(String),
    /// Its initial value is computed when the program starts; the expression.
    Computed(String),
    /// The name is a constant.
    Constant,
}

/// A Go file, read.
pub(crate) struct File {
    source: Vec<u8>,
    tree: Tree,
}

impl File {
    /// Reads a file. One that does not parse gives what can be read of it; `None` only where nothing can.
    pub(crate) fn new(source: Vec<u8>) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
        let tree = parser.parse(&source, None)?;
        Some(Self { source, tree })
    }

    fn text(&self, node: Node<'_>) -> String {
        String::from_utf8_lossy(self.source.get(node.byte_range()).unwrap_or_default()).into_owned()
    }
}

/// The names of a package.
pub(crate) struct Scope<'f> {
    names: HashMap<String, Declared<'f>>,
    /// In the order of the files.
    variables: Vec<String>,
    /// Per file: the import path behind each name that it imports.
    imports: Vec<HashMap<String, String>>,
    files: &'f [File],
}

/// A name of a package.
#[derive(Clone, Copy)]
struct Declared<'f> {
    kind: Kind,
    /// Index of its file.
    file: usize,
    /// What is written as its type.
    declared: Option<Node<'f>>,
    /// Its value; for a function its node.
    value: Option<Node<'f>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Variable,
    Constant,
    /// `type T U`
    Type,
    /// `type T = U`
    Alias,
    Function,
}

/// Finds the scope of another package by its import path.
pub(crate) type Lookup<'a, 'f> = &'a dyn Fn(&str) -> Option<&'a Scope<'f>>;

impl<'f> Scope<'f> {
    /// The names that the files of a package declare.
    pub(crate) fn new(files: &'f [File]) -> Self {
        let mut scope = Self {
            names: HashMap::new(),
            variables: Vec::new(),
            imports: Vec::new(),
            files,
        };
        for (index, file) in files.iter().enumerate() {
            scope.imports.push(imports(file));
            let root = file.tree.root_node();
            for node in root.named_children(&mut root.walk()) {
                match node.kind() {
                    "var_declaration" | "const_declaration" => scope.specs(node, index),
                    "type_declaration" => scope.types(node, index),
                    "function_declaration" => scope.function(node, index),
                    _ => {}
                }
            }
        }
        scope
    }

    /// The package variables that the linker can set, as far as the package alone shows.
    pub(crate) fn settable(&self) -> impl Iterator<Item = &str> {
        let is_yes = |text: &&String| self.judge(text, &|_| None) == Some(Settable::Yes);
        self.variables.iter().filter(is_yes).map(String::as_str)
    }

    /// What `-X` does to a variable or constant; `None` where there is none of that name.
    pub(crate) fn judge(&self, name: &str, lookup: Lookup<'_, 'f>) -> Option<Settable> {
        let found = self.names.get(name)?;
        match found.kind {
            Kind::Constant => return Some(Settable::Constant),
            Kind::Variable => {}
            _ => return None,
        }
        if let Some(declared) = found.declared
            && let Some(other) = self.other_type(declared, found.file, DEEPEST)
        {
            return Some(Settable::NoString(other));
        }
        let Some(value) = found.value else {
            return Some(Settable::Yes);
        };
        Some(match constant::value(self, found.file, value, lookup) {
            Value::Text | Value::Unknown => Settable::Yes,
            Value::Other if found.declared.is_none() => {
                Settable::NoString(self.files[found.file].text(value))
            }
            Value::Other | Value::Computed => {
                Settable::Computed(self.files[found.file].text(value))
            }
        })
    }

    /// The type as it is written, unless it is `string` or may be.
    fn other_type(&self, node: Node<'f>, file: usize, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        let text = self.files[file].text(node);
        match node.kind() {
            "type_identifier" => match self.names.get(&text) {
                Some(it) if it.kind == Kind::Alias => self.other_type(it.declared?, it.file, depth),
                // A type of its own is no string to the linker, whatever is below it.
                Some(it) if it.kind == Kind::Type => Some(text),
                _ => UNIVERSE.contains(&text.as_str()).then_some(text),
            },
            // A type of another package may be an alias: the linker knows.
            "qualified_type" => None,
            "parenthesized_type" => self.other_type(node.named_child(0)?, file, depth),
            _ => Some(text),
        }
    }

    fn specs(&mut self, node: Node<'f>, file: usize) {
        for child in node.named_children(&mut node.walk()) {
            match child.kind() {
                "var_spec" => self.spec(child, file, Kind::Variable),
                "const_spec" => self.spec(child, file, Kind::Constant),
                "var_spec_list" => self.specs(child, file),
                _ => {}
            }
        }
    }

    fn spec(&mut self, node: Node<'f>, file: usize, kind: Kind) {
        let names: Vec<Node<'f>> = node
            .children_by_field_name("name", &mut node.walk())
            .filter(Node::is_named)
            .collect();
        let values: Vec<Node<'f>> = match node.child_by_field_name("value") {
            Some(list) => list.named_children(&mut list.walk()).collect(),
            None => Vec::new(),
        };
        let declared = node.child_by_field_name("type");
        for (index, name) in names.iter().enumerate() {
            // `a, b = f()`: the call is the value of both.
            let value = values.get(index).or(values.first()).copied();
            let name = self.files[file].text(*name);
            if kind == Kind::Variable {
                self.variables.push(name.clone());
            }
            self.names.insert(
                name,
                Declared {
                    kind,
                    file,
                    declared,
                    value,
                },
            );
        }
    }

    fn types(&mut self, node: Node<'f>, file: usize) {
        for child in node.named_children(&mut node.walk()) {
            let kind = match child.kind() {
                "type_spec" => Kind::Type,
                "type_alias" => Kind::Alias,
                _ => continue,
            };
            let Some(name) = child.child_by_field_name("name") else {
                continue;
            };
            let declared = child.child_by_field_name("type");
            self.names.insert(
                self.files[file].text(name),
                Declared {
                    kind,
                    file,
                    declared,
                    value: None,
                },
            );
        }
    }

    fn function(&mut self, node: Node<'f>, file: usize) {
        if let Some(name) = node.child_by_field_name("name") {
            self.names.insert(
                self.files[file].text(name),
                Declared {
                    kind: Kind::Function,
                    file,
                    declared: None,
                    value: Some(node),
                },
            );
        }
    }
}

/// Names may lead to names; in code that compiles, not in circles.
const DEEPEST: usize = 64;

/// Predeclared types that are no string.
const UNIVERSE: &[&str] = &[
    "any",
    "bool",
    "byte",
    "complex128",
    "complex64",
    "error",
    "float32",
    "float64",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "rune",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
];

/// Name -> import path. A package without a name of its own is called by the last element of its path, leaving
/// out a major version: what is called otherwise is not found, and so not judged.
fn imports(file: &File) -> HashMap<String, String> {
    let mut found = HashMap::new();
    let root = file.tree.root_node();
    let mut open: Vec<Node<'_>> = root.named_children(&mut root.walk()).collect();
    while let Some(node) = open.pop() {
        match node.kind() {
            "import_declaration" | "import_spec_list" => {
                open.extend(node.named_children(&mut node.walk()));
            }
            "import_spec" => {
                let Some(path) = node.child_by_field_name("path") else {
                    continue;
                };
                let path = file.text(path).trim_matches(['"', '`']).to_owned();
                let name = node.child_by_field_name("name").map(|node| file.text(node));
                found.insert(name.unwrap_or_else(|| base(&path).to_owned()), path);
            }
            _ => {}
        }
    }
    found
}

fn base(path: &str) -> &str {
    let mut elements = path.rsplit('/');
    let last = elements.next().unwrap_or(path);
    let is_major = last
        .strip_prefix('v')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit()));
    match elements.next() {
        Some(before) if is_major => before,
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = "package other\n\nconst Const = \"c\"\nvar Var = \"v\"\n";

    /// One line per variable: its name and what `-X` does.
    fn judged(sources: &[&str]) -> String {
        let read = |text: &&str| File::new(text.as_bytes().to_vec()).unwrap();
        let files: Vec<File> = sources.iter().map(read).collect();
        let others = [read(&OTHER)];
        let other = Scope::new(&others);
        let scope = Scope::new(&files);
        let lookup = |path: &str| (path == "example.com/other").then_some(&other);
        let line = |name: &String| format!("{name} {:?}", scope.judge(name, &lookup).unwrap());
        scope
            .variables
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn types_and_groups_are_read() {
        let source = "package main
type Own string
type Text = string
type More = Text
var version string
var (
	commit, date = \"none\", \"unknown\"
	count = 1
	names []string
	own Own = \"x\"
	text More = \"x\"
	time time.Time
	any interface{} = \"x\"
)
const fixed = \"x\"
func f() { var local string }
";
        insta::assert_snapshot!(judged(&[source]), @r#"
        version Yes
        commit Yes
        date Yes
        count NoString("1")
        names NoString("[]string")
        own NoString("Own")
        text Yes
        time Yes
        any NoString("interface{}")
        "#);
    }

    /// Each of these was built and run with `-X` on Go 1.21, 1.24 and 1.27: `yes` is what was set.
    #[test]
    fn only_a_constant_value_is_replaced() {
        const VALUES: &[(&str, bool)] = &[
            ("base", false),
            ("constant()", true),
            ("string(\"c\")", true),
            ("(\"d\")", true),
            ("con + \"y\"", true),
            ("base + \"y\"", false),
            ("other.Const", true),
            ("other.Var", false),
            ("os.Args[0]", false),
            ("[]string{\"n\"}[0]", false),
            ("\"abc\"[1:]", false),
            ("string([]byte{'p'})", false),
            ("\"\"", true),
            ("func() string { return \"t\" }()", true),
            ("strings.Repeat(\"u\", 2)", false),
            ("*&base", false),
            ("map[string]string{\"a\": \"w\"}[\"a\"]", false),
            ("string(rune(120))", true),
            ("string('y')", true),
            ("string(Text(con))", true),
            ("struct{ s string }{\"d2\"}.s", false),
            ("interface{}(\"e2\").(string)", false),
            ("computed()", false),
        ];
        for (value, expected) in VALUES {
            let first = format!(
                "package main\nimport \"example.com/other\"\nvar x = {value}\nvar y string = {value}\n"
            );
            let second = "package main\nconst con = \"c\"\ntype Text = string\nvar base = \"b\"\nfunc constant() string { return \"f\" }\nfunc computed() string { return strings.ToUpper(con) }\n";
            let shown = judged(&[&first, second]);
            let want = match expected {
                true => "x Yes\ny Yes\nbase Yes".to_owned(),
                false => format!("x Computed({value:?})\ny Computed({value:?})\nbase Yes"),
            };
            assert_eq!(shown, want);
        }
    }

    #[test]
    fn a_call_that_gives_two_values_is_that_of_both() {
        let shown = judged(&["package main\nvar a, b = f()\n"]);
        assert_eq!(shown, "a Computed(\"f()\")\nb Computed(\"f()\")");
    }

    #[test]
    fn circles_and_nonsense_end() {
        judged(&[
            "package main\nconst a = b\nconst b = a\nvar x = a\ntype T = U\ntype U = T\nvar y T\n",
        ]);
        judged(&["package main\nvar x = \nvar (", "\0\u{fffd}", ""]);
    }
}
