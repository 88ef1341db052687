//! Sites of real programs against the raw lines, counted by other means, and against the object code.
//!
//! The small program and one with heavy generics run by default. All real ones, from the module proxy, take ten minutes of two
//! processors on cold caches:
//!
//! ```text
//! cargo test --test it -- --ignored --nocapture escape::truth
//! ```
//!
//! `GOBUILD_OPT_TRUTH=lo,1.27.3` runs only the program and the Go version that it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use gobuild_opt::escape::{Class, Collector, Sources, identify_among};

use super::{build, go};
use crate::harness::toolchains::{RELEASED, in_path, released};

/// Shares of the allocating sites that stand on a line with an allocating call may not be lower.
const CONFIRMED: f64 = 0.93;

/// A program, and which packages are judged.
struct Program {
    name: &'static str,
    /// `path@version` to require.
    module: &'static str,
    /// What is built.
    package: &'static str,
    /// Import paths that start so are judged.
    scope: &'static [&'static str],
    /// Judged with everything that is built, it has more packages than this.
    packages: usize,
    /// A `main.go` where the module has none that fits.
    main: Option<&'static str>,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "lo",
        module: "github.com/samber/lo@v1.47.0",
        package: ".",
        scope: &["github.com/samber/lo", "example.com/truth"],
        packages: 30,
        main: Some(GENERICS),
    },
    Program {
        name: "sqlite3",
        module: "github.com/mattn/go-sqlite3@v1.14.22",
        package: ".",
        scope: &["github.com/mattn/go-sqlite3", "example.com/truth"],
        packages: 50,
        main: Some(CGO),
    },
    Program {
        name: "kustomize",
        module: "sigs.k8s.io/kustomize/kustomize/v5@v5.3.0",
        package: "sigs.k8s.io/kustomize/kustomize/v5",
        scope: &["sigs.k8s.io/kustomize/"],
        packages: 300,
        main: None,
    },
];

/// Every function once or more, with pointers, values, strings and structs as type arguments.
const GENERICS: &str = r#"package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/samber/lo"
)

type point struct{ x, y int }

type both[A comparable, B any] struct {
	a A
	b []B
}

func use[T comparable](all []T, text func(T) string) any {
	m := lo.GroupBy(all, text)
	u := lo.Uniq(all)
	c := lo.Chunk(all, 2)
	z := lo.Zip2(all, lo.Map(all, func(it T, _ int) string { return text(it) }))
	k := lo.KeyBy(all, text)
	f := lo.Filter(all, func(it T, i int) bool { return i%2 == 0 })
	p := lo.PartitionBy(all, text)
	d, e := lo.Difference(all, f)
	r := lo.Reverse(lo.Shuffle(append([]T(nil), all...)))
	s := lo.Associate(all, func(it T) (string, []T) { return text(it), []T{it} })
	o := lo.MapToSlice(k, func(name string, it T) both[string, T] { return both[string, T]{name, []T{it}} })
	w := lo.Without(all, u...)
	l := lo.FlatMap(all, func(it T, _ int) []*T { return []*T{&it} })
	return []any{m, u, c, z, k, f, p, d, e, r, s, o, w, l, lo.CountValues(all), lo.ToSlicePtr(all), lo.Compact(all), lo.Invert(lo.CountValues(lo.Map(all, func(it T, _ int) string { return text(it) })))}
}

func main() {
	n := len(os.Args)
	fmt.Println(use([]int{n, 2, 3}, strconv.Itoa))
	fmt.Println(use(os.Args, func(it string) string { return it + "!" }))
	fmt.Println(use([]point{{n, 1}}, func(it point) string { return fmt.Sprint(it) }))
	fmt.Println(use([]*point{{n, 1}}, func(it *point) string { return fmt.Sprint(it.x) }))
	fmt.Println(use([]any{n, "a"}, func(it any) string { return fmt.Sprint(it) }))
	fmt.Println(lo.Attempt(n, func(i int) error { return nil }))
	d, cancel := lo.NewDebounce(0, func() {})
	d()
	cancel()
	fmt.Println(<-lo.Async(func() point { return point{n, n} }))
}
"#;

const CGO: &str = r#"package main

import (
	"database/sql"
	"fmt"

	_ "github.com/mattn/go-sqlite3"
)

func main() {
	db, err := sql.Open("sqlite3", ":memory:")
	fmt.Println(db, err)
}
"#;

/// A `go`, with what is printed of it.
pub struct Tool {
    pub version: String,
    pub path: PathBuf,
}

