//! Lists of flags that Go takes without a word and that have no effect: each is held against what the program that real Go
//! builds with it says.

use crate::harness::Place;

fn program() -> Place {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nvar A, B = \"a\", \"b\"\n\nfunc main() { println(A, B) }\n",
    );
    place.write("lib/lib.go", "package lib\n");
    place
}

/// What the program of a plain `go build` prints.
fn printed(place: &Place, args: &[&str]) -> String {
    let mut all = vec!["build", "-o", "built"];
    all.extend(args);
    place.tool("go", &all);
    let run = place.command(place.path("built")).output().unwrap();
    String::from_utf8(run.stderr).unwrap().trim().to_owned()
}

#[test]
fn a_pattern_that_means_no_package_is_refused() {
    let place = program();
    assert_eq!(printed(&place, &["-ldflags=s -w -X main.A=1"]), "a b");
    for (flag, hint) in [
        (
            "-ldflags=s -w -X main.A=1",
            "did you mean `-ldflags='-s -w -X main.A=1'`?",
        ),
        (
            "-ldflags=X main.A=1",
            "did you mean `-ldflags='-X main.A=1'`?",
        ),
        // It is compiled, and never the program that is linked.
        ("-ldflags=runtime=-s", "name a main package of the build"),
        ("-ldflags=fmt=-s", "name a main package of the build"),
        ("-ldflags=./libs=-s", "name a main package of the build"),
        ("-gcflags=N -l=1", "did you mean `-gcflags='-N -l=1'`?"),
        (
            "-gcflags=example.com/tny=-N",
            "did you mean `example.com/tiny`?",
        ),
        ("-asmflags=./libs/...=-S", "name a package of the build"),
    ] {
        let run = place.run(&format!("plan '{flag}'"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        let start = format!("error: `{flag}` sets nothing: go reads `");
        assert!(run.stderr.starts_with(&start), "{}", run.shown());
        assert!(run.stderr.contains(hint), "{}", run.shown());
    }
    place.write("gobuild-opt.toml", "[build]\ngcflags = [\"./libs=-N\"]\n");
    let run = place.run("plan");
    assert_eq!(run.code(), 2, "{}", run.shown());
    place.write("gobuild-opt.toml", "");
    for flag in [
        "-ldflags=./...=-s",
        "-ldflags=example.com/...=-s",
        "-gcflags=std=-N",
        "-gcflags=runtime/...=-N",
        "-gcflags=./=-N",
        "-asmflags=work=-S",
        // It could be a command of the same recipe that is not built today.
        "-ldflags=./lib=-s",
    ] {
        let run = place.run(&format!("plan '{flag}'"));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
}

fn finding(place: &Place, args: &str) -> String {
    let run = place.run(&format!("doctor --format json {args}"));
    let report = run.json();
    let checks = report[0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == "goflags");
    check.map_or_else(String::new, |it| {
        format!(
            "{} {}",
            it["status"].as_str().unwrap(),
            it["message"].as_str().unwrap()
        )
    })
}

#[test]
fn what_a_later_flag_hides_is_named() {
    let mut place = program();
    let hidden = "-ldflags=-X=main.A=1";
    let lost = |from: &str| {
        format!(
            "warn `{hidden}` of {from} has no effect: of several -ldflags for a package Go takes the last"
        )
    };
    assert_eq!(printed(&place, &[hidden, "-ldflags=-X=main.B=2"]), "a 2");
    assert_eq!(
        finding(&place, &format!("{hidden} -ldflags=-X=main.B=2")),
        lost("the command line")
    );
    assert_eq!(finding(&place, "'-ldflags=-X=main.A=1 -X=main.B=2'"), "");
    assert_eq!(
        finding(&place, "-ldflags=./lib=-s -ldflags=.=-w"),
        "warn `-ldflags=./lib=-s` of the command line has no effect: `./lib` means no package of the build"
    );
    assert_eq!(finding(&place, "-ldflags=-s '-ldflags=-s -w'"), "");
    assert_eq!(finding(&place, "-gcflags=all=-l -gcflags=./...=-N"), "");
    assert_eq!(
        finding(&place, "-tags=a -tags=b"),
        "warn `-tags=a` of the command line has no effect: of several -tags Go takes the last"
    );
    place.env("GOFLAGS", format!("{hidden} -ldflags=-X=main.B=2"));
    assert_eq!(printed(&place, &[]), "a 2");
    assert_eq!(finding(&place, ""), lost("GOFLAGS"));
    place.env("GOFLAGS", hidden);
    let merged = "pass every entry of GOFLAGS is a flag of go build";
    assert_eq!(finding(&place, "-ldflags=-X=main.B=2"), merged);
    assert_eq!(finding(&place, "-ldflags="), merged);
    place.env("GOFLAGS", "-gcflags=example.com/other/...=-N");
    assert_eq!(
        finding(&place, ""),
        "warn `-gcflags=example.com/other/...=-N` of GOFLAGS has no effect: `example.com/other/...` means no package of the build"
    );
    place.env("GOFLAGS", "-gcflags=-N");
    place.write("gobuild-opt.toml", "[build]\ngcflags = [\"-l\"]\n");
    assert_eq!(
        finding(&place, ""),
        "warn `-gcflags=-N` of GOFLAGS has no effect: of several -gcflags for a package Go takes the last"
    );
}
