//! Which values of the layers are trusted: those of the program itself, of the environment and of the command line. Those of
//! files are not.

use toml::{Table, Value};

use crate::quote;
use crate::review::{Ground, Setting, Tool};

/// Adds what a layer says of commands.
pub(crate) fn add(ground: &mut Ground, layer: &Table, name: &str, trusted: bool) {
    let build = layer.get("build").and_then(Value::as_table);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if !trusted {
        record(ground, layer, name);
        return;
    }
    ground.trust_program(layer.get("go").and_then(text).unwrap_or_default());
    let list = |key: &str| texts(build.and_then(|table| table.get(key)));
    if let Some(place) = build.and_then(|table| table.get("out-dir")?.as_str()) {
        ground.trust_place(place);
    }
    ground.trust_flags(&list("flags"));
    let mut linked = Vec::new();
    for value in list("ldflags") {
        linked.extend(quote::split(&value).unwrap_or_default());
        trust_value(ground, Tool::Link, &value);
    }
    ground.trust_list(Tool::Link, &linked);
    for (key, tool) in [("gcflags", Tool::Compile), ("asmflags", Tool::Asm)] {
        for value in list(key) {
            trust_value(ground, tool, &value);
        }
    }
    for package in list("packages") {
        ground.trust_package(package);
    }
    for (_, name, value) in variables(layer) {
        ground.trust_variable(&name, value);
    }
}

fn trust_value(ground: &mut Ground, tool: Tool, value: &str) {
    if let Ok(read) = quote::per_package(value) {
        ground.trust_list(tool, &read.flags);
    }
}

/// Values of a file, to name them where they are refused.
fn record(ground: &mut Ground, layer: &Table, from: &str) {
    let mut record = |key: String, value: String| {
        let from = from.to_owned();
        ground.record(Setting { key, value, from });
    };
    if let Some(value) = layer.get("go").and_then(Value::as_str) {
        record("go".into(), value.into());
    }
    let build = layer.get("build").and_then(Value::as_table);
    for key in ["flags", "ldflags", "gcflags", "asmflags", "packages"] {
        for value in texts(build.and_then(|table| table.get(key))) {
            record(format!("build.{key}"), value);
        }
    }
    for value in texts(layer.get("bench").and_then(|value| value.get("packages"))) {
        record("bench.packages".into(), value);
    }
    for (table, name, value) in variables(layer) {
        record(format!("{table}.{name}"), value);
    }
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The variables of `[build.env]` and of every target, with the table they stand in. A platform is a variable too.
fn variables(layer: &Table) -> Vec<(&'static str, String, String)> {
    let of = |table: &'static str, env: Option<&Value>| {
        let env = env.and_then(Value::as_table).into_iter().flatten();
        let text = move |(name, value): (&String, &Value)| {
            Some((table, name.clone(), value.as_str()?.to_owned()))
        };
        env.filter_map(text).collect::<Vec<_>>()
    };
    let mut found = of(
        "build.env",
        layer.get("build").and_then(|value| value.get("env")),
    );
    let targets = layer.get("target").and_then(Value::as_array);
    for target in targets.into_iter().flatten() {
        found.extend(of("target.env", target.get("env")));
        for (key, name) in [("os", "GOOS"), ("arch", "GOARCH")] {
            let value = target.get(key).and_then(Value::as_str);
            found.extend(value.map(|value| ("target", name.to_owned(), value.to_owned())));
        }
    }
    found
}
