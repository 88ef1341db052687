//! `-X` of the linker: what it cannot set is told before Go runs, what it set is seen in the binary.

use serde_json::Value;

use crate::harness::Place;

/// A program with variables of each kind.
fn program() -> Place {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"os\"\n\nvar version = \"dev\"\n\nvar unread = \"dev\"\n\nfunc main() { os.Stdout.WriteString(version + other) }\n",
    );
    place.write(
        "other.go",
        "package main\n\nimport \"os\"\n\ntype name string\n\nvar (\n\tbase = \"b\"\n\tother = base\n\thost, _ = os.Hostname()\n\town name = \"own\"\n)\n",
    );
    place
}

fn stamps(report: &Value) -> (String, String) {
    let checks = report["targets"][0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == "stamps").unwrap();
    let text = |name: &str| check[name].as_str().unwrap().to_owned();
    (text("status"), text("message"))
}

const LEAN: &str = "--baseline off --escapes off";

#[test]
fn a_value_that_would_win_over_the_linker_is_told() {
    let place = program();
    for (name, why) in [
        (
            "other",
            "it is initialised with `base` when the program starts, and that wins",
        ),
        (
            "host",
            "it is initialised with `os.Hostname()` when the program starts, and that wins",
        ),
        ("own", "it is no string but `name`"),
    ] {
        let run = place.run(&format!("release {LEAN} -ldflags=-X=main.{name}=1"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        let message = format!("error: `-X main.{name}` has no effect: {why}\n");
        assert!(run.stderr.starts_with(&message), "{}", run.shown());
        assert!(!place.path("tiny").exists());
    }
}

/// Whatever the format of the executable, and however short the text.
#[test]
fn what_was_set_is_seen_in_the_binary() {
    let place = program();
    for (target, mode) in [
        ("linux/amd64", ""),
        ("linux/amd64", "-buildmode=pie"),
        ("linux/386", ""),
        ("windows/amd64", ""),
        ("darwin/arm64", ""),
        ("wasip1/wasm", ""),
    ] {
        let longer = (target == "linux/amd64").then_some("v1.2.3-rc1");
        for value in ["1"].into_iter().chain(longer) {
            let flags = format!("{LEAN} {mode} -o out --target {target}");
            let set = place.release(&format!("{flags} -ldflags=-X=main.version={value}"));
            assert_eq!(
                stamps(&set),
                ("pass".into(), "the value of -X is in the binary".into()),
                "{target} {mode} {value}"
            );
            let both = format!("'-ldflags=-X main.version={value} -X main.unread=nobody-reads-it'");
            let missing = place.release(&format!("{flags} {both}"));
            assert_eq!(
                stamps(&missing),
                (
                    "warn".into(),
                    "-X set `main.unread` to a value that is not in the binary".into()
                ),
                "{target} {mode} {value}"
            );
        }
    }
}

/// Without -trimpath the build information holds the linker flags, and so every value.
#[test]
fn the_flags_in_the_build_information_do_not_count() {
    let place = program();
    let report = place.release(&format!(
        "{LEAN} -trimpath=false -ldflags=-X=main.unread=nobody-reads-it"
    ));
    assert_eq!(stamps(&report).0, "warn");
    let run = place.run(&format!(
        "release {LEAN} --set checks.stamps=deny -ldflags=-X=main.unread=nobody-reads-it"
    ));
    assert_eq!(run.code(), 1, "{}", run.shown());
}

#[test]
fn a_file_that_an_overlay_replaces_is_read_from_there() {
    let place = program();
    place.write(
        "elsewhere.txt",
        "package main\n\nvar added = \"dev\"\n\nfunc init() { println(added) }\n",
    );
    place.write(
        "overlay.json",
        "{\"Replace\": {\"added.go\": \"elsewhere.txt\"}}",
    );
    let report = place.release(&format!(
        "{LEAN} -overlay=overlay.json -ldflags=-X=main.added=1"
    ));
    assert_eq!(stamps(&report).0, "pass");
}
