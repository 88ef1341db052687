//! Reads a lock from its text; an error names the line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Lock, Platform, VERSION, id};
use crate::error::{Error, Kind, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: i64,
    #[serde(default)]
    targets: BTreeMap<String, Platform>,
}

/// Reads a lock; `origin` names the file in errors.
///
/// Fails with [`Kind::Usage`], the line and what to do for merge conflicts, a later version, and everything that
/// [`super::write`] would not have written.
pub fn read(text: &str, origin: &str) -> Result<Lock> {
    if let Some(line) = text.lines().position(is_conflict) {
        return Err(bad(origin, line + 1, "holds a merge conflict").hint(
            "remove the markers and keep the lines of both sides; where both speak of the same fact, keep one and run `gobuild-opt accept`",
        ));
    }
    version(text, origin)?;
    let file: File = toml::from_str(text).map_err(|error| broken(&error, text, origin))?;
    for (package, entries) in file.targets.values().flat_map(|target| &target.sites) {
        for (name, entry) in entries {
            let wanted = id(&entry.identity(package));
            if *name != wanted {
                let line = line_of(text, &format!("{name} ="));
                return Err(bad(
                    origin,
                    line,
                    &format!("was edited: the site `{name}` is `{wanted}`"),
                )
                .hint(ANEW));
            }
        }
    }
    let mut targets = file.targets;
    for it in targets.values_mut() {
        it.earlier = Some(file.version.max(2)).filter(|it| *it < VERSION);
    }
    Ok(Lock { targets })
}

const ANEW: &str = "take the file as it was committed, or remove it and run `gobuild-opt accept`";

fn is_conflict(line: &str) -> bool {
    ["<<<<<<<", "|||||||", ">>>>>>>"]
        .iter()
        .any(|prefix| line.starts_with(prefix))
        || line == "======="
}

/// The version first: a later one may look different everywhere else.
fn version(text: &str, origin: &str) -> Result<()> {
    let version = text.lines().enumerate().find_map(|(index, line)| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "version").then(|| (index + 1, value.trim().to_owned()))
    });
    let Some((line, text)) = version else {
        return Err(bad(origin, 1, &format!("has no line `version = {VERSION}`")).hint(ANEW));
    };
    match text.parse::<i64>() {
        Ok(1..=VERSION) => Ok(()),
        Ok(later) if later > VERSION => Err(bad(
            origin,
            line,
            &format!("is of version {later}, and this program knows version {VERSION}"),
        )
        .hint("use the version of gobuild-opt that wrote it, or a later one")),
        _ => Err(bad(origin, line, &format!("has the version `{text}`")).hint(ANEW)),
    }
}

fn broken(error: &toml::de::Error, text: &str, origin: &str) -> Error {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line = text.as_bytes()[..start]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    if message.starts_with("duplicate key") {
        let fact = text.lines().nth(line - 1).unwrap_or_default().trim();
        return bad(origin, line, &format!("says `{fact}`, and another line the same of something else"))
            .hint("a merge kept both sides: keep the line that is true, or any of them, and run `gobuild-opt accept`");
    }
    bad(origin, line, &format!("cannot be read: {message}")).hint(ANEW)
}

fn line_of(text: &str, start: &str) -> usize {
    text.lines()
        .position(|line| line.starts_with(start))
        .map_or(1, |at| at + 1)
}

fn bad(origin: &str, line: usize, what: &str) -> Error {
    Error::new(Kind::Usage, format!("`{origin}:{line}` {what}"))
}
