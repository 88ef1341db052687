//! The keys of the configuration that a variable or a flag can set, with how their text becomes a value.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Config, ENV_PREFIX, preset, strict};
use crate::error::Result;
use crate::schema;

/// Checks one value, so that an error can say where it comes from: it stands in no file.
pub(super) fn check_alone(key: &str, value: &Value, said: &str) -> Result<()> {
    let mut table = Table::new();
    insert(&mut table, key, value.clone());
    strict::check::<Config>(&strict::text_of(&table)?, said)
}

/// How the text of an environment variable becomes a TOML value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Text,
    Bool,
    Number,
    Line,
    List,
}

impl ValueKind {
    pub(super) fn value(self, text: &str) -> std::result::Result<Value, String> {
        match self {
            Self::Text => Ok(Value::String(text.to_owned())),
            Self::Bool => text
                .parse()
                .map(Value::Boolean)
                .map_err(|_| "it has to be `true` or `false`".into()),
            Self::Number => text
                .parse()
                .map(Value::Integer)
                .map_err(|_| "it has to be a number".into()),
            // Linker and compiler flags hold commas: the text is one entry.
            Self::Line => Ok(Value::Array(vec![Value::from(text)])),
            Self::List => {
                let entries = text.split(',').filter(|part| !part.is_empty());
                Ok(Value::Array(entries.map(Value::from).collect()))
            }
        }
    }
}

/// The variable that sets a key: `pgo.on-missing` -> `GOBUILD_OPT_PGO_ON_MISSING`.
pub(crate) fn variable_of(key: &str) -> String {
    format!(
        "{ENV_PREFIX}{}",
        key.replace(['.', '-'], "_").to_uppercase()
    )
}

/// Every scalar or list key with the kind of its value, read off the schema of [`Config`].
pub(super) fn keys() -> BTreeMap<String, ValueKind> {
    let schema = schema::value(schema::CONFIG);
    let mut found = BTreeMap::new();
    collect_keys(&schema, &schema, "", &mut found);
    for check in preset::DEFAULT
        .text
        .parse::<Table>()
        .iter()
        .filter_map(|table| table.get("checks")?.as_table())
    {
        found.extend(
            check
                .keys()
                .map(|id| (format!("checks.{id}"), ValueKind::Text)),
        );
    }
    found
}

fn collect_keys(
    root: &serde_json::Value,
    node: &serde_json::Value,
    prefix: &str,
    found: &mut BTreeMap<String, ValueKind>,
) {
    let Some(properties) = node["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let resolved = resolve(root, property);
        if resolved["properties"].is_object() {
            collect_keys(root, resolved, &key, found);
            continue;
        }
        let kind = kind_of(resolved, name);
        if !matches!(key.as_str(), "target" | "assert" | "prove.variant") {
            found.extend(kind.map(|kind| (key, kind)));
        }
    }
}

/// What a text sets a key to, by its schema; `None` where no text can.
fn kind_of(schema: &serde_json::Value, name: &str) -> Option<ValueKind> {
    let types = schema["type"].to_string();
    let has = |word: &str| types.contains(word);
    Some(if has("boolean") {
        ValueKind::Bool
    } else if has("integer") && !has("string") {
        ValueKind::Number
    } else if has("array") && name.ends_with("flags") {
        ValueKind::Line
    } else if has("array") {
        ValueKind::List
    } else if has("object") {
        return None;
    } else {
        ValueKind::Text
    })
}

fn resolve<'a>(root: &'a serde_json::Value, node: &'a serde_json::Value) -> &'a serde_json::Value {
    match node["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix('#'))
    {
        Some(pointer) => root.pointer(pointer).unwrap_or(node),
        None => node,
    }
}

/// Sets the value at a dotted key, with the tables on the way.
pub(super) fn insert(table: &mut Table, dotted: &str, value: Value) {
    match dotted.split_once('.') {
        None => {
            table.insert(dotted.to_owned(), value);
        }
        Some((head, tail)) => {
            let inner = table
                .entry(head)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, tail, value);
            }
        }
    }
}
