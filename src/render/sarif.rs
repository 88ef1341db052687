//! New findings in, SARIF 2.1.0 out: what code scanning reads.

use serde_json::{Value, json};

use crate::escape::Class;
use crate::lock::class_name;
use crate::report::{Assertion, Findings, Site, Tool};

/// The log. `prefix` leads from the root of the repository to the working directory; empty, or with a slash at its end.
pub fn sarif(tool: &Tool, findings: &Findings<'_>, prefix: &str) -> String {
    let classes: Vec<Class> = Class::ALL.into_iter().filter(|it| it.allocates()).collect();
    let sites = findings
        .sites
        .iter()
        .map(|it| result(it, findings, &classes, prefix));
    let assertions = findings
        .assertions
        .iter()
        .map(|it| failed(it, classes.len(), prefix));
    let results: Vec<Value> = sites.chain(assertions).collect();
    let mut rules: Vec<Value> = classes.iter().map(|it| rule(*it, findings)).collect();
    rules.extend(
        CLAIMS
            .iter()
            .map(|(claim, text)| assertion_rule(claim, text)),
    );
    let driver = json!({
        "name": tool.name,
        "version": tool.version,
        "rules": rules,
    });
    let mut invocation = json!({ "executionSuccessful": true });
    let failed = findings.failures.iter().map(|it| ("error", it));
    let open = findings.loosened.iter().chain(&findings.not_judged);
    let open = open.map(|it| ("warning", it));
    let told: Vec<Value> = failed
        .chain(open)
        .map(|(level, text)| json!({ "level": level, "message": { "text": text } }))
        .collect();
    if !told.is_empty() {
        invocation["toolExecutionNotifications"] = told.into();
    }
    super::json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "invocations": [invocation],
            "originalUriBaseIds": { "SRCROOT": { "description": { "text": "The root of the repository." } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(class: Class, findings: &Findings<'_>) -> Value {
    let help = match findings.revision {
        Some(revision) => format!("{revision} does not have this allocation."),
        None => "The lock of the project does not hold this allocation. Remove it, or accept it with `gobuild-opt accept ID --reason TEXT`.".to_owned(),
    };
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
        "help": { "text": help },
        "defaultConfiguration": { "level": "warning" },
    })
}

const CLAIMS: &[(&str, &str)] = &[
    ("no-escape", "A function that must not allocate does."),
    (
        "inlined",
        "A function or a call that must be inlined is not.",
    ),
    (
        "no-bounds-checks",
        "A function that must have no bounds check has one.",
    ),
    (
        "max-frame",
        "The stack frame of a function is larger than it may be.",
    ),
    ("must-exist", "A function that must exist does not."),
    (
        "gcassert",
        "A `//gcassert:` comment has a word that means nothing.",
    ),
];

fn assertion_rule(claim: &str, text: &str) -> Value {
    json!({
        "id": format!("assert-{claim}"),
        "shortDescription": { "text": text },
        "help": { "text": "An `[[assert]]` of gobuild-opt.toml or a `//gcassert:` comment says so. Change the code, or the assertion." },
        "defaultConfiguration": { "level": "error" },
    })
}

fn failed(it: &Assertion, rules_before: usize, prefix: &str) -> Value {
    let index = CLAIMS.iter().position(|claim| claim.0 == it.claim);
    let hint = it
        .hint
        .as_ref()
        .map_or(String::new(), |it| format!(" ({it})"));
    let fingerprint = format!("{}/{}/{}/{}", it.claim, it.function, it.source, it.column);
    json!({
        "ruleId": format!("assert-{}", it.claim),
        "ruleIndex": index.map_or(-1, |it| (rules_before + it) as i64),
        "level": "error",
        "message": { "text": format!("{}: {}{hint}", it.function, it.message) },
        "locations": [location(&Place {
            function: it.function.clone(),
            file: it.file.as_deref(),
            line: it.line,
            column: it.column,
            source: &it.source,
        }, prefix)],
        "partialFingerprints": { "gobuildOptAssertion/v1": fingerprint },
    })
}

fn rule_id(class: &str) -> String {
    format!("escape-{class}")
}

fn result(site: &Site, findings: &Findings<'_>, classes: &[Class], prefix: &str) -> Value {
    let advice = findings.advice(site);
    let level = match findings.failing.contains(site.id.as_str()) {
        true => "error",
        false => "warning",
    };
    let index = classes.iter().position(|it| class_name(*it) == site.class);
    let text = format!(
        "new heap allocation in {}: {} ({advice})",
        function(site),
        site.message
    );
    json!({
        "ruleId": rule_id(&site.class),
        "ruleIndex": index.map_or(-1, |it| it as i64),
        "level": level,
        "message": { "text": text },
        "locations": [location(&Place {
            function: function(site),
            file: site.file.as_deref(),
            line: site.line,
            column: site.column,
            source: &site.source,
        }, prefix)],
        "partialFingerprints": { "gobuildOptSite/v1": site.id },
    })
}

fn function(site: &Site) -> String {
    match site.function.as_str() {
        "" => site.package.clone(),
        function => format!("{}.{function}", site.package),
    }
}

/// Where something was found.
struct Place<'a> {
    function: String,
    file: Option<&'a str>,
    line: u32,
    column: u32,
    source: &'a str,
}

fn location(site: &Place<'_>, prefix: &str) -> Value {
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": &site.function, "kind": "function" }],
    });
    let Some(file) = site.file.filter(|it| !it.is_empty()) else {
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
