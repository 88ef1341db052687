//! Writes new findings as workflow commands: GitHub shows each as an annotation on its line.

use crate::check::{LOOSENED, NOT_JUDGED, Status};
use crate::report::advice_report::Finding as Advised;
use crate::report::{Assertion, Checked, Findings, Heavier, Learned, Site};

/// One command per finding. `prefix` leads from the root of the repository to the working directory.
pub(crate) fn github(findings: &Findings<'_>, prefix: &str) -> String {
    let anchor = findings.anchor.as_deref();
    let titled = |level: &str, words: &str| format!("::{level} title=gobuild-opt::{}", data(words));
    let sites = findings
        .sites
        .iter()
        .map(|found| site(found, findings, prefix));
    let advice = findings
        .advice
        .iter()
        .map(|finding| advised(finding, prefix));
    let assertions = findings
        .assertions
        .iter()
        .map(|assertion| failed(assertion, prefix));
    let others = findings.failures.iter();
    let others = others.map(|other| titled("error", other.as_ref()));
    let benchmarks = findings
        .benchmarks
        .iter()
        .map(|benchmark| heavier(benchmark, prefix));
    let not_judged = findings.not_judged.iter().map(|reason| reason.as_ref());
    let open = findings.loosened.iter().copied().chain(not_judged);
    let open = open.map(|open| titled("warning", open));
    let warned = findings.checks.iter().filter(|checked| warns(checked));
    let warned = warned.map(|checked| check(checked, anchor, prefix));
    let lessons = findings
        .lessons
        .iter()
        .map(|lesson| learned(lesson, anchor, prefix));
    // GitHub shows ten errors and ten warnings of a step: first what is one of a kind, last what only warns.
    let (failing, warning): (Vec<String>, Vec<String>) =
        sites.partition(|site| site.starts_with("::error"));
    let all = others
        .chain(assertions)
        .chain(benchmarks)
        .chain(failing)
        .chain(open)
        .chain(warned)
        .chain(lessons)
        .chain(warning)
        .chain(advice);
    all.map(|text| text + "\n").collect()
}

fn site(it: &Site, findings: &Findings<'_>, prefix: &str) -> String {
    let level = match findings.failing.contains(it.id.as_str()) {
        true => "error",
        false => "warning",
    };
    annotation(it, level, &findings.advice(it), prefix)
}

/// Gates that are loosened or not judged have sentences of their own.
fn warns(it: &Checked<'_>) -> bool {
    let own = [LOOSENED, NOT_JUDGED];
    it.finding.status == Status::Warn && !own.contains(&it.finding.id.as_str())
}

fn check(it: &Checked<'_>, anchor: Option<&str>, prefix: &str) -> String {
    let mut properties = place(anchor, 0, 0, prefix);
    properties.push(format!(
        "title={}",
        property(&format!("gobuild-opt: {}", it.finding.id))
    ));
    let hint = it.finding.hint.iter().map(|text| format!("\n{text}"));
    let message = format!("{}{}", it.finding.message, hint.collect::<String>());
    format!("::warning {}::{}", properties.join(","), data(&message))
}

fn learned(it: &Learned<'_>, anchor: Option<&str>, prefix: &str) -> String {
    let mut properties = place(anchor, 0, 0, prefix);
    properties.push(format!("title=gobuild-opt%3A {}", it.rule()));
    format!(
        "::warning {}::{}",
        properties.join(","),
        data(&it.sentence())
    )
}

fn heavier(it: &Heavier, prefix: &str) -> String {
    let level = if it.fails { "error" } else { "warning" };
    let mut properties = place(it.file.as_deref(), it.line, 0, prefix);
    properties.push("title=gobuild-opt%3A allocations".into());
    format!("::{level} {}::{}", properties.join(","), data(&it.message))
}

fn advised(it: &Advised, prefix: &str) -> String {
    let mut properties = place(Some(&it.place.file), it.place.line, 0, prefix);
    properties.push(format!("title={}", property(&it.rule)));
    format!(
        "::notice {}::{}",
        properties.join(","),
        data(&it.sentence())
    )
}

fn failed(it: &Assertion, prefix: &str) -> String {
    let mut properties = place(it.file.as_deref(), it.line, it.column, prefix);
    properties.push(format!(
        "title={}",
        property(&format!("assertion failed: {}", it.claim))
    ));
    let hint = it.hint.as_deref().unwrap_or_default();
    let message = format!("{}: {}\n{}\n{hint}", it.function, it.message, it.source);
    format!(
        "::error {}::{}",
        properties.join(","),
        data(message.trim_end())
    )
}

fn place(file: Option<&str>, line: u32, column: u32, prefix: &str) -> Vec<String> {
    let mut properties = Vec::new();
    if let Some(file) = file.filter(|file| !file.is_empty() && !file.starts_with('<')) {
        let prefix = if file.starts_with('/') { "" } else { prefix };
        properties.push(format!("file={}", property(&format!("{prefix}{file}"))));
        for (name, value) in [("line", line), ("col", column)] {
            if value > 0 {
                properties.push(format!("{name}={value}"));
            }
        }
    }
    properties
}

fn annotation(site: &Site, level: &str, advice: &str, prefix: &str) -> String {
    let mut properties = place(site.file.as_deref(), site.line, site.column, prefix);
    properties.push(format!(
        "title={}",
        property(&format!("new escape: {}", site.class))
    ));
    let message = format!(
        "{} in {}.{}\n{}\n{advice}",
        site.message, site.package, site.function, site.source
    );
    format!("::{level} {}::{}", properties.join(","), data(&message))
}

/// As the runner reads it: `actions/toolkit`, `packages/core/src/command.ts`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_stays_inside_its_command() {
        let site = Site {
            id: "0123456789".into(),
            package: "ex.com/m".into(),
            function: "main".into(),
            class: "boxing".into(),
            expression: "x".into(),
            file: Some("a,b:c%\n::error::.go".into()),
            line: 3,
            column: 0,
            message: "\"100%\r\n::error::x\" escapes to heap".into(),
            source: "f(x)".into(),
            reason: None,
            weight: None,
            heat: None,
            among: Vec::new(),
        };
        insta::assert_snapshot!(github(&Findings { sites: vec![&site], ..Findings::default() }, "sub/"), @"::warning file=sub/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A.go,line=3,title=new escape%3A boxing::\"100%25%0D%0A::error::x\" escapes to heap in ex.com/m.main%0Af(x)%0Aaccept it: gobuild-opt accept 0123456789 --reason TEXT");
    }
}
