//! Programs that set GOMAXPROCS, in main, in a dependency, in an init, through a variable, and programs that only ask: what
//! is seen in the machine code is held against what the source says.

use gobuild_opt::binary::{self, Callers};

use crate::harness::Place;

const LIB: &str = "package lib

import \"runtime\"

func Ask() int { return runtime.GOMAXPROCS(0) }

func Set(n int) { runtime.GOMAXPROCS(n) }

func Tune(n int) { runtime.GOMAXPROCS(n*2 + 1) }
";

const ASKS: &str = "println(runtime.GOMAXPROCS(0), lib.Ask())";

/// Import, body of main, the rest, and whether the calls set, by function.
const PROGRAMS: &[(&str, &str, &[&str])] = &[
    ("println(1)", "", &[]),
    (ASKS, "", &[]),
    (
        "println(runtime.GOMAXPROCS(runtime.NumCPU()))",
        "",
        &["main.main"],
    ),
    (
        "lib.Set(4); println(lib.Ask())",
        "",
        &["example.com/tiny/lib.Set"],
    ),
    (
        "if len(os.Args) > 5 { runtime.GOMAXPROCS(2) }",
        "",
        &["main.main"],
    ),
    (
        "n := 0; if len(os.Args) > 5 { n = 4 }; println(runtime.GOMAXPROCS(n))",
        "",
        &["main.main"],
    ),
    (
        "println(1)",
        "func init() { runtime.GOMAXPROCS(8) }",
        &["main.init.0"],
    ),
    (
        "defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))",
        "",
        &["main.main", "main.main.deferwrap1"],
    ),
    ("lib.Tune(len(os.Args))", "", &["example.com/tiny/lib.Tune"]),
];

fn build(place: &Place, body: &str, rest: &str, platform: &str) -> Vec<u8> {
    place.write(
        "main.go",
        format!(
            "package main\n\nimport (\n\t\"os\"\n\t\"runtime\"\n\n\t\"example.com/tiny/lib\"\n)\n\nvar _, _, _ = os.Args, runtime.Version, lib.Ask\n\n{rest}\n\nfunc main() {{ {body} }}\n"
        ),
    );
    let (goos, goarch) = platform.split_once('/').unwrap();
    let done = place
        .command("go")
        .args(["build", "-ldflags=-s -w", "-trimpath", "-o", "built", "."])
        .env("GOOS", goos)
        .env("GOARCH", goarch)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    place.read("built")
}

fn program() -> Place {
    let place = Place::module();
    place.write("go.mod", "module example.com/tiny\n\ngo 1.25\n");
    place.write("lib/lib.go", LIB);
    place
}

/// Functions whose call is not proven to ask only.
fn setting(bytes: &[u8]) -> Option<Vec<String>> {
    match binary::callers(bytes, "runtime.GOMAXPROCS").unwrap() {
        Callers::Absent => Some(Vec::new()),
        Callers::Unknown => None,
        Callers::Found { calls, by_value } => {
            assert!(!by_value);
            let setting = calls.into_iter().filter(|it| it.zero == Some(false));
            let mut names: Vec<String> = setting.map(|it| it.function).collect();
            names.dedup();
            Some(names)
        }
    }
}

#[test]
fn setters_are_told_from_those_that_ask() {
    let place = program();
    for platform in ["linux/amd64", "linux/arm64", "linux/386"] {
        for (body, rest, expected) in PROGRAMS {
            let found = setting(&build(&place, body, rest, platform)).unwrap();
            assert_eq!(found, *expected, "{platform}: {body} {rest}");
        }
    }
    // Elsewhere the calls are found, and what they say is not known; the rest of Go's architectures passes, too.
    let goarches = ["s390x", "riscv64", "ppc64le", "mips", "arm"];
    for goarch in goarches {
        let bytes = build(
            &place,
            "lib.Set(4); println(lib.Ask())",
            "",
            &format!("linux/{goarch}"),
        );
        let Callers::Found { calls, .. } = binary::callers(&bytes, "runtime.GOMAXPROCS").unwrap()
        else {
            panic!("{goarch}: no calls");
        };
        assert!(calls.iter().all(|it| it.zero.is_none()));
        let mut found: Vec<(&str, u32)> = calls.iter().map(|it| (&*it.function, it.line)).collect();
        found.retain(|it| it.0.starts_with("example.com/"));
        let (ask, set) = (
            ("example.com/tiny/lib.Ask", 5),
            ("example.com/tiny/lib.Set", 7),
        );
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [ask, set], "{goarch}");
    }
    let value = "f := runtime.GOMAXPROCS; if len(os.Args) > 5 { f = nil }; println(f(3))";
    let bytes = build(&place, value, "", "linux/amd64");
    let found = binary::callers(&bytes, "runtime.GOMAXPROCS").unwrap();
    assert!(
        matches!(&found, Callers::Found { by_value: true, .. }),
        "{found:?}"
    );
}

#[test]
fn the_check_names_who_overrides_the_limit() {
    let place = program();
    let judged = |platform: &str| {
        let report = place.release(&format!(
            "--baseline off --escapes off --target {platform} --out-dir dist"
        ));
        let target = &report["targets"][0];
        let check = target["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["id"] == "gomaxprocs");
        let text = |name: &str| check.unwrap()[name].as_str().unwrap().to_owned();
        (
            text("status"),
            text("message"),
            target["runtime"]["container_cpu"].as_bool(),
        )
    };
    build(
        &place,
        "println(runtime.GOMAXPROCS(runtime.NumCPU()))",
        "",
        "linux/amd64",
    );
    let (status, message, keeps) = judged("linux/amd64");
    assert_eq!((&*status, keeps), ("warn", Some(false)));
    assert_eq!(
        message,
        "`main.main` (main.go:14) sets GOMAXPROCS: that overrides the container's CPU limit, and switches the runtime's own updates off"
    );
    let run = place.run("inspect dist/tiny");
    assert!(
        run.stdout
            .contains("warn  gomaxprocs: `main.main` (main.go:14) sets GOMAXPROCS"),
        "{}",
        run.shown()
    );
    build(&place, ASKS, "", "linux/amd64");
    let keeping = "the runtime keeps to the container's CPU limit";
    assert_eq!(
        judged("linux/amd64"),
        ("pass".into(), keeping.into(), Some(true))
    );
    let (status, message, keeps) = judged("linux/s390x");
    assert_eq!((&*status, keeps), ("skip", None));
    let names = "`main.main` (main.go:14), `example.com/tiny/lib.Ask` (lib.go:5)";
    let words = format!(
        "that is not known: {names} calls runtime.GOMAXPROCS, with what cannot be read on this architecture"
    );
    assert!(message.ends_with(&words), "{message}");
}

#[test]
fn a_level_that_go_builds_as_another_is_refused() {
    let mut place = program();
    let run = place.run("plan --target linux/amd64/v9");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .starts_with("error: `v9` is no level of `amd64` (GOAMD64)\n"),
        "{}",
        run.shown()
    );
    place.env("GOAMD64", "v9");
    let run = place.run("plan --target linux/amd64");
    assert_eq!(run.code(), 2, "{}", run.shown());
    place.env("GOAMD64", "v3");
    assert_eq!(place.run("plan --target linux/amd64").code(), 0);
}
