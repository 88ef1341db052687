//! Writes new findings as a report of GitLab's code quality: an entry on the merge request for each.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::harmless;
use crate::check::Status;
use crate::number::hex;
use crate::report::advice_report::Finding as Advised;
use crate::report::{Assertion, Checked, Findings, Heavier, Learned, Site};

const FAILS: &str = "major";
const WARNS: &str = "minor";
const ADVISES: &str = "info";

/// What fails the run is `major`, what only warns `minor`, advice `info`. `prefix` leads from the root of the repository to
/// the working directory; empty, or with a slash at its end.
pub(crate) fn codequality(findings: &Findings<'_>, prefix: &str) -> String {
    let mut all = Entries {
        findings,
        prefix,
        entries: Vec::new(),
        alike: HashMap::new(),
    };
    findings.sites.iter().for_each(|site| all.site(site));
    findings
        .assertions
        .iter()
        .for_each(|failed| all.assertion(failed));
    findings
        .checks
        .iter()
        .for_each(|checked| all.check(checked));
    findings
        .lessons
        .iter()
        .for_each(|learned| all.lesson(learned));
    for it in findings.budgets() {
        all.elsewhere("gate", it, FAILS);
    }
    for it in findings.open() {
        all.elsewhere("gate", it, WARNS);
    }
    findings
        .benchmarks
        .iter()
        .for_each(|heavier| all.benchmark(heavier));
    findings
        .advice
        .iter()
        .for_each(|finding| all.advice(finding));
    super::json(&all.entries)
}

struct Entries<'a> {
    findings: &'a Findings<'a>,
    prefix: &'a str,
    entries: Vec<Value>,
    /// How many there are of each rule and identity.
    alike: HashMap<String, u64>,
}

/// Where, how bad, and what makes it the same in the next report.
struct Entry<'a> {
    rule: String,
    identity: &'a str,
    severity: &'static str,
    file: Option<&'a str>,
    line: u32,
}

impl Entries<'_> {
    fn benchmark(&mut self, it: &Heavier) {
        let entry = Entry {
            rule: "bench-allocations".into(),
            identity: &it.key,
            severity: if it.fails { FAILS } else { WARNS },
            file: it.file.as_deref(),
            line: it.line,
        };
        self.push(&entry, &it.message);
    }

    fn site(&mut self, site: &Site) {
        let function = match site.function.as_str() {
            "" => String::new(),
            it => format!(".{it}"),
        };
        let text = format!(
            "new heap allocation in {}{function}: {} ({})",
            site.package,
            site.message,
            self.findings.advice(site)
        );
        let entry = Entry {
            rule: format!("escape-{}", site.class),
            identity: &site.id,
            severity: match self.findings.failing.contains(site.id.as_str()) {
                true => FAILS,
                false => WARNS,
            },
            file: site.file.as_deref(),
            line: site.line,
        };
        self.push(&entry, &text);
    }

    fn assertion(&mut self, it: &Assertion) {
        let hint = it.hint.iter().map(|text| format!(" ({text})"));
        let text = format!(
            "{}: {}{}",
            it.function,
            it.message,
            hint.collect::<String>()
        );
        let entry = Entry {
            rule: format!("assert-{}", it.claim),
            identity: &format!("{}/{}/{}", it.function, it.source, it.column),
            severity: FAILS,
            file: it.file.as_deref(),
            line: it.line,
        };
        self.push(&entry, &text);
    }

    fn check(&mut self, it: &Checked<'_>) {
        let of = it.of.join(", ");
        let hint = it.finding.hint.iter().map(|text| format!(" ({text})"));
        let hint: String = hint.collect();
        let text = format!("{of}: {}{hint}", it.finding.message);
        let entry = Entry {
            rule: format!("check-{}", it.finding.id),
            identity: &of,
            severity: match it.finding.status {
                Status::Fail => FAILS,
                _ => WARNS,
            },
            file: None,
            line: 0,
        };
        self.push(&entry, &text);
    }

    fn lesson(&mut self, it: &Learned<'_>) {
        let entry = Entry {
            rule: it.rule(),
            identity: &it.of.join(", "),
            severity: WARNS,
            file: None,
            line: 0,
        };
        self.push(&entry, &it.sentence());
    }

    fn advice(&mut self, it: &Advised) {
        let entry = Entry {
            rule: it.rule.clone(),
            identity: &it.fingerprint(),
            severity: ADVISES,
            file: Some(&it.place.file),
            line: it.place.line,
        };
        self.push(&entry, &it.sentence());
    }

    /// What has no line of source. A number in the sentence is not its identity.
    fn elsewhere(&mut self, rule: &str, sentence: &str, severity: &'static str) {
        let entry = Entry {
            rule: rule.to_owned(),
            identity: sentence.split(": ").next().unwrap_or(sentence),
            severity,
            file: None,
            line: 0,
        };
        self.push(&entry, sentence);
    }

    fn push(&mut self, entry: &Entry<'_>, text: &str) {
        let file = entry.file.and_then(|file| below(self.prefix, file));
        // GitLab shows no entry without a file.
        let (path, line) = file.map_or_else(
            || {
                let anchor = self.findings.anchor.as_deref().unwrap_or("go.mod");
                (format!("{}{anchor}", self.prefix), 1)
            },
            |file| (file, entry.line.max(1)),
        );
        let fingerprint = self.fingerprint(&entry.rule, entry.identity);
        self.entries.push(json!({
            "description": harmless(text),
            "check_name": harmless(&entry.rule),
            "fingerprint": fingerprint,
            "severity": entry.severity,
            "location": { "path": harmless(&path), "lines": { "begin": line } },
        }));
    }

    /// A fingerprint that is the same for the same finding in another report, wherever its line has moved to. Of
    /// several equal findings GitLab would show only the first: so they are counted.
    fn fingerprint(&mut self, rule: &str, identity: &str) -> String {
        let name = format!("{rule}\0{identity}");
        let digest = Sha256::new().chain_update(&name);
        let count = self.alike.entry(name).or_default();
        *count += 1;
        hex(&digest.chain_update(format!("\0{count}")).finalize())
    }
}

/// A path from the root of the repository; `None` for what is outside of it, or no file.
fn below(prefix: &str, file: &str) -> Option<String> {
    if file.is_empty() || file.starts_with(['<', '/']) {
        return None;
    }
    let mut parts: Vec<&str> = prefix.split('/').filter(|part| !part.is_empty()).collect();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_of_the_repository() {
        assert_eq!(below("", "a/b.go").as_deref(), Some("a/b.go"));
        assert_eq!(below("cmd/", "../a/./b.go").as_deref(), Some("a/b.go"));
        assert_eq!(below("cmd/", "../../b.go"), None);
        assert_eq!(below("", "/usr/lib/go/src/fmt/print.go"), None);
        assert_eq!(below("", "<autogenerated>"), None);
    }
}
