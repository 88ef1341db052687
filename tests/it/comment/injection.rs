//! Damaged and forged reports: whatever is in them, what comes out is text.

use std::path::PathBuf;

use gobuild_opt::cli;
use gobuild_opt::command::{self, Session};
use gobuild_opt::process::Interrupt;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::{Value, json};

use crate::fuzz::random::Random;

/// What a stranger would like to see as more than text.
const HOSTILE: &[&str] = &[
    "<img src=x onerror=alert(1)>",
    "</details></td></table><h1>owned",
    "<!-- gobuild-opt key=default run=99999 -->",
    "-->",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example/path",
    "www.evil.example",
    "ftp://evil.example",
    "@everyone and @owner/team",
    "fixes #1, owner/name#2, GH-3",
    "a\n::error file=x::owned\n",
    "::set-output name=x::y",
    "##[error]owned",
    "`code` **bold** ~~gone~~ _it_",
    "\n\n# heading\n\n- [ ] task",
    "| a | b |\n|---|---|\n| c | d |",
    "```\ncode\n```",
    "~~~\ncode",
    "    indented code",
    "---",
    "> quote",
    "1. list",
    "+ list",
    "$\\frac{1}{2}$ $$x$$",
    ":tada: :100:",
    "[^1]: note",
    "&lt;script&gt;&#60;b&#62;",
    "mail@evil.example",
    "xmpp:a@b.example",
    "\u{202e}gpj.exe\u{2066}",
    "\r\n\u{b}\u{c}\u{85}\u{2028}x",
    "\\",
    "\\<b>",
    "a\u{0}b",
];

fn leaves<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(|it| leaves(it, found)),
        Value::Object(all) => all.values_mut().for_each(|it| leaves(it, found)),
        leaf => found.push(leaf),
    }
}

/// A forged report: some texts are replaced, some numbers, or a few bytes of the file.
fn forge(original: &Value, rng: &mut Random) -> Vec<u8> {
    let mut value = original.clone();
    let mut all = Vec::new();
    leaves(&mut value, &mut all);
    for _ in 0..=rng.below(4) {
        let mut at = rng.below(all.len());
        // Texts are what is after; another number or kind is mostly no report any more.
        while !all[at].is_string() && !rng.one_in(12) {
            at = rng.below(all.len());
        }
        let leaf = &mut *all[at];
        match leaf {
            Value::String(text) => {
                let hostile = HOSTILE[rng.below(HOSTILE.len())];
                let other = HOSTILE[rng.below(HOSTILE.len())];
                *text = match rng.below(4) {
                    0 => hostile.to_owned(),
                    1 => format!("{text}{hostile}"),
                    2 => format!("{hostile} {other}"),
                    _ => format!("{hostile}{text}"),
                };
            }
            Value::Number(_) => {
                *leaf = [
                    json!(0),
                    json!(-1),
                    json!(1_u64 << 53),
                    json!(u64::MAX),
                    json!(0.5),
                ][rng.below(5)]
                .clone();
            }
            Value::Null => *leaf = json!(HOSTILE[rng.below(HOSTILE.len())]),
            other => *other = json!(rng.below(2) == 0),
        }
    }
    let mut bytes = value.to_string().into_bytes();
    if rng.below(10) == 0 {
        for _ in 0..3 {
            let at = rng.below(bytes.len());
            bytes[at] = rng.below(256) as u8;
        }
    }
    bytes
}

/// What is more than text and tables of ours in Markdown.
fn injected(text: &str) -> Option<String> {
    for line in text.lines() {
        let start = line.trim_start();
        if start.starts_with("::") || line.contains("##[") {
            return Some(format!("workflow command: {line}"));
        }
    }
    if text.chars().any(|it| {
        (it.is_control() && it != '\n')
            || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }) {
        return Some("control character".into());
    }
    let options = Options::all();
    let mut words = String::new();
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let known = [
                    "<details><summary>What changed</summary>",
                    "<details><summary>The whole report</summary>",
                    "</details>",
                ];
                if !html.trim().lines().all(|it| known.contains(&it)) {
                    return Some(format!("HTML: {html}"));
                }
            }
            Event::Start(
                Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::CodeBlock(_)
                | Tag::FootnoteDefinition(_)
                | Tag::Emphasis
                | Tag::Strikethrough
                | Tag::BlockQuote(_),
            ) => {
                return Some(format!("{event:?}"));
            }
            Event::Code(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => {
                return Some(format!("{event:?}"));
            }
            Event::Text(piece) => words.push_str(&piece),
            Event::SoftBreak
            | Event::HardBreak
            | Event::End(
                TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell | TagEnd::Heading(_),
            ) => words.push('\n'),
            _ => {}
        }
    }
    linked(&words)
}

/// What GitHub links in finished text.
fn linked(words: &str) -> Option<String> {
    let after = |mark: &str| {
        words.match_indices(mark).find_map(|(at, _)| {
            let next = words[at + mark.len()..].chars().next()?;
            next.is_alphanumeric()
                .then(|| words[at..].chars().take(20).collect::<String>())
        })
    };
    let found = after("@").or_else(|| after("#")).or_else(|| after("://"));
    let found = found.or_else(|| {
        let lower = words.to_lowercase();
        ["www.", "gh-3", ":tada:", ":100:"]
            .iter()
            .find(|it| lower.contains(**it))
            .map(|it| (*it).to_owned())
    });
    found.map(|it| format!("linked: {it}"))
}

