//! What only one package keeps alive is what goes with its cut.

use gobuild_opt::linker::Program;

use super::{MAIN, archives, module};
use crate::harness::toolchains::{self, Toolchain};

/// Alignment of data is not in it: bytes by which a cut may differ, beside a thousandth.
const ALIGNMENT: u64 = 512;

fn check(toolchain: &Toolchain, directory: &std::path::Path, package: &str) {
    let (archives, goroot) = archives(toolchain, directory, package);
    let read = archives.read(&goroot, 0, None).unwrap();
    let program = Program::link(&read).unwrap();
    let module = |path: &str| path.starts_with("text/").then_some("text");
    let retained = program.retained(module);
    let all: Vec<&str> = program.packages().collect();
    // What every program needs is no cut: the linker's own lists lead to it.
    let runtime = |path: &str| path.starts_with("runtime") || path.starts_with("internal/");
    let mut compared = 0;
    for path in all.iter().filter(|path| **path != "main" && !runtime(path)) {
        let removal = program
            .packages_where(|other| other == *path)
            .unwrap()
            .removal;
        let cut = program.freed(&removal);
        let said = retained.packages.get(*path).copied().unwrap_or_default();
        let off = said.bytes.abs_diff(cut.total());
        assert!(
            off <= ALIGNMENT + cut.total() / 1000 && said.functions == cut.functions as u64,
            "{path}: {said:?}, its cut {} and {}",
            cut.total(),
            cut.functions
        );
        compared += u64::from(cut.total() > 4096);
    }
    assert!(compared > 10, "{compared}");
    let text = program
        .packages_where(|path| path.starts_with("text/"))
        .unwrap();
    let cut = program.freed(&text.removal).total();
    let said = retained.modules["text"].bytes;
    assert!(said.abs_diff(cut) <= ALIGNMENT, "{said} {cut}");
    let widest = retained.packages["text/template"].bytes;
    assert!(said >= widest, "a module keeps what its packages keep");
}

#[test]
fn what_a_package_keeps_alone_goes_with_its_cut() {
    let directory = module(MAIN);
    check(&toolchains::in_path(), directory.path(), ".");
}

/// All that imports something is behind one package: the runtime still does its own work before `main`.
#[test]
fn the_only_import_of_main_goes_with_its_cut() {
    const ONE: &str = r#"package main

import "example.com/app/shapes"

func main() { println(shapes.Square(2).String()) }
"#;
    const NONE: &str = "package main\n\nfunc main() { println(\"2\") }\n";
    let package = "example.com/app/shapes";
    let toolchain = toolchains::in_path();
    let linked = |main: &str, look: &mut dyn FnMut(&Program<'_>)| {
        let directory = module(main);
        let shapes = super::SHAPES.replace(
            "func (s Square) String",
            "//go:noinline\nfunc (s Square) String",
        );
        std::fs::write(directory.path().join("shapes/shapes.go"), shapes).unwrap();
        let (archives, goroot) = archives(&toolchain, directory.path(), ".");
        let read = archives.read(&goroot, 0, None).unwrap();
        look(&Program::link(&read).unwrap());
    };
    let whole = |program: &Program<'_>| program.by_package().values().sum::<u64>();
    let (mut said, mut with, mut without) = (0, 0, 0);
    linked(ONE, &mut |program| {
        with = whole(program);
        let found = program.packages_where(|path| path == package).unwrap();
        said = program.freed(&found.removal).total();
        let retained = program.retained(|_| None).packages[package].bytes;
        assert!(retained.abs_diff(said) <= ALIGNMENT, "{retained} {said}");
    });
    linked(NONE, &mut |program| without = whole(program));
    // The call itself goes too.
    let is = with - without;
    assert!(said.abs_diff(is) <= 2 * ALIGNMENT, "said {said}, is {is}");
}

#[test]
#[ignore = "builds a command of every released toolchain; run with --ignored"]
fn what_a_package_keeps_alone_goes_with_its_cut_on_every_go() {
    let directory = module(MAIN);
    for version in toolchains::RELEASED.iter().chain(toolchains::BETWEEN) {
        if let Some(toolchain) = toolchains::released(version) {
            check(&toolchain, directory.path(), "cmd/go");
        }
    }
}

/// Of the main program of the tests: `text/template` is used once, the runtime by all.
#[test]
fn the_long_report_says_what_a_package_keeps_alone() {
    let place = super::place();
    let run = place.run("release --retained --report all.json --report page.html -o app .");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("retained B"), "{}", run.stdout);
    let text = std::fs::read_to_string(place.path("all.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let packages = report["targets"][0]["packages"].as_array().unwrap();
    let retained = |path: &str| {
        let found = packages.iter().find(|package| package["path"] == path);
        found.unwrap()["retained"].as_u64()
    };
    let cut = place.run("why --format json --cut text/template").json();
    let freed = cut["cut"]["freed"]["bytes"].as_u64().unwrap();
    let said = retained("text/template").unwrap();
    assert!(said.abs_diff(freed) < ALIGNMENT, "{said} {freed}");
    assert_eq!(retained("runtime"), None);
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("value=\"retained\""));
    // Who does not ask waits for no look at the objects.
    let run = place.run("release --report short.json -o app .");
    let text = std::fs::read_to_string(place.path("short.json")).unwrap();
    assert!(
        run.code() == 0 && text.contains("\"retained\": null"),
        "{}",
        run.shown()
    );
}

