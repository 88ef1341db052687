//! `compare --why --exact`: causes that are differences of files, and add up to the byte.

use serde_json::Value;

use super::growth::{commit, git, grown};
use crate::harness::Place;

/// Builds as people do, with the stamps of git.
fn build(place: &Place, out: &str, flags: &[&str]) {
    let args = [
        &["build", "-trimpath", "-buildvcs=true", "-o", out],
        flags,
        &["."],
    ]
    .concat();
    place.tool("go", &args);
}

fn length(place: &Place, name: &str) -> i64 {
    place.read(name).len() as i64
}

/// The causes of `old` to `new`, which add up to the difference of the files.
fn causes(place: &Place) -> Vec<(String, String, i64)> {
    let run = place.run("compare old new --why --exact --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = run.json();
    let growth = &found["pairs"][0]["growth"];
    assert_eq!(growth["exact"], true, "{growth:#}");
    let of = |cause: &Value| {
        let word = |key: &str| cause[key].as_str().unwrap().to_owned();
        (word("kind"), word("name"), cause["bytes"].as_i64().unwrap())
    };
    let all = growth["causes"].as_array().unwrap().iter();
    let all: Vec<(String, String, i64)> = all.map(of).collect();
    let sum: i64 = all.iter().map(|(_, _, bytes)| bytes).sum();
    assert_eq!(
        sum,
        length(place, "new") - length(place, "old"),
        "{growth:#}"
    );
    // What was not built again is small: the stamps.
    let stamps = named(&all, "stamps").map_or(0, |of| of.2);
    assert!(stamps.abs() < 9 << 10, "{growth:#}");
    all
}

#[test]
fn what_is_not_the_same_program_is_not_explained() {
    let place = Place::module();
    place.write(
        "cmd/a/main.go",
        "package main\n\nfunc main() { println(1) }\n",
    );
    place.write(
        "cmd/b/main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(1) }\n",
    );
    let build = |out: &str, package: &str| {
        let args = ["build", "-trimpath", "-buildvcs=false", "-o", out, package];
        place.tool("go", &args);
    };
    build("old", "./cmd/a");
    build("new", "./cmd/b");
    let run = place.run("compare old new --why --exact");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("cmd/a` and `"), "{}", run.shown());
    // Neither records a commit, and one is not what lies here.
    build("new", "./cmd/a");
    let table: String = (0..9000).map(|n| format!("{},", n * 7919)).collect();
    place.write(
        "cmd/a/main.go",
        format!("package main\n\nvar table = []int{{{table}}}\n\nfunc main() {{ for _, n := range table {{ println(n) }} }}\n"),
    );
    build("old", "./cmd/a");
    for line in [
        "compare old new --why --exact",
        "compare new old --why --exact",
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(
            run.stderr.contains("cannot be built again"),
            "{}",
            run.shown()
        );
    }
}

fn named<'a>(all: &'a [(String, String, i64)], kind: &str) -> Option<&'a (String, String, i64)> {
    all.iter().find(|(of, _, _)| of == kind)
}

#[test]
fn causes_are_differences_of_files_and_add_up_to_the_byte() {
    let mut place = grown();
    place.env("GOFLAGS", "");
    place.write(".gitignore", "old\nnew\nthird\n");
    // The first commit of the repository is the small program.
    git(&place, &["stash", "-q", "-u"]);
    build(&place, "old", &["-ldflags=-s -w"]);
    git(&place, &["stash", "pop", "-q"]);
    commit(&place);
    build(&place, "new", &["-ldflags=-s -w", "-gcflags=all=-l"]);
    let all = causes(&place);
    let (_, name, flags) = named(&all, "settings").expect("the settings");
    assert_eq!(name, "-gcflags");
    let (_, name, own) = named(&all, "own").expect("the own packages");
    assert_eq!(name, "example.com/app");
    assert!(*own > 1_000_000, "{all:?}");
    // The point between them is a file that can be built.
    git(&place, &["checkout", "-q", "HEAD~1"]);
    build(&place, "third", &["-ldflags=-s -w", "-gcflags=all=-l"]);
    let is = length(&place, "third") - length(&place, "old");
    assert!(flags.abs_diff(is) <= 4096, "{flags} {is} {all:?}");
    git(&place, &["checkout", "-q", "main"]);
    let run = place.run("compare old new --why --exact");
    assert!(
        run.stdout.contains("own package example.com/app"),
        "{}",
        run.stdout
    );
    // Lines are broken where the terminal ends.
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    let switched = "from there on the linker keeps every exported method";
    assert!(words.join(" ").contains(switched), "{}", run.stdout);
}

#[test]
fn what_cannot_be_built_again_is_refused() {
    let mut place = grown();
    place.env("GOFLAGS", "");
    build(&place, "old", &["-ldflags=-s -w"]);
    place.tool("go", &["build", "-o", "files", "main.go"]);
    let refused = |line: &str, why: &str| {
        let run = place.run(line);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(run.stderr.contains(why), "{}", run.stderr);
    };
    refused(
        "compare old files --why --exact",
        "does not say what it was built from",
    );
    refused("compare old old --exact", "--why");
    // It records no commit that has its sources, and they are gone.
    let now = place.text("main.go");
    place.write("main.go", "package main\n\nfunc main() {}\n");
    build(&place, "new", &["-ldflags=-s -w"]);
    refused("compare old new --why --exact", "cannot be built again");
    place.write("main.go", now);
    place.tool("go", &["build", "-trimpath", "-o", "other", "."]);
    let elsewhere = Place::empty();
    let line = format!(
        "compare {} {} --why --exact",
        place.path("old").display(),
        place.path("other").display()
    );
    assert_ne!(elsewhere.run(&line).code(), 0);
}

/// Each version is a step of its own, and one whose sources need it counts with them.
#[test]
#[ignore = "fetches modules; run with --ignored"]
fn modules_are_causes_one_by_one() {
    const MAIN: &str = "package main\n\nimport (\n\t\"fmt\"\n\n\t\"github.com/rivo/uniseg\"\n\t\"github.com/spf13/cobra\"\n)\n\nfunc main() {\n\tfmt.Println(uniseg.GraphemeClusterCount(\"hello\"), (&cobra.Command{Use: \"x\"}).Execute())\n}\n";
    let mut place = Place::empty();
    place.env("GOFLAGS", "");
    place.env("CGO_ENABLED", "0");
    place.write(".gitignore", "old\nnew\n");
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("main.go", MAIN);
    git(&place, &["init", "-q", "-b", "main"]);
    let modules = |all: &[&str]| {
        place.tool("go", &[&["get"], all].concat());
        place.tool("go", &["mod", "tidy"]);
        commit(&place);
    };
    modules(&[
        "github.com/rivo/uniseg@v0.2.0",
        "github.com/spf13/cobra@v1.9.1",
    ]);
    build(&place, "old", &["-ldflags=-s -w"]);
    modules(&[
        "github.com/rivo/uniseg@v0.4.7",
        "github.com/spf13/cobra@v1.8.1",
    ]);
    build(&place, "new", &["-ldflags=-s -w"]);
    let all = causes(&place);
    let moved: Vec<&str> = all
        .iter()
        .filter(|(kind, _, _)| kind == "module_version")
        .map(|(_, name, _)| name.as_str())
        .collect();
    assert!(
        moved.contains(&"github.com/rivo/uniseg") && moved.contains(&"github.com/spf13/cobra"),
        "{all:?}"
    );
}
