//! Reads TOML into a typed value; an error has file, line, caret and the nearest known key.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};

/// Reads `text` strictly; `origin` names it in errors (a path, or what stands for one).
pub(crate) fn parse<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| explain(&error, text, origin))
}

fn explain(error: &toml::de::Error, text: &str, origin: &str) -> Error {
    let (message, hint) = reword(error.message());
    let message = format!("`{origin}` is not a valid configuration: {message}");
    let result = Error {
        hint,
        ..Error::new(Kind::Usage, message)
    };
    match error.span() {
        Some(span) => result.detail(caret(text, origin, span)),
        None => result,
    }
}

/// Checks a value that stands in no file; `said` is how it was said.
pub(crate) fn check<T: DeserializeOwned>(text: &str, said: &str) -> Result<()> {
    let read = toml::from_str::<T>(text).map(drop);
    read.map_err(|error| {
        let (message, hint) = reword(error.message());
        Error {
            hint,
            ..Error::new(Kind::Usage, format!("{said}: {message}"))
        }
    })
}

/// A table as text.
pub(crate) fn text_of(table: &toml::Table) -> Result<String> {
    toml::to_string(table).map_err(|error| Error::new(Kind::Usage, error.to_string()))
}

/// The parser's sentence in our style, and a hint where a known name is near.
fn reword(message: &str) -> (String, Option<String>) {
    let message = message.lines().collect::<Vec<_>>().join(", ");
    if message == "wanted string or table" {
        return ("a word in quotes belongs here".to_owned(), None);
    }
    if let Some((wrong, kind)) = message.split_once(", expected ")
        && let Some(wrong) = ["invalid type: ", "invalid value: "]
            .iter()
            .find_map(|prefix| wrong.strip_prefix(prefix))
        && let Some(kind) = kind_of(kind)
    {
        return (format!("{kind} belongs here, not {wrong}"), None);
    }
    let Some((wrong, expected)) = message.split_once(", expected ") else {
        return (message, None);
    };
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let typed = wrong.split('`').nth(1).unwrap_or_default();
    let (what, noun) = if wrong.starts_with("unknown field") {
        (format!("unknown key `{typed}`"), "keys")
    } else if wrong.starts_with("unknown variant") {
        (format!("unknown value `{typed}`"), "values")
    } else {
        return (message.clone(), None);
    };
    let hint = match nearest(typed, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("{noun} here: {}", names.join(", ")),
    };
    (what, Some(hint))
}

/// What the parser calls a type, for people.
fn kind_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "a boolean" => "`true` or `false`",
        "a string" => "text in quotes",
        "a sequence" => "a list such as [\"a\", \"b\"]",
        "a map" => "a table",
        "usize" | "u8" | "u16" | "u32" | "u64" => "a number without a sign",
        "i64" | "f64" => "a number",
        it if it.starts_with("struct ") => "a table",
        _ => return None,
    })
}

/// The place in the text, with carets under it. What is wrong there is said by the error below.
pub(crate) fn caret(text: &str, origin: &str, span: std::ops::Range<usize>) -> String {
    let end = span.end.min(text.len()).max(span.start);
    let place = AnnotationKind::Primary.span(span.start.min(end)..end);
    let snippet = Snippet::source(text).path(origin).annotation(place);
    let group = Level::ERROR.primary_title("configuration").element(snippet);
    let rendered = Renderer::plain().render(&[group]);
    // The title line would say "error:" a second time.
    rendered.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// The most slips of a finger in a name, however long it is.
const SLIPS: usize = 3;

/// The known name most like `typed`, if any is near enough to be meant: one slip in up to five letters, two in up to eight,
/// then three. A letter too many, too few, another one, or two that changed places is a slip.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let letters = typed.chars().count();
    let limit = (letters / 3).clamp(1, SLIPS);
    known
        .map(|name| {
            let slips = strsim::damerau_levenshtein(&typed, &name.to_lowercase());
            (slips, name)
        })
        .filter(|(slips, _)| *slips <= limit && *slips < letters)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn failure(text: &str) -> String {
        let error = parse::<Config>(text, "gobuild-opt.toml").unwrap_err();
        format!(
            "{}\nerror: {error}\nhint: {}",
            error.detail.clone().unwrap_or_default(),
            error.hint.clone().unwrap_or_default()
        )
    }

    #[test]
    fn only_a_slip_of_the_finger_gets_a_suggestion() {
        let check = |typed: &str| {
            nearest(
                typed,
                ["quiet", "format", "os", "strip", "size"].into_iter(),
            )
        };
        for (typed, near) in [
            ("formt", Some("format")),
            ("Fromat", Some("format")),
            ("stripp", Some("strip")),
            ("so", Some("os")),
            ("bugdet", None),
            ("nosuch", None),
            ("o", None),
            ("x", None),
            ("", None),
            ("sitze", Some("size")),
            ("sizes-of", None),
        ] {
            assert_eq!(check(typed), near, "{typed}");
        }
        let long = "github.com/klauspost/compress/zstd";
        let near = |typed| nearest(typed, [long].into_iter());
        assert_eq!(near("github.com/klaupost/compres/zstd"), Some(long));
        assert_eq!(near("github.com/klauspost/pgzip"), None);
    }

    #[test]
    fn an_unknown_key_gets_file_line_caret_and_the_nearest_key() {
        insta::assert_snapshot!(failure("[build]\nstripp = \"all\"\n"));
    }

    #[test]
    fn a_wrong_value_gets_the_nearest_value() {
        insta::assert_snapshot!(failure("[build]\nstrip = \"al\"\n"));
    }

    #[test]
    fn a_wrong_type_is_shown_in_place() {
        insta::assert_snapshot!(failure("[escape]\ntop = \"ten\"\n"));
    }

    #[test]
    fn a_wrong_size_shows_how_to_write_one() {
        insta::assert_snapshot!(failure("[budget]\nsize = \"25 MiX\"\n"));
    }

    #[test]
    fn broken_toml_is_shown_in_place() {
        insta::assert_snapshot!(failure("[build\nstrip = \"all\"\n"));
    }
}
