//! A report and a commit in, a check on that commit out, which a branch can require.

use serde_json::{Value, json};

use super::api::Api;
use super::subject::Subject;
use crate::check::Status;
use crate::command::Session;
use crate::error::Result;
use crate::number::counted_of;
use crate::report::Report;

/// What GitHub takes of a summary, in characters.
const ROOM: usize = 65_000;

/// Writes it. Returns what was done, in a sentence.
pub fn write(
    name: &str,
    report: &Report,
    body: &str,
    subject: &Subject,
    session: &Session<'_>,
) -> Result<String> {
    let api = Api::of(session)?;
    let base = format!("/repos/{}", subject.repository);
    let verdict = Verdict::of(report, subject);
    let summary: String = body.chars().take(ROOM).collect();
    let mut check = json!({
        "name": name,
        "status": "completed",
        "conclusion": if verdict.pass { "success" } else { "failure" },
        "external_id": subject.run.to_string(),
        "output": { "title": verdict.title, "summary": summary },
    });
    let path = format!("{base}/commits/{}/check-runs", subject.head_sha);
    let found = api.get(&format!("{path}?check_name={name}&filter=all&per_page=100"))?;
    let own = own(&found, name);
    if own.iter().any(|it| it.run > subject.run) {
        return Ok(format!("check `{name}`: a newer run has written it"));
    }
    match own.iter().max_by_key(|it| it.id) {
        Some(it) => {
            let path = format!("{base}/check-runs/{}", it.id);
            api.send("PATCH", &path, &check)?;
        }
        None => {
            check["head_sha"] = json!(subject.head_sha);
            api.send("POST", &format!("{base}/check-runs"), &check)?;
        }
    }
    let word = if verdict.pass { "success" } else { "failure" };
    Ok(format!("check `{name}`: {word}"))
}

/// One of ours: no other app's check has this name and the number of a run.
struct Own {
    id: u64,
    run: u64,
}

fn own(found: &Value, name: &str) -> Vec<Own> {
    let all = found["check_runs"].as_array();
    let mine = |it: &Value| {
        let ours = it["name"] == *name && it["app"]["slug"] == "github-actions";
        let run = it["external_id"].as_str()?.parse().ok()?;
        let id = it["id"].as_u64()?;
        ours.then_some(Own { id, run })
    };
    all.into_iter().flatten().filter_map(mine).collect()
}

struct Verdict {
    pass: bool,
    title: String,
}

impl Verdict {
    /// The word of the report alone is not enough: what is in it has to agree, and so has the end of the run, which GitHub
    /// itself tells.
    fn of(report: &Report, subject: &Subject) -> Self {
        let failures = report.verdict.failures.len();
        let failed = |status: Status| status == Status::Fail;
        let budgets = report.budgets.iter().filter(|it| failed(it.status));
        let checks = report.targets.iter().flat_map(|it| &it.checks);
        let hidden = budgets.count() + checks.filter(|it| failed(it.status)).count();
        let title = if subject.conclusion != "success" && failures == 0 {
            "the run did not succeed".to_owned()
        } else if failures > 0 {
            counted_of(failures, "failure")
        } else if !report.verdict.pass || hidden > 0 {
            "the report contradicts itself".to_owned()
        } else {
            let loosened = report.change.as_ref().map_or(0, |it| it.loosened.len());
            return Self {
                pass: true,
                title: match loosened {
                    0 => "within every budget and gate".to_owned(),
                    it => format!("pass, with {}", counted_of(it, "loosened gate")),
                },
            };
        };
        Self { pass: false, title }
    }
}
