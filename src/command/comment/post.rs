//! Writes our one comment on a pull request: makes it, brings it up to date or leaves it alone.

use serde_json::{Value, json};

use super::api::Api;
use super::comment_subject::Subject;
use crate::cli;
use crate::command::Session;
use crate::error::Result;
use crate::order::Order;

/// What is to be said.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Whether it is worth a new comment.
    pub(crate) wanted: bool,
    /// Markdown.
    pub(crate) body: String,
}

/// One of our comments with our key.
struct Own {
    id: u64,
    run: u64,
    body: String,
}

/// Pages of comments that are looked at, 100 each.
const PAGES: u32 = 50;

/// Writes the comment. Returns what was done, in a sentence.
pub(crate) fn post(
    draft: &Draft,
    subject: &Subject,
    args: &cli::Comment,
    session: &Session<'_>,
) -> Result<String> {
    let api = Api::of(session)?;
    let base = format!("/repos/{}", subject.repository);
    let number = subject.number;
    let pull = api.get(&format!("{base}/pulls/{number}"))?;
    if let Some(why) = not_about(&pull, subject) {
        return Ok(format!("nothing was written: {why}"));
    }
    let comments = Comments {
        api: &api,
        repository: &base,
        number,
        author: &args.author,
        key: &args.key,
    };
    let body = format!("{}\n{}", marker(&args.key, subject.run), draft.body);
    let own = comments.own()?;
    let Some(first) = own.first() else {
        if !draft.wanted {
            return Ok("nothing was written: nothing differs".into());
        }
        comments.create(&body)?;
        // Another run may have done the same at the same time: the oldest comment stays.
        comments.settle(&comments.own()?, &body, subject.run)?;
        return Ok(format!("commented on pull request {number}"));
    };
    if own.iter().any(|own| own.run > subject.run) {
        return Ok("nothing was written: a newer run has commented".into());
    }
    if first.body != body {
        comments.update(first.id, &body)?;
    }
    comments.settle(&own, &body, subject.run)?;
    let done = format!("brought the comment on pull request {number} up to date");
    Ok(done)
}

/// Why a report is not for a pull request. Its number is what the file says: the commit has to be the newest of that very one.
fn not_about(pull: &Value, subject: &Subject) -> Option<String> {
    let number = subject.number;
    if pull["head"]["sha"].as_str() != Some(subject.head_sha.as_str()) {
        let commit = &subject.head_sha[..12];
        return Some(format!(
            "{commit} is not the newest commit of pull request {number}"
        ));
    }
    let is_open = pull["state"].as_str() == Some("open");
    (!is_open).then(|| format!("pull request {number} is closed"))
}

fn marker(key: &str, run: u64) -> String {
    format!("<!-- gobuild-opt key={key} run={run} -->")
}

fn run_of(body: &str, key: &str) -> Option<u64> {
    let rest = body.strip_prefix("<!-- gobuild-opt key=")?;
    let rest = rest.strip_prefix(key)?.strip_prefix(" run=")?;
    rest.split_once(" -->")?.0.parse().ok()
}

struct Comments<'a> {
    api: &'a Api<'a>,
    repository: &'a str,
    number: u64,
    author: &'a str,
    key: &'a str,
}

impl Comments<'_> {
    /// Ours, the oldest first. What others wrote is not, whatever it says.
    fn own(&self) -> Result<Vec<Own>> {
        let mut found = Vec::new();
        for page in 1..=PAGES {
            let path = format!(
                "{}/issues/{}/comments?per_page=100&page={page}",
                self.repository, self.number
            );
            let all = self.api.get(&path)?;
            let all = all.as_array().cloned().unwrap_or_default();
            found.extend(all.iter().filter_map(|value| self.mine(value)));
            if all.len() < 100 {
                break;
            }
        }
        found.order_by_key(|own| own.id);
        Ok(found)
    }

    fn mine(&self, comment: &Value) -> Option<Own> {
        if comment["user"]["login"].as_str() != Some(self.author) {
            return None;
        }
        let body = comment["body"].as_str()?.replace("\r\n", "\n");
        Some(Own {
            id: comment["id"].as_u64()?,
            run: run_of(&body, self.key)?,
            body,
        })
    }

    fn create(&self, body: &str) -> Result<()> {
        let path = format!("{}/issues/{}/comments", self.repository, self.number);
        self.api.send("POST", &path, &json!({ "body": body }))
    }

    fn update(&self, id: u64, body: &str) -> Result<()> {
        let path = format!("{}/issues/comments/{id}", self.repository);
        self.api.send("PATCH", &path, &json!({ "body": body }))
    }

    /// Leaves one of several: the oldest, with the words of the newest run.
    fn settle(&self, own: &[Own], body: &str, run: u64) -> Result<()> {
        let [first, rest @ ..] = own else {
            return Ok(());
        };
        if rest.is_empty() {
            return Ok(());
        }
        let newest = rest
            .iter()
            .filter(|own| own.run > run)
            .max_by_key(|own| own.run);
        let words = newest.map_or(body, |own| own.body.as_str());
        if first.run <= run && first.body != words {
            self.update(first.id, words)?;
        }
        for it in rest {
            let path = format!("{}/issues/comments/{}", self.repository, it.id);
            self.api.delete(&path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_recognised_by_its_first_line() {
        let text = format!("{}\n## pass", marker("a.b", 7));
        assert_eq!(run_of(&text, "a.b"), Some(7));
        assert_eq!(run_of(&text, "a"), None);
        assert_eq!(run_of(&format!("> {text}"), "a.b"), None);
        assert_eq!(run_of("<!-- gobuild-opt key=a.b run=x -->", "a.b"), None);
    }
}
