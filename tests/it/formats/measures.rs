//! Numbers for services that keep them, and what GitLab shows: held against what each of them says of its format.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Place, executable};

const REPORTS: &[&str] = &[
    "metrics.txt",
    "benchmark.json",
    "bmf.json",
    "octocov.json",
    "codequality.json",
    "report.json",
];

/// Two executables over their budget, of which each number is in `report.json`.
fn released() -> Place {
    let mut place = Place::fake("");
    std::fs::write(place.aside("good"), executable()).unwrap();
    let good = place.aside("good").display().to_string();
    place.fake_go(&format!("build: output copy {good}"));
    let reports: Vec<String> = REPORTS.iter().map(|it| format!("--report {it}")).collect();
    let run = place.run(&format!(
        "release --baseline off --out-dir dist --set budget.size=\"1KiB\" {}",
        reports.join(" ")
    ));
    assert_eq!(run.code(), 1, "{}", run.shown());
    place
}

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_str(&place.text(name)).unwrap()
}

/// OpenMetrics 1.0, "ABNF": families in one piece, with TYPE, UNIT and HELP before their samples, no series twice, one EOF.
fn check_openmetrics(text: &str) -> Vec<(String, u64)> {
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    let mut series = Vec::new();
    let mut families = HashSet::new();
    let mut family = String::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let words: Vec<&str> = rest.splitn(3, ' ').collect();
            match words[0] {
                "TYPE" => {
                    assert_eq!(words[2], "gauge");
                    family = words[1].to_owned();
                    assert!(families.insert(family.clone()), "{family} twice");
                }
                "UNIT" => assert!(family.ends_with(&format!("_{}", words[2])), "{line}"),
                "HELP" => assert!(!words[2].is_empty()),
                other => panic!("{other}"),
            }
            assert_eq!(words[1], family);
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        let (metric, labels) = name.split_once('{').unwrap_or((name, "}"));
        assert_eq!(metric, family);
        let named = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(metric.chars().all(named), "{metric}");
        let labels = labels.strip_suffix('}').unwrap();
        for label in labels.split(',').filter(|it| !it.is_empty()) {
            let (key, value) = label.split_once('=').unwrap();
            assert!(key.chars().all(named), "{line}");
            let inner = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            assert!(!inner.unwrap().contains(['"', '#']), "{line}");
        }
        series.push((name.to_owned(), value.parse().unwrap()));
    }
    let names: HashSet<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), series.len());
    series
}

#[test]
fn numbers_are_those_of_the_report() {
    let place = released();
    let report = json(&place, "report.json");
    let target = &report["targets"][0];
    let title = format!(
        "{} {}/{}",
        target["name"].as_str().unwrap(),
        target["goos"].as_str().unwrap(),
        target["goarch"].as_str().unwrap()
    );
    let size = target["artifact"]["size"].as_u64().unwrap();
    let series = check_openmetrics(&place.text("metrics.txt"));
    let value = |part: &str| series.iter().find(|(name, _)| name.contains(part));
    assert_eq!(value("gobuild_opt_file_size_bytes{").unwrap().1, size);
    let failures = report["verdict"]["failures"].as_array().unwrap().len() as u64;
    assert_eq!(value("gobuild_opt_failures").unwrap().1, failures);
    let sum = |family: &str| -> u64 {
        let of = series.iter().filter(|(name, _)| name.starts_with(family));
        of.map(|(_, value)| value).sum()
    };
    assert_eq!(sum("gobuild_opt_module_size_bytes{"), size);
    // Without escapes collected there is no number of them, not 0.
    assert_eq!(
        value("allocation_sites").is_some(),
        !target["escapes"].is_null()
    );

    // github-action-benchmark, src/extract.ts: name, unit, value; a bench is found by its name.
    let benches = json(&place, "benchmark.json");
    let benches = benches.as_array().unwrap();
    let mut names = HashSet::new();
    for it in benches {
        assert!(it["value"].is_u64() && it["unit"].is_string() && it["extra"].is_string());
        assert!(names.insert(it["name"].as_str().unwrap()), "{it}");
    }
    assert_eq!(benches.len(), series.len());
    assert!(names.contains(format!("{title}: file size").as_str()));

    // bencher.dev/bmf.json: objects of objects with `value`; names of measures have at most 64 characters.
    let benchmarks = json(&place, "bmf.json");
    assert_eq!(benchmarks[&title]["file-size"]["value"], size);
    let mut count = 0;
    for (name, measures) in benchmarks.as_object().unwrap() {
        assert!(name.chars().count() <= 1024);
        for (measure, it) in measures.as_object().unwrap() {
            assert!(measure.len() <= 64 && it["value"].is_u64());
            count += 1;
        }
    }
    assert_eq!(count, series.len());

    // octocov, report/custom_metrics_schema.json; keys of a set are unique.
    let sets = json(&place, "octocov.json");
    for set in sets.as_array().unwrap() {
        let text = |it: &Value| it.as_str().is_some_and(|it| !it.is_empty());
        assert!(text(&set["key"]) && text(&set["name"]));
        let mut keys = HashSet::new();
        let metrics = set["metrics"].as_array().unwrap();
        assert!(!metrics.is_empty());
        for it in metrics {
            assert!(text(&it["key"]) && text(&it["name"]) && it["value"].is_number());
            assert!(it.get("unit").is_none_or(text));
            assert!(keys.insert(it["key"].as_str().unwrap()));
        }
    }
}

