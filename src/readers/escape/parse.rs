//! Parses one line of compiler text.
//!
//! The grammar is `FILE:LINE[:COLUMN]: MESSAGE`, with headers `# import/path` between packages. File names come from the
//! user's disk and from `//line` comments: they may hold colons, spaces and bytes that are not UTF-8.

use super::class::Class;
use super::expression;

/// One line of the output of `go` with `-gcflags=-m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// `# import/path` or `# import/path [main/package]`; the text behind `# `. Only a claim: a file name can hold a line
    /// break and forge it, so the reader must know the package.
    Header(&'a [u8]),
    /// `FILE:LINE[:COLUMN]: MESSAGE`, or a bare message of a variable that has no position.
    Diagnostic(Diagnostic<'a>),
    /// Anything else: a warning of the linker, a download, half a file name.
    Other(&'a [u8]),
}

/// A message of the compiler and where it points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diagnostic<'a> {
    /// The file as printed; empty where the compiler knew no position.
    pub file: &'a [u8],
    /// Counted from 1; 0 where unknown.
    pub line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub column: u32,
    /// The text behind the position.
    pub message: &'a [u8],
}

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A fact of escape analysis, by class.
    Escape(Class),
    /// A known message that says nothing of the heap: inlining, `does not escape`.
    Known,
    /// A message no known compiler prints.
    Unknown,
}

/// Reads one line, without its line break.
pub fn line(bytes: &[u8]) -> Line<'_> {
    if let Some(name) = bytes.strip_prefix(b"# ") {
        return Line::Header(name);
    }
    match diagnostic(bytes) {
        Some(it) => Line::Diagnostic(it),
        None => Line::Other(bytes),
    }
}

/// Reads a line that is not a header.
pub fn diagnostic(bytes: &[u8]) -> Option<Diagnostic<'_>> {
    // Variables that the compiler invents for range-over-func loops have no position.
    if bytes.starts_with(MOVED) {
        return Some(Diagnostic {
            file: b"",
            line: 0,
            column: 0,
            message: bytes,
        });
    }
    // The first `:LINE[:COLUMN]: ` ends the file name. A later one may stand in a message: `"a.go:1: " escapes to heap`.
    memchr::memchr_iter(b':', bytes).find_map(|at| {
        let (line, rest) = number(bytes.get(at + 1..)?)?;
        let rest = rest.strip_prefix(b":")?;
        let (column, rest) = match number(rest) {
            Some((column, rest)) => (column, rest.strip_prefix(b":")?),
            None => (0, rest),
        };
        let message = rest.strip_prefix(b" ")?;
        Some(Diagnostic {
            file: &bytes[..at],
            line,
            column,
            message,
        })
    })
}

/// The class of a message, `None` for messages that say nothing of the heap.
pub(crate) fn classify(message: &[u8]) -> Option<Class> {
    match meaning(message) {
        Meaning::Escape(class) => Some(class),
        Meaning::Known | Meaning::Unknown => None,
    }
}

/// The expression of an `E escapes to heap` message, the variable of a `moved to heap: v`, the rest otherwise.
pub(crate) fn expression(message: &[u8]) -> &[u8] {
    message
        .strip_suffix(ESCAPES)
        .or_else(|| message.strip_prefix(MOVED))
        .unwrap_or(message)
}

/// What a message says.
pub fn meaning(message: &[u8]) -> Meaning {
    if !is_escape(message) {
        let known = ENDS.iter().any(|end| message.ends_with(end))
            || STARTS.iter().any(|start| message.starts_with(start))
            || INSIDE
                .iter()
                .any(|bytes| memchr::memmem::find(message, bytes).is_some());
        return if known {
            Meaning::Known
        } else {
            Meaning::Unknown
        };
    }
    Meaning::Escape(match message.strip_suffix(ESCAPES) {
        Some(expression) => expression::class(expression),
        None if message.starts_with(MOVED) => Class::Moved,
        None => Class::Leaking,
    })
}

