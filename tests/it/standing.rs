//! Where go stands: in a workspace, in GOPATH mode, below a go.work of somebody else; and words that send people the wrong way.

use crate::harness::{Place, skipped};

const MAIN: &str = "package main

import (
\t\"fmt\"
\t\"os\"
)

var Kept any

func main() {
\tn := len(os.Args)
\tKept = &n
\tfmt.Println(\"hello\")
}
";

/// Two modules below a go.work, and none beside it.
fn workspace() -> Place {
    let place = Place::empty();
    place.write("go.work", "go 1.21\n\nuse (\n\t./app\n\t./lib\n)\n");
    place.write("app/go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("app/main.go", MAIN);
    place.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write("lib/lib.go", "package lib\n");
    place
}

#[test]
fn the_root_of_a_workspace_is_told_its_modules() {
    let place = workspace();
    let run = place.run("release");
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(!run.stderr.contains("go mod init"), "{}", run.shown());
    assert!(
        run.stderr.contains("`./app/...` (modules: ./app, ./lib)"),
        "{}",
        run.shown()
    );
    let run = place.run("init");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = place.text("gobuild-opt.toml");
    assert!(text.contains("packages = [\"./app\"]"), "{text}");
    // `n` in main.
    let run = place.run("escape --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    let packages = &report["targets"][0]["escapes"]["packages"];
    assert_eq!(packages.as_array().unwrap().len(), 1, "{packages}");
    assert_eq!(packages[0]["path"], "example.com/app");
    assert_eq!(packages[0]["moved"], 1, "{packages}");
    let run = place.run("release --baseline off --set checks.gomaxprocs=warn");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(place.path("dist/app").is_file());
    assert!(
        run.stdout.contains("go.work says go 1.21"),
        "{}",
        run.shown()
    );
}

#[test]
fn without_modules_the_scope_is_the_repository() {
    let mut place = Place::empty();
    place.env("GO111MODULE", "off");
    place.env("GOPATH", place.dir().display().to_string());
    place.env("GOFLAGS", "");
    let app = "src/example.com/team/app";
    let with = MAIN.replace("\t\"os\"\n", "\t\"os\"\n\t\"example.com/team/app/lib\"\n");
    place.write(
        &format!("{app}/main.go"),
        with.replace("\tn := ", "\tlib.Keep()\n\tn := "),
    );
    place.write(
        &format!("{app}/lib/lib.go"),
        "package lib\n\nvar kept any\n\nfunc Keep() { kept = new([8]int) }\n",
    );
    let run = place.run_in(app, "escape --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    let packages = report["targets"][0]["escapes"]["packages"]
        .as_array()
        .unwrap();
    let sites = |path: &str| {
        let found = packages.iter().find(|it| it["path"] == path);
        found.map(|it| it["sites"].as_u64().unwrap())
    };
    assert_eq!(sites("example.com/team/app"), Some(2), "{report:#}");
    assert_eq!(sites("example.com/team/app/lib"), Some(1), "{report:#}");
    let run = place.run_in(app, "release --baseline off -o app");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(!run.stdout.contains("go.mod says"), "{}", run.shown());
    let run = place.run_in(app, "init --stdout");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let run = place.run_in("src", "release");
    assert_eq!(run.code(), 3);
    assert!(run.stderr.contains("GO111MODULE=off"), "{}", run.shown());
    assert!(!run.stderr.contains("go mod init"), "{}", run.shown());
}

/// The go.work stands above the repository, and decides what is built in it.
#[test]
fn a_go_work_above_the_repository_is_said() {
    let place = Place::empty();
    place.write("go.work", "go 1.21\n\nuse ./repository\n");
    place.write("repository/go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("repository/main.go", MAIN);
    place.write("repository/.git/HEAD", "ref: refs/heads/main\n");
    let line = "doctor -buildvcs=false";
    let run = place.run_in("repository", line);
    assert!(run.stdout.contains("go.work="), "{}", run.shown());
    assert!(
        run.stdout.contains("(a directory above)"),
        "{}",
        run.shown()
    );
    // One of its own is part of the repository.
    std::fs::rename(place.path("go.work"), place.path("repository/go.work")).unwrap();
    place.write("repository/go.work", "go 1.21\n\nuse .\n");
    let run = place.run_in("repository", line);
    assert!(!run.stdout.contains("go.work="), "{}", run.shown());
}

#[test]
fn a_slip_in_a_flag_gets_a_hint_and_no_page_of_usage() {
    let place = Place::module();
    let run = place.run("release -tgas=netgo");
    assert_ne!(run.code(), 0);
    assert!(
        run.stderr.contains("did you mean `-tags`?"),
        "{}",
        run.shown()
    );
    // A flag of the linker, alone or with what then looks like a package.
    for line in ["release -X .", "release -X main.version=1"] {
        let run = place.run(line);
        assert_ne!(run.code(), 0);
        let hint = "hint: `-X` belongs into a list: `-ldflags \"-X ...\"`";
        assert!(run.stderr.contains(hint), "{}", run.shown());
    }
    let run = place.run("release -surely-no-flag");
    assert_ne!(run.code(), 0);
    assert!(!run.stderr.contains("usage: go"), "{}", run.shown());
    assert!(run.stderr.contains("hint: "), "{}", run.shown());
    assert!(run.stderr.contains("surely-no-flag"), "{}", run.shown());
}

/// Only what is there is offered.
#[test]
fn the_hint_for_a_stamp_names_a_variable_that_exists() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write(
        "cmd/b/main.go",
        "package main\n\nvar version = \"x\"\n\nfunc main() { println(version) }\n",
    );
    let run = place.run("release -ldflags=-X=example.com/app/cmd/bb.version=1 ./cmd/b");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("did you mean `main.version`?"),
        "{}",
        run.shown()
    );
    let run = place.run("release -ldflags=-X=example.com/app/cmd/bb.Commit=1 ./cmd/b");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("has no variable `Commit`"),
        "{}",
        run.shown()
    );
    assert!(!run.stderr.contains("did you mean"), "{}", run.shown());
}

/// A copy of the sources without git: what links needs the version, by hand; what only reads does not.
#[test]
fn without_git_a_version_is_given_by_hand() {
    let mut place = Place::empty();
    let above = place.dir().parent().unwrap().to_owned();
    place.env("GIT_CEILING_DIRECTORIES", above);
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-s -X main.version={git.describe}\"]\n",
    );
    place.write(
        "main.go",
        MAIN.replace("var Kept any", "var Kept any\nvar version = \"dev\"")
            .replace("func main() {", "func main() {\nprintln(version)\n"),
    );
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let hint = "give it by hand, `-ldflags \"-X main.version=1.2.3\"`";
    assert!(run.stderr.contains(hint), "{}", run.shown());
    let run = place.run("escape");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let run = place.run("doctor --format json");
    let words = "release stops here: `main.version={git.describe}` cannot be filled in";
    assert!(run.stdout.contains(words), "{}", run.shown());
    for typed in ["-X=main.version=7.1", "all=-X=main.version=7.1"] {
        let run = place.run(&format!("release -ldflags={typed} -o app"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        let said = place.command(place.path("app")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stderr).trim(), "7.1");
    }
    // For one package of many it is no value for all.
    let pattern = "release -ldflags=example.com/app=-X=main.version=7.1";
    for line in ["release -ldflags=-X=main.other=7.1", pattern] {
        let run = place.run(line);
        assert!(
            run.stderr.contains("cannot be filled in"),
            "{}",
            run.shown()
        );
    }
    let run = place.run("release -ldflags=-X=main.other=7.1");
    assert!(
        run.stderr.contains("cannot be filled in"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_repository_of_another_user_is_named() {
    let mut place = Place::empty();
    // Ours trust each directory.
    place.env("GIT_CONFIG_COUNT", "0");
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write(
        "gobuild-opt.toml",
        "[build]\nbuildvcs = false\nldflags = [\"-X main.version={git.describe}\"]\n",
    );
    place.write(
        "main.go",
        MAIN.replace("var Kept any", "var Kept any\nvar version string"),
    );
    place.tool("git", &["init", "-q"]);
    let owner = std::os::unix::fs::chown(place.path(".git"), Some(54321), None)
        .and_then(|()| std::os::unix::fs::chown(place.dir(), Some(54321), None));
    if owner.is_err() {
        return skipped("only root gives a directory away");
    }
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    let hint = "git config --global --add safe.directory ";
    assert!(run.stderr.contains(hint), "{}", run.shown());
}

#[test]
fn a_file_of_aix_is_no_damaged_one() {
    let place = Place::empty();
    place.write("app", [&[0x01, 0xf7, 0, 3][..], &[0; 200]].concat());
    let run = place.run("inspect app");
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(run.stderr.contains("XCOFF"), "{}", run.shown());
    assert!(!run.stderr.contains("copy"), "{}", run.shown());
}

/// Go compares vendor/modules.txt with go.mod, and no file below vendor/ with anything.
#[test]
fn what_was_edited_in_vendor_is_said() {
    let mut place = Place::empty();
    place.write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    );
    place.write(
        "vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    );
    let source = "package dep\n\nfunc Edited() { println(\"by hand\") }\n";
    place.write("vendor/example.com/dep/dep.go", source);
    place.write(
        "main.go",
        "package main\n\nimport \"example.com/dep\"\n\nfunc main() { dep.Edited() }\n",
    );
    place.env("GOMODCACHE", place.path("cache"));
    let told = |place: &Place, line: &str| {
        let run = place.run(line);
        let words: Vec<&str> = run.stdout.split_whitespace().collect();
        (run.code(), words.join(" "))
    };
    let release = "release --baseline off --escapes off";
    let (code, text) = told(&place, release);
    assert_eq!(code, 0, "{text}");
    let unknown = "skip vendor: not known whether vendor/ is as published: the module cache has not 1 module: example.com/dep v1.0.0";
    assert!(text.contains(unknown), "{text}");
    assert_eq!(
        told(
            &place,
            "doctor --set checks.vendor=deny --set checks.not-judged=deny"
        )
        .0,
        1
    );
    place.write("cache/example.com/dep@v1.0.0/dep.go", source);
    let (_, text) = told(&place, release);
    let equal = "pass vendor: vendor/ is as the module cache has it: 1 package";
    assert!(text.contains(equal), "{text}");
    place.write(
        "cache/example.com/dep@v1.0.0/dep.go",
        source.replace("hand", "them"),
    );
    for line in [release, "doctor"] {
        let (_, text) = told(&place, line);
        let edited = "warn vendor: vendor/ was edited, 1 file not as published: `vendor/example.com/dep/dep.go` of example.com/dep v1.0.0";
        assert!(text.contains(edited), "{text}");
    }
    assert_eq!(told(&place, "doctor --set checks.vendor=deny").0, 1);
}

/// With a workspace go takes neither vendor/ nor the version of go.mod.
#[test]
fn a_go_work_above_names_what_it_builds_instead() {
    let mut place = Place::empty();
    place.write("go.work", "go 1.21\n\nuse (\n\t./repository\n\t./dep\n)\n");
    place.write("dep/go.mod", "module example.com/dep\n\ngo 1.21\n");
    let source = "package dep\n\nfunc Say() { println(1) }\n";
    place.write("dep/dep.go", source);
    let module = "module example.com/app\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n";
    place.write("repository/go.mod", module);
    place.write(
        "repository/vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    );
    place.write("repository/vendor/example.com/dep/dep.go", source);
    place.write(
        "repository/main.go",
        "package main\n\nimport \"example.com/dep\"\n\nfunc main() { dep.Say() }\n",
    );
    place.write("repository/.git/HEAD", "ref: refs/heads/main\n");
    let told = |place: &Place| {
        let run = place.run_in("repository", "doctor -buildvcs=false --format json");
        assert_eq!(run.code(), 0, "{}", run.shown());
        run.stdout
    };
    let by_dir = format!(
        ", which builds example.com/dep from {}",
        place.path("dep").canonicalize().unwrap().display()
    );
    let text = told(&place);
    assert!(
        text.contains(&by_dir) && text.contains("(a directory above)"),
        "{text}"
    );
    place.env("GOWORK", place.path("go.work"));
    assert!(told(&place).contains(&by_dir));
    place.env("GOWORK", "off");
    let text = told(&place);
    assert!(
        !text.contains("go.work") && !text.contains(&by_dir),
        "{text}"
    );
}

#[test]
fn a_repository_without_a_commit_gets_a_hint_that_is_true() {
    let place = Place::module();
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={git.describe}\"]\n",
    );
    place.tool("git", &["init", "-q"]);
    for template in ["describe", "commit", "date"] {
        let text = format!("[build]\nldflags = [\"-X main.version={{git.{template}}}\"]\n");
        place.write("gobuild-opt.toml", text);
        let run = place.run("plan");
        assert_eq!(run.code(), 2, "{}", run.shown());
        for words in ["the repository has no commit yet", "hint: commit first"] {
            assert!(run.stderr.contains(words), "{}", run.shown());
        }
    }
}

/// What a line of the result counts is what stands above it.
#[test]
fn the_result_counts_the_warnings_that_are_shown() {
    let mut place = Place::module();
    let counted = |place: &Place| {
        let run = place.run("release --baseline off --escapes off");
        assert_eq!(run.code(), 0, "{}", run.shown());
        let shown = run
            .stdout
            .lines()
            .filter(|it| it.starts_with("  warn  "))
            .count();
        let result = run
            .stdout
            .lines()
            .find(|it| it.starts_with("  pass  1 executable"));
        (shown, result.unwrap_or_default().trim().to_owned())
    };
    place.env("GOFLAGS", "");
    let off = "[checks]\ngomaxprocs = \"off\"\n";
    place.write("gobuild-opt.toml", off);
    assert_eq!(counted(&place), (0, "pass  1 executable".to_owned()));
    place.env("GOFLAGS", "-tags=more");
    assert_eq!(
        counted(&place),
        (1, "pass  1 executable, 1 warning".to_owned())
    );
    place.write("gobuild-opt.toml", "");
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    assert_eq!(
        counted(&place),
        (2, "pass  1 executable, 2 warnings".to_owned())
    );
}

/// Who names a profile for this run means it, in whatever way it is named.
#[test]
fn a_profile_that_is_named_and_missing_is_an_error() {
    let mut place = Place::module();
    let run = |place: &Place, line: &str| {
        let run = place.run(&format!("release --baseline off --escapes off {line}"));
        (run.code(), run.stderr)
    };
    for line in [
        "-pgo=none.pprof",
        "--set pgo.profile=none.pprof",
        "--set 'pgo.profile=[\"none.pprof\"]'",
    ] {
        let (code, text) = run(&place, line);
        assert_eq!(code, 2, "{line}: {text}");
        assert!(text.contains("there is no profile `none.pprof`"), "{text}");
    }
    for line in [
        "-pgo=auto",
        "--set pgo.profile=auto",
        "--set pgo.profile=off",
    ] {
        let (code, text) = run(&place, line);
        assert_eq!(code, 0, "{line}: {text}");
    }
    place.env("GOBUILD_OPT_PGO_PROFILE", "none.pprof");
    assert_eq!(run(&place, "").0, 2);
    // In a file `on-missing` decides.
    place.env("GOBUILD_OPT_PGO_PROFILE", "auto");
    place.write("gobuild-opt.toml", "[pgo]\nprofile = \"none.pprof\"\n");
    assert_eq!(run(&place, "").0, 0);
}

/// The compiler makes `(*Outer).Make` and `Outer.Make`, inlines the method of `inner` there, and prints `<autogenerated>:1`.
#[test]
fn sites_in_methods_that_the_compiler_makes_are_one_line_and_the_last() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main

import \"os\"

type inner struct{}

func (inner) Make(n int) (*int, *int) { m := n; return &n, &m }

type Outer struct {
\tinner
\tx int
}

var Kept interface{ Make(int) (*int, *int) } = &Outer{}

func main() { println(Kept.Make(len(os.Args))) }
",
    );
    let run = place.run("escape --by line");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(!run.stdout.contains("<autogenerated>"), "{}", run.shown());
    let made = "methods that the compiler makes in example.com/app";
    let at = run.stdout.find(made).expect("a line of its own");
    let of_source = run.stdout.find("main.go:7 ").unwrap();
    assert!(of_source < at, "{}", run.shown());
    assert_eq!(run.stdout.matches(made).count(), 1, "{}", run.shown());
    // By function it is a row as well: the rows hold every site.
    let run = place.run("escape --by function --format json");
    let report = run.json();
    let groups = report["targets"][0]["groups"].as_array().unwrap();
    let sum = |count: &serde_json::Value| count["sites"].as_u64().unwrap();
    let all: u64 = groups.iter().map(sum).sum();
    let packages = report["targets"][0]["escapes"]["packages"].as_array();
    let counted: u64 = packages.unwrap().iter().map(sum).sum();
    assert_eq!(all, counted, "{}", run.shown());
    assert_eq!(groups.last().unwrap()["name"], made, "{}", run.shown());
    // It has no place that an editor or a pull request could open.
    let run = place.run("escape --format sarif");
    assert!(!run.stdout.contains("autogenerated%3E"), "{}", run.shown());
    assert!(!run.stdout.contains("<autogenerated>"), "{}", run.shown());
    let run = place.run("escape --format github");
    assert!(!run.stdout.contains("autogenerated"), "{}", run.shown());
}
