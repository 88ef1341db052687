//! What a newcomer does on the first day.

use std::path::Path;

use crate::harness::Place;

#[test]
fn init_writes_what_release_takes() {
    let place = Place::empty();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service");
    let files =
        ["go.mod", "go.sum", "cmd", "internal"].map(|it| from.join(it).display().to_string());
    let mut args = vec!["-r"];
    args.extend(files.iter().map(String::as_str));
    let into = place.dir().display().to_string();
    args.push(&into);
    place.tool("cp", &args);
    let run = place.run("init");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = place.text("gobuild-opt.toml");
    let expected = "[pgo.package.\"./cmd/loadgen\"]\nprofile = \"off\"";
    assert!(text.contains(expected), "{text}");
    // Its go line is old: the preset would fail the first build over it.
    assert!(text.contains("[checks]\n# go.mod says go 1.21"), "{text}");
    assert!(text.contains("gomaxprocs = \"warn\""), "{text}");
    let run = place.run("plan");
    assert_eq!(run.code(), 0, "{}", run.shown());
}

#[test]
fn a_slip_in_the_baseline_closes_no_gate() {
    let place = Place::module();
    let run = place.run("release --baseline plian --set budget.size-growth=1%");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("did you mean `plain`?"),
        "{}",
        run.shown()
    );
    // A file that is not there yet opens the gate, and says so; who wants it closed denies the check.
    let line = "release --baseline gone/old --set budget.size-growth=1%";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("there is no baseline file"),
        "{}",
        run.shown()
    );
    let run = place.run(&format!("{line} --set checks.baseline=deny"));
    assert_eq!(run.code(), 1, "{}", run.shown());
    let run = place.run("release -o out/ --out-dir dist");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert_eq!(place.run("-C . release").code(), 0);
}

/// A project beside a repository: what lies above it is looked for from there, not from where it is named.
#[test]
fn another_directory_is_its_own_project() {
    let place = Place::module();
    place.write("own/.git/HEAD", "ref: refs/heads/main\n");
    place.write("other/go.mod", "module example.com/other\n\ngo 1.21\n");
    place.write("other/main.go", "package main\n\nfunc main() {}\n");
    place.write("other/gobuild-opt.toml", "[build]\nout-dir = \"dist\"\n");
    let run = place.run_in("own", "-C ../other release --baseline off");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        place.path("other/dist/other").is_file(),
        "{}",
        place.files()
    );
}

#[test]
fn a_failed_budget_is_annotated() {
    let place = Place::module();
    let line = "release --baseline off --escapes off --format github --set budget.size=1KiB";
    let run = place.run(line);
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(
        run.stdout.starts_with("::error title=gobuild-opt::"),
        "{}",
        run.shown()
    );
    assert!(run.stdout.contains("1.00 KiB"), "{}", run.shown());
}

#[test]
fn what_is_no_go_program_is_not_taken_for_one() {
    let run = Place::empty().run(&format!("inspect {}", env!("CARGO_BIN_EXE_gobuild-opt")));
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(run.stderr.contains("no Go program"), "{}", run.shown());
}

#[test]
fn a_receiver_is_no_pattern() {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\ntype T struct{ n *int }\n\nvar kept any\n\n//go:noinline\nfunc (t *T) Keep() { kept = new(int) }\n\nfunc main() { (&T{}).Keep() }\n",
    );
    place.release("-o tiny --escapes off --baseline off");
    let run = place.run("inspect --by function --filter main.(*T).Keep tiny");
    assert!(run.stdout.contains("main.(*T).Keep"), "{}", run.shown());
    let run = place.run("inspect --by function --filter nothing.like.it tiny");
    assert!(run.stdout.contains("nothing matches"), "{}", run.shown());
    for (filter, heading) in [
        ("(*T)", "1 site in 1 package "),
        ("example.com/...", "1 site in 1 package "),
        ("no.such", "0 sites in 0 packages"),
    ] {
        let run = place.run(&format!("escape --filter {filter}"));
        assert!(run.stdout.contains(heading), "{filter} {}", run.shown());
    }
}

#[test]
fn why_tells_of_one_site() {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nvar kept any\n\nfunc keep(p *int, text string) {\n\tkept = p\n\tkept = text\n}\n\nfunc main() { keep(new(int), \"text\") }\n",
    );
    let report = place.run("escape --format json").json();
    let sites = report["targets"][0]["sites"].as_array().unwrap();
    let site = sites.iter().find(|it| it["class"] == "new").unwrap();
    let run = place.run(&format!(
        "escape --quiet --why {}",
        site["id"].as_str().unwrap()
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let heads = run
        .stdout
        .lines()
        .filter(|it| it.ends_with(':') && it.contains(" escapes to heap in "));
    let heads: Vec<&str> = heads.collect();
    assert!(
        heads.len() == 1 && heads[0].contains("new(int)"),
        "{}",
        run.shown()
    );
}