/// The `go` in PATH, and then the released ones.
pub fn tools() -> Vec<Tool> {
    let own = in_path();
    let own = Tool {
        version: format!("{}.{} in PATH", own.minor.0, own.minor.1),
        path: "go".into(),
    };
    let released = RELEASED.iter().filter_map(|version| {
        Some(Tool {
            version: (*version).to_owned(),
            path: released(version)?.bin?.join("go"),
        })
    });
    std::iter::once(own).chain(released).collect()
}

/// The module of the program, or `None` where its dependencies ask for a newer Go.
fn module(program: &Program, tool: &Tool) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("go.mod", "module example.com/truth\n\ngo 1.21\n");
    if let Some(main) = program.main {
        write("main.go", main);
    }
    let mut command = std::process::Command::new(&tool.path);
    command
        .args(["get", program.module])
        .current_dir(dir.path())
        .envs([
            ("GOTOOLCHAIN", "local"),
            ("GOFLAGS", "-mod=mod"),
            ("GOWORK", "off"),
        ]);
    let done = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    if stderr.contains("requires go >= ") {
        println!(
            "{} on {}: it asks for a newer Go",
            program.name, tool.version
        );
        return None;
    }
    assert!(done.status.success(), "{}: {stderr}", program.name);
    Some(dir)
}

/// What one program has on one Go.
#[derive(Default)]
struct Figures {
    packages: usize,
    sites: usize,
    allocating: usize,
    confirmed: usize,
    /// By class: all, and those that are confirmed.
    classes: BTreeMap<Class, (usize, usize)>,
    unconfirmed: Vec<String>,
}

fn judge(tool: &Path, dir: &Path, package: &str, scope: &[&str]) -> Figures {
    let in_scope = |path: &str| scope.iter().any(|it| path.starts_with(it));
    let patterns: Vec<String> = scope
        .iter()
        .map(|it| it.trim_end_matches('/').to_owned() + "/...")
        .collect();
    let flags = |value: &str| {
        let flags = patterns.iter().map(|it| format!("-gcflags={it}={value}"));
        flags.chain(["-trimpath".to_owned()]).collect::<Vec<_>>()
    };
    let run = |value: &str| {
        let flags = flags(value);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        build(tool, dir, &flags, &[package])
    };
    let (sources, text) = run("-m");
    let mut collector = Collector::new(&sources).with_sites(true);
    collector.text(&text);
    let (escapes, sites) = collector.finish_with_sites(|it| in_scope(&it.import_path));
    assert_eq!(escapes.unparsed_examples, [""; 0]);
    let text = String::from_utf8(text).unwrap();
    let expected = by_hand(&sources, &text, in_scope);
    let place = |file: &str, line: u32, column: u32| format!("{file}:{line}:{column}");
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for it in &sites {
        let key = place(&bare(&it.file, &it.package), it.line, it.column);
        *found.entry(key).or_default() += 1;
    }
    let differing: Vec<String> = found
        .keys()
        .chain(expected.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|it| found.get(*it) != expected.get(*it))
        .map(|it| {
            format!(
                "{it}: {:?} sites, {:?} by hand",
                found.get(it),
                expected.get(it)
            )
        })
        .collect();
    assert_eq!(
        differing,
        [""; 0],
        "{} of {} places",
        differing.len(),
        found.len()
    );

    // At level 2 the listing has the line of the call where code was inlined, as `-m` has.
    let (_, object) = run("-S=2");
    let calls = allocating_calls(&object);
    let mut figures = Figures {
        packages: sources.packages.len(),
        sites: sites.len(),
        ..Figures::default()
    };
    let read = |path: &[u8]| std::fs::read(String::from_utf8(path.to_vec()).ok()?).ok();
    for it in identify_among(&sites, &sources, read) {
        let class = it.identity.class;
        if !class.allocates() || it.site.line == 0 {
            continue;
        }
        let is_confirmed = calls.contains_key(&format!("{}:{}", it.site.file, it.site.line));
        let counts = figures.classes.entry(class).or_default();
        counts.0 += 1;
        figures.allocating += 1;
        if is_confirmed {
            counts.1 += 1;
            figures.confirmed += 1;
        } else {
            figures.unconfirmed.push(format!(
                "{}:{}: {}",
                it.site.file, it.site.line, it.site.message
            ));
        }
    }
    figures
}

/// A file with its package in front, whatever the compiler prints in front.
fn bare(file: &str, package: &str) -> String {
    format!("{package}/{}", file.rsplit('/').next().unwrap())
}

