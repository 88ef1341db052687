//! New findings in, SARIF 2.1.0 out: what code scanning reads.

mod rule_list;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::advise::RULES;
use crate::check::{self, Status};
use crate::escape::Class;
use crate::lesson;
use crate::lock::class_name;
use crate::report::advice_report::Finding as Advised;
use crate::report::{Assertion, Checked, Findings, Heavier, Learned, Site, Tool};
use rule_list::{
    BUDGETS, CLAIMS, advice_rule, assertion_rule, benchmark_rule, budget_rule, check_rule,
    lesson_rule, rule, rule_id,
};

/// The log. `prefix` leads from the root of the repository to the working directory; empty, or with a slash at its end.
pub(crate) fn sarif(tool: &Tool, findings: &Findings<'_>, prefix: &str) -> String {
    let classes = Class::ALL.into_iter().filter(|class| class.allocates());
    let classes: Vec<Class> = classes.collect();
    let at = Starts::of(findings, classes.len());
    let sites = findings.sites.iter();
    let sites = sites.map(|site| result(site, findings, &classes, prefix));
    let assertions = findings.assertions.iter();
    let assertions = assertions.map(|assertion| failed(assertion, classes.len(), prefix));
    let checks = findings.checks.iter();
    let checks = checks.map(|check| checked(check, at.checks, findings, prefix));
    let open = findings.open().into_iter().map(|text| ("warning", text));
    let budgets = findings.budgets().map(|budget| ("error", budget));
    let budgets = budgets
        .chain(open)
        .map(|(level, it)| over_budget(level, it, at.budgets, findings, prefix));
    let advice = findings.advice.iter();
    let advice = advice.map(|finding| advised(finding, at.advice, prefix));
    let benchmarks = findings.benchmarks.iter();
    let benchmarks =
        benchmarks.map(|benchmark| heavier(benchmark, at.benchmarks, findings, prefix));
    let lessons = findings.lessons.iter();
    let lessons = lessons.map(|lesson| learned(lesson, at.lessons, findings, prefix));
    let first = sites.chain(advice).chain(benchmarks).chain(lessons);
    let results = numbered(first.chain(assertions).chain(checks).chain(budgets));
    log(tool, &rules(findings, &classes), &results)
}

fn has_budgets(findings: &Findings<'_>) -> bool {
    findings.budgets().next().is_some() || !findings.open().is_empty()
}

/// Where the rules of each kind begin in the list of all. Those of checks, budgets, advice and benchmarks stand there where
/// there is a result of them.
struct Starts {
    checks: usize,
    budgets: usize,
    advice: usize,
    benchmarks: usize,
    lessons: usize,
}

impl Starts {
    fn of(findings: &Findings<'_>, classes: usize) -> Self {
        let some = |has: bool, count: usize| if has { count } else { 0 };
        let checks = classes + CLAIMS.len();
        let budgets = checks + some(!findings.checks.is_empty(), check::ALL.len());
        let advice = budgets + some(has_budgets(findings), BUDGETS.len());
        let benchmarks = advice + some(!findings.advice.is_empty(), RULES.len());
        Self {
            checks,
            budgets,
            advice,
            benchmarks,
            lessons: benchmarks + some(!findings.benchmarks.is_empty(), 1),
        }
    }
}

/// The rules, in the order of [`Starts`].
fn rules(findings: &Findings<'_>, classes: &[Class]) -> Vec<Value> {
    let mut rules: Vec<Value> = classes.iter().map(|class| rule(*class, findings)).collect();
    let claims = CLAIMS.iter();
    rules.extend(claims.map(|(claim, text)| assertion_rule(claim, text)));
    if !findings.checks.is_empty() {
        rules.extend(check::ALL.iter().map(check_rule));
    }
    if has_budgets(findings) {
        let budgets = BUDGETS.iter();
        rules.extend(budgets.map(|(name, text)| budget_rule(name, text)));
    }
    if !findings.advice.is_empty() {
        rules.extend(RULES.iter().map(advice_rule));
    }
    rules.extend((!findings.benchmarks.is_empty()).then(benchmark_rule));
    if !findings.lessons.is_empty() {
        rules.extend(lesson::ALL.iter().map(lesson_rule));
    }
    rules
}

