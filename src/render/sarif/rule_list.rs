//! The rules of a SARIF log, one for each kind of finding.

use serde_json::{Value, json};

use crate::advise::Rule;
use crate::check::Check;
use crate::escape::Class;
use crate::lesson::Lesson;
use crate::lock::class_name;
use crate::report::Findings;

pub(super) fn rule(class: Class, findings: &Findings<'_>) -> Value {
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

pub(super) const CLAIMS: &[(&str, &str)] = &[
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

pub(super) fn advice_rule(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": format!("{}.", rule.summary) },
        "help": { "text": rule.manual },
        "defaultConfiguration": { "level": "note" },
    })
}

pub(super) fn assertion_rule(claim: &str, text: &str) -> Value {
    json!({
        "id": format!("assert-{claim}"),
        "shortDescription": { "text": text },
        "help": { "text": "An `[[assert]]` of gobuild-opt.toml or a `//gcassert:` comment says so. Change the code, or the assertion." },
        "defaultConfiguration": { "level": "error" },
    })
}

pub(super) fn check_rule(check: &Check) -> Value {
    json!({
        "id": format!("check-{}", check.id),
        "shortDescription": { "text": format!("{}.", check.summary.trim_end_matches('.')) },
        "help": { "text": check.manual },
        "defaultConfiguration": { "level": "warning" },
    })
}

/// What a sentence about a budget begins with; the last one takes what fails the run and is none of the others.
pub(super) const BUDGETS: &[(&str, &str)] = &[
    ("size-growth", "An executable grew by more than it may."),
    ("size", "An executable is larger than it may be."),
    ("module", "A module is larger than it may be."),
    (
        "frame-growth",
        "The stack frame of a function grew by more than it may.",
    ),
    (
        "frame",
        "The stack frame of a function is larger than it may be.",
    ),
    (
        "gate",
        "A gate that was asked for does not hold, was not judged, or is loosened.",
    ),
];

pub(super) fn budget_rule(name: &str, text: &str) -> Value {
    json!({
        "id": format!("budget-{name}"),
        "shortDescription": { "text": text },
        "help": { "text": "A limit of `[budget]` in gobuild-opt.toml, or of gobuild-opt.lock, says so. Make it smaller, or raise the limit." },
        "defaultConfiguration": { "level": "error" },
    })
}

pub(super) fn benchmark_rule() -> Value {
    json!({
        "id": "bench-allocations",
        "shortDescription": { "text": "A benchmark allocates more than before." },
        "help": { "text": "gobuild-opt.lock, or the program without the change, allocates less. Look at what is new on the heap with `gobuild-opt escape --diff REV`, or accept it with `gobuild-opt bench --accept --reason TEXT`." },
        "defaultConfiguration": { "level": "error" },
    })
}

pub(super) fn rule_id(class: &str) -> String {
    format!("escape-{class}")
}

/// What a lesson says.
pub(super) fn lesson_rule(lesson: &Lesson) -> Value {
    json!({
        "id": format!("lesson-{}", lesson.number),
        "shortDescription": { "text": format!("{}.", lesson.title) },
        "help": { "text": lesson.manual },
        "defaultConfiguration": { "level": "warning" },
    })
}
