//! Reads `--go` and `--module`: another go, and versions of modules.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Now;
use crate::build::Event;
use crate::command::Session;
use crate::error::{Error, Kind, Result};
use crate::go::{OLDEST, Other, minor_of};
use crate::input;

/// A version of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bump {
    /// `golang.org/x/net`
    pub path: String,
    /// `golang.org/x/net@latest`, as go takes it.
    pub query: String,
}

/// Reads `PATH@VERSION`. Fails with [`Kind::Usage`] for another form, and for a module that is named twice.
pub fn modules(texts: &[String]) -> Result<Vec<Bump>> {
    let mut bumps: Vec<Bump> = Vec::new();
    for text in texts {
        let parts = text.split_once('@');
        let well = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.contains('@');
        let Some((path, _)) = parts.filter(|(path, version)| well(path) && well(version)) else {
            let message = format!("`--module {text}` is not of the form PATH@VERSION");
            return Err(Error::new(Kind::Usage, message)
                .hint("write it like golang.org/x/net@v0.50.0 or golang.org/x/net@latest"));
        };
        if bumps.iter().any(|bump| bump.path == path) {
            let message = format!("`--module` names `{path}` twice");
            return Err(Error::new(Kind::Usage, message).hint("give one version of each module"));
        }
        bumps.push(Bump {
            path: path.to_owned(),
            query: text.clone(),
        });
    }
    Ok(bumps)
}

/// The toolchains to look at; one that is `None` where only modules move.
pub fn toolchains(
    texts: &[String],
    now: &Now,
    session: &mut Session<'_>,
) -> Result<Vec<Option<Other>>> {
    if texts.is_empty() {
        return Ok(vec![None]);
    }
    let mut found = Vec::new();
    for text in texts {
        let other = toolchain(text, now, session)?;
        old_enough(&other, text, now)?;
        if !found.contains(&Some(other.clone())) {
            found.push(Some(other));
        }
    }
    Ok(found)
}

fn toolchain(text: &str, now: &Now, session: &mut Session<'_>) -> Result<Other> {
    let version = text.strip_prefix("go").unwrap_or(text);
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    if text.contains('/') || (!is_version && session.cwd.join(text).exists()) {
        return program(text, &session.cwd).map(Other::Program);
    }
    let Some(minor) = minor_of(version).filter(|_| is_version) else {
        let message = format!("`--go {text}` is neither a version of Go nor a path");
        return Err(
            Error::new(Kind::Usage, message).hint("write it like 1.27.3, 1.27 or /usr/local/go")
        );
    };
    if minor < OLDEST {
        let message = format!(
            "`--go {text}` is too old: gobuild-opt needs Go {}.{} or newer",
            OLDEST.0, OLDEST.1
        );
        return Err(Error::new(Kind::Usage, message).hint("name a newer Go"));
    }
    if version != format!("{}.{}", minor.0, minor.1) {
        return Ok(Other::Version(format!("go{version}")));
    }
    newest(version, now, session).map(|it| Other::Version(format!("go{it}")))
}

/// The newest release of `1.27`, by the module proxy.
///
/// Go is asked in the module, whose environment it may need, and writes nothing there: with `-mod=mod` it would add a go line.
/// In a workspace it takes a version of Go for a module that must be among those in use.
fn newest(version: &str, now: &Now, session: &mut Session<'_>) -> Result<String> {
    (session.show)(Event::Talk(&format!(
        "asking for the newest release of Go {version}"
    )));
    let query = format!("go@{version}");
    let mut go = now.facts.go.clone();
    go.set("GOWORK", "off");
    let ground = Arc::make_mut(&mut go.ground);
    ground.trust_flags(&["-m=true", "-mod=readonly"]);
    ground.trust_package(&query);
    let args = [
        "list",
        "-m=true",
        "-mod=readonly",
        "-f={{.Version}}",
        &query,
    ];
    let listed = go.listed(&go.invocation(args), &session.interrupt);
    let listed = listed.map_err(|error| not_there(error, &format!("Go {version}")))?;
    let found = String::from_utf8_lossy(&listed).trim().to_owned();
    match minor_of(&found) == minor_of(version) {
        true => Ok(found),
        false => {
            let error = Error::new(Kind::Go, "");
            Err(not_there(error, &format!("Go {version}")))
        }
    }
}

