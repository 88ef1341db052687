//! TOML text in, a typed value or an error with file, line, caret and the nearest known key out.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};

/// Reads `text` strictly; `origin` names it in errors (a path, or what stands for one).
pub fn parse<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| explain(&error, text, origin))
}

fn explain(error: &toml::de::Error, text: &str, origin: &str) -> Error {
    let (message, hint) = reword(error.message());
    let mut result = Error::new(
        Kind::Usage,
        format!("`{origin}` is not a valid configuration: {message}"),
    );
    if let Some(hint) = hint {
        result = result.hint(hint);
    }
    match error.span() {
        Some(span) => result.detail(caret(&message, text, origin, span)),
        None => result,
    }
}

/// The parser's sentence in our style, and a hint where a known name is near.
fn reword(message: &str) -> (String, Option<String>) {
    let message = message.lines().collect::<Vec<_>>().join(", ");
    if message == "wanted string or table" {
        return ("a word in quotes belongs here".to_owned(), None);
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

/// The place in the text, with a caret under it.
pub fn caret(message: &str, text: &str, origin: &str, span: std::ops::Range<usize>) -> String {
    let end = span.end.min(text.len()).max(span.start);
    let snippet = Snippet::source(text).path(origin).annotation(
        AnnotationKind::Primary
            .span(span.start.min(end)..end)
            .label(message),
    );
    let group = Level::ERROR.primary_title("configuration").element(snippet);
    let rendered = Renderer::plain().render(&[group]);
    // The title line would say "error:" a second time.
    rendered.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// The known name most like `typed`, if any is near enough to be meant.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score =
        |name: &str| strsim::damerau_levenshtein(&typed.to_lowercase(), &name.to_lowercase());
    let limit = (typed.chars().count() / 3).max(1) + 1;
    known
        .map(|name| (score(name), name))
        .filter(|(it, _)| *it <= limit)
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
