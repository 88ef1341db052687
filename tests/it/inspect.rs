//! `inspect` and `compare` on real Go programs, and the sizes of `release`.

#![allow(clippy::unwrap_used)]

use std::sync::OnceLock;

use insta::assert_snapshot;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::harness::Place;

const MAIN: &str = r#"package main

import (
    "fmt"

    "example.com/lib/shapes"
)

func main() {
    sum := shapes.Sum([]int{1, 2})
    fmt.Println(sum, shapes.Table[sum])
}
"#;

const LIB: &str = r#"package shapes

var Table = [1 << 16]byte{3: 1}

//go:noinline
func Sum[T int | float64](all []T) (sum T) {
    for _, it := range all {
        sum += it
    }
    return sum
}
"#;

/// A program with a dependency: `full` and `stripped`.
fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let place = module();
        for (name, flags) in [("full", ""), ("stripped", "-s -w")] {
            let flags = format!("-ldflags={flags}");
            place.tool("go", &["build", "-trimpath", "-o", name, &flags, "."]);
        }
        place
    })
}

fn module() -> Place {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "0");
    place.write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/lib v1.2.3\n\nreplace example.com/lib => ./lib\n",
    );
    place.write("main.go", MAIN);
    place.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write("lib/shapes/shapes.go", LIB);
    place
}

fn json(line: &str) -> Value {
    let run = place().run(&format!("{line} --format json"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    run.json()
}

fn sum(list: &Value, key: &str) -> u64 {
    let all = list.as_array().unwrap();
    all.iter().map(|it| it[key].as_u64().unwrap_or(0)).sum()
}

#[test]
fn tables_show_the_largest_of_all_functions() {
    let found = json("inspect stripped");
    let all = found["functions"].as_array().unwrap();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let number = |it: &Value, key: &str| it[key].as_u64().unwrap();
    let with_commas = gobuild_opt::number::grouped;
    let is_sized = |it: &Value| {
        let name = text(it, "name");
        let size = name.trim_start_matches(|it: char| !it.is_ascii_digit());
        ["runtime.call", "debugCall"]
            .iter()
            .any(|it| name == format!("{it}{size}"))
    };
    let mut deepest: Vec<&Value> = all.iter().filter(|it| !is_sized(it)).collect();
    deepest.sort_by_key(|it| std::cmp::Reverse(number(it, "frame")));
    for top in [1, 5, 40] {
        let line = format!("inspect --by function --format markdown --top {top} stripped");
        let text_of = place().run(&line).stdout.replace('\\', "");
        let (sizes, frames) = text_of.split_once("Largest stack frames").unwrap();
        let names = |table: &str| -> Vec<String> {
            let rows = table.lines().filter_map(|it| it.strip_prefix("| "));
            let rows = rows.skip(2).take(top);
            rows.map(|it| it.split(" | ").next().unwrap().to_owned())
                .collect()
        };
        let expected =
            |all: &[&Value]| -> Vec<String> { all.iter().map(|it| text(it, "name")).collect() };
        let largest: Vec<&Value> = all.iter().take(top).collect();
        assert_eq!(names(sizes), expected(&largest));
        assert_eq!(names(frames), expected(&deepest[..top]));
        let rest: u64 = all[top..].iter().map(|it| number(it, "bytes")).sum();
        let fold = format!("and {} smaller", with_commas((all.len() - top) as u64));
        let line = sizes.lines().find(|it| it.contains(&fold)).unwrap();
        assert!(line.contains(&with_commas(rest)), "{line}");
    }
}

#[test]
fn sums_equal_the_file() {
    for name in ["full", "stripped"] {
        let found = json(&format!("inspect {name}"));
        let size = std::fs::metadata(place().path(name)).unwrap().len();
        let ledger = &found["ledger"];
        let part = |key: &str| ledger[key].as_u64().unwrap();
        assert_eq!(found["file"]["size"], size);
        assert_eq!(
            part("packages") + part("shared") + part("unowned") + part("headers") + part("padding"),
            size
        );
        assert_eq!(sum(&found["kinds"], "bytes"), size);
        assert_eq!(sum(&found["packages"], "bytes"), part("packages"));
        let owned = part("packages") + part("shared");
        assert_eq!(sum(&found["modules"], "bytes"), owned);
        assert!(part("loaded_proven") <= part("loaded_owned"));
        let owners = if name == "full" {
            "symbols"
        } else {
            "references"
        };
        assert_eq!(found["owners"], owners);
        assert_eq!(sum(&found["unowned"], "bytes"), part("unowned"));
        let sections = sum(&found["sections"], "bytes");
        assert_eq!(sections + part("headers") + part("padding"), size);
        assert_eq!(found["file"]["stripped"], name == "stripped");
    }
}

/// What several use has a line of its own, and what is proven stands beside what has an owner.
#[test]
fn the_text_says_what_is_shared_and_what_is_proven() {
    for (name, known) in [
        ("full", "by symbols, types and lengths"),
        (
            "stripped",
            "by who uses it and by lengths: the file has no symbols for its data",
        ),
    ] {
        let found = json(&format!("inspect {name}"));
        let ledger = |key: &str| found["ledger"][key].as_u64().unwrap();
        let run = place().run(&format!("inspect {name}"));
        let words: Vec<&str> = run.stdout.split_whitespace().collect();
        let text = words.join(" ");
        let grouped = gobuild_opt::number::grouped;
        let between_packages = ledger("shared");
        let modules = found["modules"].as_array().unwrap().iter();
        let mut modules = modules.filter(|module| module["origin"] == "shared");
        let between_modules = modules.next().unwrap()["bytes"].as_u64().unwrap();
        assert!(0 < between_modules && between_modules < between_packages);
        let share = |bytes: u64| 100.0 * bytes as f64 / ledger("loaded") as f64;
        for line in [
            format!(
                "shared: used by several packages {} ",
                grouped(between_packages)
            ),
            format!(
                "shared: used by several modules {} ",
                grouped(between_modules)
            ),
            format!(
                "of what is loaded, {:.2} % has an owner and {:.2} % is proven, {known}",
                share(ledger("loaded_owned")),
                share(ledger("loaded_proven"))
            ),
        ] {
            assert!(text.contains(&line), "{line}: {}", run.shown());
        }
    }
}

/// A program with what once jumped between owners: time zones, constants of cryptography, `sync`.
const MOVED: &str = r#"package main

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"sync"
	"time"
	_ "time/tzdata"
)

type counter struct {
	lock sync.Mutex
	n    int
}

func (c *counter) Next() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.n++
	return c.n
}

