//! Shortens words to the room that there is: for pictures, where nobody measures the font.

/// How wide a text is at a font size, rather too much than too little for the common sans-serif fonts.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | '/' => 0.29,
        'f' | 't' | 'r' | 'I' | '(' | ')' | '[' | ']' | '-' | '*' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.95,
        'A'..='Z' | '&' | '=' | '+' | '<' | '>' | '~' => 0.74,
        ' '..='\u{24f}' => 0.58,
        _ => 1.1,
    }
}

/// The text where there is room for it; otherwise the last parts of a path, the beginning of its last part behind which an
/// ellipsis stands, or nothing where that would say nothing.
pub(crate) fn fitted(text: &str, size: f64, room: f64) -> String {
    // Brackets hold paths of their own: what stands before them is the path.
    let end = text.find(['(', '[', ' ']).unwrap_or(text.len());
    let starts = text[..end].match_indices('/').map(|(at, _)| at + 1);
    let mut last = text;
    for start in std::iter::once(0).chain(starts) {
        if is_version(&text[start..end]) {
            break;
        }
        last = &text[start..];
        if width(last, size) <= room {
            return last.to_owned();
        }
    }
    cut(last, size, room)
}

/// `v1beta1` at the end of a path says little without what stands before it.
fn is_version(part: &str) -> bool {
    let mut bytes = part.bytes();
    bytes.next() == Some(b'v') && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// The beginning of a text and an ellipsis.
fn cut(text: &str, size: f64, room: f64) -> String {
    let mut left = room - width("…", size);
    let mut kept = String::new();
    for c in text.chars() {
        left -= em(c) * size;
        if left < 0.0 {
            break;
        }
        kept.push(c);
    }
    if kept.chars().count() < 3 {
        return String::new();
    }
    format!("{}…", kept.trim_end_matches([' ', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fitted_fits() {
        for text in [
            "net/http",
            "github.com/a/rather/long/path",
            "MMMM",
            "日本語のパッケージ",
        ] {
            for room in 0..200 {
                let fit = fitted(text, 11.0, f64::from(room));
                assert!(
                    fit.is_empty() || width(&fit, 11.0) <= f64::from(room),
                    "{fit}"
                );
            }
        }
        assert_eq!(fitted("net/http", 11.0, 100.0), "net/http");
        assert_eq!(fitted("net/http", 11.0, 40.0), "http");
        assert_eq!(
            fitted("vendor/golang.org/x/net", 11.0, 90.0),
            "golang.org/x/net"
        );
        assert_eq!(fitted("k8s.io/api/core/v1", 11.0, 46.0), "core/v1");
        assert_eq!(fitted("k8s.io/api/core/v1", 11.0, 38.0), "core…");
        assert_eq!(fitted("line tables", 11.0, 40.0), "line t…");
    }
}
