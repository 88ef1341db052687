//! The JSON Schema of the configuration, from its types and its reference.

use serde_json::{Map, Value, json};

use crate::advise;
use crate::check;
use crate::config::preset;
use crate::schema;

/// The schema. A default is what `presets/default.toml` says, not what a type has when nobody sets it; `checks` holds the IDs.
pub(crate) fn config_schema() -> Value {
    let mut schema = schema::value(schema::CONFIG);
    let reference: toml::Table = preset::DEFAULT.text.parse().unwrap_or_default();
    let reference = serde_json::to_value(reference).unwrap_or_default();
    checks(&mut schema, &reference["checks"]);
    rules(&mut schema);
    let Value::Object(reference) = reference else {
        return schema;
    };
    let mut top = schema["properties"].take();
    let mut sections = Vec::new();
    for (name, property) in top.as_object_mut().into_iter().flatten() {
        match (definition(property), reference.get(name)) {
            (Some(section), Some(Value::Object(keys))) => sections.push((section, keys)),
            (_, default) => set(property, default.filter(|value| !value.is_object())),
        }
    }
    schema["properties"] = top;
    for (section, keys) in sections {
        let properties = &mut schema["$defs"][section]["properties"];
        for (name, property) in properties.as_object_mut().into_iter().flatten() {
            set(property, keys.get(name));
        }
    }
    schema
}

/// The definition that a property refers to.
fn definition(property: &Value) -> Option<String> {
    let reference = property["$ref"].as_str()?;
    reference.strip_prefix("#/$defs/").map(str::to_owned)
}

fn set(property: &mut Value, default: Option<&Value>) {
    let Some(property) = property.as_object_mut() else {
        return;
    };
    match default {
        Some(it) => property.insert("default".into(), it.clone()),
        None => property.remove("default"),
    };
}

/// `[advise] ignore` takes patterns of packages, too: the rules are what an editor offers.
fn rules(schema: &mut Value) {
    let rule = |rule: &advise::Rule| json!({ "const": rule.id, "description": rule.summary });
    let mut any: Vec<Value> = advise::RULES.iter().map(rule).collect();
    any.push(json!({ "type": "string", "description": "a pattern of packages, such as example.com/app/gen/..." }));
    schema["$defs"]["Advise"]["properties"]["ignore"]["items"] = json!({ "anyOf": any });
}

fn checks(schema: &mut Value, defaults: &Value) {
    let severity = schema["properties"]["checks"]["additionalProperties"].clone();
    let property = |it: &check::Check| {
        let mut property = severity.clone();
        property["description"] = json!(it.summary);
        property["default"] = defaults[it.id].clone();
        (it.id.to_owned(), property)
    };
    let ids: Map<String, Value> = check::ALL.iter().map(property).collect();
    let checks = &mut schema["properties"]["checks"];
    checks["properties"] = Value::Object(ids);
    checks["additionalProperties"] = json!(false);
}