func main() {
	var it any = &counter{n: len(os.Args)}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	zone, _ := time.LoadLocation(os.Args[0])
	fmt.Println(it.(interface{ Next() int }).Next(), key, err, zone)
}
"#;

/// A stripped file has no name of a package that only embeds: its module stands in the build information all the same.
#[test]
fn modules_that_a_file_names_no_package_of_are_said() {
    let place = Place::empty();
    place.write(
        "go.mod",
        "module example.com/app\n\ngo 1.21\n\nrequire example.com/only v0.0.0\n\nreplace example.com/only => ./only\n",
    );
    place.write(
        "main.go",
        "package main\n\nimport \"example.com/only\"\n\nfunc main() { println(only.Text) }\n",
    );
    place.write("only/go.mod", "module example.com/only\n\ngo 1.21\n");
    place.write(
        "only/only.go",
        "package only\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar Text string\n",
    );
    place.write("only/text.txt", "a text ".repeat(1000));
    for (flags, expected) in [("", &[][..]), ("-s -w", &["example.com/only"])] {
        let flags = format!("-ldflags={flags}");
        place.tool("go", &["build", "-o", "app", &flags, "."]);
        let report = place.run("inspect --format json app").json();
        assert_eq!(report["unnamed_modules"], serde_json::json!(expected));
        let text = place.run("inspect app").stdout;
        let said = "no package of example.com/only has a name in the file";
        assert_eq!(text.contains(said), !expected.is_empty(), "{text}");
    }
}

