//! The sample output of the README, and of the pages behind it, is what the program prints.
//!
//! The commands run in a copy of examples/service. The lines have to be the same, but for their figures; where the Go is the
//! one of the sample, the figures as well, within [`TOLERANCE`]: a C compiler and a commit change a few bytes. Lines of `...`
//! stand for any others.

use std::collections::BTreeSet;

use crate::harness::{PROGRAM, Place};

const README: &str = include_str!("../../README.md");

/// The README, and the pages that it leads to.
const PAGES: &[&str] = &[
    README,
    include_str!("../../examples/guide/advise.md"),
    include_str!("../../examples/guide/ci.md"),
    include_str!("../../examples/guide/configuration.md"),
    include_str!("../../examples/guide/figures.md"),
    include_str!("../../examples/guide/go.md"),
    include_str!("../../examples/guide/growth.md"),
    include_str!("../../examples/guide/lock.md"),
    include_str!("../../examples/guide/prove.md"),
    include_str!("../../examples/guide/upgrade.md"),
];

/// What fits on a page that one reads.
const LINES: usize = 180;

/// How far a figure may be from the sample's.
const TOLERANCE: f64 = 0.05;

/// Commands of the README whose output the README does not show.
const SILENT: &[&str] = &["make ", "KO_GO_PATH=", "ln -s "];

/// The commands in the README's console blocks, each with what it prints.
fn samples() -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in PAGES.iter().flat_map(|it| it.lines()) {
        match line.strip_prefix("```") {
            Some(kind) => inside = kind == "console",
            None if !inside => {}
            None => match (line.strip_prefix("$ "), found.last_mut()) {
                (Some(command), _) => found.push((command.to_owned(), Vec::new())),
                (None, Some((_, output))) => output.push(line.to_owned()),
                (None, None) => panic!("output without a command: {line}"),
            },
        }
    }
    found
}

/// A line without its figures, digests and column widths; and the figures.
fn masked(line: &str) -> (String, Vec<f64>) {
    let mut words: Vec<String> = Vec::new();
    let mut figures = Vec::new();
    for word in line.split_whitespace() {
        let hex = word.len() >= 12 && word.bytes().all(|it| it.is_ascii_hexdigit());
        if hex {
            words.push("DIGEST".into());
            continue;
        }
        let mut text = String::new();
        let mut figure = String::new();
        for letter in word.chars().chain(['\0']) {
            let more = letter.is_ascii_digit() || (!figure.is_empty() && ",.".contains(letter));
            if more {
                figure.push(letter);
                continue;
            }
            if !figure.is_empty() {
                let digits = figure.trim_end_matches([',', '.']);
                figures.extend(digits.replace(',', "").parse::<f64>());
                text.push('#');
                text.push_str(&figure[digits.len()..]);
                figure.clear();
            }
            if letter != '\0' {
                text.push(letter);
            }
        }
        words.push(text);
    }
    (words.join(" "), figures)
}

/// Its figures depend on the clock.
fn is_timely(line: &str) -> bool {
    line.contains("days old") || line.contains("day old") || line.trim_start().starts_with("time")
}

fn alike(expected: &str, found: &str, exact: bool) -> bool {
    // How much of it there is depends on the length of a version.
    let rest = |it: &str| it.trim_start().starts_with("headers, padding");
    if rest(expected) && rest(found) {
        return true;
    }
    let (expected_text, expected_figures) = masked(expected);
    let (text, figures) = masked(found);
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= a.abs().max(1.0) * TOLERANCE;
    let plural = |it: &str| it.replace("# day old", "# days old");
    let figures_hold = !exact
        || is_timely(found)
        || (expected_figures.len() == figures.len()
            && expected_figures.iter().zip(&figures).all(near));
    plural(&expected_text) == plural(&text) && figures_hold
}

