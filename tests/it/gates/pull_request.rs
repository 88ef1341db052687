//! What a pull request does to the gates that judge it is said in its report, and cannot be done with `--config-from`.

use serde_json::Value;

use super::locked;
use crate::harness::Place;

fn git(place: &Place, args: &[&str]) {
    let own = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
    ];
    let all: Vec<&str> = own.into_iter().chain(args.iter().copied()).collect();
    place.tool("git", &all);
}

fn commit(place: &Place, message: &str) {
    git(place, &["add", "-A", "-f"]);
    git(place, &["commit", "-q", "-m", message]);
}

/// A repository whose target branch has these gates, and a branch of a pull request.
fn branched(base: &str) -> Place {
    let place = locked();
    place.write("gobuild-opt.toml", base);
    git(&place, &["init", "-q", "-b", "main"]);
    commit(&place, "base");
    git(&place, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(&place, &["checkout", "-q", "-b", "change"]);
    place
}

fn check(report: &Value) -> (String, String) {
    let checks = report["targets"][0]["checks"].as_array().unwrap();
    let found = checks.iter().find(|it| it["id"] == "loosened");
    let text = |key: &str| {
        let value = found.and_then(|it| it[key].as_str());
        value.unwrap_or_default().to_owned()
    };
    (text("status"), text("message"))
}

const BASE: &str = "\
[escape]
collect = \"pass\"
gate = \"new\"
[compare]
baseline = \"off\"
[budget]
size = \"1 KiB\"
";

#[test]
fn a_loosened_gate_is_said_where_ci_names_the_base() {
    let mut place = branched(BASE);
    let quiet = place.run("release --format json");
    assert_eq!(
        check(&quiet.json()),
        Default::default(),
        "nobody says that it is a change"
    );
    place.write("gobuild-opt.toml", BASE.replace("1 KiB", "40 MiB"));
    commit(&place, "looser");
    for (name, value, since) in [
        ("GITHUB_BASE_REF", "main".to_owned(), "origin/main ("),
        (
            "CI_MERGE_REQUEST_DIFF_BASE_SHA",
            place.tool("git", &["rev-parse", "main"]).trim().to_owned(),
            "",
        ),
    ] {
        place.env(name, value);
        let run = place.run("release --format json");
        assert_eq!(run.code(), 0, "{}", run.shown());
        let report = run.json();
        let words = "the size budget was raised from 1.00 KiB to 40.00 MiB";
        assert_eq!(report["change"]["loosened"][0], words, "{}", run.shown());
        assert!(
            report["change"]["since"]
                .as_str()
                .unwrap()
                .starts_with(since)
        );
        assert_eq!(check(&report).0, "warn");
        assert!(check(&report).1.contains(words), "{}", run.shown());
        for (format, words) in [
            ("text", "the size budget was raised"),
            ("markdown", "the size budget was raised"),
            (
                "github",
                "::warning title=gobuild-opt::the size budget was raised",
            ),
            (
                "sarif",
                "the size budget was raised from 1.00 KiB to 40.00 MiB",
            ),
        ] {
            let run = place.run(&format!("release --format {format}"));
            let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(words), "{format}: {}", run.shown());
        }
        let run = place.run("release -q --set checks.loosened=deny");
        assert_eq!(run.code(), 1, "{}", run.shown());
        place.env(name, "");
    }
    // A change cannot switch the check off for itself.
    place.env("GITHUB_BASE_REF", "main");
    let off = BASE.replace("1 KiB", "40 MiB") + "[checks]\nloosened = \"off\"\n";
    place.write("gobuild-opt.toml", off);
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "warn");
    assert!(
        message.contains("the check `loosened` was lowered"),
        "{message}"
    );
    std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
    let (_, message) = check(&place.run("release --format json").json());
    for words in [
        "gobuild-opt.toml was removed",
        "the size budget was removed",
        "the escape gate was lowered",
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
    // What is no looser is well.
    place.write("gobuild-opt.toml", BASE.replace("1 KiB", "1 B"));
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "pass", "{message}");
    // Without the history nobody knows.
    place.env("GITHUB_BASE_REF", "gone");
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "skip");
    assert!(
        message.contains("is not known: `refs/remotes/origin/gone` is no revision"),
        "{message}"
    );
}