/// Makes the error that a Go cannot be had, with the words of the go that was asked.
pub fn not_there(mut error: Error, what: &str) -> Error {
    if error.kind == Kind::Go {
        error.message = format!("`{what}` cannot be had");
        error.hint = Some(
            "see https://go.dev/dl for its version, and `go env GOPROXY` for where it is loaded from; without a network, name one that is here: --go /usr/local/go"
                .into(),
        );
    }
    error
}

/// The go command at a path: itself, in its directory, of a GOROOT, or of a directory that a GOROOT called `go` was unpacked
/// into.
fn program(text: &str, cwd: &Path) -> Result<PathBuf> {
    let place = cwd.join(text);
    let ways = [
        place.clone(),
        place.join("bin/go"),
        place.join("go/bin/go"),
        place.join("go"),
    ];
    let found = ways.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        let what = match place.exists() {
            true => "there is no go command in it",
            false => "there is no such file",
        };
        Error::new(Kind::Usage, format!("`--go {text}` is no Go: {what}"))
            .hint("name the go command, its GOROOT, or a version such as 1.27.3")
    })
}

/// Fails with [`Kind::Usage`] for a Go that is older than the go line.
fn old_enough(other: &Other, text: &str, now: &Now) -> Result<()> {
    let Some((line, file)) = &now.facts.go_line else {
        return Ok(());
    };
    let version = match other {
        Other::Version(version) => Some(version.clone()),
        Other::Program(program) => version_of(program),
    };
    let Some(version) = version.filter(|it| number(it) < number(line)) else {
        return Ok(());
    };
    let shown = match version.trim_start_matches("go") == text.trim_start_matches("go") {
        true => format!("`--go {text}`"),
        false => format!("`--go {text}` ({version})"),
    };
    let message = format!("{shown} is older than {file} allows, which says go {line}");
    Err(Error::new(Kind::Usage, message).hint("name a newer Go, or lower the go line first"))
}

/// What stands in the VERSION of a distribution.
fn version_of(program: &Path) -> Option<String> {
    let real = program.canonicalize().ok()?;
    let text = input::text(&real.parent()?.parent()?.join("VERSION"), input::TEXT).ok()?;
    let first = text.split_whitespace().next()?;
    first.starts_with("go").then(|| first.to_owned())
}

/// `(1, 26, 3)`; a patch that is none counts as 0, and a candidate as less than that.
fn number(version: &str) -> Option<(u32, u32, i64)> {
    let (major, minor) = minor_of(version)?;
    let bare = version.trim_start_matches("go");
    let rest = bare.split('.').nth(2);
    let patch = rest.and_then(|it| it.parse().ok());
    let candidate = bare.contains("rc") || bare.contains("beta");
    Some((
        major,
        minor,
        patch.unwrap_or(if candidate { -1 } else { 0 }),
    ))
}

/// The words of a path as a value of a flag.
pub fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(format!("-{name}="));
    flag.push(path);
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(number("go1.26.10") > number("1.26.9"));
        assert!(number("go1.27rc1") < number("1.27"));
        assert!(number("1.27") == number("go1.27.0"));
        assert!(number("go1.24.11") < number("1.25"));
    }

    #[test]
    fn modules_have_a_path_and_a_version() {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let good = modules(&texts(&["a.b/c@v1.2.3", "a.b/d@latest"])).unwrap();
        assert_eq!(good[1].path, "a.b/d");
        for bad in ["a.b/c", "@v1", "a.b/c@", "-x@v1", "a@b@c", "a@-x"] {
            let error = modules(&texts(&[bad])).unwrap_err();
            assert!(error.message.contains(bad), "{error}");
        }
        assert!(modules(&texts(&["a.b/c@v1", "a.b/c@v2"])).is_err());
    }
}