/// All results; those of one rule and one fingerprint are numbered from the second on: code scanning would take them for one.
fn numbered(results: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut results: Vec<Value> = results.collect();
    for result in &mut results {
        let rule = result["ruleId"].to_string();
        let Some(prints) = result["partialFingerprints"].as_object_mut() else {
            continue;
        };
        for (name, print) in prints {
            let count = seen.entry(format!("{rule}{name}{print}")).or_default();
            *count += 1;
            if let (2.., Some(text)) = (*count, print.as_str()) {
                *print = format!("{text}/{count}").into();
            }
        }
    }
    results
}

fn log(tool: &Tool, rules: &[Value], results: &[Value]) -> String {
    let driver = json!({
        "name": tool.name,
        "version": tool.version,
        "rules": rules,
    });
    let invocation = json!({ "executionSuccessful": true });
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

fn advised(it: &Advised, rules_before: usize, prefix: &str) -> Value {
    let index = RULES.iter().position(|rule| rule.id == it.rule);
    let place = &it.place;
    json!({
        "ruleId": it.rule,
        "ruleIndex": index.map_or(-1, |index| (rules_before + index) as i64),
        "level": "note",
        "message": { "text": it.sentence() },
        "locations": [location(&Place {
            function: format!("{}.{}", place.package, place.function),
            kind: "function",
            file: Some(&place.file),
            line: place.line,
            column: 0,
            source: &place.source,
        }, prefix)],
        "partialFingerprints": { "gobuildOptAdvice/v1": it.fingerprint() },
    })
}

fn failed(it: &Assertion, rules_before: usize, prefix: &str) -> Value {
    let index = CLAIMS.iter().position(|claim| claim.0 == it.claim);
    let hint = it
        .hint
        .as_ref()
        .map_or(String::new(), |hint| format!(" ({hint})"));
    let fingerprint = format!("{}/{}/{}/{}", it.claim, it.function, it.source, it.column);
    json!({
        "ruleId": format!("assert-{}", it.claim),
        "ruleIndex": index.map_or(-1, |index| (rules_before + index) as i64),
        "level": "error",
        "message": { "text": format!("{}: {}{hint}", it.function, it.message) },
        "locations": [location(&Place {
            function: it.function.clone(),
            kind: "function",
            file: it.file.as_deref(),
            line: it.line,
            column: it.column,
            source: &it.source,
        }, prefix)],
        "partialFingerprints": { "gobuildOptAssertion/v1": fingerprint },
    })
}

fn checked(it: &Checked<'_>, rules_before: usize, findings: &Findings<'_>, prefix: &str) -> Value {
    let finding = it.finding;
    let index = check::ALL.iter().position(|check| check.id == finding.id);
    let hint = finding.hint.as_ref();
    let hint = hint.map_or(String::new(), |hint| format!(" ({hint})"));
    let level = match finding.status {
        Status::Fail => "error",
        _ => "warning",
    };
    let of = it.of.join(", ");
    json!({
        "ruleId": format!("check-{}", finding.id),
        "ruleIndex": index.map_or(-1, |index| (rules_before + index) as i64),
        "level": level,
        "message": { "text": format!("{of}: {}{hint}", finding.message) },
        "locations": [elsewhere(&of, findings, prefix)],
        "partialFingerprints": { "gobuildOptCheck/v1": format!("{}/{of}", finding.id) },
    })
}

fn over_budget(
    level: &str,
    sentence: &str,
    rules_before: usize,
    findings: &Findings<'_>,
    prefix: &str,
) -> Value {
    let item = sentence.split(": ").next().unwrap_or(sentence);
    let last = BUDGETS.len() - 1;
    let starts = |entry: &(&str, &str)| item.split([' ', ':']).next() == Some(entry.0);
    let index = BUDGETS.iter().position(starts).unwrap_or(last);
    json!({
        "ruleId": format!("budget-{}", BUDGETS[index].0),
        "ruleIndex": rules_before + index,
        "level": level,
        "message": { "text": sentence },
        "locations": [elsewhere(item, findings, prefix)],
        "partialFingerprints": { "gobuildOptBudget/v1": item },
    })
}

fn heavier(it: &Heavier, index: usize, findings: &Findings<'_>, prefix: &str) -> Value {
    let at = match &it.file {
        Some(file) => location(
            &Place {
                function: it.key.clone(),
                kind: "function",
                file: Some(file),
                line: it.line,
                column: 0,
                source: "",
            },
            prefix,
        ),
        None => elsewhere(&it.key, findings, prefix),
    };
    json!({
        "ruleId": "bench-allocations",
        "ruleIndex": index,
        "level": if it.fails { "error" } else { "warning" },
        "message": { "text": it.message },
        "locations": [at],
        "partialFingerprints": { "gobuildOptBenchmark/v1": it.key },
    })
}

fn learned(it: &Learned<'_>, rules_before: usize, findings: &Findings<'_>, prefix: &str) -> Value {
    let mut lessons = lesson::ALL.iter();
    let index = lessons.position(|lesson| lesson.number == it.row.lesson);
    let of = it.of.join(", ");
    json!({
        "ruleId": it.rule(),
        "ruleIndex": index.map_or(-1, |index| (rules_before + index) as i64),
        "level": "warning",
        "message": { "text": it.sentence() },
        "locations": [elsewhere(&of, findings, prefix)],
        "partialFingerprints": { "gobuildOptLesson/v1": format!("{}/{of}", it.row.lesson) },
    })
}

/// The location of what has no line of source: code scanning shows no result without a file.
fn elsewhere(name: &str, findings: &Findings<'_>, prefix: &str) -> Value {
    location(
        &Place {
            function: name.to_owned(),
            kind: "module",
            file: findings.anchor.as_deref(),
            line: u32::from(findings.anchor.is_some()),
            column: 0,
            source: "",
        },
        prefix,
    )
}

fn result(site: &Site, findings: &Findings<'_>, classes: &[Class], prefix: &str) -> Value {
    let advice = findings.advice(site);
    let level = match findings.failing.contains(site.id.as_str()) {
        true => "error",
        false => "warning",
    };
    let index = classes
        .iter()
        .position(|class| class_name(*class) == site.class);
    let text = format!(
        "new heap allocation in {}: {} ({advice})",
        function(site),
        site.message
    );
    json!({
        "ruleId": rule_id(&site.class),
        "ruleIndex": index.map_or(-1, |index| index as i64),
        "level": level,
        "message": { "text": text },
        "locations": [location(&Place {
            function: function(site),
            kind: "function",
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
    kind: &'static str,
    file: Option<&'a str>,
    line: u32,
    column: u32,
    source: &'a str,
}

fn location(site: &Place<'_>, prefix: &str) -> Value {
    let mut location = json!({
        "logicalLocations": [{ "fullyQualifiedName": &site.function, "kind": site.kind }],
    });
    // What the compiler makes itself has no file: `<autogenerated>`.
    let file = site.file.filter(|file| !file.is_empty());
    let Some(file) = file.filter(|file| !file.starts_with('<')) else {
        return location;
    };
    let artifact = match file.starts_with('/') {
        true => json!({ "uri": format!("file://{}", encoded(file)) }),
        false => json!({ "uri": encoded(&format!("{prefix}{file}")), "uriBaseId": "SRCROOT" }),
    };
    let mut physical = json!({ "artifactLocation": artifact });
    if site.line > 0 {
        physical["region"] = region(site);
    }
    location["physicalLocation"] = physical;
    location
}

fn region(site: &Place<'_>) -> Value {
    let mut region = json!({ "startLine": site.line });
    // Ours counts bytes: the same where the line is ASCII.
    if site.column > 0 && site.source.is_ascii() {
        region["startColumn"] = json!(site.column);
    }
    if !site.source.is_empty() {
        region["snippet"] = json!({ "text": site.source });
    }
    region
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_results_of_a_rule_have_one_fingerprint() {
        let of = |rule: &str, print: &str| json!({ "ruleId": rule, "partialFingerprints": { "gobuildOptLesson/v1": print } });
        let all = [
            of("lesson-8", "8/api"),
            of("lesson-20", "8/api"),
            of("lesson-8", "8/api"),
        ];
        let all = numbered(all.into_iter());
        let print = |at: usize| {
            all[at]["partialFingerprints"]["gobuildOptLesson/v1"]
                .as_str()
                .unwrap()
        };
        assert_eq!(
            [print(0), print(1), print(2)],
            ["8/api", "8/api", "8/api/2"]
        );
    }
}
