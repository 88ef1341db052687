//! What templates in linker flags stand for: what git says about the tree, the date, variables of the environment.
//!
//! A checkout may be somebody else's pull request: git runs nothing that the repository sets up, and a configuration reads
//! only variables that are known to be no secret, or that the command line allows.

use std::collections::BTreeMap;
use std::path::Path;

use super::git::Git;
use crate::clock;
use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

/// Template name -> the git command that fills it in.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "git.describe",
        &["describe", "--tags", "--always", "--dirty"],
    ),
    ("git.commit", &["rev-parse", "HEAD"]),
    (
        "git.date",
        &["log", "-1", "-s", "--no-show-signature", "--format=%cI"],
    ),
];

/// Variables that a configuration reads without being allowed to: what CI systems say of the commit and of the run, and the
/// usual names of a version. No secret has such a name.
const HARMLESS: &[&str] = &[
    "APP_VERSION",
    "BITBUCKET_BRANCH",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "BITBUCKET_TAG",
    "BRANCH_NAME",
    "BUILDKITE_BRANCH",
    "BUILDKITE_BUILD_NUMBER",
    "BUILDKITE_COMMIT",
    "BUILDKITE_TAG",
    "BUILD_BUILDID",
    "BUILD_BUILDNUMBER",
    "BUILD_DATE",
    "BUILD_ID",
    "BUILD_NUMBER",
    "BUILD_SOURCEBRANCHNAME",
    "BUILD_SOURCEVERSION",
    "BUILD_TAG",
    "BUILD_TIME",
    "BUILD_VERSION",
    "CIRCLE_BRANCH",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_SHA1",
    "CIRCLE_TAG",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_REF_SLUG",
    "CI_COMMIT_SHA",
    "CI_COMMIT_SHORT_SHA",
    "CI_COMMIT_TAG",
    "CI_COMMIT_TIMESTAMP",
    "CI_JOB_ID",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_IID",
    "CI_PROJECT_NAME",
    "CI_PROJECT_PATH",
    "CODEBUILD_BUILD_NUMBER",
    "CODEBUILD_RESOLVED_SOURCE_VERSION",
    "COMMIT",
    "COMMIT_SHA",
    "DRONE_BRANCH",
    "DRONE_BUILD_NUMBER",
    "DRONE_COMMIT_SHA",
    "DRONE_TAG",
    "GITHUB_BASE_REF",
    "GITHUB_HEAD_REF",
    "GITHUB_REF",
    "GITHUB_REF_NAME",
    "GITHUB_REF_TYPE",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_NUMBER",
    "GITHUB_SHA",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_SHA",
    "GIT_TAG",
    "IMAGE_TAG",
    "RELEASE_VERSION",
    "REVISION",
    "REVISION_ID",
    "SHORT_SHA",
    "SOURCE_COMMIT",
    "SOURCE_DATE_EPOCH",
    "TAG",
    "TAG_NAME",
    "TRAVIS_BRANCH",
    "TRAVIS_BUILD_NUMBER",
    "TRAVIS_COMMIT",
    "TRAVIS_TAG",
    "VERSION",
];

/// Fills in `{git.describe}`, `{git.commit}`, `{git.date}` (of the commit), `{date}` (now, or
/// SOURCE_DATE_EPOCH) and `{env.NAME}`. Values are cached over the calls.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    values: BTreeMap<String, String>,
    /// Variables that may be read beside [`HARMLESS`].
    allowed: Vec<String>,
    /// Whether a value that cannot be had is `unknown`.
    unknown: bool,
    /// Why values are `unknown`.
    pub unfilled: Vec<Error>,
}

impl Templates {
    /// With variables that the command line or the environment allows. With `unknown`, what neither git nor the environment
    /// knows is that word, and the reason is kept in [`Self::unfilled`].
    pub(crate) fn new(allowed: Vec<String>, unknown: bool) -> Self {
        Self {
            allowed,
            unknown,
            ..Self::default()
        }
    }

    /// The variables of a text that a configuration may not read. What is trusted reads all.
    ///
    /// Fails with [`Kind::Usage`], naming the first.
    pub(crate) fn review(&self, text: &str) -> Result<()> {
        for part in text.split("{env.").skip(1) {
            let name = part.split('}').next().unwrap_or_default();
            if !HARMLESS.contains(&name) && !self.allowed.iter().any(|text| text == name) {
                let message = format!(
                    "`{text}` reads the environment variable `{name}`, which may be a secret"
                );
                return Err(Error::new(Kind::Usage, message).hint(format!(
                    "allow it with `--allow-env {name}` or GOBUILD_OPT_ALLOW_ENV={name} (`build.allow-env` of a file counts under `--config-from REV`); a configuration reads variables such as GITHUB_SHA, CI_COMMIT_TAG, BUILD_NUMBER and VERSION without that (`gobuild-opt presets default` lists them)"
                )));
            }
        }
        Ok(())
    }

    /// The text with every template filled in. Fails with [`Kind::Usage`] for an unknown name, an
    /// unset variable, or a git that cannot answer.
    pub(crate) fn fill(&mut self, text: &str, cwd: &Path, interrupt: &Interrupt) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, from_brace) = rest.split_at(open);
            filled.push_str(before);
            let Some(close) = from_brace.find('}') else {
                rest = from_brace;
                break;
            };
            filled.push_str(&self.value(&from_brace[1..close], text, cwd, interrupt)?);
            rest = &from_brace[close + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(
        &mut self,
        name: &str,
        text: &str,
        cwd: &Path,
        interrupt: &Interrupt,
    ) -> Result<String> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let value = match look_up(name, text, cwd, interrupt) {
            Err(error) if self.unknown && is_known(name) && error.kind == Kind::Usage => {
                self.unfilled.push(error);
                "unknown".to_owned()
            }
            value => value?,
        };
        self.values.insert(name.to_owned(), value.clone());
        Ok(value)
    }
}

