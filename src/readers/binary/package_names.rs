//! Reads from a function's name the import path of the package that defines it.
//!
//! Layout of names: `cmd/internal/objabi/path.go` (escapes), `cmd/compile/internal/ir` and `noder` (closures, generics).

use std::borrow::Cow;

/// The part of a symbol name that is its package, still escaped. `None` for names without one: assembly, shared equality
/// functions, methods of unnamed types.
pub(super) fn package_of(name: &[u8]) -> Option<&[u8]> {
    if let Some(generated) = name.strip_prefix(b"type:.") {
        let inner = generated
            .strip_prefix(b"eq.")
            .or_else(|| generated.strip_prefix(b"hash."))?;
        return prefix(element(inner)?);
    }
    if name.starts_with(b"go:") {
        return None;
    }
    prefix(name)
}

/// The element of `*T`, `[n]T` and `[]T`; `None` for an unnamed struct or interface.
fn element(mut name: &[u8]) -> Option<&[u8]> {
    loop {
        name = match name {
            [b'*', rest @ ..] => rest,
            [b'[', rest @ ..] => &rest[memchr::memchr(b']', rest)? + 1..],
            _ if name.starts_with(b"struct {") || name.starts_with(b"interface {") => return None,
            _ => return Some(name),
        };
    }
}

/// Everything before the first dot after the last slash before any bracket.
fn prefix(name: &[u8]) -> Option<&[u8]> {
    let cut = memchr::memchr3(b'[', b'(', b'{', name).unwrap_or(name.len());
    let slash = memchr::memrchr(b'/', &name[..cut]).map_or(0, |at| at + 1);
    let dot = memchr::memchr(b'.', &name[slash..cut])? + slash;
    (dot > 0).then_some(&name[..dot])
}

/// Undoes `%2e` for dots in the last element of a path, and `%252e` as Go 1.27 writes it in places.
pub(super) fn unescape(path: &[u8]) -> Cow<'_, str> {
    let mut text = String::from_utf8_lossy(path);
    for _ in 0..2 {
        if !text.contains('%') {
            break;
        }
        text = Cow::Owned(unescape_once(&text));
    }
    text
}

fn unescape_once(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = tail
            .get(..2)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => out.push(*first),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let found = package_of(name.as_bytes()).map(unescape);
        assert_eq!(found.as_deref(), expected, "{name}");
    }

    #[test]
    fn names_lead_to_packages() {
        check("main.main", Some("main"));
        check("runtime.(*mcache).refill", Some("runtime"));
        check("github.com/a/b/v2.(*T).M.func1", Some("github.com/a/b/v2"));
        check("gopkg.in/yaml%2ev3.Marshal", Some("gopkg.in/yaml.v3"));
        check("example.com/x%252ey.F", Some("example.com/x.y"));
        check(
            "slices.SortFunc[go.shape.[]example.com/x.T,go.shape.int]",
            Some("slices"),
        );
        check("example.com/x.Map[...].Load-fm", Some("example.com/x"));
        check("main.glob..func1", Some("main"));
        check(
            "vendor/golang.org/x/net/idna.init.0",
            Some("vendor/golang.org/x/net/idna"),
        );
        check("type:.eq.[2]*crypto/tls.state", Some("crypto/tls"));
    }

    #[test]
    fn names_without_a_package() {
        check("memeqbody", None);
        check("type:.eq.SSSM16", None);
        check("type:.eq.struct { a.B; c.D }", None);
        check("type:.hash.[", None);
        check("go:(*struct { sync.Mutex }).Lock", None);
        check("", None);
        check(".x", None);
    }
}
