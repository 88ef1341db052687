//! HTML pages and SVG pictures as a parser sees them: well-formed, every name and link leads somewhere, and nothing is asked of
//! anybody. What a browser makes of them: `.ci/pages`.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, ParsingOptions};
use sha2::{Digest, Sha256};

use super::program;
use crate::harness::Place;

/// What stands in the one element of a name.
fn inside<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let from = page.find(start).unwrap() + start.len();
    let to = from + page[from..].find(end).unwrap();
    &page[from..to]
}

/// The page without the texts that are no markup: they have `<` and `&` of their own.
fn markup(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("<script").or_else(|| rest.find("<style")) {
        let name = if rest[at..].starts_with("<style") {
            "</style>"
        } else {
            "</script>"
        };
        let end = at + rest[at..].find(name).unwrap();
        let open = at + rest[at..].find('>').unwrap() + 1;
        out.push_str(&rest[..open]);
        out.push_str(name);
        rest = &rest[end + name.len()..];
    }
    out + rest
}

/// Checks all that holds of any page, and gives its markup.
fn check(page: &str) -> String {
    let style = inside(page, "<style>", "</style>");
    let script = &page[page.rfind("<script>").unwrap() + 8..page.rfind("</script>").unwrap()];
    let policy = inside(page, "Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for (name, text) in [("script", script), ("style", style)] {
        let digest = STANDARD.encode(Sha256::digest(text));
        assert!(
            policy.contains(&format!("{name}-src 'sha256-{digest}'")),
            "{policy}"
        );
    }
    let text = markup(page);
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    let parsed = Document::parse_with_options(&text, options).unwrap();
    links(&parsed);
    tables(&parsed);
    headings(&parsed);
    for it in parsed.descendants().filter(Node::is_element) {
        let name = it.tag_name().name();
        assert!(
            !["img", "iframe", "object", "embed", "base", "form"].contains(&name),
            "{name}"
        );
        for attribute in it.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            assert!(
                attribute.name() != "style" && attribute.name() != "src",
                "{attribute:?}"
            );
        }
        if ["input", "select"].contains(&name) {
            assert!(named(&parsed, &it), "{:?}", it.attribute("id"));
        }
    }
    text
}

/// Every name is there once, and everything that is referred to is there.
fn links(parsed: &Document<'_>) {
    let mut ids = HashSet::new();
    for id in parsed.descendants().filter_map(|it| it.attribute("id")) {
        assert!(ids.insert(id), "`{id}` is there twice");
    }
    for it in parsed.descendants().filter(Node::is_element) {
        let target = it.attribute("href").filter(|it| *it != "data:,");
        let target = target.map(|it| it.strip_prefix('#').expect(it));
        for id in target
            .into_iter()
            .chain(it.attribute("aria-labelledby"))
            .chain(it.attribute("for"))
        {
            assert!(ids.contains(id), "`{id}` is nowhere");
        }
    }
}

/// Each says what it is of, and each of its cells which row and column it is in.
fn tables(parsed: &Document<'_>) {
    let element = |name: &'static str| parsed.descendants().filter(move |it| it.has_tag_name(name));
    for it in element("table") {
        let caption = it.children().find(|it| it.has_tag_name("caption")).unwrap();
        assert!(caption.text().is_some_and(|it| !it.is_empty()));
    }
    for it in element("th") {
        assert!(["row", "col"].contains(&it.attribute("scope").unwrap()));
    }
    for row in element("tr").filter(|it| it.parent().is_some_and(|it| it.has_tag_name("tbody"))) {
        let first = row.first_element_child().unwrap();
        assert_eq!(first.attribute("scope"), Some("row"));
    }
}

/// One first heading, and no level is left out on the way down.
fn headings(parsed: &Document<'_>) {
    let levels: Vec<u32> = parsed
        .descendants()
        .filter_map(|it| it.tag_name().name().strip_prefix('h')?.parse().ok())
        .collect();
    assert_eq!(
        levels.iter().filter(|it| **it == 1).count(),
        1,
        "{levels:?}"
    );
    assert_eq!(levels[0], 1);
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{levels:?}");
    }
}

/// A control has a label around it, or one that names it.
fn named(parsed: &Document<'_>, it: &Node<'_, '_>) -> bool {
    let around = it.ancestors().any(|it| it.has_tag_name("label"));
    let id = it.attribute("id");
    around
        || parsed
            .descendants()
            .any(|label| label.attribute("for").is_some_and(|it| Some(it) == id))
}

fn page(place: &Place, line: &str) -> String {
    let run = place.run(&format!("{line} --format html"));
    assert!(run.code() <= 1, "{}", run.shown());
    let again = place.run(&format!("{line} --format html"));
    assert!(
        run.stdout == again.stdout,
        "{line}: another page for the same input"
    );
    assert!(run.stdout.len() <= 1 << 20, "{line}: {}", run.stdout.len());
    run.stdout
}

