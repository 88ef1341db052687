//! Writes numbers in the formats of services that keep them.
//!
//! | format | read by | described at |
//! |---|---|---|
//! | OpenMetrics | Prometheus, GitLab (`artifacts:reports:metrics`) | OpenMetrics 1.0, "Text format" |
//! | benchmark | github-action-benchmark, `customSmallerIsBetter` | its README |
//! | bencher | Bencher, `--adapter json` | `bencher.dev/bmf.json` |
//! | octocov | octocov, `OCTOCOV_CUSTOM_METRICS_...` | its `report/custom_metrics_schema.json` |

use serde_json::{Map, Value, json};

use super::{harmless, json};
use crate::report::exact_numbers::{Kind, Measure, Subject};

/// OpenMetrics: one family for each kind of number, in the order in which they come.
pub(crate) fn openmetrics(subjects: &[Subject]) -> String {
    let mut kinds: Vec<Kind> = Vec::new();
    for it in subjects.iter().flat_map(|subject| &subject.measures) {
        if !kinds.contains(&it.kind) {
            kinds.push(it.kind);
        }
    }
    let mut text = String::new();
    for kind in kinds {
        let name = family(kind);
        text.push_str(&format!("# TYPE {name} gauge\n"));
        if kind.bytes {
            text.push_str(&format!("# UNIT {name} bytes\n"));
        }
        text.push_str(&format!("# HELP {name} {}\n", kind.help));
        for subject in subjects {
            let of_kind = subject
                .measures
                .iter()
                .filter(|measure| measure.kind == kind);
            for it in of_kind {
                text.push_str(&format!("{name}{} {}\n", labels(subject, it), it.value));
            }
        }
    }
    text + "# EOF\n"
}

fn family(kind: Kind) -> String {
    let unit = if kind.bytes { "_bytes" } else { "" };
    format!("gobuild_opt_{}{unit}", kind.name)
}

fn labels(subject: &Subject, measure: &Measure) -> String {
    let mut all = vec![
        ("executable", subject.name.as_str()),
        ("platform", subject.platform.as_str()),
        ("package", subject.package.as_deref().unwrap_or_default()),
    ];
    all.extend(measure.part.iter().map(|(key, it)| (*key, it.as_str())));
    let given = all.iter().filter(|(_, value)| !value.is_empty());
    // GitLab splits a line at blanks outside quotes.
    let given: Vec<String> = given
        .map(|(key, it)| format!("{key}=\"{}\"", quoted(it)))
        .collect();
    match given.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", given.join(",")),
    }
}

/// For GitLab a `#` begins a comment, wherever it stands.
fn quoted(text: &str) -> String {
    let text = harmless(text).replace('\\', "\\\\").replace('"', "\\\"");
    text.replace('#', "%23")
}

/// An array of `{name, unit, value, extra}`.
pub(crate) fn benchmark(subjects: &[Subject]) -> String {
    let mut all: Vec<Value> = Vec::new();
    for subject in subjects {
        for it in &subject.measures {
            all.push(json!({
                "name": harmless(&format!("{}: {}", subject.title(), title(it))),
                "unit": if it.kind.bytes { "bytes" } else { "count" },
                "value": it.value,
                "extra": it.kind.help,
            }));
        }
    }
    json(&all)
}

/// `file size`, `section size (code)`
fn title(measure: &Measure) -> String {
    let name = measure.kind.name.replace('_', " ");
    match &measure.part {
        Some((_, part)) => format!("{name} ({part})"),
        None => name,
    }
}

/// The longest name of a benchmark that Bencher takes, in characters.
const LONGEST: usize = 1024;

/// Benchmarks by name, with measures by name; `file-size` is one that Bencher has.
pub(crate) fn bencher(subjects: &[Subject]) -> String {
    let mut all = Map::new();
    for subject in subjects {
        for it in &subject.measures {
            let part = it.part.iter().map(|(_, part)| format!(" / {part}"));
            let name = subject.title() + &part.collect::<String>();
            let name: String = harmless(&name).chars().take(LONGEST).collect();
            let benchmark = all.entry(name).or_insert_with(|| json!({}));
            benchmark[it.kind.name.replace('_', "-")] = json!({ "value": it.value });
        }
    }
    json(&all)
}

/// An array of sets of metrics.
pub(crate) fn octocov(subjects: &[Subject]) -> String {
    let sets: Vec<Value> = subjects.iter().map(set).collect();
    json(&sets)
}

fn set(subject: &Subject) -> Value {
    let title = harmless(&subject.title());
    let metadata = [
        ("executable", &subject.name),
        ("platform", &subject.platform),
    ];
    let metadata = metadata.iter().filter(|(_, value)| !value.is_empty());
    let metadata: Vec<Value> = metadata
        .map(|(key, value)| json!({ "key": key, "value": harmless(value) }))
        .collect();
    let metrics: Vec<Value> = subject.measures.iter().map(metric).collect();
    let mut set = json!({ "key": title, "name": title, "metrics": metrics });
    if !metadata.is_empty() {
        set["metadata"] = json!(metadata);
    }
    set
}

fn metric(it: &Measure) -> Value {
    let part = it.part.iter().map(|(_, part)| format!(" {part}"));
    let key = it.kind.name.to_owned() + &part.collect::<String>();
    let mut metric = json!({
        "key": harmless(&key),
        "name": harmless(&title(it)),
        "value": it.value,
    });
    if it.kind.bytes {
        metric["unit"] = json!(" B");
    }
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a stranger would call them.
    fn hostile() -> Vec<Subject> {
        let kind = |bytes| Kind {
            name: "file_size",
            help: "Size of the file.",
            bytes,
        };
        let measure = |kind, part: Option<&str>| Measure {
            kind,
            part: part.map(|text| ("module", text.to_owned())),
            value: 7,
        };
        let measures = vec![
            measure(kind(true), None),
            measure(kind(true), Some("a\"} 9\n# EOF\\")),
        ];
        vec![Subject {
            name: "::error::x ##[error]#\u{202e}".into(),
            platform: "linux/amd64".into(),
            package: None,
            measures,
        }]
    }

    #[test]
    fn openmetrics_are_lines_whatever_the_names_are() {
        let text = openmetrics(&hostile());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "# TYPE gobuild_opt_file_size_bytes gauge",
                "# UNIT gobuild_opt_file_size_bytes bytes",
                "# HELP gobuild_opt_file_size_bytes Size of the file.",
                r#"gobuild_opt_file_size_bytes{executable="\\::error::x %23\\%23[error]%23\\u{202e}",platform="linux/amd64"} 7"#,
                r#"gobuild_opt_file_size_bytes{executable="\\::error::x %23\\%23[error]%23\\u{202e}",platform="linux/amd64",module="a\"} 9\\u{a}%23 EOF\\"} 7"#,
                "# EOF",
            ]
        );
    }

    #[test]
    fn names_in_json_begin_no_command() {
        for write in [benchmark, bencher, octocov] {
            let text = write(&hostile());
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            assert!(!value.is_null());
            assert!(!text.contains("##[") && !text.contains("\"::"), "{text}");
            assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
        }
    }
}
