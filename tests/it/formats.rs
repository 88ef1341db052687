//! How results look: text at every width, colours, JSON by its schema, Markdown for GitHub, and
//! names that somebody chose to do harm.

mod hostile;

mod measures;

mod page;

mod schema;

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::harness::{PROGRAM, Place};

/// A module with names as long as real ones.
fn program() -> Place {
    let place = Place::empty();
    let module = "example.com/organisation/department/product";
    place.write("go.mod", format!("module {module}\n\ngo 1.21\n"));
    let main = include_str!("../data/program/main.go.txt");
    let greet = include_str!("../data/program/greet.go.txt");
    place.write("cmd/tiny/main.go", main.replace("example.com/tiny", module));
    place.write("greet/greet.go", greet);
    let deep = "internal/infrastructure/persistence/relational";
    place.write(
        &format!("{deep}/store.go"),
        greet.replace("package greet", "package relational"),
    );
    place.write(
        "cmd/other/main.go",
        main.replace("example.com/tiny/greet", &format!("{module}/{deep}"))
            .replace("greet.", "relational."),
    );
    place
}

/// Everything a user reads: no line is longer than the terminal is wide.
#[test]
fn text_keeps_to_the_width() {
    let mut place = program();
    for columns in [60, 80, 120, 200] {
        place.env("COLUMNS", columns.to_string());
        for line in [
            "release --out-dir dist ./cmd/...",
            "release --baseline plain ./cmd/tiny",
            "release --baseline off -pgo=off ./cmd/tiny",
            "release --target windows/amd64 --out-dir dist ./cmd/tiny",
            "doctor ./cmd/...",
            "explain",
            "presets",
        ] {
            let run = place.run(line);
            assert_eq!(run.code(), 0, "{}", run.shown());
            for text in run.stdout.lines() {
                // A digest or a path is one word: cut or broken it could not be copied.
                let words: Vec<&str> = text.split_whitespace().collect();
                let one_word = words.len() <= 2 && words.iter().any(|it| it.width() > 40);
                let fits = text.width() <= columns;
                assert!(
                    fits || one_word,
                    "{line} at {columns}: {}\n{text}",
                    text.width()
                );
            }
        }
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    const ESCAPE: char = '\u{1b}';
    let mut place = Place::module();
    let line = "release --baseline off --escapes off";
    let args: Vec<&str> = line.split(' ').collect();
    assert!(!place.run(line).stdout.contains(ESCAPE));
    assert!(
        place
            .run(&format!("{line} --color always"))
            .stdout
            .contains(ESCAPE)
    );
    let plain = place.run(&format!("{line} --color never")).stdout;
    assert!(!plain.contains(ESCAPE));
    assert!(place.in_terminal(&args).contains("\u{1b}["));
    place.env("NO_COLOR", "1");
    let text = place.in_terminal(&args);
    assert!(
        !text.contains("\u{1b}[1m") && !text.contains("\u{1b}[3"),
        "{text:?}"
    );
    let file = place.run(&format!("{line} --color always --report r.txt"));
    assert_eq!(file.code(), 0);
    assert!(
        !place.text("r.txt").contains(ESCAPE),
        "a file is no terminal"
    );
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let place = Place::module();
    let run = place.run("release --quiet");
    assert_eq!((run.code(), &*run.stdout, &*run.stderr), (0, "", ""));
    let run = place.run("release --quiet --format json --escapes off");
    assert_eq!(run.json()["verdict"]["pass"], true);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_failed_gate_is_said_in_every_format() {
    let place = Place::module();
    for format in ["text", "json", "markdown"] {
        for quiet in ["", "-q"] {
            let line = "release --escapes off --baseline off --set budget.size=1KiB";
            let run = place.run(&format!("{line} --format {format} {quiet}"));
            assert_eq!(run.code(), 1, "{}", run.shown());
            let all = format!("{}{}", run.stdout, run.stderr);
            let all: Vec<&str> = all.split_whitespace().collect();
            let all = all.join(" ");
            assert!(
                all.contains("is over the budget of 1.00 KiB"),
                "{}",
                run.shown()
            );
        }
    }
}

/// A row of a Markdown table that has more or fewer cells than its header is shown wrong.
#[test]
fn rows_of_markdown_have_the_cells_of_their_header() {
    let place = program();
    let release = "release --out-dir dist --target linux/amd64 ./cmd/... --format markdown";
    let build = place.run(release);
    assert_eq!(build.code(), 0, "{}", build.shown());
    std::fs::create_dir(place.path("whole")).unwrap();
    place.tool(
        "go",
        &["build", "-buildvcs=false", "-o", "whole/", "./cmd/..."],
    );
    let files: Vec<_> = std::fs::read_dir(place.path("dist"))
        .unwrap()
        .flatten()
        .collect();
    let name = files
        .iter()
        .map(|file| file.file_name().into_string().unwrap());
    let name = name.filter(|name| name != "SHA256SUMS").min().unwrap();
    let plain = name.split('-').next().unwrap();
    let compared = place.run(&format!(
        "compare whole/{plain} dist/{name} --format markdown"
    ));
    for text in [&build.stdout, &compared.stdout] {
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let lines: Vec<&str> = text.lines().collect();
        let rows = lines
            .windows(2)
            .filter(|pair| pair.iter().all(|line| line.starts_with('|')));
        let counts: Vec<(usize, usize)> =
            rows.map(|pair| (cells(pair[0]), cells(pair[1]))).collect();
        assert!(counts.len() > 10, "{text}");
        assert!(counts.iter().all(|(above, below)| above == below), "{text}");
    }
}

/// A report without the one part that depends on the clock.
fn without_time(text: &str, format: &str) -> String {
    match format {
        "json" => {
            let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(value["time"]["total_ms"].as_u64().unwrap() > 0);
            value.as_object_mut().unwrap().remove("time");
            format!("{value:#}")
        }
        "markdown" => {
            let (rest, line) = text.trim_end().rsplit_once('\n').unwrap();
            assert!(line.contains("time: "), "{line}");
            rest.to_owned()
        }
        _ => text.to_owned(),
    }
}

/// Nothing in a report depends on the clock but the `time` of JSON and the last line of Markdown: that of the text stands on standard error.
#[test]
fn equal_runs_give_equal_reports() {
    let place = program();
    let lines = "release --out-dir dist --target linux/amd64 --target linux/arm64 ./cmd/...";
    assert_eq!(place.run(lines).code(), 0, "the build cache is warm now");
    for format in ["text", "json", "markdown", "html", "sarif"] {
        let runs = [0, 1].map(|_| place.run(&format!("{lines} --format {format}")));
        assert_eq!(runs[0].code(), 0, "{}", runs[0].shown());
        let [one, two] = [0, 1].map(|it| without_time(&runs[it].stdout, format));
        assert_eq!(one, two, "{format}");
        // The price of a profile is not asked for here.
        let one = one.replace("\"duration_ms\": null", "");
        // Pictures have a tile for the package time, and manuals speak of run time.
        let words = match format {
            "html" | "sarif" => &["_ms"][..],
            _ => &["_ms", "time: "],
        };
        for time in words {
            assert!(!one.contains(time), "{one}");
        }
        let times = runs[0].stderr.matches("time: ").count();
        assert_eq!(times, 1, "{}", runs[0].stderr);
    }
    let escape = [0, 1].map(|_| place.run("escape ./cmd/... --format json").stdout);
    assert_eq!(escape[0], escape[1]);
}

#[test]
fn all_of_a_listing_is_top_0_everywhere() {
    let place = program();
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = here.join("examples/service/cmd/api/default.pgo");
    place.write("cpu.pprof", std::fs::read(profile).unwrap());
    place.write("other.pprof", place.read("cpu.pprof"));
    assert_eq!(
        place
            .run("release -o tiny --baseline off ./cmd/tiny")
            .code(),
        0
    );
    for line in [
        "inspect tiny",
        "escape ./cmd/... --set escape.scope=all --by function",
        "compare tiny tiny",
        "profile show cpu.pprof",
        "profile diff cpu.pprof other.pprof",
    ] {
        let lines = |top: &str| {
            let run = place.run(&format!("{line} --top {top}"));
            assert_eq!(run.code(), 0, "{}", run.shown());
            run.stdout
        };
        assert!(lines("0") == lines("1000000"), "{line}");
        assert!(lines("0").len() >= lines("3").len(), "{line}");
        let help = place.run(&format!(
            "{} --help",
            line.split(" ./")
                .next()
                .unwrap()
                .replace(" tiny", "")
                .replace(" cpu.pprof", "")
                .replace(" other.pprof", "")
        ));
        assert!(
            help.stdout.contains("0 for all") || help.stdout.contains("0 lists all"),
            "{}",
            help.stdout
        );
    }
}

/// What a question, a profile and a trial list: three rows, then one, then all by either number.
#[test]
fn all_of_an_answer_is_top_0_too() {
    let place = program();
    let escaping = |names: &[&str]| {
        let line = |name: &&str| format!("\t{name} := 7\n\tkept = append(kept, &{name})\n");
        let lines: String = names.iter().map(line).collect();
        format!(
            "package main\n\nvar kept []*int\n\nfunc main() {{\n{lines}\tprintln(len(kept))\n}}\n"
        )
    };
    place.write("cmd/kept/main.go", escaping(&["a", "b", "c", "d"]));
    place.write("less.go.txt", escaping(&["a"]));
    let overlay = "{\"Replace\": {\"cmd/kept/main.go\": \"less.go.txt\"}}";
    place.write("overlay.json", overlay);
    let planted = crate::advise::twin();
    let recorded = crate::advise::recorded("1.27.3");
    for (place, line) in [
        (&place, "why fmt ./cmd/tiny".to_owned()),
        (&place, "try --overlay overlay.json ./cmd/kept".to_owned()),
        (
            &planted,
            format!("advise -trimpath --profile {recorded} ./cmd/hotspots"),
        ),
    ] {
        let printed = |top: &str| {
            let run = place.run(&format!("{line} --top {top}"));
            assert_eq!(run.code(), 0, "{}", run.shown());
            run.stdout
        };
        let (all, one) = (printed("0"), printed("1"));
        assert_eq!(all, printed("1000000"), "{line}");
        assert!(
            all.lines().count() >= one.lines().count() + 2,
            "{line}\n{all}\n{one}"
        );
    }
    for command in ["why", "try", "advise", "upgrade"] {
        let help = place.run(&format!("{command} --help"));
        let words: Vec<&str> = help.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains("0 for all"), "{}", help.shown());
    }
}

#[test]
fn one_run_writes_several_reports() {
    let place = program();
    let run = place
        .run("release --format json --report a.json --report b.md --report c/d.txt ./cmd/tiny");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let file: Value = serde_json::from_str(&place.text("a.json")).unwrap();
    assert_eq!(file, run.json());
    let digest = file["targets"][0]["artifact"]["sha256"].as_str().unwrap();
    assert!(place.text("b.md").starts_with("## "));
    for name in ["b.md", "c/d.txt"] {
        assert!(place.text(name).contains(digest), "{name}");
    }
}

#[test]
fn the_step_summary_is_added_to() {
    let mut place = Place::module();
    place.write("summary.md", "# What was there\n");
    place.env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    place.env("GITHUB_ACTIONS", "true");
    let line = "release --escapes off --baseline off";
    assert_eq!(place.run(&format!("{line} --quiet")).code(), 0);
    let once = place.text("summary.md");
    let added = once.strip_prefix("# What was there\n").unwrap();
    assert!(
        added
            .trim_start()
            .starts_with("## gobuild-opt: pass, 1 executable"),
        "{added}"
    );
    assert!(added.contains("| section role |"), "{added}");
    let folded = added.find("<details><summary>tiny ·");
    let size = added.find("<details><summary>Size:");
    assert!(folded.is_some() && folded < size, "{added}");
    assert_eq!(place.run(&format!("{line} --format json")).code(), 0);
    let twice = place.text("summary.md");
    assert_eq!(twice.matches("<summary>tiny ·").count(), 2);

    place.tool("mkfifo", &["unread"]);
    for no_file in ["summary.md/below.md", "unread"] {
        place.env("GITHUB_STEP_SUMMARY", place.path(no_file));
        let run = place.run(line);
        assert_eq!(run.code(), 0);
        let words = "warning: cannot write the step summary";
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
    assert!(place.path("tiny").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::module();
    let mut command = place.command("sh");
    command.args([
        "-c",
        "\"$0\" presets default | head -c 1; \"$0\" release --escapes off | true",
    ]);
    let done = command.arg(PROGRAM).output().unwrap();
    assert!(done.status.success());
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(
        !stderr.contains("error") && !stderr.contains("panicked"),
        "{stderr}"
    );
}

/// With a lock the summary says what changed before everything else that is known.
#[test]
fn the_step_summary_says_what_changed_since_the_lock() {
    let mut place = Place::module();
    assert_eq!(place.run("accept --reason first").code(), 0);
    place.write(
        "main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hi\") }\n",
    );
    place.env("GITHUB_STEP_SUMMARY", place.path("summary.md"));
    let report = place.release("--escapes off");
    let text = place.text("summary.md");
    let first = &text[..text.find("<details>").unwrap()];
    let size = &report["targets"][0]["lock"]["sizes"][0];
    assert_eq!(size["item"], "size");
    let grown = size["after"].as_u64().unwrap() - size["before"].as_u64().unwrap();
    assert!(grown > 100_000);
    let told: String = first.chars().filter(|it| *it != ',').collect();
    assert!(told.contains(&format!("| +{grown} |")), "{first}");
    assert!(first.contains("| std | tiny linux/amd64 |"), "{first}");
}