fn is_known(name: &str) -> bool {
    name.starts_with("env.") || name == "date" || COMMANDS.iter().any(|(known, _)| *known == name)
}

fn look_up(name: &str, text: &str, cwd: &Path, interrupt: &Interrupt) -> Result<String> {
    if let Some(variable) = name.strip_prefix("env.") {
        return std::env::var(variable).map_err(|_| unset(text, variable));
    }
    if name == "date" {
        return now(text);
    }
    let Some((_, args)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
        let message = format!("`{text}` has an unknown template `{{{name}}}`");
        return Err(Error::new(Kind::Usage, message)
            .hint("templates: {git.describe}, {git.commit}, {git.date}, {date}, {env.NAME}"));
    };
    let git = Git::new(cwd, interrupt);
    let git = match name {
        "git.describe" => git.looking_at_files()?,
        _ => git,
    };
    let text_of = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    let why = match git.ask(args)? {
        Ok(value) => return Ok(text_of(value)),
        Err(why) => why,
    };
    Err(unfilled(text, &why, cwd, interrupt)?)
}

/// A template needs a variable that is not set.
fn unset(text: &str, variable: &str) -> Error {
    let message = format!("`{text}` needs the environment variable `{variable}`, which is not set");
    Error::new(Kind::Usage, message)
}

/// Git does not know what a template needs, and says `why`.
fn unfilled(text: &str, why: &str, cwd: &Path, interrupt: &Interrupt) -> Result<Error> {
    let error = |why: &str| Error::new(Kind::Usage, format!("`{text}` cannot be filled in: {why}"));
    if why.contains("dubious ownership") {
        return Ok(error(why).hint(format!(
            "the repository belongs to another user, as it often does in a container: `git config --global --add safe.directory {}`",
            top(cwd).display()
        )));
    }
    // Each git command has words of its own for it.
    if lacks_commit(cwd, interrupt)? {
        return Ok(error("the repository has no commit yet")
            .hint("commit first, or take the value from a variable: {env.NAME}"));
    }
    let variable = "take it from a variable: {env.NAME}";
    Ok(error(why).hint(match by_hand(text) {
        Some(flag) => {
            format!("where there is no git, give it by hand, `-ldflags \"{flag}\"`, or {variable}")
        }
        None => format!("where there is no git, {variable}"),
    }))
}

/// Whether `cwd` is in a repository without a commit: then no `{git...}` has a value. Where git cannot be asked, it is not known.
pub(crate) fn lacks_commit(cwd: &Path, interrupt: &Interrupt) -> Result<bool> {
    let git = Git::new(cwd, interrupt);
    let is_repository = git.ask(&["rev-parse", "--git-dir"])?.is_ok();
    let head = ["rev-parse", "--verify", "--quiet", "HEAD"];
    Ok(is_repository && git.ask(&head)?.is_err())
}

/// The definition `main.version={git.describe}` as one would type it; `None` for another flag.
fn by_hand(text: &str) -> Option<String> {
    let definition = text.trim_start_matches('-');
    let definition = match definition == text {
        true => text,
        false => definition.strip_prefix("X=")?,
    };
    let variable = definition.split('=').next()?;
    variable
        .contains('.')
        .then(|| format!("-X {variable}=1.2.3"))
}

/// The directory of the repository.
fn top(cwd: &Path) -> &Path {
    let mut above = cwd.ancestors();
    above.find(|path| path.join(".git").exists()).unwrap_or(cwd)
}

fn now(text: &str) -> Result<String> {
    let wrong = |why: &str| Error::new(Kind::Usage, format!("`{text}` cannot be filled in: {why}"));
    let moment = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => {
            let seconds = seconds.trim().parse().unwrap_or(i64::MAX);
            jiff::Timestamp::from_second(seconds).map_err(|_| {
                wrong("SOURCE_DATE_EPOCH is no number of seconds up to the year 9999")
            })?
        }
        Err(_) => clock::now()
            .ok_or_else(|| wrong("the clock of this machine is not within the years up to 9999"))?,
    };
    Ok(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_template_lists_the_known() {
        let error = Templates::default()
            .fill(
                "-X main.v={git.tagg}",
                Path::new("/"),
                &Interrupt::default(),
            )
            .unwrap_err();
        assert!(error.message.contains("{git.tagg}"), "{error}");
        assert!(error.hint.unwrap().contains("{git.describe}"));
    }

    #[test]
    fn the_reference_lists_every_variable() {
        let reference = crate::config::preset::DEFAULT.text;
        for name in HARMLESS {
            let words = reference.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(words.into_iter().any(|word| word == *name), "{name}");
        }
    }

    #[test]
    fn text_without_templates_stays() {
        let fill = |text| {
            Templates::default()
                .fill(text, Path::new("/"), &Interrupt::default())
                .unwrap()
        };
        assert_eq!(fill("-X main.v=1"), "-X main.v=1");
        assert_eq!(fill("-X main.v={"), "-X main.v={");
    }
}