/// Whether a message has a class, for much less than the price of the class.
pub(super) fn is_escape(message: &[u8]) -> bool {
    message.ends_with(ESCAPES) || message.starts_with(MOVED) || message.starts_with(LEAKING)
}

const MOVED: &[u8] = b"moved to heap: ";
const ESCAPES: &[u8] = b" escapes to heap";
const LEAKING: &[u8] = b"leaking param";

/// How messages without interest start, most frequent first.
const STARTS: &[&[u8]] = &[
    b"inlining call to ",
    b"can inline ",
    b"cannot inline ",
    b"Found IsInBounds",
    b"Found IsSliceInBounds",
    b"index bounds check elided",
    b"devirtualizing ",
    b"partially devirtualizing ",
    b"cannot devirtualize ",
    b"PGO devirtualizing ",
    b"zero-copy string->[]byte conversion",
    b"assuming ",
    b"marking ",
    b"imprecise interface call",
    b"mutates param: ",
    b"calls param: ",
    // From here on: only with -m=2 and above.
    b"  flow: ",
    b"    from ",
    b"parameter ",
    b"function ",
    b"skip inlining ",
    b"should not PGO devirtualize ",
    b"can't PGO devirtualize ",
];

const ENDS: &[&[u8]] = &[
    b" does not escape",
    b" does not escape, mutate, or call",
    b" escapes to heap:",
    b" will be kept alive",
];

const INSIDE: &[&[u8]] = &[
    b" ignoring self-assignment in ",
    b" escapes to heap in ",
    b" capturing by ",
];

/// Decimal digits at the start, and what follows them.
pub(super) fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let digits = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = bytes.split_at(digits);
    let value = digits.iter().fold(0u32, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    (!digits.is_empty()).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match line(text.as_bytes()) {
            Line::Header(it) => format!("header {}", it.escape_ascii()),
            Line::Other(it) => format!("other {}", it.escape_ascii()),
            Line::Diagnostic(it) => {
                let file = it.file.escape_ascii();
                format!(
                    "{file} | {} | {} | {:?}",
                    it.line,
                    it.column,
                    meaning(it.message)
                )
            }
        }
    }

    #[test]
    fn positions_come_in_many_forms() {
        insta::assert_snapshot!(check("./x.go:3:4: moved to heap: v"), @"./x.go | 3 | 4 | Escape(Moved)");
        insta::assert_snapshot!(check("lib/rel/bar.tmpl:200: x escapes to heap"), @"lib/rel/bar.tmpl | 200 | 0 | Escape(Boxing)");
        insta::assert_snapshot!(check("??:300: leaking param: p"), @"?? | 300 | 0 | Escape(Leaking)");
        insta::assert_snapshot!(check("<autogenerated>:1: inlining call to f"), @"<autogenerated> | 1 | 0 | Known");
        insta::assert_snapshot!(check("moved to heap: #next"), @" | 0 | 0 | Escape(Moved)");
        insta::assert_snapshot!(check("a:1:2.go:5:6: new(T) escapes to heap"), @"a:1:2.go | 5 | 6 | Escape(New)");
        insta::assert_snapshot!(check("C:\\m\\a b.go:5:6: x does not escape"), @r"C:\\m\\a b.go | 5 | 6 | Known");
        insta::assert_snapshot!(check("./x.go:3:4: \"y.go:1: \" escapes to heap"), @"./x.go | 3 | 4 | Escape(Constant)");
        insta::assert_snapshot!(check("./x.go:99999999999:4: can inline f"), @"./x.go | 4294967295 | 4 | Known");
    }

    #[test]
    fn what_is_no_diagnostic_is_told_apart() {
        insta::assert_snapshot!(check("# example.com/m [example.com/m/cmd]"), @"header example.com/m [example.com/m/cmd]");
        insta::assert_snapshot!(check("go: downloading example.com/m v1.0.0"), @"other go: downloading example.com/m v1.0.0");
        insta::assert_snapshot!(check("./x.go:3:4: a message of Go 1.99"), @"./x.go | 3 | 4 | Unknown");
        insta::assert_snapshot!(check(""), @"other ");
    }
}
