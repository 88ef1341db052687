//! What the report is about: claimed by a file that anybody may have written, and held against the event that started
//! us.

use std::path::Path;

use serde_json::Value;

use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::input;

/// The pull request and the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// `owner/name`
    pub(crate) repository: String,
    /// The number of the pull request.
    pub(crate) number: u64,
    /// The commit that was built.
    pub(crate) head_sha: String,
    /// The run that built it.
    pub(crate) run: u64,
    /// How that run ended, in GitHub's word: `success`.
    pub(crate) conclusion: String,
}

/// Files of a few lines.
const LARGEST: u64 = 1 << 20;

impl Subject {
    /// Reads the file and the event. Fails with [`Kind::Machine`] where they do not agree.
    pub(crate) fn read(path: &Path, session: &Session<'_>) -> Result<Self> {
        let name = path.display().to_string();
        let claimed = json(&session.cwd.join(path), &name)?;
        let repository = text(session, "GITHUB_REPOSITORY")?;
        if !is_repository(&repository) {
            return Err(wrong("GITHUB_REPOSITORY", "is no `owner/name`"));
        }
        let event = text(session, "GITHUB_EVENT_PATH")?;
        // GitHub's own, and it may hold the text of a large pull request.
        let event = json(&session.cwd.join(event), "GITHUB_EVENT_PATH")?;
        let run = &event["workflow_run"];
        let (Some(id), Some(sha)) = (run["id"].as_u64(), run["head_sha"].as_str()) else {
            return Err(wrong("GITHUB_EVENT_PATH", "is of no `workflow_run`")
                .hint("`--post` is for a workflow that runs on `workflow_run`"));
        };
        let number = claimed_number(&claimed, sha).map_err(|why| wrong(&name, why))?;
        Ok(Self {
            repository,
            number,
            head_sha: sha.to_owned(),
            run: id,
            conclusion: run["conclusion"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// The pull request that a file claims to be about. Fails where it is not about the commit of the run that made it.
fn claimed_number(claimed: &Value, sha: &str) -> std::result::Result<u64, &'static str> {
    let number = claimed["number"].as_u64();
    let number = number.filter(|number| (1..=u64::from(u32::MAX)).contains(number));
    let number = number.ok_or("has no `number` of a pull request")?;
    match claimed["head_sha"].as_str() == Some(sha) && is_sha(sha) {
        true => Ok(number),
        false => Err("is not about the commit of the run that made it"),
    }
}

fn json(path: &Path, name: &str) -> Result<Value> {
    let limit = if name == "GITHUB_EVENT_PATH" {
        32 * LARGEST
    } else {
        LARGEST
    };
    let bytes = input::read(path, limit)?;
    serde_json::from_slice(&bytes).map_err(|error| wrong(name, &format!("is no JSON: {error}")))
}

/// A variable that the runner sets.
pub(crate) fn text(session: &Session<'_>, name: &str) -> Result<String> {
    let value = session
        .variable(name)
        .and_then(|variable| variable.to_str());
    let value = value.ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{name}` is not set"))
            .hint("`--post` is for a job in GitHub Actions; without it the comment is printed")
    })?;
    Ok(value.to_owned())
}

fn wrong(name: &str, why: &str) -> Error {
    Error::new(Kind::Machine, format!("`{name}` {why}"))
}

/// It becomes part of an address.
fn is_repository(text: &str) -> bool {
    let part = |text: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        !text.is_empty() && text.chars().all(good) && !text.starts_with('.')
    };
    text.split_once('/')
        .is_some_and(|(owner, name)| part(owner) && part(name))
}

fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
