//! `comment`: what strangers wrote stays text, and one comment is kept up to date whatever the server does.

mod check_run;

mod injection;

mod server;

use serde_json::{Value, json};

use crate::harness::{Place, Run, executable};
use server::Server;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A report of release, as it writes it.
fn report() -> &'static Value {
    static REPORT: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    REPORT.get_or_init(|| {
        let mut place = Place::fake("");
        std::fs::write(place.aside("good"), executable()).unwrap();
        let good = place.aside("good").display().to_string();
        place.fake_go(&format!("build: output copy {good}"));
        place.release("--escapes off --baseline off --out-dir dist")
    })
}

/// The same of an executable that is so much larger, and another one.
fn grown(bytes: u64) -> Value {
    let mut value = report().clone();
    let file = &mut value["targets"][0]["artifact"];
    file["size"] = json!(file["size"].as_u64().unwrap() + bytes);
    file["sha256"] = json!("f".repeat(64));
    let packages = value["targets"][0]["packages"].as_array_mut().unwrap();
    let first = &mut packages[0]["bytes"];
    *first = json!(first.as_u64().unwrap() + bytes);
    value
}

fn failing() -> Value {
    let mut value = grown(70_000);
    value["verdict"] = json!({
        "pass": false,
        "failures": ["size tiny linux/amd64: 2 MiB (2135437 B) is over the budget of 1 MiB by 1086861 B"],
    });
    value["budgets"] = json!([{
        "item": "size tiny linux/amd64", "limit": 1_048_576.0, "actual": 2_135_437.0, "status": "fail", "note": null,
    }]);
    value
}

fn place(report: &Value) -> Place {
    let place = Place::empty();
    place.write("report.json", report.to_string());
    place
}

#[test]
fn the_verdict_comes_first_and_what_changed_next() {
    let place = place(&failing());
    place.write("base.json", report().to_string());
    let run = place.run("comment --from report.json --base base.json --base-name main");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "## gobuild-opt: FAIL, 1 failure, 1 executable");
    assert!(
        lines[2].starts_with("- ❌ size tiny linux/amd64"),
        "{}",
        run.stdout
    );
    let row = lines.iter().find(|it| it.starts_with("| tiny |")).unwrap();
    assert!(
        row.contains("| +70,000 |") && row.ends_with("| FAIL |"),
        "{row}"
    );
    // Another executable that is named alike is within its budget.
    let mut value = failing();
    value["budgets"][0]["item"] = json!("size not-tiny linux/amd64");
    let place = self::place(&value);
    place.write("base.json", report().to_string());
    let other = place.run("comment --from report.json --base base.json");
    let row = other.stdout.lines().find(|it| it.starts_with("| tiny |"));
    assert!(!row.unwrap().contains("FAIL"), "{}", other.stdout);
    let folded = run.stdout.find("<details>").unwrap();
    assert!(run.stdout.find("| section role |").unwrap() > folded);
    assert!(run.stdout.len() < 60_000);
}

#[test]
fn nothing_is_said_where_nothing_differs() {
    let place = place(report());
    place.write("base.json", report().to_string());
    let line = "comment --from report.json --base base.json";
    assert_eq!(place.run(line).stdout, "");
    assert_eq!(place.run(&format!("{line} --when failures")).stdout, "");
    let always = place.run(&format!("{line} --when always")).stdout;
    assert!(always.contains("byte by byte as in the base"), "{always}");
    // The same bytes, but something was accepted to let them pass.
    let mut loosened = report().clone();
    loosened["change"] = json!({
        "since": "origin/main", "judged_by": false, "unknown": null,
        "loosened": ["size of example.com/tiny on linux/amd64 may have 9 B instead of 8 B, because: a feature"],
    });
    place.write("report.json", loosened.to_string());
    let said = place.run(line).stdout;
    assert!(said.starts_with("## gobuild-opt: pass"), "{said}");
    assert!(said.contains("because: a feature"), "{said}");
    place.write("report.json", report().to_string());
    // What cannot be compared is not equal.
    let alone = place.run("comment --from report.json").stdout;
    assert!(alone.contains("no baseline"), "{alone}");
    assert!(!alone.contains("+0.0 %"), "{alone}");
}

