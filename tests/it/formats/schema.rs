//! What is printed as JSON, and what is read as configuration, against the schemas that the program
//! prints for them.

use serde_json::{Map, Value};

use super::program;
use crate::harness::Place;

/// The part of JSON Schema that our schemas use; any other word fails the test.
struct Validator<'a> {
    root: &'a Value,
    /// A member that the schema does not name is a fault, too: the schema is the documentation.
    closed: bool,
    faults: Vec<String>,
}

impl Validator<'_> {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        for (word, rule) in schema {
            match word.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                    let target = self.root.pointer(pointer).unwrap().clone();
                    self.check(&target, value, at);
                }
                "type" => self.expect(is_of_type(rule, value), at, &format!("no {rule}")),
                "enum" => self.expect(rule.as_array().unwrap().contains(value), at, "not in enum"),
                "const" => self.expect(rule == value, at, "not the constant"),
                "minimum" => {
                    let least = rule.as_f64().unwrap();
                    self.expect(value.as_f64().is_none_or(|it| it >= least), at, "too small");
                }
                "maximum" => {
                    let most = rule.as_f64().unwrap();
                    self.expect(value.as_f64().is_none_or(|it| it <= most), at, "too large");
                }
                "minItems" | "maxItems" => {
                    let count = value.as_array().map_or(0, Vec::len) as u64;
                    let limit = rule.as_u64().unwrap();
                    let fits = match word.as_str() {
                        "minItems" => count >= limit,
                        _ => count <= limit,
                    };
                    self.expect(fits, at, &format!("{count} items, {word} is {limit}"));
                }
                "prefixItems" => {
                    let items = value.as_array().into_iter().flatten();
                    for (index, (rule, item)) in
                        rule.as_array().unwrap().iter().zip(items).enumerate()
                    {
                        self.check(rule, item, &format!("{at}/{index}"));
                    }
                }
                "anyOf" | "oneOf" => self.any_of(rule, value, at),
                "properties" => self.properties(schema, value, at),
                "required" => {
                    for name in rule.as_array().unwrap() {
                        let there = value.get(name.as_str().unwrap()).is_some();
                        self.expect(there, at, &format!("misses {name}"));
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}/{index}"));
                    }
                }
                "additionalProperties" if !schema.contains_key("properties") => {
                    for (name, item) in value.as_object().into_iter().flatten() {
                        self.check(rule, item, &format!("{at}/{name}"));
                    }
                }
                "$schema" | "$defs" | "title" | "description" | "default" | "format" => {}
                "additionalProperties" => {}
                other => panic!("the schema says `{other}`: {rule}"),
            }
        }
    }

    fn expect(&mut self, holds: bool, at: &str, fault: &str) {
        if !holds {
            self.faults.push(format!("{at}: {fault}"));
        }
    }

    fn any_of(&mut self, rules: &Value, value: &Value, at: &str) {
        let holds = |rule: &Value| {
            let mut inner = Validator {
                root: self.root,
                closed: self.closed,
                faults: Vec::new(),
            };
            inner.check(rule, value, at);
            inner.faults.is_empty()
        };
        let any = rules.as_array().unwrap().iter().any(holds);
        self.expect(any, at, &format!("{value} fits no choice"));
    }

    fn properties(&mut self, schema: &Map<String, Value>, value: &Value, at: &str) {
        let rules = schema["properties"].as_object().unwrap();
        for (name, item) in value.as_object().into_iter().flatten() {
            match rules.get(name) {
                Some(rule) => self.check(rule, item, &format!("{at}/{name}")),
                None => self.expect(!self.closed, at, &format!("has unknown {name}")),
            }
        }
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other}"),
    };
    match rule {
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut validator = Validator {
        root: schema,
        closed: true,
        faults: Vec::new(),
    };
    validator.check(schema, value, "");
    validator.faults
}

fn printed(what: &str) -> Value {
    Place::empty().run(&format!("schema {what}")).json()
}

#[test]
fn reports_follow_their_schema() {
    let schema = printed("report");
    let place = program();
    for line in [
        "--out-dir dist ./cmd/...",
        "--baseline off --escapes off ./cmd/tiny",
        "--target js/wasm --baseline plain -o tiny.wasm ./cmd/tiny",
        "--set budget.size=1GiB ./cmd/tiny",
    ] {
        let report = place.release(line);
        assert_eq!(faults(&schema, &report), Vec::<String>::new(), "{line}");
        assert_eq!(report["schema_version"], 2);
    }
}

