//! Reads a lock from its text; an error names the line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::site_lines::{self, Apart};
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
    let whole = || toml::from_str(text).map_err(|error| broken(&error, text, origin));
    let file = written(text).map_or_else(whole, Ok)?;
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

/// A lock that looks as [`super::write`] writes it; `None` for any other, and for one with an error.
fn written(text: &str) -> Option<File> {
    let Apart { rest, sites } = site_lines::apart(text)?;
    let mut file: File = toml::from_str(&rest).ok()?;
    for ((target, package), entries) in sites {
        let target = file.targets.get_mut(target)?;
        site_lines::add(entries, target.sites.get_mut(package)?)?;
    }
    Some(file)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = r#"version = 4

[targets."linux/amd64"]
go = "go1.27.3"
scope = "module"

[targets."linux/amd64".sites."ex.com/m"]
1120451071 = { function = "(*Box).Get", class = "boxing", expression = "x", line = "30239a61" }
c9e02356d6 = { function = "(*Box).Get", class = "boxing", expression = "x", ordinal = 2, reason = "once per \"process\"" }
002f8a9cdf = { function = "F", class = "boxing", expression = "a \"b\"\n\t\u007F\\" }
abcdef0123 = { function = "F", class = "leaking", expression = "é" }

[targets."linux/amd64".sites."ex.com/m/lib"]
1120451071 = { function = "G", class = "new", expression = "&T{}" }
"#;

    /// What the short way reads is what the reader of TOML reads.
    fn agrees(text: &str) -> Option<()> {
        let found = written(text)?;
        let whole: Result<File, _> = toml::from_str(text);
        let whole = whole.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(found.version, whole.version);
        assert_eq!(found.targets, whole.targets, "{text}");
        Some(())
    }

    #[test]
    fn a_lock_as_it_is_written_is_read_line_by_line() {
        agrees(TEXT).unwrap();
        let apart = site_lines::apart(TEXT).unwrap();
        // The escape of a control character is not common, and nothing behind it is taken.
        assert_eq!(apart.sites[0].1.len(), 2);
        assert_eq!(apart.sites[1].1.len(), 1);
        let twice = TEXT.replace("c9e02356d6", "1120451071");
        assert!(written(&twice).is_none());
        assert!(toml::from_str::<File>(&twice).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn whatever_a_lock_looks_like_both_read_the_same(
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..9, "[ -~\n\r\t]"), 1..4),
        ) {
            let mut text = TEXT.to_owned();
            for (place, kind, letter) in changes {
                let lines: Vec<&str> = text.split_inclusive('\n').collect();
                if lines.is_empty() {
                    break;
                }
                let line = place.index(lines.len());
                let other = lines[(line * 7 + 3) % lines.len()];
                let changed = match kind {
                    0 => String::new(),
                    1 => lines[line].repeat(2),
                    2 => format!("{other}{}", lines[line]),
                    3 => format!("x = [\n{}", lines[line]),
                    4 => format!("x = {{\n{}", lines[line]),
                    5 => format!("x = \"\"\"\n{}", lines[line]),
                    6 => lines[line].replacen(' ', "", 1),
                    _ => {
                        let at = place.index(lines[line].len());
                        let at = (0..=at).rfind(|at| lines[line].is_char_boundary(*at)).unwrap();
                        format!("{}{letter}{}", &lines[line][..at], &lines[line][at..])
                    }
                };
                text = lines.iter().enumerate().map(|(at, old)| if at == line { changed.as_str() } else { old }).collect();
            }
            let _ = agrees(&text);
        }
    }
}