/// Sites per place, by plain text. At home and elsewhere, and for each type argument, the compiler repeats the lines of a
/// generic function; all that tells one expression from another at one place is what stands before the first type argument.
fn by_hand(
    sources: &Sources,
    text: &str,
    in_scope: impl Fn(&str) -> bool,
) -> BTreeMap<String, usize> {
    let mut declarations = Declarations::default();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut header = "";
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            header = name.split(' ').next().unwrap();
            continue;
        }
        let mut line = line.to_owned();
        while line.matches('`').count() % 2 == 1 {
            line = line + "\n" + lines.next().unwrap();
        }
        // Variables that the compiler invents have no position.
        let nowhere = line
            .starts_with("moved to heap: ")
            .then_some(("", line.as_str()));
        let Some((position, message)) = nowhere.or_else(|| line.split_once(": ")) else {
            continue;
        };
        if !message.ends_with(" escapes to heap") && !message.starts_with("moved to heap: ") {
            continue;
        }
        let mut numbers = position.splitn(3, ':');
        let file = numbers.next().unwrap();
        let number = numbers.next().unwrap_or("0");
        let column = numbers.next().unwrap_or("0");
        let owner = owner(sources, file).unwrap_or(header);
        if !in_scope(owner) || declarations.holds(sources, owner, file, number, column) {
            continue;
        }
        let name = owner.rsplit('/').find(|it| !is_major(it)).unwrap();
        let name = sources
            .packages
            .iter()
            .find(|it| it.import_path == owner)
            .map_or(name, |it| &it.name);
        let key = format!("{}:{number}:{column}", bare(file, owner));
        seen.insert((key, skeleton(message, (owner != header).then_some(name))));
    }
    let mut counts = BTreeMap::new();
    for (place, _) in seen {
        *counts.entry(place).or_default() += 1;
    }
    counts
}

fn is_major(element: &str) -> bool {
    element
        .strip_prefix('v')
        .is_some_and(|it| it.parse::<u32>().is_ok())
}

/// The package whose directory a trimmed path names.
fn owner<'a>(sources: &'a Sources, file: &str) -> Option<&'a str> {
    let (directory, _) = file.rsplit_once('/')?;
    let unversioned: Vec<&str> = directory
        .split('/')
        .map(|it| it.split('@').next().unwrap())
        .collect();
    let path = unversioned.join("/");
    let found = sources.packages.iter().find(|it| it.import_path == path);
    found.map(|it| it.import_path.as_str())
}

fn skeleton(message: &str, foreign: Option<&str>) -> String {
    let message = match foreign {
        // Word by word: `lo.x` and `(lo.x` are qualified, `xlo.y` and `a.lo.x` are not.
        Some(name) => {
            let mut out = String::new();
            let mut rest = message;
            let qualifier = format!("{name}.");
            while let Some(at) = rest.find(&qualifier) {
                let before = rest[..at].chars().next_back().or(out.chars().next_back());
                out.push_str(&rest[..at]);
                if before.is_some_and(|it| it.is_alphanumeric() || it == '_' || it == '.') {
                    out.push_str(&qualifier);
                }
                rest = &rest[at + qualifier.len()..];
            }
            out + rest
        }
        None => message.to_owned(),
    };
    match message.split_once("go.shape.") {
        Some((before, rest)) => {
            let end = rest.trim_end_matches(" escapes to heap");
            let kind = if end.ends_with('}') { "}" } else { ")" };
            format!("{before}…{kind}")
        }
        None => message,
    }
}

/// Sources, to tell where a function is declared: there the compiler repeats what it inlined into its own wrapper.
#[derive(Default)]
struct Declarations(BTreeMap<PathBuf, Vec<String>>);

impl Declarations {
    fn holds(
        &mut self,
        sources: &Sources,
        owner: &str,
        file: &str,
        line: &str,
        column: &str,
    ) -> bool {
        let Some(package) = sources.packages.iter().find(|it| it.import_path == owner) else {
            return false;
        };
        let directory = PathBuf::from(String::from_utf8(package.dir.clone()).unwrap());
        let path = directory.join(file.rsplit('/').next().unwrap());
        let lines = self.0.entry(path).or_insert_with_key(|path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        });
        let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
        let text = line.checked_sub(1).and_then(|it| lines.get(it));
        let Some((before, name)) =
            text.and_then(|it| it.split_at_checked(column.saturating_sub(1)))
        else {
            return false;
        };
        let is_name = name.starts_with(|it: char| it.is_alphabetic() || it == '_');
        // `func name[` or `func (r *R[T]) name(`
        let receiver = before
            .strip_prefix("func (")
            .is_some_and(|it| it.ends_with(") ") && it.matches(')').count() == 1);
        is_name && (before == "func " || receiver)
    }
}

