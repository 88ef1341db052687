//! `comment --check`: a check that a branch can require says no more than what is known.

use serde_json::{Value, json};

use super::server::Server;
use super::{POST, SHA, failing, grown, job};
use crate::harness::{Place, Run};

fn write(place: &Place) -> Run {
    place.run(&format!("{POST} --check gobuild-opt/size"))
}

/// Title and conclusion of the only check of ours.
fn only(server: &Server) -> (String, String) {
    let all = server.checks();
    assert_eq!(all.len(), 1, "{all:?}");
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    assert_eq!(all[0]["name"], "gobuild-opt/size");
    assert_eq!(all[0]["head_sha"], SHA);
    assert_eq!(all[0]["status"], "completed");
    (
        text(&all[0]["conclusion"]),
        text(&all[0]["output"]["title"]),
    )
}

#[test]
fn a_check_is_made_and_brought_up_to_date_by_newer_runs() {
    let server = Server::start(SHA);
    let run = write(&job(&server, &grown(500), 10));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.ends_with("check `gobuild-opt/size`: success\n"),
        "{}",
        run.shown()
    );
    assert_eq!(
        only(&server),
        ("success".into(), "within every budget and gate".into())
    );
    let run = write(&job(&server, &failing(), 11));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(only(&server), ("failure".into(), "1 failure".into()));
    let summary = server.checks()[0]["output"]["summary"].to_string();
    assert!(summary.contains("## gobuild-opt: FAIL"), "{summary}");
    // One that ends late.
    let run = write(&job(&server, &grown(500), 9));
    assert!(
        run.stdout.contains("a newer run has written it"),
        "{}",
        run.shown()
    );
    assert_eq!(only(&server).0, "failure");
}

#[test]
fn a_comment_that_cannot_be_written_does_not_keep_the_check_away() {
    let server = Server::start(SHA);
    server.refuse_comments();
    let run = write(&job(&server, &failing(), 10));
    assert_ne!(run.code(), 0, "{}", run.shown());
    assert!(run.stderr.contains("403"), "{}", run.shown());
    assert!(server.comments().is_empty());
    assert_eq!(only(&server), ("failure".into(), "1 failure".into()));
}

#[test]
fn a_report_that_says_pass_is_not_enough() {
    let mut hidden = grown(500);
    hidden["budgets"] =
        json!([{"item": "size tiny", "limit": 5.0, "actual": 6.0, "status": "fail"}]);
    let server = Server::start(SHA);
    write(&job(&server, &hidden, 10));
    assert_eq!(
        only(&server),
        ("failure".into(), "the report contradicts itself".into())
    );
    // GitHub tells how the run ended.
    for conclusion in ["failure", "cancelled", "", "timed_out"] {
        let server = Server::start(SHA);
        let place = job(&server, &grown(500), 10);
        let event = json!({"workflow_run": {"id": 10, "head_sha": SHA, "conclusion": conclusion}});
        place.write("event.json", event.to_string());
        write(&place);
        assert_eq!(
            only(&server),
            ("failure".into(), "the run did not succeed".into())
        );
    }
}

#[test]
fn an_override_is_named_in_the_check() {
    let mut loosened = grown(500);
    loosened["change"] = json!({
        "since": "origin/main", "judged_by": false, "unknown": null,
        "loosened": ["size of example.com/tiny on linux/amd64 may have 9 B instead of 8 B, because: a feature"],
    });
    let server = Server::start(SHA);
    write(&job(&server, &loosened, 10));
    assert_eq!(
        only(&server),
        ("success".into(), "pass, with 1 loosened gate".into())
    );
}

#[test]
fn checks_of_others_are_left_alone() {
    let server = Server::start(SHA);
    server.check(json!({
        "id": 1, "name": "gobuild-opt/size", "external_id": "99999", "app": {"slug": "somebody"},
    }));
    let run = write(&job(&server, &failing(), 10));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(server.checks().len(), 2);
    let place = job(&server, &failing(), 10);
    for line in ["--check gobuild-opt", "--post --subject s --check 'a&b'"] {
        let run = place.run(&format!("comment --from report.json {line}"));
        assert_eq!(run.code(), 2, "{}", run.shown());
    }
}

#[test]
fn a_busy_server_is_asked_again_for_checks_and_a_refusal_says_what_is_missing() {
    for (answers, code, words) in [
        (vec!["503", "502"], 0, ""),
        (vec!["429"], 0, ""),
        (vec!["403 limited"], 0, ""),
        (
            vec!["503", "503", "503", "503"],
            4,
            "run the job again later",
        ),
        (
            vec!["403 limited", "403 limited", "403 limited", "403 limited"],
            4,
            "the rate limit is reached",
        ),
        (vec!["403"], 4, "checks: write"),
        (vec!["302"], 4, "302"),
    ] {
        let server = Server::start(SHA);
        server.answer_first_of_checks(&answers);
        let run = write(&job(&server, &failing(), 6));
        assert_eq!(run.code(), code, "{answers:?}: {}", run.shown());
        assert!(run.stderr.contains(words), "{answers:?}: {}", run.shown());
        assert!(!run.stderr.contains('\u{1b}'), "{}", run.shown());
        let written = usize::from(code == 0);
        assert_eq!(server.checks().len(), written, "{answers:?}");
        // The comment does not wait for the check.
        assert_eq!(server.comments().len(), 1, "{answers:?}");
    }
    // May be read, but not written.
    let server = Server::start(SHA);
    server.refuse_checks();
    let run = write(&job(&server, &failing(), 6));
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(run.stderr.contains("checks: write"), "{}", run.shown());
}

/// Two runs find no check and make one each, or both write into an older one: the branch takes the one with the greatest number, which says what the newest
/// run says.
#[test]
fn two_runs_that_race_leave_the_newest_verdict() {
    let other = |run: u64, conclusion: &str| {
        json!({
            "name": "gobuild-opt/size", "head_sha": SHA, "status": "completed", "conclusion": conclusion,
            "external_id": run.to_string(), "output": {"title": "other", "summary": "other"},
        })
    };
    let cases = [
        // The other one is older: what it says never stays on top.
        (5, true, "failure", "1 failure"),
        (5, false, "failure", "1 failure"),
        // The other one is newer: so are its words.
        (7, true, "success", "other"),
        (7, false, "success", "other"),
    ];
    for ((run, before, conclusion, title), found) in
        cases.iter().flat_map(|it| [(*it, false), (*it, true)])
    {
        let server = Server::start(SHA);
        if found {
            let mut old = other(4, "success");
            old["id"] = json!(1);
            old["app"] = json!({"slug": "github-actions"});
            server.check(old);
        }
        server.race_check(other(run, "success"), before);
        let done = write(&job(&server, &failing(), 6));
        assert_eq!(done.code(), 0, "{}", done.shown());
        let late = done.stdout.contains("a newer run has written it");
        assert_eq!(late, run > 6, "{}", done.shown());
        let all = server.checks();
        let shown = all.iter().max_by_key(|it| it["id"].as_u64()).unwrap();
        assert_eq!(all.len(), if found && before { 1 } else { 2 }, "{all:?}");
        assert_eq!(shown["conclusion"], conclusion, "{run} {before}: {all:?}");
        assert_eq!(shown["output"]["title"], title, "{run} {before}: {all:?}");
        assert_eq!(shown["external_id"], run.max(6).to_string(), "{all:?}");
    }
}
