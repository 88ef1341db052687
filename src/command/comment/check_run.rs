//! Writes the result of a report as a check on a commit, which a branch can require.

use serde_json::{Value, json};

use super::api::Api;
use super::comment_subject::Subject;
use crate::check::Status;
use crate::command::Session;
use crate::error::Result;
use crate::number::counted_of;
use crate::report::Report;

/// What GitHub takes of a summary, in characters.
const ROOM: usize = 65_000;

/// Writes the check. Returns what was done, in a sentence.
pub(crate) fn write(
    name: &str,
    report: &Report,
    body: &str,
    subject: &Subject,
    session: &Session<'_>,
) -> Result<String> {
    let api = Api::of(session)?;
    let base = format!("/repos/{}", subject.repository);
    let verdict = Verdict::of(report, subject);
    let word = if verdict.pass { "success" } else { "failure" };
    let summary: String = body.chars().take(ROOM).collect();
    let check = json!({
        "name": name,
        "status": "completed",
        "conclusion": word,
        "external_id": subject.run.to_string(),
        "output": { "title": verdict.title, "summary": summary },
    });
    let path = format!("{base}/commits/{}/check-runs", subject.head_sha);
    let checks = Checks {
        api: &api,
        listed: format!("{path}?check_name={name}&filter=all&per_page=100"),
        path: format!("{base}/check-runs"),
        name,
    };
    match checks.write(check, subject)? {
        true => Ok(format!("check `{name}`: {word}")),
        false => Ok(format!("check `{name}`: a newer run has written it")),
    }
}

/// One of ours: no other app's check has this name and the number of a run.
struct Own {
    id: u64,
    run: u64,
    /// What it says, as GitHub takes it.
    words: Value,
}

/// The checks of one name on one commit.
struct Checks<'a> {
    api: &'a Api<'a>,
    listed: String,
    path: String,
    name: &'a str,
}

impl Checks<'_> {
    fn own(&self) -> Result<Vec<Own>> {
        let found = self.api.get(&self.listed)?;
        let all = found["check_runs"].as_array().into_iter().flatten();
        Ok(all.filter_map(|check| self.mine(check)).collect())
    }

    fn mine(&self, check: &Value) -> Option<Own> {
        let ours = check["name"] == *self.name && check["app"]["slug"] == "github-actions";
        let words = json!({
            "status": check["status"],
            "conclusion": check["conclusion"],
            "external_id": check["external_id"],
            "output": { "title": check["output"]["title"], "summary": check["output"]["summary"] },
        });
        Some(Own {
            id: check["id"].as_u64()?,
            run: check["external_id"].as_str()?.parse().ok()?,
            words,
        })
        .filter(|_| ours)
    }

    /// Writes a check, unless a newer run has written one. Whether it is the one that is shown now.
    fn write(&self, mut check: Value, subject: &Subject) -> Result<bool> {
        let own = self.own()?;
        if own.iter().any(|own| own.run > subject.run) {
            return Ok(false);
        }
        match own.iter().max_by_key(|own| own.id) {
            Some(newest) => self.update(newest.id, &check)?,
            None => {
                check["head_sha"] = json!(subject.head_sha);
                self.api.send("POST", &self.path, &check)?;
            }
        }
        // Another run may have done the same at the same time.
        Ok(!self.settle(subject.run, &check)?)
    }

    fn update(&self, id: u64, check: &Value) -> Result<()> {
        self.api
            .send("PATCH", &format!("{}/{id}", self.path), check)
    }

    /// Corrects the check that is shown. Of several checks with one name a branch takes the one that was made last, and
    /// none can be removed: so that one gets the words of the newest run, which is this one where an older run wrote
    /// over it. Returns whether the newest run is another.
    fn settle(&self, run: u64, check: &Value) -> Result<bool> {
        let own = self.own()?;
        let newer = own.iter().filter(|own| own.run > run);
        let newer = newer.max_by_key(|own| own.run);
        let (newest, words) = newer.map_or((run, check), |own| (own.run, &own.words));
        let shown = own.iter().max_by_key(|own| own.id);
        if let Some(shown) = shown.filter(|own| own.run < newest) {
            self.update(shown.id, words)?;
        }
        Ok(newer.is_some())
    }
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
        let budgets = report.budgets.iter().filter(|budget| failed(budget.status));
        let checks = report.targets.iter().flat_map(|target| &target.checks);
        let hidden = budgets.count() + checks.filter(|finding| failed(finding.status)).count();
        let title = if subject.conclusion != "success" && failures == 0 {
            "the run did not succeed".to_owned()
        } else if failures > 0 {
            counted_of(failures, "failure")
        } else if !report.verdict.pass || hidden > 0 {
            "the report contradicts itself".to_owned()
        } else {
            let loosened = report
                .change
                .as_ref()
                .map_or(0, |change| change.loosened.len());
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