/// A method that nobody calls, and one call more: only what was edited, and what the call brings along, changes by more than
/// 0.02 % of the file.
#[test]
fn compare_shows_no_change_of_what_was_not_edited() {
    let place = module();
    let method = "\nfunc (c *counter) Unused() string { return \"nobody calls this\" }\n";
    let called = MOVED
        .replace("\t\"sync\"\n", "\t\"strings\"\n\t\"sync\"\n")
        .replace("err, zone)", "err, zone, strings.ToUpper(os.Args[0]))");
    for (name, source) in [
        ("before", MOVED.to_owned()),
        ("method", format!("{MOVED}{method}")),
        ("call", called),
    ] {
        place.write("main.go", source);
        for (kind, flags) in [("full", ""), ("stripped", "-s -w")] {
            let (output, flags) = (format!("{name}-{kind}"), format!("-ldflags={flags}"));
            place.tool("go", &["build", "-trimpath", "-o", &output, &flags, "."]);
        }
    }
    for kind in ["full", "stripped"] {
        for (name, edited) in [
            ("method", &["example.com/app"][..]),
            (
                "call",
                &["example.com/app", "strings", "unicode", "internal/bytealg"],
            ),
        ] {
            let line = format!("compare --floor 1 --format json before-{kind} {name}-{kind}");
            let found = place.run(&line).json();
            let pair = &found["pairs"][0];
            let allowed = pair["before"]["size"].as_u64().unwrap() / 5000;
            let packages = pair["packages"]["list"].as_array().unwrap();
            let is_there = |path: &str| packages.iter().any(|package| package["name"] == path);
            assert!(is_there("example.com/app"), "{line}: {packages:?}");
            assert!(pair["packages"]["same"].as_u64().unwrap() > 50, "{line}");
            for package in packages {
                let path = package["name"].as_str().unwrap();
                if edited.contains(&path) || path == "unowned" {
                    continue;
                }
                let change = package["change"].as_i64().unwrap().unsigned_abs();
                assert!(change <= allowed, "{line}, {allowed} allowed: {package}");
            }
        }
    }
}

#[test]
fn modules_have_versions_and_generics_are_paid_for_by_their_user() {
    let found = json("inspect stripped");
    let modules = found["modules"].as_array().unwrap();
    let lib = modules
        .iter()
        .find(|it| it["path"] == "example.com/lib")
        .unwrap();
    assert_eq!(lib["version"], "v1.2.3");
    assert_eq!(lib["origin"], "dependency");
    assert!(lib["bytes"].as_u64() > Some(0));
    let functions = found["functions"].as_array().unwrap();
    let generic = functions.iter().find(|it| {
        it["name"]
            .as_str()
            .unwrap()
            .starts_with("example.com/lib/shapes.Sum[")
    });
    let generic = generic.unwrap();
    assert_eq!(generic["package"], "example.com/lib/shapes");
    assert_eq!(generic["paid_by"], "example.com/app");
    assert!(
        found["runtime"]["message"]
            .as_str()
            .unwrap()
            .contains("container")
    );
}

#[test]
fn a_stripped_twin_is_proved_to_run_the_same() {
    let run = place().run("compare full stripped");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("nothing that runs changed"),
        "{}",
        run.shown()
    );
    let found = json("compare full stripped");
    let pair = &found["pairs"][0];
    assert_eq!(pair["loaded"]["identical"], true);
    assert_eq!(pair["causes"], Value::Array(Vec::new()));
    let changed = pair["packages"]["list"].as_array().unwrap();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0]["name"], "unowned");
    assert_eq!(pair["functions"]["list"], Value::Array(Vec::new()));
}

#[test]
fn growth_over_the_limit_fails() {
    let run = place().run("compare -q stripped full --fail-over 1%");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(run.stdout.is_empty());
    assert!(
        run.stderr.starts_with("FAIL  `full` grew by "),
        "{}",
        run.stderr
    );
    for line in [
        "full stripped --fail-over 0%",
        "stripped full --fail-over 100MiB",
    ] {
        assert_eq!(place().run(&format!("compare {line}")).code(), 0);
    }
    assert_eq!(place().run("compare full full --fail-over much").code(), 2);
}

