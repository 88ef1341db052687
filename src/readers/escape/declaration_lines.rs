//! Finds where a Go file declares names without parsing it: by what stands at the start of its lines.

/// The longest declaration that is parsed, in bytes.
const LONGEST: usize = 64 << 10;

/// Calls `found` with the name, the keyword and the place of the name for what a file declares. `gofmt` writes each at the
/// start of a line, or behind one tab in a group.
pub(super) fn declarations(bytes: &[u8], mut found: impl FnMut(&[u8], &'static str, usize)) {
    const WORDS: [&str; 4] = ["func", "type", "var", "const"];
    let mut group = None;
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = &bytes[start..end];
        let at = start;
        start = end + 1;
        let begins = |word: &&str| {
            let rest = line.strip_prefix(word.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b" "))
        };
        let word = WORDS.into_iter().find(begins);
        if let Some(word) = word {
            let rest = word.len() + 1;
            if line[rest..].starts_with(b"(") {
                // A method is no name of the package.
                group = (word != "func").then_some(word);
            } else {
                group = None;
                list(line, rest, |from, to| {
                    found(&line[from..to], word, at + from)
                });
            }
        } else if line.starts_with(b")") {
            group = None;
        } else if let Some(word) = group
            && line.starts_with(b"\t")
        {
            list(line, 1, |from, to| found(&line[from..to], word, at + from));
        }
    }
}

/// The name at `from`; of `a, b = ...` only the first, since a value belongs to its place.
fn list(line: &[u8], from: usize, mut found: impl FnMut(usize, usize)) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let length = line[from..].iter().take_while(|byte| is_name(byte)).count();
    if length > 0 && !line[from + length..].starts_with(b",") {
        found(from, from + length);
    }
}

/// The declaration at the start of a text: up to the first line end outside of brackets.
pub(super) fn declaration(text: &[u8]) -> &[u8] {
    let mut depth = 0usize;
    for (at, byte) in text.iter().enumerate().take(LONGEST) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\n' if depth == 0 => return &text[..at],
            _ => {}
        }
    }
    &text[..text.len().min(LONGEST)]
}
