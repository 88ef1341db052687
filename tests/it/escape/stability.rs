//! Edits that change no allocation leave every identity as it was.

use std::fmt::Write;
use std::path::Path;

use gobuild_opt::escape::{Collector, Diff, Identity, Site, diff, functions, identify, recount};
use proptest::prelude::*;

use super::{compile, module, toolchains};

fn sites(dir: &Path) -> Vec<Site> {
    let (sources, text) = compile(&toolchains()[0], dir, true);
    let mut collector = Collector::new(&sources).with_sites(true);
    collector.text(&text);
    let (escapes, sites) = collector.finish_with_sites(|it| !it.standard);
    let allocating = sites.iter().filter(|it| it.class.allocates()).count();
    assert_eq!(escapes.sites, allocating as u64);
    sites
}

fn read(path: &[u8]) -> Option<Vec<u8>> {
    std::fs::read(String::from_utf8(path.to_vec()).ok()?).ok()
}

pub fn identities(dir: &Path) -> Vec<Identity> {
    identify(&sites(dir), read)
        .into_iter()
        .map(|it| it.identity)
        .collect()
}

/// Numbers that look random, from a seed.
pub struct Choice(pub u64);

impl Choice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// The file with its functions in another order, lines added, and other white space.
fn edited(source: &str, choice: &mut Choice) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let declared = functions(source.as_bytes());
    let mut bounds: Vec<usize> = declared
        .iter()
        .filter(|it| !it.name.starts_with("var "))
        .map(|it| it.end_line as usize)
        .collect();
    let first = declared
        .iter()
        .find(|it| !it.name.starts_with("var "))
        .unwrap()
        .start_line as usize
        - 1;
    // Comments above the first function belong to it: they may be directives.
    let first = (0..first)
        .rev()
        .take_while(|it| lines[*it].starts_with("//"))
        .last()
        .unwrap_or(first);
    bounds.insert(0, first);
    let mut parts: Vec<&[&str]> = bounds.windows(2).map(|it| &lines[it[0]..it[1]]).collect();
    for at in (1..parts.len()).rev() {
        parts.swap(at, choice.below(at + 1));
    }
    let mut text = lines[..first].join("\n") + "\n";
    for line in parts.concat() {
        // Nothing may stand between a directive and its function.
        if !text.ends_with("//go:noinline\n") && !text.contains("//line") && choice.below(4) == 0 {
            text.push_str(["\n", "\t// a comment\n", "/* one\n two */\n"][choice.below(3)]);
        }
        let line = if choice.below(2) == 0 {
            line.replace(", ", ",  ").replace('\t', "  ")
        } else {
            line.to_owned()
        };
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn edit(dir: &Path, choice: &mut Choice) {
    for name in ["main.go", "iter.go", "lib/lib.go", "lib/gram.go"] {
        let path = dir.join(name);
        let text = edited(&std::fs::read_to_string(&path).unwrap(), choice);
        std::fs::remove_file(&path).unwrap();
        let renamed = format!("file{}{}", choice.below(1000), name.replace('/', "x"));
        std::fs::write(path.with_file_name(renamed), text).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn edits_without_allocations_find_nothing_new(seed in any::<u64>()) {
        let (before, after) = (module(), module());
        edit(after.path(), &mut Choice(seed));
        let (old, new) = (identities(before.path()), identities(after.path()));
        let Diff { new: come, fixed, moved, kept } = diff(&old, &new);
        prop_assert!(come.is_empty() && fixed.is_empty() && moved.is_empty(), "new {:?}, fixed {:?}",
            come.iter().map(|it| &new[*it]).collect::<Vec<_>>(), fixed.iter().map(|it| &old[*it]).collect::<Vec<_>>());
        prop_assert_eq!(kept.len(), old.len());
    }
}

#[test]
fn one_more_escape_is_one_new_identity() {
    let (before, after) = (module(), module());
    let path = after.path().join("main.go");
    let text = std::fs::read_to_string(&path).unwrap();
    let line = "\n\tn := len(os.Args)\n";
    std::fs::write(
        &path,
        text.replace(
            line,
            &format!("\n{line}\tsink = &struct{{ a, b int }}{{n, n}}\n"),
        ),
    )
    .unwrap();
    let (old, new) = (identities(before.path()), identities(after.path()));
    let found = diff(&old, &new);
    assert_eq!(
        (found.new.len(), found.fixed.len(), found.moved.len()),
        (1, 0, 0)
    );
    let it = &new[found.new[0]];
    assert_eq!(
        (it.package.as_str(), it.function.as_str()),
        ("example.com/m", "main")
    );
}

#[test]
fn functions_are_counted_and_ranked() {
    let dir = module();
    let (sources, text) = compile(&toolchains()[0], dir.path(), true);
    let mut collector = Collector::new(&sources).with_sites(true);
    collector.text(&text);
    let (mut escapes, sites) =
        collector.finish_with_sites(|it| it.import_path == "example.com/m/lib");
    let identified = identify(&sites, read);
    recount(&mut escapes, &identified);
    let groups = gobuild_opt::escape::by_function(&identified);
    // What is in no function of the source has a row of words.
    let named = groups.iter().map(|group| group.name.clone());
    let ranked: Vec<String> = named.filter(|name| !name.contains(' ')).collect();
    let mut names = ranked.clone();
    names.sort();
    assert_eq!(names, ["All", "Map", "NewBox"]);
    let sum: u64 = groups.iter().map(|group| group.sites).sum();
    assert_eq!(sum, escapes.sites);
    assert_eq!(escapes.packages[0].functions, Some(3));
    assert_eq!(ranked[0], "All");
    let lines = gobuild_opt::escape::by_line(&identified);
    assert_eq!(lines.iter().map(|it| it.sites).sum::<u64>(), escapes.sites);
    assert!(lines.windows(2).all(|it| it[0].sites >= it[1].sites));
}
