//! New sites in, SARIF 2.1.0 out: what code scanning reads.

use serde_json::{Value, json};

use crate::escape::Class;
use crate::lock::class_name;
use crate::report::{Site, Tool};

/// The log. `prefix` leads from the root of the repository to the working directory; empty, or with a slash at its end.
pub fn sarif(tool: &Tool, findings: &[&Site], prefix: &str) -> String {
    let classes: Vec<Class> = Class::ALL.into_iter().filter(|it| it.allocates()).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|it| result(it, &classes, prefix))
        .collect();
    let driver = json!({
        "name": tool.name,
        "version": tool.version,
        "rules": classes.iter().map(|it| rule(*it)).collect::<Vec<_>>(),
    });
    super::json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "originalUriBaseIds": { "SRCROOT": { "description": { "text": "The root of the repository." } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(class: Class) -> Value {
    let text = match class {
        Class::Moved => "A variable is moved to the heap.",
        Class::New => "A value behind a pointer is allocated on the heap.",
        Class::Make => "A slice or a map is allocated on the heap.",
        Class::Append => "The array behind an append is allocated on the heap.",
        Class::Boxing => "A value is stored in an interface on the heap.",
        Class::Closure => "A function literal is allocated on the heap.",
        Class::Conversion => "A conversion or a concatenation allocates a string or a slice.",
        _ => "A composite literal is allocated on the heap.",
    };
    json!({
        "id": rule_id(class_name(class).as_str()),
        "shortDescription": { "text": text },
        "help": { "text": "The lock of the project does not hold this allocation. Remove it, or accept it with `gobuild-opt accept ID --reason TEXT`." },
        "defaultConfiguration": { "level": "warning" },
    })
}

fn rule_id(class: &str) -> String {
    format!("escape-{class}")
}

fn result(site: &Site, classes: &[Class], prefix: &str) -> Value {
    let index = classes.iter().position(|it| class_name(*it) == site.class);
    let text = format!(
        "new heap allocation in {}: {} (accept it: gobuild-opt accept {} --reason TEXT)",
        function(site),
        site.message,
        site.id
    );
    json!({
        "ruleId": rule_id(&site.class),
        "ruleIndex": index.map_or(-1, |it| it as i64),
        "level": "warning",
        "message": { "text": text },
        "locations": [location(site, prefix)],
        "partialFingerprints": { "gobuildOptSite/v1": site.id },
    })
}

fn function(site: &Site) -> String {
    match site.function.as_str() {
        "" => site.package.clone(),
        function => format!("{}.{function}", site.package),
    }
}

fn location(site: &Site, prefix: &str) -> Value {
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": function(site), "kind": "function" }],
    });
    let Some(file) = site.file.as_deref().filter(|it| !it.is_empty()) else {
        return location;
    };
    let artifact = if file.starts_with('/') {
        json!({ "uri": format!("file://{}", encoded(file)) })
    } else {
        json!({ "uri": encoded(&format!("{prefix}{file}")), "uriBaseId": "SRCROOT" })
    };
    let mut physical = json!({ "artifactLocation": artifact });
    if site.line > 0 {
        let mut region = json!({ "startLine": site.line });
        // Ours counts bytes: the same where the line is ASCII.
        if site.column > 0 && site.source.is_ascii() {
            region["startColumn"] = json!(site.column);
        }
        if !site.source.is_empty() {
            region["snippet"] = json!({ "text": site.source });
        }
        physical["region"] = region;
    }
    location["physicalLocation"] = physical;
    location
}

/// A path as part of a URI.
fn encoded(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@+,=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
