//! Linker symbol names in, their parts out.

/// A function's name in parts, such as `net/http` `(*conn)` `serve` `func1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a> {
    /// Import path as the linker writes it; empty for assembly without a package.
    pub package: &'a str,
    /// Receiver type without `(*)` and type arguments; empty for functions.
    pub receiver: &'a str,
    /// Function or method, without type arguments.
    pub function: &'a str,
    /// What the compiler made of it: `func1.2`, `gowrap1`, `-range1`, `-fm`; empty for the declaration itself.
    pub closure: &'a str,
}

/// The import path in a symbol name, as the linker writes it (`gopkg.in/yaml%2ev3`); empty for assembly without one.
pub fn package(name: &str) -> &str {
    let plain = &name[..name.find(['[', '(']).unwrap_or(name.len())];
    let path = plain.rfind('/').map_or(0, |plain| plain + 1);
    match plain[path..].find('.') {
        Some(dot) => &name[..path + dot],
        None => "",
    }
}

/// Takes a symbol name apart.
pub fn parts(name: &str) -> Name<'_> {
    let package = package(name);
    let rest = name[package.len()..].trim_start_matches('.');
    let (receiver, rest) = match rest.strip_prefix("(*") {
        Some(rest) => split_at_dot(rest),
        None => method(rest),
    };
    let (function, closure) = split_at_dot(rest);
    let dash = function.find('-').unwrap_or(function.len());
    Name {
        package,
        receiver: without_arguments(receiver.trim_end_matches(')')),
        function: without_arguments(&function[..dash]),
        closure: if dash < function.len() {
            &rest[dash..]
        } else {
            closure
        },
    }
}

/// `T.m.func1` has a receiver, `f.func1` has none.
fn method(rest: &str) -> (&str, &str) {
    let (first, others) = split_at_dot(rest);
    let (second, _) = split_at_dot(others);
    match others.is_empty() || is_made(second) {
        true => ("", rest),
        false => (first, others),
    }
}

/// Names of the compiler, not of the programmer.
fn is_made(part: &str) -> bool {
    let base = part.split('-').next().unwrap_or(part);
    let word = base.trim_end_matches(|c: char| c.is_ascii_digit());
    let made = ["func", "gowrap", "deferwrap", "init", "glob"].contains(&word);
    (made && word.len() < base.len()) || word.is_empty()
}

/// Splits at the first dot outside brackets.
fn split_at_dot(text: &str) -> (&str, &str) {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'.' if depth == 0 => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

fn without_arguments(text: &str) -> &str {
    &text[..text.find('[').unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_parts() {
        let shown = |name| {
            let it = parts(name);
            format!(
                "{}|{}|{}|{}",
                it.package, it.receiver, it.function, it.closure
            )
        };
        let names = [
            "main.main",
            "main.main.func1.2",
            "net/http.(*conn).serve.func1",
            "net/http.HandlerFunc.ServeHTTP",
            "gopkg.in/yaml%2ev3.(*Decoder).Decode",
            "slices.SortFunc[go.shape.[]int,go.shape.int].func1",
            "internal/sync.(*HashTrieMap[go.shape.interface {},go.shape.interface {}]).Load",
            "main.work-range1",
            "main.(*T).m-fm",
            "main.init.0",
            "main.glob..func3",
            "aeshashbody",
            "runtime.memmove",
            "",
        ];
        insta::assert_snapshot!(names.map(shown).join("\n"), @"
        main||main|
        main||main|func1.2
        net/http|conn|serve|func1
        net/http|HandlerFunc|ServeHTTP|
        gopkg.in/yaml%2ev3|Decoder|Decode|
        slices||SortFunc|func1
        internal/sync|HashTrieMap|Load|
        main||work|-range1
        main|T|m|-fm
        main||init|0
        main||glob|.func3
        ||aeshashbody|
        runtime||memmove|
        |||
        ");
    }
}
