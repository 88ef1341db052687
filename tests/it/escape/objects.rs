//! What counts as an allocation, and what does not, against the object code of packages that nobody chose for it.
//!
//! A line tells both ways: an allocating site without a call that allocates is one too many, and a call that boxes where only
//! constants are reported is one too few. With all packages of the standard library and on every Go it takes minutes:
//!
//! ```text
//! cargo test --test it -- --ignored --nocapture escape::objects
//! ```
//!
//! `GOBUILD_OPT_TRUTH=1.27.3` runs only that Go.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use gobuild_opt::escape::{Class, Collector, IdentifiedSite, identify_among};

use super::truth::{allocating_calls, tools};

/// What was found of one Go.
#[derive(Debug, Default)]
struct Figures {
    /// Sites that box a value or hold a composite literal, and those of them on a line that allocates.
    boxes: usize,
    confirmed: usize,
    /// Lines of which no site allocates, and those of them that box a value all the same.
    quiet: usize,
    missed: Vec<String>,
    unconfirmed: Vec<String>,
}

fn judge(tool: &Path, dir: &Path, packages: &[&str]) -> Figures {
    let run = |value: &str| {
        let flags: Vec<String> = packages
            .iter()
            .map(|it| format!("-gcflags={it}={value}"))
            .chain(["-trimpath".to_owned()])
            .collect();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        super::build(tool, dir, &flags, packages)
    };
    let (sources, text) = run("-m");
    let mut collector = Collector::new(&sources).with_sites(true);
    collector.text(&text);
    let (_, sites) = collector.finish_with_sites(|_| true);
    let read = |path: &[u8]| std::fs::read(String::from_utf8(path.to_vec()).ok()?).ok();
    let identified = identify_among(&sites, &sources, read);
    let calls = allocating_calls(&run("-S=2").1);
    let mut lines: HashMap<String, Vec<&IdentifiedSite>> = HashMap::new();
    for it in identified
        .iter()
        .filter(|it| it.site.line > 0 && !it.site.is_generated())
    {
        let line = format!("{}:{}", it.site.file, it.site.line);
        lines.entry(line).or_default().push(it);
    }
    let mut figures = Figures::default();
    let sorted: BTreeMap<String, Vec<&IdentifiedSite>> = lines.into_iter().collect();
    for (line, sites) in sorted {
        let here = calls.get(&line);
        for it in &sites {
            if matches!(it.site.class, Class::Boxing | Class::Other) {
                figures.boxes += 1;
                match here {
                    Some(_) => figures.confirmed += 1,
                    None => figures
                        .unconfirmed
                        .push(format!("{line}: {}", it.site.expression)),
                }
            }
        }
        if sites.iter().all(|it| !it.site.class.allocates()) {
            figures.quiet += 1;
            // A nil slice in an interface is a call that allocates nothing.
            let nil = sites.iter().any(|it| it.site.expression.ends_with("(nil)"));
            let boxed = here.into_iter().flatten().any(|it| it.starts_with("convT"));
            if boxed && !nil {
                figures
                    .missed
                    .push(format!("{line}: {:?}", sites[0].site.expression));
            }
        }
    }
    figures
}

fn held(packages: &[&str], only: impl Fn(usize) -> bool, least: usize, confirmed: f64) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n").unwrap();
    let named = std::env::var("GOBUILD_OPT_TRUTH").unwrap_or_default();
    let tools = tools().into_iter().enumerate().filter(|it| only(it.0));
    for (_, tool) in tools.filter(|it| named.is_empty() || it.1.version.starts_with(&named)) {
        let figures = judge(&tool.path, dir.path(), packages);
        let share = figures.confirmed as f64 / figures.boxes as f64;
        println!(
            "Go {}: {} of {} boxes confirmed ({:.2} %), {} of {} quiet lines box",
            tool.version,
            figures.confirmed,
            figures.boxes,
            share * 100.0,
            figures.missed.len(),
            figures.quiet
        );
        for it in figures.unconfirmed.iter().take(10) {
            println!("  no call: {it}");
        }
        assert!(figures.boxes >= least && figures.quiet > 20, "{figures:?}");
        assert!(
            share > confirmed,
            "{share} on {}: {:?}",
            tool.version,
            figures.unconfirmed
        );
        assert_eq!(figures.missed, [""; 0], "{}", tool.version);
    }
}

/// Errors that are constants of string types, values without a size, bytes, literals that are read-only data.
const SOME: &[&str] = &[
    "compress/bzip2",
    "context",
    "encoding/asn1",
    "encoding/hex",
    "go/constant",
    "image/jpeg",
    "log/slog",
];

#[test]
fn boxes_are_those_of_the_object_code() {
    held(SOME, |index| index == 0, 150, 0.92);
}

#[test]
#[ignore = "the standard library twice, on five versions of Go: minutes of all processors"]
fn boxes_of_the_standard_library_are_those_of_the_object_code() {
    held(SOME, |index| index > 0, 150, 0.9);
    held(&["std"], |_| true, 3000, 0.96);
}
