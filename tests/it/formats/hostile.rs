//! Names that somebody else chose: of files, directories and packages, and what a compiler quotes.
//! None of them may steer a terminal, a Markdown page or a GitHub runner.

use crate::harness::{Place, Run};

/// No control character but line breaks and tabs; no line that a GitHub runner takes for a command.
fn check(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        check_text(text);
    }
}

fn check_text(text: &str) {
    for line in text.lines() {
        let control = line.chars().find(|it| it.is_control() && *it != '\t');
        assert_eq!(control, None, "{text:?}");
        let start = line.trim_start();
        if is_own(start) {
            continue;
        }
        assert!(!start.starts_with("::") && !line.contains("##["), "{text}");
    }
}

/// Annotations of ours have a title; in their properties a colon of somebody else is no colon.
fn is_own(line: &str) -> bool {
    let levels = ["::error ", "::warning ", "::notice "];
    let properties = levels.iter().find_map(|it| line.strip_prefix(it));
    properties.is_some_and(|it| it.split("::").next().unwrap_or_default().contains("title="))
}

#[test]
fn names_in_compile_errors_do_no_harm() {
    let mut place = Place::module();
    place.env("GITHUB_ACTIONS", "true");
    for name in [
        "::error file=main.go::pwned.go",
        "\u{1b}]0;pwned\u{7}\u{1b}[2J.go",
        "<img src=x onerror=alert(1)>.go",
        "##[error]pwned.go",
    ] {
        place.write(
            "main.go",
            format!("package main\n\n//line {name}:1\nfunc main() {{ nope() }}\n"),
        );
        let run = place.run("release");
        assert_eq!(run.code(), 3, "{}", run.shown());
        assert!(run.stderr.contains("undefined: nope"), "{}", run.shown());
        check(&run);
    }
}

#[test]
fn names_in_escape_diagnostics_do_no_harm() {
    let mut place = Place::module();
    place.env("GITHUB_ACTIONS", "true");
    place.env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    let name = "::error file=x::pwned <img src=x onerror=y>\u{1b}[31m.go";
    let code = "var kept any\n\nfunc main() { kept = new(int) }\n";
    place.write(
        "main.go",
        format!("package main\n\n//line {name}:1\n{code}"),
    );
    let run = place.run("release --baseline off --report r.md --report r.txt");
    assert_eq!(run.code(), 0, "{}", run.shown());
    check(&run);
    for file in ["r.md", "r.txt", "summary.md"] {
        check_text(&place.text(file));
    }
    assert!(!place.text("r.md").contains("<img"));
    let json = place.release("--baseline off");
    assert_eq!(json["targets"][0]["escapes"]["sites"], 1);
}

#[test]
fn names_of_directories_and_outputs_do_no_harm() {
    let mut place = Place::module();
    place.env("GITHUB_ACTIONS", "true");
    place.env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    let directory = "::warning::x|<img src=x>`\u{1b}[31m\u{202e}";
    let line = shell_words::join(["release", "--out-dir", directory, "--escapes", "off"]);
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    check(&run);
    let summary = place.text("summary.md");
    check_text(&summary);
    assert!(
        !summary.contains("<img") && !summary.contains('\u{202e}'),
        "{summary}"
    );
    let run = place.run(&format!(
        "{line} {}",
        shell_words::quote("-pgo=::error::\u{1b}[2J.pgo")
    ));
    assert_eq!(run.code(), 2);
    check(&run);
    let run = place.run(&shell_words::join(["release", "./::error::\u{1b}[2J"]));
    assert_eq!(run.code(), 3, "{}", run.shown());
    check(&run);
}

#[test]
fn names_that_are_no_text_are_built_as_go_builds_them() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::module();
    let directory = place.dir().join(OsStr::from_bytes(b"caf\xe9 \xff"));
    std::fs::create_dir(&directory).unwrap();
    for name in ["go.mod", "main.go"] {
        std::fs::copy(place.path(name), directory.join(name)).unwrap();
    }
    let mut command = place.command(crate::harness::PROGRAM);
    command
        .arg("release")
        .arg("--quiet")
        .current_dir(&directory);
    let done = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{stderr}");
    assert!(directory.join("tiny").exists());
}

#[test]
fn what_the_compiler_says_of_a_good_build_does_no_harm() {
    let script = "build: stderr ::error::pwned\nbuild: stderr \u{1b}[2Jpwned\nbuild: stderr ##[error]pwned\nbuild: exit 1";
    let place = Place::fake(script);
    check(&place.run("release"));
}
