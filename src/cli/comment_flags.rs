//! The command line of `comment`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub(super) const COMMENT: &str = "\
The report may come from a stranger's pull request: nothing in it becomes markup, a mention or a link.

With --post, for a job on `workflow_run` in GitHub Actions: GITHUB_TOKEN with `pull-requests: write`, GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_EVENT_PATH as the runner sets them. One comment per key is updated in place; the number and the commit in --subject have to be those of the run. --check needs `checks: write` as well; it fails where the run did not succeed, whatever the report says.

Examples:
  gobuild-opt comment --from report.json
  gobuild-opt comment --from report.json --base main.json --when failures
  gobuild-opt comment --from report.json --subject subject.json --post";

/// `comment`
#[derive(Debug, Args)]
pub(crate) struct Comment {
    /// The JSON report of release
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
    /// The JSON report of what the pull request is based on
    #[arg(long, value_name = "FILE")]
    pub(crate) base: Option<PathBuf>,
    /// What the base is called, such as a commit
    #[arg(long, value_name = "NAME")]
    pub(crate) base_name: Option<String>,
    /// When there is something to say
    #[arg(long, value_name = "WHEN", default_value = "changes")]
    pub(crate) when: When,
    /// Tells several comments on one pull request apart
    #[arg(long, value_name = "KEY", default_value = "default", value_parser = key)]
    pub(crate) key: String,
    /// Write it to the pull request instead of standard output
    #[arg(long, requires = "subject")]
    pub(crate) post: bool,
    /// A JSON file with `number`, of the pull request, and `head_sha`, the commit that was built
    #[arg(long, value_name = "FILE")]
    pub(crate) subject: Option<PathBuf>,
    /// Write a check of this name on the commit too: success or failure, for a branch to require
    #[arg(long, value_name = "NAME", requires = "post", value_parser = check)]
    pub(crate) check: Option<String>,
    /// Who writes the comments: nobody else's are touched
    #[arg(long, value_name = "LOGIN", default_value = "github-actions[bot]")]
    pub(crate) author: String,
}

/// When a comment is made. One that is there is always brought up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// Something differs, or fails, or there is nothing to compare with
    Changes,
    /// Something fails
    Failures,
    /// For every run
    Always,
}

/// It stands in an address.
fn check(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
    match !text.is_empty() && text.len() <= 64 && text.chars().all(good) {
        true => Ok(text.to_owned()),
        false => {
            Err("a check is 1 to 64 letters, digits, dots, dashes, slashes and underscores".into())
        }
    }
}

/// It stands in an HTML comment.
fn key(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    match !text.is_empty() && text.len() <= 64 && text.chars().all(good) {
        true => Ok(text.to_owned()),
        false => Err("a key is 1 to 64 letters, digits, dots and underscores".into()),
    }
}