#[test]
fn what_is_printed_of_files_follows_its_schema() {
    let place = program();
    place.release("--out-dir dist ./cmd/tiny");
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = here.join("examples/service/cmd/api/default.pgo");
    place.write("cpu.pprof", std::fs::read(profile).unwrap());
    let benchmark = "package main\n\nimport \"testing\"\n\nfunc BenchmarkNew(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\t_ = make([]int, i%9)\n\t}\n}\n";
    place.write("cmd/tiny/main_test.go", benchmark);
    for (what, line) in [
        ("inspect", "inspect dist/tiny"),
        ("compare", "compare dist/tiny dist/tiny"),
        ("escape", "escape ./cmd/tiny"),
        ("advise", "advise --profile cpu.pprof ./cmd/tiny"),
        ("profile", "profile show cpu.pprof"),
        ("profile", "profile show cpu.pprof --binary dist/tiny"),
        ("profile-diff", "profile diff cpu.pprof cpu.pprof"),
        ("why", "why fmt ./cmd/tiny"),
        ("why", "why runtime ./cmd/tiny"),
        ("why", "why dce ./cmd/tiny"),
        ("why", "why --cut fmt --biggest-cuts 2 ./cmd/tiny"),
        ("why", "why fmt -ldflags=-linkmode=internal ./cmd/tiny"),
        ("bench", "bench ./cmd/tiny"),
    ] {
        let run = place.run(&format!("{line} --format json"));
        let found = faults(&printed(what), &run.json());
        assert_eq!(found, Vec::<String>::new(), "{line}");
    }
}

#[test]
fn the_schema_finds_faults() {
    let schema = printed("report");
    let mut report = Place::module().release("--escapes off --baseline off");
    report["targets"][0]["artifact"]["size"] = "large".into();
    report["surprise"] = 1.into();
    report.as_object_mut().unwrap().remove("verdict");
    assert_eq!(faults(&schema, &report).len(), 3);
}

#[test]
fn shipped_configurations_follow_their_schema() {
    let schema = printed("config");
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(here.join("presets"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "toml"))
        .collect();
    files.extend(
        ["cli", "service"].map(|it| here.join("examples").join(it).join("gobuild-opt.toml")),
    );
    assert!(files.len() > 5);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let value = serde_json::to_value(table).unwrap();
        assert_eq!(
            faults(&schema, &value),
            Vec::<String>::new(),
            "{}",
            file.display()
        );
    }
}

/// The reference is `presets/default.toml`; a default that a type has by itself is nobody's.
#[test]
fn the_schema_of_the_configuration_tells_its_defaults_and_checks() {
    let schema = printed("config");
    let text = Place::empty().run("presets default").stdout;
    let reference: toml::Table = text.parse().unwrap();
    let reference = serde_json::to_value(reference).unwrap();
    let mut compared = 0;
    for (section, keys) in reference.as_object().unwrap() {
        let property = &schema["properties"][section];
        let name = property["$ref"]
            .as_str()
            .and_then(|it| it.strip_prefix("#/$defs/"));
        let Some(keys) = keys.as_object() else {
            assert_eq!(property["default"], *keys, "{section}");
            continue;
        };
        let properties = match name {
            Some(name) => &schema["$defs"][name]["properties"],
            None => &property["properties"],
        };
        for (key, property) in properties.as_object().unwrap() {
            let wanted = keys.get(key).cloned().unwrap_or_default();
            assert_eq!(property["default"], wanted, "{section}.{key}");
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
    let ids = schema["properties"]["checks"]["properties"]
        .as_object()
        .unwrap();
    assert!(ids.contains_key("gomaxprocs") && ids.len() >= 15, "{ids:?}");
    assert_eq!(
        schema["properties"]["checks"]["additionalProperties"],
        false
    );
    let rules = schema["$defs"]["Advise"]["properties"]["ignore"]["items"]["anyOf"].as_array();
    let rules = rules.unwrap().iter().filter(|it| it["const"].is_string());
    assert_eq!(rules.count(), gobuild_opt::advise::RULES.len());
    let misspelt = serde_json::json!({ "checks": { "gomaxproc": "warn" } });
    assert_eq!(faults(&schema, &misspelt).len(), 1);
}
