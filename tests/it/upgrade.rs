//! `upgrade`: the page says what go itself says of both sides, and nothing of the user's is touched.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::toolchains::released;
use crate::harness::{Place, Run};

/// Allocates in ways that compilers report differently.
const PROGRAM: &str = "package main

import \"os\"

var kept []byte

func fill(n int) []byte {
	buffer := make([]byte, n)
	for i := range buffer {
		buffer[i] = 'x'
	}
	kept = append(kept, buffer...)
	return kept
}

func main() { os.Stdout.Write(fill(len(os.Args))) }
";

/// The `bin` of two toolchains.
fn toolchains() -> Option<(PathBuf, PathBuf)> {
    Some((released("1.24.11")?.bin?, released("1.27.3")?.bin?))
}

fn module(go_line: &str, more: &str) -> Place {
    let place = Place::empty();
    let text = format!("module example.com/tiny\n\ngo {go_line}\n{more}");
    place.write("go.mod", text);
    place.write("main.go", PROGRAM);
    place
}

/// The settings of a list such as `a=1,b=0`.
fn settings(text: &str) -> BTreeSet<String> {
    let all = text.trim().split(',').filter(|it| !it.is_empty());
    all.map(str::to_owned).collect()
}

fn held(value: &Value) -> BTreeSet<String> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let all = value.as_array().unwrap().iter();
    all.map(|it| format!("{}={}", text(it, "name"), text(it, "value")))
        .collect()
}

fn defaults(place: &Place, bin: &Path) -> BTreeSet<String> {
    let go = bin.join("go");
    settings(&place.tool(&go, &["list", "-f", "{{.DefaultGODEBUG}}", "."]))
}

fn difference(a: &BTreeSet<String>, b: &BTreeSet<String>) -> BTreeSet<String> {
    a.difference(b).cloned().collect()
}

#[test]
fn the_page_says_what_go_says_of_both_sides() {
    let Some((old, new)) = toolchains() else {
        return;
    };
    let mut place = module("1.21", "");
    place.path_first(&old);
    let goroot = new.parent().unwrap().display().to_string();
    let files = (place.files(), place.text("go.mod"));
    let line = format!("upgrade --go {goroot} --report page.md");
    let first = place.run(&format!("{line} --report page.html --report map.svg"));
    assert_eq!(first.code(), 0, "{}", first.shown());
    // What came and went is drawn.
    assert!(place.text("map.svg").contains("treemap of tiny"));
    assert!(place.text("page.html").contains("value=\"change\""));
    for drawn in ["page.html", "map.svg"] {
        std::fs::remove_file(place.path(drawn)).unwrap();
    }
    let page = place.text("page.md");
    assert!(page.contains("## Upgrade: go1.24.11 -"), "{page}");
    std::fs::remove_file(place.path("page.md")).unwrap();
    assert_eq!((place.files(), place.text("go.mod")), files);
    // Equal input, equal page; the name of the toolchain may be that of its directory, of its go, or of what it lies in.
    for path in [
        new.join("go"),
        new.parent().unwrap().parent().unwrap().into(),
    ] {
        let again = place.run(&format!("upgrade --go {}", path.display()));
        assert_eq!(again.stdout, first.stdout);
    }

    let run = place.run(&format!("upgrade --go {goroot} --format json"));
    let report = run.json();
    let preview = &report["previews"][0];
    assert_eq!(preview["before"]["go"], "go1.24.11");
    assert_eq!(preview["after"]["go"], "go1.27.3");
    let target = &preview["targets"][0];
    let executable = &target["executables"][0];
    // The files are those that a release would publish.
    let released = |place: &Place| {
        let report = place.release("--set escape.collect=off --out-dir dist");
        let size = report["targets"][0]["artifact"]["size"].as_u64().unwrap();
        std::fs::remove_dir_all(place.path("dist")).unwrap();
        size
    };
    assert_eq!(executable["size"]["before"], released(&place));
    let packages: Vec<&str> = [&executable["packages"], &executable["modules"]]
        .iter()
        .flat_map(|it| it.as_array().unwrap())
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert!(packages.contains(&"runtime") && packages.contains(&"std"));
    let sums = |key: &str| -> i64 {
        let all = executable[key].as_array().unwrap().iter();
        all.map(|it| it["change"].as_i64().unwrap()).sum()
    };
    let growth = ["before", "after"].map(|it| executable["size"][it].as_i64().unwrap());
    // Changes below 64 bytes are left out.
    assert!((sums("modules") - (growth[1] - growth[0])).abs() < 1024);

    // What go lists itself, with either toolchain, and with the go line moved.
    let before = defaults(&place, &old);
    let after = defaults(&place, &new);
    place.write("go.mod", files.1.replace("go 1.21", "go 1.27"));
    let moved = defaults(&place, &new);
    place.write("go.mod", &files.1);
    let godebug = &executable["godebug"];
    assert_eq!(held(&godebug["at_once"]), difference(&before, &after));
    assert_eq!(held(&godebug["held"]), difference(&after, &before));
    assert_eq!(held(&godebug["flips"]), difference(&after, &moved));
    assert!(!before.is_empty() && !after.is_empty());

    // `append` is told by the newer compiler alone, and a slice of variable size is on the stack only where it is small.
    assert_eq!(target["gained"].as_array().unwrap().len(), 0, "{target}");
    assert_eq!(target["lost"].as_array().unwrap().len(), 0, "{target}");
    let told: Vec<&str> = target["told"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["why"].as_str().unwrap())
        .collect();
    assert!(told[0].contains("`append` is reported"), "{told:?}");
    assert!(told[1].contains("at most 32 bytes"), "{told:?}");

    place.path_first(&new);
    assert_eq!(executable["size"]["after"], released(&place));
}

