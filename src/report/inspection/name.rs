//! A function's name, cut out of the table of names where somebody reads it.

use std::borrow::Cow;
use std::fmt;

#[cfg(test)]
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::binary::first_name;

/// A name as the symbol table has it. An executable has hundreds of thousands, and a report shows few of them.
#[derive(Clone)]
pub(crate) struct Name<'a>(Source<'a>);

#[derive(Clone)]
pub(crate) enum Source<'a> {
    /// From the first byte of the name to the end of the table; a NUL ends it.
    Table(&'a [u8]),
    Text(String),
}

impl<'a> Name<'a> {
    /// The name that a table begins with, up to the first NUL.
    pub(crate) fn of_table(rest: &'a [u8]) -> Self {
        Self(Source::Table(rest))
    }

    /// As text; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Source::Table(rest) => first_name(rest),
            Source::Text(text) => Cow::Borrowed(text),
        }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Name<'_> {}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Name<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Source::Text(text)))
    }
}

#[cfg(test)]
impl JsonSchema for Name<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_the_first_nul() {
        let name = Name::of_table(b"main.main\0main.run\0");
        assert_eq!(name.text(), "main.main");
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, "\"main.main\"");
        assert_eq!(serde_json::from_str::<Name<'_>>(&json).unwrap(), name);
        assert_eq!(Name::of_table(b"").text(), "");
        assert_eq!(Name::of_table(b"a\xffb").text(), "a\u{fffd}b");
    }
}
