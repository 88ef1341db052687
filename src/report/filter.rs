//! What people type to choose packages, functions and files.

/// A part of a path or of a name, or a pattern with `*` or `...` for any run of characters. The `*` of a receiver, as in
/// `(*T).M`, is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter(pub String);

impl Filter {
    /// Whether a path or a function name has it.
    pub(crate) fn has(&self, text: &str) -> bool {
        // Expressions have stars and dots of their own.
        if text.contains(&self.0) {
            return true;
        }
        // No name has a control character: it keeps the place of a receiver's star.
        let receiver = self.0.replace("(*", "(\u{1}").replace("(\u{1})", "(*)");
        let pattern = receiver.replace("...", "*");
        let parts: Vec<String> = pattern
            .split('*')
            .map(|part| part.replace('\u{1}', "*"))
            .collect();
        match parts.as_slice() {
            [only] => text.contains(only),
            // As go does it: `net/...` is `net` and all below.
            [before, after] if after.is_empty() && before.strip_suffix('/') == Some(text) => true,
            [first, between @ .., last] => matches(text, first, between, last),
            [] => true,
        }
    }
}

/// Whether the whole text is these parts with anything between them.
fn matches(text: &str, first: &str, between: &[String], last: &str) -> bool {
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_part_or_a_pattern() {
        let has = |filter: &str, text: &str| Filter(filter.into()).has(text);
        assert!(has("http", "net/http/internal"));
        assert!(!has("http", "net/url"));
        assert!(has("net/...", "net") && has("net/...", "net/http"));
        assert!(!has("net/...", "network"));
        assert!(has("*.(*Server).Serve*", "net/http.(*Server).ServeTLS"));
        assert!(!has("*.Serve", "net/http.(*Server).ServeTLS"));
        assert!(has("a*b*c", "a1b2c") && !has("a*b*c", "a1c2b"));
        assert!(has("[]*Node", "make([]*Node, n)") && has("T{...}", "&T{...}"));
        assert!(has("net/http.(*).Serve*", "net/http.(*Server).ServeTLS"));
        assert!(has("(*Server)", "net/http.(*Server).ServeTLS"));
        assert!(has("http.(*Server).Serve", "net/http.(*Server).ServeTLS"));
        assert!(has("net/http.(*Server).*", "net/http.(*Server).ServeTLS"));
        assert!(!has("(*Server)", "net/http.Server.Serve"));
    }
}