/// The target branch went on after the change left it: what it tightened since is nothing that the change loosened.
#[test]
fn a_change_is_compared_with_where_it_left_the_target() {
    let limit = |size: &str| BASE.replace("1 KiB", size);
    let mut place = branched(&limit("40 MiB"));
    let left = place.tool("git", &["rev-parse", "HEAD"]);
    place.write("note", "work");
    commit(&place, "work on the change");
    git(&place, &["checkout", "-q", "main"]);
    place.write("gobuild-opt.toml", limit("20 MiB"));
    commit(&place, "tighter");
    git(&place, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    git(&place, &["checkout", "-q", "change"]);
    place.env("GITHUB_BASE_REF", "main");
    let run = place.run("release --format json");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    assert_eq!(check(&report).0, "pass", "{}", run.shown());
    assert_eq!(report["change"]["loosened"], Value::Array(Vec::new()));
    let since = format!("origin/main ({})", &left[..12]);
    assert_eq!(report["change"]["since"], since.as_str());
    place.write("gobuild-opt.toml", limit("30 MiB"));
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "pass", "tighter than where it left: {message}");
    place.write("gobuild-opt.toml", limit("64 MiB"));
    commit(&place, "looser");
    let run = place.run("release --format json");
    let words = "the size budget was raised from 40.00 MiB to 64.00 MiB";
    assert_eq!(run.json()["change"]["loosened"][0], words);
    assert_eq!(run.json()["change"]["since"], since.as_str());
    assert_eq!(check(&run.json()).0, "warn", "{}", run.shown());
}