/// docs.gitlab.com, "Code Quality report format".
fn check_codequality(value: &Value) -> Vec<&Value> {
    let all: Vec<&Value> = value.as_array().unwrap().iter().collect();
    let mut seen = HashSet::new();
    for it in &all {
        let text = |key: &str| it[key].as_str().unwrap();
        assert!(!text("description").is_empty() && !text("check_name").is_empty());
        assert!(["info", "minor", "major"].contains(&text("severity")));
        assert!(seen.insert(text("fingerprint")), "{it}");
        let path = it["location"]["path"].as_str().unwrap();
        assert!(!path.starts_with(['/', '.']), "{path}");
        assert!(it["location"]["lines"]["begin"].as_u64().unwrap() > 0);
    }
    all
}

#[test]
fn gitlab_gets_an_entry_for_each_failure() {
    let place = released();
    let value = json(&place, "codequality.json");
    let all = check_codequality(&value);
    let failing = all.iter().filter(|it| it["severity"] == "major").count();
    let report = json(&place, "report.json");
    let failures = report["verdict"]["failures"].as_array().unwrap().len();
    assert_eq!(failing, failures, "{value:#}");
    assert!(place.text("codequality.json").contains("over the budget"));
}

#[test]
fn sites_keep_their_fingerprint_when_lines_move() {
    let place = Place::module();
    place.write("main.go", "package main\n\nfunc main() {}\n");
    let run = place.run("escape");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(place.run("accept --reason first").code(), 0);
    let code = "var kept any\n\nfunc main() { kept = new(int); kept = new(int) }\n";
    let report = |blank: &str| {
        place.write("main.go", format!("package main\n\n{blank}{code}"));
        let run = place.run("escape --report gl-code-quality-report.json --report metrics.txt");
        assert!(run.code() <= 1, "{}", run.shown());
        json(&place, "gl-code-quality-report.json")
    };
    let (before, after) = (report(""), report("\n\n\n"));
    let of = |value: &Value| -> Vec<String> {
        let all = check_codequality(value);
        let sites = all
            .iter()
            .filter(|it| it["check_name"].as_str().unwrap().starts_with("escape-"));
        sites.map(|it| it["fingerprint"].to_string()).collect()
    };
    assert_eq!(of(&before).len(), 2, "{before:#}");
    assert_eq!(of(&before), of(&after));
    assert_ne!(
        before[0]["location"]["lines"],
        after[0]["location"]["lines"]
    );
    let series = check_openmetrics(&place.text("metrics.txt"));
    let value = |part: &str| {
        series
            .iter()
            .find(|(name, _)| name.contains(part))
            .unwrap()
            .1
    };
    assert_eq!(value("new_allocation_sites{"), 2);
}

#[test]
fn an_inspection_has_numbers_and_a_comparison_has_none() {
    let place = Place::empty();
    std::fs::write(place.path("tiny"), executable()).unwrap();
    let run = place.run("inspect tiny --format openmetrics");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let series = check_openmetrics(&run.stdout);
    assert_eq!(series[0].1, executable().len() as u64);
    let run = place.run("compare tiny tiny --format bencher");
    assert_eq!(run.code(), 2);
    assert!(
        run.stderr
            .contains("[possible values: text, json, markdown, svg, html]"),
        "{}",
        run.shown()
    );
    let run = place.run("compare tiny tiny --report metrics.txt");
    assert_eq!(run.code(), 2);
    let why = "there are no numbers of one build here";
    assert!(run.stderr.contains(why), "{}", run.shown());
}