/// A file that was built here, by go itself or by a release, has the column, too.
#[test]
fn a_file_that_was_built_here_says_what_packages_keep_alone() {
    let place = super::place();
    let cut = place.run("why --format json --cut text/template").json();
    let freed = cut["cut"]["freed"]["bytes"].as_u64().unwrap();
    assert_eq!(place.run("release -o stripped .").code(), 0);
    place.tool("go", &["build", "-o", "plain", "."]);
    place.tool("go", &["build", "-gcflags=all=-l", "-o", "noinline", "."]);
    for (file, near) in [("stripped", true), ("plain", true), ("noinline", false)] {
        let run = place.run(&format!("inspect {file} --retained --format json"));
        assert_eq!(run.code(), 0, "{file}: {}", run.shown());
        let found = run.json();
        let packages = found["packages"].as_array().unwrap();
        let of = |path: &str| {
            let found = packages.iter().find(|package| package["path"] == path);
            found.unwrap()["retained"].as_u64()
        };
        let said = of("text/template").unwrap();
        let off = said.abs_diff(freed);
        assert_eq!(
            off < ALIGNMENT + freed / 200,
            near,
            "{file}: {said} {freed}"
        );
        assert_eq!(of("runtime"), None);
    }
    let run = place.run("inspect stripped --retained --report page.html");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("retained B: what goes"),
        "{}",
        run.stdout
    );
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("value=\"retained\""));
    // The column that was asked for is there on a narrow terminal, too, with what it means.
    has_column(&place.run("inspect stripped --retained --by package").stdout);
    let without = place.run("inspect stripped --format json").json();
    assert!(without["packages"][0]["retained"].is_null());
}

/// The heading of a listing has the column, and a line below says what it means.
fn has_column(shown: &str) {
    let heads = shown.lines().any(|line| line.contains("  retained B"));
    assert!(heads, "{shown}");
    assert!(shown.contains("retained B: what goes"), "{shown}");
}

/// Other platforms lay data out in other ways: on arm it begins at multiples of 8 at most. On ppc64 the linker makes stubs.
#[test]
fn a_file_for_another_platform_has_the_bytes_that_its_objects_make() {
    for (goos, goarch) in [("linux", "arm"), ("openbsd", "ppc64")] {
        let mut place = super::place();
        place.env("GOOS", goos);
        place.env("GOARCH", goarch);
        place.tool(
            "go",
            &["build", "-trimpath", "-ldflags=-s -w", "-o", "app", "."],
        );
        let run = place.run("inspect app --retained --format json");
        assert_eq!(run.code(), 0, "{goos}/{goarch}: {}", run.shown());
    }
}

#[test]
fn a_module_says_what_it_keeps_alone() {
    let place = super::place();
    place.write("dep/go.mod", "module example.com/dep\n\ngo 1.21\n");
    let page = "package dep\n\nimport \"text/template\"\n\nvar Page = template.Must(template.New(\"\").Parse(\"{{.}}\"))\n";
    place.write("dep/dep.go", page);
    place.write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v0.0.0\n\nreplace example.com/dep => ./dep\n",
    );
    let main = "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/dep\"\n)\n\nfunc main() { dep.Page.Execute(os.Stdout, 1) }\n";
    place.write("main.go", main);
    place.tool("go", &["build", "-o", "plain", "."]);
    let found = place.run("inspect plain --retained --format json").json();
    let modules = found["modules"].as_array().unwrap();
    let dep = modules.iter().find(|of| of["path"] == "example.com/dep");
    let dep = dep.unwrap();
    // It holds nearly nothing itself, and text/template goes with it.
    assert!(dep["retained"].as_u64().unwrap() > 300_000, "{dep}");
    assert!(dep["bytes"].as_u64().unwrap() < 30_000, "{dep}");
    has_column(&place.run("inspect plain --retained --by module").stdout);
}

/// Sources, settings and checkouts that are others are refused, by a sentence that says what differs.
#[test]
fn a_file_that_these_sources_do_not_link_is_refused() {
    let place = super::place();
    place.tool("go", &["build", "-o", "plain", "."]);
    place.tool("go", &["build", "-o", "files", "main.go"]);
    let refused = |file: &str| {
        let run = place.run(&format!("inspect {file} --retained"));
        assert_ne!(run.code(), 0, "{}", run.shown());
        run.stderr.clone()
    };
    let said = refused("files");
    assert!(said.contains("it was built from files"), "{said}");
    // A package that main does not import directly would not show in its own archive.
    place.write(
        "shapes/more.go",
        "package shapes\n\nvar Table = map[string]string{\"a\": \"b\"}\n",
    );
    let said = refused("plain");
    assert!(said.contains("those of these sources are others"), "{said}");
    place.write("shapes/more.go", "package shapes\n");
    assert_eq!(place.run("inspect plain --retained").code(), 0);
    // So would a table that only its own package sees.
    let table = |rows: usize| {
        let rows: String = (0..rows).map(|n| format!("{},", n * 7919)).collect();
        place.write(
            "shapes/more.go",
            format!("package shapes\n\nvar table = []int{{{rows}}}\n\nfunc init() {{ for _, n := range table {{ if n < 0 {{ panic(n) }} }} }}\n"),
        );
    };
    table(30_000);
    place.tool("go", &["build", "-o", "table", "."]);
    assert_eq!(place.run("inspect table --retained").code(), 0);
    table(100);
    let said = refused("table");
    assert!(
        said.contains("of constants, tables and variables"),
        "{said}"
    );
    place.write("shapes/more.go", "package shapes\n");
    place.write("go.mod", "module example.com/other\n\ngo 1.21\n");
    let said = refused("plain");
    assert!(
        said.contains("checkout that the file was built from"),
        "{said}"
    );
}