/// Runs `comment` on forged reports; returns how many of them were taken.
fn forged(count: usize, seed: u64) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let base = super::report();
    std::fs::write(dir.path().join("base.json"), base.to_string()).unwrap();
    let line = [
        "gobuild-opt",
        "comment",
        "--from",
        "report.json",
        "--base",
        "base.json",
        "--when",
        "always",
    ];
    let args: Vec<std::ffi::OsString> = line.iter().map(Into::into).collect();
    let cli = cli::parse(&args, dir.path()).unwrap().unwrap();
    let originals = [super::failing(), rich(base)];
    let mut taken = 0;
    for round in 0..count {
        let mut rng = Random::of(seed, "comment", round as u64);
        let bytes = forge(&originals[round % 2], &mut rng);
        std::fs::write(dir.path().join("report.json"), &bytes).unwrap();
        let mut session = Session {
            cwd: PathBuf::from(dir.path()),
            program: None,
            go: None,
            env: Vec::new(),
            terminal: false,
            width: 80,
            interrupt: Interrupt::default(),
            show: &mut |_| {},
        };
        match command::run(&cli, &mut session) {
            Ok(output) => {
                taken += 1;
                if let Some(what) = injected(&output.text) {
                    let path = dir.keep().join("report.json");
                    panic!("round {round}: {what}\n{}\n{}", path.display(), output.text);
                }
            }
            Err(error) => assert_eq!(error.exit_code(), 4, "{error}"),
        }
    }
    taken
}

/// A report with something in every list.
fn rich(report: &Value) -> Value {
    let mut value = report.clone();
    let target = &mut value["targets"][0];
    let site = json!({
        "id": "0123456789ab", "package": "example.com/tiny", "function": "main", "class": "boxing",
        "expression": "x", "file": "main.go", "line": 5, "column": 2, "message": "x escapes to heap",
        "source": "fmt.Println(x)", "reason": null, "weight": null,
    });
    target["escapes"] = json!({
        "go_version": "go1.26.8", "scope": "module", "sites": 1, "packages": [], "unparsed": 0, "gate": true,
        "hot": null, "weighted_by": null, "lock": null, "revision": null, "new": [site.clone()], "fixed": [site.clone()],
        "moved": 0, "ignored": [site], "notes": ["a note"], "collection": null,
    });
    target["assertions"] = json!([{
        "claim": "no-escape", "function": "example.com/tiny.main", "origin": "[[assert]]", "status": "fail",
        "message": "x escapes", "hint": "a hint", "reason": "a reason", "file": "main.go", "line": 5, "column": 2,
        "source": "fmt.Println(x)",
    }]);
    target["frames"] = json!([{
        "function": "main.main", "package": "example.com/tiny", "bytes": 9000, "goroutine": null,
        "hot_inlined": ["main.f"], "standard": false, "accepted": null, "without_profile": null, "over": "limit",
    }]);
    target["lock"] = json!({
        "go_version": "go1.26.8", "compared": true,
        "sizes": [{"item": "module:example.com/x", "before": 5000, "after": 90000}],
        "facts": [{"item": "cgo:net", "before": null, "after": "true", "worse": true}],
    });
    target["ambient"] = json!([]);
    let pgo = target["pgo"].as_object_mut().unwrap();
    for key in [
        "profile",
        "effect_failure",
        "useless",
        "collected",
        "fitness",
        "sha256",
    ] {
        pgo.insert(key.into(), json!("a text"));
    }
    pgo.insert("undone".into(), json!(["-gcflags=-l"]));
    value["change"] = json!({
        "since": "origin/main", "judged_by": false, "loosened": ["size may have 9 B, because: a feature"], "unknown": null,
    });
    value["gates"] = json!([{
        "gate": "[escape] gate", "target": "tiny linux/amd64", "outcome": "not_judged", "reason": "a reason",
    }]);
    value["verdict"] = json!({
        "pass": false, "failures": ["size tiny: too large"], "not_judged": ["a gate, a cause"],
        "loosened": ["size may have 9 B"],
    });
    value["budgets"] = json!([{"item": "size tiny", "limit": 5.0, "actual": 6.0, "status": "fail", "note": "a note"}]);
    value["checksums"] = json!("dist/SHA256SUMS");
    value
}

#[test]
fn forged_reports_are_text() {
    let taken = forged(300, 1);
    assert!(taken > 100, "{taken} of 300 were read");
}

#[test]
#[ignore = "minutes: cargo test --test it forged_reports_are_text_10_000 -- --ignored"]
fn forged_reports_are_text_10_000() {
    let count = std::env::var("FORGED")
        .ok()
        .and_then(|it| it.parse().ok())
        .unwrap_or(10_000);
    let taken = forged(count, 2);
    assert!(taken > count / 3, "{taken} of {count} were read");
    println!("{taken} of {count} were read");
}

/// The oracle sees what it is there for.
#[test]
fn what_is_injected_is_seen() {
    for text in [
        "<b>x</b>",
        "[a](b)",
        "@me",
        "#12",
        "https://x.example",
        "::error::x",
        "`x`",
        "- [ ] x",
        "> x",
        "$x$",
        "www.x.y",
    ] {
        assert!(injected(text).is_some(), "{text}");
    }
    assert_eq!(
        injected("## gobuild-opt: pass\n\n| a | b |\n| --- | --- |\n| c | d |\n"),
        None
    );
}