#[test]
fn news_of_vet_and_fix_are_those_of_go_itself() {
    let Some((old, new)) = toolchains() else {
        return;
    };
    let mut place = module("1.23", "");
    place.write(
        "wait.go",
        "package main\n\nimport \"sync\"\n\nfunc wait(n int) {\n\tvar group sync.WaitGroup\n\tfor i := 0; i < n; i++ {\n\t\tgo func() {\n\t\t\tgroup.Add(1)\n\t\t\tgroup.Done()\n\t\t}()\n\t}\n\tgroup.Wait()\n}\n\nfunc init() { wait(0) }\n",
    );
    place.path_first(&old);
    let before = state(&place);
    let run = place.run(&format!(
        "upgrade --go {} --vet --format json",
        new.display()
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(state(&place), before);
    let report = run.json();
    let places = report["previews"][0]["vet"]["places"].as_array().unwrap();
    let told = |command: &str| -> BTreeSet<String> {
        let all = places.iter().filter(|it| it["command"] == command);
        all.map(|it| it["place"].as_str().unwrap().to_owned())
            .collect()
    };
    // `go vet` of the new Go, by hand: a line `./wait.go:9:4: WaitGroup.Add called ...`; that of the old one is silent.
    let vet = |bin: &Path| {
        let mut command = place.command(bin.join("go"));
        let done = command.args(["vet", "."]).output().unwrap();
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        text.lines()
            .filter(|line| line.contains("wait.go:9:"))
            .count()
    };
    assert_eq!((vet(&old), vet(&new)), (0, 1));
    assert!(
        told("vet").iter().any(|it| it.starts_with("wait.go:9")),
        "{places:?}"
    );
    // `go fix -diff` rewrites the loops, whose lines are those.
    assert!(
        told("fix").iter().any(|it| it.starts_with("wait.go:7")),
        "{places:?}"
    );
}

#[test]
fn both_are_run_side_by_side() {
    let Some((old, new)) = toolchains() else {
        return;
    };
    let mut place = module("1.23", "");
    place.path_first(&old);
    place.write("gobuild-opt.toml", "[prove]\npairs = 5\nlayouts = 0\n");
    let line = format!("upgrade --go {}", new.display());
    let run = place.run(&format!("{line} --prove '{{bin}} a b' --format json"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let proved = &run.json()["previews"][0]["proved"];
    assert_eq!(proved["workload"], "{bin} a b");
    let found = &proved["comparisons"][0];
    assert_eq!(
        (&found["base"], &found["program"]),
        (&"as it is".into(), &"go1.27.3".into())
    );
    assert!(found["pairs"].as_u64().unwrap() >= 5, "{proved}");
    assert_eq!(
        (
            &proved["trained"],
            &proved["layouts"],
            &proved["most_pairs"]
        ),
        (&false.into(), &1.into(), &5.into())
    );
    assert!(proved["notes"].is_array(), "{proved}");
    // What is no workload is said before anything is built.
    refused(
        &place,
        &format!("{} --prove true", &line[8..]),
        2,
        "no `{bin}` is in it",
    );
    // Neither are layouts that one of the linkers has not, or a second program.
    let line = format!("{} --prove '{{bin}} a b'", &line[8..]);
    if let Some(older) = released("1.22.10").and_then(|it| it.bin) {
        place.write("go.mod", "module example.com/tiny\n\ngo 1.21\n");
        place.path_first(&older);
        place.write("gobuild-opt.toml", "[prove]\nlayouts = 3\n");
        let words = "the linker of go1.22.10 has no -randlayout";
        refused(&place, &line, 2, words);
    }
    place.write("other/main.go", "package main\n\nfunc main() {}\n");
    place.write("gobuild-opt.toml", "");
    refused(
        &place,
        &format!("{line} ./..."),
        2,
        "there are several programs: example.com/tiny, example.com/tiny/other",
    );
}

#[test]
fn a_go_mod_without_a_go_line_gets_none() {
    let Some((_, new)) = toolchains() else {
        return;
    };
    // Wherever `-mod=mod` is from: the variable, the configuration, and what `go env -w` wrote.
    let variable = module("1.23", "");
    let configured = module("1.23", "");
    let written = module("1.23", "");
    for (place, from) in [
        (variable, "GOFLAGS"),
        (configured, "build.flags"),
        (written, "GOENV"),
    ] {
        let mut place = place;
        place.write("go.mod", "module example.com/tiny\n");
        match from {
            "GOFLAGS" => place.env("GOFLAGS", "-mod=mod"),
            "build.flags" => place.write("gobuild-opt.toml", "[build]\nflags = [\"-mod=mod\"]\n"),
            _ => {
                place.env("GOENV", place.aside("go.env"));
                place.tool("go", &["env", "-w", "GOFLAGS=-mod=mod"]);
            }
        }
        let before = state(&place);
        let run = place.run(&format!("upgrade --go {}", new.display()));
        assert_eq!(run.code(), 0, "{from}: {}", run.shown());
        assert_eq!(state(&place), before, "{from}");
    }
}

#[test]
fn doctor_names_it_for_a_go_without_fixes() {
    let Some((old, _)) = toolchains() else {
        return;
    };
    let mut place = module("1.21", "");
    place.path_first(&old);
    let run = place.run("doctor");
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    let text = words.join(" ");
    assert!(
        text.contains("`gobuild-opt upgrade --go 1.27`"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_setting_that_the_new_go_refuses_is_named() {
    let Some((old, new)) = toolchains() else {
        return;
    };
    let mut place = module("1.24", "\ngodebug (\n\ttls10server=1\n\tpanicnil=1\n)\n");
    place.path_first(&old);
    let mod_file = place.text("go.mod");
    let line = format!("upgrade --go {} --format json", new.display());
    // The directory of the go command stands for it, too.
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let refused = &run.json()["previews"][0]["refused"];
    assert_eq!(refused[0]["setting"], "tls10server=1");
    assert_eq!(refused[0]["place"], "go.mod:6");
    assert_eq!(refused.as_array().unwrap().len(), 1);
    let text = place.run(&line.replace(" --format json", "")).stdout;
    assert!(text.contains("FAIL  the build: `tls10server=1`"), "{text}");
    assert_eq!(place.text("go.mod"), mod_file);
    // Go says so itself.
    let mut build = place.command(new.join("go"));
    let done = build
        .args(["build", "-o", "/dev/null", "."])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && words.contains("tls10server"),
        "{words}"
    );

    place.write("go.mod", "module example.com/tiny\n\ngo 1.24\n");
    place.write("main.go", format!("//go:debug tls10server=1\n{PROGRAM}"));
    let run = place.run(&line);
    assert_eq!(run.code(), 3, "{}", run.shown());
    let sentence = "go1.27.3 does not build `tls10server=1` of main.go:1";
    assert!(run.stderr.contains(sentence), "{}", run.shown());
}

/// The names of all files, and what stands in those that go writes.
fn state(place: &Place) -> (String, Vec<Option<String>>) {
    let names = [
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "alt.mod",
        "alt.sum",
    ];
    let text = |name: &str| std::fs::read_to_string(place.path(name)).ok();
    (place.files(), names.map(text).into())
}

/// Fails with this code and these words, in one error, and touches nothing.
fn refused(place: &Place, line: &str, code: i32, words: &str) {
    let before = state(place);
    let run: Run = place.run(&format!("upgrade {line}"));
    assert_eq!(run.code(), code, "{line}: {}", run.shown());
    let text: Vec<&str> = run.stderr.split_whitespace().collect();
    assert!(text.join(" ").contains(words), "{line}: {}", run.shown());
    assert_eq!(run.stderr.matches("error: ").count(), 1, "{}", run.shown());
    assert_eq!(run.stdout, "", "{line}");
    assert_eq!(state(place), before, "{line}");
}

#[test]
fn wrong_questions_are_one_error_each() {
    let mut place = module("1.23", "\nrequire example.com/lib v1.0.0\n");
    place.env("GOPROXY", "off");
    place.env("GOFLAGS", "-mod=mod");
    place.write("empty/file", "");
    let ours = place.tool("go", &["env", "GOVERSION"]);
    for (line, code, words) in [
        ("", 2, "--go"),
        (
            "--go foo",
            2,
            "`--go foo` is neither a version of Go nor a path",
        ),
        (
            "--go ./nowhere",
            2,
            "`--go ./nowhere` is no Go: there is no such file",
        ),
        (
            "--go ./empty",
            2,
            "`--go ./empty` is no Go: there is no go command in it",
        ),
        ("--go 1.20.3", 2, "`--go 1.20.3` is too old"),
        (
            "--go 1.22.1",
            2,
            "`--go 1.22.1` is older than go.mod allows, which says go 1.23",
        ),
        // No network, and no such version: both are said by go.
        ("--go 1.99.1", 3, "`go1.99.1` cannot be had"),
        ("--go 1.99", 3, "`Go 1.99` cannot be had"),
        (&format!("--go {ours}"), 2, "already"),
        (
            "--module example.com/lib",
            2,
            "`--module example.com/lib` is not of the form PATH@VERSION",
        ),
        (
            "--module example.com/lbi@v1.1.0",
            2,
            "did you mean `example.com/lib`?",
        ),
        (
            "--module a.b/c@v1 --module a.b/c@v2",
            2,
            "`--module` names `a.b/c` twice",
        ),
        (
            "--module example.com/lib@v1.1.0",
            3,
            "go does not get `example.com/lib@v1.1.0`",
        ),
    ] {
        refused(&place, line, code, words);
    }
    place.write("go.work", "go 1.23\n\nuse .\n");
    place.env("GOFLAGS", "");
    refused(
        &place,
        "--module example.com/lib@v1.1.0",
        2,
        "go takes no other go.mod in a workspace",
    );
}

#[test]
fn the_newest_release_is_asked_for_where_go_could_write_or_refuse() {
    let Some((_, new)) = toolchains() else {
        return;
    };
    let mut place = module("1.23", "");
    place.path_first(&new);
    // A proxy that knows one release of Go: the one in use, so that the answer is told without a build.
    let host = place.tool("go", &["env", "GOHOSTOS", "GOHOSTARCH"]);
    let host = host.split_whitespace().collect::<Vec<_>>().join("-");
    let (at, version) = (
        place.aside("proxy/golang.org/toolchain/@v"),
        format!("v0.0.1-go1.27.3.{host}"),
    );
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("list"), format!("{version}\n")).unwrap();
    let info = format!("{{\"Version\": \"{version}\"}}");
    std::fs::write(at.join(format!("{version}.info")), info).unwrap();
    place.env(
        "GOPROXY",
        format!("file://{}", place.aside("proxy").display()),
    );
    place.env("GOSUMDB", "off");
    let answer = "the program is built with go1.27.3 already";
    refused(&place, "--go 1.27", 2, answer);
    // With `-mod=mod` go would write a go line.
    place.write("go.mod", "module example.com/tiny\n");
    refused(&place, "--go 1.27", 2, answer);
    // In a workspace go lists only its modules.
    place.write("go.mod", "module example.com/tiny\n\ngo 1.23\n");
    place.write("go.work", "go 1.23\n\nuse .\n");
    refused(&place, "--go 1.27", 2, answer);
}

#[test]
fn the_modules_are_those_of_the_modfile_in_force() {
    let mut place = module("1.23", "");
    place.env("GOPROXY", "off");
    let with = |lib: &str| {
        format!("module example.com/tiny\n\ngo 1.23\n\nrequire example.com/{lib} v1.0.0\n")
    };
    place.write("alt.mod", with("lib"));
    let line = "--module example.com/lib@v1.1.0";
    let words = "go does not get `example.com/lib@v1.1.0`";
    refused(
        &place,
        line,
        2,
        "the program requires no module `example.com/lib`",
    );
    refused(&place, &format!("{line} -modfile=alt.mod"), 3, words);
    place.write(
        "gobuild-opt.toml",
        "[build]\nflags = [\"-modfile=alt.mod\"]\n",
    );
    refused(&place, &format!("{line} --trust-config"), 3, words);
    std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
    place.env("GOFLAGS", "-modfile=alt.mod");
    refused(&place, line, 3, words);
    // What is typed wins.
    place.write("other.mod", with("other"));
    refused(
        &place,
        &format!("{line} -modfile=other.mod"),
        2,
        "the program requires no module `example.com/lib`",
    );
}

/// A module proxy in a directory, with two versions of a module.
const PROXY: &str = "\
import os, zipfile
def put(version, source, line):
    base = 'proxy/example.com/lib/@v/'
    os.makedirs(base, exist_ok=True)
    mod = 'module example.com/lib\\n\\ngo %s\\n' % line
    open(base + version + '.mod', 'w').write(mod)
    open(base + version + '.info', 'w').write('{\"Version\": \"%s\"}' % version)
    with zipfile.ZipFile(base + version + '.zip', 'w') as archive:
        prefix = 'example.com/lib@%s/' % version
        archive.writestr(prefix + 'go.mod', mod)
        archive.writestr(prefix + 'lib.go', source)
    open(base + 'list', 'a').write(version + '\\n')
put('v1.0.0', 'package lib\\n\\n//go:noinline\\nfunc Say() string { return \"one\" }\\n', '1.21')
put('v1.1.0', 'package lib\\n\\nimport \"unicode/utf16\"\\n\\n//go:noinline\\nfunc Say() string {\\n\\tall := utf16.Encode([]rune(\"one\"))\\n\\treturn string(rune(all[0])) + string(rune(all[1]))\\n}\\n', '1.22')
";

#[test]
fn a_module_moves_in_a_copy_of_go_mod() {
    let mut place = module("1.21", "\nrequire example.com/lib v1.0.0\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/lib\"\n)\n\nfunc main() { os.Stdout.WriteString(lib.Say()) }\n",
    );
    place.write("proxy.py", PROXY);
    place.tool("python3", &["proxy.py"]);
    let proxy = format!("file://{}", place.path("proxy").display());
    place.env("GOPROXY", proxy);
    place.env("GOSUMDB", "off");
    place.env("GOFLAGS", "-modcacherw");
    place.env("GOMODCACHE", place.aside("modules"));
    place.tool("go", &["mod", "tidy"]);
    let before = state(&place);
    let line = "upgrade --module example.com/lib@v1.1.0";
    let run = place.run(&format!("{line} --format json"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(state(&place), before);
    let preview = &run.json()["previews"][0];
    let bump = &preview["modules"][0];
    assert_eq!(bump["path"], "example.com/lib");
    assert_eq!(
        (&bump["before"], &bump["after"]),
        (&"v1.0.0".into(), &"v1.1.0".into())
    );
    assert_eq!(bump["asked"], true);
    assert_eq!(preview["before"]["go_line"], "1.21");
    let executable = &preview["targets"][0]["executables"][0];
    let module = executable["modules"].as_array().unwrap();
    let module = module
        .iter()
        .find(|it| it["name"] == "example.com/lib")
        .unwrap();
    assert_eq!(module["why"], "v1.0.0 -> v1.1.0");
    let packages = executable["packages"].as_array().unwrap();
    let new = packages.iter().find(|it| it["name"] == "unicode/utf16");
    let new = new.unwrap_or_else(|| panic!("{packages:?}"));
    assert_eq!(
        (&new["before"], &new["why"]),
        (&Value::Null, &"imported by example.com/lib".into())
    );
    // 0 is all of a listing.
    let listed = |top: &str| place.run(&format!("{line} --top {top}")).stdout;
    let all = listed("0");
    assert_eq!(all, listed("1000000"));
    assert!(all.lines().count() > listed("1").lines().count(), "{all}");
    // What is vendored is old: the new side comes from the module cache.
    place.tool("go", &["mod", "vendor"]);
    let before = state(&place);
    let run = place.run(&format!("{line} --format json"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(state(&place), before);
    let vendored = run.json();
    let vendored = &vendored["previews"][0]["targets"][0]["executables"][0];
    assert_eq!(vendored["size"], executable["size"], "{}", run.shown());
    std::fs::remove_dir_all(place.path("vendor")).unwrap();
    refused(
        &place,
        "--module example.com/lib@v1.0.0",
        2,
        "is at v1.0.0 already",
    );
    refused(
        &place,
        "--module example.com/lib@v9.9.9",
        3,
        "go does not get `example.com/lib@v9.9.9`",
    );
    // The size is that of the program with that version in its go.mod.
    place.tool("go", &["get", "example.com/lib@v1.1.0"]);
    let report = place.release("--set escape.collect=off --out-dir dist");
    assert_eq!(
        executable["size"]["after"],
        report["targets"][0]["artifact"]["size"]
    );
}
