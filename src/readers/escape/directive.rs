//! Reads the `//gcassert:` comments of a Go file, and what each is about.
//!
//! The comments of `github.com/jordanlewis/gcassert`, as cockroachdb and others have them in their sources. A comment
//! stands behind its statement or above it; on a function declaration, `inline` is about every call of the function.

use tree_sitter::Node;

use super::function::{Function, declaration, parse};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its line, counted from 1.
    pub(crate) line: u32,
    /// The words behind `gcassert:`.
    pub words: Vec<String>,
    /// What it is about.
    pub about: About,
}

/// What a comment is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A function or a method.
    Function(Function),
    /// What starts on a line, counted from 1.
    Line(u32),
}

/// Whether a file may hold such comments: a glance that costs no syntax tree.
pub fn mentioned(source: &[u8]) -> bool {
    memchr::memmem::find(source, WORD).is_some()
}

const WORD: &[u8] = b"gcassert:";

/// The comments of a file, in its order.
pub fn directives(source: &[u8]) -> Vec<Directive> {
    let mut found = Vec::new();
    if !mentioned(source) {
        return found;
    }
    let Some(tree) = parse(source) else {
        return found;
    };
    for at in memchr::memmem::find_iter(source, WORD) {
        let node = tree
            .root_node()
            .descendant_for_byte_range(at, at + WORD.len());
        let Some(comment) = node.filter(|node| node.kind() == "comment") else {
            continue;
        };
        let words = words(source, comment, at);
        if !words.is_empty() {
            found.push(Directive {
                line: line(comment.start_position().row),
                words,
                about: about(comment, source),
            });
        }
    }
    found
}

fn line(row: usize) -> u32 {
    u32::try_from(row + 1).unwrap_or(u32::MAX)
}

/// What stands behind `//gcassert:` or `// gcassert:`; nothing where the word is part of a sentence.
fn words(source: &[u8], comment: Node, at: usize) -> Vec<String> {
    let before = &source[comment.start_byte()..at];
    if !(before.ends_with(b"//") || before.ends_with(b"// ")) {
        return Vec::new();
    }
    let rest = &source[at + WORD.len()..comment.end_byte()];
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b',');
    let length = rest.iter().take_while(|byte| is_word(byte)).count();
    String::from_utf8_lossy(&rest[..length])
        .split(',')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn about(comment: Node, source: &[u8]) -> About {
    let row = comment.start_position().row;
    let before = neighbour(comment, Node::prev_sibling);
    // Behind code: what ends there.
    if let Some(node) = before.filter(|node| node.end_position().row == row) {
        return About::Line(line(node.start_position().row));
    }
    let behind_code = source[..comment.start_byte()]
        .rsplit(|byte| *byte == b'\n')
        .next()
        .is_some_and(|part| !part.trim_ascii().is_empty());
    if behind_code {
        return About::Line(line(row));
    }
    let after = neighbour(comment, Node::next_sibling);
    // Right below one statement and apart from the next, a comment is about the one above.
    let apart = after.is_none_or(|node| node.start_position().row > last_row(comment) + 1);
    if let Some(node) = before.filter(|node| apart && node.end_position().row + 1 == row) {
        return of_node(node, source);
    }
    match after.or(before) {
        Some(node) => of_node(node, source),
        None => About::Line(line(row)),
    }
}

fn of_node(node: Node, source: &[u8]) -> About {
    match declaration(node, source) {
        Some(function) => About::Function(function),
        None => About::Line(line(node.start_position().row)),
    }
}

/// The last row of the comments that stand together with this one.
fn last_row(comment: Node) -> usize {
    let (mut node, mut row) = (comment, comment.end_position().row);
    while let Some(next) = node
        .next_sibling()
        .filter(|node| node.kind() == "comment" && node.start_position().row == row + 1)
    {
        row = next.end_position().row;
        node = next;
    }
    row
}

/// The nearest sibling that is neither comment nor punctuation; of a list of statements, the last or the first.
fn neighbour<'a>(node: Node<'a>, step: fn(&Node<'a>) -> Option<Node<'a>>) -> Option<Node<'a>> {
    let mut next = step(&node);
    while let Some(it) = next.filter(|node| node.kind() == "comment" || !node.is_named()) {
        next = step(&it);
    }
    let list = next.filter(|node| node.kind() == "statement_list");
    match list {
        // Comments below a list may belong to it.
        Some(list) if list.end_byte() <= node.start_byte() => last_named(list),
        Some(list) => list.named_child(0),
        None => next,
    }
}

fn last_named(list: Node) -> Option<Node> {
    let count = u32::try_from(list.named_child_count()).unwrap_or(u32::MAX);
    (0..count).rev().find_map(|number| {
        list.named_child(number)
            .filter(|node| node.kind() != "comment")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> String {
        let shown = |directive: &Directive| {
            let about = match &directive.about {
                About::Function(it) => it.name.clone(),
                About::Line(line) => format!("line {line}"),
            };
            format!(
                "{}: {} of {about}",
                directive.line,
                directive.words.join("+")
            )
        };
        let found = directives(source.as_bytes());
        found.iter().map(shown).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_comment_is_about_what_it_stands_at() {
        insta::assert_snapshot!(check("package p

// Add adds.
//
//gcassert:inline
//go:noinline
func Add(a, b int) int { return a + b }

//gcassert:noescape
func (f *T[K]) set(
\t//gcassert:noescape
\ta int,
) {
\tfor i := range a {
\t\t//gcassert:bce,inline
\t\tsum += Add(a[i], 1)

\t\tsum += a[i] // gcassert:bce
\t\tx := call(
\t\t\ta,
\t\t) //gcassert:inline
\t}
\t// it says gcassert:bce here
\ts := \"//gcassert:bce\"
\tlast()
\t//gcassert:inline

\tother()
\t//gcassert:inline
}
"), @"
        5: inline of Add
        9: noescape of (*T).set
        11: noescape of line 12
        15: bce+inline of line 16
        18: bce of line 18
        21: inline of line 19
        26: inline of line 25
        29: inline of line 28
        ");
    }

    #[test]
    fn a_broken_file_is_no_trouble() {
        assert_eq!(check("//gcassert:inline"), "1: inline of line 1");
        assert_eq!(check("package p\nfunc {{{ //gcassert:\n//gcassert:,,"), "");
    }
}
