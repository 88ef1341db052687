//! How many targets are built at the same time.

use std::num::NonZeroUsize;

#[cfg(test)]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// `"auto"`, or a number of at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Jobs {
    /// As many as cores and memory allow.
    #[default]
    Auto,
    /// At most so many, where memory allows.
    Most(NonZeroUsize),
}

#[cfg(test)]
impl JsonSchema for Jobs {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Jobs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "\"auto\", or a number of at least 1.",
            "type": ["string", "integer"],
            "minimum": 1,
        })
    }
}

impl<'de> Deserialize<'de> for Jobs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        fn most<E: serde::de::Error>(number: Option<usize>, wrong: String) -> Result<Jobs, E> {
            let number = number.and_then(NonZeroUsize::new);
            number.map(Jobs::Most).ok_or_else(|| E::custom(wrong))
        }
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Jobs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"auto\" or a number")
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Jobs, E> {
                most(usize::try_from(value).ok(), said(&value))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Jobs, E> {
                most(usize::try_from(value).ok(), said(&value))
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Jobs, E> {
                match value {
                    "auto" => Ok(Jobs::Auto),
                    // As the environment and the command line say it.
                    other => most(other.parse().ok(), said(&other)),
                }
            }
        }
        fn said(it: &dyn std::fmt::Display) -> String {
            format!("`{it}` is no number of jobs: write \"auto\", or a number of at least 1")
        }
        deserializer.deserialize_any(Visitor)
    }
}
