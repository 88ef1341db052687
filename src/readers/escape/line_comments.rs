//! Finds the files that the `//line` comments of a Go file name.
//!
//! The compiler reports what stands behind such a comment under that name (`updateBase`,
//! `cmd/compile/internal/syntax`).

/// The file names of `//line NAME:LINE[:COLUMN]` and `/*line NAME:LINE[:COLUMN]*/`, as they stand there. A comment inside a
/// string literal counts, too.
pub fn names(source: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(source, b"line ") {
        let rest = &source[at + b"line ".len()..];
        let before = &source[..at];
        let text = if before.ends_with(b"/*") {
            memchr::memmem::find(rest, b"*/").map(|end| &rest[..end])
        } else if before.ends_with(b"//") {
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            Some(rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]))
        } else {
            None
        };
        let name = text.map(|text| unnumbered(unnumbered(text)));
        found.extend(name.filter(|name| !name.is_empty()));
    }
    found
}

/// Without `:12` at its end.
fn unnumbered(text: &[u8]) -> &[u8] {
    let digits = text
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let before = &text[..text.len() - digits];
    match before.strip_suffix(b":") {
        Some(name) if digits > 0 => name,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str) -> String {
        let names = names(source.as_bytes()).into_iter();
        let names: Vec<String> = names.map(|name| name.escape_ascii().to_string()).collect();
        names.join(" ")
    }

    #[test]
    fn both_forms_name_a_file() {
        assert_eq!(
            check("package p\n//line /go/src/os/file.go:10\nx"),
            "/go/src/os/file.go"
        );
        assert_eq!(check("//line a.y:1:2\r\n//line :7\n"), "a.y");
        assert_eq!(check("f(/*line b.go:3:4*/x) // a line of text\n"), "b.go");
        assert_eq!(check("/*line a\n# os\nb.go:5:1*/"), "a\\n# os\\nb.go");
        assert_eq!(check("// line a.go:1\nvar line int"), "");
    }
}