/// The first line of the sample that the output does not have, or has not in this place.
fn missing<'a>(sample: &'a [String], output: &[&str], exact: bool) -> Option<&'a str> {
    let mut rest = output;
    let mut any = false;
    for line in sample {
        if line.trim() == "..." {
            any = true;
            continue;
        }
        let at = rest.iter().position(|it| alike(line, it, exact));
        match at {
            Some(0) => rest = &rest[1..],
            Some(at) if any => rest = &rest[at + 1..],
            _ => return Some(line),
        }
        any = false;
    }
    (!any && !rest.is_empty()).then_some("the end")
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    let mut place = Place::empty();
    let example = format!("{}/examples/service/.", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir(place.path("service")).unwrap();
    place.tool("cp", &["-R", &example, "service"]);
    let _ = std::fs::remove_dir_all(place.path("service/dist"));
    place.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z");
    place.env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    let git =
        |args: &[&str]| place.tool("git", &[&["-C", "service"], &identity[..], args].concat());
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    let version = place.tool("go", &["env", "GOVERSION"]);
    let exact = README.contains(&format!(" bytes), {}, ", version.trim()));
    let mut shown = 0;
    for (command, sample) in samples() {
        if SILENT.iter().any(|it| command.starts_with(it)) {
            assert!(sample.is_empty(), "{command} shows what no test runs");
            continue;
        }
        let mut words = command.split(' ');
        assert_eq!(words.next(), Some("gobuild-opt"), "{command}");
        let arguments: Vec<&str> = words.collect();
        let run = || {
            let done = place
                .command(PROGRAM)
                .args(&arguments)
                .current_dir(place.path("service"))
                .output()
                .unwrap();
            assert!(done.status.success(), "{command}: {done:?}");
            String::from_utf8(done.stdout).unwrap()
        };
        // The sample is of a build that found its packages in the cache.
        run();
        let text = run();
        let lines: Vec<&str> = text
            .lines()
            .filter(|it| !it.starts_with("  time"))
            .collect();
        if let Some(line) = missing(&sample, &lines, exact) {
            panic!("`{command}` does not print what the README shows: {line}\n{text}");
        }
        shown += 1;
    }
    assert_eq!(shown, 3);
    let drawn = place
        .command(PROGRAM)
        .args(["release", "--report", "map.svg"])
        .current_dir(place.path("service"))
        .output()
        .unwrap();
    assert!(drawn.status.success(), "{drawn:?}");
    let shown = tiles(include_str!("../../examples/service/map.svg"));
    let drawn = place.text("service/map.svg");
    let today = tiles(&drawn);
    let common = shown.intersection(&today).count() as f64;
    assert!(
        common >= 0.95 * shown.len().max(today.len()) as f64,
        "the picture of the README is old: `gobuild-opt release -C examples/service --report map.svg` draws it"
    );
}

/// What has an area of its own in a map: modules and packages, by name.
fn tiles(map: &str) -> BTreeSet<&str> {
    let titles = map.split("<title>").skip(1);
    let found: BTreeSet<&str> = titles
        .filter_map(|title| title.split(": ").next())
        .collect();
    assert!(found.contains("runtime") && found.len() > 50, "{found:?}");
    found
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    assert!(README.lines().count() <= LINES);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = root.join("examples/guide");
    for (index, page) in PAGES.iter().enumerate() {
        let base = if index == 0 { root } else { &guide };
        for link in page.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            let is_here = !link.is_empty() && !link.contains("://");
            assert!(!is_here || base.join(link).exists(), "{link}");
        }
    }
}

#[test]
fn a_sample_that_is_old_is_found() {
    let sample = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let check = |text: &str, exact| {
        let output = ["a  1,000 B", "b  12.5 %", "c", "d  3 days old"];
        missing(&sample(text), &output, exact).map(str::to_owned)
    };
    let is = |it: &str| Some(it.to_owned());
    assert_eq!(check("a 1,001 B\n...\nd  1 day old", true), None);
    assert_eq!(check("a  1,100 B\n...", true), is("a  1,100 B"));
    assert_eq!(check("a  1,100 B\n...", false), None);
    assert_eq!(check("a  1,000 kB\n...", false), is("a  1,000 kB"));
    assert_eq!(check("a  1,000 B\nc\n...", true), is("c"));
    assert_eq!(check("a  1,000 B\nb  12.5 %\nc", true), is("the end"));
}
