//! What git says about the tree, for the templates in linker flags.
//!
//! Our git calls run neither the hooks nor the fsmonitor of the repository: a checkout may be
//! somebody else's pull request.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::clock;
use crate::error::{Error, Kind, Result};
use crate::process::{self, Interrupt, Invocation};
use crate::review::Ground;

/// Template name -> the git command that fills it in.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        "git.describe",
        &["describe", "--tags", "--always", "--dirty"],
    ),
    ("git.commit", &["rev-parse", "HEAD"]),
    ("git.date", &["log", "-1", "--format=%cI"]),
];

/// Fills in `{git.describe}`, `{git.commit}`, `{git.date}` (of the commit), `{date}` (now, or
/// SOURCE_DATE_EPOCH) and `{env.NAME}`. Values are cached over the calls.
#[derive(Debug, Default)]
pub struct Templates {
    values: BTreeMap<String, String>,
}

impl Templates {
    /// The text with every template filled in. Fails with [`Kind::Usage`] for an unknown name, an
    /// unset variable, or a git that cannot answer.
    pub fn fill(&mut self, text: &str, cwd: &Path, interrupt: &Interrupt) -> Result<String> {
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
        let value = look_up(name, text, cwd, interrupt)?;
        self.values.insert(name.to_owned(), value.clone());
        Ok(value)
    }
}

fn look_up(name: &str, text: &str, cwd: &Path, interrupt: &Interrupt) -> Result<String> {
    if let Some(variable) = name.strip_prefix("env.") {
        return std::env::var(variable).map_err(|_| {
            Error::new(
                Kind::Usage,
                format!("`{text}` needs the environment variable `{variable}`, which is not set"),
            )
        });
    }
    if name == "date" {
        return now(text);
    }
    let Some((_, args)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
        return Err(Error::new(
            Kind::Usage,
            format!("`{text}` has an unknown template `{{{name}}}`"),
        )
        .hint("templates: {git.describe}, {git.commit}, {git.date}, {date}, {env.NAME}"));
    };
    git(args, cwd, interrupt)?.map_err(|why| {
        Error::new(Kind::Usage, format!("`{text}` cannot be filled in: {why}"))
            .hint("set the value with {env.NAME} where there is no git")
    })
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

/// The outer error is not git's: a signal, or the end of the time that was allowed.
fn git(args: &[&str], cwd: &Path, interrupt: &Interrupt) -> Result<Result<String, String>> {
    let safe = [
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "--no-optional-locks",
    ];
    let invocation = Invocation::new(
        "git",
        safe.iter().chain(args),
        cwd,
        &Arc::new(Ground::everything()),
    );
    let mut words = super::Words::default();
    let done = process::capture(&invocation, interrupt, |line| words.keep(line));
    interrupt.check()?;
    Ok(match done {
        Err(error) => Err(format!("git: {error}")),
        Ok((outcome, _)) if !outcome.status.success() => Err(words
            .text()
            .lines()
            .next()
            .unwrap_or("git failed")
            .to_owned()),
        Ok((_, output)) => Ok(String::from_utf8_lossy(&output).trim().to_owned()),
    })
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