#[test]
fn what_is_no_report_is_an_error_that_says_so() {
    for (text, words) in [
        ("", "is no report of release"),
        ("[]", "it has no schema_version"),
        ("{\"schema_version\": 99}", "another version"),
        ("{\"schema_version\": 1}", "another version"),
        ("{\"schema_version\": 2}", "missing field"),
        ("\u{1b}[2J", "is no report of release"),
    ] {
        let place = Place::empty();
        place.write("report.json", text);
        let run = place.run("comment --from report.json");
        assert_eq!(run.code(), 4, "{text}: {}", run.shown());
        assert!(run.stderr.contains(words), "{text}: {}", run.shown());
    }
    let mut value = report().clone();
    value["targets"][0]["artifact"]["size"] = json!(u64::MAX);
    let run = place(&value).run("comment --from report.json");
    assert!(
        run.stderr.contains("a number in it is out of range"),
        "{}",
        run.shown()
    );
    let run = Place::empty().run("comment --from report.json --key 'a-->'");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

/// A job on `workflow_run`, with this server as GitHub.
fn job(server: &Server, report: &Value, run: u64) -> Place {
    let mut place = place(report);
    place.write("base.json", self::report().to_string());
    place.write(
        "subject.json",
        json!({"number": 7, "head_sha": SHA}).to_string(),
    );
    let event = json!({"workflow_run": {"id": run, "head_sha": SHA, "conclusion": "success"}});
    place.write("event.json", event.to_string());
    place.env("GITHUB_API_URL", &server.address);
    place.env("GITHUB_TOKEN", "secret-token");
    place.env("GITHUB_REPOSITORY", "owner/name");
    place.env("GITHUB_EVENT_PATH", place.path("event.json"));
    place
}

const POST: &str = "comment --from report.json --base base.json --subject subject.json --post";

fn post(place: &Place) -> Run {
    let run = place.run(POST);
    assert!(!run.stderr.contains("secret-token") && !run.stdout.contains("secret-token"));
    run
}

#[test]
fn one_comment_is_made_and_kept_up_to_date() {
    let server = Server::start(SHA);
    // Somebody else's, with our mark in it: not ours to touch.
    let foreign = "<!-- gobuild-opt key=default run=9999 -->\nmine";
    server.comment("stranger", foreign);
    let run = post(&job(&server, &grown(500), 10));
    assert_eq!(
        (run.code(), run.stdout.as_str()),
        (0, "commented on pull request 7\n"),
        "{}",
        run.shown()
    );
    let run = post(&job(&server, &failing(), 11));
    assert!(run.stdout.contains("up to date"), "{}", run.shown());
    // Back to what it was: the comment that is there says so.
    let run = post(&job(&server, report(), 12));
    assert!(run.stdout.contains("up to date"), "{}", run.shown());
    // A run that ends late does not write over a newer one.
    let run = post(&job(&server, &failing(), 11));
    assert!(
        run.stdout.contains("a newer run has commented"),
        "{}",
        run.shown()
    );
    let comments = server.comments();
    assert_eq!(comments.len(), 2, "{comments:?}");
    assert_eq!(comments[0].2, foreign);
    assert!(comments[1].2.contains("byte by byte"), "{comments:?}");
}

#[test]
fn nothing_is_posted_for_another_commit_a_closed_request_or_no_change() {
    let server = Server::start("f".repeat(40).as_str());
    let run = post(&job(&server, &failing(), 1));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("is not the newest commit"),
        "{}",
        run.shown()
    );
    let server = Server::start(SHA);
    let run = post(&job(&server, report(), 1));
    assert!(run.stdout.contains("nothing differs"), "{}", run.shown());
    for subject in [
        json!({"number": "7/../8", "head_sha": SHA}),
        json!({"number": -1, "head_sha": SHA}),
        json!({"number": 7.5, "head_sha": SHA}),
        json!({"number": 7, "head_sha": "f".repeat(40)}),
        json!({"number": 7}),
        json!([]),
    ] {
        let place = job(&server, &failing(), 1);
        place.write("subject.json", subject.to_string());
        let run = post(&place);
        assert_eq!(run.code(), 4, "{subject}: {}", run.shown());
    }
    server.set_state("closed");
    let run = post(&job(&server, &failing(), 1));
    assert!(run.stdout.contains("is closed"), "{}", run.shown());
    assert_eq!(server.comments().len(), 0);
}

#[test]
fn two_runs_that_race_leave_one_comment() {
    let server = Server::start(SHA);
    server.race("<!-- gobuild-opt key=default run=5 -->\nolder");
    let run = post(&job(&server, &failing(), 6));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let comments = server.comments();
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].2.contains("FAIL"), "{comments:?}");
}

#[test]
fn a_busy_server_is_asked_again_and_a_refusal_says_what_is_missing() {
    for (answers, code, words) in [
        (vec!["503", "502"], 0, ""),
        (vec!["429"], 0, ""),
        (vec!["403 limited"], 0, ""),
        (
            vec!["503", "503", "503", "503"],
            4,
            "run the job again later",
        ),
        (vec!["403"], 4, "pull-requests: write"),
        (vec!["404"], 4, "may the token read it"),
        (vec!["302"], 4, "302"),
    ] {
        let server = Server::start(SHA);
        server.answer_first(&answers);
        let run = post(&job(&server, &failing(), 6));
        assert_eq!(run.code(), code, "{answers:?}: {}", run.shown());
        assert!(run.stderr.contains(words), "{answers:?}: {}", run.shown());
        assert_eq!(
            server.comments().len(),
            usize::from(code == 0),
            "{answers:?}"
        );
    }
}