/// How the names of runtime functions start that allocate, on Go 1.21 to 1.27.
const ALLOCATING: &[&str] = &[
    "newobject",
    "newarray",
    "mallocgc",
    "makeslice",
    "makemap",
    "makechan",
    "growslice",
    "moveSlice",
    "convT",
    "concatstring",
    "concatbyte",
    "slicebytetostring",
    "slicerunetostring",
    "stringtoslice",
    "intstring",
    "rawstring",
    "rawbyteslice",
    "rawruneslice",
];

/// The calls of allocating functions in the listing of `-S=2`, by `file:line`.
pub fn allocating_calls(listing: &[u8]) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for line in listing.split(|it| *it == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let Some((place, symbol)) = line.split_once(")\tCALL\truntime.") else {
            continue;
        };
        if ALLOCATING.iter().any(|it| symbol.starts_with(it))
            && let Some((_, place)) = place.split_once('(')
        {
            // `gram.y:10[lib/gram.go:4]`: behind a `//line` comment stands where the code really is.
            let mapped = place.split('[').next().unwrap_or_default();
            let calls = found.entry(mapped.to_owned()).or_default();
            calls.push(symbol.to_owned());
        }
    }
    found
}

fn told(name: &str, tool: &Tool, figures: &Figures) -> f64 {
    let share = figures.confirmed as f64 / figures.allocating.max(1) as f64;
    let classes: Vec<String> = figures
        .classes
        .iter()
        .map(|(class, (all, confirmed))| format!("{class:?} {confirmed}/{all}"))
        .collect();
    println!(
        "{name} on Go {}: {} packages, {} sites equal the count by hand, {} of {} allocating ones confirmed ({:.1} %): {}",
        tool.version,
        figures.packages,
        figures.sites,
        figures.confirmed,
        figures.allocating,
        share * 100.0,
        classes.join(", ")
    );
    for it in figures.unconfirmed.iter().take(8) {
        println!("  not confirmed: {it}");
    }
    share
}

fn judged(is_wanted: impl Fn(&str, &str) -> bool) {
    let mut judged = 0;
    for tool in tools().iter().skip(1) {
        for program in PROGRAMS
            .iter()
            .filter(|it| is_wanted(it.name, &tool.version))
        {
            let Some(dir) = module(program, tool) else {
                continue;
            };
            let figures = judge(&tool.path, dir.path(), program.package, program.scope);
            let share = told(program.name, tool, &figures);
            assert!(figures.packages > program.packages, "{}", figures.packages);
            assert!(figures.sites > 80, "{}", figures.sites);
            assert!(share >= CONFIRMED, "{}: {share}", program.name);
            judged += 1;
        }
    }
    assert!(judged > 0, "nothing was judged");
}

#[test]
fn generic_code_is_counted_and_confirmed() {
    judged(|name, _| name == "lo");
}

#[test]
#[ignore = "minutes of all processors on cold caches, half of them for a large C file"]
fn real_programs_are_counted_and_confirmed() {
    let only = std::env::var("GOBUILD_OPT_TRUTH").unwrap_or_default();
    judged(|name, version| {
        only.is_empty() || only.split(',').all(|it| it == name || it == version)
    });
}

/// The module of the other tests, with generics, `//line` and range-over-func, and a file with cgo.
#[test]
fn a_small_program_is_counted_and_confirmed() {
    for tool in tools() {
        let dir = super::module();
        let cgo = "package lib\n\n// static int one(int n) { return n + 1; }\nimport \"C\"\n\nvar Kept any\n\nfunc One(n int) *int {\n\tsum := int(C.one(C.int(n)))\n\tKept = []C.int{C.int(sum)}\n\treturn &sum\n}\n";
        std::fs::write(dir.path().join("lib/cgo.go"), cgo).unwrap();
        let (cgo, _) = go(&tool.path, dir.path(), &["env", "CGO_ENABLED"]);
        assert_eq!(cgo.trim(), "1", "cgo needs a C compiler");
        let figures = judge(&tool.path, dir.path(), "./...", &["example.com/m"]);
        let share = told("small", &tool, &figures);
        assert!(figures.sites > 60, "{}", figures.sites);
        assert!(share >= CONFIRMED, "{share}: {:?}", figures.unconfirmed);
    }
}
