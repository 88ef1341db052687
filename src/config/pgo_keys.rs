//! Reads `[pgo] profile`: a word, a path, or a list of paths with weights.

use std::fmt;

#[cfg(test)]
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What `profile` names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Profiles {
    /// `auto`, `off` or the path of a file.
    One(String),
    /// Files that are merged; at least two.
    Merged(Vec<Part>),
}

/// One file of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// The file.
    pub(crate) path: String,
    /// How much it counts beside the others.
    pub(crate) weight: f64,
}

/// Words that are no paths.
pub(crate) const WORDS: &[&str] = &["auto", "off"];

impl Default for Profiles {
    fn default() -> Self {
        Self::One("auto".into())
    }
}

impl Profiles {
    /// Whether there is to be no profile.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self, Self::One(it) if it == "off")
    }

    /// Whether each main package has its own `default.pgo`.
    pub(crate) fn is_auto(&self) -> bool {
        matches!(self, Self::One(it) if it == "auto")
    }
}

impl fmt::Display for Profiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(it) => f.write_str(it),
            Self::Merged(parts) => {
                let paths: Vec<&str> = parts.iter().map(|part| part.path.as_str()).collect();
                f.write_str(&paths.join(" + "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Profiles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Profiles;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"auto\", \"off\", a path, or a list of paths")
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Profiles, E> {
                match value {
                    "" => Err(E::custom("an empty path: write \"off\" for no profile")),
                    value => Ok(Profiles::One(value.to_owned())),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Profiles, A::Error> {
                let mut parts: Vec<Part> = Vec::new();
                while let Some(part) = list.next_element::<Part>()? {
                    if parts.iter().any(|it| it.path == part.path) {
                        let why = format!("`{}` stands in the list twice", part.path);
                        return Err(A::Error::custom(why));
                    }
                    parts.push(part);
                }
                match parts.len() {
                    0 => Err(A::Error::custom(
                        "an empty list: write \"off\" for no profile",
                    )),
                    1 => Ok(Profiles::One(parts.swap_remove(0).path)),
                    _ => Ok(Profiles::Merged(parts)),
                }
            }
        }
        deserializer.deserialize_any(Read)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Weighed {
            path: String,
            #[serde(default = "one")]
            weight: f64,
        }
        fn one() -> f64 {
            1.0
        }
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path, or { path = \"...\", weight = 0.7 }")
            }

            fn visit_str<E: serde::de::Error>(self, path: &str) -> Result<Part, E> {
                part(path.to_owned(), 1.0)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                let it = Weighed::deserialize(MapAccessDeserializer::new(map))?;
                part(it.path, it.weight)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

fn part<E: serde::de::Error>(path: String, weight: f64) -> Result<Part, E> {
    if path.is_empty() || WORDS.contains(&path.as_str()) {
        return Err(E::custom(format!(
            "`{path}` is no path, and a list holds paths only"
        )));
    }
    if !(weight.is_finite() && weight > 0.0) {
        return Err(E::custom(format!("the weight `{weight}` is not above 0")));
    }
    Ok(Part { path, weight })
}

#[cfg(test)]
impl JsonSchema for Profiles {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Profiles".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "`auto`, `off`, a path, or a list of paths that are merged.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "anyOf": [
                    { "type": "string" },
                    {
                        "type": "object",
                        "properties": {
                            "path": { "type": "string" },
                            "weight": { "type": "number", "minimum": 0 }
                        },
                        "required": ["path"],
                        "additionalProperties": false
                    }
                ] } }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::config::strict::parse;

    fn read(value: &str) -> String {
        let text = format!("[pgo]\nprofile = {value}\n");
        match parse::<Config>(&text, "x") {
            Ok(config) => format!("{:?}", config.pgo.profile),
            Err(error) => error.message,
        }
    }

    #[test]
    fn a_profile_is_a_word_a_path_or_a_list() {
        insta::assert_snapshot!(read("\"auto\""), @r#"One("auto")"#);
        insta::assert_snapshot!(read("[\"a\"]"), @r#"One("a")"#);
        insta::assert_snapshot!(read("[\"a\", { path = \"b\", weight = 0.7 }]"), @r#"Merged([Part { path: "a", weight: 1.0 }, Part { path: "b", weight: 0.7 }])"#);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (value, why) in [
            ("[]", "an empty list: write \"off\" for no profile"),
            ("\"\"", "an empty path: write \"off\" for no profile"),
            (
                "[\"a\", \"off\"]",
                "`off` is no path, and a list holds paths only",
            ),
            ("[\"a\", \"a\"]", "`a` stands in the list twice"),
            (
                "[\"b\", { path = \"a\", weight = 0.0 }]",
                "the weight `0` is not above 0",
            ),
            ("[{ path = \"a\", weigth = 1.0 }]", "unknown key `weigth`"),
            ("[{ weight = 1.0 }]", "missing field `path`"),
            ("3", "invalid type: integer `3`"),
        ] {
            let told = read(value);
            assert!(told.contains(why), "{value}: {told}");
        }
    }
}
