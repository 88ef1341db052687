//! The report that is read fifty times a day: short, the verdict last, only what differs and what warns.

use unicode_width::UnicodeWidthStr;

use crate::harness::{Place, Run};

fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

/// How many lines a report has may be counted: this is what issue 15 asks for.
#[test]
fn a_clean_and_an_unchanged_release_of_the_example_are_short() {
    let place = Place::example("service");
    let first = place.run_short("release");
    assert_eq!(first.code(), 0, "{}", first.shown());
    assert!(lines(&first).len() <= 24, "{}", first.shown());
    assert!(lines(&first).iter().all(|it| it.width() <= 80));
    let last = lines(&first).pop().unwrap();
    assert!(
        last.starts_with("  pass  1 executable, 1 warning; "),
        "{last}"
    );
    // A failing limit: each failure once, and the verdict last.
    let fails = place.run_short("release --set budget.size=1MiB");
    assert_eq!(fails.code(), 1);
    assert_eq!(fails.stdout.matches("is over the budget of").count(), 1);
    let last = lines(&fails).pop().unwrap();
    assert!(
        last.starts_with("  FAIL  1 executable, 1 failure, 1 warning"),
        "{last}"
    );
    assert_eq!(place.run("accept --reason first").code(), 0);
    // What is not committed is part of the version that go writes into the binary.
    place.tool("git", &["add", "gobuild-opt.lock"]);
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    place.tool(
        "git",
        &[&identity[..], &["commit", "-q", "-m", "lock"]].concat(),
    );
    let runs: Vec<Run> = (0..5).map(|_| place.run_short("release")).collect();
    for run in &runs {
        assert_eq!(
            run.stdout, runs[0].stdout,
            "the same input, the same report"
        );
    }
    assert!(lines(&runs[0]).len() <= 12, "{}", runs[0].shown());
    assert!(
        runs[0]
            .stdout
            .contains("as gobuild-opt.lock has it: nothing differs")
    );
    let full = place.run("release");
    for part in [
        "\nPackages: ",
        "\nEscapes: ",
        "  pass  go-version",
        "\nResult\n",
    ] {
        assert!(full.stdout.contains(part), "{part}: {}", full.shown());
        assert!(!runs[0].stdout.contains(part), "{part}");
    }
}

#[test]
fn what_differs_from_the_lock_is_said_in_a_few_lines() {
    let place = Place::module();
    assert_eq!(place.run("accept --reason first").code(), 0);
    place.write(
        "main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(new(int)) }\n",
    );
    let run = place.run_short("release");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(lines(&run).len() <= 24, "{}", run.shown());
    for part in [
        "since gobuild-opt.lock",
        "module example.com/tiny",
        "package reflect",
        "new  ",
        "new(T) in example.com/tiny.main",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.shown());
    }
}

/// A package below the floor of the lock has no entry there: its module says that it grew, before what others changed by.
#[test]
fn an_edit_of_a_small_package_shows_in_its_module() {
    let place = Place::module();
    let main = |text: &str| {
        let body = format!(
            "package main\n\nimport (\n\t\"os\"\n\t\"strings\"\n)\n\nfunc main() {{ {text} }}\n"
        );
        place.write("main.go", body);
    };
    main("println(strings.ToUpper(os.Args[0]))");
    assert_eq!(place.run("accept --reason first").code(), 0);
    main(
        "for i, a := range os.Args { if i % 3 == 1 { println(len(a)*i, a) } else { println(a, i) } }; println(strings.ToUpper(os.Args[0]))",
    );
    let run = place.run_short("release");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let is_row = |line: &&&str| line.contains("  module ") || line.contains("  package ");
    let first = lines(&run).iter().find(is_row).copied();
    let first = first.unwrap_or_default();
    assert!(
        first.starts_with("  module example.com/tiny "),
        "{}",
        run.shown()
    );
}

/// In a terminal only: elsewhere the same input gives the same report.
#[test]
fn a_warning_that_stays_is_said_once_in_a_terminal_and_counted_then() {
    let mut place = Place::module();
    let cache = place.path("cache");
    place.env("GOCACHE", &cache);
    place.env("GOFLAGS", "-buildvcs=false");
    let line = ["release", "--baseline", "off", "--escapes", "off"];
    let first = place.in_terminal(&line);
    assert!(first.contains("warn  ambient"), "{first}");
    let second = place.in_terminal(&line);
    assert!(!second.contains("warn  ambient"), "{second}");
    assert!(second.contains(" as in the last run"), "{second}");
    let piped = place.run_short("release --baseline off --escapes off");
    assert!(piped.stdout.contains("warn  ambient"), "{}", piped.shown());
}

#[test]
fn annotations_and_outputs_stand_beside_the_text_in_github_actions() {
    let mut place = Place::module();
    place.env("GITHUB_ACTIONS", "true");
    place.env("GITHUB_OUTPUT", place.path("outputs"));
    place.env("GOFLAGS", "-buildvcs=false");
    let line = "release --out-dir dist --report r.json --set budget.size=1KiB --escapes off";
    let run = place.run_short(line);
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(run.stdout.contains("FAIL  size"), "{}", run.shown());
    for command in [
        "\n::error title=gobuild-opt::size",
        "\n::warning file=go.mod,title=gobuild-opt%3A ambient::",
    ] {
        assert!(run.stderr.contains(command), "{command}: {}", run.shown());
    }
    let sums = place.text("dist/SHA256SUMS");
    let digest = sums.split(' ').next().unwrap();
    let size = place.read("dist/tiny").len().to_string();
    let outputs = place.text("outputs");
    for (name, value) in [
        ("verdict", "fail"),
        ("report", "r.json"),
        ("artifact", "dist/tiny"),
        ("size", &size),
        ("sha256", digest),
    ] {
        let expected = format!("{name}<<gobuild-opt\n{value}\ngobuild-opt\n");
        assert!(outputs.contains(&expected), "{expected}\n{outputs}");
    }
    // Who asks for annotations instead of the text gets them once.
    let run = place.run_short(&format!("{line} --format github"));
    assert!(run.stdout.contains("::error title="), "{}", run.shown());
    assert!(!run.stderr.contains("::error title="), "{}", run.shown());
}

#[test]
fn markdown_has_the_verdict_first_and_its_tables_folded() {
    let place = Place::module();
    let run = place.run_short("release --format markdown");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let first = run.stdout.lines().next().unwrap();
    assert_eq!(first, "## gobuild-opt: pass, 1 executable");
    let heads: Vec<&str> = run.stdout.split("<details>").collect();
    assert!(heads.len() > 4, "{}", run.shown());
    assert!(!heads[0].contains("section role"), "{}", run.shown());
    let last = run.stdout.trim_end().lines().last().unwrap();
    assert!(last.starts_with("- time: "), "{last}");
}

#[test]
fn several_commands_without_a_place_say_that_nothing_was_kept() {
    let place = Place::module();
    for name in ["one", "two", "three"] {
        place.write(&format!("cmd/{name}/main.go"), crate::harness::MAIN);
    }
    let run = place.run_short("release --escapes off --baseline off ./cmd/...");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("built, checked and discarded, as go build does"),
        "{text}"
    );
    assert!(text.contains("`-o DIR/` or `[build] out-dir`"), "{text}");
}
