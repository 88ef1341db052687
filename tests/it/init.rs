//! `init`: what a project does today becomes its configuration, and the first release works with it.

use crate::harness::Place;

const SERVICE: &str = "package main

import \"net/http\"

var version string

func main() { http.Handle(version, nil); println(http.ListenAndServe(\":0\", nil)) }
";

/// A service with a Makefile, in a repository with one commit.
fn service(makefile: &str) -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/shop\n\ngo 1.21\n");
    place.write("cmd/api/main.go", SERVICE);
    place.write("Makefile", makefile);
    place.tool("git", &["init", "-q"]);
    place.tool("git", &["add", "."]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    place.tool("git", &[&author[..], &["commit", "-qm", "first"]].concat());
    place
}

#[test]
fn a_makefile_of_one_line_is_taken_over() {
    let place = service(
        "build:\n\tCGO_ENABLED=0 go build -ldflags \"-s -w -X main.version=$(shell git describe --always)\" ./cmd/api\n",
    );
    let run = place.run("init");
    assert_eq!(run.code(), 0, "{}", run.shown());
    for said in [
        "preset: example.com/shop/cmd/api uses http.ListenAndServe",
        "ldflags: as in Makefile; {git.describe} is `git describe --tags --always --dirty`\n",
        "env: as in Makefile\n",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.shown());
    }
    let text = place.text("gobuild-opt.toml");
    for line in [
        "preset = \"release\"",
        "packages = [\"./cmd/api\"]",
        "ldflags = [\"-X main.version={git.describe}\"]",
        "linkage = \"static\"",
        "env = { CGO_ENABLED = \"0\" }",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}: {text}");
    }
    let run = place.run("release --escapes off --baseline off");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("pass  linkage: static"),
        "{}",
        run.shown()
    );
    let described = place.tool("git", &["describe", "--always", "--dirty", "--tags"]);
    let short = described.trim().trim_end_matches("-dirty");
    let bytes = place.read("dist/api");
    assert!(
        memchr::memmem::find(&bytes, short.as_bytes()).is_some(),
        "{short}"
    );
}

#[test]
fn without_a_commit_the_next_step_is_to_commit() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/shop\n\ngo 1.21\n");
    place.write("cmd/api/main.go", SERVICE);
    place.tool("git", &["init", "-q"]);
    let run = place.run("init");
    let told =
        "commit first, without which {git...} has no value; then run `gobuild-opt release`\n";
    assert!(run.stdout.ends_with(told), "{}", run.shown());
    let text = String::from_utf8(place.read("gobuild-opt.toml")).unwrap();
    assert!(text.contains("{git.describe}"));
}

#[test]
fn what_is_not_understood_is_said() {
    let place = service(
        "build:\n\tgo build -ldflags \"-X main.gone=1 -X main.version=$(FLAVOUR)\" ./cmd/api\n",
    );
    // Its name tells what it is for.
    let run = place.run("init --stdout");
    assert!(
        run.stdout.contains("-X main.version={git.describe}"),
        "{}",
        run.shown()
    );
    assert!(
        run.stdout
            .contains("# Makefile sets main.gone, which is no variable"),
        "{}",
        run.shown()
    );
    assert!(!place.path("gobuild-opt.toml").exists());
    place.write("cmd/api/main.go", SERVICE.replace("version", "flavour"));
    place.write(
        "Makefile",
        "build:\n\tgo build -ldflags \"-X main.flavour=$(FLAVOUR)\" ./cmd/api\n",
    );
    let run = place.run("init --stdout");
    let told = "# Makefile sets main.flavour to $(FLAVOUR): write it here by hand";
    assert!(run.stdout.contains(told), "{}", run.shown());
    assert!(!run.stdout.contains("ldflags ="), "{}", run.shown());
}

#[test]
fn a_library_is_shown_what_it_can_do() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write(
        "lib.go",
        "package lib\n\nfunc F() *int { return new(int) }\n",
    );
    let run = place.run("init");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("no main package in"), "{}", run.shown());
    assert!(
        run.stderr.contains("gobuild-opt escape ./..."),
        "{}",
        run.shown()
    );
    assert!(!place.path("gobuild-opt.toml").exists());
}
