//! Rewrites a message so that it is the same for every instantiation of a generic line.
//!
//! The compiler prints the shapes it compiles for: `make([]go.shape.string, n)`, `&Box[go.shape.*uint8]{...}`. Each
//! shape type becomes `T`. Where another package instantiates the line, names of its own package get a qualifier:
//! `&lib.Box[...]` for what is `&Box[...]` at home. That goes, too.

/// What every shape type starts with.
const SHAPE: &[u8] = b"go.shape.";

/// The message with shape types replaced and `own.` left out before names; written to `scratch` where it differs.
pub(super) fn normalized<'a>(
    message: &'a [u8],
    own: Option<&[u8]>,
    scratch: &'a mut Vec<u8>,
) -> &'a [u8] {
    let Some(mut at) = memchr::memmem::find(message, SHAPE).or(own.map(|_| message.len())) else {
        return message;
    };
    scratch.clear();
    let mut rest = message;
    while at < rest.len() {
        unqualified(&rest[..at], own, scratch);
        scratch.push(b'T');
        rest = &rest[at + SHAPE.len()..];
        rest = &rest[type_length(rest)..];
        at = memchr::memmem::find(rest, SHAPE).unwrap_or(rest.len());
    }
    unqualified(rest, own, scratch);
    scratch
}

fn unqualified(text: &[u8], own: Option<&[u8]>, out: &mut Vec<u8>) {
    let mut start = 0;
    if let Some(own) = own.filter(|own| !own.is_empty()) {
        for at in memchr::memmem::find_iter(text, own) {
            let end = at + own.len();
            let inside = at > 0 && (is_name(text[at - 1]) || text[at - 1] == b'.');
            if !inside && text.get(end) == Some(&b'.') {
                out.extend_from_slice(&text[start..at]);
                start = end + 1;
            }
        }
    }
    out.extend_from_slice(&text[start..]);
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The length of the Go type at the start of `text`.
pub(super) fn type_length(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        at += match rest {
            [b'*', ..] => 1,
            [b'[', ..] => group(rest),
            // The shape of a slice type that is a type argument of its own: `go.shape.[]go.shape.*uint8`.
            _ if rest.starts_with(SHAPE) => SHAPE.len(),
            _ if rest.starts_with(b"chan ") => 5,
            _ if rest.starts_with(b"<-chan ") => 7,
            _ if rest.starts_with(b"chan<- ") => 7,
            _ if rest.starts_with(b"map[") => 3 + group(&rest[3..]),
            _ if rest.starts_with(b"struct {") => return at + 7 + group(&rest[7..]),
            _ if rest.starts_with(b"interface {") => return at + 10 + group(&rest[10..]),
            _ if rest.starts_with(b"func(") => return at + signature(rest),
            _ => return at + name(rest),
        };
    }
}

fn signature(text: &[u8]) -> usize {
    let end = 4 + group(&text[4..]);
    match &text[end..] {
        [b' ', b'(', ..] => end + 1 + group(&text[end + 1..]),
        [b' ', first, ..] if first.is_ascii_alphabetic() || matches!(first, b'*' | b'[' | b'<') => {
            end + 1 + type_length(&text[end + 1..])
        }
        _ => end,
    }
}

/// A qualified name, with its type arguments.
fn name(text: &[u8]) -> usize {
    let end = text
        .iter()
        .position(|byte| {
            !(is_name(*byte) || matches!(byte, b'.' | b'/' | b'-' | b'~' | b'%' | b'$'))
        })
        .unwrap_or(text.len());
    match text.get(end) {
        Some(b'[') => end + group(&text[end..]),
        _ => end,
    }
}

/// The length of the bracketed text at the start; all of it where the bracket never closes.
fn group(text: &[u8]) -> usize {
    let (mut depth, mut quote) = (0usize, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            // A struct tag is quoted twice: no bracket in it counts, and an escaped quote does not end it.
            b'"' if at == 0 || text[at - 1] != b'\\' => quote = !quote,
            _ if quote => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str) -> String {
        let mut scratch = Vec::new();
        let text = normalized(message.as_bytes(), Some(b"lib"), &mut scratch);
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn instantiations_of_one_line_read_the_same() {
        insta::assert_snapshot!(check("make([]go.shape.string, 0, n)"), @"make([]T, 0, n)");
        insta::assert_snapshot!(check("&Pair[go.shape.*uint8,go.shape.[]int]{...}"), @"&Pair[T,T]{...}");
        insta::assert_snapshot!(check("new(go.shape.map[string]example.com/m.Box[int])"), @"new(T)");
        insta::assert_snapshot!(check("x + go.shape.func(int) (string, error)(y)"), @"x + T(y)");
        insta::assert_snapshot!(check("make([]go.shape.func(int, []byte) string, 3)"), @"make([]T, 3)");
        insta::assert_snapshot!(check("make([]go.shape.chan int, 3)"), @"make([]T, 3)");
        insta::assert_snapshot!(
            check(r#"make(map[go.shape.struct { Path string; Version string "json:\"{omitempty\"" }]bool)"#),
            @"make(map[T]bool)"
        );
        insta::assert_snapshot!(check("f(go.shape.interface { M() }) escapes"), @"f(T) escapes");
        for nested in [
            "*main.point",
            "int",
            "interface {}",
            "struct { main.x int; main.y int }",
        ] {
            let text = check(&format!(
                "make(go.shape.[]go.shape.{nested}, 0, len(lo.in)) escapes to heap"
            ));
            assert_eq!(text, "make(T, 0, len(lo.in)) escapes to heap");
        }
    }

    #[test]
    fn the_owners_qualifier_goes() {
        insta::assert_snapshot!(check("&lib.Box[go.shape.int]{...}"), @"&Box[T]{...}");
        insta::assert_snapshot!(check("make([]lib.T, len(lib.in), x.lib.y, mylib.z)"), @"make([]T, len(in), x.lib.y, mylib.z)");
    }

    #[test]
    fn a_name_cut_short_is_no_trouble() {
        for text in [
            "go.shape.",
            "go.shape.map[",
            "go.shape.func(",
            "go.shape.struct {",
            "go.shape.*[]",
        ] {
            assert_eq!(check(text), "T");
        }
    }
}
