//! Writes a value as JSON.

use serde::Serialize;

/// A value as indented JSON with a line break at its end.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