#[test]
fn pages_are_well_formed_and_need_nothing_else() {
    let place = program();
    place.write(
        "gobuild-opt.toml",
        "[escape]\nscope = \"all\"\n[budget]\nsize = \"1KiB\"\n",
    );
    let line = "release --out-dir dist --baseline plain ./cmd/tiny";
    let text = check(&page(&place, line));
    for layer in ["bytes", "change", "escapes"] {
        assert!(text.contains(&format!("value=\"{layer}\"")), "{layer}");
    }
    assert!(
        text.contains("<a class=\"bad\" href=\"#bad\">1 failure</a>"),
        "{text}"
    );
    // The package of the user leads to its row, and to its box where scripts run.
    assert!(text.contains("data-full=\"example.com/organisation/department/product/greet\""));
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = here.join("examples/service/cmd/api/default.pgo");
    place.write("cpu.pprof", std::fs::read(profile).unwrap());
    for line in [
        "inspect dist/tiny",
        "inspect dist/tiny --profile cpu.pprof",
        "inspect dist/tiny --why-bytes runtime",
        "compare dist/tiny dist/tiny",
        "escape ./cmd/tiny",
        "profile show cpu.pprof",
        "profile diff cpu.pprof cpu.pprof",
        "advise --profile cpu.pprof ./cmd/tiny",
        "doctor ./cmd/...",
        "explain gomaxprocs",
    ] {
        let text = check(&page(&place, line));
        let first = line.split(' ').next().unwrap();
        let drawn = ["inspect", "escape", "profile"].contains(&first) && !line.contains("diff");
        assert_eq!(text.contains("class=\"map\""), drawn, "{line}");
    }
}

/// The titles of all boxes.
fn titles(picture: &str) -> Vec<String> {
    let parsed = Document::parse(picture).unwrap();
    let titles = parsed.descendants().filter(|it| it.has_tag_name("title"));
    titles
        .filter_map(|it| it.text())
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_came_and_what_went_is_drawn() {
    let place = program();
    for (name, line) in [("plain", "--strip none"), ("small", "--strip all")] {
        let run = place.run(&format!(
            "release -o {name} --baseline off --escapes off {line} ./cmd/tiny"
        ));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
    let run = place.run("compare plain small --format svg");
    let gone = titles(&run.stdout);
    let is_gone = |it: &String| it.starts_with(".debug_") && it.contains(": gone, ");
    assert!(gone.iter().any(is_gone), "{gone:?}");
    assert!(run.stdout.contains("gone −"), "{}", run.stdout);
    let run = place.run("compare small plain --format svg");
    let new = titles(&run.stdout);
    assert!(
        new.iter()
            .any(|it| it.starts_with(".debug_") && it.contains(": new, ")),
        "{new:?}"
    );
    // Saved reports are drawn as the files are.
    for name in ["plain", "small"] {
        assert_eq!(
            place
                .run(&format!("inspect {name} --report {name}.json"))
                .code(),
            0
        );
    }
    let run = place.run("compare plain.json small.json --format svg");
    assert!(titles(&run.stdout).iter().any(is_gone), "{}", run.stdout);
    let run = place.run("compare small small --format svg");
    assert!(
        run.stdout.contains("the files are identical"),
        "{}",
        run.stdout
    );
    check(&page(&place, "compare plain small"));
}

/// A profile without a picture would be read for nothing.
#[test]
fn a_profile_needs_a_treemap() {
    let place = Place::empty();
    place.write("tiny", crate::harness::executable());
    let run = place.run("inspect tiny --profile cpu.pprof");
    assert_eq!(run.code(), 2);
    assert!(run.stderr.contains("--format html"), "{}", run.shown());
}

/// Help and refusal say the same.
#[test]
fn a_command_offers_the_formats_that_it_takes() {
    let place = Place::empty();
    for (command, takes, refuses) in [
        ("doctor", "sarif", "svg"),
        ("explain", "json", "svg"),
        ("compare", "svg", "openmetrics"),
        ("inspect", "openmetrics", "github"),
        ("advise", "sarif", "svg"),
        ("advise", "html", "bencher"),
        ("profile show", "html", "sarif"),
        ("profile diff", "markdown", "bencher"),
    ] {
        let help = place.run(&format!("{command} --help")).stdout;
        let listed = |format: &str| {
            help.lines()
                .any(|it| it.trim_start().starts_with(&format!("- {format}:")))
        };
        assert!(listed(takes) && !listed(refuses), "{help}");
        let run = place.run(&format!("{command} --format {refuses}"));
        assert_eq!(run.code(), 2);
        assert!(
            run.stderr
                .contains("[possible values: text, json, markdown"),
            "{}",
            run.shown()
        );
    }
    let help = place.run("compare --help").stdout;
    let words: Vec<&str> = help.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("ends with: .txt, .json, .md, .svg, .html"),
        "{help}"
    );
}
