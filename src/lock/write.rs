//! Writes a lock as sorted text, one fact per line.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{
    Advice, Allocations, Entry, Executable, Item, Lock, Platform, Proof, VERSION, class_name,
};
use crate::order::{Order, Ordered};

/// Writes a lock; [`super::read`] gives the same value back.
pub(crate) fn write(lock: &Lock) -> String {
    // A lock of an earlier version stays one until all of it is accepted anew.
    let earlier = lock
        .targets
        .values()
        .filter_map(|target| target.earlier)
        .min();
    let version = earlier.map_or(VERSION, |earlier| earlier.max(2));
    let old = version < 3;
    let mut out = format!(
        "# What was accepted, written by `gobuild-opt accept`. Commit it; to loosen an entry, accept it with a reason.\nversion = {version}\n"
    );
    for (name, it) in &lock.targets {
        target(&mut out, name, it, old);
    }
    out
}

fn target(out: &mut String, name: &str, target: &Platform, old: bool) {
    let path = format!("targets.{}", quoted(name));
    let _ = writeln!(out, "\n[{path}]");
    let _ = writeln!(out, "go = {}", quoted(&target.go));
    let _ = writeln!(out, "scope = {}", quoted(&target.scope));
    let below = |part: &str| format!("{path}.{part}");
    let profile = |_: &str, text: &String| quoted(text);
    table(out, &below("profiles"), &target.profiles, profile);
    for (package, it) in &target.executables {
        executable(out, &format!("{path}.executables.{}", quoted(package)), it);
    }
    table(out, &below("benchmarks"), &target.benchmarks, benchmark);
    table(out, &below("proofs"), &target.proofs, proof);
    table(out, &below("advice"), &target.advice, advice);
    for (package, entries) in target.sites.iter().filter(|site| !site.1.is_empty()) {
        let _ = writeln!(out, "\n[{path}.sites.{}]", quoted(package));
        let mut sorted: Vec<(&String, &Entry)> = entries.iter().collect();
        sorted.order_by_key(|(id, it)| (&it.function, it.class, &it.expression, it.ordinal, *id));
        for (id, entry) in sorted {
            let _ = writeln!(out, "{id} = {}", site(entry, old));
        }
    }
}

fn benchmark(_: &str, allocations: &Allocations) -> String {
    let (allocs, bytes) = (allocations.allocs, allocations.bytes);
    let reason = because(allocations.reason.as_deref());
    format!("{{ allocs = {allocs}, bytes = {bytes}{reason} }}")
}

fn proof(_: &str, proof: &Proof) -> String {
    let trained = match proof.trained {
        true => ", trained = true",
        false => "",
    };
    format!(
        "{{ outcome = {}, verdict = {}, profile = {}, workload = {}, pairs = {}, seed = {}, machine = {}{trained} }}",
        quoted(&proof.outcome),
        quoted(&proof.verdict),
        quoted(&proof.profile),
        quoted(&proof.workload),
        proof.pairs,
        proof.seed,
        quoted(&proof.machine)
    )
}

fn advice(_: &str, advice: &Advice) -> String {
    let (rule, function) = (quoted(&advice.rule), quoted(&advice.function));
    let reason = because(advice.reason.as_deref());
    format!("{{ rule = {rule}, function = {function}{reason} }}")
}

fn because(reason: Option<&str>) -> String {
    reason.map_or(String::new(), |reason| {
        format!(", reason = {}", quoted(reason))
    })
}

fn executable(out: &mut String, path: &str, it: &Executable) {
    let noted = |item: Item, value: String| match it.reasons.get(&item.to_string()) {
        Some(reason) => format!("{{ value = {value}, reason = {} }}", quoted(reason)),
        None => value,
    };
    let _ = writeln!(
        out,
        "\n[{path}]\nsize = {}",
        noted(Item::Size, it.size.to_string())
    );
    if let Some(owners) = it.owners {
        let _ = writeln!(out, "owners = {}", quoted(owners.name()));
    }
    if let Some(on) = it.dead_code_elimination {
        let value = noted(Item::DeadCode, on.to_string());
        let _ = writeln!(out, "dead-code-elimination = {value}");
    }
    if let Some(percent) = it.profile_health {
        let value = noted(Item::Health, percent.to_string());
        let _ = writeln!(out, "profile-health = {value}");
    }
    let cgo: BTreeMap<String, ()> = it.cgo.iter().map(|text| (text.clone(), ())).ordered();
    table(out, &format!("{path}.cgo"), &cgo, |name, ()| {
        noted(Item::Cgo(name.to_owned()), "true".into())
    });
    table(
        out,
        &format!("{path}.godebug"),
        &it.godebug,
        |name, value| noted(Item::Godebug(name.to_owned()), quoted(value)),
    );
    let mut sizes = |name: &str, item: fn(String) -> Item, bytes: &BTreeMap<String, u64>| {
        table(out, &format!("{path}.{name}"), bytes, |name, bytes| {
            noted(item(name.to_owned()), bytes.to_string())
        });
    };
    sizes("modules", Item::Module, &it.modules);
    sizes("packages", Item::Package, &it.packages);
    sizes("sections", Item::Section, &it.sections);
    sizes("frames", Item::Frame, &it.frames);
}

fn table<T>(
    out: &mut String,
    path: &str,
    table: &BTreeMap<String, T>,
    value: impl Fn(&str, &T) -> String,
) {
    if table.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n[{path}]");
    for (key, it) in table {
        let _ = writeln!(out, "{} = {}", quoted(key), value(key, it));
    }
}

fn site(entry: &Entry, old: bool) -> String {
    let mut text = format!(
        "{{ function = {}, class = \"{}\", expression = {}",
        quoted(&entry.function),
        class_name(entry.class),
        quoted(&entry.expression)
    );
    if entry.ordinal != 1 {
        let _ = write!(text, ", ordinal = {}", entry.ordinal);
    }
    if let Some(line) = entry.line.as_ref().filter(|_| !old) {
        let _ = write!(text, ", line = {}", quoted(line));
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
