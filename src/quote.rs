//! Go's own quoting of lists of flags (`cmd/internal/quoted`): fields are separated by white
//! space; a field that begins with a quote runs to the next such quote; there is no escape.

/// Splits a list the way Go does. Fails with Go's own complaint about an unclosed quote.
pub fn split(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while let Some(first) = rest.chars().next() {
        if first == '"' || first == '\'' {
            let inner = &rest[1..];
            let end = inner
                .find(first)
                .ok_or_else(|| format!("unterminated {first} string"))?;
            fields.push(inner[..end].to_owned());
            rest = &inner[end + 1..];
        } else {
            let end = rest.find(is_space).unwrap_or(rest.len());
            fields.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches(is_space);
    }
    Ok(fields)
}

/// Joins fields so that [`split`] gives them back. Fails for a field with both kinds of quotes
/// that needs quoting: Go has no way to write it.
pub fn join<S: AsRef<str>>(fields: &[S]) -> Result<String, String> {
    let quoted: Result<Vec<String>, String> = fields.iter().map(|it| field(it.as_ref())).collect();
    Ok(quoted?.join(" "))
}

fn field(text: &str) -> Result<String, String> {
    let needs = text.is_empty() || text.contains(is_space) || text.starts_with(['"', '\'']);
    match (needs, text.contains('\''), text.contains('"')) {
        (false, _, _) => Ok(text.to_owned()),
        (true, false, _) => Ok(format!("'{text}'")),
        (true, true, false) => Ok(format!("\"{text}\"")),
        (true, true, true) => Err(format!(
            "`{text}` has white space and both kinds of quotes: Go has no way to quote it"
        )),
    }
}

/// One value of a flag with an optional package pattern, such as `all=-N -l`
/// (`cmd/go/internal/load/flag.go`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PerPackage {
    /// `None`: the packages named on the command line.
    pub(crate) pattern: Option<String>,
    /// The flags behind it.
    pub(crate) flags: Vec<String>,
}

impl PerPackage {
    /// Whether it is for every package named on the command line.
    pub(crate) fn is_general(&self) -> bool {
        self.pattern
            .as_deref()
            .is_none_or(|pattern| pattern == "all")
    }
}

/// Reads a value as Go does. Fails with a sentence about the quoting or the missing `=`.
pub(crate) fn per_package(value: &str) -> Result<PerPackage, String> {
    let value = value.trim();
    let (pattern, list) = if value.is_empty() || value.starts_with('-') {
        (None, value)
    } else {
        let (pattern, list) = value
            .split_once('=')
            .ok_or_else(|| format!("`{value}` needs `=` behind the package pattern"))?;
        if pattern.is_empty() || pattern.starts_with(['"', '\'']) {
            return Err(format!("`{value}` may not start with a quote or `=`"));
        }
        (Some(pattern.trim().to_owned()), list)
    };
    Ok(PerPackage {
        pattern,
        flags: split(list)?,
    })
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_split_as_go_does() {
        assert_eq!(split("-s  -w").unwrap(), ["-s", "-w"]);
        assert_eq!(
            split("-X 'main.v=a b' -w").unwrap(),
            ["-X", "main.v=a b", "-w"]
        );
        assert_eq!(split("-X=main.v='x' \"\"").unwrap(), ["-X=main.v='x'", ""]);
        assert!(split("-X 'main.v").is_err());
    }

    proptest! {
        #[test]
        fn what_is_joined_is_split_again(fields in proptest::collection::vec("[a-z '\"=\t-]{0,6}", 0..5)) {
            if let Ok(text) = join(&fields) {
                prop_assert_eq!(split(&text).unwrap(), fields);
            }
        }
    }
}
