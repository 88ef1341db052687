//! What fails in a capture fails no build.

use serde_json::Value;

use super::{agree, captures, collection, escape, findings, in_path, shown};

#[test]
fn a_store_that_cannot_be_written_is_told() {
    let place = in_path();
    let stores = place.aside("cache/gobuild-opt/diagnostics");
    std::fs::create_dir_all(stores.parent().unwrap()).unwrap();
    std::fs::write(&stores, "no directory").unwrap();
    let report = place.release("--baseline off -o told");
    assert_eq!(
        collection(&report),
        [Value::from(0), Value::from(0), Value::Null]
    );
    let reason = &report["targets"][0]["escapes"]["collection"]["reason"];
    assert!(
        reason
            .as_str()
            .unwrap()
            .starts_with("nothing can be kept in"),
        "{reason}"
    );
    assert!(report["targets"][0]["escapes"]["sites"].as_u64().unwrap() > 40);
}

/// Somebody kills our process, once.
#[test]
fn a_capture_that_is_killed_is_made_up_for() {
    let place = in_path();
    let script = place.aside("killer");
    let mark = place.aside("killed");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *-V=full*) ;; *) [ \"$TOOLEXEC_IMPORTPATH\" != example.com/m/lib ] || [ -e '{0}' ] || {{ touch '{0}'; kill -9 $PPID; }} ;; esac\nexec \"$@\"\n",
        mark.display()
    );
    std::fs::write(&script, text).unwrap();
    place.tool("chmod", &["+x", script.to_str().unwrap()]);
    let run = place.run(&format!(
        "release --baseline off -o told -toolexec={}",
        script.display()
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(mark.exists());
    assert!(run.stderr.contains("signal: killed"), "{}", run.shown());
    assert!(
        run.stderr.contains("was repeated without"),
        "{}",
        run.shown()
    );
    let words: Vec<&str> = run.stdout.split_whitespace().collect();
    let told = "compiled separately: the build failed while escapes were captured, and was repeated without";
    assert!(words.join(" ").contains(told), "{}", run.shown());
    place.tool(place.path("told"), &[]);
}

/// Go's own words, once, and nothing of what our flags would print.
#[test]
fn a_compile_error_is_gos_own() {
    let place = in_path();
    place.write(
        "lib/wrong.go",
        "package lib\n\nfunc wrong() *int { x := 1; return &x + 1 }\n",
    );
    let by_hand = place
        .command("go")
        .args(["build", "-trimpath", "-o", "told", "."])
        .output()
        .unwrap();
    let by_hand = String::from_utf8(by_hand.stderr).unwrap();
    assert!(by_hand.contains("wrong.go:3"), "{by_hand}");
    for line in ["release --baseline off -o told", "escape"] {
        let run = place.run(line);
        assert_eq!(run.code(), 3, "{}", run.shown());
        assert!(
            run.stderr.contains(&by_hand),
            "{}\n--- by hand\n{by_hand}",
            run.shown()
        );
        assert_eq!(
            shown(&run).matches("wrong.go").count(),
            1,
            "{}",
            run.shown()
        );
        assert!(!shown(&run).contains("can inline"), "{}", run.shown());
    }
    assert_eq!(captures(&place, "cache").len(), 0);
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let place = in_path();
    let reports = std::thread::scope(|scope| {
        let runs = [(); 2].map(|()| scope.spawn(|| escape(&place, "capture", "")));
        runs.map(|it| it.join().unwrap())
    });
    let [first, second] = reports.map(findings);
    assert_eq!(first, second);
    assert_eq!(captures(&place, "cache").len(), 2);
    agree(&place, "");
}

#[test]
fn the_subcommand_is_for_go() {
    let place = in_path();
    for line in ["toolexec", "toolexec --store=x --", "toolexec ./main.go"] {
        let run = place.run(line);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(
            run.stderr.contains("no command for users"),
            "{}",
            run.shown()
        );
    }
    let run = place.run("toolexec -- sh -c 'exit 7'");
    assert_eq!(run.code(), 7);
    assert!(!place.run("--help").stdout.contains("toolexec"));
}
