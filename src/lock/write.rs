//! A lock in, sorted text with one fact per line out.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Entry, Executable, Lock, Target, VERSION, class_name};

/// Writes a lock; [`super::read`] gives the same value back.
pub fn write(lock: &Lock) -> String {
    let mut out = format!(
        "# What was accepted, written by `gobuild-opt accept`. Commit it; to loosen an entry, accept it with a reason.\nversion = {VERSION}\n"
    );
    for (name, it) in &lock.targets {
        target(&mut out, name, it);
    }
    out
}

fn target(out: &mut String, name: &str, target: &Target) {
    let path = format!("targets.{}", quoted(name));
    let _ = writeln!(out, "\n[{path}]");
    let _ = writeln!(out, "go = {}", quoted(&target.go));
    let _ = writeln!(out, "scope = {}", quoted(&target.scope));
    table(
        out,
        &format!("{path}.profiles"),
        &target.profiles,
        |it: &String| quoted(it),
    );
    for (package, it) in &target.executables {
        executable(out, &format!("{path}.executables.{}", quoted(package)), it);
    }
    for (package, entries) in target.sites.iter().filter(|it| !it.1.is_empty()) {
        let _ = writeln!(out, "\n[{path}.sites.{}]", quoted(package));
        let mut sorted: Vec<(&String, &Entry)> = entries.iter().collect();
        sorted.sort_by_key(|(id, it)| (&it.function, it.class, &it.expression, it.ordinal, *id));
        for (id, entry) in sorted {
            let _ = writeln!(out, "{id} = {}", site(entry));
        }
    }
}

fn executable(out: &mut String, path: &str, it: &Executable) {
    let _ = writeln!(out, "\n[{path}]\nsize = {}", it.size);
    if let Some(on) = it.dead_code_elimination {
        let _ = writeln!(out, "dead-code-elimination = {on}");
    }
    if let Some(percent) = it.profile_health {
        let _ = writeln!(out, "profile-health = {percent}");
    }
    if !it.cgo.is_empty() {
        let lines: String = it
            .cgo
            .iter()
            .map(|it| format!("  {},\n", quoted(it)))
            .collect();
        let _ = writeln!(out, "cgo = [\n{lines}]");
    }
    for (name, texts) in [("godebug", &it.godebug), ("reasons", &it.reasons)] {
        table(out, &format!("{path}.{name}"), texts, |it: &String| {
            quoted(it)
        });
    }
    for (name, bytes) in [
        ("modules", &it.modules),
        ("packages", &it.packages),
        ("sections", &it.sections),
    ] {
        table(out, &format!("{path}.{name}"), bytes, |it: &u64| {
            it.to_string()
        });
    }
}

fn table<T>(
    out: &mut String,
    path: &str,
    table: &BTreeMap<String, T>,
    value: impl Fn(&T) -> String,
) {
    if table.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[{path}]");
    for (key, it) in table {
        let _ = writeln!(out, "{} = {}", quoted(key), value(it));
    }
}

fn site(entry: &Entry) -> String {
    let mut text = format!(
        "{{ function = {}, class = \"{}\", expression = {}",
        quoted(&entry.function),
        class_name(entry.class),
        quoted(&entry.expression)
    );
    if entry.ordinal != 1 {
        let _ = write!(text, ", ordinal = {}", entry.ordinal);
    }
    if let Some(reason) = &entry.reason {
        let _ = write!(text, ", reason = {}", quoted(reason));
    }
    text + " }"
}

/// A basic string of TOML, always on one line.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
