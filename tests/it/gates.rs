//! A gate that looked at nothing must not look like one that found nothing: every way by which a gate goes quiet.

mod attribution;

mod pull_request;

use serde_json::Value;

use crate::harness::{Place, Run, executable};
use crate::pgo::profile_of;

const LOCK: &str = "gobuild-opt.lock";

/// Every gate there is.
const EVERYTHING: &str = "\
[escape]
collect = \"pass\"
gate = \"new\"
[[assert]]
function = \"example.com/tiny.main\"
no-escape = true
[compare]
baseline = \"off\"
[budget]
size = \"ratchet\"
size-growth = \"50%\"
frame = \"1 MiB\"
frame-growth = \"1 MiB\"
modules = { std = \"ratchet\" }
[checks]
lock-cgo = \"deny\"
lock-godebug = \"deny\"
lock-modules = \"deny\"
";

/// What the stand-in for go does: it "builds" a real executable, and the escape pass names one site.
fn script(place: &Place) -> String {
    format!(
        "build: output copy {}\n\
         escape: stderr # example.com/tiny\n\
         escape: stderr ./main.go:5:6: can inline main\n",
        place.path("made").display()
    )
}

/// A module with every gate, and a lock that closes them.
fn locked() -> Place {
    let mut place = Place::fake("");
    place.write("made", executable());
    place.write("gobuild-opt.toml", EVERYTHING);
    let script = script(&place);
    place.fake_go(&script);
    let run = place.run("accept");
    assert_eq!(run.code(), 0, "{}", run.shown());
    place
}

/// The gates that were not judged, and why.
fn open(run: &Run) -> Vec<(String, String)> {
    let report = run.json();
    let gates = report["gates"].as_array().unwrap();
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    gates
        .iter()
        .filter(|it| it["outcome"] == "not_judged")
        .map(|it| (text(&it["gate"]), text(&it["reason"])))
        .collect()
}

/// Runs `release` in every way in which it must say that gates stand open for `reason`; returns which those are.
fn said(place: &Place, args: &str, reason: &str) -> String {
    let data = place.run(&format!("release --format json {args}"));
    assert_eq!(data.code(), 0, "{reason}: {}", data.shown());
    let open = open(&data);
    assert!(!open.is_empty(), "{reason}: {}", data.shown());
    for (gate, why) in &open {
        assert!(why.contains(reason), "{gate}: {why}, not {reason}");
    }
    // One cause is one sentence, on every channel.
    let report = data.json();
    let sentences = report["verdict"]["not_judged"].as_array().unwrap().len();
    assert_eq!(sentences, 1, "{}", data.shown());
    let quiet = place.run(&format!("release --quiet {args}"));
    assert_eq!((quiet.code(), quiet.stdout.as_str()), (0, ""));
    assert_eq!(
        quiet.stderr.matches("warning: not judged, because").count(),
        1,
        "{}",
        quiet.shown()
    );
    let denied = place.run(&format!(
        "release --quiet --set checks.not-judged=deny {args}"
    ));
    assert_eq!(denied.code(), 1, "{reason}: {}", denied.shown());
    assert!(
        denied.stderr.contains("not judged, because"),
        "{}",
        denied.shown()
    );
    let names: Vec<String> = open.into_iter().map(|it| it.0).collect();
    names.join("\n")
}

/// The gates that the lock closes.
const BY_LOCK: &str = "\
[budget] size
[budget] frame-growth
[budget] module std
[budget] size-growth
[escape] gate
[checks] lock-modules
[checks] lock-cgo
[checks] lock-godebug";

#[test]
fn with_a_lock_every_gate_is_judged() {
    let place = locked();
    let run = place.run("release --format json");
    assert_eq!((run.code(), open(&run)), (0, Vec::new()), "{}", run.shown());
    assert_eq!(run.json()["gates"].as_array().unwrap().len(), 7);
    let quiet = place.run("release --quiet --set checks.not-judged=deny");
    assert_eq!(quiet.shown(), "exit code 0");
}

#[test]
fn one_edited_line_of_the_lock_opens_no_gate_in_silence() {
    let place = locked();
    let good = place.text(LOCK);
    for (from, to, reason, gates) in [
        (
            "go = \"go1.27.3\"",
            "go = \"go1.26.9\"",
            "is from go1.26.9",
            BY_LOCK,
        ),
        (
            "scope = \"module\"",
            "scope = \"all\"",
            "is for the escape scope `all`",
            "[escape] gate",
        ),
        ("linux/amd64", "linux/amd46", "has no entry for", BY_LOCK),
        (
            "executables.\"example.com/tiny\"",
            "executables.\"example.com/tinny\"",
            "has no entry for example.com/tiny on linux/amd64",
            &BY_LOCK.replace("[escape] gate\n", ""),
        ),
    ] {
        assert!(good.contains(from), "{good}");
        place.write(LOCK, good.replace(from, to));
        if reason == "has no entry for" {
            // The platform for the sites, the executable for the rest: two entries are missing.
            let run = place.run("release --format json");
            let names: Vec<String> = self::open(&run).into_iter().map(|it| it.0).collect();
            assert_eq!(names.join("\n"), gates);
            continue;
        }
        assert_eq!(said(&place, "", reason), gates, "{to}");
        // The lock is denied, and so is what it does not close.
        let run = place.run("release --quiet --set checks.lock=deny");
        assert_eq!(run.code(), 1, "{to}: {}", run.shown());
        // Nor does it help to switch the check off.
        let run = place.run("release --quiet --set checks.lock=off");
        assert!(
            run.stderr.contains("not judged, because"),
            "{}",
            run.shown()
        );
        let run = place.run("release --quiet --set checks.lock=off --set checks.not-judged=deny");
        assert_eq!(run.code(), 1, "{to}: {}", run.shown());
    }
    std::fs::remove_file(place.path(LOCK)).unwrap();
    assert_eq!(said(&place, "", "there is no gobuild-opt.lock"), BY_LOCK);
}

#[test]
fn a_collection_that_is_off_or_fails_is_said() {
    let mut place = locked();
    let both = "[escape] gate\n[[assert]] no-escape of example.com/tiny.main";
    assert_eq!(said(&place, "--escapes off", "is off (flags)"), both);
    assert_eq!(
        said(&place, "--set escape.collect=off", "is off (flags)"),
        both
    );
    place.env("GOBUILD_OPT_ESCAPE_COLLECT", "off");
    assert_eq!(said(&place, "", "is off (environment)"), both);
    place.env("GOBUILD_OPT_ESCAPE_COLLECT", "pass");
    let off = EVERYTHING.replace("collect = \"pass\"", "collect = \"off\"");
    let mut place = locked();
    place.write("gobuild-opt.toml", &off);
    assert_eq!(said(&place, "", "is off (gobuild-opt.toml)"), both);
    // Assertions fail where the collection does; the gate says that it was not judged.
    let failing = format!("{}escape: exit 1\n", script(&place));
    place.fake_go(&failing);
    place.write(
        "gobuild-opt.toml",
        EVERYTHING.replace("no-escape = true", "must-exist = true"),
    );
    assert_eq!(
        said(&place, "", "the escapes could not be collected"),
        "[escape] gate"
    );
    place.write("gobuild-opt.toml", EVERYTHING);
    assert_eq!(place.run("release -q").code(), 1);
}

#[test]
fn a_gate_on_hot_functions_without_a_profile_is_open() {
    let place = locked();
    let reason = "no profile is applied";
    assert_eq!(
        said(&place, "--set escape.gate=hot", reason),
        "[escape] gate"
    );
}

#[test]
fn a_baseline_of_another_program_or_platform_is_no_measure() {
    let place = locked();
    let program = executable();
    let other = |from: &[u8], to: &[u8]| {
        let mut bytes = program.to_vec();
        let found: Vec<usize> = memchr::memmem::find_iter(program, from).collect();
        assert!(!found.is_empty());
        for at in found {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        bytes
    };
    let growth = |name: &str| {
        let data = place.run(&format!("release --format json --baseline {name}"));
        let report = data.json();
        let budgets = report["budgets"].as_array().unwrap().clone();
        let growth = budgets
            .into_iter()
            .find(|it| it["item"].as_str().unwrap().starts_with("size-growth"));
        (growth.unwrap()["actual"].clone(), data)
    };
    place.write("same", program);
    assert_eq!(growth("same").0, 0.0);
    for (name, from, to, reason) in [
        (
            "platform",
            "GOARCH=amd64",
            "GOARCH=arm64",
            "the baseline is for linux/arm64 and this is linux/amd64",
        ),
        (
            "program",
            "path\texample.com/tiny",
            "path\texample.com/tank",
            "the baseline is `example.com/tank` and this is `example.com/tiny`",
        ),
    ] {
        place.write(name, other(from.as_bytes(), to.as_bytes()));
        let (actual, run) = growth(name);
        assert_eq!(actual, Value::Null, "{}", run.shown());
        let gates = said(&place, &format!("--baseline {name}"), reason);
        assert_eq!(gates, "[budget] size-growth");
        let run = place.run(&format!(
            "release --quiet --set checks.baseline=deny --baseline {name}"
        ));
        assert_eq!(run.code(), 1, "{}", run.shown());
    }
    // A new major version is the same program; what is no executable of Go may be anything.
    place.write("text", "no executable");
    let gates = said(&place, "--baseline text", "cannot read the baseline");
    assert_eq!(gates, "[budget] size-growth");
}

#[test]
fn patterns_that_mean_nothing_are_said_or_refused() {
    let place = locked();
    let with = |text: &str| place.write("gobuild-opt.toml", text);
    with("[budget]\nmodules = { \"example.com/tinny\" = \"1 MiB\" }\n");
    let gates = said(
        &place,
        "",
        "means no module of the build (did you mean `example.com/tiny`?)",
    );
    assert_eq!(gates, "[budget] module example.com/tinny");
    with("[budget]\nmodules = { \"example.org/...\" = \"5%\" }\n");
    assert_eq!(
        said(&place, "", "means no module"),
        "[budget] module example.org/..."
    );
    // What must stay out is not there.
    with(
        "[budget]\nmodules = { \"example.org/gpl\" = \"0 B\", std = \"100 MiB\", unowned = \"100 MiB\" }\n",
    );
    let run = place.run("release --format json");
    assert_eq!((run.code(), open(&run)), (0, Vec::new()), "{}", run.shown());
    with(
        "[escape]\ncollect = \"pass\"\nignore = [\"example.com/tinny/...\", \"0123456789\", \"example.com/tiny.main\"]\n",
    );
    let run = place.run("release --format json");
    let notes = &run.json()["targets"][0]["escapes"]["notes"];
    let told = notes.as_array().unwrap();
    assert_eq!(told.len(), 1, "{notes}");
    assert!(
        told[0]
            .as_str()
            .unwrap()
            .contains("`example.com/tinny/...`, which means no package")
    );
    let assertion = "[[assert]]\nfunction = \"example.com/tiny.main\"\nno-escape = true\ntargets";
    for (text, args, words) in [
        (
            format!("{assertion} = [\"linux/amd46\"]"),
            "",
            "Go knows no architecture `amd46`",
        ),
        (
            format!("{assertion} = [\"linus\"]"),
            "",
            "Go knows no operating system `linus`",
        ),
        (
            "[checks]\nlock-cg = \"deny\"".into(),
            "",
            "no check has the ID `lock-cg`",
        ),
        (
            String::new(),
            "--set checks.not-juged=deny",
            "no check has the ID `not-juged`",
        ),
        (
            "[pgo.package.\"./cmd/apy\"]\nprofile = \"off\"".into(),
            "",
            "names no package of the build",
        ),
        (
            "[escape]\nscope = \"example.com/tinny\"".into(),
            "",
            "means no package of the build",
        ),
    ] {
        with(&text);
        let run = place.run(&format!("release {args}"));
        assert_eq!(run.code(), 2, "{text}{args}: {}", run.shown());
        assert!(run.stderr.contains(words), "{words}: {}", run.shown());
    }
    // For other platforms: no line for each in a matrix, but a fact.
    with(&format!("{assertion} = [\"windows\"]"));
    let run = place.run("release --format json");
    let asserted = &run.json()["targets"][0]["assertions"][0];
    assert_eq!(asserted["status"], "not_applicable", "{}", run.shown());
}

#[test]
fn a_denied_check_that_cannot_look_is_said() {
    let place = locked();
    let denied = |check: &str, more: &str| {
        place.write(
            "gobuild-opt.toml",
            format!("{more}\n[checks]\n{check} = \"deny\"\n"),
        );
        format!("[checks] {check}")
    };
    for (check, more, reason) in [
        (
            "baseline",
            "[compare]\nbaseline = \"off\"",
            "switched off by [compare] baseline",
        ),
        (
            "escapes",
            "[escape]\ncollect = \"off\"",
            "`[escape] collect` is off",
        ),
        ("pgo-profile", "[pgo]\nprofile = \"off\"", "switched off"),
        ("pgo-profile", "", "no default.pgo beside the main package"),
        ("pgo-health", "", "no profile is applied"),
    ] {
        let gate = denied(check, more);
        assert_eq!(said(&place, "", reason), gate);
    }
    // What has no meaning on a platform is no gate there.
    place.write("gobuild-opt.toml", "[checks]\ngomaxprocs = \"deny\"\n");
    let run = place.run("release --format json --target windows/amd64");
    assert_eq!(open(&run), Vec::new(), "{}", run.shown());
}

#[test]
fn a_build_without_executables_judges_nothing() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/only\n\ngo 1.21\n");
    place.write("lib/lib.go", "package lib\n");
    place.write(
        "gobuild-opt.toml",
        EVERYTHING.replace("example.com/tiny.main", "strings.Map"),
    );
    let run = place.run("release -q ./lib");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let words = "not judged, because no executable is built: `[escape] gate`, `[[assert]]`, `[budget] size`";
    assert!(run.stderr.contains(words), "{}", run.shown());
    let run = place.run("release -q ./lib --set checks.not-judged=deny");
    assert_eq!(run.code(), 1, "{}", run.shown());
}

#[test]
fn compiler_flags_that_take_the_profile_away_are_seen() {
    let place = locked();
    place.write("default.pgo", profile_of(2000, 100));
    for (flags, applied, words) in [
        ("", true, "another program"),
        (
            "-gcflags=all=-d=pgoinline=0",
            false,
            "has no effect: the compiler gets -d=pgoinline=0",
        ),
        (
            "-gcflags=all=-pgoprofile=",
            false,
            "has no effect: the compiler gets -pgoprofile=",
        ),
        (
            "'-gcflags=all=-N -l'",
            false,
            "has no effect: the compiler gets -N -l",
        ),
        ("-gcflags=all=-l -gcflags=all=-m", true, "another program"),
    ] {
        let run = place.run(&format!("release --format json {flags}"));
        let target = &run.json()["targets"][0];
        assert_eq!(
            target["pgo"]["applied"],
            applied,
            "{flags}: {}",
            run.shown()
        );
        let checks = target["checks"].as_array().unwrap();
        let check = checks.iter().find(|it| it["id"] == "pgo-profile").unwrap();
        assert!(
            check["message"].as_str().unwrap().contains(words),
            "{flags}: {check}"
        );
    }
}

#[test]
fn what_was_not_judged_is_in_every_format() {
    let place = locked();
    let words = "not judged, because `[escape] collect` is off (flags)";
    for format in ["text", "markdown", "html", "json", "sarif", "github"] {
        let run = place.run(&format!("release --escapes off --format {format}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        let plain = run.stdout.replace(['\\', '\n'], " ");
        let flat = plain.split_whitespace().collect::<Vec<_>>().join(" ");
        let flat = flat
            .replace(" `", "`")
            .replace(" [", "[")
            .replace(" ]", "]");
        let wanted = words.replace(" `", "`").replace(" [", "[");
        assert!(flat.contains(&wanted), "{format}: {}", run.shown());
    }
    let github = place.run("release --escapes off --format github");
    assert!(
        github
            .stdout
            .contains("::warning title=gobuild-opt::not judged"),
        "{}",
        github.shown()
    );
    let denied = "release --escapes off --set checks.not-judged=deny --format github";
    let github = place.run(denied);
    assert!(
        github
            .stdout
            .contains("::error title=gobuild-opt::not-judged"),
        "{}",
        github.shown()
    );
}