#[test]
fn saved_reports_compare_as_the_files_do() {
    for name in ["full", "stripped"] {
        let run = place().run(&format!("inspect {name} --report {name}.json"));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
    let of_files = json("compare full stripped");
    let of_reports = json("compare full.json stripped.json");
    for key in ["roles", "functions"] {
        assert_eq!(
            of_files["pairs"][0][key], of_reports["pairs"][0][key],
            "{key}"
        );
    }
    // Files are read in one way; of reports, one knew symbols.
    assert_eq!(of_files["pairs"][0]["causes"], Value::Array(Vec::new()));
    let cause = &of_reports["pairs"][0]["causes"][0];
    assert_eq!(cause["what"], "way to find owners");
    assert_eq!(
        (&cause["before"], &cause["after"]),
        (&"symbols".into(), &"references".into())
    );
    let again = json("compare stripped.json stripped");
    for key in ["kinds", "modules", "packages", "functions"] {
        assert_eq!(
            again["pairs"][0][key]["list"],
            Value::Array(Vec::new()),
            "{key}"
        );
    }
}

#[test]
fn a_filter_keeps_what_it_names() {
    let found = json("inspect stripped --filter example.com/...");
    let paths: Vec<&str> = found["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths.contains(&"example.com/app") && paths.contains(&"example.com/lib/shapes"));
}

#[test]
fn text_is_never_wider_than_the_terminal() {
    for width in [60, 80, 120] {
        for line in [
            "inspect full",
            "inspect full --by function --top 0",
            "inspect full --by section",
            "compare full stripped",
        ] {
            let mut command = place().command(crate::harness::PROGRAM);
            command
                .args(shell_words::split(line).unwrap())
                .env("COLUMNS", width.to_string());
            let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
            assert!(output.lines().count() > 5);
            for text in output.lines() {
                assert!(text.width() <= width, "{line}, {width}: {text}");
            }
        }
    }
}

#[test]
fn the_picture_is_well_formed_and_needs_nothing_else() {
    let run = place().run("inspect full --format svg");
    let picture = roxmltree::Document::parse(&run.stdout).unwrap();
    let titles: Vec<&str> = picture
        .descendants()
        .filter(|it| it.has_tag_name("title"))
        .filter_map(|it| it.text())
        .collect();
    assert!(
        titles
            .iter()
            .any(|it| it.starts_with("example.com/lib v1.2.3: ")),
        "{titles:?}"
    );
}

#[test]
fn what_cannot_be_inspected_is_told_with_what_to_do() {
    let place = Place::empty();
    place.write("text", "hello\n");
    place.write("empty", "");
    place.write("dir/file", "");
    let bytes = crate::harness::executable();
    place.write("cut", &bytes[..bytes.len() / 2]);
    place.write("start", &bytes[..100]);
    let shown: Vec<String> = ["none", "text", "empty", "dir", "cut", "start"]
        .map(|it| place.run(&format!("inspect {it}")).shown())
        .into();
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_release_tells_modules_and_packages() {
    let place = module();
    let report = place.release("-o app");
    let target = &report["targets"][0];
    for list in [&target["packages"], &target["modules"]] {
        assert_eq!(
            sum(list, "bytes"),
            target["artifact"]["size"].as_u64().unwrap()
        );
        assert_eq!(
            sum(list, "before"),
            target["baseline"]["size"].as_u64().unwrap()
        );
        assert!(
            list.as_array()
                .unwrap()
                .iter()
                .any(|it| it["path"] == "unowned")
        );
    }
    let lib = &target["modules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["path"] == "example.com/lib");
    assert_eq!(lib.unwrap()["version"], "v1.2.3");
}

#[test]
fn a_module_over_its_budget_fails() {
    let place = module();
    place.write(
        "gobuild-opt.toml",
        "[budget.modules]\n\"example.com/lib\" = \"10\"\nstd = \"1 GiB\"\n",
    );
    let run = place.run("release -o app");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(
        run.stdout.contains("FAIL  module example.com/lib app"),
        "{}",
        run.shown()
    );
    assert!(place.path("app").exists());
}

/// The table of 65,536 bytes of a library: with its symbol, and whose code refers to it.
#[test]
fn the_objects_of_a_package_are_listed_with_who_refers_to_them() {
    let found = json("inspect --why-bytes example.com/lib/shapes full");
    let objects = &found["objects"];
    assert_eq!(objects["package"], "example.com/lib/shapes");
    let largest = &objects["largest"][0];
    assert!(largest["bytes"].as_u64().unwrap() >= 65_536, "{largest}");
    assert_eq!(
        (&largest["how"], &largest["proven"]),
        (&"symbol".into(), &true.into())
    );
    let symbol = largest["symbol"].as_str().unwrap();
    assert!(symbol.starts_with("example.com/lib/shapes."), "{largest}");
    let users = largest["used_by"].as_array().unwrap();
    assert!(users.contains(&"example.com/app".into()), "{largest}");
    let run = place().run("inspect --why-bytes example.com/lib/shape full");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("did you mean `example.com/lib/shapes`?"),
        "{}",
        run.shown()
    );
    let run = place().run("inspect --why-bytes unowned stripped");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("Data of unowned: "), "{}", run.shown());
    let run = place().run("inspect --why-bytes shared stripped");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("Data of shared: "), "{}", run.shown());
}