/// Not only GitHub and GitLab say that a build is of a pull request.
#[test]
fn other_services_name_the_base_as_well() {
    let mut place = branched(BASE);
    place.write("gobuild-opt.toml", BASE.replace("1 KiB", "40 MiB"));
    commit(&place, "looser");
    let line = "release -q --set checks.loosened=deny";
    place.env("TRAVIS_BRANCH", "main");
    place.env("TRAVIS_PULL_REQUEST", "false");
    assert_eq!(place.run(line).code(), 0, "a push is no pull request");
    for (name, value) in [
        ("TRAVIS_PULL_REQUEST", "7"),
        ("CHANGE_TARGET", "main"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
    ] {
        place.env(name, value);
        let run = place.run(line);
        assert_eq!(run.code(), 1, "{name}: {}", run.shown());
        let words = "the size budget was raised from 1.00 KiB to 40.00 MiB";
        assert!(run.stderr.contains(words), "{name}: {}", run.shown());
        place.env(name, "");
    }
    // One that names no branch is not taken for none.
    place.env("CIRCLE_PULL_REQUEST", "https://example.com/pull/7");
    for (policy, code) in [("", 0), (" --set checks.not-judged=deny", 1)] {
        let run = place.run(&format!("{line}{policy}"));
        assert_eq!(run.code(), code, "{}", run.shown());
        let named = run.stderr.contains("CIRCLE_PULL_REQUEST");
        assert!(named, "{}", run.shown());
    }
    assert_eq!(place.run(&format!("{line} --config-from main")).code(), 1);
    place.write("gobuild-opt.toml", BASE);
    let same = place.run(&format!(
        "{line} --config-from main --set budget.size='1 KiB'"
    ));
    assert!(
        !same.stderr.contains("CIRCLE_PULL_REQUEST"),
        "{}",
        same.shown()
    );
}

/// The list of variables that templates may stand for is that of the base: a change cannot add a secret to its own.
#[test]
fn a_change_cannot_allow_itself_a_variable() {
    let build = |names: &str, name: &str| {
        format!("[build]\nallow-env = [{names}]\nldflags = [\"-X main.version={{env.{name}}}\"]\n")
    };
    let mut place = branched(&build("\"RELEASE_NAME\"", "RELEASE_NAME"));
    place.write(
        "main.go",
        "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
    );
    place.env("RELEASE_NAME", "seven");
    place.env("TOKEN", "hunter2");
    let line = "plan --config-from main";
    let run = place.run("plan");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("--config-from"), "{}", run.shown());
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stdout.contains("main.version=seven"), "{}", run.shown());
    place.write(
        "gobuild-opt.toml",
        build("\"RELEASE_NAME\", \"TOKEN\"", "TOKEN"),
    );
    commit(&place, "a secret");
    let run = place.run(line);
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    // A revision that the change has written is none of the base.
    place.env("GITHUB_BASE_REF", "main");
    let run = place.run("plan --config-from HEAD");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    place.write(
        "gobuild-opt.toml",
        build("\"RELEASE_NAME\"", "RELEASE_NAME"),
    );
    for revision in ["main", "origin/main"] {
        let run = place.run(&format!("plan --config-from {revision}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
}

#[test]
fn the_gates_of_the_base_judge_on_demand() {
    let place = branched(BASE);
    assert_eq!(place.run("release -q").code(), 1);
    let lock = place.text("gobuild-opt.lock");
    let loose = BASE.replace("1 KiB", "1 GiB").replace("\"new\"", "\"off\"")
        + "[build]\nout-dir = \"elsewhere\"\n";
    place.write("gobuild-opt.toml", loose);
    place.write("gobuild-opt.lock", lock.replace("go1.27.3", "go1.26.9"));
    commit(&place, "looser");
    assert_eq!(place.run("release -q").code(), 0);
    let run = place.run("release --format json --config-from main");
    assert_eq!(run.code(), 1, "{}", run.shown());
    let report = run.json();
    // It builds what the change says, and judges as the base does.
    assert_eq!(report["checksums"], "elsewhere/SHA256SUMS");
    assert_eq!(report["budgets"][0]["status"], "fail", "{}", run.shown());
    assert_eq!(report["change"]["judged_by"], true);
    let gates = report["gates"].as_array().unwrap();
    let gate = gates
        .iter()
        .find(|it| it["gate"] == "[escape] gate")
        .unwrap();
    assert_eq!(gate["outcome"], "pass", "{gate}");
    let all = report["change"]["loosened"].to_string();
    for words in [
        "the size budget was raised",
        "the escape gate was lowered",
        "is from go1.26.9 on linux/amd64",
    ] {
        assert!(all.contains(words), "{words}: {all}");
    }
    // `escape` judges by it, too.
    let run = place.run("escape --format json --config-from main");
    assert_eq!(
        run.json()["targets"][0]["escapes"]["lock"]["compared"],
        true,
        "{}",
        run.shown()
    );
    // The lock of now is nobody's to follow: a ratchet writes nothing.
    assert_eq!(
        place.text("gobuild-opt.lock"),
        lock.replace("go1.27.3", "go1.26.9")
    );
    for (args, words) in [
        (
            "release --config-from nowhere",
            "`nowhere` is no revision of this repository",
        ),
        (
            "accept --config-from main",
            "`--config-from` is for a run that judges",
        ),
    ] {
        let run = place.run(args);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
}

#[test]
fn a_baseline_that_is_replaced_is_said() {
    let mut place = branched(
        &BASE
            .replace("\"off\"", "\"last\"")
            .replace("1 KiB", "1 GiB"),
    );
    place.write("last", crate::harness::executable());
    commit(&place, "a baseline");
    git(&place, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let mut other = crate::harness::executable().to_vec();
    other.extend_from_slice(&[0; 100]);
    place.write("last", other);
    place.env("GITHUB_BASE_REF", "main");
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "warn", "{message}");
    assert!(
        message.contains("the baseline `last` is another file"),
        "{message}"
    );
}

/// What builds nothing judges by the same gates, and says the same of a change.
#[test]
fn escape_and_doctor_say_what_is_loosened() {
    let mut place = branched(BASE);
    place.write("gobuild-opt.toml", BASE.replace("1 KiB", "40 MiB"));
    place.env("GITHUB_BASE_REF", "main");
    let words = "the size budget was raised from 1.00 KiB to 40.00 MiB";
    for command in ["escape", "doctor"] {
        for format in ["text", "json", "markdown", "github", "sarif"] {
            if command == "doctor" && ["github", "sarif"].contains(&format) {
                continue;
            }
            let run = place.run(&format!("{command} --format {format}"));
            assert_eq!(run.code(), 0, "{}", run.shown());
            let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(words), "{command} {format}: {}", run.shown());
        }
        let run = place.run(&format!("{command} --quiet --set checks.loosened=deny"));
        assert_eq!(run.code(), 1, "{}", run.shown());
        let run = place.run(&format!("{command} --config-from main --format json"));
        assert!(run.stdout.contains(words), "{}", run.shown());
    }
    let sarif = place.run("escape --format sarif").json();
    let found = &sarif["runs"][0]["results"][0];
    let index = found["ruleIndex"].as_u64().unwrap() as usize;
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][index];
    assert_eq!(
        (&found["ruleId"], &found["level"]),
        (&rule["id"], &Value::from("warning"))
    );
    // Without the history it is said once, and is no finding.
    place.env("GITHUB_BASE_REF", "gone");
    let run = place.run("escape");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(run.stderr.contains("is not known: "), "{}", run.shown());
    let run = place.run("escape --set checks.loosened=deny --set checks.not-judged=deny");
    assert_eq!(run.code(), 1, "{}", run.shown());
}

#[test]
fn another_profile_is_said_and_loosens_nothing() {
    let mut place = branched(&BASE.replace("1 KiB", "1 GiB"));
    place.write("default.pgo", "one");
    place.write("other.pgo", "one");
    commit(&place, "a profile");
    git(&place, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    place.env("GITHUB_BASE_REF", "main");
    let said = |place: &Place| check(&place.run("release --format json").json());
    let (status, message) = said(&place);
    assert_eq!(status, "pass");
    assert!(!message.contains("profile"), "{message}");
    place.write("default.pgo", "another");
    let (status, message) = said(&place);
    assert_eq!(status, "pass", "{message}");
    let other = "the profile `default.pgo` is another file: 7 B instead of 3 B";
    assert!(message.contains(other), "{message}");
    let run = place.run("escape");
    let flat = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(other), "{}", run.shown());
    place.write(
        "gobuild-opt.toml",
        BASE.replace("1 KiB", "1 GiB") + "[pgo]\nprofile = \"other.pgo\"\n",
    );
    let (status, message) = said(&place);
    assert_eq!(status, "pass", "{message}");
    assert!(
        message.contains("`[pgo] profile` was changed from `auto` to `"),
        "{message}"
    );
}

/// What the next build will not judge is known before it.
#[test]
fn doctor_foretells_gates_that_are_not_judged() {
    let place = locked();
    let gates = "[escape]\ngate = \"new\"\n[budget]\nsize = \"ratchet\"\nmodules = { std = \"1%\" }\n[checks]\nlock-cgo = \"deny\"\n";
    place.write("gobuild-opt.toml", gates);
    let told = |line: &str| {
        let run = place.run(&format!("doctor {line}"));
        let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        (run.code(), flat)
    };
    let (code, text) = told("");
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains("not judged"), "{text}");
    let lock = place.text("gobuild-opt.lock");
    let all = "`[escape] gate`, `[budget] size`, `[budget] module std`, `[checks] lock-cgo`";
    place.write("gobuild-opt.lock", lock.replace("go1.27.3", "go1.26.9"));
    let (code, text) = told("");
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("not judged, because gobuild-opt.lock is from go1.26.9")
            && text.contains(all),
        "{text}"
    );
    assert_eq!(told("--set checks.lock=deny").0, 1);
    assert_eq!(told("--set checks.not-judged=deny").0, 1);
    let quiet = place.run("doctor --quiet");
    assert_eq!(quiet.stdout, "");
    assert!(quiet.stderr.contains(all), "{}", quiet.shown());
    std::fs::remove_file(place.path("gobuild-opt.lock")).unwrap();
    assert!(
        told("")
            .1
            .contains("there is no gobuild-opt.lock: `[escape] gate`")
    );
    place.write("gobuild-opt.lock", lock);
    place.write(
        "gobuild-opt.toml",
        format!("{gates}[[assert]]\nfunction = \"example.com/tiny.main\"\nno-escape = true\n"),
    );
    let (_, text) = told("--escapes off");
    let off = "not judged, because `[escape] collect` is off (flags): `[escape] gate`, `[[assert]] no-escape of example.com/tiny.main`";
    assert!(text.contains(off), "{text}");
    let (_, text) = told("--set escape.scope=main");
    assert!(
        text.contains("is for the escape scope `module` and this is `main`: `[escape] gate`"),
        "{text}"
    );
    let (_, text) = told("--set escape.gate=hot");
    assert!(
        text.contains("no function is known to be hot: `[escape] gate`"),
        "{text}"
    );
}

#[test]
fn objects_are_read_raw() {
    let mut place = branched(BASE);
    // A filter of the repository would run on a checkout, a link would lead anywhere.
    place.write(
        ".gitattributes",
        "*.toml filter=evil diff=evil\n*.lock filter=evil\n",
    );
    for key in [
        "filter.evil.smudge",
        "filter.evil.clean",
        "diff.evil.textconv",
    ] {
        git(&place, &["config", key, "touch canary; cat"]);
    }
    let run = place.run("release -q --config-from main");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(!place.path("canary").exists());
    std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
    std::fs::remove_file(place.path(".gitattributes")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.path("gobuild-opt.toml")).unwrap();
    commit(&place, "a link");
    git(&place, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
    std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
    place.write("gobuild-opt.toml", BASE.replace("1 KiB", "1 GiB"));
    let run = place.run("release -q --config-from origin/main");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("it is no regular file there"),
        "{}",
        run.shown()
    );
    place.env("GITHUB_BASE_REF", "main");
    let (status, message) = check(&place.run("release --format json").json());
    assert_eq!(status, "skip", "{message}");
}
